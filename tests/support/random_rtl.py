"""Seeded whole networks as Verilog projects, simulated and compared with golden on every integer.

Icarus runs the project's own test bench, with a second top module beside it that writes down every beat of u, mem, h
and the output. Verilator runs the compiled program of :mod:`lmu_hls.verify.verilated`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls import golden, toolchain
from lmu_hls.backend.design import Design
from lmu_hls.fixed import Ints
from lmu_hls.rtl.ends import AUTO
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.reuse import settle, valid_reuse_factors
from lmu_hls.rtl.standalone import Vectors, write_project
from lmu_hls.spec import Dense, HiddenCell, Network, RecurrentLayer, Weight, streaming
from lmu_hls.verify import bench, verilated
from lmu_hls.verify.rtlsim import Formulas, simulate
from tests.support.random_networks import random_spec_input, random_spec_network

OUTPUT = ("", "output")
CYCLES = 6000  # of the whole run, which reuse factors are drawn for
FILLING = 12  # times the sequences after which no queue fills any more
TAIL = 2000  # characters of a simulator's text that a failure quotes

Tensors = Mapping[tuple[str, str], Ints]  # (layer, tensor) -> (steps or sequences, values)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A network with its input (sequences, steps, n_in) and what golden makes of it, tensor by tensor."""

    network: Network
    options: RtlOptions
    x: Ints
    expected: Tensors

    @property
    def plan(self) -> NetworkPlan:
        return plan_network(self.network, self.options)

    def write(self, folder: Path) -> None:
        """Write the project with the input and the expected output as its vectors."""
        output = self.expected[OUTPUT].reshape(len(self.x), -1, self.expected[OUTPUT].shape[-1])
        write_project(self.plan, folder, Vectors(self.x, output))


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Every tensor of a simulation, and the cycles between the ends of the last two sequences, at the output."""

    tensors: Tensors
    sequence_cycles: int


def random_case(seed: int, max_states: int = 96, cycles: int = CYCLES) -> Case:
    """Every fourth seed is in streaming mode; others have registers, or sequences of any length.

    Layers have random valid reuse factors, none of them so large that the layer alone would take more than ``cycles``
    for all steps, where that is possible.
    """
    network = random_spec_network(seed, max_states)
    options = RtlOptions(streaming=seed % 4 == 3, check_steps=seed % 3 != 1, axi_lite=seed % 7 == 0)
    return make_case(network, options, np.random.default_rng(seed), cycles)


def wide_case(seed: int, max_states: int = 40) -> Case:
    """A network of which few cycles a step are asked, with several values in a beat of its streams."""
    rng, is_streaming = np.random.default_rng(seed), seed % 4 == 3
    network, request = random_spec_network(seed, max_states), int(rng.choice([1, 2, 3, 5, 8, 13]))
    asking = [layer for layer in network.layers if isinstance(layer, RecurrentLayer | Dense)]
    network = network.map_layers({layer.name: replace(layer, reuse_factor=request) for layer in asking})
    options = RtlOptions(
        is_streaming, seed % 3 != 1, seed % 7 == 0, values_per_beat=int(rng.choice([AUTO, AUTO, 2, 4]))
    )
    settled = settle(options.apply(network), request, is_streaming, options.ports)
    x = random_spec_input(settled.network, max(3, -(-8 // network.steps)), seed)
    case = Case(settled.network, options, x, expected_tensors(settled.network, x, is_streaming))
    assert (case.plan.cycles.ii, case.plan.multipliers) == (settled.cycles, settled.multipliers)
    return case


def stateful_case(seed: int) -> Case:
    """A stateful network, whose chunks have another number of steps than it was made for where no layer minds."""
    network, rng = replace(random_spec_network(seed), stateful=True), np.random.default_rng(seed)
    chunked = network if any(layer.over for layer in network.layers) else network.with_steps(int(rng.integers(1, 9)))
    case = make_case(chunked, RtlOptions(), rng)
    return replace(case, network=case.network.with_steps(network.steps))


def sparse_case(seed: int) -> Case:
    """A network most of whose coefficients are zero, and one of whose matrices is often all zeros; every matrix is
    worked on in blocks. Every fourth seed is in streaming mode."""
    network, rng = random_spec_network(seed), np.random.default_rng(seed)
    layers = {layer.name: _sparse(rng, layer) for layer in network.layers if isinstance(layer, RecurrentLayer | Dense)}
    network = network.map_layers({layer.name: layers.get(layer.name, layer) for layer in network.layers})
    return make_case(network, RtlOptions(streaming=seed % 4 == 3), rng)


def _sparse(rng: np.random.Generator, layer: Any) -> Any:
    """The layer, or cell, with zeros in place of most coefficients of its matrices."""
    changed: dict[str, Any] = {"compression": True} if hasattr(layer, "compression") else {}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if isinstance(value, Weight) and value.values.ndim == 2:
            kept = rng.random(value.values.shape) < rng.choice([0.0, 0.1, 0.4])
            changed[field.name] = replace(value, values=value.values * kept)
        elif isinstance(value, HiddenCell):
            changed[field.name] = _sparse(rng, value)
    return replace(layer, **changed)


def make_case(network: Network, options: RtlOptions, rng: np.random.Generator, cycles: int = CYCLES) -> Case:
    """At least three sequences, so that the last one comes at the pace of a busy network."""
    sequences = max(3, -(-8 // network.steps))
    network = with_reuse_factors(rng, network, max(1, cycles // (sequences * network.steps)))
    x = random_spec_input(network, sequences, int(rng.integers(1 << 30)))
    return Case(network, options, x, expected_tensors(network, x, options.streaming))


def with_reuse_factors(rng: np.random.Generator, network: Network, largest: int) -> Network:
    """Every layer with a random valid reuse factor up to ``largest``, or its smallest one."""
    layers = []
    for layer in network.layers:
        if isinstance(layer, RecurrentLayer | Dense):
            valid = valid_reuse_factors(layer)
            allowed = [factor for factor in valid if factor <= largest] or valid[:1]
            layer = replace(layer, reuse_factor=int(rng.choice(allowed)))
        layers.append(layer)
    return network.map_layers({layer.name: layer for layer in layers})


def expected_tensors(network: Network, x: Ints, endless: bool) -> Tensors:
    """What golden gives; ``endless``: the sequences are parts of one that never ends."""
    if endless:
        network = streaming(network)
        trace = golden.run(network, x.reshape(1, -1, network.n_in), states=golden.zero_states(network, 1))
    else:
        trace = golden.run_samples(network, x)
    tensors = {(layer, name): trace[layer].tensors[name] for layer, name in network.observed}
    tensors[OUTPUT] = trace.output
    return {key: values.reshape(-1, values.shape[-1]) for key, values in tensors.items()}


def assert_equal(expected: Tensors, actual: Tensors) -> None:
    """Every integer of every tensor, in the order in which the network computes them."""
    assert set(expected) == set(actual)
    for key, values in expected.items():
        assert actual[key].shape == values.shape, f"{'.'.join(key)}: {actual[key].shape}, expected {values.shape}"
        wrong = np.argwhere(actual[key] != values)
        where = [(tuple(map(int, at)), int(values[tuple(at)]), int(actual[key][tuple(at)])) for at in wrong[:3]]
        assert not len(wrong), f"{'.'.join(key)}: {len(wrong)} values differ; (place), expected, actual: {where}"


def assert_cycles(case: Case, measured: int) -> None:
    """Cycles from the end of one sequence to that of the next, back to back: those of the formulas."""
    assert measured == case.plan.cycles.sequence, f"{measured} cycles, not {case.plan.cycles.sequence}"


class SimulationError(Exception):
    """The simulator ended with an error; the text is what it printed."""


def compile_icarus(plan: NetworkPlan, folder: Path) -> None:
    """Compile the project in ``folder`` as its Makefile does, with the module that writes the beats down."""
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build/monitor.v").write_text(_monitor(plan, _bench(folder)))
    sources = sorted(str(path.relative_to(folder)) for path in (folder / "rtl").glob("*.v"))
    tops = ["-s", _bench(folder), "-s", "monitor"]
    out = ["-o", "build/sim.vvp"]
    _execute(
        ["iverilog", "-g2009", "-Wall", *tops, *out, *sources, f"tb/{_bench(folder)}.v", "build/monitor.v"], folder
    )


def run_icarus(case: Case, folder: Path, *arguments: str) -> Simulated:
    """Run what :func:`compile_icarus` made; SimulationError when it fails, as with a wrong output beat."""
    text = _execute(["vvp", "-n", "build/sim.vvp", *arguments], folder)
    assert "PASS" in text
    plan = case.plan
    beats: list[list[str]] = [[] for _ in range(len(plan.net.taps) + 1)]
    ends = []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "END":
            ends.append(int(rest))
        elif kind.startswith("T") and kind[1:].isdigit():
            beats[int(kind[1:])].append(rest)
    tensors = {}
    for tap, words in zip(plan.net.taps, beats, strict=False):
        values = _signed(words, tap.type.width, tap.together, tap.count)
        if tap.order is not None:
            values[:, list(tap.order)] = values.copy()
        tensors[tap.layer, tap.tensor] = values
    (end,) = plan.outputs
    tensors[OUTPUT] = _signed(beats[-1], end.slot, end.together, end.count)
    return Simulated(tensors, ends[-1] - ends[-2])


def _signed(words: list[str], width: int, together: int, count: int) -> Ints:
    """Hexadecimal words, ``together`` values in each, as steps of ``count`` signed integers; ValueError for an unknown
    bit."""
    numbers, mask = [int(word, 16) for word in words], (1 << width) - 1
    values = [number >> width * k & mask for number in numbers for k in range(together)]
    signed = [value - (value >> (width - 1) << width) for value in values]
    return np.array(signed, np.int64).reshape(-1, -(-count // together) * together)[:, :count]


def _bench(folder: Path) -> str:
    (bench,) = (folder / "tb").glob("*.v")
    return bench.stem


def _monitor(plan: NetworkPlan, bench: str) -> str:
    """A top module that looks into the bench while the clock is low, before the edge at which beats are taken."""
    lines = []
    for number, tap in enumerate(plan.net.taps):
        wires = f"{bench}.dut.{tap.wires}"
        lines.append(f'if ({wires}_tvalid && {wires}_tready) $display("T{number} %h", {wires}_tdata);')
    lines.append(f'if ({bench}.receiving) $display("T{len(plan.net.taps)} %h", {bench}.m_data);')
    lines.append(f'if ({bench}.receiving && {bench}.m_last) $display("END %0d", {bench}.cycle);')
    body = "\n            ".join(lines)
    return (
        f"module monitor;\n    always @(negedge {bench}.clk) begin\n        if (!{bench}.rst) begin\n"
        f"            {body}\n        end\n    end\nendmodule\n"
    )


def _execute(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise SimulationError(f"{command[0]}: {(done.stdout + done.stderr)[-TAIL:]}")
    return done.stdout


def flip_bit(case: Case, folder: Path, rom: str) -> None:
    """A fault: the highest bit of the first word of a ROM file."""
    of = case.plan.net.roms[f"rom/{rom}.hex"]
    file = folder / case.plan.names.rom(of)
    first, *others = file.read_text().splitlines()
    first = f"{int(first, 16) ^ 1 << (of.width - 1):0{len(first)}x}"
    file.write_text("\n".join([first, *others]) + "\n")


def has_icarus() -> bool:
    return toolchain.find("icarus").found


def check_icarus(case: Case, folder: Path) -> None:
    """The written project in Icarus, at full speed and with pauses: every tensor, and the cycles of the formulas."""
    plan = case.plan
    compile_icarus(plan, folder)
    fast = run_icarus(case, folder)
    assert_equal(case.expected, fast.tensors)
    assert_equal(case.expected, run_icarus(case, folder, "+stall").tensors)
    measured = fast.sequence_cycles
    if measured < plan.cycles.sequence and not case.options.streaming:  # a queue in front of the slowest layer fills
        x = np.concatenate([case.x] * FILLING)
        case = replace(case, x=x, expected=expected_tensors(case.network, x, endless=False))
        case.write(folder)
        compile_icarus(plan, folder)
        filled = run_icarus(case, folder)
        assert_equal(case.expected, filled.tensors)
        measured = filled.sequence_cycles
    assert_cycles(case, measured)


def measured_latency(case: Case, folder: Path) -> int:
    """Cycles from a step's last input beat to its last output beat in an idle network in Icarus, every bit compared."""
    design, network = Design(case.plan), case.network
    case.write(folder / "verilog")
    compiled = bench.build(
        "icarus", design.sources(folder / "verilog"), design.interface, folder / "verilog", folder / "work", False
    )
    trace, cycles = golden.run_samples(network, case.x), case.plan.cycles
    expected = {(layer, name): trace[layer].tensors[name] for layer, name in network.observed}
    expected[OUTPUT] = trace.output
    widths = {key: values.shape[-1] for key, values in expected.items()} | {("", "x"): network.n_in}
    formulas, names = Formulas(cycles.ii, cycles.latency), ("net", "icarus")
    comparison, timing, _ = simulate(compiled, case.x, expected, formulas, names, lambda done: None, widths)
    assert comparison.exact == comparison.samples
    assert timing.latency_measured is not None
    return timing.latency_measured.value


def build_verilator(case: Case, folder: Path, workdir: Path) -> verilated.Accelerator:
    """Compile the written project."""
    made = Design(case.plan)
    return verilated.build(made.sources(folder), made.interface, folder, workdir)


def run_verilator(made: verilated.Accelerator, case: Case, pauses: float = 0.0, seed: int = 0) -> verilated.Run:
    """One run of the case's input."""
    return made.run(case.x, trace=True, gap=pauses, stall=pauses, seed=seed)


def verilator_tensors(run: verilated.Run) -> Tensors:
    assert not run.wrong_framing, "framing errors are reported in rightly framed sequences"
    return {key: values.reshape(-1, values.shape[-1]) for key, values in run.tensors.items()}


def check_verilator(case: Case, folder: Path, workdir: Path) -> None:
    """The written project in Verilator, at full speed and with pauses: every tensor, and the cycles of the formulas."""
    made = build_verilator(case, folder, workdir)
    fast = run_verilator(made, case)
    assert_equal(case.expected, verilator_tensors(fast))
    assert_equal(case.expected, verilator_tensors(run_verilator(made, case, pauses=0.4, seed=1)))
    ends = fast.finished
    assert_cycles(case, int(ends[-1] - ends[-2]))
    cycles = case.plan.cycles
    slowest = max(cycles.latency, *(layer.ii_cycles for layer in case.plan.layers))
    assert made.run(case.x, pause=4 * slowest).latency_cycles == cycles.latency
