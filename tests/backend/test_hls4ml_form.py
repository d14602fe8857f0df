"""predict and trace of every backend take whole sequences only; the reference has their form."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import backend
from lmu_hls.errors import LmuHlsError
from tests.support.lmu_models import config, convert, lmu, model

STEPS, N_IN = 6, 2
# Each has as many values as some number of whole sequences.
WRONG = [(5, 12, 2), (5, 6, 4), (5, 24), (5, 3, 4), (5, 2, 6), (3, 4, 2), (12, 2), (6, 4), (24,), (1, 5, 6, 2), (2, 6)]


@pytest.fixture(scope="module", params=[(True, 1), (True, 2), (False, 1)], ids=["sequence", "sequences", "last"])
def built(request):
    sequences, outputs = request.param
    return model(lmu("tanh", return_sequences=sequences), keras.layers.Dense(outputs), steps=STEPS, n_in=N_IN)


@pytest.fixture(scope="module")
def graphs(built, tmp_path_factory):
    """One for each backend; tests/test_readme.py compiles one."""
    folder = tmp_path_factory.mktemp("backends")
    return {name: convert(built, folder / name, config(built), backend=name) for name in ("Vitis", "Vivado", "Verilog")}


@pytest.mark.parametrize("shape", WRONG, ids=str)
def test_other_shapes_are_refused(shape, graphs):
    x = np.ones(shape, np.float32)
    calls = [
        lambda: graphs["Vitis"]._compute_n_samples(x),  # of its predict and trace
        lambda: graphs["Vivado"]._compute_n_samples(x),
        lambda: graphs["Verilog"].predict(x, engine="golden"),
        lambda: graphs["Verilog"].trace(x, engine="golden"),
        lambda: backend.verify(graphs["Verilog"], x),
        *(lambda graph=graph: lmu_hls.reference(graph, x) for graph in graphs.values()),
    ]
    for call in calls:
        with pytest.raises(LmuHlsError) as error:
            call()
        assert f"{shape}, but the model takes (samples, {STEPS}, {N_IN})" in str(error.value)


@pytest.mark.parametrize("samples", [None, 1, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_reference_is_what_predict_gives(samples, dtype, built, graphs):
    """In value, shape and dtype; and in shape what Keras gives, after one reshape."""
    shape = (STEPS, N_IN) if samples is None else (samples, STEPS, N_IN)
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    expected = lmu_hls.reference(graphs["Vivado"], x)
    answer = graphs["Verilog"].predict(x, engine="golden")
    assert answer.shape == expected.shape and answer.dtype == expected.dtype == dtype
    assert np.array_equal(answer, expected)
    assert graphs["Vitis"]._compute_n_samples(x) == graphs["Vivado"]._compute_n_samples(x) == (samples or 1)
    keras_answer = built.predict(x.reshape(-1, STEPS, N_IN), verbose=0)
    assert np.abs(expected.reshape(keras_answer.shape) - keras_answer).max() < 0.2


def test_the_data_of_the_test_bench(graphs, built, tmp_path):
    """Flat rows are whole samples; a sample of another length would shift all that follow."""
    for name, x in (("a", np.ones((3, STEPS * N_IN))), ("b", np.ones((3, STEPS, N_IN))), ("c", np.ones((STEPS, N_IN)))):
        np.save(tmp_path / f"{name}.npy", x)
        np.savetxt(tmp_path / f"{name}.dat", x.reshape(-1, STEPS * N_IN))
        for suffix in ("npy", "dat"):
            path = str(tmp_path / f"{name}.{suffix}")
            convert(built, tmp_path / "out", backend="Verilog", input_data_tb=path).write()
    np.save(tmp_path / "d.npy", np.ones((3, 4, N_IN)))
    wrong = convert(built, tmp_path / "out", backend="Verilog", input_data_tb=str(tmp_path / "d.npy"))
    with pytest.raises(LmuHlsError, match=r"d\.npy cannot be used.*\(3, 4, 2\)"):
        wrong.write()
