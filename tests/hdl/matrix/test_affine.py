"""lmu_affine under both simulators: every beat by the definition, every cycle by the formulas; and in synthesis."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.synth import synthesize
from lmu_hls.toolchain import find
from tests.support.hdl import core_grid
from tests.support.hdl.core_cases import (
    AFFINE,
    Mutants,
    Results,
    caught,
    check_all,
    mutant_results,
    names,
    results_of,
)
from tests.support.hdl.core_grid import SCENARIOS, Once
from tests.support.hdl.stream_grid import modules

MUTANTS: Mutants = {
    "lmu_affine": {
        "overwrites what is needed": ("s_axis_tready = !full;", "s_axis_tready = 1'b1;"),
        "a cycle lost between groups": (".run(run_q), .accept", ".run(run_q && !done_q[1]), .accept"),
        "sums lost": ("run_q <= runs_d ||", "run_q <= 1'b1 ||"),
        "kept sum overwritten": ("if (!kept_valid_q) {kept_last_q", "{kept_last_q"),
        "waiting sums overwritten": ("free = sums_due_q && lane_zero_q;", "free = sums_due_q;"),
        "adds without a column": ("run_q && valid_q[4+MORE]", "run_q"),
        "bias of the next row": (
            ".rd_en(load), .rd_addr(bias_addr_q)",
            ".rd_en(load || kept_valid_q), .rd_addr(bias_addr_q)",
        ),
        "tlast of the wrong vector": ("last_group && last_q[rd_bank]", "last_group && last_q[wr_bank_q]"),
        "tlast of any beat": ("if (wr_last_column_q) begin", "if (wr_last_column_q || s_axis_tlast) begin"),
        "tlast on any lane": ("last_lane && group_last", "group_last"),
        "the sum of another lane": ("lane_zero_q || last_slot}", "last_slot}"),
        "nothing comes to the front": ("if (free || (sum_moves && slot_q == SLOT[SLOT_CW-1:0]))", "if (free)"),
        "begins in the middle": ("slot_q <= last_lane ? {SLOT_CW{1'b0}} :", "slot_q <="),
    },
    "lmu_affine/lmu_columns": {
        "reads what has not come": (
            "(!first_group_q || unread_any_q)",
            "(!first_group_q || used_q != 0 || accept)",
        ),
        "releases too early": ("release_word = issue && last_group_q", "release_word = issue && first_group_q"),
        "wrong vector read": ("rd_bank_q == last_group_q", "rd_bank_q"),
    },
    "lmu_affine/lmu_blocks": {
        "begins before the vector is whole": ("unread_any_q <= unread_d != 0;", "unread_any_q <= 1'b1;"),
        "takes a third vector": ("full <= stored_d[1];", "full <= 1'b0;"),
        "moves when sums wait": ("issue = run && valid_q", "issue = valid_q"),
        "groups run together": ("first <= last;", "first <= last_group;"),
        "the other vector": ("bank <= bank ^ last_group;", "bank <= bank ^ last;"),
        "coefficients of the next block": ("word <= coefs;", "word <= coefs + 1'b1;"),
        "a block too few": ("== BLOCKS[ROM_AW:0] - 1'b1", "== BLOCKS[ROM_AW:0] - 2'd2"),
        "a cycle lost": ("valid_q <= unread_any_q;", "valid_q <= unread_any_q && !valid_q;"),
    },
}


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return results_of(simulator, workdir, once)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(MUTANTS, "icarus", workdir, once, "affine")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(AFFINE, scenario, results)


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant)


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_one_dsp_a_lane(tmp_path: Path) -> None:
    """The sums are inside the DSPs; outside are one adder for the bias, the sums that wait, and two more behind the
    output (`sum_q`, `kept_q`), so that no ready reaches a multiplier."""
    lanes = 4
    case = core_grid.affine("synth", 16, 8, lanes, (16, 12), 12, 2)
    for file, text in case.roms.items():
        (tmp_path / file).write_text(text)
    found = synthesize(modules(["lmu_affine"]), "lmu_affine", case.unit.parameters, tmp_path)
    acc_w = int(case.unit.parameters["ACC_W"])
    assert found.counts["DSP"] == lanes
    assert found.counts["CARRY4"] <= acc_w // 4 + 16
    assert found.counts["FF"] <= 80 + 16 + 12 + lanes * (12 + acc_w) + 2 * acc_w
    assert not [cell for cell in found.cells if cell.startswith("LD")]
