"""Ranges of a whole layer: no input, sign pattern or feedback takes a tensor beyond them."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from lmu_hls import legendre
from lmu_hls.activations import FUNCTIONS, Function
from lmu_hls.precision import DenseMemory, Encoder, Hidden, Rounding, feedback, layer_range
from lmu_hls.precision.stability import with_fraction
from lmu_hls.precision.worst_rounding import rounding_bounds

ORDER, CHANNELS, N_IN, UNITS = 4, 2, 3, 5
ACTIVATIONS = {
    "linear": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "selu": lambda v: 1.0507009873554805 * np.where(v > 0, v, 1.6732632423543772 * np.expm1(np.minimum(v, 0))),
}


def parts(seed, activation="tanh", scale_h=0.0, scale_m=0.0, rounding=0.0):
    rng = np.random.default_rng(seed)
    memory = DenseMemory(*legendre.discretize(ORDER, 10.0, "zoh", "orthonormal"), Rounding(rounding))
    encoder = Encoder(
        rng.standard_normal((N_IN, CHANNELS)),
        np.full(N_IN, 0.7),
        scale_h * rng.standard_normal((UNITS, CHANNELS)) if scale_h else None,
        scale_m * rng.standard_normal((ORDER * CHANNELS, CHANNELS)) if scale_m else None,
        rng.standard_normal(CHANNELS),
        Rounding(rounding),
    )
    kernel = rng.standard_normal((ORDER * CHANNELS, UNITS))
    hidden = Hidden(
        kernel, rng.standard_normal((N_IN, UNITS)), rng.standard_normal(UNITS), activation, Rounding(rounding)
    )
    return memory, encoder, hidden


def simulate(memory, encoder, hidden, steps=400, batch=300):
    """Largest |u|, |mem|, |pre|, |h| seen with bang-bang inputs and bang-bang rounding errors."""
    rng = np.random.default_rng(9)
    mem, h = np.zeros((batch, CHANNELS, ORDER)), np.zeros((batch, UNITS))
    seen = {"u": 0.0, "mem": 0.0, "pre": 0.0, "h": 0.0}
    x = rng.choice([-0.7, 0.7], (batch, N_IN))
    for _ in range(steps):
        x = np.where(rng.random(x.shape) < 0.2, -x, x)
        u = x @ encoder.kernel_x + encoder.bias
        if encoder.kernel_h is not None:
            u = u + h @ encoder.kernel_h
        if encoder.kernel_mem is not None:
            u = u + mem.reshape(batch, -1) @ encoder.kernel_mem
        u = u + encoder.rounding.worst * rng.choice([-1, 1], u.shape)
        mem = mem @ memory.a.T + u[..., None] * memory.b + memory.mem.worst * rng.choice([-1, 1], mem.shape)
        pre = mem.reshape(batch, -1) @ hidden.kernel_mem + x @ hidden.kernel_x + hidden.bias
        h = ACTIVATIONS[hidden.activation](pre)
        for name, value in (("u", u), ("mem", mem.reshape(batch, -1)), ("pre", pre), ("h", h)):
            seen[name] = np.maximum(seen[name], np.abs(value).max(axis=0))
    return seen


@pytest.mark.parametrize("rounding", [0.0, 1e-2])
@pytest.mark.parametrize(
    ("activation", "scale_h", "scale_m"),
    [
        ("relu", 0, 0),
        ("tanh", 0.5, 0),
        ("sigmoid", 0.5, 0.1),
        ("relu", 0.005, 0.1),
        ("linear", 0.005, 0),
        ("tanh", 0, 0.2),
        ("selu", 0.005, 0.1),
    ],
)
def test_nothing_leaves_its_range(activation, scale_h, scale_m, rounding):
    memory, encoder, hidden = parts(3, activation, scale_h, scale_m, rounding)
    bound = layer_range(memory, encoder, hidden)
    assert bound.bounded, bound.reason
    seen = simulate(memory, encoder, hidden)
    assert np.all(seen["u"] <= bound.u)
    assert np.all(seen["pre"] <= bound.pre)
    assert np.all(seen["h"] <= bound.h)
    limits = np.concatenate([c.mem.total for c in bound.channels])
    assert np.all(seen["mem"] <= limits)
    assert bound.mem_peak == limits.max()


@pytest.mark.parametrize("scale_h", [0.0, 0.005])
def test_a_slope_above_one(scale_h, monkeypatch):
    memory, encoder, hidden = parts(3, "leaky_relu", scale_h)
    hidden = replace(hidden, alpha=20.0)
    monkeypatch.setitem(ACTIVATIONS, "leaky_relu", lambda v: np.where(v > 0, v, 4 * v))
    bound = layer_range(memory, encoder, hidden)
    assert bound.bounded, bound.reason
    seen = simulate(memory, encoder, hidden)
    assert np.all(seen["u"] <= bound.u) and np.all(seen["h"] <= bound.h)
    assert np.any(seen["h"] > layer_range(memory, encoder, replace(hidden, alpha=1.0)).h)


def test_without_feedback_u_is_the_sum_of_its_weights():
    memory, encoder, _ = parts(3)
    bound = layer_range(memory, encoder)
    assert np.allclose(bound.u, 0.7 * np.abs(encoder.kernel_x).sum(axis=0) + np.abs(encoder.bias))
    assert bound.pre is None
    assert len(bound.h) == ORDER * CHANNELS


def test_a_loop_without_bound_says_so():
    memory, encoder, hidden = parts(3, "relu", scale_h=1.0)
    bound = layer_range(memory, encoder, hidden)
    assert not bound.bounded
    assert "h feeds back into u through relu with a worst-case gain of" in bound.reason
    assert np.all(np.isinf(bound.u)) and bound.mem_peak == np.inf
    bound = layer_range(*parts(3, scale_m=2.0))
    assert "mem feeds back into u and the loop is unstable" in bound.reason
    memory, encoder, _ = parts(3, scale_h=1.0)
    assert "without a hidden cell" in layer_range(memory, encoder).reason


def known(monkeypatch, **about):
    """A function that only this test knows, f(x) = x + 3, with what is said ``about`` it."""
    function = Function("shifted", lambda x: x + 3.0, **about)
    monkeypatch.setattr(feedback, "FUNCTIONS", {**FUNCTIONS, "shifted": function})


@pytest.mark.parametrize("scale_h", [0.0, 0.005])
def test_a_function_of_which_nothing_is_said_has_no_bound(monkeypatch, scale_h):
    """It is never taken for the identity, which would prove |h| <= |pre|."""
    known(monkeypatch)
    memory, encoder, hidden = parts(3, "relu", scale_h)
    bound = layer_range(memory, encoder, replace(hidden, activation="shifted"))
    assert np.all(np.isinf(bound.h))
    if scale_h:
        assert not bound.bounded and "shifted, of which no bound is known" in bound.reason


def test_seeded_fault_a_function_that_is_said_to_shrink_would_be_bounded(monkeypatch):
    known(monkeypatch, rise=0.0)
    memory, encoder, hidden = parts(3, "relu")
    assert np.all(np.isfinite(layer_range(memory, encoder, replace(hidden, activation="shifted")).h))


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="activation 'swish' has no known bound"):
        replace(parts(3, "relu")[2], activation="swish")


def test_an_unknown_kind_of_memory_gets_the_bound_that_holds_for_all():
    """A linear system that is neither of the two forms, by its sources and readers alone."""
    memory, _, _ = parts(3, rounding=0.1)

    @dataclass
    class Other:
        a, b, order, sources, readers = memory.a, memory.b, memory.order, memory.sources, memory.readers

    bound, tight = rounding_bounds(Other()), rounding_bounds(memory)
    assert all(np.all(bound[name] >= tight[name]) for name in tight)
    with pytest.raises(TypeError, match="a Other is no memory that is known"):
        with_fraction(Other(), 4)
