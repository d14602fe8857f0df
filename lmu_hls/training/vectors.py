"""Functions of all values of a tensor at once that are no sums, in keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from lmu_hls.fixed import to_float
from lmu_hls.spec import Pool, Softmax, VectorFunction
from lmu_hls.spec.layers.mean import Mean
from lmu_hls.spec.layers.rectify import Rectify
from lmu_hls.training.arithmetic import (
    assign,
    cast,
    check_exact,
    constant,
    exact,
    integers,
    least,
    straight_through,
    whole,
)
from lmu_hls.training.masked import Counted

GUARD = 2  # bits below the result's: half an LSB, and whether anything is left below that


def softmax(layer: Softmax, x: Any) -> Any:
    """The layer's output for x (..., n), with the gradient of the softmax itself."""
    powers_of = layer.exp.values
    largest = int(powers_of.values.max())
    check_exact(f"{layer.name}: quotient", largest << (layer.out.fraction + GUARD))
    values = ops.stop_gradient(x)
    distance = ops.max(values, axis=-1, keepdims=True) - values + layer.up * layer.x.lsb
    place = ops.cast(integers(distance, layer.index), "int32")
    powers = ops.take(constant(to_float(powers_of.values, powers_of.type) / powers_of.type.lsb), place)
    total = ops.sum(powers, axis=-1, keepdims=True)
    return straight_through(_quotient(layer, powers, total), ops.softmax(x, axis=-1))


def pool(layer: Pool, x: Any) -> Any:
    """The layer's output for the steps of a window side by side."""
    n = int(x.shape[-1]) // layer.window.size
    steps = ops.reshape(x, (-1, *x.shape[1:-1], layer.window.size, n))
    if layer.reciprocal is None:
        return ops.max(steps, axis=-2)
    factors = layer.reciprocals
    check_exact(f"{layer.name}: average", layer.window.size * layer.x.max_abs * int(np.abs(factors.values).max()))
    each = to_float(factors.values, factors.type)
    return assign(ops.sum(steps, axis=-2) * constant(each if layer.window.vector else each[:, np.newaxis]), layer.out)


def mean(layer: Mean, x: Any, counted: Counted | None) -> Any:
    """The average (batch, n) of the steps of x (batch, steps, n) that count; of all where nothing says which do."""
    finest = max(layer.x.fraction, layer.out.fraction + GUARD - 1)  # of the sum and of the quotient
    check_exact(f"{layer.name}: average", layer.steps * layer.x.max_abs << (finest - layer.x.fraction))
    total = ops.sum(x if counted is None else counted.only(x), axis=1)
    steps = constant(float(layer.steps)) if counted is None else cast(counted.steps)
    return straight_through(_quotient(layer, ops.stop_gradient(total), steps), total / steps)


def rectify(layer: Rectify, x: Any) -> Any:
    """The layer's output for x (..., n); its slopes are constants."""
    check_exact(f"{layer.name}: product", layer.exact.max_abs)
    threshold = float(layer.threshold.values[0] * layer.threshold.type.lsb)
    below = (x - threshold) * constant(to_float(layer.slope.values, layer.slope.type))
    value = ops.where(x > threshold, x, below)
    if layer.most is not None:
        value = least(value, constant(float(layer.most.values[0] * layer.most.type.lsb)))
    return assign(value, layer.out)


def _quotient(layer: Softmax | Mean, numerator: Any, denominator: Any) -> Any:
    """The exact quotient by a whole number, assigned to the type of the layer, without a gradient of use."""
    quotient, rest = _divide(numerator * 2.0 ** (layer.out.fraction + GUARD - 1), denominator)
    value = 2.0 * quotient + ops.where(rest != 0, ops.ones_like(rest), ops.zeros_like(rest))
    return exact(value * 2.0 ** -(layer.out.fraction + GUARD), layer.out)


def _divide(numerator: Any, denominator: Any) -> tuple[Any, Any]:
    """Quotient and rest of whole numbers held in floats; a quotient that was rounded up is put right."""
    quotient = whole(numerator / denominator)
    rest = numerator - quotient * denominator
    high = ops.where(rest < 0, ops.ones_like(rest), ops.zeros_like(rest))
    return quotient - high, rest + high * denominator


# Each takes the function of the contract and values (..., n)
EQUATIONS: Mapping[type[VectorFunction], Callable[..., Any]] = {
    Softmax: softmax,
    Pool: pool,
    Rectify: rectify,
}
