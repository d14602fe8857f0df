"""hls4ml's configuration of a Keras model, with what the user wants laid over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmu_hls.errors import LmuHlsError

CONFIG_KEYS = ("Model", "LayerName", "LayerType", "Optimizers", "SkipOptimizers", "Flows")


def full_config(
    model: Any,
    config: Mapping[str, Any],
    backend: str = "Vitis",
    precision: str | None = None,
    reuse_factor: int | None = None,
) -> dict[str, Any]:
    """The whole hls4ml configuration: its defaults, then ``config``, then ``precision`` and ``reuse_factor``.

    ``config`` has hls4ml's keys, by itself or below ``HLSConfig``. Layers have a ReuseFactor of their own only where
    ``config`` gives them one that is not its model's: the model's reaches all others. Raises LmuHlsError for a key or a
    layer name that does not exist.
    """
    from hls4ml.utils import config_from_keras_model

    from lmu_hls.hls import register

    register()
    given = config.get("HLSConfig", config)
    whole_model = given.get("Model", {}) if isinstance(given, Mapping) else {}
    defaults = {
        "default_precision": precision or _default_precision(whole_model.get("Precision")) or "fixed<16,6>",
        "default_reuse_factor": reuse_factor or whole_model.get("ReuseFactor") or 1,
    }
    settings = config_from_keras_model(model, granularity="name", backend=backend, **defaults)
    _make_room(settings["LayerName"], given.get("LayerType", {}), model)
    for layer in settings["LayerName"].values():
        layer.pop("ReuseFactor", None)
    _merge(settings, given, "")
    _drop_repeated_reuse(settings)
    if precision is not None:
        settings["Model"]["Precision"] = precision
    if reuse_factor is not None:
        settings["Model"]["ReuseFactor"] = reuse_factor
    return settings


def _drop_repeated_reuse(settings: dict[str, Any]) -> None:
    """Take out the reuse factors of layers that only repeat the model's, as hls4ml's own configurations do.

    They are not a wish for these layers: another factor for the whole model must reach them.
    """
    whole = settings["Model"].get("ReuseFactor")
    for layer in settings["LayerName"].values():
        if isinstance(layer, dict) and layer.get("ReuseFactor") == whole:
            layer.pop("ReuseFactor", None)


def _default_precision(value: Any) -> str | None:
    return value.get("default") if isinstance(value, Mapping) else value


def _merge(base: dict[str, Any], over: Mapping[str, Any], where: str) -> None:
    """``over`` goes over ``base``, dictionary by dictionary; an unknown section or layer name is refused."""
    for key, value in over.items():
        if not where and key not in CONFIG_KEYS:
            raise LmuHlsError(f"the configuration has an unknown key {key!r}; hls4ml's are: {', '.join(CONFIG_KEYS)}")
        if where == "LayerName" and key not in base:
            raise LmuHlsError(f"the configuration names layer {key!r}, but the model has only: {', '.join(base)}")
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value, key)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value


def _make_room(defaults: dict[str, Any], by_type: Mapping[str, Any], model: Any) -> None:
    """Take out of the defaults by layer name what the user sets by layer type: for hls4ml a name wins over a type."""
    wanted = {name.lower(): settings for name, settings in by_type.items()}
    kinds = {layer.name: "lmu" if hasattr(layer, "cell") else type(layer).__name__.lower() for layer in model.layers}
    for name, own in defaults.items():
        # A softmax is known by its type exp: that of a Dense layer is no Keras layer of its own.
        kind = "lmusoftmax" if "exp" in own.get("Precision", {}) else kinds.get(name, "")
        for key, value in wanted.get(kind, {}).items():
            if isinstance(value, Mapping) and isinstance(own.get(key), dict):
                for part in value:
                    own[key].pop(part, None)
            else:
                own.pop(key, None)
