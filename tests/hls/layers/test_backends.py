"""Every kind of function that our headers have, for each backend and io_type: golden's integers.

Networks are small, and their C++ is compiled without optimisation: what is compared is what each backend's types and
streams make of the same headers.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.hls.targets import TARGETS
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu

KINDS = [(target.name, io_type) for target in TARGETS for io_type in target.io_types]
IN_REST = {("Quartus", "io_stream")}  # of `make test-rest`; the others are slow


def activations(h: Any) -> list[Any]:
    """By table, by table and max(x, 0), limited, with a slope for all or for each feature, scaled."""
    made = [keras.layers.Dense(2, name, name=f"f_{name}")(h) for name in ("gelu", "silu", "hard_sigmoid", "relu6")]
    made.append(keras.layers.LeakyReLU(0.3, name="leaky")(h))
    made.append(keras.layers.PReLU(shared_axes=[1], name="prelu")(h))
    made.append(keras.layers.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.125, name="rectified")(h))
    made.append(keras.layers.Rescaling(0.75, 0.125, name="scaled")(made[-1]))
    return made


def merges(h: Any, average: bool) -> list[Any]:
    other = keras.layers.Dense(3, name="other")(h)
    kinds = ["Add", "Subtract", "Multiply", "Maximum", "Minimum", *(["Average"] if average else [])]
    return [getattr(keras.layers, kind)(name=f"m_{kind.lower()}")([h, other]) for kind in kinds]


def windows(h: Any) -> list[Any]:
    """Three steps each: pooled, padded and cut, from behind."""
    pooled = [kind(2, name=name)(h) for kind, name in ((keras.layers.MaxPooling1D, "max"),)]
    pooled.append(keras.layers.AveragePooling1D(2, name="average")(h))
    pooled.append(keras.layers.ZeroPadding1D((1, 0), name="padded")(h[:, 1:5:2]))
    return [*pooled, h[:, :3]]


def network(kind: str, average: bool) -> keras.Model:
    """An LMU of three units on six steps, what the kind makes of it side by side, and a softmax at each step."""
    inputs = keras.Input((6, 2), name="x")
    h = lmu(keras.layers.Dense(3, "tanh"), name="memory")(inputs)
    found = {"activations": activations, "windows": windows}.get(kind)
    parts = found(h) if found else merges(h, average)
    outputs = keras.layers.Dense(3, "softmax", name="head")(keras.layers.Concatenate(name="beside")(parts))
    built = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    built.set_weights([rng.uniform(-0.8, 0.8, weight.shape) for weight in built.get_weights()])
    return built


@pytest.mark.parametrize("kind", ["activations", "merges", "windows"])
@pytest.mark.parametrize(
    ("backend", "io_type"), [pytest.param(*each, marks=() if each in IN_REST else pytest.mark.slow) for each in KINDS]
)
def test_csim_equals_golden(backend: str, io_type: str, kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CXXFLAGS", "-O0")
    built = network(kind, average=(backend, io_type) != ("Catapult", "io_parallel"))
    settings = config(built)
    for name, layer in settings["LayerName"].items():
        if name.endswith(("gelu", "sigmoid")) and "TableSize" in layer:
            layer |= {"TableInterpolation": "linear", "TableSize": 64}
    assert_csim_equals_golden(convert(built, tmp_path, settings, backend=backend, io_type=io_type), samples=12)
