"""The folder of a board: its top and what that needs beside the network's Verilog, pins, and the script of the host."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lmu_hls import naming
from lmu_hls.boards.link import Network as Description
from lmu_hls.boards.link import Stream
from lmu_hls.boards.record import Board
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import jsonfile, load, write_text
from lmu_hls.records.folder import MANIFEST, OutputFolder
from lmu_hls.rendering import SPDX, render
from lmu_hls.resources import hdl_file, hdl_modules, license_text
from lmu_hls.rtl.copies import without_formal
from lmu_hls.rtl.manifest import Project, StreamEntry
from lmu_hls.rtl.renaming import Names
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.spec import store
from lmu_hls.synth.constraints import constraints
from lmu_hls.synth.families import target_of

BAUD = 1_000_000
BUFFER = 256  # bytes of the longest payload
PATIENCE_S = 0.05  # without a byte, after which a packet is over: USB sends in bursts
SLOWEST = 0.03  # of a bit, that a divisor may be wrong by
FACTS = "network.json"
SCRIPT = ("boards/host.py", "boards/link.py", "fixed.py")  # of the host; they need nothing of lmu_hls beside them
_OURS = re.compile(r"^from lmu_hls\.(?:boards\.)?", re.MULTILINE)
_MODULES = ("lmu_uart_rx", "lmu_uart_tx", "lmu_link_rx", "lmu_link_tx", "lmu_fork", "lmu_argmax")


@dataclass(frozen=True, slots=True)
class BoardProject:
    """A written folder. `sources` are all Verilog files of the board, `data_dir` where their ROM files are named from.

    `bench` is the test bench, which drives the pins; `constraints` the text of the constraint file.
    """

    board: Board
    folder: Path
    target: str
    top: str
    sources: tuple[Path, ...]
    data_dir: Path
    bench: Path
    facts: Description
    constraints: str


def divisor(clock_mhz: float, baud: int) -> int:
    """Cycles of a bit. LmuHlsError when the clock has no such rate, within SLOWEST of a bit."""
    cycles = round(clock_mhz * 1e6 / baud) if baud > 0 else 0
    if cycles < 4 or abs(cycles * baud / (clock_mhz * 1e6) - 1) > SLOWEST:
        raise LmuHlsError(
            f"{baud} baud cannot be made of {clock_mhz:g} MHz; use 115200, or {clock_mhz * 1e6:g} divided by 4 or more"
        )
    return cycles


def write_board(outdir: Path, board: Board, baud: int = BAUD, device: str = "") -> BoardProject:
    """Write OUTDIR/boards/NAME for the network in the output folder; what is there is replaced.

    ``device`` is one of the board's ``variants``. Raises LmuHlsError for a folder without a network, a device that the
    board does not have, and a rate that its oscillator cannot make.
    """
    output = OutputFolder(outdir).require()
    target = device or board.target
    if target not in (board.target, *board.variants):
        raise LmuHlsError(f"{board.title} has no {target}; it has {', '.join((board.target, *board.variants))}")
    project = load(output.verilog / MANIFEST, Project)
    network = store.load(output.spec)
    if network.stateful:
        raise LmuHlsError(
            "a board's serial line has no reset of the state, so that no run of the host would begin at zero; convert "
            "the model with stateful=False"
        )
    contract = store.digest(network)
    cycles = divisor(board.clock_mhz, baud)
    names = Names(project.top.removesuffix("_top"))
    facts = _facts(project, board, contract, baud, 0 if network.any_length else project.steps)
    top = f"{names.prefix}_{board.name}"
    folder = output.board(board.name)
    texts = _sources(project, names, output.verilog)
    texts[f"rtl/{top}.v"] = _top(top, project, board, names, facts, cycles)
    texts[f"tb/{top}_tb.v"] = render("boards", "board_tb.v", top=top, board=board)
    router = target_of(target).routable[1]
    pins = constraints(router.constraints, "clk", board.clock_mhz, board.pins, board.standard)
    texts[f"{board.name}.{router.constraints}"] = pins
    texts[FACTS] = jsonfile.encode(facts)
    package = files("lmu_hls")
    for name in SCRIPT:
        text = _OURS.sub("from ", (package / name).read_text(encoding="utf-8"))
        texts[Path(name).name] = f"# {SPDX}\n{text}"
    bitstream = f"{top}.{router.bitstream}"
    texts["README.md"] = render(
        "boards",
        "board_readme.md",
        board=board,
        facts=facts,
        top=top,
        target=target,
        bitstream=bitstream,
        pins=board.pins,
    )
    texts["LICENSE"] = license_text()
    for name, text in texts.items():
        write_text(folder / name, text)
    sources = sorted(path for path in texts if path.startswith("rtl/"))
    return BoardProject(
        board,
        folder,
        target,
        top,
        (*(folder / name for name in sources), *_network_sources(project, output.verilog)),
        output.verilog,
        folder / f"tb/{top}_tb.v",
        facts,
        pins,
    )


def _network_sources(project: Project, verilog: Path) -> Sequence[Path]:
    return [naming.contained(verilog, name, MANIFEST) for name in project.files if name.startswith("rtl/")]


def _sources(project: Project, names: Names, verilog: Path) -> dict[str, str]:
    """The modules of the library that the board needs and the network has not."""
    library = hdl_modules()
    tops = _MODULES if len(project.inputs) == 1 else (*_MODULES, "lmu_fifo")
    needed = (name for name in with_submodules(tops) if f"rtl/{names.module(name)}.v" not in project.files)
    return {
        f"rtl/{names.module(name)}.v": names.source(without_formal(hdl_file(name).read_text(encoding="utf-8")), library)
        for name in needed
    }


def _facts(project: Project, board: Board, contract: str, baud: int, steps: int) -> Description:
    return Description(
        network=project.network,
        board=board.name,
        contract=contract,
        baud=baud,
        buffer=BUFFER,
        steps=steps,
        input_bytes=max(stream.bus_bits for stream in project.inputs) // 8,
        output_bytes=max(stream.bus_bits for stream in project.outputs) // 8,
        inputs=tuple(map(_stream, project.inputs)),
        outputs=tuple(map(_stream, project.outputs)),
    )


def _stream(stream: StreamEntry) -> Stream:
    if stream.together != 1:
        raise LmuHlsError(
            f"the stream {stream.port} has {stream.together} values a beat, and boards take one; convert the model "
            "with ValuesPerBeat: 1"
        )
    return Stream(stream.name, stream.values, str(stream.type), stream.every_step)


def _top(top: str, project: Project, board: Board, names: Names, facts: Description, cycles: int) -> str:
    if project.axi_lite:
        raise LmuHlsError("a board has no master for the registers; convert without AXI-Lite")
    shown = project.outputs[0]  # by the LEDs
    return render(
        "boards",
        "board_top.v",
        top=top,
        project=project,
        board=board,
        module=names.module,
        divisor=cycles,
        patience=round(PATIENCE_S * board.clock_mhz * 1e6),
        buffer=BUFFER,
        x_bits=8 * facts.input_bytes,
        y_bits=8 * facts.output_bytes,
        shown=shown,
        contract=facts.contract,
        has_roms=bool(project.words),
        led_bits=len(board.leds) - 1,
        place_bits=max(1, (shown.values - 1).bit_length()) if shown.values > 1 else shown.bus_bits,
    )
