"""Random layers for :mod:`tests.support.keras_graphs`, by the names of the registries that they are drawn from.

:data:`PIECES` has one for each class of keras.layers that a reader of ``lmu_hls/front/graph/layers`` names, and for
what becomes several layers; :data:`OPERATORS` one for each operator of ``lmu_hls/front/operators.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lmu_hls.activations import FUNCTIONS, PASSING
from tests.support.lmu_models import lmu

L, ops = keras.layers, keras.ops
WIDTH, LONGEST = 5, 10  # values of a step, steps; about
Rng = np.random.Generator
Make = Callable[[Rng, Any], Any]  # what a piece makes of a tensor, (batch, steps, width) or (batch, width)
# exponential has no bound to what it makes of a large argument, and stands behind a tanh
ACTIVATIONS = tuple(name for name in FUNCTIONS if name != "exponential")


@dataclass(frozen=True)
class Piece:
    """One layer or few, for sequences of ``least`` to ``most`` steps. ``keeps``: they stay as they are, and ``vectors``
    may come, too. ``first``: only on the input itself, whose values are the same in Keras and in fixed point, since it
    jumps."""

    make: Make
    least: int = 1
    most: int = 99
    keeps: bool = False
    vectors: bool = False
    first: bool = False

    def fits(self, h: Any, at_input: bool = False) -> bool:
        """Whether it may stand behind a tensor."""
        if self.first and not at_input:
            return False
        return self.vectors if len(h.shape) == 2 else self.least <= h.shape[1] <= self.most


def draw(rng: Rng, low: int, high: int) -> int:
    """low <= value < high."""
    return int(rng.integers(low, high))


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def memory(rng: Rng, h: Any, sequences: bool = True) -> Any:
    functions = [str(rng.choice(ACTIVATIONS)) for _ in range(2)]
    cells = (L.GRUCell(2), L.SimpleRNNCell(3, pick(rng, "tanh", "relu")), L.LSTMCell(2))
    hidden = pick(rng, "tanh", "relu", None, *functions, *cells)
    flags = tuple(bool(flag) for flag in rng.random(3) < 0.4)
    options = {"order": draw(rng, 1, 5), "memory_d": draw(rng, 1, 3), "theta": float(rng.uniform(4, 12))}
    options |= {"discretizer": pick(rng, "zoh", "bilinear"), "basis": pick(rng, "legendre", "orthonormal")}
    options |= {"use_bias": rng.random() < 0.7, "go_backwards": rng.random() < 0.1}
    return lmu(hidden, flags, return_sequences=sequences, **options)(h)


def both(rng: Rng, h: Any, sequences: bool = True) -> Any:
    """Both directions of a layer, of an LMU half of the time."""
    flags = tuple(bool(flag) for flag in rng.random(3) < 0.4)
    options = {"order": draw(rng, 1, 4), "memory_d": 1, "theta": float(rng.uniform(4, 12))}
    layers = (L.LSTM(2, return_sequences=sequences), L.GRU(1, return_sequences=sequences))
    layer = pick(rng, *layers) if rng.random() < 0.5 else lmu("tanh", flags, return_sequences=sequences, **options)
    mode = pick(rng, "concat", "sum", "mul", "ave", None)
    out = L.Bidirectional(layer, merge_mode=mode)(h)
    return L.Subtract()(out) if mode is None else out


def recurrent(rng: Rng, h: Any, kind: str, sequences: bool = True) -> Any:
    """A recurrent layer without a memory."""
    own = {"reset_after": rng.random() < 0.5} if kind == "GRU" else {}
    own |= {"use_bias": rng.random() < 0.8, "go_backwards": rng.random() < 0.1}
    return getattr(L, kind)(draw(rng, 1, 4), return_sequences=sequences, **own)(h)


def stacked(rng: Rng, h: Any, sequences: bool = True) -> Any:
    """Several cells, one on the other."""
    cells = [pick(rng, L.GRUCell(2), L.LSTMCell(1)), L.SimpleRNNCell(draw(rng, 1, 4))]
    return L.RNN(cells, return_sequences=sequences)(h)


def _activation(rng: Rng, h: Any) -> Any:
    name = str(rng.choice([*ACTIVATIONS, "exponential"]))
    return L.Activation(name)(L.Activation("tanh")(h) if name == "exponential" else h)


def _of_function(name: str) -> Make:
    """A function as a layer, in a Dense layer, or in a cell that is not fed back."""

    def make(rng: Rng, h: Any) -> Any:
        h = L.Activation("tanh")(h) if name == "exponential" else h
        cell = lmu(name, (False, False, True), order=2, memory_d=1, theta=6.0)
        layers = (L.Activation(name), L.Dense(draw(rng, 1, WIDTH), name), *([cell] if len(h.shape) == 3 else []))
        return pick(rng, *layers)(h)

    return make


def _relu(rng: Rng, h: Any) -> Any:
    return L.ReLU(pick(rng, None, 1.5), pick(rng, 0.0, 0.25), pick(rng, 0.0, 0.5))(h)


def _prelu(rng: Rng, h: Any) -> Any:
    return L.PReLU(shared_axes=None if len(h.shape) == 2 else pick(rng, [1], [1, 2]))(h)


def _separable(rng: Rng, h: Any) -> Any:
    size, multiplier = draw(rng, 1, 4), draw(rng, 1, 3)
    own = {"padding": pick(rng, "valid", "same"), "depth_multiplier": multiplier, "use_bias": rng.random() < 0.8}
    return L.SeparableConv1D(draw(rng, 1, WIDTH), size, activation=pick(rng, None, "relu"), **own)(h)


def _conv(rng: Rng, h: Any, kind: str) -> Any:
    size, padding = draw(rng, 1, 4), pick(rng, "valid", "same", "causal")
    own = {"dilation_rate": 2} if size == 2 and rng.random() < 0.4 else {"strides": draw(rng, 1, 3)}
    own |= {"activation": pick(rng, None, "relu", "tanh"), "use_bias": rng.random() < 0.8}
    if kind == "DepthwiseConv1D":
        padding = "same" if padding == "causal" else padding  # which Keras does not have there
        return L.DepthwiseConv1D(size, padding=padding, depth_multiplier=draw(rng, 1, 3), **own)(h)
    width = int(h.shape[-1])
    groups = width if rng.random() < 0.2 else 1
    filters = groups if groups > 1 else draw(rng, 1, WIDTH)
    return L.Conv1D(filters, size, padding=padding, groups=groups, **own)(h)


def _dense(rng: Rng, h: Any) -> Any:
    return L.Dense(draw(rng, 1, WIDTH), pick(rng, None, "relu", str(rng.choice(ACTIVATIONS))))(h)


def _distributed(rng: Rng, h: Any) -> Any:
    layers = (L.Dense(draw(rng, 1, WIDTH), pick(rng, None, "relu", "sigmoid")), L.BatchNormalization(), L.ReLU())
    inner = keras.Sequential([L.Dense(draw(rng, 1, WIDTH), "tanh"), L.BatchNormalization()])
    return L.TimeDistributed(pick(rng, *layers, inner, L.Activation("tanh"), L.LayerNormalization(), L.Dropout(0.2)))(h)


def _discretization(rng: Rng, h: Any) -> Any:
    bounds = np.sort(rng.uniform(-0.9, 0.9, draw(rng, 1, 4)))
    return L.Rescaling(0.4, -0.5)(L.Discretization(bin_boundaries=[float(bound) for bound in bounds])(h))


def _normalization(rng: Rng, h: Any) -> Any:
    width = int(h.shape[-1])
    mean, variance = rng.uniform(-0.5, 0.5, width), rng.uniform(0.3, 1.5, width)
    return L.Normalization(mean=mean, variance=variance, invert=rng.random() < 0.2)(h)


def _rescaling(rng: Rng, h: Any) -> Any:
    return L.Rescaling(pick(rng, 0.5, 2.0, -0.75), pick(rng, 0.0, 0.25))(h)


def _layer_normalization(rng: Rng, h: Any) -> Any:
    return L.LayerNormalization(center=rng.random() < 0.7, scale=rng.random() < 0.7)(h)


def _merge(rng: Rng, h: Any, kind: str) -> Any:
    """What a layer makes, and the way around it; now and then a third tensor, whose product is too wide."""
    steps, width = h.shape[1:]
    inside = pick(
        rng,
        lambda: L.Dense(width, "tanh")(h),
        lambda: L.Conv1D(width, min(3, steps), padding=pick(rng, "same", "causal"))(h),
        lambda: lmu(None, (False, False, False), order=width, memory_d=1, theta=6.0)(h),
    )()
    three = kind not in ("Subtract", "Multiply") and rng.random() < 0.2
    return getattr(L, kind)()([inside, h, L.Dense(width)(h)] if three else [inside, h])


def _concatenate(rng: Rng, h: Any) -> Any:
    others = [L.Dense(draw(rng, 1, 3), "relu")(h)]
    others.append(L.Conv1D(1, min(2, h.shape[1]), padding="causal")(h) if rng.random() < 0.5 else h)
    return L.Concatenate()([*others, h] if rng.random() < 0.2 else others)


def _pool(rng: Rng, h: Any, kind: str) -> Any:
    size, stride = draw(rng, 1, 4), draw(rng, 1, 4)
    return getattr(L, kind)(size, stride, pick(rng, "valid", "same"))(h)


def _of_all(rng: Rng, h: Any, kind: str) -> Any:
    """A vector of the sequence, as a sequence once more."""
    if rng.random() < 0.3:
        return getattr(L, kind)(keepdims=True)(h)
    return _again(rng, getattr(L, kind)()(h))


def _again(rng: Rng, vector: Any) -> Any:
    return L.RepeatVector(draw(rng, 2, 5))(vector)


def _flatten(rng: Rng, h: Any) -> Any:
    return _again(rng, L.Dense(draw(rng, 1, WIDTH), pick(rng, None, "relu"))(L.Flatten()(h)))


def _reshape(rng: Rng, h: Any) -> Any:
    steps, width = h.shape[1:]
    return L.Reshape((-1, 2 * width) if steps % 2 == 0 and width < WIDTH else (steps, width))(h)


def _pad(rng: Rng, h: Any) -> Any:
    return L.ZeroPadding1D((draw(rng, 0, 3), draw(rng, 0, 2)))(h)


def _softmax(rng: Rng, h: Any) -> Any:
    return L.Softmax()(h)


def _twice(rng: Rng, h: Any) -> Any:
    """One layer at two places, with other values."""
    layer = L.Dense(int(h.shape[-1]), "tanh")
    return layer(layer(h))


def _sequential(rng: Rng, h: Any) -> Any:
    """A model as a layer."""
    width = draw(rng, 1, WIDTH)
    return keras.Sequential([L.Dense(width, "relu"), L.Dropout(0.1), L.Dense(width, "tanh")])(h)


def _functional(rng: Rng, h: Any) -> Any:
    """A model with a branch as a layer."""
    x = keras.Input(h.shape[1:])
    return keras.Model(x, L.Add()([L.Dense(int(h.shape[-1]), "sigmoid")(x), x]))(h)


def _with(make: Callable[..., Any], kind: str) -> Make:
    return lambda rng, h: make(rng, h, kind)


def _passing(kind: str) -> Piece:
    options = {"ActivityRegularization": (), "Identity": ()}.get(kind, (0.3,))
    return Piece(lambda rng, h: getattr(L, kind)(*options)(h), keeps=True, vectors=kind != "SpatialDropout1D")


def _each(make: Make) -> Piece:
    """A piece that works on the last axis."""
    return Piece(make, keeps=True, vectors=True)


# By the class of keras.layers
PIECES: Mapping[str, Piece] = {
    **{kind: _passing(kind) for kind in PASSING},
    "Activation": _each(_activation),
    "ELU": _each(lambda rng, h: L.ELU(pick(rng, 1.0, 0.7))(h)),
    "ReLU": _each(_relu),
    "LeakyReLU": _each(lambda rng, h: L.LeakyReLU(pick(rng, 0.3, 0.01))(h)),
    "PReLU": _each(_prelu),
    "Softmax": _each(_softmax),
    "Dense": _each(_dense),
    "BatchNormalization": _each(lambda rng, h: L.BatchNormalization()(h)),
    "Normalization": _each(_normalization),
    "Rescaling": _each(_rescaling),
    "LayerNormalization": _each(_layer_normalization),
    "RMSNormalization": _each(lambda rng, h: L.RMSNormalization()(h)),
    "UnitNormalization": _each(lambda rng, h: L.UnitNormalization()(h)),
    "Discretization": Piece(_discretization, keeps=True, first=True),
    "TimeDistributed": Piece(_distributed, keeps=True),
    **{kind: Piece(_with(_conv, kind), least=4) for kind in ("Conv1D", "DepthwiseConv1D")},
    "SeparableConv1D": Piece(_separable, least=4),
    **{
        kind: Piece(_with(_merge, kind), keeps=True)
        for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Concatenate": Piece(_concatenate, keeps=True),
    "Flatten": Piece(_flatten),
    "Reshape": Piece(_reshape),
    "Permute": Piece(lambda rng, h: L.Permute((1, 2))(h), keeps=True),
    "Cropping1D": Piece(lambda rng, h: L.Cropping1D(pick(rng, (1, 0), (0, 1), (1, 1)))(h), least=3),
    "ZeroPadding1D": Piece(_pad, most=LONGEST),
    "RepeatVector": Piece(lambda rng, h: _again(rng, h[:, pick(rng, 0, -1)])),
    **{kind: Piece(_with(_pool, kind), least=4) for kind in ("MaxPooling1D", "AveragePooling1D")},
    **{kind: Piece(_with(_of_all, kind)) for kind in ("GlobalMaxPooling1D", "GlobalAveragePooling1D")},
    **{kind: Piece(_with(recurrent, kind), keeps=True) for kind in ("LSTM", "GRU", "SimpleRNN")},
    "LMU": Piece(memory, keeps=True),
    "Bidirectional": Piece(both, keeps=True),
    "RNN": Piece(stacked, keeps=True),
    "Sequential": Piece(_sequential, keeps=True),
    "Functional": Piece(_functional, keeps=True),
    "a layer called twice": Piece(_twice, keeps=True),
}


def _beside(rng: Rng, h: Any) -> Any:
    return L.Dense(int(h.shape[-1]), "tanh")(h)


def _factors(rng: Rng, h: Any) -> Any:
    """One for each value of a step."""
    return rng.uniform(0.5, 1.5, int(h.shape[-1])).astype(np.float32)


def _slice(rng: Rng, h: Any) -> Any:
    width = int(h.shape[-1])
    features = [h[..., 1:], h[:, :, : width - 1], h[..., ::-2]] if width > 1 else []
    return pick(rng, h[:, 1:], h[:, :-1], h[:, ::2], h[:, ::-1], h[:, 1:-1], *features)


def _forms(step: Any) -> Any:
    """The only step, by way of every form that operators give it."""
    return ops.reshape(ops.expand_dims(ops.squeeze(step, 1), 1), (-1, 1, int(step.shape[-1])))


def _function(kind: str) -> Piece:
    """An activation as an operator; Relu6 and the like are called by the class's name in small letters."""
    name = {"Relu6": "relu6", "HardSigmoid": "hard_sigmoid"}.get(kind, kind.lower())
    return _each(lambda rng, h: getattr(ops, name)(ops.tanh(h) if kind == "Exp" else h))


# By the class of the operator
OPERATORS: Mapping[str, Piece] = {
    "GetItem": Piece(_slice, least=3),
    "Add": _each(lambda rng, h: pick(rng, lambda: h + _beside(rng, h), lambda: h + 0.5, lambda: 0.25 + h)()),
    "Subtract": _each(lambda rng, h: pick(rng, lambda: h - _beside(rng, h), lambda: h - 0.5, lambda: 1 - h)()),
    "Multiply": _each(
        lambda rng, h: pick(rng, lambda: h * _beside(rng, h), lambda: h * 1.5, lambda: h * _factors(rng, h))()
    ),
    "Maximum": _each(lambda rng, h: ops.maximum(h, _beside(rng, h))),
    "Minimum": _each(lambda rng, h: ops.minimum(h, _beside(rng, h))),
    "Concatenate": Piece(lambda rng, h: ops.concatenate([h, _beside(rng, h)], axis=-1), keeps=True),
    "TrueDivide": _each(lambda rng, h: ops.true_divide(h, 2)),
    "Divide": _each(lambda rng, h: ops.divide(h, 1.6)),
    "Negative": _each(lambda rng, h: -h),
    "Mean": Piece(lambda rng, h: _again(rng, ops.mean(h, axis=1))),
    "Max": Piece(lambda rng, h: _forms(ops.max(ops.flip(h, axis=1), axis=1, keepdims=True))),
    **{kind: _function(kind) for kind in ("Relu", "Relu6", "Sigmoid", "Tanh", "Silu", "Exp")},
    **{kind: _function(kind) for kind in ("Softplus", "Softsign", "HardSigmoid", "Selu")},
}


# By the name of the function
FUNCTION_PIECES: Mapping[str, Piece] = {name: _each(_of_function(name)) for name in FUNCTIONS}
