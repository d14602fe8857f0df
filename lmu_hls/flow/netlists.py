"""What synthesis makes of the whole network, simulated and its output compared with golden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from lmu_hls import golden
from lmu_hls.backend.design import Design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.records import Comparison
from lmu_hls.records.folder import OutputFolder
from lmu_hls.synth.families import target_of
from lmu_hls.synth.gates import gates, modelled
from lmu_hls.synth.roms import check_roms, data_files
from lmu_hls.synth.yosys import netlist
from lmu_hls.toolchain import need, simulator_env
from lmu_hls.verify import bench, verilated
from lmu_hls.verify.compare import compare_tensors
from lmu_hls.verify.interface import counted_steps
from lmu_hls.verify.rtlsim import SOURCE

SEQUENCES = 2  # that a netlist is simulated with
SIMULATOR = "icarus"  # unless another is asked for
# {simulator: what it takes}. Icarus sees unknown bits; Verilator, which knows none, is for large networks
TOOLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"icarus": ("icarus", "cocotb", "pyosys"), "verilator": ("verilator", "g++", "pyosys")}
)


def title(target: str) -> str:
    """What the check of a target's netlist is called."""
    return f"netlist {target}"


def check_netlists(targets: Sequence[str], simulator: str = SIMULATOR) -> None:
    """Raises LmuHlsError where a target is unknown or has no models, or a tool is absent or no simulator."""
    for target in targets:
        modelled(target_of(target))
        if simulator not in TOOLS:
            raise LmuHlsError(f"a netlist is not simulated with {simulator!r}; take {' or '.join(TOOLS)}")
        simulator_env(simulator)
        need("pyosys")


def compare_netlist(
    folder: OutputFolder,
    design: Design,
    x: Mapping[str, Ints],
    target: str,
    simulator: str = SIMULATOR,
    lengths: Ints | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Synthesise the network for a target, send x (N, T, n_in) of each input, by name, through its netlist, and compare
    every output with golden; of each sequence the first ``lengths`` (N,) steps. ``progress`` is told the number of
    sequences that went in.

    Raises LmuHlsError when a tool fails, for a primitive without a model, and when the netlist gets stuck or gives
    unknown bits.
    """
    work, sources = folder.work("netlist") / target, design.sources(folder.verilog)
    check_roms(folder.verilog)
    data = data_files(folder.verilog, sources, {})
    made = netlist(sources, design.plan.top, {}, work, target_of(target), folder.verilog, data)
    interface = replace(design.interface, probes=())  # inner wires have gone
    files = gates(made, target_of(target), work).files
    compiled: bench.Bench | verilated.Accelerator
    if simulator == "verilator":
        compiled = verilated.build(files, interface, folder.verilog, work)
    else:
        compiled = bench.build(simulator, files, interface, folder.verilog, work)
    outputs = golden.run_samples(design.network, x, lengths=lengths).outputs
    expected = {interface.key(port): outputs[port.name] for port in interface.outputs}
    found = compiled.run(x, lengths=lengths, progress=progress).tensors
    return compare_tensors(title(target), SOURCE, expected, found, counted_steps(design.network, lengths))
