"""Pooling in the Verilog: golden's integers in the cycles of the formulas."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import multipliers
from lmu_hls.spec import Dense, Pool, Select, Weight, Window, chain
from tests.support.mutants import change
from tests.support.networks import random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import (
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    has_icarus,
    make_case,
    run_icarus,
)

needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
STEPS = 6
ALL, PAIRS = Window(STEPS, 1, size=STEPS, vector=True), Window(STEPS, 3, stride=2, size=2)
OVER, SAME = Window(STEPS, 3, stride=1, size=4), Window(STEPS, 3, -1, stride=2, size=3, repeat=True)
EDGES, LATE = Window(STEPS, STEPS, -1, size=4), Window(STEPS, 2, stride=4, size=3)  # averages of fewer steps


def network(window, average, seed=8):
    """Behind a sequence of pooled steps comes a Dense layer, and the last step alone."""
    rng = np.random.default_rng(seed)
    drawn = random_spec_network(seed, 12).with_steps(STEPS)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    out = FixedType(9, 4) if average else lmu.h
    factors = Weight(np.array([90, 64, 43][-1 - int(window.missing.max()) :]), FixedType(8, 1))
    pool = Pool("pool", lmu.h, window, factors if average else None, out)
    head = Dense("head", out, random_weight(rng, lmu.units, 3), None, FixedType(10, 5))
    last = [] if window.vector else [Select("last", head.out, Window(window.count, 1, window.count - 1, vector=True))]
    return chain("net", drawn.x, STEPS, drawn.n_in, [lmu, pool, head, *last])


def case(window, average):
    return make_case(network(window, average), RtlOptions(check_steps=average), np.random.default_rng(0), 2000)


@needs_icarus
@pytest.mark.parametrize(
    "window, average",
    [(ALL, True), (ALL, False), (PAIRS, True), (OVER, True), (SAME, False), (EDGES, True), (LATE, True)],
)
def test_bits_and_cycles(window, average, tmp_path):
    made = case(window, average)
    made.write(tmp_path)
    check_icarus(made, tmp_path)
    assert multipliers(made.network.layers[1]) == int(average)


@needs_icarus
def test_a_wrong_reciprocal_and_a_wrong_size_are_seen(tmp_path):
    made = case(ALL, True)
    made.write(tmp_path)
    rom = tmp_path / made.plan.names.rom(made.plan.net.roms["rom/pool.hex"])
    word, *others = rom.read_text().splitlines()
    rom.write_text("\n".join([f"{int(word, 16) ^ 16:0{len(word)}x}", *others]) + "\n")
    compile_icarus(made.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(made.expected, run_icarus(made, tmp_path).tensors)
    made = case(EDGES, True)
    made.write(tmp_path)
    rom = tmp_path / made.plan.names.rom(made.plan.net.roms["rom/pool.hex"])
    words = rom.read_text().splitlines()
    rom.write_text("\n".join([words[-1], *words[:-1]]) + "\n")  # the reciprocals a place too late
    compile_icarus(made.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(made.expected, run_icarus(made, tmp_path).tensors)
    made = case(ALL, False)
    made.write(tmp_path)
    change(tmp_path / f"rtl/{made.plan.top}.v", f".SIZE({STEPS})", ".SIZE(3)")
    compile_icarus(made.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError)):
        assert_equal(made.expected, run_icarus(made, tmp_path).tensors)
