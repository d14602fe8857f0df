"""Saved models and one converted folder, made once a session."""

import numpy as np
import pytest

from lmu_hls import flow
from tests.small_model import small_model


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
