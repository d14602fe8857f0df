"""Seeded small Keras models with LMU layers, their conversion for csim and for the Verilog, and the comparison of all.

One model goes two ways: hls4ml's backend Vitis, whose C++ is compiled and run, and the backend Verilog, whose project
runs in Verilator and Icarus. Both contracts must say the same, and all give golden's integers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lmu_hls import backend, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, Ints
from lmu_hls.front.extract import network_spec
from lmu_hls.front.keras_model import is_lmu_layer
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.spec import LMU, Dense, Network
from lmu_hls.verify.csim import CsimProject, compile_project
from tests.support.lmu_models import config, convert, lmu, model
from tests.support.random_networks import random_spec_input
from tests.support.random_rtl import OUTPUT, Case, expected_tensors

HIDDEN = ("none", "dense", "rnn", "lstm", "gru", "gru before")
HEADS = ("none", "dense", "relu", "softmax")
CELLS = {
    "rnn": keras.layers.SimpleRNNCell,
    "lstm": keras.layers.LSTMCell,
    "gru": keras.layers.GRUCell,
    "gru before": keras.layers.GRUCell,
}
FUNCTIONS = ("tanh", "sigmoid", "relu", "linear")
TENSORS = ("u", "mem", "sweep", "pre", "gate", "candidate", "cell", "squashed", "inner", "result")
WEIGHTS = ("encoder_x", "encoder_h", "encoder_mem", "encoder_bias", "hidden_mem", "hidden_x", "hidden_h", "hidden_bias")
STATES = 40  # of one memory
SAMPLES = 24  # sequences of the comparison
CYCLES = 20_000  # of all sequences, which reuse factors are drawn for
UNLUCKY = ("memory is unstable", "become zero", "becomes zero throughout")  # refused, rightly: another draw then


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """A Keras model converted both ways. ``case`` is what the Verilog is compared with; its project lies in
    ``verilog``, the C++ in ``vitis``; ``network`` is the contract of the C++."""

    case: Case
    verilog: Path
    vitis: Path
    network: Network

    def compile_csim(self) -> CsimProject:
        return compile_project(self.vitis)

    def check_csim(self, made: CsimProject) -> None:
        """Every output of the compiled C++."""
        output = made.run(self.case.x, self.network)
        assert np.array_equal(output.reshape(-1, output.shape[-1]), self.case.expected[OUTPUT])


def random_converted(seed: int, folder: Path) -> Converted:
    """Model and types of ``seed``, written for both backends below ``folder``. The outputs depend on the input."""
    drawn = _draw(seed, folder / "vitis")
    drawn.graph.write()
    case = _verilog(drawn.rng, drawn.built, drawn.settings, drawn.network, drawn.x, folder / "verilog")
    return Converted(case, folder / "verilog", folder / "vitis", drawn.network)


def assert_random_csim_equals_golden(seed: int, folder: Path, strategy: str = "Latency", **options: Any) -> None:
    """The C++ of the model of ``seed``, its LMUs with a strategy, converted with options of hls4ml, is golden's."""
    drawn = _draw(seed, folder, strategy, **options)
    drawn.graph.write()
    assert np.array_equal(compile_project(folder).run(drawn.x, drawn.network), golden.predict(drawn.network, drawn.x))


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A Keras model with its configuration, its graph (not written yet), contract and inputs."""

    rng: np.random.Generator
    built: keras.Model
    settings: dict[str, Any]
    graph: Any
    network: Network
    x: Ints


def _draw(seed: int, folder: Path, strategy: str = "Latency", **options: Any) -> _Drawn:
    """The first draw of ``seed`` that can be converted with these options and whose outputs depend on the input."""
    for attempt in count():
        rng = np.random.default_rng([seed, attempt])
        built, settings = _model(rng, seed)
        for layer in built.layers:
            if is_lmu_layer(layer):
                settings["LayerName"][layer.name]["Strategy"] = strategy
        try:
            graph = converted_without_absent(built, folder, settings, **options)
        except LmuHlsError as error:
            if attempt < 20 and any(text in str(error) for text in UNLUCKY):
                continue
            raise
        network = network_spec(graph)
        x = random_spec_input(network, SAMPLES, seed)
        outputs = golden.predict(network, x).reshape(SAMPLES, -1)
        if len(np.unique(outputs, axis=0)) > SAMPLES // 2 or attempt >= 20:
            return _Drawn(rng, built, settings, graph, network, x)
    raise AssertionError


def converted_without_absent(built: keras.Model, folder: Path, settings: dict[str, Any], **options: Any) -> Any:
    """The graph; types were drawn for all tensors, and those of tensors that a layer does not have are taken out."""
    for _ in built.layers:
        try:
            return convert(built, folder, settings, **options)
        except LmuHlsError as error:
            refused = re.match(r"layer '(.*)': Precision: (.*): the layer has no such tensors", str(error))
            if refused is None:
                raise
            for tensor in refused[2].split(", "):
                settings["LayerName"][refused[1]]["Precision"][tensor] = "auto"
    return convert(built, folder, settings, **options)


def _verilog(
    rng: np.random.Generator, built: keras.Model, settings: dict[str, Any], network: Network, x: Ints, folder: Path
) -> Case:
    """Convert once more, with valid reuse factors, and write the project with x and golden's outputs."""
    for layer in network.layers:
        if isinstance(layer, LMU | Dense):
            valid = valid_reuse_factors(layer)
            allowed = [factor for factor in valid if factor * x.shape[0] * x.shape[1] <= CYCLES] or valid[:1]
            settings["LayerName"][layer.name]["ReuseFactor"] = int(rng.choice(allowed))
    made = backend.design_of(convert(built, folder, settings, backend="Verilog"))
    expected = expected_tensors(network, x, endless=False)
    case = Case(made.network, RtlOptions(), x, expected)
    for key, values in expected_tensors(case.network, x, endless=False).items():
        assert np.array_equal(values, expected[key]), "the two conversions differ"
    case.write(folder)
    return case


def _model(rng: np.random.Generator, seed: int) -> tuple[keras.Model, dict[str, Any]]:
    """A model and its configuration; hidden cell and head go round with the seed."""
    layers: list[Any] = []
    if seed % 4 == 3:
        layers.append(_lmu(rng, "first", str(rng.choice(HIDDEN)), True))
        if rng.random() < 0.4:
            layers.append(
                keras.layers.Dense(int(rng.integers(1, 5)), str(rng.choice(["linear", "relu"])), name="middle")
            )
    layers.append(_lmu(rng, "memory", HIDDEN[seed % 6], bool(rng.random() < 0.5)))
    head = HEADS[seed // 6 % 4]
    if head != "none":
        layers.append(keras.layers.Dense(int(rng.integers(2, 7)), "linear" if head == "dense" else head, name="head"))
    steps, n_in = int(rng.integers(1, 7)), int(rng.integers(1, 5))
    seed = int(rng.integers(1 << 30))
    layers = _normalized(np.random.default_rng(seed), layers)
    built = model(*layers, steps=steps, n_in=n_in, seed=seed)
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # a variance is positive
            layer.moving_variance.assign(0.2 + keras.ops.square(layer.moving_variance))
    settings = config(built, default_precision=_type(rng, 12))
    for name, layer in settings["LayerName"].items():
        _configure(rng, name, layer, [la.cell.discretizer for la in layers if la.name == name and hasattr(la, "cell")])
    return built, settings


def _normalized(rng: np.random.Generator, layers: list[Any]) -> list[Any]:
    """Behind some layers a batch normalization, folded or not."""
    options = {"scale": bool(rng.random() < 0.7), "center": bool(rng.random() < 0.7), "epsilon": 0.01}
    norms = [[keras.layers.BatchNormalization(name=f"norm{k}", **options)] * (rng.random() < 0.4) for k in range(9)]
    return [part for k, layer in enumerate(layers) for part in (layer, *norms[k])]


def _lmu(rng: np.random.Generator, name: str, kind: str, sequences: bool) -> Any:
    order = round(2.0 ** rng.uniform(0, 4.5))
    bias = bool(rng.random() < 0.7)
    return lmu(
        _cell(rng, kind, bias),
        tuple(bool(flag) for flag in rng.random(3) < 0.5),
        name=name,
        use_bias=bias,
        order=order,
        memory_d=int(rng.integers(1, min(6, max(1, STATES // order)) + 1)),
        theta=float(rng.uniform(1.5, 4.0) * order + 2.0),
        discretizer=str(rng.choice(["zoh", "bilinear", "bilinear", "euler"] if order < 4 else ["zoh", "bilinear"])),
        basis=str(rng.choice(["legendre", "orthonormal"])),
        return_sequences=sequences,
    )


def _cell(rng: np.random.Generator, kind: str, bias: bool) -> Any:
    """A Keras layer or cell; tanh and sigmoid, as in Keras, most of the time."""
    units = int(rng.integers(1, 7))
    function, gate = (usual if rng.random() < 0.6 else str(rng.choice(FUNCTIONS)) for usual in ("tanh", "sigmoid"))
    if kind == "none":
        return None
    if kind == "dense":
        return keras.layers.Dense(units, function, use_bias=bias)
    options = {"activation": function, "use_bias": bias}
    if kind != "rnn":
        options["recurrent_activation"] = gate
    if kind.startswith("gru"):
        options["reset_after"] = kind == "gru"
    return CELLS[kind](units, **options)


def _configure(rng: np.random.Generator, name: str, layer: dict[str, Any], discretizer: list[str]) -> None:
    """Random types for about half of the tensors and weights, a random table, either memory update."""
    precision = layer["Precision"]
    for key in precision:
        if key in TENSORS and rng.random() < 0.5:
            precision[key] = _type(rng, 10 if key in ("mem", "sweep") else 6)
        elif key in (*WEIGHTS, "weight", "bias") and rng.random() < 0.4:
            precision[key] = _type(rng, 5)
    if name.startswith("norm"):
        layer["Fold"] = bool(rng.random() < 0.5)
        layer["Precision"] = precision if not layer["Fold"] else {}
    if discretizer:
        layer["TableSize"] = int(rng.choice([64, 256, 1024]))
        layer["TableRange"] = int(rng.choice([0, 2, 8]))
        if discretizer == ["bilinear"] and rng.random() < 0.5:
            layer["MemoryUpdate"] = "tridiagonal"
    if "exp" in precision:
        precision["result"] = f"fixed<{rng.integers(8, 16)},{rng.integers(1, 3)},RND_CONV,SAT>"


def _type(rng: np.random.Generator, low: int) -> str:
    width, integer = int(rng.integers(low, low + 9)), int(rng.integers(2, 5))
    modes = ("RND_CONV", "SAT") if rng.random() < 0.5 else (rng.choice(ROUNDINGS), rng.choice(OVERFLOWS))
    return f"fixed<{width},{integer},{modes[0]},{modes[1]}>"
