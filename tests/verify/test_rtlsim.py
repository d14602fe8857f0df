"""Cycles that can be measured are judged; on too few steps they are "not measured", and a right design passes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.verify.rtlsim import OUTPUT, Formulas, simulate
from lmu_hls.verify.run_files import STEPS_INSIDE, Delivered, Run

II, LATENCY, RAMP = 12, 30, 4


class Design:
    """Takes the first ``fill`` steps in faster than it works on them; ``late`` is added to interval ``at``."""

    def __init__(self, fill, ramp=RAMP, at=-1, late=0):
        self.fill, self.ramp, self.at, self.late = fill, ramp, at, late

    def run(self, x, *, lengths=None, trace=False, pause=0, progress=None):
        count = x.shape[0] * x.shape[1]
        steps = np.full(count, pause or II)
        if not pause:
            steps[: self.fill] = self.ramp
            if 0 <= self.at < count - 1:
                steps[self.at] += self.late
        accepted = np.concatenate([[5], 5 + np.cumsum(steps[:-1])]).reshape(x.shape[:2])
        output = np.zeros((*x.shape[:2], 1), np.int64)
        came = Delivered(output, output.astype(bool), accepted + LATENCY)
        return Run({OUTPUT: came}, accepted, int(accepted.max()) + LATENCY, {})


def measure(design, samples, steps):
    x = np.zeros((samples, steps, 2), np.int64)
    expected = {OUTPUT: np.zeros((samples, steps, 1), np.int64)}
    comparison, timing, _ = simulate(design, x, expected, Formulas(II, LATENCY), ("unit", "icarus"))
    assert comparison.passed
    return timing


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, STEPS_INSIDE), st.integers(1, II))
def test_a_right_design_passes_on_any_number_of_steps(samples, steps, fill, ramp):
    timing = measure(Design(fill, ramp), samples, steps)
    assert timing.passed and timing.latency_measured.value == LATENCY
    assert (timing.ii_measured is None) == (timing.steps == 0) == bool(timing.unmeasured)
    if samples * steps >= STEPS_INSIDE + 2:
        assert timing.ii_measured.value == II
    if timing.unmeasured:
        assert f"{samples * steps} steps" in timing.unmeasured and str(STEPS_INSIDE + 2) in timing.unmeasured


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(2, 40), st.integers(0, 8), st.data())
def test_a_step_that_takes_too_long_is_seen_on_few_steps_too(samples, steps, fill, data):
    intervals = samples * steps - 1
    at = data.draw(st.integers(intervals // 2, intervals - 1))
    late = 1 + fill * (II - RAMP)  # later than the fast steps before it were early
    assert not measure(Design(fill, at=at, late=late), samples, steps).passed


@pytest.mark.parametrize("late", [-1, 1])
def test_one_step_that_is_off_by_a_cycle_is_seen(late):
    assert not measure(Design(4, at=60, late=late), 8, 10).passed
    assert not measure(Design(4, at=STEPS_INSIDE, late=late), 1, STEPS_INSIDE + 2).passed


def test_branches_that_are_not_equally_fast_keep_the_pace_of_sequences():
    """Three steps in turn; a sequence that is late is seen, and in a chain the steps themselves."""

    class Turns(Design):
        def run(self, x, **options):
            run, steps = super().run(x, **options), np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2])
            if options.get("pause"):
                return run
            came = replace(run.ends[OUTPUT], cycles=run.ends[OUTPUT].cycles + self.late * (steps == steps.max()))
            return replace(run, accepted=run.accepted - (II - 2) * (steps % 3 == 1), ends={OUTPUT: came})

    x = np.zeros((6, 9, 2), np.int64)
    for queues, late, right in ((True, 0, True), (True, 1, False), (False, 0, False)):
        formulas = Formulas(II, LATENCY, 9 * II if queues else None, queues=queues)
        _, timing, _ = simulate(
            Turns(0, late=late), x, {OUTPUT: np.zeros((6, 9, 1), np.int64)}, formulas, ("u", "icarus")
        )
        assert timing.passed == right


@pytest.mark.parametrize(("late", "right"), [(0, True), (1, False), (-1, False)])
def test_queues_that_fill_slowly_keep_the_pace_of_sequences(late, right):
    """A layer of II - 2 cycles before one of II is ahead for more than half of them; sequences end on time."""

    class Slowly(Design):
        def run(self, x, **options):
            run, steps = super().run(x, **options), np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2])
            if options.get("pause"):
                return run
            came = replace(run.ends[OUTPUT], cycles=5 + LATENCY + II * steps + late * (steps == steps.max()))
            return replace(run, ends={OUTPUT: came})

    formulas = Formulas(II, LATENCY, 12 * II, queues=True)
    x, expected = np.zeros((6, 12, 2), np.int64), {OUTPUT: np.zeros((6, 12, 1), np.int64)}
    _, timing, _ = simulate(Slowly(STEPS_INSIDE + 8, II - 2), x, expected, formulas, ("unit", "icarus"))
    assert timing.passed == right


def test_a_step_that_waits_for_full_buffers_is_not_late():
    timing = measure(Design(8, at=7, late=3 + II - RAMP), 2, 5)  # 15 cycles after seven steps of 4
    assert timing.passed and timing.ii_measured is None


def test_one_step_has_no_pace():
    timing = measure(Design(0), 1, 1)
    assert timing.passed and timing.ii_measured is None and timing.steps == 0
