"""Sequences of different lengths in one array: which steps count, and what stands behind them."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmu_hls.errors import LmuHlsError

Element = TypeVar("Element", bound=np.generic)


def check_lengths(
    lengths: ArrayLike, samples: int, steps: int, what: str = "the lengths", least: int = 1
) -> NDArray[np.int64]:
    """(samples,) whole numbers, ``least`` to ``steps``, also as (samples, 1) or as floats. LmuHlsError for others."""
    values = np.asarray(lengths)
    if values.dtype.kind not in "iuf" or values.shape not in ((samples,), (samples, 1)):
        raise LmuHlsError(
            f"{what} are {values.dtype} of shape {values.shape}; give the number of steps of each sample, ({samples},)"
        )
    values = values.ravel()
    wrong = np.flatnonzero((values < least) | (values > steps) | (values != np.rint(values)))
    if len(wrong):
        raise LmuHlsError(
            f"{what} hold {values[wrong[0]]:g} in sample {wrong[0]}; a sequence has {least} to {steps} steps here: "
            "leave the sample out, cut it, or convert with more steps (--steps)"
        )
    return values.astype(np.int64)


def check_fill(mask_value: float, what: str = "the mask value") -> np.float32:
    """The value that fills up sequences, as Keras compares it. LmuHlsError for one that data cannot hold."""
    try:
        value = np.float64(mask_value)
    except (TypeError, ValueError):
        value = np.float64("nan")
    if not abs(value) <= np.finfo(np.float32).max:
        raise LmuHlsError(
            f"{what} is {mask_value!r}, and data are finite float32 numbers; use one that no step consists of, as -10.0"
        )
    return np.float32(value)


def masked_lengths(x: NDArray[Any], mask_value: float, what: str = "x") -> NDArray[np.int64]:
    """The lengths (N,) of sequences x (N, steps, n), filled up with steps in which every value is ``mask_value``.

    LmuHlsError for such a step before one that counts, for a sequence without steps, and for other shapes and values.
    """
    fill, x = check_fill(mask_value), np.asarray(x)
    if x.ndim != 3 or x.dtype.kind not in "biuf":
        raise LmuHlsError(f"{what} is {x.dtype} of shape {x.shape}; give numbers (samples, steps, features)")
    counts = np.any(x.astype(np.float32) != fill, axis=2)
    lengths = counts.sum(axis=1)
    inside = np.flatnonzero(np.any(counts != counting(lengths, x.shape[1]), axis=1))
    if len(inside):
        step = int(np.argmin(counts[inside[0]]))
        raise LmuHlsError(
            f"{what} has a masked step before others that count (sample {inside[0]}, step {step}); masked steps are "
            "left out by what sends a sequence: put the steps that count first, and fill up behind them"
        )
    empty = np.flatnonzero(lengths == 0)
    if len(empty):
        raise LmuHlsError(f"sample {empty[0]} of {what} has masked steps only, and a sequence has one step at least")
    return lengths.astype(np.int64)


def counting(lengths: NDArray[np.int64], steps: int) -> NDArray[np.bool_]:
    """(N, steps): which steps count."""
    return np.asarray(np.arange(steps) < lengths[:, np.newaxis])


def given_steps(arriving: int, steps: int | None, counts: tuple[int, ...] | None) -> int:
    """Steps that come out for a sequence of which so many come in: as many, ``steps``, or those of ``counts``, which
    are for sequences of 1, 2, ... steps."""
    if counts is not None:
        return counts[arriving - 1]
    return arriving if steps is None else steps


def held(values: NDArray[Element], lengths: NDArray[np.int64], steps: int) -> NDArray[Element]:
    """(N, any, ...) as (N, steps, ...), where the last step that counts stands again in all behind it."""
    places = np.minimum(np.arange(steps), lengths[:, np.newaxis] - 1)
    return values[np.arange(len(values))[:, np.newaxis], places]


def unravelled(values: NDArray[Element], lengths: NDArray[np.int64], steps: int) -> NDArray[Element]:
    """The steps of all sequences one after the other, (sum of lengths, ...), as :func:`held` gives them."""
    ends = np.cumsum(lengths)
    places = (ends - lengths)[:, np.newaxis] + np.minimum(np.arange(steps), lengths[:, np.newaxis] - 1)
    return values[places]


def as_one(values: NDArray[Element], lengths: NDArray[np.int64] | None) -> NDArray[Element]:
    """Sequences (N, steps, ...) as one of the steps of all that count, (1, sum of lengths, ...).

    Without ``lengths``, and without steps, (N, K), as they are.
    """
    whole = lengths is None or values.ndim < 3
    return values if whole else values[counting(np.asarray(lengths), values.shape[1])][np.newaxis]


def filled(x: NDArray[Any], lengths: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """x (N, any, ...) with ``steps`` steps, zero behind the ``lengths`` that count."""
    values = np.zeros((len(x), steps, *x.shape[2:]))
    kept = counting(lengths, steps)[:, : x.shape[1]]
    values[:, : x.shape[1]][kept] = x[:, :steps][kept]
    return values
