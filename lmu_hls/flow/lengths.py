"""Data of sequences of different lengths: what counts of outputs, and what a configuration says."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.front.lengths import MASK_VALUE, STEPS, asked_steps
from lmu_hls.spec import Network
from lmu_hls.spec.lengths import counting


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
