"""The memory units under both simulators: every beat against the definition, every cycle against the formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.toolchain import find
from tests.support.hdl import dense_grid, ring_grid, sweeps_grid, tridiag_grid
from tests.support.hdl.core_cases import Mutants, Results, caught, check_all, mutant_results, names
from tests.support.hdl.core_grid import Case, Once, simulate
from tests.support.hdl.memory_grid import Config, memories, memory
from tests.support.hdl.packed import with_overflow, with_rounding
from tests.support.hdl.stream_grid import run_streams

SCENARIOS = ("stream", "isolated", "disturbed", "cut_short")
GRIDS = {"dense": dense_grid.GRID, "ring": ring_grid.GRID, "tridiag": tridiag_grid.GRID, "sweeps": sweeps_grid.GRID}
RANDOM = {"dense": dense_grid.random_grid, "ring": ring_grid.random_grid, "tridiag": tridiag_grid.random_grid}
RANDOM |= {"sweeps": sweeps_grid.random_grid}
CASES = {name: case for prefix, grid in GRIDS.items() for name, case in memories(prefix, grid).items()}
VERILATED = ("dense9", "tridiag7", "tridiag11")  # which takes long to compile each unit

HALF = "ADDED != 0} << HALF_AT"  # without it rounding to nearest gives the floor but for ties
MUTANTS: Mutants = {
    "lmu_memory_dense": {
        "changed rounding": with_rounding("OUT_TYPE", "MEM_TYPE", 5),
        "wraps instead of saturating": with_overflow("OUT_TYPE", "MEM_TYPE", 0),
        "sum not cleared": (".first(first1_q)", ".first(1'b0)"),
        "lost beat": ("run_q <= !(valid_d && beat_due_d);", "run_q <= 1'b1;"),
        "beat given twice": ("(m_axis_tvalid && !m_axis_tready)", "(m_axis_tvalid && (!m_axis_tready || lasts_q[4]))"),
        "reset_state ignored": ("clear_q <= s_axis_tuser[0] || fresh_q;", "clear_q <= fresh_q;"),
        "reset_state of any beat": ("if (first_channel_d) begin", "begin"),
        "wrong lane": ("lane1_q <= lane_q;", "lane1_q <= lane_q + 1'b1;"),
        "wrong slot": ("slot_q <= GROUPS[RAM_AW-1:0];", "slot_q <= {RAM_AW{1'b0}};"),
        "tlast too early": ("last_group_q && last_q};", "last_q};"),
        "written before it is given": (".wr_data(LATE ? m_axis_tdata : new_states)", ".wr_data(new_states)"),
        "one cycle late": ("WAIT == 0 || !last_channel_q", "1'b0"),
    },
    "lmu_memory_dense/lmu_rom_sequence": {
        "a part from its second word on": ("<= restart ?", "<= restart && p == 0 ?"),
        "a part of another word": (".rd_addr(addr_q)", ".rd_addr(addr_q == 0 && p > 0 ? 1 : addr_q)"),
        "a part twice": (".FIRST(FIRST)", ".FIRST(0)"),
    },
    "lmu_memory_ring": {
        "more than there is room for": ("wait_q == 0 && room_q != 0", "wait_q == 0"),
        "reset_state ignored": ("clear_q <= s_axis_tuser[0] || fresh_q;", "clear_q <= fresh_q;"),
    },
    "lmu_memory_ring/lmu_shift_add": {
        "a register too few": ("always @(posedge clk) value_q <= first;", "always @* value_q = first;"),
    },
    "lmu_memory_tridiag": {
        "lam of the next degree": (".rd_addr(row_q)", ".rd_addr(back_q || row_q == ORDER - 1 ? row_q : row_q + 1)"),
        "f not yet in its memory": ("GAP[1:0] + TURN[1:0]", "GAP[1:0]"),
        "f of the step before": ("localparam LATE = PIPELINE < 3 ? 1 : 0", "localparam LATE = 0"),
        "dropped beats": ("assign run = ", "assign run = 1'b1 || "),
        "next step too early": ("(back_q || wait_q == 0)", "1'b1"),
    },
    "lmu_memory_tridiag/lmu_tridiag_datapath": {
        "rounding of f": (HALF, HALF.replace("!= 0", "!= 0 && back_q[X_STAGE]")),
        "rounding of z": (HALF, HALF.replace("!= 0", "!= 0 && !back_q[X_STAGE]")),
        "minus without its carry": ("{{(X_W - 1) {1'b0}}, !back_q[X_STAGE]}", "{X_W{1'b0}}"),
        "reset_state in the forward sweep only": ("clear2 ?", "clear2 && !back_q[2] ?"),
    },
    "lmu_memory_sweeps": {
        "swept backward too early": ("DEPTH(TO_BACK - 2)", "DEPTH(TO_BACK - 3)"),
        "u that is still needed": ("free_q != 0", "free_q != 0 || up_end"),
        "dropped beats": ("assign run = ", "assign run = 1'b1 || "),
    },
    "lmu_memory_tridiag_pes": {
        "channels to the wrong unit": ("{turn_q[PES-2:0], turn_q[PES-1]}", "turn_q[0] ? {PES{1'b0}} | 2'd2 : turn_q"),
        "reset_state for the first unit only": ("s_axis_tuser[0] : reset_state_q", "s_axis_tuser[0] : 1'b0"),
        "units out of step": (".m_axis_tready(m_axis_tready && m_axis_tvalid)", ".m_axis_tready(m_axis_tready)"),
        "tlast of the first unit": ("m_axis_tlast = last[PES-1]", "m_axis_tlast = last[0]"),
    },
}  # fmt: skip
MORE_MUTANTS: Mutants = {
    "lmu_memory_ring": {
        "changed rounding": with_rounding("OUT_TYPE", "MEM_TYPE", 5),
        "wraps instead of saturating": with_overflow("OUT_TYPE", "MEM_TYPE", 0),
        "states still under way": ("wait_q == 0 && room_q != 0", "room_q != 0"),
        "reset_state of any beat": ("if (channel_q == 0) clear_q", "clear_q"),
        "states of another channel": (".wr_addr(wr_channel_q)", ".wr_addr(channel_q)"),
        "tlast of the next beat": ("lasts_q[STAGES+1], new_states", "lasts_q[STAGES], new_states"),
        "one cycle late": ("LOOP - MEMORY_D : 0;", "LOOP - MEMORY_D + 1 : 0;"),
    },
    "lmu_memory_ring/lmu_shift_add": {
        "sums for differences": ("KIND == DIFFERENCE ? first - second : ", ""),
        "second not shifted": (".SHIFT(SECOND_SHIFT)", ".SHIFT(0)"),
    },
    "lmu_memory_sweeps": {
        "swept forward too early": ("DEPTH(TO_FORWARD - 2)", "DEPTH(TO_FORWARD - 3)"),
        "bet u in both halves": ("- twice_part - drive_part", "- twice_part - (drive_part << 1)"),
        "reset_state of the next step": ("clear ? {MEM_W{1'b0}} : state", "next_clear_q ? {MEM_W{1'b0}} : state"),
        "u of the channel before": (".rd_addr(up_channel_q)", ".rd_addr(load_q)"),
        "tlast at every degree": ("last && bottom_q[DEPTH]", "last"),
        "the next group from its bottom": ("down_addr_q + NEXT_GROUP[RAM_AW-1:0]", "down_addr_q + 1'b1"),
    },
    "lmu_memory_tridiag": {
        "u of another channel": (".rd_addr(channel_q)", ".rd_addr(load_q)"),
        "reset_state of any beat": ("load_q == 0 ? s_axis_tuser[0] || fresh_q", "1 ? s_axis_tuser[0] || fresh_q"),
        "row address": ("1 - 2 * MEMORY_D", "2 - 2 * MEMORY_D"),
        "tlast at every degree": ("last && bottom_q[MEM_STAGE]", "last"),
        "next beat too late": ("wait_q <= FREE[3:0] &&", "wait_q == 0 &&"),
    },
    "lmu_memory_tridiag/lmu_tridiag_datapath": {
        "reset_state in the backward sweep only": ("clear2 ?", "clear2 && back_q[2] ?"),
        "first z from an old f": ("x_top ? {X_W{1'b0}} : gain_part", "gain_part"),
        "overflow of mem": with_overflow("OUT_TYPE", "MEM_TYPE", 2),
        "rounding of mem": with_rounding("OUT_TYPE", "MEM_TYPE", 0),
        "kap in both sweeps": ("back_q[2] ? kap_coef : lam_coef", "kap_coef"),
        "f of another channel": (".SLOTS(SLOTS)", ".SLOTS(SLOTS + 1)"),
        "z once": ("TWICE_F = SWEEP_F - 1", "TWICE_F = SWEEP_F"),
        "half of bet u in both sweeps": ("back_q[2] ? {state2[MEM_W-1], state2} :", ""),
    },
}  # fmt: skip
# Small, because all mutants run side by side; coarse types, so that ties and saturation are frequent
SMALL: Mapping[str, Config] = {
    "dense": dense_grid.Config(4, 2, 2, "fixed<9,3>", "fixed<9,2,RND_CONV,SAT>", "fixed<9,2>", "fixed<9,2>"),
    "parts": dense_grid.Config(12, 1, 12),
    "ring": ring_grid.Config(
        3, 2, u="fixed<9,3>", mem="fixed<9,2,RND_CONV,SAT>", a="fixed<6,2>", b="fixed<6,2>", stages=2
    ),
    "channels": tridiag_grid.Config(3, 3, 2, "fixed<9,3>", "fixed<9,2,RND_CONV,SAT>", "fixed<12,3,RND_CONV,SAT>"),
    "one": tridiag_grid.Config(
        4, 1, 1, "fixed<6,2>", "fixed<6,0,RND_CONV,SAT>", "fixed<7,2,RND_CONV,SAT>", *["fixed<4,1>"] * 4
    ),
    "sweeps": sweeps_grid.Config(
        3, 4, 1, "fixed<9,3>", "fixed<9,2,RND_CONV,SAT>", "fixed<12,3,RND_CONV,SAT>", together=2
    ),
    "one_sweeps": sweeps_grid.Config(3, 2, 1),
    "pes": tridiag_grid.Config(4, 4, 2, pes=2),
}
JUDGE_CASES = {name: memory(name, config) for name, config in SMALL.items()}
JUDGES = {
    "lmu_memory_dense": ("dense",),
    "lmu_memory_dense/lmu_rom_sequence": ("parts",),
    "lmu_memory_ring": ("ring",),
    "lmu_memory_tridiag": ("channels", "one"),
    "lmu_memory_sweeps": ("sweeps", "one_sweeps"),
    "lmu_memory_tridiag_pes": ("pes",),
}
NEEDS_ICARUS = pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")


def cases_of(simulator: str) -> dict[str, Case]:
    return {name: CASES[name] for name in VERILATED} if simulator == "verilator" else CASES


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return simulate(cases_of(simulator), simulator, workdir, once, "memory", scenarios=SCENARIOS)


def judged(mutants: Mutants, name: str, workdir: Path, once: Once) -> Results:
    scenarios = ("stream", "disturbed")
    return mutant_results(mutants, "icarus", workdir, once, name, JUDGE_CASES, JUDGES, scenarios)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return judged(MUTANTS, "memory", workdir, once)


@pytest.fixture(scope="session")
def more_mutated(workdir: Path, once: Once) -> Results:
    return judged(MORE_MUTANTS, "more_memory", workdir, once)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(CASES, scenario, results)


@NEEDS_ICARUS
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, JUDGE_CASES)


@NEEDS_ICARUS
@pytest.mark.parametrize("mutant", names(MORE_MUTANTS))
def test_another_mutant_is_caught(more_mutated: Results, mutant: str) -> None:
    assert caught(more_mutated, mutant, JUDGE_CASES)


def test_stimuli_saturate_and_are_cut_everywhere() -> None:
    """Expected states reach both ends of saturating types; rst comes within steps and within their beats."""
    both = {prefix: 0 for prefix in GRIDS}
    for prefix, grid in GRIDS.items():
        for number, config in enumerate(grid):
            kind = FixedType.parse(config.mem)
            given = CASES[f"{prefix}{number}"].jobs("")["stream"]["phases"][0]["outputs"]["m_axis"]
            lanes = len(given) and CASES[f"{prefix}{number}"].unit.outputs[0].width // kind.width
            states = [data >> kind.width * k & (1 << kind.width) - 1 for data, _, _ in given for k in range(lanes)]
            ends = [states.count(end & (1 << kind.width) - 1) > 1 for end in (kind.min_int, kind.max_int)]
            both[prefix] += config.mem.endswith(",SAT>") and all(ends)
    assert min(both.values()) >= 5, both


def test_rst_cuts_sequences_short(results: Results) -> None:
    """Some of what is cut short has delivered beats, and none all of them."""
    parts = 0
    for (name, scenario), result in results.items():
        if scenario == "cut_short":
            phases = CASES[name].jobs(name)[scenario]["phases"]
            whole = [len(phase["outputs"]["m_axis"]) for phase in phases]
            found = result["outputs"]["m_axis"]["beats"]
            assert whole[-1] <= found < sum(whole), name
            parts += whole[-1] < found
    assert parts > len({name for name, _ in results}) // 2


@pytest.mark.parametrize("damage", ["missing", "short", "long"])
def test_wrong_rom_file_stops(results: Results, simulator: str, workdir: Path, tmp_path: Path, damage: str) -> None:
    """The build is there, because it has given results; only a ROM file differs."""
    cases = cases_of(simulator)
    roms = {file: text for case in cases.values() for file, text in case.roms.items()}
    name = VERILATED[0]
    file = f"rom/{name}.hex"
    lines = roms.pop(file).splitlines(keepends=True)
    if damage != "missing":
        roms[file] = "".join(lines[:-1] if damage == "short" else [*lines, lines[0]])
    # Verilator's own $readmemh already refuses a file that is too long
    message = file if damage == "long" else rf"file {file} holds \d+ words, expected {len(lines)}"
    units = {name: case.unit for name, case in cases.items()}
    with pytest.raises(RuntimeError, match=message):
        run_streams(units, [CASES[name].jobs(name)["stream"]], simulator, workdir, tmp_path, roms)


FIELDS = ("lam", "bet", "gam", "kap")  # of a ROM word of the tridiagonal unit, from the low bits up


@NEEDS_ICARUS
def test_a_changed_coefficient_is_caught(workdir: Path, once: Once) -> None:
    """A bit of every coefficient, at both ends; only the last gam is never used, because kap has it."""
    flips = {"dense": ("dense", 1, 4)}
    for place, field in enumerate(FIELDS):
        flips |= {f"{field}_{end}": ("channels", word, 16 * place + 14) for end, word in (("first", 0), ("last", -1))}
    faulty = {}
    for name, (judge, word, bit) in flips.items():
        case = JUDGE_CASES[judge]
        ((_, text),) = case.roms.items()
        words = text.split()
        words[word] = f"{int(words[word], 16) ^ 1 << bit:0{len(words[word])}x}"
        unit = replace(case.unit, parameters={**case.unit.parameters, "ROM_FILE": f"rom/{name}.hex"})
        faulty[name] = replace(case, unit=unit, roms={f"rom/{name}.hex": "\n".join(words) + "\n"})
    found = simulate(faulty, "icarus", workdir, once, "memory_roms", scenarios=("stream",))
    passed = {name for name in flips if not any(found[name, "stream"]["outputs"]["m_axis"]["wrong"])}
    assert passed == {"gam_last"}


@pytest.mark.slow
@pytest.mark.parametrize("grid", [*GRIDS, "large"])
def test_random_configurations(simulator: str, workdir: Path, once: Once, grid: str) -> None:
    """Order 256 takes 522 cycles a step, where the dense unit with four multipliers takes 16,448."""
    if grid == "large":
        cases = memories("large", (tridiag_grid.Config(256, 1, 1), tridiag_grid.Config(64, 4, 3)))
        assert cases["large0"].ii == 522
    else:
        drawn = RANDOM[grid](40, seed=2026)
        cases = memories(f"random_{grid}", drawn if simulator == "verilator" else drawn[:6])
    found = simulate(cases, simulator, workdir, once, f"memory_random_{grid}", scenarios=SCENARIOS)
    for scenario in SCENARIOS:
        check_all(cases, scenario, found)
