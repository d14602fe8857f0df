"""The network: a memory without weights, and Dense layers behind its last state."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

import lmu_hls
from examples.psmnist.memory import Floats, state_matrix
from lmu_hls import legendre
from lmu_hls.configurations import PSMNIST

UNITS = (256, 256, 128)
MEMORY = "memory"
SCALE = 128.0  # of the states, for the training: a power of two, which the first kernel takes up


def head() -> list[Any]:
    """The Dense layers, which are all that is trained: 165,770 weights and biases."""
    hidden = [keras.layers.Dense(n, "relu", name=f"dense_{k}") for k, n in enumerate(UNITS, 1)]
    return [*hidden, keras.layers.Dense(PSMNIST.classes, name="logits")]


def whole() -> keras.Model:
    """The network from 784 pixels to ten logits, untrained."""
    memory = lmu_hls.LMU(
        memory_d=1,
        order=PSMNIST.order,
        theta=PSMNIST.theta,
        hidden_cell=None,
        discretizer=PSMNIST.discretizer,
        basis=PSMNIST.basis,
        kernel_initializer=None,
        name=MEMORY,
    )
    return keras.Sequential([keras.Input((PSMNIST.steps, 1), name="pixels"), memory, *head()], name=PSMNIST.name)


def on_states() -> keras.Model:
    """The Dense layers alone, for states that are centred and times SCALE."""
    return keras.Sequential([keras.Input((PSMNIST.order,)), *head()], name="on_states")


def joined(trained: keras.Model, mean: Floats) -> keras.Model:
    """The whole network with the weights of :func:`on_states`, whose states were (mem - ``mean``) SCALE."""
    model = whole()
    kernel, bias, *rest = trained.get_weights()
    bias = bias - (mean * SCALE) @ kernel
    model.set_weights([kernel * SCALE, bias.astype(np.float32), *rest])
    return model


def float_matrix() -> Floats:
    """The matrix from images to states of the float network."""
    return state_matrix(*legendre.discretize(PSMNIST.order, PSMNIST.theta, PSMNIST.discretizer, PSMNIST.basis))
