"""Random networks in Verilator: u, mem, h and the output are golden's, the cycles are those of the formulas."""

from dataclasses import replace

import pytest

from lmu_hls.rtl.packed import TypeWord
from tests.support.mutants import change
from tests.support.random_rtl import (
    Case,
    assert_equal,
    build_verilator,
    check_verilator,
    flip_bit,
    random_case,
    run_verilator,
    verilator_tensors,
    wide_case,
)

pytestmark = pytest.mark.usefixtures("verilator")
SEEDS = (1, 3, 16, 20, 22)  # small ones: every hidden cell but LSTM alone, both updates, both modes
FAULTY, WIDE = 1, 14


@pytest.mark.parametrize("seed", SEEDS)
def test_random_network(seed, tmp_path, workdir):
    case = random_case(seed)
    case.write(tmp_path)
    check_verilator(case, tmp_path, workdir / "random")


def test_several_values_a_beat(tmp_path, workdir):
    case = wide_case(WIDE)
    assert "lmu_matvec" in {item.module for item in case.plan.net.instances}
    assert all(end.together > 1 for end in (*case.plan.inputs, *case.plan.outputs))
    case.write(tmp_path)
    check_verilator(case, tmp_path, workdir / "wide")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 1100, 10))
def test_random_network_at_length(seed, tmp_path):
    """Every tenth of the networks that Icarus runs: a build takes seconds."""
    case = random_case(seed)
    case.write(tmp_path)
    check_verilator(case, tmp_path, tmp_path / "work")


@pytest.fixture
def faulty(tmp_path) -> Case:
    case = random_case(FAULTY)
    case.write(tmp_path)
    return case


@pytest.mark.parametrize("rom", ["memory_encoder", "memory_encoder_bias", "memory_memory", "memory_hidden_bias"])
def test_a_changed_rom_is_caught(rom, faulty, tmp_path, workdir):
    """All with one build, that of the seed: ROM files are read when the simulation starts."""
    made = build_verilator(faulty, tmp_path, workdir / "random")
    assert_equal(faulty.expected, verilator_tensors(run_verilator(made, faulty)))
    flip_bit(faulty, tmp_path, rom)
    with pytest.raises(AssertionError, match=r"memory\.(u|mem|h): \d+ values differ"):
        assert_equal(faulty.expected, verilator_tensors(run_verilator(made, faulty)))


def test_a_changed_parameter_of_the_top_is_caught(faulty, tmp_path, workdir):
    top = tmp_path / f"rtl/{faulty.plan.top}.v"
    kind = faulty.plan.network.lmus[0].u
    wrong = replace(kind, rounding="RND" if kind.rounding == "TRN" else "TRN")
    change(top, *(f".U_TYPE({TypeWord(each).verilog})" for each in (kind, wrong)), several=True)
    made = build_verilator(faulty, tmp_path, workdir / "random")
    with pytest.raises(AssertionError, match=r"memory\.u: \d+ values differ"):
        assert_equal(faulty.expected, verilator_tensors(run_verilator(made, faulty)))


def test_a_wrong_formula_is_caught(faulty, tmp_path, workdir, monkeypatch):
    cycles = faulty.plan.cycles
    wrong = replace(faulty.plan, cycles=replace(cycles, sequence=cycles.sequence - 1))
    monkeypatch.setattr(Case, "plan", property(lambda case: wrong))
    with pytest.raises(AssertionError, match=f"{cycles.sequence} cycles, not {cycles.sequence - 1}"):
        check_verilator(faulty, tmp_path, workdir / "random")
