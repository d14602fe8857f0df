"""Data of sequences of different lengths: what counts of outputs, and what the Keras model makes of each sequence."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.front.lengths import MASK_VALUE, STEPS, asked_steps, open_model
from lmu_hls.layers.stateful import output_arrays, predict_all
from lmu_hls.spec import Network
from lmu_hls.spec.lengths import counting, held

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float64]


def rows(values: NDArray[Any], lengths: Ints | None) -> NDArray[Any]:
    """Outputs (N, T, K) of the steps that count one after the other, (steps, K); outputs (N, K) as they are."""
    if lengths is None or values.ndim < 3:
        return values
    return values[counting(lengths, values.shape[1])]


def first(arrays: Mapping[str, Ints], lengths: Ints | None, samples: int | None) -> tuple[dict[str, Ints], Ints | None]:
    """The first samples of each array, and of their lengths; None for all."""
    some = None if lengths is None else lengths[:samples]
    return {name: values[:samples] for name, values in arrays.items()}, some


def with_steps(config: Mapping[str, Any] | None, steps: int) -> dict[str, Any]:
    """hls4ml's configuration, in which a sequence has at most ``steps`` steps. LmuHlsError where it says others."""
    if asked_steps(config) not in (None, steps):
        raise LmuHlsError(f"--steps {steps} and Model: {STEPS}={asked_steps(config)} differ; give one of them")
    changed = copy.deepcopy(dict(config or {}))
    below = changed.get("HLSConfig", changed)
    below.setdefault("Model", {})[STEPS] = steps
    return changed


def mask_value_of(config: Path, network: Network) -> float | None:
    """The value of the Masking layer of a converted model, from the configuration that was written with it.

    None without one, and where sequences have one length. LmuHlsError for a file that is damaged.
    """
    if not network.any_length or not config.is_file():
        return None
    try:
        value = yaml.safe_load(config.read_text(encoding="utf-8"))["Model"].get(MASK_VALUE)
        return None if value is None else float(value)
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise LmuHlsError(f"{config} is damaged ({error}); run 'lmu-hls convert --force' again") from error


def predict_lengths(model: keras.Model, x: Floats, lengths: Ints) -> list[Floats]:
    """The outputs for sequences x (N, T, n_in), of which the first ``lengths`` (N,) steps count, one for each output.

    A model of T steps with Masking gets them filled up with its value; any other each length by itself, and behind the
    outputs of its steps the last one stands again.
    """
    import keras

    masking = [layer for layer in model.layers if type(layer) is keras.layers.Masking]
    (end,) = model.inputs
    if masking and end.shape[1] is not None:
        filled = np.where(counting(lengths, x.shape[1])[..., np.newaxis], x, masking[0].mask_value)
        return predict_all(model, [filled])
    opened, steps = open_model(model), x.shape[1]
    order, parts = [], []
    for length in np.unique(lengths):  # eager: each length would be another program
        group = np.flatnonzero(lengths == length)
        values = output_arrays(opened, opened(x[group, :length].astype(np.float32), training=False))
        every = [len(tensor.shape) == 3 for tensor in opened.outputs]
        counts = np.full(len(group), length)
        parts.append([held(y, counts, steps) if each else y for y, each in zip(values, every, strict=True)])
        order.append(group)
    back = np.argsort(np.concatenate(order))
    return [np.concatenate(same)[back] for same in zip(*parts, strict=True)]
