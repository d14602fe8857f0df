"""The simulated board against golden: every integer, through the pins of the serial line and the script of the host."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lmu_hls import golden
from lmu_hls.boards.bitstream import synthesise
from lmu_hls.boards.host import predict_all
from lmu_hls.boards.link import Host, HostError
from lmu_hls.boards.link import Network as Description
from lmu_hls.boards.project import FACTS, BoardProject
from lmu_hls.boards.simulation import simulated, simulated_netlist
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.records import Comparison, write_bytes
from lmu_hls.spec import Network
from lmu_hls.spec.lengths import held
from lmu_hls.synth.families import target_of
from lmu_hls.synth.gates import Gates, gates, modelled
from lmu_hls.verify.compare import compare_tensors
from lmu_hls.verify.interface import counted_steps, end_key

GOLDEN = "golden.npz"
PROGRESS = "board: sequences simulated"


def write_golden(project: BoardProject, network: Network, x: Mapping[str, Ints], lengths: Ints | None = None) -> Path:
    """golden.npz in the board's folder, for `host.py --golden`: the integers of each input (N, steps, n_in), and those
    that come; x and y, or of several inputs or outputs by their names."""
    came = golden.run_samples(network, x, every_step=False, lengths=lengths).outputs
    arrays = dict(zip(["x"] if len(x) == 1 else x, x.values(), strict=True))
    arrays |= dict(zip(["y"] if len(came) == 1 else came, came.values(), strict=True))
    arrays |= {} if lengths is None else {"lengths": lengths}
    text = io.BytesIO()
    np.savez_compressed(text, **arrays)  # type: ignore[arg-type] # its stubs take one for allow_pickle
    write_bytes(project.folder / GOLDEN, text.getvalue())
    return project.folder / GOLDEN


def board_gates(project: BoardProject) -> Gates:
    """What synthesis makes of the board, as Verilog, in its folder work. Raises LmuHlsError as synth.gates.gates."""
    target = target_of(project.target)
    modelled(target)  # before any work is done
    return gates(synthesise(project), target, project.folder / "work")


def check(
    project: BoardProject,
    network: Network,
    x: Mapping[str, Ints],
    netlist: bool = False,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    lengths: Ints | None = None,
) -> Comparison:
    """Send the integers x (N, steps, n_in) of each input through the simulated board; with ``netlist``, that which
    synthesis made.

    Of each sequence the first ``lengths`` (N,) steps are sent.

    Raises LmuHlsError when a tool is absent or fails, and when the board does not answer as the protocol says.
    """
    running = simulated_netlist(project, board_gates(project)) if netlist else simulated(project)
    name = f"{'netlist' if netlist else 'Verilog'} of {project.board.title} icarus"
    with running as line:
        try:
            host = Host(line, Description.read(project.folder / FACTS))
            host.identify()
            each = [x[stream.name] for stream in host.network.inputs]
            found = predict_all(host, each, lambda number, _: progress(PROGRESS, number, len(each[0])), lengths)
        except HostError as error:
            raise LmuHlsError(f"the simulated {project.board.title} failed: {error}") from error
    progress(PROGRESS, len(each[0]), len(each[0]))
    right = golden.run_samples(network, x, every_step=False, lengths=lengths).outputs
    names = {output: end_key("output", output, len(right)) for output in right}
    actual = {
        names[stream.name]: _as_many(values, right[stream.name])
        for stream, values in zip(host.network.outputs, found, strict=True)
    }
    expected, counted = {names[k]: values for k, values in right.items()}, counted_steps(network, lengths)
    return compare_tensors(name, "rtl_sim", expected, actual, counted)


def _as_many(values: Ints, expected: Ints) -> Ints:
    """The values with as many steps as expected, where no sequence was so long: the last one of each stands again."""
    if expected.ndim < 3 or values.shape[1] >= expected.shape[1]:
        return values
    return held(values, np.full(len(values), values.shape[1]), expected.shape[1])
