"""Every layer and operator of the registries where sequences have any length equals Keras, or is refused by name."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from lmu_hls.front.lengths import open_model
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec.lengths import counting
from lmu_hls.verify import bench
from lmu_hls.verify.csim import compile_project
from tests.support.keras_graphs import fill
from tests.support.keras_pieces import OPERATORS, PIECES, Piece
from tests.support.lmu_models import N_IN, convert, lmu
from tests.support.random_rtl import has_icarus

STEPS, FILL, BOUND = 7, -9.0, 0.02
LENGTHS = np.array([STEPS, 1, 3, 6, 2, 4, 5])
BACKWARDS = Piece(lambda rng, h: keras.layers.GRU(2, return_sequences=True, go_backwards=True)(h))
EVERY = {**PIECES, **{f"operator {name}": piece for name, piece in OPERATORS.items()}, "go_backwards": BACKWARDS}
PLACES = ("front", "behind")
# They make one vector of a sequence, or a fixed number of steps; with a mask more is refused, by what a seed draws
REFUSED = ("Flatten", "Reshape", "RepeatVector", "GlobalMaxPooling1D", "GlobalAveragePooling1D")
REFUSED += ("operator Mean", "operator Max")
CASES = [(name, mask, place) for name in EVERY for mask in (False, True) for place in PLACES]
CASES = [(name, mask, place) for name, mask, place in CASES if place == "front" or not EVERY[name].first]
IDS = [f"{name}-{'mask' if mask else 'open'}-{place}" for name, mask, place in CASES]
SEEDS = (0, pytest.param(1, marks=pytest.mark.nightly))


def build(name, masking, place, seed):
    """The piece before or behind an LMU. Its steps: any number, a fixed one with Masking and where Keras needs it."""
    rng, x = np.random.default_rng(seed), keras.Input((STEPS, N_IN), name="x")

    def memory(h):
        return lmu(None, (False, False, False), order=2, theta=6.0)(h) if len(h.shape) == 3 else h

    h = keras.layers.Masking(FILL)(x) if masking else x
    h = memory(EVERY[name].make(rng, h)) if place == "front" else EVERY[name].make(rng, memory(h))
    made = keras.Model(x, h)
    fill(made, rng)
    try:
        return made if masking else open_model(flat(made))  # models inside have inputs of their own
    except (ValueError, TypeError):
        return made


def converted(model, masking, folder):
    """The graph, and its network; None where it is refused, by a message that names what, where and what else to do."""
    steps = {} if masking else {"Steps": STEPS}
    try:
        graph = convert(model, folder, {"Model": {"Precision": "fixed<24,8>", "ReuseFactor": 1, **steps}})
    except LmuHlsError as error:
        assert "; " in str(error) and any(repr(name) in str(error) for name in names_of(model)), error
        return None
    return graph, network_spec(graph)


def names_of(model):
    """What a refusal may name: the layers and operators, and what becomes of them."""
    names = [model.name, *(operation.name for operation in getattr(model, "_functional", model).operations)]
    return [f"{name}{end}" for name in names for end in ("", "_window", "_reversed", "_backward_reversed")]


def sequences(lengths, seed):
    x = np.random.default_rng(seed).uniform(-1, 1, (len(lengths), STEPS, N_IN)).astype(np.float32)
    x[~counting(lengths, STEPS)] = FILL
    return x


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name, masking, place", CASES, ids=IDS)
def test_golden_is_keras_or_it_is_refused(name, masking, place, seed, tmp_path):
    model = build(name, masking, place, seed)
    made = converted(model, masking, tmp_path)
    assert masking or (made is None) == (name in REFUSED)
    if made is None:
        return
    graph, network = made
    assert network.any_length
    lengths = LENGTHS[network.least_steps <= LENGTHS]
    x = sequences(lengths, seed)
    (value,) = (network.values[output] for output in network.outputs)
    values = lmu_hls.reference(graph, [x, lengths]).reshape(len(x), -1, value.width)
    for row, length in enumerate(lengths):
        real = np.asarray(model(x[row : row + 1] if masking else x[row : row + 1, :length]))[0]
        real = real.reshape(-1, value.width)[: length if value.steps else 1]
        assert np.abs(values[row, : len(real)] - real).max() < BOUND


@pytest.mark.nightly
@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize("name, masking, place", CASES, ids=IDS)
def test_verilog_is_golden(name, masking, place, tmp_path):
    """With pauses, too; or it is refused, as averages of windows that reach over the ends are."""
    model = build(name, masking, place, 1)
    extracted = converted(model, masking, tmp_path)
    if extracted is None:
        return
    _, network = extracted
    try:
        made = design(network, RtlOptions())
    except LmuHlsError as error:
        assert name == "AveragePooling1D" and "padding='valid'; use that, or" in str(error), error
        assert any(repr(layer) in str(error) for layer in names_of(model)), error
        return
    made.write(tmp_path / "verilog")
    rng, (end,), lengths = np.random.default_rng(0), network.inputs, LENGTHS[network.least_steps <= LENGTHS]
    x = rng.integers(end.type.min_int // 64, end.type.max_int // 64, (len(lengths), STEPS, N_IN))
    folder = tmp_path / "verilog"
    built = bench.build("icarus", made.sources(folder), made.interface, folder, tmp_path / "bench")
    expected = golden.predict(network, x, lengths=lengths)
    for pauses in ({}, {"gap": 0.3, "stall": 0.4}):
        assert np.array_equal(built.run(x, lengths=lengths, **pauses).outputs, expected)


@pytest.mark.nightly
@pytest.mark.parametrize("name, masking, place", CASES, ids=IDS)
def test_csim_is_golden(name, masking, place, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    made = converted(build(name, masking, place, 1), masking, tmp_path)
    if made is None:
        return
    graph, network = made
    graph.write()
    rng, (end,), lengths = np.random.default_rng(0), network.inputs, LENGTHS[network.least_steps <= LENGTHS]
    x = rng.integers(end.type.min_int // 64, end.type.max_int // 64, (len(lengths), STEPS, N_IN))
    expected = golden.predict(network, x, lengths=lengths)
    assert np.array_equal(compile_project(tmp_path).run(x, network, lengths=lengths), expected)
