"""Saved models and one converted folder, made once a session."""

import keras
import numpy as np
import pytest

from lmu_hls import flow
from lmu_hls.layers import LMU


def small_model(hidden_cell="relu", units=4, head=3, name="small", **lmu):
    """steps 5, 2 features, memory_d 2, order 4."""
    keras.utils.set_random_seed(0)  # first: initializers draw their seed when they are made
    cell = keras.layers.Dense(units, activation=hidden_cell) if isinstance(hidden_cell, str) else hidden_cell
    settings = {"theta": 6, "input_to_hidden": cell is not None, **lmu}
    layers = [keras.Input((5, 2)), LMU(2, 4, hidden_cell=cell, name="lmu", **settings)]
    if head:
        layers.append(keras.layers.Dense(head, name="head"))
    return keras.Sequential(layers, name=name)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.keras"
    small_model().save(path)
    return path


@pytest.fixture(scope="session")
def converted(saved, tmp_path_factory):
    """An output folder; tests copy it before they change it."""
    root = tmp_path_factory.mktemp("converted") / "out"
    flow.convert(flow.load_model(saved), root)
    return root


@pytest.fixture
def speech(tmp_path):
    """Data for the small model."""
    rng = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=rng.normal(size=(6, 5, 2)), y=np.array([0, 1, 2, 0, 1, 2]))
    return path
