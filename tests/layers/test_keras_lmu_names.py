"""The attributes that users of keras-lmu read: by their meaning, and against keras-lmu where it is installed."""

from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.layers import LMU, LMUCell

NAMES = ("kernel", "recurrent_kernel", "theta_inv", "A", "B")
SYSTEMS = [("zoh", False), ("zoh", True), ("euler", False), ("euler", True)]


def arguments(discretizer: str, trainable: bool) -> dict[str, Any]:
    return {
        "memory_d": 2,
        "order": 3,
        "theta": 20.0,
        "hidden_cell": keras.layers.SimpleRNNCell(4),
        "trainable_theta": trainable,
        "memory_to_memory": True,
        "discretizer": discretizer,
    }


@pytest.mark.parametrize(("discretizer", "trainable"), [*SYSTEMS, ("bilinear", True)])
def test_a_step_by_the_attributes_is_the_cells(discretizer: str, trainable: bool) -> None:
    cell = LMUCell(**arguments(discretizer, trainable))
    assert [getattr(cell, name) for name in NAMES] == [None] * len(NAMES)
    cell.build((1, 5))
    if trainable:
        cell.log_theta_ratio.assign(0.25)
    rng = np.random.default_rng(0)
    x, mem = rng.normal(size=(1, 5)).astype("float32"), rng.normal(size=(1, 6)).astype("float32")
    kernel, recurrent, theta_inv, a, b = (np.asarray(getattr(cell, name)) for name in NAMES)
    u = (x @ kernel + mem @ recurrent).reshape(2, 1)
    channels = mem.reshape(2, 3)
    after = channels @ a + u @ b
    if trainable and discretizer == "euler":
        after = channels + after * theta_inv
    got = cell(x, [mem, np.zeros((1, 4), "float32")])[1][0]
    np.testing.assert_allclose(np.asarray(got), after.reshape(1, 6), rtol=1e-5, atol=1e-6)
    assert float(theta_inv) == pytest.approx(1 / cell.theta, rel=1e-6)


def test_the_layer_has_those_of_its_cell() -> None:
    layer = LMU(**arguments("zoh", False))
    layer.build((1, 7, 5))
    for name in NAMES:
        np.testing.assert_array_equal(np.asarray(getattr(layer, name)), np.asarray(getattr(layer.cell, name)))


@pytest.mark.parametrize(("discretizer", "trainable"), SYSTEMS)
def test_the_attributes_are_keras_lmus(discretizer: str, trainable: bool) -> None:
    theirs = pytest.importorskip("keras_lmu", reason="keras-lmu is an optional peer of this test")
    one, two = (cell(**arguments(discretizer, trainable)) for cell in (theirs.LMUCell, LMUCell))
    for cell in (one, two):
        cell.build((1, 5))
    for name in NAMES:
        got, want = (np.asarray(getattr(cell, name)) for cell in (two, one))
        assert got.shape == want.shape and got.dtype == want.dtype
        if "kernel" not in name:
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)
