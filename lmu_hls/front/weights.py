"""The one place that reads a weight of a Keras layer: in float64, and with the scale where Keras stores integers.

``layer.quantize(mode)`` replaces the kernel of a Dense layer by integers q and a scale. The weight that Keras then
computes with is, by the code of keras.layers.Dense (Keras 3.15):

    int8    q / s, a scale s for each output
    int4    q / s, with two q in a byte along the last axis; with a block size (q - z) s, for each block of inputs
    float8  the kernel rounded to float8_e4m3fn on the scale that was trained; the bias rounded to bfloat16

A LoRA of a quantized layer adds (alpha / rank) A B. Keras rounds the layer's *inputs* too, to eight bits: hardware does
not, the input has the fixed-point type of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError

Floats = NDArray[np.float64]


def layer_weight(layer: Any, name: str) -> Floats | None:
    """The values of weight ``name`` that ``layer`` computes with, or None where it has no such weight.

    Raises LmuHlsError for a quantization mode that is not known here, and for integers without one.
    """
    mode = getattr(layer, "quantization_mode", None)
    if mode is not None and mode not in KERNELS:
        raise LmuHlsError(
            f"layer {layer.name!r}: Keras's quantization mode {mode!r} is not supported; convert the model as it "
            f"was before quantize({mode!r}), or quantize it with {', '.join(map(repr, KERNELS))}"
        )
    if mode is not None and name == "kernel":
        return KERNELS[mode](layer)
    trained = f"q{name}" if type(layer).__module__.partition(".")[0] == "hgq" else name  # with the types of HGQ2
    value = getattr(layer, trained, None)
    if value is None:
        return None
    return _rounded_bias(layer, value) if mode == "float8" else _float64(value, layer, name)


def _scaled_integers(layer: Any) -> Floats:
    """Kernel of an int8 layer."""
    return _numpy(layer._kernel) / _numpy(layer.kernel_scale) + _lora(layer)


def _packed_integers(layer: Any) -> Floats:
    """Kernel of an int4 layer."""
    import keras

    integers = _numpy(keras.quantizers.unpack_int4(layer._kernel, layer._orig_output_dim, axis=-1))
    scale, block = _numpy(layer.kernel_scale), getattr(layer, "_int4_block_size", None)
    if block is None or block == -1:
        return integers / scale + _lora(layer)
    group = _numpy(layer.g_idx).astype(np.int64)
    return (integers - _numpy(layer.kernel_zero)[group]) * scale[group] + _lora(layer)


def _float8(layer: Any) -> Floats:
    """Kernel of a float8 layer; Keras gives it no LoRA."""
    from keras.quantizers import quantize_and_dequantize

    return _numpy(quantize_and_dequantize(layer._kernel, layer.kernel_scale, "float8_e4m3fn", layer.compute_dtype))


def _rounded_bias(layer: Any, bias: Any) -> Floats:
    import keras

    return _numpy(keras.ops.cast(bias, "bfloat16")) if layer.compute_dtype == "float32" else _numpy(bias)


KERNELS: dict[str, Callable[[Any], Floats]] = {
    "int8": _scaled_integers,
    "int4": _packed_integers,
    "float8": _float8,
}


def _lora(layer: Any) -> Floats | float:
    if not getattr(layer, "lora_enabled", False):
        return 0.0
    product = _numpy(layer.lora_kernel_a) @ _numpy(layer.lora_kernel_b)
    return np.asarray(layer.lora_alpha / layer.lora_rank * product, np.float64)


def _float64(value: Any, layer: Any, name: str) -> Floats:
    import keras

    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype)):
        raise LmuHlsError(
            f"layer {layer.name!r}: weight {name!r} holds {value.dtype} values, and nothing says what they stand for; "
            "give the layer a float dtype"
        )
    return _numpy(value)


def _numpy(value: Any) -> Floats:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value), np.float64)
