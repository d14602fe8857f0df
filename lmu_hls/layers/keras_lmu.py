"""Reads `.keras` files that keras-lmu 0.8 and 0.9 wrote, without keras-lmu.

A `.keras` file is a zip archive of metadata.json, config.json and model.weights.h5. The configuration is rewritten so
that it names our layers, the weights are moved to the places where our layers look for them, and Keras then loads
the result as any other file. Facts of the format, from files of both versions:

- LMU keeps its hidden cell at `hidden_cell` and its own weights at `layer/cell/vars` (a recurrent layer), or at
  `layer/vars` without hidden_to_memory, memory_to_memory and trainable_theta (an LMUFeedforward).
- LMUFeedforward and LMUCell keep their own weights at `vars`.
- Own weights are numbered in the order kernel, bias, theta_inv, recurrent_kernel; absent ones are left out.
- A group in a list is named after its class in snake case, with a counter for those of one name.
"""

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from lmu_hls import limits
from lmu_hls.errors import LmuHlsError

CELL_ARGUMENTS = {
    "name", "trainable", "dtype", "memory_d", "order", "theta", "hidden_cell", "trainable_theta",
    "hidden_to_memory", "memory_to_memory", "input_to_hidden", "discretizer", "kernel_initializer",
    "recurrent_initializer", "kernel_regularizer", "recurrent_regularizer", "use_bias", "bias_initializer",
    "bias_regularizer", "dropout", "recurrent_dropout", "seed",
}  # fmt: skip
ALLOWED = {
    "LMU": CELL_ARGUMENTS | {"return_sequences"},
    "LMUCell": CELL_ARGUMENTS | {"input_d"},
    "LMUFeedforward": CELL_ARGUMENTS | {"return_sequences", "conv_mode", "truncate_ir"},
}
REQUIRED = {"memory_d", "order", "theta", "hidden_cell"}
# These choose how keras-lmu computes, not what: its truncated convolution approximates what we compute in full.
DROPPED = {"input_d", "conv_mode", "truncate_ir"}

Config = dict[str, Any]


def load_keras_lmu(path: str | Path) -> keras.Model:
    """The network of a keras-lmu `.keras` file, built of our layers, not compiled.

    Raises LmuHlsError if the file is missing or broken, holds no keras-lmu layer, or is laid out in another way
    than keras-lmu 0.8 and 0.9 do.
    """
    path = Path(path)
    limits.check_model_file(path)
    config, weights, metadata = _read(path)
    if not any(_kind(node) for node in _nodes(config)):
        raise LmuHlsError(
            f"{path} holds no layer of keras-lmu: load it with keras.models.load_model (import lmu_hls first)"
        )
    try:
        with h5py.File(io.BytesIO(weights), "r") as source, tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / "converted.keras"
            _write(converted, _our_config(config), source, config, metadata)
            return keras.models.load_model(converted, compile=False)
    except LmuHlsError:
        raise
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise LmuHlsError(f"{path} could not be read as a file of keras-lmu 0.8 or 0.9: {error}") from error


def convert_keras_lmu(model: keras.Model) -> keras.Model:
    """The same network with our layers, from a live Keras model that holds layers of keras-lmu."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return load_keras_lmu(path)


def holds_keras_lmu(path: str | Path) -> bool:
    """True if `path` is a `.keras` file with a layer of keras-lmu in it; False for every other file."""
    try:
        config, _, _ = _read(Path(path))
    except LmuHlsError:
        return False
    return any(_kind(node) for node in _nodes(config))


def _read(path: Path) -> tuple[Config, bytes, bytes]:
    if not path.is_file():
        raise LmuHlsError(f"{path} does not exist: give a .keras file that keras-lmu 0.8 or 0.9 saved")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [archive.read(name) for name in ("config.json", "model.weights.h5", "metadata.json")]
            config, metadata = json.loads(parts[0]), json.loads(parts[2])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise LmuHlsError(
            f"{path} is not a .keras file of Keras 3 ({error}): save the network with model.save('name.keras')"
        ) from error
    version = str(metadata.get("keras_version")) if isinstance(metadata, dict) else "none"
    if not version.startswith("3."):
        raise LmuHlsError(
            f"{path} was written by Keras {version}; keras-lmu 0.8 and 0.9 write with Keras 3: "
            "load and save it again with one of these"
        )
    if not isinstance(config, dict) or "class_name" not in config:
        raise LmuHlsError(f"{path} holds no network: its config.json has no class_name")
    return config, parts[1], parts[2]


def _kind(node: Any) -> str | None:
    """LMU, LMUCell or LMUFeedforward if `node` is the configuration of that class of keras-lmu, else None."""
    if not isinstance(node, dict):
        return None
    name = node.get("class_name")
    registered = node.get("registered_name")
    ours = registered in {f"keras-lmu>{name}", f"keras_lmu>{name}"} or str(node.get("module")).startswith("keras_lmu")
    if not ours:
        return None
    if name not in ALLOWED:
        raise LmuHlsError(f"layer class {name} of keras-lmu is not known: only LMU, LMUCell and LMUFeedforward are")
    return str(name)


def _nodes(node: Any) -> Iterator[Any]:
    """Every dictionary of a configuration."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(child)


def _our_config(node: Any) -> Any:
    """The configuration with our classes in place of those of keras-lmu."""
    if isinstance(node, list):
        return [_our_config(child) for child in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _our_config(value) for key, value in node.items() if key != "compile_config"}
    kind = _kind(node)
    if kind is None:
        return changed
    inner = changed["config"]
    _check_arguments(kind, inner)
    inner = {key: value for key, value in inner.items() if key not in DROPPED}
    if inner["hidden_cell"] is None and inner.get("input_to_hidden"):
        identity = {"name": "identity", "trainable": True, "dtype": inner.get("dtype", "float32")}
        inner["hidden_cell"] = {"module": "keras.layers", "class_name": "Identity", "config": identity}
    name = "LMUCell" if kind == "LMUCell" else "LMU"
    return {
        **changed,
        "module": f"lmu_hls.layers.{'cell' if name == 'LMUCell' else 'lmu'}",
        "class_name": name,
        "registered_name": f"lmu_hls>{name}",
        "config": inner,
    }


def _check_arguments(kind: str, inner: Config) -> None:
    name, unknown, missing = inner.get("name"), sorted(inner.keys() - ALLOWED[kind]), sorted(REQUIRED - inner.keys())
    if unknown or missing:
        found = f"unknown arguments {', '.join(unknown)}" if unknown else f"no argument {', '.join(missing)}"
        raise LmuHlsError(f"layer {name!r} of class {kind} has {found}: keras-lmu 0.8 and 0.9 write none such")


def _children(node: Config) -> Iterator[tuple[str, Config]]:
    """Paths, below a layer's group, of the layers inside it that may hold layers of keras-lmu."""
    inner = node.get("config")
    if not isinstance(inner, dict):
        return
    for path, key in (("layers", "layers"), ("cells", "cells")):
        used: dict[str, int] = {}
        for child in inner.get(key, []):
            yield f"{path}/{_group_name(child['class_name'], used)}", child
    if node["class_name"] == "Bidirectional":
        yield "forward_layer", inner["layer"]
        yield "backward_layer", inner.get("backward_layer") or inner["layer"]
    elif isinstance(inner.get("layer"), dict):
        yield "layer", inner["layer"]
    if isinstance(inner.get("cell"), dict):
        yield "cell", inner["cell"]


def _group_name(class_name: str, used: dict[str, int]) -> str:
    """Name of a layer's group among its siblings: snake case, then _1, _2 for those that share it."""
    words = re.sub(r"\W+", "", class_name)
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", words)
    name = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _write(path: Path, config: Config, source: h5py.File, theirs: Config, metadata: bytes) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as target:
        _move(theirs, config, source, target)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", buffer.getvalue())


def _move(theirs: Config, ours: Config, source: h5py.Group, target: h5py.Group) -> None:
    """Copy the weights of one layer and of all inside it from `source` to `target`."""
    kind = _kind(theirs)
    if kind is not None:
        _move_memory(kind, theirs["config"], source, target if kind == "LMUCell" else target.require_group("cell"))
        return
    children = list(zip(_children(theirs), _children(ours), strict=True))
    for name in source:
        if not any(path.split("/")[0] == name for (path, _), _ in children):
            source.copy(name, target)
    for (their_path, their_child), (our_path, our_child) in children:
        if their_path in source:
            _move(their_child, our_child, source[their_path], target.require_group(our_path))


def _move_memory(kind: str, inner: Config, source: h5py.Group, cell: h5py.Group) -> None:
    """Own weights and hidden cell of one keras-lmu layer, into the group of our cell."""
    recurrent = any(inner.get(key) for key in ("hidden_to_memory", "memory_to_memory", "trainable_theta"))
    place = {"LMU": "layer/cell/vars" if recurrent else "layer/vars"}.get(kind, "vars")
    if place not in source:
        found = ", ".join(source) or "nothing"
        raise LmuHlsError(f"layer {inner.get('name')!r} of class {kind} has no weights at {place}; found {found}")
    names = ["kernel"] if inner.get("kernel_initializer", "glorot_uniform") is not None else []
    names += ["bias"] if inner.get("use_bias") else []
    names += ["theta_inv"] if inner.get("trainable_theta") else []
    names += ["recurrent_kernel"] if inner.get("memory_to_memory") else []
    stored = source[place]
    if len(stored) != len(names):
        raise LmuHlsError(
            f"layer {inner.get('name')!r} of class {kind} should have {len(names)} weights "
            f"({', '.join(names) or 'none'}); found {len(stored)}"
        )
    weights = {name: np.asarray(stored[str(i)]) for i, name in enumerate(names)}
    _check_shapes(inner, weights)
    if "theta_inv" in weights:
        ratio = -np.log(np.float64(weights["theta_inv"]) * inner["theta"])
        weights["log_theta_ratio"] = np.asarray(ratio, dtype=weights["theta_inv"].dtype)
    variables = cell.require_group("vars")
    order = [n for n in ("kernel", "recurrent_kernel", "bias", "log_theta_ratio") if n in weights]
    for i, name in enumerate(order):
        variables.create_dataset(str(i), data=weights[name])
    if "hidden_cell" in source:
        source.copy("hidden_cell", cell)


def _check_shapes(inner: Config, weights: dict[str, Any]) -> None:
    channels, states = inner["memory_d"], inner["memory_d"] * inner["order"]
    wanted = {"kernel": (None, channels), "bias": (channels,), "theta_inv": (), "recurrent_kernel": (states, channels)}
    for name, value in weights.items():
        shape = wanted[name]
        same = len(shape) == value.ndim and all(a in (None, b) for a, b in zip(shape, value.shape, strict=True))
        if not same:
            raise LmuHlsError(f"{name} of layer {inner.get('name')!r} has shape {value.shape}, expected {shape}")
        if not np.all(np.isfinite(value)):
            raise LmuHlsError(f"{name} of layer {inner.get('name')!r} holds NaN or infinite values")
        if name == "theta_inv" and value <= 0:
            raise LmuHlsError(f"theta of layer {inner.get('name')!r} was trained to 1/{float(value):g}: not positive")
