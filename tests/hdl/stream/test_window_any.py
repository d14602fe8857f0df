"""lmu_window_any under both simulators: windows of every length by their definition, in the cycles of the header."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import Mutants, Results, caught, check_all, mutant_results, names
from tests.support.hdl.core_grid import SCENARIOS, Case, Once, Phase, signed, simulate
from tests.support.hdl.stream_grid import Stream, Unit, beats

WIDTH = 5
DEFAULTS = {"N": 1, "STEPS": 5, "FIRST": 0, "STRIDE": 1, "SIZE": 1, "DILATION": 1, "PAD": 0, "CENTRED": 0, "REPEAT": 0}


def steps_read(sizes: dict[str, int], length: int) -> tuple[np.ndarray, np.ndarray]:
    """The steps of each place of each window of a sequence, and where zeros stand instead."""
    stride, reach = sizes["STRIDE"], (sizes["SIZE"] - 1) * sizes["DILATION"] + 1
    count = 1
    while length + sizes["PAD"] >= count * abs(stride) + reach:
        count += 1
    begin = sizes["FIRST"] if stride > 0 else length - 1
    if sizes["CENTRED"]:
        begin = -(max((count - 1) * stride + reach - length, 0) // 2)
    places = begin + stride * np.arange(count)[:, None] + sizes["DILATION"] * np.arange(sizes["SIZE"])
    inside = places.clip(0, length - 1)
    return inside, (inside != places) & (not sizes["REPEAT"])


@dataclass(frozen=True, slots=True)
class Sequences(Case):
    """Sequences of ``sizes`` beats in and out one after the other, all of them a step of the bench."""

    sizes: tuple[tuple[int, int], ...] = ()

    def ends(self, groups: int) -> list[tuple[int, int]]:
        """When the last beat of each group comes in and goes out."""
        came, read, before, found = 0, 0, 0, []
        for _ in range(groups):
            for taken, given in self.sizes:
                came = max(came, before) + taken  # a bank is free once the sequence before the last one is read
                before, read = read, max(came, read) + 1 + given
            found.append((came, read + 1))
        return found

    def intervals(self, count: int) -> list[int]:
        return np.diff([out for _, out in self.ends(count + 1)]).tolist()


def case(lengths: tuple[int, ...], **others: int) -> Case:
    """Sequences of these ``lengths`` one after the other."""
    sizes = DEFAULTS | others
    n, reads = sizes["N"], [steps_read(sizes, length) for length in lengths]

    def phase(rng: np.random.Generator, groups: tuple[int, ...]) -> Phase:
        come: list[list[int | None]] = []
        go: list[list[int | None]] = []
        for _ in range(sum(groups) // 2):
            for length, (inside, zero) in zip(lengths, reads, strict=True):
                x = signed(rng, (length, n), WIDTH)
                noise = rng.integers(0, 2, x.shape)  # only the last beat of a step counts
                noise[:, -1] = np.arange(length) == length - 1
                y = np.where(zero[..., None], 0, x[inside])
                come += beats(x, WIDTH, noise)
                go += beats(y, WIDTH, np.arange(y.size) == y.size - 1)
        return {"inputs": {"s_axis": come}, "outputs": {"m_axis": go}}

    beats_of = tuple((length * n, inside.size * n) for length, (inside, _) in zip(lengths, reads, strict=True))
    taken, given = (sum(column) for column in zip(*beats_of, strict=True))
    ports = ((Stream("s_axis", WIDTH),), (Stream("m_axis", WIDTH),))
    steps = {"inputs": {"s_axis": taken}, "outputs": {"m_axis": given}}
    alone, ii = len(lengths) == 1, max(taken, given + 1)
    unit = Unit("lmu_window_any", {**sizes, "WIDTH": WIDTH}, *ports)
    made = Sequences(unit, phase, steps, given + 2, ii, sizes=beats_of)
    if alone:  # the formulas of the header
        return Case(unit, phase, steps, given + 2, ii)
    ((came, gone),) = made.ends(1)
    return replace(made, latency=gone - came)


def drawn(seed: int) -> dict[str, int]:
    """Random parameters that a convolution or a pool, a slice or a reversal may have."""
    rng = np.random.default_rng(seed)
    sizes = {"N": rng.integers(1, 4), "STEPS": rng.integers(1, 6), "REPEAT": rng.integers(2)}
    sizes |= {"STRIDE": rng.integers(1, 4), "SIZE": rng.integers(1, 4), "DILATION": rng.integers(1, 3)}
    sizes |= {"FIRST": rng.integers(-3, 4), "PAD": rng.integers(-2, 5), "CENTRED": rng.integers(2)}
    return {name: int(value) for name, value in sizes.items()}


def every_length(most: int) -> tuple[int, ...]:
    return tuple(int(k) for k in np.random.default_rng(most).permutation(most) + 1)


SAME = {"N": 2, "SIZE": 3, "PAD": 2, "CENTRED": 1}
STRIDED = {"N": 2, "SIZE": 3, "STRIDE": 2, "PAD": 2, "CENTRED": 1}
NEAREST = {"N": 2, "STEPS": 6, "SIZE": 2, "DILATION": 2, "STRIDE": 3, "FIRST": -1, "PAD": 2, "REPEAT": 1}
REVERSED = {"N": 2, "STRIDE": -1}
CASES = {
    "same": case(every_length(5), **SAME),
    "strided": case(every_length(5), **STRIDED),
    "nearest": case(every_length(6), **NEAREST),
    "reversed": case(every_length(5), **REVERSED),
    "backwards": case(every_length(4), STEPS=4, STRIDE=-2),
    "valid": case(every_length(6), STEPS=6, SIZE=3, N=2),
    "too few": case(every_length(3), STEPS=3, SIZE=3, N=2, DILATION=2),
    "cropped": case(every_length(5), FIRST=2, PAD=-3, N=3),
    "one": case((1,), STEPS=1),
    **{f"drawn {seed}": case(every_length(sizes["STEPS"]), **sizes) for seed, sizes in enumerate(map(drawn, range(6)))},
    **{f"same of {length}": case((length,), **SAME) for length in (1, 2, 5)},
    **{f"strided of {length}": case((length,), **STRIDED) for length in range(1, 6)},
    **{f"reversed of {length}": case((length,), **REVERSED) for length in (1, 5)},
}
CASES = {name.replace(" ", "_"): item for name, item in CASES.items()}
VERILATED = ("nearest", "strided_of_5")
JUDGES = {"lmu_window_any": ("same",), "outside is zero": ("nearest",), "from the front": ("reversed",)}
JUDGES |= {"no window more": ("strided",), "all windows centred on zero": ("strided",), "last step": ("nearest",)}
MUTANTS: Mutants = {
    "lmu_window_any": {
        "steps before the first one are read": ("wire zero = REPEAT == 0 && (early || late);", "wire zero = 1'b0;"),
        "outside is zero": ("wire zero = REPEAT == 0 && (early", "wire zero = (early"),
        "last step": ("near_late_q ? near_end_q", "1'b0 ? near_end_q"),
        "from the front": ("STRIDE < 0 ? in_last :", "STRIDE < 0 ? ZERO :"),
        "no window more": ("{{(MORE_W - 1) {1'b0}}, another}", "1'b0"),
        "all windows centred on zero": ("CENTRED != 0 ? half :", "CENTRED != 0 ? ZERO :"),
        "a sequence has the steps of the one before": ("in_step_q <= ends ? {STEP_W{1'b0}} :", "in_step_q <="),
        "a bank is overwritten": ("!stored[1] && !rst", "!rst"),
        "one bank": ("rd_addr({near_bank_q,", "rd_addr({1'b0,"),
        "what waits is lost": ("waits_q ? kept_q : came", "came"),
        "tlast within a step": ("whole && s_axis_tlast", "accept && s_axis_tlast"),
        "no tlast": ("<= {2'b01, near_last_q, near_zero_q}", "<= {3'b010, near_zero_q}"),
        "goes on after rst": (
            "            {in_bank_q, in_beat_q, in_step_q, stored_q} <= 0;",
            "            {in_beat_q, stored_q} <= 0; if (in_bank_q === 1'bx) {in_bank_q, in_step_q} <= 0;",
        ),
    }
}


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    chosen = {name: CASES[name] for name in VERILATED} if simulator == "verilator" else CASES
    return simulate(chosen, simulator, workdir, once, "window_any")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(CASES, scenario, results)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(
        MUTANTS, "icarus", workdir, once, "window_any", CASES, JUDGES, ("stream", "isolated", "disturbed", "cut_short")
    )


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, CASES)
