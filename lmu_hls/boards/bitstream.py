"""From a board's folder to its bitstream: synthesis with pads, place and route, packing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmu_hls.boards.project import BoardProject
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Comparison, dump, load
from lmu_hls.records.evidence import digest
from lmu_hls.records.folder import MANIFEST
from lmu_hls.records.placement import CriticalPath, SeedRun, Usage
from lmu_hls.rtl.manifest import Project
from lmu_hls.synth.families import target_of
from lmu_hls.synth.roms import check_roms, data_files
from lmu_hls.synth.route import REPORT, DoesNotFit, pack, route, usage
from lmu_hls.synth.timing import read_scopes, read_timing
from lmu_hls.synth.yosys import NETLIST, SCOPES, netlist
from lmu_hls.toolchain import need

RECORD = "build.json"
PROGRESS = "board: seeds placed and routed"


@dataclass(frozen=True, slots=True)
class Built:
    """A board that was placed and routed, as build.json has it.

    `fmax_mhz` is what the best of `runs` reaches, `clock_mhz` the oscillator. `step_us` and `sequence_us` are the
    cycles by formula at the oscillator's clock. `bitstream` is the file, relative to the board's folder,
    `bitstream_sha256` its hash; both are empty where none was asked for.
    """

    board: str
    target: str
    contract: str
    baud: int
    clock_mhz: float
    fmax_mhz: float
    runs: tuple[SeedRun, ...]
    utilisation: Mapping[str, Usage]
    critical_path: CriticalPath | None
    step_cycles: int
    step_us: float
    sequence_us: float
    bitstream: str
    bitstream_sha256: str
    tools: Mapping[str, str]

    @property
    def met(self) -> bool:
        return self.fmax_mhz >= self.clock_mhz


def synthesise(project: BoardProject) -> Path:
    """The kept folder with the netlist of the whole board, its ports pads. Raises as synth.yosys.netlist."""
    check_roms(project.data_dir)
    target = target_of(project.target)
    return netlist(
        project.sources, project.top, {}, project.folder / "work", target, project.data_dir,
        data_files(project.data_dir, project.sources, {}), pads=True,
    )  # fmt: skip


def build(
    project: BoardProject,
    seeds: int = 1,
    bitstream: bool = True,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Built:
    """Place and route the board with each seed, pack the best, and write build.json into its folder.

    Raises LmuHlsError when a tool is absent or fails, when the design does not fit, and when it is slower than the
    board's oscillator: there is no bitstream then.
    """
    (project.folder / RECORD).unlink(missing_ok=True)
    target = target_of(project.target)
    _, router = target.routable
    tools = {name: need(name).version for name in ("pyosys", router.tool, *([router.packer] if bitstream else []))}
    made = synthesise(project)
    clock, scopes = project.board.clock_mhz, read_scopes(made / SCOPES)
    routed, timings = {}, {}
    for seed in range(1, seeds + 1):
        progress(PROGRESS, seed - 1, seeds)
        log = project.folder / "work" / f"nextpnr-seed{seed}.log"
        try:
            routed[seed] = route(made / NETLIST, target, seed, clock, project.constraints, log)
        except DoesNotFit as error:
            raise LmuHlsError(
                f"{project.facts.network} with its serial line does not fit {project.board.title}: {error}; convert it "
                "with a larger --reuse-factor or fewer bits, or take a larger board"
            ) from error
        timings[seed] = read_timing(routed[seed] / REPORT, scopes, project.top, target.family.costs, "")
    progress(PROGRESS, seeds, seeds)
    best = max(timings, key=lambda seed: timings[seed].fmax_mhz)
    fmax = timings[best].fmax_mhz
    if fmax < clock:
        raise LmuHlsError(
            f"{project.facts.network} reaches {fmax:.1f} of the {clock:g} MHz of {project.board.title}; the slowest "
            f"path is {timings[best].path}. Try more --seeds, or fewer bits"
        )
    path = (
        pack(routed[best], target, project.folder / project.top, project.folder / "work/pack.log")
        if bitstream
        else None
    )
    network = load(project.data_dir / MANIFEST, Project).hardware
    found = Built(
        board=project.board.name,
        target=project.target,
        contract=project.facts.contract,
        baud=project.facts.baud,
        clock_mhz=clock,
        fmax_mhz=round(fmax, 3),
        runs=tuple(SeedRun(seed, round(timing.fmax_mhz, 3)) for seed, timing in timings.items()),
        utilisation=usage(routed[best] / REPORT, router),
        critical_path=timings[best].path,
        step_cycles=network.ii_cycles,
        step_us=round(network.ii_cycles / clock, 3),
        sequence_us=round(network.sequence_cycles / clock, 3),
        bitstream=path.name if path else "",
        bitstream_sha256=digest(path) if path else "",
        tools=tools,
    )
    dump(project.folder / RECORD, found)
    return found


def words(compared: Comparison | None, built: Built | None) -> tuple[str, ...]:
    """What was found, a line each."""
    lines = []
    if compared:
        lines.append(
            f"{compared.name}: {compared.exact} of {compared.samples} sequences equal golden, "
            f"{compared.values_compared} values"
        )
    if built:
        used = ", ".join(f"{name} {use}" for name, use in built.utilisation.items() if use.available)
        lines += [
            f"{built.target}: {built.fmax_mhz:.1f} MHz, the oscillator has {built.clock_mhz:g} MHz; {used}",
            f"{built.step_cycles} cycles a step, {built.step_us:g} us; {built.sequence_us:g} us a sequence",
            *([f"Bitstream: {built.bitstream}, SHA-256 {built.bitstream_sha256[:16]}..."] if built.bitstream else []),
        ]
    return tuple(lines)
