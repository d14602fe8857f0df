"""Copies of a model compute what the model computes, also where a layer keeps apart what it has learned."""

import re
from pathlib import Path

import keras
import numpy as np

from lmu_hls.flow.convert import up_to_logits
from lmu_hls.keras_weights import take_weights
from lmu_hls.layers.rebase import rediscretize
from lmu_hls.layers.stateful import predict_samples, without_state
from tests.support.lmu_models import lmu

ROOT = Path(__file__).resolve().parents[1]
X = np.random.default_rng(0).normal(3, 2, size=(8, 5, 2)).astype(np.float32)


def normalized(batch: int | None = None, **options: object) -> keras.Model:
    """Normalization that has learned mean and deviation, an LMU and a head."""
    norm = keras.layers.Normalization(name="norm")
    norm.adapt(X)
    inputs = keras.Input(batch_shape=(batch, 5, 2))
    h = lmu(keras.layers.Dense(3, "tanh"), name="memory", **options)(norm(inputs))
    return keras.Model(inputs, keras.layers.Dense(2, "sigmoid", name="head")(h))


def test_set_weights_alone_is_the_fault() -> None:
    model = normalized()
    bare, whole = keras.models.clone_model(model), keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    take_weights(whole, model)
    outputs = np.asarray(model(X))
    assert not np.allclose(bare(X), outputs, atol=1e-3)
    assert np.array_equal(whole(X), outputs)


def test_copies_keep_what_normalization_has_learned() -> None:
    model = normalized(batch=2, stateful=True)
    first = X[:1]
    assert np.allclose(predict_samples(model, first), without_state(model)(first), atol=1e-6)
    free = normalized()
    take_weights(free, model)
    assert np.allclose(predict_samples(model, first), free(first), atol=1e-6)
    twin, change = rediscretize(free, "zoh", X)
    assert change.max_difference < 1e-6
    logits = np.asarray(up_to_logits(twin)(X))
    assert np.allclose(1 / (1 + np.exp(-logits)), free(X), atol=1e-5)


def test_no_copy_takes_its_weights_in_another_way() -> None:
    bare = re.compile(r"\.set_weights\(\w+(\.\w+)*\.get_weights\(\)\)")
    places = [path.name for path in (ROOT / "lmu_hls").rglob("*.py") if bare.search(path.read_text())]
    assert places == ["keras_weights.py"]
