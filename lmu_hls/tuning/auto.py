"""A type for every tensor of a network: :func:`auto_precision`, and :func:`tune` which also says why."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import REGRESSION, Head, Targets, check_targets
from lmu_hls.front.lengths import asked_steps, output_lengths, predict_lengths, with_lengths
from lmu_hls.layers import head_of
from lmu_hls.layers.stateful import predict, without_state
from lmu_hls.records import TensorPrecision
from lmu_hls.spec.lengths import counting
from lmu_hls.tuning.calibration import ONE_END, WIDE_INDEX, Floats, Samples, calibrate, check_data, wide_types
from lmu_hls.tuning.draft import TABLE, Draft, Key, Types, draft
from lmu_hls.tuning.facts import describe, vanished_coefficients
from lmu_hls.tuning.judge import AccuracyDrop, BitBudget, Judge, Measure, SnrDb, Target
from lmu_hls.tuning.plan import Plan, first_fractions, make_plan, prove, with_tables
from lmu_hls.tuning.search import Search
from lmu_hls.tuning.tables import plan_tables

if TYPE_CHECKING:
    import keras

BUDGET = 4000  # runs of golden
TABLE_LIMIT_DB = 3.0  # what finer tables must gain to be called the limit: they make half of the noise
REGRESSION_DB = 40.0  # error of 1 % of the output's rms: what a search aims at where there are no answers to keep
Progress = Callable[[int, int], None]  # runs done, at most
JudgeOf = Callable[[Plan, Target], Judge]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The result of a search: hls4ml's configuration, every tensor, and what they do on the calibration data.

    ``target`` is what the search has met. ``start_bits`` is where the analysis let the search begin; ``vanished`` names
    coefficients of the memory that became zero.
    """

    config: dict[str, Any]
    tensors: tuple[TensorPrecision, ...]
    measure: Measure
    reference: Measure
    start_bits: int
    evaluations: int
    vanished: tuple[str, ...]
    target: Target

    @property
    def peaks(self) -> dict[Key, float]:
        """Calibrated magnitudes of values, for :func:`lmu_hls.tuning.exceeded`."""
        return {(t.layer, t.tensor): t.observed for t in self.tensors if not t.weight}


def auto_precision(
    model: keras.Model,
    x_calibration: ArrayLike,
    y: ArrayLike | None = None,
    target: Target | None = None,
    **options: Any,
) -> dict[str, Any]:
    """An hls4ml configuration with a type for every tensor of every layer; arguments as in :func:`tune`."""
    return tune(model, x_calibration, y, target, **options).config


def tune(
    model: keras.Model,
    x_calibration: ArrayLike,
    y: ArrayLike | None = None,
    target: Target | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    lengths: ArrayLike | None = None,
    headroom: float = 1.25,
    budget: int = BUDGET,
    progress: Progress = lambda done, most: None,
) -> Tuning:
    """Choose the types of a Keras model up to its logits, on x_calibration (samples, steps, n_in).

    ``y`` are the targets, see :mod:`lmu_hls.figures`; without them the float model's answers count as right. ``target``
    is an AccuracyDrop, SnrDb or BitBudget; by default 0.5 points of accuracy, and 40 dB for a regression and for a
    single output without y. ``config`` has hls4ml's keys and goes through to the result but for its types; ``headroom``
    is how much larger than on the data a value may become. Of sequences of any length the first ``lengths`` (samples,)
    steps count, by default those that Masking tells. The same arguments always give the same types.

    Raises LmuHlsError for unusable data, for weights that would all become zero, and for a target that is out of
    reach, with the best that was reached; ValueError for a headroom below 1.
    """
    if not (np.isfinite(headroom) and headroom >= 1):
        raise ValueError(f"headroom={headroom} is not allowed: give 1 or more")
    whole = with_lengths(model, asked_steps(config))  # on sequences of the most steps
    if len(whole.outputs) > 1:
        raise LmuHlsError(f"the model has {len(whole.outputs)} outputs, and {ONE_END}")
    source = draft(whole, config)
    samples, head = check_data(source, x_calibration, lengths), head_of(whole)
    targets, head = _targets(y, head, samples, model)
    target = _possible(target, targets, head)
    output = _outputs(model, whole, samples)
    seen, trace = calibrate(source, samples)
    plan = make_plan(source, seen, headroom)
    plan = with_tables(plan, plan_tables(source, plan.integers, source.network(wide_types(source)), trace))
    start = first_fractions(plan, seen, trace, target.start_db)

    def judged(plan: Plan, target: Target) -> Judge:
        safety = target.safety if isinstance(target, AccuracyDrop) else 1.0
        return Judge(plan, samples, targets, head, output, safety, lambda done: progress(done, budget))

    fractions, plan, judge, target = _reach(plan, start, judged, target, budget)
    types = plan.types(fractions)
    return Tuning(
        _configured(source, types),
        describe(source, types, samples, seen, trace),
        judge(fractions),
        judge.reference,
        plan.bits(start),
        judge.evaluations,
        vanished_coefficients(source, types),
        target,
    )


def _targets(y: ArrayLike | None, head: Head, samples: Samples, model: keras.Model) -> tuple[Targets | None, Head]:
    """Checked targets, and the head whose they are: of sequences of any length each step that counts is a row."""
    what = "y of the calibration data"
    if samples.lengths is None or not head.steps:
        return (None if y is None else check_targets(y, head, len(samples.x), what)), head
    (counts,) = output_lengths(model, samples.lengths)
    head = replace(head, shape=(head.width,))
    if y is None:
        return None, head
    rows = np.asarray(y)
    if rows.ndim < 2 or len(rows) != len(counts) or rows.shape[1] < counts.max():
        raise LmuHlsError(
            f"{what} has the shape {rows.shape}; give targets for each of {len(counts)} samples and {counts.max()} "
            "steps"
        )
    return check_targets(rows[counting(counts, rows.shape[1])], head, int(counts.sum()), what), head


def _outputs(model: keras.Model, whole: keras.Model, samples: Samples) -> Floats:
    """What the float model gives: (N, [T,] K), or rows of the steps that count."""
    if samples.lengths is None:
        return np.asarray(predict(without_state(whole), samples.x), np.float64)
    (outputs,) = predict_lengths(model, samples.x, samples.lengths)
    if outputs.ndim < 3:
        return outputs
    (given,) = output_lengths(model, samples.lengths)
    return outputs[counting(given, outputs.shape[1])]


def _possible(target: Target | None, targets: Targets | None, head: Head) -> Target:
    """The target, or the default of the task; LmuHlsError where answers are asked for and there are none."""
    regression = head.width == 1 if targets is None else targets.task == REGRESSION
    if target is None:
        return SnrDb(REGRESSION_DB) if regression else AccuracyDrop()
    if regression and isinstance(target, AccuracyDrop):
        why = (
            "y is float, so this is a regression"
            if targets is not None
            else "the model has one output and there is no y"
        )
        raise LmuHlsError(
            f"{why}: there are no right answers to lose; ask for an SNR of the output with --target-snr-db "
            f"(SnrDb in Python), such as {REGRESSION_DB:g}, or give classes as integers in y"
        )
    return target


def _reach(
    plan: Plan, start: dict[Key, int], judged: JudgeOf, target: Target, budget: int
) -> tuple[dict[Key, int], Plan, Judge, Target]:
    """The search for ``target``, or for the strongest of what may stand for it."""
    wanted: Target | None = target
    failed: LmuHlsError | None = None
    while wanted is not None:
        try:
            return *_settle(plan, start, judged, wanted, budget), wanted
        except _OutOfReach as error:
            failed, wanted = error, wanted.weaker()
    assert failed is not None
    raise failed


def _settle(
    plan: Plan, start: dict[Key, int], judged: JudgeOf, target: Target, budget: int
) -> tuple[dict[Key, int], Plan, Judge]:
    """Search, then prove the integer bits anew for the types found; again while that changes them."""
    fractions = start
    for _ in range(4):
        plan = _proven(plan, fractions, target)
        judge = judged(plan, target)
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


class _OutOfReach(LmuHlsError):
    """No types meet a target."""


def _unreachable(search: Search) -> _OutOfReach:
    target, judge = search.target, search.judge
    best = judge.best(target)
    remedy = "raise the budget" if isinstance(target, BitBudget) else "ask for less, or check the model and its data"
    problem = f" ({best.problem})" if best.problem else ""
    return _OutOfReach(
        f"{target.asked()} is out of reach; the best found is {target.reached(best, judge.reference)} with "
        f"{best.bits:,} bits{problem}; {_table_limit(search) or remedy}"
    )


def _table_limit(search: Search) -> str:
    """What to do where tables stand between the best types and the target; empty where they do not."""
    plan, judge = search.plan, search.judge
    best, fractions = judge.best(search.target), judge.best_fractions(search.target)
    finer = judge.measure({**plan.types(fractions), **{key: WIDE_INDEX for key in plan.tables}})
    if not plan.tables or finer.snr_db < best.snr_db + TABLE_LIMIT_DB:
        return ""
    sizes = ", ".join(
        f"{1 << fractions[key]} entries in layer {key[0]!r}"
        + ("" if table.mine else " as TableSize and TableRange say: leave them to the search")
        for key, table in plan.tables.items()
    )
    return f"the tables of the activations are the limit, without them it would be {finer.snr_db:.1f} dB ({sizes})"


def _configured(source: Draft, types: Types) -> dict[str, Any]:
    """hls4ml's configuration of the draft with ``types``; what has no type there stays on auto."""
    config = copy.deepcopy(source.config)
    for settings in config.get("LayerType", {}).values():
        settings.pop("Precision", None)  # every tensor gets a type by the name of its layer
    for (layer, tensor), kind in types.items():
        settings = config["LayerName"].setdefault(layer, {})
        if tensor == TABLE:
            settings.update(TableSize=1 << kind.width, TableRange=1 << (kind.integer - 1))
            continue
        if not isinstance(settings.get("Precision"), dict):
            settings["Precision"] = {}
        settings["Precision"][tensor] = str(kind)
    return config
