"""A type for every tensor of a network: :func:`auto_precision`, and :func:`tune` which also says why."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lmu_hls.errors import LmuHlsError
from lmu_hls.tuning.calibration import Floats, calibrate, check_data
from lmu_hls.tuning.draft import Draft, Key, Types, draft
from lmu_hls.tuning.facts import TensorResult, describe, vanished_coefficients
from lmu_hls.tuning.judge import AccuracyDrop, BitBudget, Judge, Measure, Target
from lmu_hls.tuning.plan import Plan, first_fractions, make_plan, prove
from lmu_hls.tuning.search import Search

BUDGET = 4000  # runs of golden
Progress = Callable[[int, int], None]  # runs done, at most


@dataclass(frozen=True, slots=True)
class Tuning:
    """The result of a search: hls4ml's configuration, every tensor, and what they do on the calibration data.

    ``start_bits`` is where the analysis let the search begin; ``vanished`` names coefficients of the memory that became
    zero.
    """

    config: dict[str, Any]
    tensors: tuple[TensorResult, ...]
    measure: Measure
    reference: Measure
    start_bits: int
    evaluations: int
    vanished: tuple[str, ...]

    @property
    def peaks(self) -> dict[Key, float]:
        """Calibrated magnitudes of values, for :func:`lmu_hls.tuning.exceeded`."""
        return {(t.layer, t.tensor): t.observed for t in self.tensors if not t.weight}


def auto_precision(
    model: Any, x_calibration: ArrayLike, y: ArrayLike | None = None, target: Target | None = None, **options: Any
) -> dict[str, Any]:
    """An hls4ml configuration with a type for every tensor of every layer; arguments as in :func:`tune`."""
    return tune(model, x_calibration, y, target, **options).config


def tune(
    model: Any,
    x_calibration: ArrayLike,
    y: ArrayLike | None = None,
    target: Target | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    headroom: float = 1.25,
    budget: int = BUDGET,
    progress: Progress = lambda done, most: None,
) -> Tuning:
    """Choose the types of a Keras model up to its logits, on x_calibration (samples, steps, n_in).

    ``y`` (samples,) are the right classes; without them the float model's answers count as right. ``target`` is an
    AccuracyDrop (0.5 points by default), SnrDb or BitBudget. ``config`` has hls4ml's keys and goes through to the
    result but for its types; ``headroom`` is how much larger than on the data a value may become. The same arguments
    always give the same types.

    Raises LmuHlsError for unusable data, for weights that would all become zero, and for a target that is out of
    reach, with the best that was reached; ValueError for a headroom below 1.
    """
    target = AccuracyDrop() if target is None else target
    if not (np.isfinite(headroom) and headroom >= 1):
        raise ValueError(f"headroom={headroom} is not allowed: give 1 or more")
    source = draft(model, config)
    x, answers = check_data(source, x_calibration, y)
    output = np.asarray(model.predict(x, verbose=0), np.float64)
    if isinstance(target, AccuracyDrop) and output.shape[-1] < 2:
        raise LmuHlsError("the model has one output, so it has no classes to be right about; use an SNR target instead")
    seen, trace = calibrate(source, x)
    plan = make_plan(source, seen, headroom)
    start = first_fractions(plan, seen, trace, target.start_db)
    fractions, plan, judge = _settle(plan, start, x, answers, output, target, budget, progress)
    types = plan.types(fractions)
    return Tuning(
        _configured(source, types),
        describe(source, types, x, seen, trace),
        judge(fractions),
        judge.reference,
        plan.bits(start),
        judge.evaluations,
        vanished_coefficients(source, types),
    )


def _settle(
    plan: Plan,
    start: dict[Key, int],
    x: Floats,
    y: Any,
    output: Floats,
    target: Target,
    budget: int,
    progress: Progress,
) -> tuple[dict[Key, int], Plan, Judge]:
    """Search, then prove the integer bits anew for the types found; again while that changes them."""
    fractions, safety = start, target.safety if isinstance(target, AccuracyDrop) else 1.0
    for _ in range(4):
        plan = _proven(plan, fractions, target)
        judge = Judge(plan, x, y, output, safety, lambda done: progress(done, budget))
        search = Search(plan, judge, target, budget)
        if isinstance(target, BitBudget):
            fractions = search.within_budget(fractions)
            if not search.met(fractions):
                raise _unreachable(search)
        else:
            begin = search.reach(fractions)
            if begin is None:
                raise _unreachable(search)
            fractions = search.minimise(begin)
        again = _proven(plan, fractions, target)
        if again.integers == plan.integers:
            break
    return fractions, plan, judge


def _proven(plan: Plan, fractions: dict[Key, int], target: Target) -> Plan:
    try:
        return prove(plan, plan.types(fractions))
    except ValueError as error:
        raise LmuHlsError(f"{target.asked()} is out of reach: {error}") from None


def _unreachable(search: Search) -> LmuHlsError:
    target, judge = search.target, search.judge
    best = judge.best(target)
    remedy = "raise the budget" if isinstance(target, BitBudget) else "ask for less, or check the model and its data"
    problem = f" ({best.problem})" if best.problem else ""
    return LmuHlsError(
        f"{target.asked()} is out of reach; the best found is {target.reached(best, judge.reference)} with "
        f"{best.bits:,} bits{problem}; {remedy}"
    )


def _configured(source: Draft, types: Types) -> dict[str, Any]:
    """hls4ml's configuration of the draft with ``types``; what has no type there stays on auto."""
    config = copy.deepcopy(source.config)
    for settings in config.get("LayerType", {}).values():
        settings.pop("Precision", None)  # every tensor gets a type by the name of its layer
    for (layer, tensor), kind in types.items():
        settings = config["LayerName"].setdefault(layer, {})
        if not isinstance(settings.get("Precision"), dict):
            settings["Precision"] = {}
        settings["Precision"][tensor] = str(kind)
    return config
