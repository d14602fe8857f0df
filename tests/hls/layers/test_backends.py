"""Every kind of function that our headers have, for each backend and io_type: golden's integers.

Networks are small, and their C++ is compiled without optimisation: what is compared is what each backend's types and
streams make of the same headers.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.targets import TARGETS
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu

KINDS = [(target.name, io_type) for target in TARGETS for io_type in target.io_types]
REFUSED = {("Catapult", "io_parallel"): ("Average",), ("Catapult", "io_stream"): ("Maximum", "Minimum")}  # by name
IN_REST = {("Quartus", "io_stream")}  # of `make test-rest`; the others are slow


def activations(h: Any) -> list[Any]:
    """By table, by table and max(x, 0), limited, with a slope for all or for each feature, scaled."""
    made = [keras.layers.Dense(2, name, name=f"f_{name}")(h) for name in ("gelu", "silu", "hard_sigmoid", "relu6")]
    made.append(keras.layers.LeakyReLU(0.3, name="leaky")(h))
    made.append(keras.layers.PReLU(shared_axes=[1], name="prelu")(h))
    made.append(keras.layers.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.125, name="rectified")(h))
    made.append(keras.layers.Rescaling(0.75, 0.125, name="scaled")(made[-1]))
    return made


def merges(h: Any, without: tuple[str, ...]) -> list[Any]:
    other = keras.layers.Dense(3, name="other")(h)
    kinds = [kind for kind in ("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average") if kind not in without]
    return [getattr(keras.layers, kind)(name=f"m_{kind.lower()}")([h, other]) for kind in kinds]


def windows(h: Any) -> list[Any]:
    """Three steps each: pooled, padded and cut, from behind."""
    pooled = [kind(2, name=name)(h) for kind, name in ((keras.layers.MaxPooling1D, "max"),)]
    pooled.append(keras.layers.AveragePooling1D(2, name="average")(h))
    pooled.append(keras.layers.ZeroPadding1D((1, 0), name="padded")(h[:, 1:5:2]))
    return [*pooled, h[:, :3]]


def network(kind: str, without: tuple[str, ...]) -> keras.Model:
    """An LMU of three units on six steps, what the kind makes of it side by side, and a softmax at each step."""
    inputs = keras.Input((6, 2), name="x")
    h = lmu(keras.layers.Dense(3, "tanh"), name="memory")(inputs)
    found = {"activations": activations, "windows": windows}.get(kind)
    parts = found(h) if found else merges(h, without)
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
    built = network(kind, REFUSED.get((backend, io_type), ()))
    settings = config(built)
    for name, layer in settings["LayerName"].items():
        if name.endswith(("gelu", "sigmoid")) and "TableSize" in layer:
            layer |= {"TableInterpolation": "linear", "TableSize": 64}
    assert_csim_equals_golden(convert(built, tmp_path, settings, backend=backend, io_type=io_type), samples=12)


@pytest.mark.parametrize("name", ["Maximum", "Minimum"])
def test_what_does_not_compile_in_a_stream_of_catapult_is_refused(name: str, tmp_path: Path) -> None:
    inputs = keras.Input((3, 2), name="x")
    h = lmu("tanh", name="memory")(inputs)
    built = keras.Model(inputs, getattr(keras.layers, name)(name="m")([h, keras.layers.Dense(4, name="other")(h)]))
    graph = convert(built, tmp_path, config(built), backend="Catapult", io_type="io_stream")
    with pytest.raises(LmuHlsError, match=rf"layer 'm': hls4ml's {name} for Catapult does not compile .*'io_parallel'"):
        graph.write()
