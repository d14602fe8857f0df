"""lmu_frame: right and wrong sequences of every kind, each beat and each error against the definition."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.support.hdl.framing import Sizes, framed
from tests.support.hdl.stream_grid import Stream, Unit, problems, run_streams
from tests.support.mutants import write_mutants

WIDTH = 7
SIZES: dict[str, Sizes] = {
    "a": Sizes(1, 0), "b": Sizes(1, 1), "c": Sizes(1, 4), "d": Sizes(3, 0), "e": Sizes(3, 1), "f": Sizes(4, 3),
    "g": Sizes(5, 2), "h": Sizes(2, 5), "i": Sizes(3, 2, fewer=1),
}  # fmt: skip


def unit(sizes: Sizes, module: str = "lmu_frame") -> Unit:
    """While a beat is not valid its tlast and data are turned round."""
    n, steps, fewer = sizes
    body = f"""
    wire @_error;
    {module} #(.N({n}), .STEPS({steps}), .FEWER({fewer}), .WIDTH({WIDTH})) @ (
        .clk(clk), .rst(@_rst), .framing_error(@_error),
        .s_axis_tdata(@_s_axis_tvalid ? @_s_axis_tdata : ~@_s_axis_tdata), .s_axis_tvalid(@_s_axis_tvalid),
        .s_axis_tready(@_s_axis_tready), .s_axis_tlast(@_s_axis_tlast == @_s_axis_tvalid),
        .m_axis_tdata(@_m_axis_tdata), .m_axis_tvalid(@_m_axis_tvalid), .m_axis_tready(@_m_axis_tready),
        .m_axis_tlast(@_m_axis_tlast),
        .e_axis_tdata(@_e_axis_tdata), .e_axis_tvalid(@_e_axis_tvalid), .e_axis_tready(@_e_axis_tready));
    // p_axis: framing_error in the cycles after a tlast, and wherever else it is high
    reg @_after_q;
    reg [4095:0] @_pulses_q;
    reg [11:0] @_wr_q, @_rd_q;
    assign @_p_axis_tvalid = @_wr_q != @_rd_q;
    assign @_p_axis_tdata = @_pulses_q[@_rd_q];
    always @(posedge clk) begin
        @_after_q <= @_m_axis_tvalid && @_m_axis_tready && @_m_axis_tlast && !@_rst;
        @_pulses_q[@_wr_q] <= @_error;
        if (@_after_q || @_error) @_wr_q <= @_wr_q + 1'b1;
        if (@_p_axis_tvalid && @_p_axis_tready) @_rd_q <= @_rd_q + 1'b1;
        if (@_rst) begin
            @_wr_q <= 0;
            @_rd_q <= 0;
        end
    end
"""
    streams = (Stream("m_axis", WIDTH), Stream("e_axis", 1, last=False), Stream("p_axis", 1, last=False))
    return Unit(module, {}, (Stream("s_axis", WIDTH),), streams, body=body)


UNITS = {name: unit(sizes) for name, sizes in SIZES.items()}


def phase(lengths: list[int], sizes: Sizes, seed: int) -> dict[str, Any]:
    """Sequences of these lengths, 1 or more beats."""
    rng = random.Random(seed)
    sequences = [[rng.randrange(1, 1 << WIDTH) for _ in range(length)] for length in lengths]
    beats = [[value, int(k == len(s) - 1), 0] for s in sequences for k, value in enumerate(s)]
    return {"inputs": {"s_axis": beats}, "outputs": framed(sequences, sizes)}


def right_length(sizes: Sizes, rng: random.Random) -> int:
    n, steps, fewer = sizes
    return n * (rng.randint(1, steps) if fewer else steps or rng.randint(1, 4))


def jobs(name: str, sizes: Sizes, cut_cycles: int = 24) -> list[dict[str, Any]]:
    """Every length up to beyond two right ones, a right one after each; random ones; rst anywhere."""
    rng = random.Random(name)
    n, steps, _ = sizes
    longest = 2 * n * (steps or 3) + 2
    every = [length for wrong in range(1, longest) for length in (wrong, right_length(sizes, rng))]
    some = [rng.randint(1, longest) for _ in range(24)]
    cuts: list[dict[str, Any]] = []
    for cut in range(1, cut_cycles):
        cuts.append({**phase([rng.randint(1, longest) for _ in range(9)], sizes, cut), "reset_after": cut})
        cuts.append(phase([right_length(sizes, rng)], sizes, 100 + cut))
    runs: list[dict[str, Any]] = [
        {"phases": [phase(every, sizes, 1)]},
        {"phases": [phase(every, sizes, 2)], "gap": 0.3, "stall": 0.3},
        {"phases": [phase(some, sizes, 3)], "stall": 0.6},
        {"phases": cuts, "gap": 0.2, "stall": 0.4},
        {"phases": [phase(some, sizes, 4)], "shy": 1},
        {"phases": cuts},
    ]
    return [{"unit": name, "seed": k, "patience": 100, **run} for k, run in enumerate(runs)]


def test_every_framing(simulator: str, workdir: Path, tmp_path: Path) -> None:
    todo = [job for name, sizes in SIZES.items() for job in jobs(name, sizes)]
    found = [problems(result) for result in run_streams(UNITS, todo, simulator, workdir, tmp_path)]
    assert len(found) == 6 * len(UNITS)
    assert [problem for each in found for problem in each] == []


def test_definition() -> None:
    """The rules by hand, for two steps of two beats and for any number of steps."""
    assert framed([[1, 2, 3, 4]], Sizes(2, 2))["m_axis"] == [[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 1, 0]]
    assert framed([[1, 2, 3]], Sizes(2, 2))["m_axis"] == [[1, 0, 0], [2, 0, 0], [3, 0, 0], [0, 1, 0]]
    assert framed([[1, 2]], Sizes(2, 2)) == {
        "m_axis": [[1, 0, 0], [2, 1, 0]],
        "e_axis": [[1, 0, 0]],
        "p_axis": [[1, 0, 0]],
    }
    assert framed([[1, 2, 3, 4, 5], [1, 2, 3, 4]], Sizes(2, 2))["e_axis"] == [[1, 0, 0], [0, 0, 0]]
    assert len(framed([[1, 2, 3, 4, 5]], Sizes(2, 2))["m_axis"]) == 4
    assert framed([[1, 2, 3, 4, 5, 6]], Sizes(2, 0))["e_axis"] == [[0, 0, 0]]
    assert framed([[1, 2], [1, 2, 3], [1, 2, 3, 4, 5]], Sizes(2, 2, 1))["e_axis"] == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_full_rate(icarus: str, workdir: Path, tmp_path: Path) -> None:
    """Right sequences pass without a pause, one beat a cycle, even when each is a single beat."""
    todo = []
    for name, sizes in SIZES.items():
        n = sizes.n
        whole = phase([n * (sizes.steps or 2)] * 12, sizes, 5)
        todo.append({"unit": name, "phases": [whole], "steps": {"inputs": {"s_axis": n}, "outputs": {"m_axis": n}}})
    for name, result in zip(SIZES, run_streams(UNITS, todo, icarus, workdir, tmp_path), strict=True):
        assert problems(result) == []
        assert result is not None
        assert set(result["latency"]) == {0}
        assert set(result["in_interval"]) == {SIZES[name][0]}


MUTANTS = {
    "fill not zero": ("fill_q ? {WIDTH{1'b0}} : i_data", "i_data"),
    "tlast within a step passes": ("wire ends = last_beat_q && (", "wire ends = (last_beat_q || i_last) && ("),
    "step not filled": ("pass ? !last_beat_q && i_last :", "pass ? 1'b0 :"),
    "nothing dropped": ("pass && ends && !i_last", "1'b0"),
    "dropping ends too early": ("!(i_valid && i_last)", "!i_last"),
    "dropping after a tlast": ("pass && ends && !i_last", "pass && ends"),
    "late tlast not seen": ("i_last != last_step", "i_last && !last_step"),
    "sequence that is too long not seen": ("(FEWER == 0 || last_step)", "FEWER == 0"),
    "fewer steps are an error": ("(FEWER == 0 || last_step)", "1'b1"),
    "early tlast not seen": ("i_last != last_step", "!i_last && last_step"),
    "errors in the wrong order": ("errors_q[kept_q[0] && !take]", "errors_q[0]"),
    "error overwritten": ("wire hold = kept_q[1]", "wire hold = 1'b0"),
    "rst forgets the step": (
        "if (rst) begin\n                step_q", "if (rst && step_q[0] === 1'bx) begin\n                step_q",
    ),
    "rst forgets the dropping": ("{beat_q, drop_q} <= 0;", "beat_q <= 0; if (drop_q === 1'bx) drop_q <= 1'b0;"),
    "valid waits for ready": ("assign m_axis_tvalid = ", "assign m_axis_tvalid = m_axis_tready && "),
    "waiting beat lost": ("i_valid = full_q || s_axis_tvalid", "i_valid = s_axis_tvalid"),
    "waiting beat overwritten": ("if (!full_q) waiting_q", "waiting_q"),
    "taken while one waits": ("assign s_axis_tready = !full_q", "assign s_axis_tready = !full_q || fill_q"),
    "rst forgets the waiting beat": ("!i_ready)) && !rst", "!i_ready)) && !(rst && full_q === 1'bx)"),
    "pulse also without error": ("framing_error <= keep && error", "framing_error <= keep"),
}  # fmt: skip


def test_mutants_are_caught(icarus: str, tmp_path: Path) -> None:
    modules = write_mutants("lmu_frame", MUTANTS, tmp_path / "hdl")
    mutants = {
        f"m{k}_{j}": (name, sizes)
        for k, (name, (text, _)) in enumerate(MUTANTS.items())
        for j, sizes in enumerate([Sizes(2, 2, fewer=1)] if "FEWER" in text else [Sizes(1, 1), Sizes(2, 2)])
    }
    units = {key: unit(sizes, modules[name]) for key, (name, sizes) in mutants.items()}
    todo = [job for key, (_, sizes) in mutants.items() for job in jobs(key, sizes, 10)[1:5]]
    results = run_streams(units, todo, icarus, tmp_path, tmp_path / "run", hdl=tmp_path / "hdl")
    caught = {mutants[job["unit"]][0] for job, result in zip(todo, results, strict=True) if problems(result)}
    assert caught == set(MUTANTS)
    assert all(results), "a mutant has ended the bench before the others were judged"
