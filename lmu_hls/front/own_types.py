"""Models that bring their types along: a float model and hls4ml's configuration, as quantized training makes them.

Such a model has the attributes ``float_model`` and ``own_config``; nothing else of it is read here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmu_hls.errors import LmuHlsError

if TYPE_CHECKING:
    import keras

OWN = (
    "Precision",
    "TableSize",
    "TableRange",
    "TableInterpolation",
    "MemoryUpdate",
    "Fold",
)  # keys of a layer that change its numbers


def has_own_types(model: keras.Model) -> bool:
    return hasattr(model, "own_config") and hasattr(model, "float_model")


def float_model_of(model: keras.Model) -> keras.Model:
    """The model whose layers are converted."""
    return model.float_model if has_own_types(model) else model


def with_own_types(
    model: keras.Model, config: Mapping[str, Any] | None, precision: str | None = None, defaults: bool = False
) -> dict[str, Any]:
    """``config``, hls4ml's keys, with the types that ``model`` brings along.

    Raises LmuHlsError where config or ``precision`` want others: what the chip computes would not be what was trained.
    Where config only has ``defaults``, they give way.
    """
    merged = copy.deepcopy(dict(config or {}))
    if not has_own_types(model):
        return merged
    if precision is not None:
        raise _other(model, f"the precision {precision!r}")
    target = merged["HLSConfig"] if isinstance(merged.get("HLSConfig"), dict) else merged
    for kind, section in (target.get("LayerType") or {}).items():
        for key in set(section or {}) & set(OWN):
            raise _other(model, f"LayerType: {kind!r}: {key}")
    layers = target.setdefault("LayerName", {})
    for layer, own in model.own_config["LayerName"].items():
        layers[layer] = _over(model, f"layer {layer!r}", layers.get(layer) or {}, own, defaults)
    return merged


def _over(
    model: keras.Model, where: str, below: Mapping[str, Any], own: Mapping[str, Any], defaults: bool
) -> dict[str, Any]:
    """``own`` over ``below``, which may say the same."""
    merged = dict(below)
    for key, value in own.items():
        if isinstance(value, Mapping):
            inner = below.get(key) if isinstance(below.get(key), Mapping) else {}
            merged[key] = _over(model, f"{where}: {key}", inner or {}, value, defaults)
        elif not defaults and key in below and str(below[key]) not in (str(value), "auto"):
            raise _other(model, f"{where}: {key}={below[key]!s}")
        else:
            merged[key] = value
    return merged


def _other(model: keras.Model, what: str) -> LmuHlsError:
    return LmuHlsError(
        f"model {model.name!r} was trained with types of its own, and {what} would change them; leave it out, or "
        "quantize and train the float model (its float_model) with other types"
    )
