"""Random networks in Icarus: u, mem, h and the output are golden's, the cycles are those of the formulas."""

from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.rtl.packed import TypeWord
from tests.support.mutants import change
from tests.support.random_rtl import (
    Case,
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    flip_bit,
    has_icarus,
    random_case,
    run_icarus,
    sparse_case,
    stateful_case,
    wide_case,
)

pytestmark = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
WIDE = (*range(24), 27, 28, 34, 40, 45, 51, 57)  # the last ones: LSTM and GRU cells side by side
STATEFUL = (3, 5, 9, 17, 29, 33)
SPARSE = (*range(12), 22, 46)  # the last two: a GRU that is worked on gate by gate
FAULTY = 33  # the seed of the faults: two LMU layers, the second an LSTM cell


def check(case: Case, folder: Path) -> None:
    case.write(folder)
    check_icarus(case, folder)


@pytest.mark.parametrize("seed", range(100))
def test_random_network(seed, tmp_path):
    check(random_case(seed), tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 1100))
def test_random_network_at_length(seed, tmp_path):
    check(random_case(seed), tmp_path)


@pytest.mark.parametrize("seed", WIDE)
def test_several_values_a_beat(seed, tmp_path):
    case = wide_case(seed)
    modules = {instance.module for instance in case.plan.net.instances}
    assert seed < 24 or any(f"lmu_{name}_parallel" in modules for name in ("lstm", "gru"))
    check(case, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 200))
def test_several_values_a_beat_at_length(seed, tmp_path):
    check(wide_case(seed), tmp_path)


@pytest.mark.parametrize("seed", STATEFUL)
def test_a_stateful_network_keeps_its_state(seed, tmp_path):
    """The sequences are chunks of one, of any length: golden's integers. A state that is not kept is seen in one."""
    case = stateful_case(seed)
    case.write(tmp_path / "right")
    compile_icarus(case.plan, tmp_path / "right")
    assert_equal(case.expected, run_icarus(case, tmp_path / "right").tensors)
    if seed != FAULTY:
        return
    case.write(tmp_path / "fault")
    change(tmp_path / f"fault/rtl/{case.plan.top}.v", ".STREAMING(1)", ".STREAMING(0)", several=True)
    compile_icarus(case.plan, tmp_path / "fault")
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(case.expected, run_icarus(case, tmp_path / "fault").tensors)


@pytest.mark.parametrize("seed", SPARSE)
def test_blocks_of_zeros_cost_nothing(seed, tmp_path):
    """Golden's integers, in the cycles that are left."""
    case = sparse_case(seed)
    assert any("BLOCKS" in instance.parameters for instance in case.plan.net.instances)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@pytest.fixture(scope="module")
def faulty() -> Case:
    return random_case(FAULTY)


@pytest.mark.parametrize("rom", ["memory_encoder", "memory_encoder_bias", "memory_memory", "memory_hidden"])
def test_a_changed_rom_is_caught(rom, faulty, tmp_path):
    """The test bench sees most faults at the output; those that rounding hides there are seen in u, mem and h."""
    faulty.write(tmp_path)
    flip_bit(faulty, tmp_path, rom)
    compile_icarus(faulty.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError), match=r"beats differ|memory\.(u|mem|h): \d+ values differ"):
        assert_equal(faulty.expected, run_icarus(faulty, tmp_path).tensors)


@pytest.mark.parametrize("parameter", ["fraction of u", "rounding of u", "STREAMING"])
def test_a_changed_parameter_of_the_top_is_caught(parameter, faulty, tmp_path):
    faulty.write(tmp_path)
    top = tmp_path / f"rtl/{faulty.plan.top}.v"
    kind = faulty.plan.network.lmus[0].u
    assert kind.rounding != "TRN"
    wrong = replace(kind, integer=kind.integer + 1), replace(kind, rounding="TRN")
    streaming = int(faulty.plan.options.streaming)
    changes = {"STREAMING": (f".STREAMING({streaming})", f".STREAMING({1 - streaming})")}
    for name, other in zip(("fraction of u", "rounding of u"), wrong, strict=True):
        changes[name] = f".U_TYPE({TypeWord(kind).verilog})", f".U_TYPE({TypeWord(other).verilog})"
    change(top, *changes[parameter], several=True)
    compile_icarus(faulty.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(faulty.expected, run_icarus(faulty, tmp_path).tensors)


def test_a_wrong_formula_is_caught(faulty, tmp_path, monkeypatch):
    faulty.write(tmp_path)
    cycles = faulty.plan.cycles
    wrong = replace(faulty.plan, cycles=replace(cycles, sequence=cycles.sequence + 1))
    monkeypatch.setattr(Case, "plan", property(lambda case: wrong))
    with pytest.raises(AssertionError, match=f"{cycles.sequence} cycles, not {cycles.sequence + 1}"):
        check_icarus(faulty, tmp_path)
