"""The LMU in plain NumPy float64, written from the equations: what the Keras layer is compared with."""

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def sigmoid(values: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-values))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0.0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}


def hidden_step(kind: str, weights: list[Array], activation: str, x: Array, states: list[Array]) -> list[Array]:
    """New states of one hidden cell, output first. GRU is Keras's default, reset_after=True."""
    act = ACTIVATIONS[activation]
    if kind == "Dense":
        return [act(x @ weights[0] + weights[1])]
    h = states[0]
    if kind == "SimpleRNNCell":
        return [act(x @ weights[0] + h @ weights[1] + weights[2])]
    if kind == "LSTMCell":
        i, f, c, o = np.split(x @ weights[0] + h @ weights[1] + weights[2], 4, axis=-1)
        carry = sigmoid(f) * states[1] + sigmoid(i) * act(c)
        return [sigmoid(o) * act(carry), carry]
    assert kind == "GRUCell"
    xz, xr, xh = np.split(x @ weights[0] + weights[2][0], 3, axis=-1)
    hz, hr, hh = np.split(h @ weights[1] + weights[2][1], 3, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return [z * h + (1 - z) * act(xh + r * hh)]


def run(cell: object, x: Array) -> tuple[Array, list[Array]]:
    """Outputs (batch, time, units) and final states of a built LMUCell over x (batch, time, features)."""
    w = {name: None if (v := getattr(cell, name)) is None else np.asarray(v, dtype=np.float64)
         for name in ("kernel", "recurrent_kernel", "bias")}  # fmt: skip
    a_bar, b_bar = cell.discrete_system()
    hidden = cell.hidden_cell
    kind = type(hidden).__name__
    weights = [np.asarray(v, dtype=np.float64) for v in hidden.get_weights()] if hidden is not None else []
    activation = hidden.activation.__name__ if hidden is not None else "linear"
    batch = len(x)
    mem = np.zeros((batch, cell.memory_d, cell.order))
    states = [np.zeros((batch, n)) for n in cell.state_size[1:]]
    outputs = []
    for step in np.swapaxes(x.astype(np.float64), 0, 1):
        u = np.concatenate([step, states[0]], axis=-1) if cell.hidden_to_memory else step
        if w["kernel"] is not None:
            u = u @ w["kernel"]
        if w["recurrent_kernel"] is not None:
            u = u + mem.reshape(batch, -1) @ w["recurrent_kernel"]
        if w["bias"] is not None:
            u = u + w["bias"]
        mem = mem @ a_bar.T + u[..., None] * b_bar
        flat = mem.reshape(batch, -1)
        if hidden is None:
            outputs.append(flat)
            continue
        seen = np.concatenate([flat, step], axis=-1) if cell.input_to_hidden else flat
        states = hidden_step(kind, weights, activation, seen, states)
        outputs.append(states[0])
    return np.stack(outputs, axis=1), [mem.reshape(batch, -1), *states]
