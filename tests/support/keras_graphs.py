"""Seeded Keras models of every layer that converts, with branches, as :mod:`tests.support.random_keras` converts them.

A graph grows from its input by 2 to 8 random pieces, each a layer or a small branch, one of them an LMU, and ends with
a head on the sequence or on a vector of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.support.lmu_models import lmu

L = keras.layers
WIDTH, LONGEST = 5, 10  # values of a step, steps; about
Piece = Callable[[np.random.Generator, Any], Any]


def random_graph(seed: int) -> keras.Model:
    """The model of ``seed``; its weights are about as large as those of a trained one."""
    rng = np.random.default_rng([seed, 13])
    keras.utils.clear_session()  # names of layers without one are those of a fresh process
    x = keras.Input((_int(rng, 3, 9), _int(rng, 1, 4)), name="x")
    depth = _int(rng, 2, 9)
    h, memory = x, _int(rng, 0, depth)
    for k in range(depth):
        h = _memory(rng, h) if k == memory else _piece(rng, h)
    made = keras.Model(x, _end(rng, h), name=f"graph{seed}")
    _fill(made, rng)
    return made


def random_ends(seed: int) -> keras.Model:
    """A graph of two or three inputs, joined after some pieces of their own, with two or three outputs."""
    rng = np.random.default_rng([seed, 14])
    keras.utils.clear_session()
    steps = _int(rng, 3, 8)
    inputs = [keras.Input((steps, _int(rng, 1, 4)), name=name) for name in ("left", "right", "top")[: _int(rng, 2, 4)]]
    branches = []
    for h in inputs:
        for _ in range(_int(rng, 0, 3)):
            h = _pick(rng, *KEEPING)(rng, h)
        branches.append(h)
    h = L.Concatenate()(branches)
    outputs = [L.Dense(2, _pick(rng, None, "tanh"))(_pick(rng, branches[0], h))] if rng.random() < 0.5 else []
    h = _memory(rng, h)
    outputs.append(L.Dense(_int(rng, 1, 4), _pick(rng, None, "relu"))(h))
    for _ in range(_int(rng, 0, 3)):
        h = _piece(rng, h)
    outputs.append(_end(rng, h))
    made = keras.Model(inputs, outputs, name=f"ends{seed}")
    _fill(made, rng)
    return made


def _int(rng: np.random.Generator, low: int, high: int) -> int:
    """low <= value < high."""
    return int(rng.integers(low, high))


def _pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _memory(rng: np.random.Generator, h: Any, sequences: bool = True) -> Any:
    hidden = _pick(rng, "tanh", "relu", "sigmoid", None, L.GRUCell(2), L.SimpleRNNCell(3))
    flags = tuple(bool(flag) for flag in rng.random(3) < 0.4)
    options = {"order": _int(rng, 1, 5), "memory_d": _int(rng, 1, 3), "theta": float(rng.uniform(4, 12))}
    layer = lmu(hidden, flags, return_sequences=sequences, **options)
    return L.Bidirectional(layer, _pick(rng, "concat", "sum"))(h) if rng.random() < 0.15 else layer(h)


def _recurrent(rng: np.random.Generator, h: Any, sequences: bool = True) -> Any:
    """A recurrent layer without a memory: one of Keras's, in both directions, or several cells, one on the other."""
    units = _int(rng, 1, 4)
    if rng.random() < 0.2:
        cells = [L.GRUCell(2), L.SimpleRNNCell(units)]
        return L.RNN(cells, return_sequences=sequences)(h)
    make, options = _pick(rng, (L.LSTM, {}), (L.GRU, {"reset_after": rng.random() < 0.5}), (L.SimpleRNN, {}))
    layer = make(units, return_sequences=sequences, go_backwards=rng.random() < 0.1, **options)
    return L.Bidirectional(layer, merge_mode=_pick(rng, "concat", "sum"))(h) if rng.random() < 0.25 else layer(h)


def _piece(rng: np.random.Generator, h: Any) -> Any:
    """One of the pieces that ``h`` is long enough for; few lengthen it when it is long."""
    steps = h.shape[1]
    pieces = [piece for piece, least, most in PIECES if least <= steps <= most]
    return _pick(rng, *pieces)(rng, h)


def _conv(rng: np.random.Generator, h: Any) -> Any:
    size, padding = _int(rng, 1, 4), _pick(rng, "valid", "same", "causal")
    own = {"dilation_rate": 2} if size == 2 and rng.random() < 0.4 else {"strides": _int(rng, 1, 3)}
    activation = _pick(rng, None, "relu", "tanh")
    if rng.random() < 0.3:
        padding = "same" if padding == "causal" else padding  # which Keras does not have there
        return L.DepthwiseConv1D(size, padding=padding, activation=activation, **own)(h)
    return L.Conv1D(_int(rng, 1, WIDTH), size, padding=padding, activation=activation, **own)(h)


def _dense(rng: np.random.Generator, h: Any) -> Any:
    layer = L.Dense(_int(rng, 1, WIDTH), _pick(rng, None, "relu", "sigmoid", "silu", "hard_sigmoid"))
    return L.TimeDistributed(layer)(h) if rng.random() < 0.2 else layer(h)


def _pool(rng: np.random.Generator, h: Any) -> Any:
    size, stride = _int(rng, 1, 4), _int(rng, 1, 4)
    if rng.random() < 0.5:
        return L.MaxPooling1D(size, stride, _pick(rng, "valid", "same"))(h)
    return L.AveragePooling1D(size, stride)(h)


def _pointwise(rng: np.random.Generator, h: Any) -> Any:
    make = _pick(rng, L.ReLU, L.LeakyReLU, L.ELU, L.PReLU, L.BatchNormalization, L.BatchNormalization)
    if make is L.PReLU:
        return L.PReLU(shared_axes=[1])(h)
    if make is L.ReLU:
        return L.ReLU(_pick(rng, None, 1.5), _pick(rng, 0.0, 0.25), _pick(rng, 0.0, 0.5))(h)
    return make()(h)


def _scaled(rng: np.random.Generator, h: Any) -> Any:
    return _pick(rng, L.Rescaling(0.5, 0.25), L.Activation("tanh"), L.Activation("softsign"), L.GaussianNoise(0.1))(h)


def _residual(rng: np.random.Generator, h: Any) -> Any:
    """The way around a layer, beside what it gives."""
    steps, width = h.shape[1:]
    inside = _pick(
        rng,
        lambda: L.Dense(width, "tanh")(h),
        lambda: L.Conv1D(width, min(3, steps), padding=_pick(rng, "same", "causal"))(h),
        lambda: lmu(None, (False, False, False), order=width, memory_d=1, theta=6.0)(h),
    )()
    return _pick(rng, L.Add(), L.Subtract(), L.Multiply(), L.Average(), L.Maximum(), L.Minimum())([inside, h])


def _beside(rng: np.random.Generator, h: Any) -> Any:
    others = [
        L.Dense(_int(rng, 1, 3), "relu")(h),
        L.Conv1D(1, min(2, h.shape[1]), padding="causal")(h) if rng.random() < 0.5 else h,
    ]
    return L.Concatenate()([*others, h] if rng.random() < 0.2 else others)


def _slice(rng: np.random.Generator, h: Any) -> Any:
    return _pick(rng, h[:, 1:], h[:, :-1], h[:, ::2], h[:, ::-1], L.Cropping1D((1, 0))(h))


def _pad(rng: np.random.Generator, h: Any) -> Any:
    return L.ZeroPadding1D((_int(rng, 0, 3), _int(rng, 0, 2)))(h)


def _again(rng: np.random.Generator, h: Any) -> Any:
    """A vector of the sequence as a sequence once more."""
    vector = _pick(rng, L.GlobalAveragePooling1D(), L.GlobalMaxPooling1D())(h)
    return L.RepeatVector(_int(rng, 2, 5))(vector)


KEEPING = (_dense, _pointwise, _scaled, _residual, _beside, _recurrent)  # pieces that leave the steps as they are
PIECES: tuple[tuple[Piece, int, int], ...] = (  # with the fewest and the most steps that they are for
    (_conv, 4, 99),
    (_dense, 1, 99),
    (_pool, 4, 99),
    (_pointwise, 1, 99),
    (_scaled, 1, 99),
    (_residual, 1, 99),
    (_beside, 1, 99),
    (_slice, 3, 99),
    (_pad, 1, LONGEST),
    (_again, 1, 99),
    (_memory, 1, 99),
    (_recurrent, 1, 99),
)


def _end(rng: np.random.Generator, h: Any) -> Any:
    """The sequence, its steps with a head on each, or a vector with one."""
    ends = ["sequence", "steps", "last", "first", "mean", "largest", "flat", "memory", "recurrent"]
    end = str(rng.choice(ends))
    if end == "sequence":
        return L.Dense(2)(h)
    vectors = {"steps": lambda: h, "last": lambda: h[:, -1], "first": lambda: h[:, 0], "flat": lambda: L.Flatten()(h)}
    vectors |= {"mean": lambda: L.GlobalAveragePooling1D()(h), "largest": lambda: L.GlobalMaxPooling1D()(h)}
    vectors["memory"] = lambda: _memory(rng, h, sequences=False)
    vectors["recurrent"] = lambda: _recurrent(rng, h, sequences=False)
    return L.Dense(_int(rng, 1, 4), _pick(rng, None, "relu", "sigmoid", "tanh", "softmax"))(vectors[end]())


def _fill(model: keras.Model, rng: np.random.Generator) -> None:
    """Weights of a size that keeps values between layers about as large, and statistics as after training."""
    for weight in model.trainable_weights:
        fan = int(np.prod(weight.shape[:-1])) or 1
        weight.assign(rng.uniform(-1, 1, weight.shape) * min(1.0, 1.7 / np.sqrt(fan)))
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape))
            layer.moving_mean.assign(rng.uniform(-0.5, 0.5, layer.gamma.shape))
            layer.moving_variance.assign(rng.uniform(0.3, 1.5, layer.gamma.shape))
