"""Training speed of our LMU beside keras-lmu's, and of the ways to evaluate a linear memory over a whole sequence.

    python benchmarks/training.py [--repeats 5] [--only psMNIST] [--xla] [--json out.json]

Both layers do the same work in the same process: same shapes, same hidden cell, Adam, train_on_batch. Their steps are
taken in turn, so that other load on the machine meets both; the figure is the fastest step. keras-lmu is optional
(pip install keras-lmu); without it only our times are shown. keras-lmu and the ways to evaluate a memory need the
TensorFlow backend; with JAX, which is always compiled by XLA, and PyTorch our layer alone is timed.
"""

import argparse
import contextlib
import importlib
import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import lmu_hls
from lmu_hls import legendre
from lmu_hls.configurations import DEMO, PSMNIST
from lmu_hls.layers import LMU, linear


def _module(name: str) -> Any:
    """A module that needs the TensorFlow backend; None without it, or where it is absent."""
    with contextlib.suppress(ImportError):
        return importlib.import_module(name) if keras.backend.backend() == "tensorflow" else None
    return None


tf, keras_lmu = _module("tensorflow"), _module("keras_lmu")

RECURRENT = {"hidden_to_memory": True, "memory_to_memory": True}


@dataclass(frozen=True, slots=True)
class Work:
    """One network and batch. `options` go to both layers; `hidden` makes a fresh hidden cell."""

    name: str
    steps: int
    features: int
    batch: int
    hidden: Callable[[], Any]
    options: dict[str, Any]


def psmnist(name: str, hidden: Callable[[], Any], batch: int = 100, **options: Any) -> Work:
    shape = {"memory_d": 1, "order": PSMNIST.order, "theta": PSMNIST.theta, "input_to_hidden": hidden() is not None}
    return Work(
        f"psMNIST shape (T=784, order 256, batch {batch}), {name}",
        PSMNIST.steps,
        1,
        batch,
        hidden,
        {**shape, **options},
    )


def short(name: str, hidden: Callable[[], Any], **options: Any) -> Work:
    shape = {"memory_d": 8, "order": 12, "theta": 50.0, "input_to_hidden": hidden() is not None}
    return Work(f"T=50, order 12, memory_d 8, batch 100, {name}", 50, 20, 100, hidden, {**shape, **options})


def rnn(units: int) -> Callable[[], Any]:
    return lambda: keras.layers.SimpleRNNCell(units)


def dense(units: int) -> Callable[[], Any]:
    return lambda: keras.layers.Dense(units, "relu")


# Where keras-lmu keeps all steps of the memory it takes 0.6 GB per sample at this shape (12.7 GB measured at batch
# 20; batch 100 was killed at 23 GB), so these works are compared at batch 20 and ours is timed at 100 as well.
WORKS = [
    psmnist("LMUFeedforward, Dense 212, last step", dense(PSMNIST.units)),
    psmnist("LMUFeedforward, Dense 212, all steps", dense(PSMNIST.units), 20, return_sequences=True),
    psmnist("LMUFeedforward, Dense 212, all steps", dense(PSMNIST.units), return_sequences=True),
    psmnist("LMUFeedforward, SimpleRNN 212", rnn(PSMNIST.units), 20),
    psmnist("LMUFeedforward, SimpleRNN 212", rnn(PSMNIST.units)),
    psmnist("LMU recurrent, SimpleRNN 212", rnn(PSMNIST.units), **RECURRENT),
    short("LMUFeedforward, Dense 64, last step", dense(64)),
    short("LMUFeedforward, Dense 64, all steps", dense(64), return_sequences=True),
    short("LMUFeedforward, SimpleRNN 64", rnn(64)),
    short("LMU recurrent, SimpleRNN 64", rnn(64), **RECURRENT),
]


def trainer(layer: Any, work: Work, xla: bool) -> Callable[[], None]:
    """A function that takes one training step on a fixed batch, compiled by XLA or not."""
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((work.steps, work.features)), layer])
    model.compile("adam", "mse", jit_compile=xla)
    x = rng.normal(size=(work.batch, work.steps, work.features)).astype(np.float32)
    y = rng.normal(size=(work.batch, *model.output_shape[1:])).astype(np.float32)
    return lambda: model.train_on_batch(x, y)


def fastest(functions: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Seconds of the fastest call of each function, calls taken in turn after one that is not counted."""
    for function in functions:
        function()
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def products(work: Work) -> Callable[[], Any]:
    """The products of matrices of a recurrent work with their gradients, compiled by XLA, and nothing that a product
    does not need: a linear recurrence of the same shapes, without biases, loss and optimizer."""
    memory_d, order, units = work.options["memory_d"], work.options["order"], work.hidden().units
    states, rng = memory_d * order, np.random.default_rng(0)
    shapes = (work.features + units + states, memory_d), (states + work.features, units), (units, units), (order, order)
    encoder, kernel, recurrent, a_bar = (tf.constant(0.01 * rng.normal(size=shape), tf.float32) for shape in shapes)
    x = tf.constant(rng.normal(size=(work.steps, work.batch, work.features)), tf.float32)

    @tf.function(jit_compile=True)
    def run() -> Any:
        with tf.GradientTape() as tape:
            trained = (encoder, kernel, recurrent)
            tape.watch(trained)
            h, mem = tf.zeros((work.batch, units)), tf.zeros((work.batch, states))
            for step in tf.range(work.steps):
                u = tf.concat([x[step], h, mem], -1) @ encoder
                channels = tf.reshape(mem, (-1, order)) @ a_bar + tf.reshape(u, (-1, 1))
                mem = tf.reshape(channels, (work.batch, states))
                h = tf.concat([x[step], mem], -1) @ kernel + h @ recurrent
            loss = tf.reduce_sum(h)
        return tape.gradient(loss, trained)

    return lambda: run()[0].numpy()


def compare(work: Work, repeats: int, xla: bool) -> dict[str, Any]:
    """Milliseconds per training step of both layers on one work, both with XLA or both without."""
    layers = [LMU(hidden_cell=work.hidden(), **work.options)]
    too_large = (
        work.steps > 100 and work.batch > 20 and work.name.endswith(("all steps", "LMUFeedforward, SimpleRNN 212"))
    )
    if keras_lmu is not None and not too_large:
        layers.append(keras_lmu.LMU(hidden_cell=work.hidden(), **work.options))
    bound = [products(work)] if xla and tf is not None and RECURRENT.items() <= work.options.items() else []
    seconds = fastest([*(trainer(layer, work, xla) for layer in layers), *bound], repeats)
    theirs = seconds[1] if len(layers) > 1 else None
    return {
        "work": work.name,
        "xla": xla,
        "ours_ms": 1e3 * seconds[0],
        "keras_lmu_ms": None if theirs is None else 1e3 * theirs,
        "products_ms": 1e3 * seconds[-1] if bound else None,
        "speedup": None if theirs is None else theirs / seconds[0],
    }


def compare_quantized(repeats: int, compiled: bool) -> dict[str, Any]:
    """Milliseconds per training step of the demo network, float and on the integers of the contract."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, DEMO.steps, DEMO.n_in)).astype(np.float32)
    y = rng.integers(0, DEMO.classes, 30)
    model = DEMO.keras_model(dropout=0.1, head_dropout=0.2)
    models = [model, lmu_hls.quantize(model, weights=4, activations=7, calibration=x)]
    for each in models:
        each.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=compiled)
    seconds = fastest([lambda each=each: each.train_on_batch(x, y) for each in models], repeats)
    return {
        "work": f"demo network, batch 30{', XLA' if compiled else ''}",
        "float_ms": 1e3 * seconds[0],
        "quantized_ms": 1e3 * seconds[1],
        "ratio": seconds[1] / seconds[0],
    }


def by_fft(impulse: Any, u: Any) -> Any:
    """mem (rows, time, order) as a convolution of u (rows, time) with the impulse response (time, order)."""
    steps = u.shape[1]
    length = 2 ** int(np.ceil(np.log2(2 * steps)))
    response = tf.signal.rfft(tf.transpose(impulse), [length])
    spectrum = tf.signal.rfft(u, [length])
    states = tf.signal.irfft(spectrum[:, None] * response[None], [length])[..., :steps]
    return tf.transpose(states, (0, 2, 1))


def by_scan(a_bar: Any, b_bar: Any, u: Any) -> Any:
    """mem (rows, time, order) by a parallel prefix sum: log2(time) passes with A_bar^(2^k)."""
    states, shift, power = u[..., None] * b_bar, 1, tf.transpose(a_bar)
    while shift < u.shape[1]:
        states = tf.concat([states[:, :shift], states[:, shift:] + states[:, :-shift] @ power], axis=1)
        power, shift = power @ power, 2 * shift
    return states


def by_steps(a_bar: Any, b_bar: Any, u: Any) -> Any:
    """mem (rows, time, order) step by step."""
    transposed = tf.transpose(a_bar)
    start = tf.zeros((u.shape[0], a_bar.shape[0]))
    states = tf.scan(lambda mem, x: mem @ transposed + x[:, None] * b_bar, tf.transpose(u), start)
    return tf.transpose(states, (1, 0, 2))


def methods(order: int, theta: float, rows: int, steps: int, repeats: int) -> dict[str, float]:
    """Milliseconds, forward and gradient by u, of each way to evaluate the memory at every step."""
    cell = LMU(1, order, theta, None, basis="orthonormal").cell
    a_bar, b_bar = (tf.constant(m, tf.float32) for m in legendre.discretize(order, theta, basis="orthonormal"))
    impulse = tf.constant(
        linear.powers(np, *legendre.discretize(order, theta, basis="orthonormal"), steps)[0], tf.float32
    )
    u = tf.constant(np.random.default_rng(0).normal(size=(rows, steps)), tf.float32)
    ways: dict[str, Callable[[Any], Any]] = {
        "blocks (used)": lambda u: linear.all_states(cell, u, None),
        "FFT convolution": lambda u: by_fft(impulse, u),
        "associative scan": lambda u: by_scan(a_bar, b_bar, u),
        "step by step": lambda u: by_steps(a_bar, b_bar, u),
    }

    def compiled(way: Callable[[Any], Any]) -> Callable[[], Any]:
        @tf.function
        def run(u: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(u)
                loss = tf.reduce_sum(tf.sin(way(u)))
            return tape.gradient(loss, u)

        return lambda: run(u).numpy()

    functions = [compiled(way) for way in ways.values()]
    reference = functions[-1]()
    for function in functions[:-1]:
        error = np.max(np.abs(function() - reference)) / np.max(np.abs(reference))
        if error > 1e-4:
            raise RuntimeError(
                f"two ways to evaluate the memory differ by {error:.2g}, relative: at most 1e-4 is right"
            )
    return {name: 1e3 * t for name, t in zip(ways, fastest(functions, repeats), strict=True)}


def all_methods(repeats: int) -> dict[str, dict[str, float]]:
    """Print and return the milliseconds of :func:`methods` for two shapes."""
    shapes = {
        "T=784, order 256, batch 100": (PSMNIST.order, PSMNIST.theta, 100, PSMNIST.steps),
        "T=50, order 12, 800 channels": (12, 50.0, 800, 50),
    }
    print("\n| Memory at every step, forward and gradient | ms |\n|---|---|")
    ways = {}
    for name, shape in shapes.items():
        ways[name] = methods(*shape, repeats)
        for way, milliseconds in ways[name].items():
            print(f"| {name}: {way} | {milliseconds:.1f} |", flush=True)
    return ways


def compilers(both: bool) -> tuple[bool, ...]:
    """Without XLA, and with it where ``both`` are asked for and the backend has the choice."""
    return {"jax": (True,), "torch": (False,)}.get(keras.backend.backend(), (False, True) if both else (False,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose name holds this text")
    parser.add_argument("--quantized", action="store_true", help="only a quantized demo network beside the float one")
    parser.add_argument("--xla", action="store_true", help="each work again under jit_compile=True")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    if arguments.quantized:
        print("| Work, one training step | float, ms | quantized, ms | ratio |\n|---|---|---|---|")
        for compiled in compilers(True):
            row = compare_quantized(arguments.repeats, compiled)
            print(
                f"| {row['work']} | {row['float_ms']:.2f} | {row['quantized_ms']:.2f} | {row['ratio']:.2f} |",
                flush=True,
            )
        return
    rows = []
    print(
        "| Work, one training step | XLA | ours, ms | keras-lmu, ms | speed-up | products alone, ms |\n"
        + "|---" * 6
        + "|"
    )
    works = [work for work in WORKS if arguments.only in work.name]
    for work, xla in itertools.product(works, compilers(arguments.xla)):
        row = compare(work, arguments.repeats, xla)
        rows.append(row)
        theirs = "not run | -" if row["speedup"] is None else f"{row['keras_lmu_ms']:.1f} | {row['speedup']:.2f}"
        bound = "" if row["products_ms"] is None else f"{row['products_ms']:.1f}"
        print(f"| {row['work']} | {'yes' if xla else 'no'} | {row['ours_ms']:.1f} | {theirs} | {bound} |", flush=True)
    ways = all_methods(arguments.repeats) if tf is not None else {}
    if arguments.json:
        arguments.json.write_text(json.dumps({"training": rows, "methods": ways}, indent=2) + "\n")


if __name__ == "__main__":
    main()
