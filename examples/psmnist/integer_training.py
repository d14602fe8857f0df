"""The types of the hardware, and the last epochs of training on its integers.

All that is trained has 8 bits: kernels and biases. The constants of the memory, which are not trained, have 12 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

import lmu_hls
from examples.psmnist import network
from examples.psmnist.data import Mnist
from examples.psmnist.distortions import distorted_states
from examples.psmnist.float_training import BATCH, loss
from examples.psmnist.memory import Singles, integer_matrix, states
from lmu_hls.fixed import FixedType
from lmu_hls.training import Behind, QuantizedModel
from lmu_hls.training.types import fitted

SEED = 2
EPOCHS = 10
RATE = 2e-4
WEIGHTS = 8  # bits of kernels and biases
VALUES = 12  # bits of what the Dense layers give
SAMPLE = 2000  # images to which types are fitted
MEMORY_TYPES = {
    "u": FixedType(9, 1),
    "lam": FixedType(12, 1),
    "gam": FixedType(12, 0),
    "kap": FixedType(12, 1),
    "bet": FixedType(12, -4),
    "sweep": FixedType(21, 2),
    "mem": FixedType(18, 2),
    "result": FixedType(18, 2),
}


def quantized(model: keras.Model, mnist: Mnist) -> QuantizedModel:
    """The float model on integers, with the types that leave the least error on some training images."""
    return lmu_hls.quantize(
        model, precision=configuration(model, states(mnist.x_train[:SAMPLE], network.float_matrix()))
    )


def configuration(model: keras.Model, inputs: Singles) -> dict[str, Any]:
    """hls4ml's keys for the model, whose Dense layers get the states ``inputs`` (samples, order)."""
    layers: dict[str, Any] = {
        "pixels": _precision({"result": FixedType(9, 1)}),
        network.MEMORY: {"MemoryUpdate": "tridiagonal", **_precision(MEMORY_TYPES)},
    }
    values = np.asarray(inputs, np.float64)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Dense):
            continue
        kernel, bias = layer.get_weights()
        values = values @ kernel + bias
        types = {"weight": fitted(kernel, WEIGHTS), "bias": fitted(bias, WEIGHTS), "result": fitted(values, VALUES)}
        layers[layer.name] = _precision(types)
        if layer.activation is keras.activations.relu:
            values = np.maximum(values, 0.0)
            layers[f"{layer.name}_relu"] = _precision({"result": fitted(values, VALUES)})
    return {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1024}, "LayerName": layers}


def train(
    model: QuantizedModel, mnist: Mnist, epochs: int = EPOCHS, progress: Callable[[int], None] = lambda done: None
) -> None:
    """Train the Dense layers in place, on states as the integer memory makes them but for its own roundings."""
    keras.utils.set_random_seed(SEED)
    matrix, rng = integer_matrix(model.program.network), np.random.default_rng(SEED)
    behind = Behind(model, network.MEMORY)
    steps = epochs * -(-len(mnist.x_train) // BATCH)
    behind.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)), loss())
    for epoch in range(epochs):
        behind.fit(distorted_states(mnist.x_train, matrix, rng), mnist.y_train, batch_size=BATCH, verbose=0)
        progress(epoch + 1)


def _precision(types: Mapping[str, FixedType]) -> dict[str, Any]:
    return {"Precision": {name: str(kind) for name, kind in types.items()}}
