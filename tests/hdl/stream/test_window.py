"""lmu_window under both simulators: every window by its definition, in the cycles of the header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls.rtl.window import window_depth
from lmu_hls.spec import Window
from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import Mutants, Results, caught, check_all, mutant_results, names
from tests.support.hdl.core_grid import SCENARIOS, Case, Once, Phase, signed, simulate
from tests.support.hdl.stream_grid import Stream, Unit, beats

WIDTH = 5


def case(window: Window, n: int, dilation: int = 1) -> Case:
    """A sequence counts as one step of the bench."""
    places = window.first + window.stride * np.arange(window.count)[:, None] + dilation * np.arange(window.size)
    inside = places.clip(0, window.steps - 1)
    zero = (inside != places) & (not window.repeat)

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        x = signed(rng, (sum(lengths), window.steps, n), WIDTH)
        given = np.where(zero[None, :, :, None], 0, x[:, inside]).reshape(len(x), -1)
        last = np.zeros(given.shape, int)
        last[:, -1] = 1
        return {"inputs": {"s_axis": beats(x, WIDTH)}, "outputs": {"m_axis": beats(given, WIDTH, last)}}

    taken, out = window.steps * n, inside.size * n
    reach = Window(window.steps, window.count, window.first, window.stride, (window.size - 1) * dilation + 1)
    parameters: dict[str, int | str] = {"N": n, "STEPS": window.steps, "COUNT": window.count}
    parameters |= {"BEFORE": max(0, -window.first), "SKIP": max(0, window.first), "STRIDE": window.stride}
    parameters |= {"SIZE": window.size, "DILATION": dilation, "REPEAT": int(window.repeat), "WIDTH": WIDTH}
    parameters["DEPTH"] = depth = window_depth(reach, n)
    latency = sequence_latency(
        window, [(int(k), bool(z)) for k, z in zip(inside.flat, zero.flat, strict=True)], n, depth
    )
    ports = ((Stream("s_axis", WIDTH, last=False),), (Stream("m_axis", WIDTH),))
    steps = {"inputs": {"s_axis": taken}, "outputs": {"m_axis": out}}
    return Case(Unit("lmu_window", parameters, *ports), phase, steps, latency, max(taken, out))


def sequence_latency(window: Window, places: list[tuple[int, bool]], n: int, depth: int) -> int:
    """Cycles from the last beat in to the last one out of a sequence that finds the unit empty, cycle by cycle."""
    order = [(step * n + beat, zero) for step, zero in places for beat in range(n)]
    taken, given, cycle, last_taken, last_given, room = 0, 0, 0, 0, 0, True
    while given < len(order) or taken < window.steps * n:
        place, zero = order[min(given, len(order) - 1)]
        give = given < len(order) and (taken > 0 if zero else taken > place)
        take = room and taken < window.steps * n
        begins = window.first + given // (window.size * n) * window.stride
        begins = window.first + (window.count - 1) * window.stride if window.stride < 0 else begins
        held = (taken + take) // n - min(max(begins, 0), window.steps - int(window.repeat))
        room = held < depth
        last_taken = cycle if take else last_taken
        given, taken, cycle = given + give, taken + take, cycle + 1
        last_given = cycle if give else last_given
    return max(last_given, last_taken + 1) - last_taken


CASES = {
    "same": case(Window(5, 5, -1, size=3), 3),
    "causal": case(Window(4, 4, -3, size=4), 2),
    "valid": case(Window(6, 3, 0, stride=2, size=2), 3),
    "dilated": case(Window(7, 3, 0, size=3), 2, dilation=2),
    "cropped": case(Window(6, 2, 3), 3),
    "first": case(Window(5, 1), 2),
    "padded": case(Window(3, 8, -2), 1),
    "repeated": case(Window(1, 4, stride=0), 3),
    "one": case(Window(1, 1, -1, size=2), 1),
    "reversed": case(Window(4, 4, 3, stride=-1), 2),
    "nearest": case(Window(5, 3, -1, stride=2, size=3, repeat=True), 2),
}
VERILATED = ("same", "nearest")
JUDGES = {"lmu_window": ("same",), "outside is zero": ("nearest",), "ring of the last sequence": ("valid",)}
JUDGES |= {"before the sequence is whole": ("first",), "no step is dropped": ("cropped",)}
MUTANTS: Mutants = {
    "lmu_window": {
        "steps before the first one are read": ("wire zero = REPEAT == 0 && (early || late);", "wire zero = 1'b0;"),
        "outside is zero": ("wire zero = REPEAT == 0 && (early", "wire zero = (early"),
        "a beat is read before it comes": ("place_far == place_in && accept", "place_far == place_in"),
        "ring of the last sequence": ("origin_q <= origin_q + STEPS[ALL_W-1:0]", "origin_q <= origin_q"),
        "steps are overwritten": ("held != HELD && !(whole && held == HELD - 1'b1)", "1'b1"),
        "before the sequence is whole": ("valid_q && !(m_axis_tlast && ahead_q[AHEAD_W-1])", "valid_q"),
        "no step is dropped": ("from < ZERO, from >", "from > ZERO, from >"),
        "window goes on after rst": (
            "            {base_q, step_q, read_low_q} <=",
            "            if (base_q[0] === 1'bx) {base_q, step_q, read_low_q} <=",
        ),
    }
}


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    chosen = {name: CASES[name] for name in VERILATED} if simulator == "verilator" else CASES
    return simulate(chosen, simulator, workdir, once, "window")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(CASES, scenario, results)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(
        MUTANTS, "icarus", workdir, once, "window", CASES, JUDGES, ("stream", "isolated", "disturbed", "cut_short")
    )


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, CASES)
