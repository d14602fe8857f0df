"""hls4ml's configuration of a Keras model, with what the user wants laid over the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lmu_hls.front.lengths import asked_steps, check_mask_value, with_lengths
from lmu_hls.front.own_types import float_model_of, with_own_types
from lmu_hls.front.settings import Known, check_settings, hls_config, known_layers

if TYPE_CHECKING:
    import keras


def full_config(
    model: keras.Model,
    config: Mapping[str, Any],
    backend: str = "Vitis",
    precision: str | None = None,
    reuse_factor: int | None = None,
) -> dict[str, Any]:
    """The whole hls4ml configuration: its defaults, then ``config``, then ``precision`` and ``reuse_factor``.

    ``config`` has hls4ml's keys, by itself or below ``HLSConfig``; part and clock may stand beside them and are left
    out here. Layers have a ReuseFactor of their own only where ``config`` gives them one that is not its model's: the
    model's reaches all others. A model with types of its own brings them along. Raises LmuHlsError for a setting that
    would not arrive.
    """
    from hls4ml.utils import config_from_keras_model

    from lmu_hls.front.graph import register

    register()
    model, config = float_model_of(model), with_own_types(model, config, precision)
    given = hls_config(config)
    model = with_lengths(model, asked_steps(given))
    check_mask_value(model, given)
    layers = known_layers(model, backend)
    check_settings(given, layers)
    for wanted in [precision] if precision is not None else []:
        check_settings({"Model": {"Precision": wanted}}, layers)
    whole_model = given.get("Model", {})
    defaults = {
        "default_precision": precision or _default_precision(whole_model.get("Precision")) or "fixed<16,6>",
        "default_reuse_factor": reuse_factor or whole_model.get("ReuseFactor") or 1,
    }
    settings = config_from_keras_model(model, granularity="name", backend=backend, **defaults)
    _make_room(settings["LayerName"], given.get("LayerType", {}), layers)
    for layer in settings["LayerName"].values():
        layer.pop("ReuseFactor", None)
    _merge(settings, given)
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


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """``over`` goes over ``base``, dictionary by dictionary."""
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value


def _make_room(defaults: dict[str, Any], by_type: Mapping[str, Any], layers: Iterable[Known]) -> None:
    """Take out of the defaults by layer name what the user sets by layer type: for hls4ml a name wins over a type."""
    for layer in layers:
        own = defaults[layer.name]
        for kind in (layer.kind, "Input") if layer.kind == "InputLayer" else (layer.kind,):
            for key, value in by_type.get(kind, {}).items():
                if isinstance(value, Mapping) and isinstance(own.get(key), dict):
                    for part in value:
                        own[key].pop(part, None)
                else:
                    own.pop(key, None)
