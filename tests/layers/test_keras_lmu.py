"""Files of keras-lmu 0.8 and 0.9, written by tests/data/keras_lmu/generate.py, read without keras-lmu."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.layers import LMU, LMUCell, convert_keras_lmu, holds_keras_lmu, load_keras_lmu

DATA = Path(__file__).parents[1] / "data" / "keras_lmu"
FILES = sorted(DATA.glob("*/*.keras"))
SAMPLE = DATA / "0.9" / "recurrent_dense.keras"


def test_the_data_is_complete() -> None:
    assert {path.parent.name for path in FILES} == {"0.8", "0.9"}
    assert len(FILES) == 26


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_outputs_are_those_of_keras_lmu(path: Path, tmp_path: Path) -> None:
    assert holds_keras_lmu(path)
    model = load_keras_lmu(path)
    data = np.load(path.with_suffix(".npz"))
    np.testing.assert_allclose(model(data["x"]), data["y"], atol=2e-6)
    model.save(tmp_path / "ours.keras")
    assert not holds_keras_lmu(tmp_path / "ours.keras")
    again = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(again(data["x"]), model(data["x"]))


def test_layers_are_ours_and_theta_is_the_trained_one() -> None:
    layer = load_keras_lmu(SAMPLE).layers[0]
    assert isinstance(layer, LMU) and isinstance(layer.cell, LMUCell)
    assert layer.theta == pytest.approx(10.0 / 1.1, rel=1e-6)
    assert layer.cell.recurrent_dropout == 0.1
    assert isinstance(load_keras_lmu(DATA / "0.9" / "cell.keras").layers[0].cell, LMUCell)
    assert isinstance(load_keras_lmu(DATA / "0.9" / "feedforward_layer.keras").layers[0], LMU)


def altered(target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the sample in which `change` has altered the parts, config.json and metadata.json as objects."""
    with zipfile.ZipFile(SAMPLE) as archive:
        parts: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    for name in ("config.json", "metadata.json"):
        parts[name] = json.loads(parts[name])
    change(parts)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return target


def layer_config(parts: dict[str, Any]) -> dict[str, Any]:
    return parts["config.json"]["config"]["layers"][1]


def weights(parts: dict[str, Any], change: Callable[[h5py.File], None]) -> None:
    buffer = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        change(file)
    parts["model.weights.h5"] = buffer.getvalue()


def reshape_kernel(file: h5py.File) -> None:
    del file["layers/lmu/layer/cell/vars/0"]
    file["layers/lmu/layer/cell/vars/0"] = np.zeros((7, 3))


def nan_kernel(file: h5py.File) -> None:
    file["layers/lmu/layer/cell/vars/0"][...] = np.nan


def negative_theta(file: h5py.File) -> None:
    file["layers/lmu/layer/cell/vars/2"][...] = -0.1


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "keras 2": (lambda p: p["metadata.json"].update(keras_version="2.15.0"), "written by Keras 2.15.0"),
    "no version": (lambda p: p["metadata.json"].clear(), "written by Keras None"),
    "no weights": (lambda p: p.pop("model.weights.h5"), r"not a \.keras file of Keras 3.*model.weights.h5"),
    "broken weights": (lambda p: p.update({"model.weights.h5": b"nothing"}), "could not be read"),
    "no network": (lambda p: p["config.json"].clear(), "no class_name"),
    "other class": (lambda p: layer_config(p).update(class_name="LMUNext"), "class LMUNext of keras-lmu is not known"),
    "other argument": (lambda p: layer_config(p)["config"].update(window=4), "unknown arguments window"),
    "argument gone": (lambda p: layer_config(p)["config"].pop("theta"), "no argument theta"),
    "other discretizer": (
        lambda p: layer_config(p)["config"].update(discretizer="foh"),
        "discretizer='foh'.*zoh, bilinear, euler",
    ),
    "weights elsewhere": (
        lambda p: layer_config(p)["config"].update(
            hidden_to_memory=False, memory_to_memory=False, trainable_theta=False
        ),
        "should have 2 weights|no weights at",
    ),
    "weight missing": (
        lambda p: weights(p, lambda f: f.__delitem__("layers/lmu/layer/cell/vars/3")),
        r"should have 4 weights \(kernel, bias, theta_inv, recurrent_kernel\); found 3",
    ),
    "weight reshaped": (lambda p: weights(p, reshape_kernel), r"kernel of layer 'lmu.*' has shape \(7, 3\)"),
    "weight NaN": (lambda p: weights(p, nan_kernel), "kernel of layer 'lmu.*' holds NaN"),
    "theta negative": (lambda p: weights(p, negative_theta), "theta of layer 'lmu.*' was trained to 1/-0.1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_other_layouts_are_refused_naming_what_was_found(what: str, tmp_path: Path) -> None:
    change, text = BROKEN[what]
    path = altered(tmp_path / "altered.keras", lambda parts: change(parts) and None)
    with pytest.raises(LmuHlsError, match=text):
        load_keras_lmu(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match="does not exist"):
        load_keras_lmu(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("nothing")
    with pytest.raises(LmuHlsError, match=r"not a \.keras file"):
        load_keras_lmu(tmp_path / "text.keras")
    assert not holds_keras_lmu(tmp_path / "text.keras")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "plain.keras")
    with pytest.raises(LmuHlsError, match="holds no layer of keras-lmu"):
        load_keras_lmu(tmp_path / "plain.keras")


def test_a_live_network_of_keras_lmu() -> None:
    keras_lmu = pytest.importorskip("keras_lmu", reason="keras-lmu is an optional peer: pip install keras-lmu")
    layer = keras_lmu.LMU(2, 4, 10.0, keras.layers.GRUCell(3), hidden_to_memory=True, trainable_theta=True)
    model = keras.Sequential([keras.Input((9, 2)), layer])
    x = np.random.default_rng(0).normal(size=(2, 9, 2)).astype(np.float32)
    np.testing.assert_allclose(convert_keras_lmu(model)(x), model(x), atol=2e-6)
