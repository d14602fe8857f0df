"""Seeded Keras models of every layer that converts, with branches, as :mod:`tests.support.random_keras` converts them.

A graph grows from its input by 2 to 8 random pieces, each a layer or a small branch, one of them an LMU, and ends with
a head on the sequence or on a vector of it. The pieces are those of :mod:`tests.support.keras_pieces`, which have the
names of the registries; each has its turn, and behind them each function, so that as many seeds have them all.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.support.keras_pieces import (
    ACTIVATIONS,
    FUNCTION_PIECES,
    OPERATORS,
    PIECES,
    Rng,
    both,
    draw,
    memory,
    pick,
    recurrent,
    stacked,
)

L = keras.layers
EVERY = tuple([*PIECES.values(), *OPERATORS.values()])
TURNS = (*EVERY, *FUNCTION_PIECES.values())


def random_graph(seed: int) -> keras.Model:
    """The model of ``seed``; its weights are about as large as those of a trained one."""
    rng = np.random.default_rng([seed, 13])
    keras.utils.clear_session(free_memory=False)  # names of layers without one are those of a fresh process
    x = keras.Input((draw(rng, 4, 10), draw(rng, 1, 4)), name="x")
    depth, in_turn = draw(rng, 2, 9), TURNS[seed % len(TURNS)]
    anywhere = (in_turn.least, in_turn.most, in_turn.first) == (1, 99, False)
    turn, remembers, h = draw(rng, 0, depth) if anywhere else 0, draw(rng, 0, depth), x
    for k in range(depth):
        if k == turn:
            h = in_turn.make(rng, h)
        h = memory(rng, h) if k == remembers else _piece(rng, h, EVERY)
    built = keras.Model(x, _end(rng, h), name=f"graph{seed}")
    fill(built, rng)
    return built


def random_ends(seed: int) -> keras.Model:
    """A graph of two or three inputs, joined after some pieces of their own, with two or three outputs."""
    rng = np.random.default_rng([seed, 14])
    keras.utils.clear_session(free_memory=False)
    steps = draw(rng, 3, 8)
    inputs = [keras.Input((steps, draw(rng, 1, 4)), name=name) for name in ("left", "right", "top")[: draw(rng, 2, 4)]]
    branches = []
    for h in inputs:
        for _ in range(draw(rng, 0, 3)):
            h = _piece(rng, h, [piece for piece in EVERY if piece.keeps])
        branches.append(h)
    h = L.Concatenate()(branches)
    outputs = [L.Dense(2, pick(rng, None, "tanh"))(pick(rng, branches[0], h))] if rng.random() < 0.5 else []
    h = memory(rng, h)
    outputs.append(L.Dense(draw(rng, 1, 4), pick(rng, None, "relu"))(h))
    for _ in range(draw(rng, 0, 3)):
        h = _piece(rng, h, EVERY)
    outputs.append(_end(rng, h))
    built = keras.Model(inputs, outputs, name=f"ends{seed}")
    fill(built, rng)
    return built


def _piece(rng: Rng, h: Any, pieces: Any) -> Any:
    """One of the pieces that fit behind ``h``, wherever it stands."""
    return pick(rng, *[piece for piece in pieces if piece.fits(h)]).make(rng, h)


def _end(rng: Rng, h: Any) -> Any:
    """The sequence, its steps with a head on each, or a vector with one, with layers between that take vectors."""
    ends = ["sequence", "steps", "last", "first", "mean", "largest", "flat", "memory", "recurrent", "both", "stacked"]
    end = str(rng.choice(ends))
    if end == "sequence":
        return L.Dense(2)(h)
    vectors = {"steps": lambda: h, "last": lambda: h[:, -1], "first": lambda: h[:, 0], "flat": lambda: L.Flatten()(h)}
    vectors |= {"mean": lambda: L.GlobalAveragePooling1D()(h), "largest": lambda: L.GlobalMaxPooling1D()(h)}
    vectors["memory"] = lambda: memory(rng, h, sequences=False)
    vectors["recurrent"] = lambda: recurrent(rng, h, pick(rng, "LSTM", "GRU", "SimpleRNN"), sequences=False)
    vectors |= {"both": lambda: both(rng, h, sequences=False), "stacked": lambda: stacked(rng, h, sequences=False)}
    vector = vectors[end]()
    for _ in range(draw(rng, 0, 3) if len(vector.shape) == 2 else 0):
        vector = _piece(rng, vector, EVERY)
    return L.Dense(draw(rng, 1, 4), pick(rng, None, "relu", "sigmoid", "tanh", "softmax", *ACTIVATIONS[-1:]))(vector)


def operations(model: keras.Model) -> list[Any]:
    """The layers and operators that a model calls, those of models inside it, too."""
    found = []
    for operation in getattr(model, "_functional", model).operations:  # of a Sequential, what it holds
        found += [operation, *(operations(operation) if isinstance(operation, keras.Model) else [])]
    return found


def fill(model: keras.Model, rng: Rng) -> None:
    """Weights of a size that keeps values between layers about as large, and statistics as after training."""
    for weight in model.trainable_weights:
        fan = int(np.prod(weight.shape[:-1])) or 1
        weight.assign(rng.uniform(-1, 1, weight.shape) * min(1.0, 1.7 / np.sqrt(fan)))
    for layer in model._flatten_layers():
        if isinstance(layer, L.BatchNormalization):
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape))
            layer.moving_mean.assign(rng.uniform(-0.5, 0.5, layer.gamma.shape))
            layer.moving_variance.assign(rng.uniform(0.3, 1.5, layer.gamma.shape))
