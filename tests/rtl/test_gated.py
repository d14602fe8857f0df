"""One engine for all parts of a layer with an LSTM or GRU cell: every bit and flag, its cycles, its program."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.rtl.cells import cell_sizes
from lmu_hls.rtl.engine import ENGINE, Head
from lmu_hls.rtl.engines import engine_sizes
from lmu_hls.rtl.gated import GATE, GatedSizes, Section, with_waits
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import choose_lanes, multipliers, settle
from lmu_hls.spec import LMU, Network, Recurrent, RecurrentLayer, chain
from tests.rtl.test_engine import needs_icarus, random_layer
from tests.rtl.test_heads import case_of, on_one_engine, with_head
from tests.support import random_rtl
from tests.support.mutants import change
from tests.support.networks import random_cell, random_lmu, random_type
from tests.support.random_rtl import (
    Case,
    SimulationError,
    check_icarus,
    compile_icarus,
    expected_tensors,
    measured_latency,
    random_spec_input,
)

KINDS = ("lstm", "gru", "gru before")


def gated_layer(rng: np.random.Generator, kind: str) -> LMU:
    """A layer with any of the connections and a cell of that kind."""
    layer = random_layer(rng)
    n_mem = layer.memory_d * layer.order
    cell = random_cell(rng, kind, n_mem, layer.n_in, layer.units, layer.h, bool(rng.integers(2)))
    return replace(layer, hidden=cell if rng.integers(3) else replace(cell, kernel_x=None))


def alone(rng: np.random.Generator, kind: str) -> Recurrent:
    """A cell over the sequence itself."""
    n_in, units = (int(rng.integers(1, 7)) for _ in range(2))
    x, h = random_type(rng), random_type(rng)
    cell = replace(random_cell(rng, kind, n_in, n_in, units, h, bool(rng.integers(2))), kernel_x=None)
    return Recurrent("lmu", 3, x, cell, h, return_sequences=True, reuse_factor=1)


def gated_sizes(layer: RecurrentLayer) -> GatedSizes:
    sizes = engine_sizes(layer)
    assert isinstance(sizes, GatedSizes)
    return sizes


def network_of(layer: RecurrentLayer) -> Network:
    return chain("net", layer.x, layer.steps, layer.n_in, [layer])


def gated_case(layer: RecurrentLayer, lanes: int, monkeypatch: pytest.MonkeyPatch, streaming: bool = False) -> Case:
    """The layer on an engine of ``lanes``, whether or not the planner would choose it; with 0 on its parts."""
    sizes = cell_sizes(layer)
    assert sizes is not None
    apart = dict.fromkeys(("encoder", "memory", *sizes.matrices), 1)
    monkeypatch.setattr("lmu_hls.rtl.network.choose_lanes", lambda *_: {ENGINE: lanes} if lanes else apart)
    network = network_of(layer)
    x = random_spec_input(network, 3, 1)
    return Case(network, RtlOptions(streaming=streaming), x, expected_tensors(network, x, streaming))


@needs_icarus
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_bits_and_cycles(seed: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    layer = gated_layer(rng, kind) if seed % 3 else alone(rng, kind)
    widest = max(gated_sizes(layer).choices)
    case = gated_case(layer, 1 + seed % widest, monkeypatch, streaming=seed % 4 == 3)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@needs_icarus
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_latency(kind: str, lanes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = gated_case(full_layer(kind), lanes, monkeypatch)
    assert measured_latency(case, tmp_path) == case.plan.cycles.latency


def full_layer(kind: str, seed: int = 2) -> LMU:
    """All connections, feedback of mem and h."""
    rng = np.random.default_rng(seed)
    layer = random_lmu(rng, steps=3, n_in=2, memory_d=2, order=3, units=4)
    return replace(layer, hidden=random_cell(rng, kind, 6, 2, 4, layer.h))


MONITOR = """module monitor;
    always @(negedge {bench}.clk) if (!{bench}.rst && {top}_tvalid && {top}_tready)
        $display("FLAG %h %b", {top}_tdata, {bench}.dut.unused_lmu_h_clipped);
endmodule
"""


def flags(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each h with its flag, in the order in which they come."""
    case.write(folder)
    with monkeypatch.context() as patch:
        top = "{bench}.dut.tap_lmu_h"
        patch.setattr(random_rtl, "_monitor", lambda _, bench: MONITOR.format(bench=bench, top=top.format(bench=bench)))
        compile_icarus(case.plan, folder)
    out = subprocess.run(["vvp", "-n", "build/sim.vvp"], cwd=folder, capture_output=True, text=True, check=True)
    return [line for line in out.stdout.splitlines() if line.startswith("FLAG")]


@needs_icarus
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_flags_are_those_of_the_parts(kind: str, lanes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An h is flagged when a value of its unit that leads to it was clipped."""
    layer = full_layer(kind, 6)
    found = flags(gated_case(layer, lanes, monkeypatch), tmp_path / "engine", monkeypatch)
    assert found == flags(gated_case(layer, 0, monkeypatch), tmp_path / "parts", monkeypatch)
    assert {line[-1] for line in found} == {"0", "1"}


def test_the_planner_takes_it_where_few_multipliers_are_wanted() -> None:
    """Side by side its layer needs five multipliers at least: of encoder, memory and cell, and two for products."""
    layer = full_layer("lstm")
    slowest = gated_sizes(layer).cycles
    assert choose_lanes(layer, slowest) == {ENGINE: 1}
    settled = settle(network_of(replace(layer, reuse_factor=slowest)), slowest)
    assert (settled.cycles, settled.multipliers) == (slowest, 1)
    fastest = settle(network_of(replace(layer, reuse_factor=1)), 1)
    assert ENGINE not in choose_lanes(fastest.network.layers[0], fastest.cycles) and fastest.multipliers > 5
    assert multipliers(replace(layer, reuse_factor=slowest)) == 1


@needs_icarus
@pytest.mark.parametrize("seed", range(6))
def test_a_head_behind_it(seed: int, tmp_path: Path) -> None:
    """Every third in streaming mode, half of the others with a head of the last step alone."""
    rng, streaming = np.random.default_rng(seed), seed % 3 == 2
    network = with_head(rng, gated_layer(rng, KINDS[seed % 3]), seed % 2 == 0)
    network, head = on_one_engine(network, 1 + seed // 2, streaming)
    case = case_of(network, streaming)
    assert (case.plan.multipliers, case.plan.cycles.ii) == (head.sizes.lanes, head.sizes.cycles)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


FAULTS = {
    "a value read too early": ("busy_q && !waits_q;", "busy_q;"),
    "values of the step before in a first step": ("old1 && fresh1_q", "1'b0"),
    "rows of one unit for all": ("counts1 ? row1_q", "1'b0 ? row1_q"),
    "a gate's complement without its shift": (".SHIFT(SHIFT3)", ".SHIFT(SHIFT3 + 1)"),
    "a gate for all lanes": ("here ? lifted", "1'b1 ? lifted"),
    "sums run on": (".first(first_stages_q[5])", ".first(1'b0)"),
    "a bias not multiplied": ("ones_q[4] ?", "1'b0 ?"),
    "the half of the step before": ("half1_q ^ old1;", "half1_q;"),
    "the same coefficients for all rows": ("row_end && same_q ?", "row_end ?"),
    "candidates without their function": ("of_cand ? {", "1'b0 ? {"),
}


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = gated_case(full_layer("gru"), 2, monkeypatch)
    case.write(tmp_path)
    change(tmp_path / "rtl/net_lmu_engine_gated.v", *FAULTS[fault])
    with pytest.raises((AssertionError, SimulationError)):
        check_icarus(case, tmp_path)


def early(sizes: GatedSizes, sections: list[Section]) -> bool:
    """Whether a value is read before it is there, or a group ends too early, column by column over three steps, the
    last one of a sequence."""
    there: dict[tuple[str, int, int], int] = {}
    cycle, free = 0, 0
    for step in range(3):
        place, gate = sizes.n_x, 0
        for section in sections:
            if section is sections[-1] and sizes.head is not None and sizes.head.last_only and step < 2:
                continue
            if section.cycles < 2:
                return True
            cycle += section.wait
            for first in range(0, section.rows, section.together):
                for column in section.columns:
                    row = first * column.counts
                    if row + column.lane < section.rows or not column.counts:
                        when = step - column.old
                        read = [("gate", column.gate + row, step)] if column.factor else []
                        if column.place is not None and column.place >= sizes.n_x and when >= 0:
                            read.append(("value", column.place + row, when))
                        if any(there[each] > cycle for each in read):
                            return True
                    cycle += 1
                rows = min(section.together, section.rows - first)
                if cycle - 1 < free:
                    return True
                free = cycle - 1 + rows
                for lane in range(rows):
                    value = ("gate", gate, step) if section.kind == GATE else ("value", place, step)
                    there[value] = cycle - 1 + sizes.delay + lane
                    gate, place = gate + (section.kind == GATE), place + (section.kind != GATE)
    return False


def test_waits_are_as_short_as_they_can_be() -> None:
    """One cycle less, and a value is read too early."""
    rng, waited = np.random.default_rng(0), 0
    for k in range(45):
        kind = KINDS[k % 3]
        sizes = gated_sizes(gated_layer(rng, kind) if k % 2 else alone(rng, kind))
        if k % 4:
            sizes = replace(sizes, head=Head(int(rng.integers(1, 7)), bool(rng.integers(2)), last_only=k % 4 == 2))
        sizes = sizes.with_lanes(int(rng.integers(1, max(sizes.choices) + 1)))
        sections = list(sizes.sections)
        assert sections == with_waits(sizes, sections) and not early(sizes, sections)
        for number, section in enumerate(sections):
            if section.wait:
                waited += 1
                less = [replace(each, wait=each.wait - (each is section)) for each in sections]
                assert early(sizes, less), (sizes, number)
    assert waited > 20
