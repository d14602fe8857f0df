"""Queue, fork and concatenation under both simulators, and the bench that judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import (
    PLUMBING,
    Mutants,
    Results,
    caught,
    check_all,
    mutant_results,
    names,
    results_of,
)
from tests.support.hdl.core_grid import SCENARIOS, Once
from tests.support.hdl.stream_grid import Stream, Unit, beats, problems, run_streams

NEEDS_ICARUS = pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")

MUTANTS: Mutants = {
    "lmu_fifo": {
        "lost when full": ("assign s_axis_tready = !full_q", "assign s_axis_tready = 1'b1"),
        "overwritten while it waits": ("&& (!m_axis_tvalid || m_axis_tready)", ""),
        "last word stays": ("rd_en = any_q", "rd_en = count_q > 1"),
        "every second cycle": ("(!m_axis_tvalid || m_axis_tready)", "!m_axis_tvalid"),
    },
    "lmu_fork": {
        "given twice": ("& ~done_q", ""),
        "lost while there is none": ("(m_axis_tvalid & m_axis_tready)", "m_axis_tready"),
        "waits for all": ("{OUTPUTS{s_axis_tvalid}}", "{OUTPUTS{s_axis_tvalid && &m_axis_tready}}"),
    },
    "lmu_concat": {
        "feedback counts in a first step": ("feedback && fresh_q ?", "1'b0 ?"),
        "feedback asked for after rst": ("feedback && !started_q", "1'b0"),
        "feedback left in a first step": ("feedback && !started_q", "feedback && fresh_q"),
        "streaming starts anew": ("STREAMING == 0 && step_last", "step_last"),
        "tlast of any source": ("source_q == LAST_LIVE ? last : last_q", "last"),
        "place survives rst": ("     source_q <= FIRST;", "     if (source_q !== LAST) source_q <= FIRST;"),
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return results_of(simulator, workdir, once)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(MUTANTS, "icarus", workdir, once, "plumbing")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(PLUMBING, scenario, results)


@NEEDS_ICARUS
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant)


WORDS = beats([3, 1, 2, 7, 5, 6], 3)
STREAMS = ((Stream("s_axis", 3, last=False),), (Stream("m_axis", 3, last=False),))
PASS = "assign @_s_axis_tready = @_m_axis_tready; "
COUNTER = "reg [2:0] @_c = 0; always @(posedge clk) @_c <= @_c + 1; "
FAULTY_UNITS = {
    "right": PASS + "assign @_m_axis_tdata = @_s_axis_tdata; assign @_m_axis_tvalid = @_s_axis_tvalid;",
    "withdraws": COUNTER
    + "assign @_s_axis_tready = @_m_axis_tready && @_c[1]; assign @_m_axis_tdata = @_s_axis_tdata; "
    + "assign @_m_axis_tvalid = @_s_axis_tvalid && @_c[1];",
    "changes": COUNTER
    + PASS
    + "assign @_m_axis_tdata = @_m_axis_tready ? @_s_axis_tdata : @_c; assign @_m_axis_tvalid = @_s_axis_tvalid;",
    "waits": PASS
    + "assign @_m_axis_tdata = @_s_axis_tdata; assign @_m_axis_tvalid = @_s_axis_tvalid && @_m_axis_tready;",
    "unknown": PASS + "assign @_m_axis_tdata = 3'b0x1; assign @_m_axis_tvalid = @_s_axis_tvalid;",
    "twice": "reg @_second = 0; assign @_s_axis_tready = @_m_axis_tready && @_second;\n"
    "always @(posedge clk) if (@_s_axis_tvalid && @_m_axis_tready) @_second <= !@_second;\n"
    "assign @_m_axis_tdata = @_s_axis_tdata; assign @_m_axis_tvalid = @_s_axis_tvalid;",
    "swallows": "assign @_s_axis_tready = 1'b1; assign @_m_axis_tdata = @_s_axis_tdata;\n"
    "assign @_m_axis_tvalid = @_s_axis_tvalid && @_s_axis_tdata != 2;",
    "deaf": "assign @_s_axis_tready = 1'b0; assign @_m_axis_tdata = 0; assign @_m_axis_tvalid = 1'b0;",
}
FOUND = {
    "withdraws": "violations",
    "changes": "violations",
    "waits": "missing",
    "unknown": "tdata",
    "twice": "unexpected",
    "swallows": "missing",
    "deaf": "beats not taken",
}


@NEEDS_ICARUS
def test_bench_finds_every_fault(workdir: Path, tmp_path: Path) -> None:
    units = {name: Unit("lmu_fifo", {}, *STREAMS, body=f"    {body}") for name, body in FAULTY_UNITS.items()}
    phases = [{"inputs": {"s_axis": WORDS}, "outputs": {"m_axis": WORDS}}]
    settings = [{}, {"stall": 0.5}, {"shy": 1}]
    jobs = [{"unit": name, "phases": phases, "patience": 30, **more} for name in units for more in settings]
    results = run_streams(units, jobs, "icarus", workdir, tmp_path)
    found: dict[str, str] = dict.fromkeys(units, "")
    for job, result in zip(jobs, results, strict=True):
        found[str(job["unit"])] += "\n".join(problems(result))
    assert found["right"] == ""
    for name, what in FOUND.items():
        assert what in found[name], name


@NEEDS_ICARUS
def test_bench_compares_tdata_tlast_tuser(workdir: Path, tmp_path: Path) -> None:
    body = "".join(f"assign @_m_axis_{s} = @_s_axis_{s}; " for s in ("tdata", "tvalid", "tlast", "tuser"))
    ports = ((Stream("s_axis", 3, user=1),), (Stream("m_axis", 3, user=1),))
    unit = Unit("lmu_fifo", {}, *ports, body=f"    {body} assign @_s_axis_tready = @_m_axis_tready;")
    given = beats([3, 1, 2], 3, [0, 1, 1], [1, 0, 1])
    wrong = [[3, 1, 2], [0, 1, 1], [1, 0, 1]]
    expected = [given]
    for column in range(3):
        changed = [list(beat) for beat in given]
        changed[1][column] ^= 1
        expected.append(changed)
    jobs = [{"unit": "u", "phases": [{"inputs": {"s_axis": given}, "outputs": {"m_axis": e}}]} for e in expected]
    results = run_streams({"u": unit}, jobs, "icarus", workdir, tmp_path)
    assert problems(results[0]) == []
    for column, result in enumerate(results[1:]):
        assert result is not None
        output = result["outputs"]["m_axis"]
        assert output["wrong"] == [int(k == column) for k in range(3)]
        assert output["first_difference"]["beat"] == 1
        assert output["first_difference"]["actual"] == [row[1] for row in wrong]
