"""Random graphs of all layers: golden == csim == Icarus on every integer, and golden is near Keras."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hls4ml.model.graph import ModelGraph
from numpy.typing import NDArray

from lmu_hls import golden
from lmu_hls.activations import FUNCTIONS
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints, quantize, to_float
from lmu_hls.front import operators
from lmu_hls.front.extract import network_spec
from lmu_hls.front.graph import layers
from lmu_hls.golden.trace import Trace
from lmu_hls.layers.stateful import in_order, predict_all
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network
from lmu_hls.spec.layers.normalize import Normalize
from lmu_hls.verify import bench
from lmu_hls.verify.rtlsim import formulas_of, simulate
from tests.support import keras_graphs, keras_pieces
from tests.support.keras_graphs import operations, random_ends, random_graph
from tests.support.lmu_models import config, convert, lmu, random_input, write
from tests.support.mutants import change
from tests.support.random_rtl import (
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    has_icarus,
    make_case,
    run_icarus,
    with_reuse_factors,
)

TYPE = "fixed<24,9>"
BOUND = 0.03  # of golden from Keras with this type: tables of 2048 entries, and the LSBs of about ten layers
CYCLES = 4000  # of the whole run
needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")


def graph_of(model: keras.Model, folder: Path) -> ModelGraph | None:
    """The converted model; None for one whose exact sums need more bits than an integer has: refused, by a layer's
    name and with a remedy."""
    try:
        return convert(model, folder / "hls", config(model, default_precision=TYPE))
    except LmuHlsError as error:
        if "at most 62 are possible" not in str(error):
            raise
        names = [operation.name for operation in operations(model)]
        assert "; " in str(error) and any(name in str(error) for name in names), error
        return None


def check_near(model: keras.Model, network: Network, x: Mapping[str, Ints], trace: Trace) -> None:
    """Golden is near Keras, in front of each normalization and at the outputs.

    A vector near zero is divided by its size, and with it the errors of all layers before, without a bound: Keras
    therefore goes on from golden's own values in front of each normalization, so that every part of the graph is
    compared within the same bound.
    """
    known, values = (
        list(model.inputs),
        in_order(model, {item.name: to_float(x[item.name], item.type) for item in network.inputs}),
    )

    def compare(tensors: list[keras.KerasTensor], golden_values: list[NDArray[np.float64]]) -> None:
        answers = predict_all(keras.Model(known, tensors), [each.astype(np.float32) for each in values])
        for given, real in zip(golden_values, answers, strict=True):
            assert given.shape == real.shape and np.abs(given - real).max() < BOUND * max(1.0, np.abs(real).max())

    for tensor, given in normalized(model, network, trace):
        compare([tensor], [given])
        known, values = [*known, tensor], [*values, given]
    compare(list(model.outputs), [to_float(trace.outputs[name], network.values[name].type) for name in network.outputs])


def normalized(
    model: keras.Model, network: Network, trace: Trace
) -> Iterator[tuple[keras.KerasTensor, NDArray[np.float64]]]:
    """What each normalization reads that is a layer of the graph itself and not of its inputs: Keras's, golden's."""
    of_keras = {layer.name: layer for layer in model.layers}
    for node in network.nodes:
        (source, *_) = node.inputs
        if isinstance(node.layer, Normalize) and node.name in of_keras and source in {n.name for n in network.nodes}:
            *_, given = trace[source].tensors.values()
            value = network.values[source]
            last = value.steps is None and given.ndim == 3  # of a recurrent layer, which has all its steps in the trace
            yield of_keras[node.name].input, to_float(given[:, -1] if last else given, value.type)


def test_a_wrong_value_in_front_of_a_normalization_is_seen(tmp_path):
    """A normalization that divides vectors of size 0.01, and with them what the table before it is wrong by."""
    keras.utils.set_random_seed(1)
    x = keras.Input((4, 3), name="x")
    small = keras.layers.Dense(3, "elu", kernel_initializer=keras.initializers.RandomUniform(-0.005, 0.005), name="elu")
    h = keras.layers.RMSNormalization(name="rms")(small(lmu(None, (False, False, False))(x)))
    model = keras.Model(x, keras.layers.Dense(2)(h))
    graph = graph_of(model, tmp_path)
    assert graph is not None
    network = network_spec(graph)
    values = {network.inputs[0].name: quantize(np.random.default_rng(1).uniform(-1, 1, (16, 4, 3)), network.x)}
    trace = golden.run_samples(network, values)
    check_near(model, network, values, trace)
    (front,) = next(node.inputs for node in network.nodes if isinstance(node.layer, Normalize))
    (out,) = trace[front].tensors.values()
    real = np.asarray(model(to_float(*values.values(), network.x).astype(np.float32)))
    assert np.abs(to_float(trace.output, network.out) - real).max() > BOUND * max(1.0, np.abs(real).max())
    out += int(2 * BOUND * 2 ** network.values[front].type.fraction)
    with pytest.raises(AssertionError):
        check_near(model, network, values, trace)


def check(seed: int, folder: Path, csim: bool) -> None:
    """The graph of ``seed`` through all roads, if it is not refused; the C++ only with ``csim``."""
    model = random_graph(seed)
    graph = graph_of(model, folder)
    if graph is None:
        return
    network = network_spec(graph)
    x = quantize(np.random.default_rng(seed).uniform(-1, 1, (16, *model.input_shape[1:])), network.x)
    check_near(model, network, {network.inputs[0].name: x}, golden.run(network, x))
    case = make_case(network, RtlOptions(), np.random.default_rng(seed), CYCLES)
    case.write(folder / "verilog")
    if has_icarus():
        check_icarus(case, folder / "verilog")
    if csim:
        integers = random_input(network, 20, seed)
        assert np.array_equal(write(graph).run(integers, network), golden.run(network, integers).output)


@pytest.mark.parametrize("seed", range(8))
def test_random_graph(seed, tmp_path):
    check(seed, tmp_path, csim=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_random_graph_by_all_roads(seed, tmp_path):
    check(seed, tmp_path, csim=True)


def check_ends(seed: int, folder: Path, csim: bool) -> None:
    """The graph of several inputs and outputs of ``seed``, each stream at full speed and with pauses of its own."""
    model = random_ends(seed)
    graph = graph_of(model, folder)
    if graph is None:
        return
    network = network_spec(graph)
    rng = np.random.default_rng(seed)
    x = {item.name: quantize(rng.uniform(-1, 1, (5, network.steps, item.width)), item.type) for item in network.inputs}
    trace = golden.run_samples(network, x)
    check_near(model, network, x, trace)
    if csim:
        outputs = write(graph).run_all(x, network)
        assert all(np.array_equal(outputs[name], values) for name, values in trace.outputs.items())
    made = design(with_reuse_factors(rng, network, CYCLES // (5 * network.steps)), RtlOptions())
    made.write(folder / "verilog")
    if not has_icarus():
        return
    sources, interface = made.sources(folder / "verilog"), made.interface
    simulation = bench.build("icarus", sources, interface, folder / "verilog", folder / "work")
    expected = {interface.key(port): trace.outputs[port.name] for port in interface.outputs}
    expected |= {(layer, name): trace[layer].tensors[name] for layer, name in network.observed}
    comparison, timing, _ = simulate(simulation, x, expected, formulas_of(made.plan), (network.name, "icarus"))
    assert comparison.passed, comparison.first_difference
    assert timing.ii_measured in (None, replace(timing.ii_formula, source="rtl_sim"))
    assert timing.latency_measured == replace(timing.latency_formula, source="rtl_sim")
    paused = simulation.run(x, trace=True, gap=0.4, stall=0.4, seed=seed)
    assert all(np.array_equal(paused.tensors[key], values) for key, values in expected.items())


@pytest.mark.parametrize("seed", range(2))
def test_random_ends(seed, tmp_path):
    check_ends(seed, tmp_path, csim=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_random_ends_by_all_roads(seed, tmp_path):
    check_ends(seed, tmp_path, csim=True)


def undrawn(models) -> set[str]:
    """What the registries of layers and operators name, and no model calls. Layers of HGQ2 need HGQ2: test_hgq.py."""
    drawn = {_name(operation) for model in models for operation in operations(model)}
    readers = [reader for reader in layers.readers() if reader.package == "keras"]
    named = {f"layer {name}" for reader in readers for name in reader.keras}
    named |= {f"layer {name}" for name in ("LMU", "RNN", "Bidirectional")}
    return (named | {f"operator {name}" for name in operators.LAYERS}) - drawn


def _name(operation: object) -> str:
    return f"{'layer' if isinstance(operation, keras.layers.Layer) else 'operator'} {type(operation).__name__}"


def pieces() -> list[keras.Model]:
    """A model of each piece alone."""
    rng, x = np.random.default_rng(1), keras.Input((6, 3))
    every = [*keras_pieces.PIECES.values(), *keras_pieces.OPERATORS.values()]
    return [keras.Model(x, piece.make(rng, x)) for piece in every]


def test_every_registered_layer_has_a_piece(monkeypatch):
    assert not undrawn(pieces())
    monkeypatch.setattr(keras_pieces, "PIECES", {"Dense": keras_pieces.PIECES["Dense"]})
    monkeypatch.setattr(layers, "readers", lambda: (SimpleNamespace(package="keras", keras=("Dense", "New")),))
    assert undrawn(pieces()) == {"layer New", "layer LMU", "layer RNN", "layer Bidirectional"}


def functions_of(model: keras.Model) -> set[str]:
    """The names of the functions of a model's layers and cells."""
    parts = [part for layer in model._flatten_layers() for part in (layer, getattr(layer, "cell", None))]
    parts += [getattr(part, "hidden_cell", None) for part in parts]
    return {getattr(getattr(part, "activation", None), "__name__", "") for part in parts}


def test_every_function_has_its_turn():
    first = len(keras_graphs.EVERY)
    turns = dict(enumerate(keras_pieces.FUNCTION_PIECES, first))
    assert set(turns.values()) >= set(FUNCTIONS)
    for seed, name in turns.items():
        if name in ("linear", "hard_tanh", "exponential", "leaky_relu"):
            assert name in functions_of(random_graph(seed)), name


@pytest.mark.slow
def test_every_function_is_drawn():
    for seed, name in enumerate(keras_pieces.FUNCTION_PIECES, len(keras_graphs.EVERY)):
        assert name in functions_of(random_graph(seed)), name


@pytest.mark.slow
def test_400_graphs_have_every_layer():
    assert not undrawn([random_graph(seed) for seed in range(400)])


@needs_icarus
def test_a_wrong_window_is_seen(tmp_path):
    """A step further on."""
    seed = 22  # of one window
    model = random_graph(seed)
    network = network_spec(convert(model, tmp_path / "hls", config(model, default_precision=TYPE)))
    case = make_case(network, RtlOptions(), np.random.default_rng(seed), CYCLES)
    case.write(tmp_path)
    windows = next(item for item in case.plan.net.instances if item.module == "lmu_window")
    top, skip = tmp_path / f"rtl/{case.plan.top}.v", windows.parameters["SKIP"]
    change(top, f".SKIP({skip})", f".SKIP({int(skip) + 1})", several=True)
    compile_icarus(case.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError)):
        assert_equal(case.expected, run_icarus(case, tmp_path).tensors)
