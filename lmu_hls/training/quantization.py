"""From a float model to one that is trained on the integers of the contract."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import keras
from numpy.typing import ArrayLike

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.flat import flat
from lmu_hls.front.own_types import has_own_types
from lmu_hls.keras_weights import take_weights
from lmu_hls.layers.stateful import is_stateful
from lmu_hls.training.model import QuantizedModel, types_of


def quantize(
    model: keras.Model,
    weights: int | None = None,
    activations: int | None = None,
    *,
    calibration: ArrayLike | None = None,
    y: ArrayLike | None = None,
    precision: Mapping[str, Any] | str | None = None,
    target: Any = None,
) -> QuantizedModel:
    """A model whose forward pass is what the hardware computes; its weights are copies of those of ``model``.

    The types are one of three: kernels of ``weights`` bits and values of ``activations`` bits, fitted to the inputs
    ``calibration`` (samples, steps, features); those of ``precision``, a configuration with hls4ml's keys or one type
    for everything; or found by search on ``calibration`` and targets ``y``, as :func:`lmu_hls.auto_precision` does with
    ``target``. Beside ``weights`` and ``activations`` a ``precision`` without types says how things are computed, such
    as ``MemoryUpdate``. Batch normalizations become layers of their own and stay as they are. Raises LmuHlsError for
    what cannot be converted, and for types that do not fit.
    """
    from lmu_hls.training.types import own_config, uniform_types
    from lmu_hls.tuning import tune
    from lmu_hls.tuning.draft import configured_types, draft

    _check(model, weights, activations, calibration, precision)
    model = flat(model)
    twin = keras.models.clone_model(model)
    take_weights(twin, model)
    settings = _settings(twin, precision)
    if weights is not None and activations is not None and calibration is not None:
        source = draft(twin, settings)
        config = own_config(source.config, uniform_types(source, calibration, weights, activations))
    elif precision is not None:
        source = draft(twin, settings)
        config = own_config(source.config, configured_types(twin, source, settings))
    else:
        assert calibration is not None
        found = tune(twin, calibration, y, target, config=settings).config
        keys = draft(twin, found).keys
        config = own_config(found, types_of(found, keys))
    quantized = QuantizedModel(twin, config)
    _ = quantized.program  # whatever does not fit is said here, and not in the first step of a training
    return quantized


def _check(model: keras.Model, weights: Any, activations: Any, calibration: Any, precision: Any) -> None:
    if has_own_types(model):
        raise LmuHlsError(f"model {model.name!r} is quantized already; quantize its float_model with other types")
    if is_stateful(model):
        raise LmuHlsError(
            f"model {model.name!r} is stateful, and training starts every sequence from zero; quantize its "
            "lmu_hls.layers.stateful.without_state(model)"
        )
    if any(tensor.shape[1] is None for tensor in flat(model).inputs):
        raise LmuHlsError(
            f"model {model.name!r} takes sequences of any length, and a batch has one; put keras.layers.Masking behind "
            f"keras.Input((steps, {flat(model).inputs[0].shape[-1]})), with the most steps, and fill up shorter ones "
            "with its value"
        )
    if (weights is None) != (activations is None):
        raise LmuHlsError("weights and activations go together: give both numbers of bits, or neither")
    if weights is not None and _says_types(precision):
        raise LmuHlsError("weights, activations and precision all say types; give precision, or the two others")
    if calibration is None and (weights is not None or precision is None):
        raise LmuHlsError("types are fitted to data: give calibration, an array of inputs, or give precision")


def _says_types(precision: Mapping[str, Any] | str | None) -> bool:
    """Whether ``precision`` says more than how something is computed, such as MemoryUpdate."""
    if not isinstance(precision, Mapping):
        return precision is not None
    sections = [precision.get("Model"), *(precision.get("LayerName") or {}).values()]
    sections += (precision.get("LayerType") or {}).values()
    return any("Precision" in (section or {}) for section in sections)


SCALES = (keras.layers.BatchNormalization, keras.layers.Normalization, keras.layers.Rescaling)


def _settings(model: keras.Model, precision: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """hls4ml's keys; a normalization or rescaling is not folded, since a weight is trained on its own grid."""
    given: dict[str, Any] = {"Model": {"Precision": precision}} if isinstance(precision, str) else {}
    if isinstance(precision, Mapping):
        given = copy.deepcopy(dict(precision))
    layers = given.setdefault("LayerName", {})
    for layer in model.layers:
        if isinstance(layer, keras.layers.PReLU):
            raise LmuHlsError(
                f"layer {layer.name!r}: PReLU cannot be trained on a grid, since its slopes are no matrix; use "
                "LeakyReLU"
            )
        if isinstance(layer, SCALES):
            layers[layer.name] = {**(layers.get(layer.name) or {}), "Fold": False}
    return given
