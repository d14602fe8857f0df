"""What is wrong with a file of Keras, in one line: Keras writes many, and the reason is seldom in the first."""

from __future__ import annotations

import re
import zipfile
from json import JSONDecodeError
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.limits import LAMBDA

OLDER = (".h5", ".hdf5")  # whole models in one HDF5 file, as Keras 2 wrote them
MARK = "Exception encountered:"  # before the reason, once for every level of the file
_LAYER = re.compile(r"'name': '([^']*)'")
_NAMED = re.compile(r"<(\w+) name=([^,]+), built=\w+>")
_FULL = re.compile(r"(?:Full object config|List of objects that could not be loaded):.*", re.DOTALL)
# What Keras says at length, and what is to be done about it
_KNOWN = (
    (
        re.compile(
            r"variable\.shape=(\([\d, ]*\)), Received: value\.shape=(\([\d, ]*\))\. Target variable: "
            r"<Variable path=([^,]+),"
        ),
        "weight {2} has the shape {1} in the file, but its layer needs {0}; save the model again",
    ),
    (
        re.compile(r"Could not locate (?:class|function) '([^']+)'"),
        "it holds {0!r}, which Keras does not know; use layers of Keras and of lmu_hls only, or in Python import the "
        "module that registers it and call lmu_hls.flow.convert",
    ),
    (
        re.compile(r"(?:Requested the deserialization of a|The) `?Lambda`? layer"),
        f"it holds a Lambda layer, which is Python code; {LAMBDA}",
    ),
)


def check_keras_file(path: Path) -> None:
    """LmuHlsError unless ``path`` is a file of a form that ``model.save`` writes: ``.keras`` or ``.h5``."""
    how = "save the model with model.save('name.keras')"
    if path.is_dir():
        inside = sorted(found.name for found in path.glob("*.keras"))
        found = f"; in it there is {', '.join(inside)}" if inside else f"; {how}, and give that file"
        raise LmuHlsError(f"{path} is a folder, not a .keras file{found}")
    if not path.exists():
        raise LmuHlsError(f"{path} does not exist; {how} and give that path")
    if path.name.endswith(".weights.h5"):
        raise LmuHlsError(
            f"{path} has weights only; give the model's file, and this one as --weights {path.name}, or {how}"
        )
    if path.suffix in OLDER:
        _check_hdf5(path, "model_config", f"{how} again, or copy it again")
        return
    if path.suffix != ".keras":
        raise LmuHlsError(f"{path} is not a .keras file; {how}")
    if not zipfile.is_zipfile(path):
        size = path.stat().st_size
        state = "is empty" if not size else f"is damaged: its {size} bytes are no complete archive"
        raise LmuHlsError(f"{path} {state}; {how} again, or copy it again")


def configuration_of(path: Path) -> str:
    """The text of a file's configuration, or none where there is none; the file has been checked."""
    import h5py  # type: ignore[import-untyped]

    if path.suffix in OLDER:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get("model_config", ""))
    with zipfile.ZipFile(path) as archive:
        return archive.read("config.json").decode("utf-8", "replace") if "config.json" in archive.namelist() else ""


def check_weights_file(path: Path) -> None:
    """LmuHlsError unless ``path`` is a file of the form that ``model.save_weights`` writes."""
    how = "save them with model.save_weights('name.weights.h5')"
    if not path.is_file():
        raise LmuHlsError(f"{path} does not exist, or is no file; {how} and give that path")
    if not path.name.endswith(".weights.h5"):
        raise LmuHlsError(f"{path} is not a .weights.h5 file; {how}")
    _check_hdf5(path, None, f"{how} again")


def _check_hdf5(path: Path, attribute: str | None, how: str) -> None:
    """LmuHlsError unless ``path`` is an HDF5 file, with an attribute if there is one to be."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            whole = attribute is None or attribute in file.attrs
    except (OSError, RuntimeError, ValueError) as error:
        raise LmuHlsError(f"{path} is damaged or is no HDF5 file ({error}); {how}") from error
    if not whole:
        raise LmuHlsError(f"{path} holds weights but no model; {how}")


def reason_of(error: Exception) -> str:
    """The layer, where Keras tells it, and the last reason that it gives."""
    text = str(error).strip()
    if not text:
        return type(error).__name__
    if isinstance(error, KeyError | OSError | JSONDecodeError):  # from the archive, and not from a layer
        return f"the file is damaged ({text}); save the model again"
    before, _, reason = text.rpartition(MARK)
    layer = _layer_of(before) or _layer_of_weights(text)
    for pattern, advice in _KNOWN:
        found = pattern.search(reason)
        if found:
            reason = advice.format(*found.groups())
            break
    reason = " ".join(_FULL.sub("", reason).split())
    return f"layer {layer!r}: {reason}" if layer and repr(layer) not in reason else reason


def _layer_of(levels: str) -> str | None:
    """The name in the configuration of the innermost level that Keras shows; the model's own does not count."""
    config = levels.rpartition("config={")[2]
    found = _LAYER.search(config) if "Functional" not in levels.rpartition("<class")[2] else None
    return found.group(1) if found else None


def _layer_of_weights(text: str) -> str | None:
    found = _NAMED.search(text)
    return found.group(2) if found else None
