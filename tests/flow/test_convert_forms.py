"""Forms of a model in files: nested, HDF5, and weights in a file of their own; all give the same project."""

import h5py
import keras
import numpy as np
import pytest

from lmu_hls import LMU, flow
from lmu_hls.errors import LmuHlsError
from tests.support.small_model import small_model


def nested():
    keras.utils.set_random_seed(0)
    flat = small_model(head=0)
    inner = keras.Sequential([keras.Input((5, 2)), *flat.layers], name="inner")
    return keras.Sequential([keras.Input((5, 2)), inner, keras.layers.Dense(3, name="head", activation="softmax")])


def same(one, other):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5, 2)).astype(np.float32)
    return np.array_equal(one(x), other(x))


def test_files(tmp_path):
    """A nested model in both formats is read flat, with its weights; --logits finds its end."""
    built = nested()
    for name in ("m.keras", "m.h5"):
        built.save(tmp_path / name)
        loaded = flow.load_model(tmp_path / name)
        assert [type(layer) for layer in loaded.layers[-2:]] == [LMU, keras.layers.Dense]
        assert same(loaded, built)
        assert flow.up_to_logits(loaded).layers[-1].activation is keras.activations.linear


def test_weights_in_a_file_of_their_own(saved, tmp_path):
    other = small_model()
    for weight in other.weights:
        weight.assign(weight + 0.25)
    path = tmp_path / "other.weights.h5"
    other.save_weights(path)
    assert same(flow.load_model(saved, path), other) and not same(flow.load_model(saved), other)


def test_weights_that_do_not_fit(saved, tmp_path):
    small_model(head=5).save_weights(path := tmp_path / "wide.weights.h5")
    with pytest.raises(LmuHlsError, match=r"wide.weights.h5 does not have the weights of .*head.*model.save_weights"):
        flow.load_model(saved, path)
    for name, word in {"none.weights.h5": "does not exist", "m.keras": "is not a .weights.h5 file"}.items():
        with pytest.raises(LmuHlsError, match=word):
            flow.load_model(saved, saved if name == "m.keras" else tmp_path / name)


def test_an_hdf5_file_from_elsewhere(tmp_path, monkeypatch):
    """The limits of .keras files hold for it, and Python code in it is refused by us, whatever Keras does."""
    keras.Sequential([keras.Input((5, 2)), keras.layers.Lambda(lambda x: x)]).save(path := tmp_path / "m.h5")
    with pytest.raises(LmuHlsError, match="Lambda layer, which is Python code"):
        flow.load_model(path)
    small_model().save(path)
    monkeypatch.setenv("LMU_HLS_MAX_ORDER", "3")
    with pytest.raises(LmuHlsError, match="4 as the order of a memory"):
        flow.load_model(path)
    monkeypatch.delenv("LMU_HLS_MAX_ORDER")
    with h5py.File(path, "a") as file:
        file["model_weights/more"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(LmuHlsError, match="lie in another file"):
        flow.load_model(path)
