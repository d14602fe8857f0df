"""Small random networks in integers, and their definition in unbounded arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import floor, isqrt

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.spec import (
    LMU,
    Activation,
    ArgMax,
    Dense,
    DenseCell,
    DenseUpdate,
    Elementwise,
    GRUCell,
    HiddenCell,
    Layer,
    LSTMCell,
    Network,
    Recurrent,
    Softmax,
    Weight,
    chain,
    make_activation,
    make_exp,
)
from lmu_hls.spec.layers.merge import Merge
from lmu_hls.spec.layers.normalize import Normalize
from lmu_hls.spec.layers.pool import Pool
from lmu_hls.spec.layers.rectify import Rectify
from lmu_hls.spec.layers.scale import Scale
from lmu_hls.spec.layers.select import Select


def random_type(rng: np.random.Generator, signed: bool = True) -> FixedType:
    width = int(rng.integers(4, 12))
    return FixedType(
        width,
        int(rng.integers(1, 5)),
        signed,
        str(rng.choice(["TRN", "RND", "RND_CONV", "RND_ZERO"])),
        str(rng.choice(["SAT", "WRAP", "SAT_SYM"])),
    )


def random_weight(rng: np.random.Generator, *shape: int) -> Weight:
    kind = FixedType(int(rng.integers(3, 9)), int(rng.integers(0, 3)))
    return Weight(rng.integers(kind.min_int, kind.max_int + 1, shape), kind)


def random_cell(
    rng: np.random.Generator, kind: str, n_mem: int, n_in: int, units: int, h: FixedType, bias: bool = True
) -> HiddenCell:
    """A "rnn", "lstm", "gru" or "gru before" (reset before the product) cell."""
    gates = {"rnn": 1, "lstm": 4}.get(kind, 3)
    gate, candidate, squashed = FixedType(7, 1), random_type(rng), random_type(rng)
    weights = [random_weight(rng, n, gates * units) for n in (n_mem, n_in, units)]
    biases = random_weight(rng, gates * units) if bias else None
    index = FixedType(5, 3)
    sigmoid, tanh = make_activation("sigmoid", index, gate), make_activation("tanh", index, candidate)
    if kind == "rnn":
        tanh = make_activation("tanh", index, h)
        return DenseCell(weights[0], weights[1], biases, random_type(rng), tanh, kernel_h=weights[2])
    if kind == "lstm":
        squash = make_activation("tanh", index, squashed)
        types = (random_type(rng), sigmoid, gate, tanh, candidate, random_type(rng), squash, squashed)
        return LSTMCell(*weights, biases, *types)
    after = kind == "gru"
    recurrent = random_weight(rng, gates * units) if bias and after else None
    return GRUCell(
        *weights, biases, recurrent, after, random_type(rng), sigmoid, gate, random_type(rng), tanh, candidate
    )


def random_lmu(
    rng: np.random.Generator,
    *,
    name: str = "lmu",
    steps: int = 5,
    x: FixedType | None = None,
    n_in: int = 3,
    memory_d: int = 2,
    order: int = 3,
    units: int | None = 4,
    activation: str = "relu",
    connections: tuple[bool, bool, bool] = (True, True, True),
    bias: bool = True,
    return_sequences: bool = True,
) -> LMU:
    to_memory, memory_to_memory, input_to_hidden = connections
    hidden = None
    mem, h = random_type(rng), random_type(rng)
    if units is not None:
        hidden = DenseCell(
            random_weight(rng, memory_d * order, units),
            random_weight(rng, n_in, units) if input_to_hidden else None,
            random_weight(rng, units) if bias else None,
            random_type(rng),
            make_activation(activation, FixedType(5, 3), h),
        )
    return LMU(
        name=name,
        steps=steps,
        x=x or random_type(rng),
        encoder_x=random_weight(rng, n_in, memory_d),
        encoder_h=random_weight(rng, units, memory_d) if units and to_memory else None,
        encoder_mem=random_weight(rng, memory_d * order, memory_d) if memory_to_memory else None,
        encoder_bias=random_weight(rng, memory_d) if bias else None,
        u=random_type(rng),
        update=DenseUpdate(random_weight(rng, order, order), random_weight(rng, order)),
        mem=mem,
        hidden=hidden,
        h=h,
        return_sequences=return_sequences,
        reuse_factor=1,
        theta=float(order),
        discretizer="zoh",
        basis="legendre",
    )


def random_softmax(rng: np.random.Generator, x: FixedType, name: str = "softmax") -> Softmax:
    """A softmax on values of type x, with a small table."""
    index = FixedType(int(rng.integers(3, 7)), int(rng.integers(1, 4)), False)
    index = index.with_modes(str(rng.choice(["TRN", "RND_CONV"])))
    exp = make_exp(index, FixedType(int(rng.integers(6, 12)), 1, False), x)
    out = random_type(rng)
    return Softmax(name, x, exp, FixedType(out.width, min(out.integer, 2), True, out.rounding, out.overflow))


def random_network(rng: np.random.Generator, units: int = 4) -> Network:
    """Two LMU layers, a Dense layer and a relu. With 8 units no lmu_engine reaches the least ReuseFactor."""
    first = random_lmu(rng, name="first", activation="tanh", units=units)
    second = random_lmu(
        rng, name="second", x=first.h, n_in=units, units=units, activation="sigmoid", return_sequences=False
    )
    dense = Dense("head", second.h, random_weight(rng, second.units, 3), random_weight(rng, 3), random_type(rng))
    relu = Elementwise("relu", dense.out, Activation("relu"), random_type(rng))
    return chain("net", first.x, first.steps, first.n_in, (first, second, dense, relu))


def random_input(rng: np.random.Generator, network: Network, batch: int) -> Ints:
    return rng.integers(network.x.min_int, network.x.max_int + 1, (batch, network.steps, network.n_in))


def assign(value: Fraction, to: FixedType) -> Fraction:
    """``value`` assigned to ``to``, straight from the definition of the modes."""
    scaled = value * Fraction(2) ** to.fraction
    low = floor(scaled)
    rest = scaled - low
    half = Fraction(1, 2)
    up = {
        "TRN": False,
        "TRN_ZERO": rest > 0 and scaled < 0,
        "RND": rest >= half,
        "RND_INF": rest > half or (rest == half and scaled > 0),
        "RND_MIN_INF": rest > half,
        "RND_CONV": rest > half or (rest == half and low % 2 == 1),
        "RND_ZERO": rest > half or (rest == half and scaled < 0),
    }[to.rounding]
    q = low + int(up)
    if to.overflow == "WRAP":
        q = (q - to.min_int) % (1 << to.width) + to.min_int
    elif to.overflow == "SAT_ZERO":
        q = q if to.min_int <= q <= to.max_int else 0
    else:
        q = min(max(q, -to.max_int if to.overflow == "SAT_SYM" and to.signed else to.min_int), to.max_int)
    return q / Fraction(2) ** to.fraction


def real(weight: Weight | None) -> np.ndarray | None:
    """The exact value of a weight as an array of Fractions."""
    if weight is None:
        return None
    return np.vectorize(lambda q: Fraction(int(q)) / Fraction(2) ** weight.type.fraction, otypes=[object])(
        weight.values
    )


RELU_AND_TABLE = (
    "elu",
    "gelu",
    "silu",
    "mish",
    "hard_silu",
    "celu",
    "softplus",
    "squareplus",
    "sparse_plus",
    "leaky_relu",
    "selu",
)


def define_activation(activation: Activation, pre: Fraction, to: FixedType) -> Fraction:
    if activation.table is not None:
        table = activation.table
        q = int(assign(pre, table.index) * Fraction(2) ** table.index.fraction) - table.index.min_int
        between = Fraction(q % 2**table.rest, 2**table.rest)
        value = real(table.values)[q // 2**table.rest]
        if table.slopes is not None:
            value += real(table.slopes)[q // 2**table.rest] * between
        if activation.function in RELU_AND_TABLE:
            value += max(pre, Fraction(0))
        return assign(value, to)
    low, high = {"linear": (pre, pre), "relu": (0, pre), "relu6": (0, 6), "hard_tanh": (-1, 1)}[activation.function]
    return assign(max(min(pre, Fraction(high)), Fraction(low)), to)


def define_lmu(lmu: LMU, x: np.ndarray) -> dict[str, np.ndarray]:
    """One sequence x (steps, n_in) of Fractions through the equations of the LMU, one scalar at a time."""
    e_x, e_h, e_m, e_b = (real(w) for w in (lmu.encoder_x, lmu.encoder_h, lmu.encoder_mem, lmu.encoder_bias))
    mem = np.full((lmu.memory_d, lmu.order), Fraction(0), object)
    h, c = np.full(lmu.units, Fraction(0), object), np.full(lmu.units, Fraction(0), object)
    out: dict[str, list] = {"u": [], "mem": [], "h": []}
    for x_t in x:
        u = x_t @ e_x
        u = u + (h @ e_h if e_h is not None else 0) + (mem.ravel() @ e_m if e_m is not None else 0)
        u = assign_all(u + (e_b if e_b is not None else 0), lmu.u)
        mem = np.array([define_update(lmu, mem[k], u[k]) for k in range(lmu.memory_d)], object)
        h, c = define_hidden(lmu, mem.ravel(), x_t, h, c)
        for name, value in (("u", u), ("mem", mem.ravel()), ("h", h)):
            out[name].append(value)
    return {name: np.array(values, object) for name, values in out.items()}


def define_update(lmu: LMU, mem: np.ndarray, u: Fraction) -> np.ndarray:
    """The new mem of one channel, from the equations in lmu_hls/spec/memory.py."""
    update = lmu.update
    if isinstance(update, DenseUpdate):
        return assign_all(real(update.a) @ mem + real(update.b) * u, lmu.mem)
    lam, gam, kap, bet = (real(w) for w in (update.lam, update.gam, update.kap, update.bet))
    f, z = [Fraction(0)], Fraction(0)
    for i in range(len(mem)):
        f.append(assign(-(mem[i] + bet[i] * u / 2) - lam[i] * f[-1], update.sweep))
    new = mem.copy()
    for i in reversed(range(len(mem))):
        z = assign(gam[i] * f[i + 1] + kap[i] * z, update.sweep)
        new[i] = assign(mem[i] + bet[i] * u + 2 * z, lmu.mem)
    return new


def define_hidden(lmu, mem, x_t, h, c):
    """The new h and, for an LSTM cell, the new cell state, from the equations in lmu_hls/spec/cells."""
    cell = lmu.hidden
    if cell is None:
        return assign_all(mem, lmu.h), c
    inputs = mem @ real(cell.kernel_mem)
    for vector, kernel in ((x_t, cell.kernel_x), (1, cell.bias)):
        if kernel is not None:
            inputs = inputs + (vector * real(kernel) if kernel is cell.bias else vector @ real(kernel))
    kernel_h = real(cell.kernel_h)
    if isinstance(cell, DenseCell):
        pre = assign_all(inputs + (h @ kernel_h if kernel_h is not None else 0), cell.pre)
        return activate_all(cell.activation, pre, lmu.h), c
    n = cell.units
    if isinstance(cell, LSTMCell):
        pre = assign_all(inputs + h @ kernel_h, cell.pre)
        i, f, o = (activate_all(cell.gate_activation, pre[k * n : k * n + n], cell.gate) for k in (0, 1, 3))
        g = activate_all(cell.activation, pre[2 * n : 3 * n], cell.candidate)
        c = assign_all(f * c + i * g, cell.cell)
        return assign_all(o * activate_all(cell.cell_activation, c, cell.squashed), lmu.h), c
    bias = real(cell.recurrent_bias) if cell.recurrent_bias is not None else np.full(3 * n, Fraction(0), object)
    pre = assign_all((inputs + h @ kernel_h + bias)[: 2 * n], cell.pre)
    z, r = (activate_all(cell.gate_activation, pre[k * n : k * n + n], cell.gate) for k in (0, 1))
    if cell.reset_after:
        inner = assign_all((h @ kernel_h + bias)[2 * n :], cell.inner)
        pre = assign_all(inputs[2 * n :] + r * inner, cell.pre)
    else:
        inner = assign_all(r * h, cell.inner)
        pre = assign_all(inputs[2 * n :] + (inner @ kernel_h)[2 * n :], cell.pre)
    g = activate_all(cell.activation, pre, cell.candidate)
    return assign_all(z * h + (1 - z) * g, lmu.h), c


def define_softmax(layer: Softmax, x: np.ndarray) -> list[Fraction]:
    """One vector of Fractions through the equations in lmu_hls/spec/layers/softmax.py."""
    entries = real(layer.exp.values)
    lsb, index_lsb = (Fraction(2) ** -kind.fraction for kind in (layer.x, layer.index))
    up = max(Fraction(0), index_lsb - lsb)
    powers = [entries[int(assign(max(x) - v + up, layer.index) / index_lsb)] for v in x]
    return [assign(power / sum(powers), layer.out) for power in powers]


def assign_all(values: np.ndarray, to: FixedType) -> np.ndarray:
    return np.array([assign(v, to) for v in values], object)


def activate_all(activation: Activation, values: np.ndarray, to: FixedType) -> np.ndarray:
    return np.array([define_activation(activation, v, to) for v in values], object)


def define_network(network: Network, x: Ints) -> Ints:
    """One sequence of input integers to the output integers, of a network with one input and one output."""
    return define_graph(network, {network.inputs[0].name: x})[network.outputs[0]]


def define_graph(network: Network, given: Mapping[str, Ints]) -> dict[str, Ints]:
    """One sequence of integers for every input to the integers of every output."""
    values = {item.name: real(Weight(given[item.name], item.type)) for item in network.inputs}
    for node in network.nodes:
        values[node.name] = define_layer(node.layer, *(values[source] for source in node.inputs))
    fractions = {name: network.values[name].type.fraction for name in network.outputs}
    return {
        name: np.vectorize(lambda v, f=fraction: int(v * Fraction(2) ** f), otypes=[np.int64])(values[name])
        for name, fraction in fractions.items()
    }


def random_recurrent(
    rng: np.random.Generator,
    kind: str,
    *,
    name: str = "cell",
    steps: int = 5,
    x: FixedType | None = None,
    n_in: int = 3,
    units: int = 3,
    bias: bool = True,
    return_sequences: bool = True,
) -> Recurrent:
    """A cell of :func:`random_cell` over the sequence itself."""
    h = random_type(rng)
    cell = replace(random_cell(rng, kind, n_in, 1, units, h, bias), kernel_x=None)
    return Recurrent(name, steps, x or random_type(rng), cell, h, return_sequences, 1)


def define_recurrent(layer: Recurrent, x: np.ndarray) -> np.ndarray:
    """h of every step of one sequence x (steps, n_in) of Fractions: the equations of a cell with x in place of mem."""
    h, c = (np.full(layer.units, Fraction(0), object) for _ in range(2))
    out = []
    for x_t in x:
        h, c = define_hidden(layer, x_t, None, h, c)
        out.append(h)
    return np.array(out, object)


def define_layer(layer: Layer, values: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """What a layer gives for the Fractions of its inputs, every step or the last."""
    if isinstance(layer, Recurrent):
        h = define_recurrent(layer, values)
        return h if layer.return_sequences else h[-1]
    if isinstance(layer, LMU):
        h = define_lmu(layer, values)["h"]
        return h if layer.return_sequences else h[-1]
    if layer.over is not None:  # what a step reads, side by side
        zero = np.zeros_like(values[:1] if values.ndim == 2 else values[np.newaxis])
        rows = np.concatenate([values if values.ndim == 2 else values[np.newaxis], zero])
        values = rows[layer.over.reads()].reshape(layer.over.count, -1)
        values = values[0] if layer.over.vector else values
    if isinstance(layer, Select):
        return values
    if isinstance(layer, Pool):
        steps = values.reshape(*values.shape[:-1], layer.window.size, -1)
        if layer.reciprocal is None:
            return steps.max(axis=-2)
        there = [sum(step >= 0 for step in window) for window in layer.window.reads()]
        factors = [real(layer.reciprocal)[steps_there - layer.window.size - 1] for steps_there in there]
        factors = factors[0] if layer.window.vector else np.array(factors, object)[:, np.newaxis]
        return _each(steps.sum(axis=-2) * factors, lambda v: assign(v, layer.out))
    if isinstance(layer, Dense):
        bias = real(layer.bias)
        return _each(values @ real(layer.kernel) + (bias if bias is not None else 0), lambda v: assign(v, layer.out))
    if isinstance(layer, Rectify):
        level, most = real(layer.threshold)[0], real(layer.most)
        exact = np.where(values > level, values, real(layer.slope) * (values - level))
        exact = exact if most is None else np.minimum(exact, most[0])
        return _each(exact, lambda v: assign(v, layer.out))
    if isinstance(layer, Normalize):
        return np.apply_along_axis(lambda v: define_normalize(layer, v), -1, values)
    if isinstance(layer, Scale):
        return _each(values * real(layer.scale) + real(layer.bias), lambda v: assign(v, layer.out))
    if isinstance(layer, Softmax):
        return np.apply_along_axis(lambda v: define_softmax(layer, v), -1, values)
    if isinstance(layer, ArgMax):
        largest = values.max(axis=-1, keepdims=True)
        return np.apply_along_axis(lambda v: [Fraction(v.tolist().index(True))], -1, values == largest)
    if isinstance(layer, Elementwise):
        return _each(values, lambda v: define_activation(layer.activation, v, layer.out))
    assert isinstance(layer, Merge)
    return _each(define_merge(layer.operation, values, *others), lambda v: assign(v, layer.out))


def define_normalize(layer: Normalize, x: np.ndarray) -> np.ndarray:
    """One step, from the docstring of lmu_hls/spec/layers/normalize.py."""
    integers = [int(v * Fraction(2) ** layer.x.fraction) for v in x]
    n, total = len(integers), sum(integers)
    d = [n * k - total for k in integers] if layer.centered else integers
    v = sum(k * k for k in d) + layer.epsilon
    root = max(1, isqrt(4**layer.guard * v // (n if layer.averaged else 1)))
    return np.array([assign(Fraction(2**layer.guard * k, root), layer.out) for k in d])


def define_merge(operation: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two tensors of Fractions as one, from the docstring of lmu_hls/spec/layers/merge.py."""
    return {
        "add": lambda: x + y,
        "subtract": lambda: x - y,
        "average": lambda: (x + y) / 2,
        "multiply": lambda: x * y,
        "maximum": lambda: np.where(x > y, x, y),
        "minimum": lambda: np.where(x < y, x, y),
        "concatenate": lambda: np.concatenate([x, y], axis=-1),
    }[operation]()


def _each(values: np.ndarray, function: Callable[[Fraction], Fraction]) -> np.ndarray:
    return np.vectorize(function, otypes=[object])(values)
