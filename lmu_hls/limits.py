"""Limits on files that are read: what a file of a few bytes may unpack to is known before anything is unpacked.

Each limit has a name and a generous default. ``--limit NAME=NUMBER`` of the commands sets another one, and so does the
environment variable ``LMU_HLS_MAX_<NAME>``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.suggest import did_you_mean

LAMBDA = (  # what to do about a layer that is code
    "write it with layers of keras.layers, or with operators on tensors (h[:, -1], 2 * h + x, keras.ops.mean over the "
    "steps)"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """``default`` of what is called ``what`` in a message."""

    default: int
    what: str


LIMITS = {
    "UNPACKED": Limit(2 << 30, "bytes when unpacked"),
    "CONFIG": Limit(16 << 20, "bytes of configuration"),
    "DEPTH": Limit(200, "nested levels"),
    "NODES": Limit(1_000_000, "values, aliases followed"),
    "LAYERS": Limit(1000, "layers"),
    "PARAMETERS": Limit(1 << 28, "parameters"),
    "ORDER": Limit(4096, "as the order of a memory"),
    "STATES": Limit(1 << 16, "states of one LMU (memory_d x order)"),
    "VALUES": Limit(1 << 24, "values in one input sequence"),
}
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


_allowed: dict[str, int] = {}


def allow(settings: Iterable[str]) -> None:
    """Set limits for this process from texts such as "parameters=1000000"; none at all returns to the usual ones.

    Raises LmuHlsError for a name that is none and for what is no number.
    """
    _allowed.clear()
    for text in settings:
        name, _, number = text.partition("=")
        if name.upper() not in LIMITS:
            known = [other.lower() for other in LIMITS]
            raise LmuHlsError(f"--limit {text}: there is no limit {name!r}; {did_you_mean(name, known)}")
        if not re.fullmatch(r"[0-9]{1,40}", number):
            raise LmuHlsError(f"--limit {text}: write {name.lower()}=NUMBER with a whole number")
        _allowed[name.upper()] = int(number)


def limit(name: str) -> int:
    """The limit ``name``: of :func:`allow`, of the environment, or the default. LmuHlsError for what is no number."""
    if name in _allowed:
        return _allowed[name]
    variable = f"LMU_HLS_MAX_{name}"
    text = os.environ.get(variable, "")
    if not text:
        return LIMITS[name].default
    if not re.fullmatch(r"[0-9]{1,40}", text):
        raise LmuHlsError(f"{variable}={text!r} is no number; give a whole number, such as {LIMITS[name].default}")
    return int(text)


def check(name: str, value: int, where: str) -> None:
    """LmuHlsError when ``value`` is more than the limit ``name``; it names value, limit and the way to raise it."""
    if value > limit(name):
        raise LmuHlsError(
            f"{where} has {value} {LIMITS[name].what}, and the limit is {limit(name)}; if you trust the file, add "
            f"--limit {name.lower()}={value}, or set LMU_HLS_MAX_{name}={value}"
        )


def check_archive(path: Path) -> None:
    """Check the members of a zip archive (``.keras``, ``.npz``) by its directory, which zipfile never reads beyond.

    What is no archive is left to the reader. Raises LmuHlsError for a limit, and for a packing that is not usual.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return
    for member in members:
        if member.compress_type not in _PACKED:
            raise LmuHlsError(f"{path}: {member.filename!r} is packed in an unusual way; save the file again")
        check("UNPACKED", member.file_size, f"{path}: {member.filename!r}")
    check("UNPACKED", sum(member.file_size for member in members), str(path))


def check_model_file(path: Path) -> None:
    """Check a ``.keras`` or ``.h5`` file before Keras builds it: sizes, nesting, layers, the parameters it would have.

    What is damaged is left to the reader. Raises LmuHlsError for a limit, for weights that lie in other files, and for
    Python code in an ``.h5`` file.
    """
    if path.suffix in (".h5", ".hdf5"):
        _check_hdf5_model(path)
        return
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            for name in ("metadata.json", "config.json"):
                with archive.open(name) as member:
                    text = member.read(limit("CONFIG") + 1)
                _check_text(text, f"{path}: {name}")
            config = json.loads(text)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, NotImplementedError, EOFError):
        return
    check_config(config, str(path))
    _check_weights(path)


def check_weights_file(path: Path) -> None:
    """Check a ``.weights.h5`` file before a weight is read. Raises LmuHlsError for a limit and for links elsewhere."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        _check_hdf5(file, str(path))


def _check_hdf5_model(path: Path) -> None:
    """The checks of a whole model in one HDF5 file, whose configuration is an attribute.

    Not every version of Keras refuses Python code in such a file, so it is refused here.
    """
    import h5py  # type: ignore[import-untyped]

    check_weights_file(path)
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs["model_config"]
        text = text.encode() if isinstance(text, str) else bytes(text)
        _check_text(text, f"{path}: model_config")
        config = json.loads(text)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError):
        return
    check_config(config, str(path))
    for node in _mappings(config):
        if {node.get("class_name"), node.get("registered_name")} & {"Lambda", "__lambda__"}:
            raise LmuHlsError(f"{path}: it holds a Lambda layer, which is Python code; {LAMBDA}")


def _check_text(text: bytes, where: str) -> None:
    check("CONFIG", len(text), where)
    check("DEPTH", json_depth(text.decode("utf-8", "replace")), where)


def json_depth(text: str) -> int:
    """Levels of nested lists and objects in JSON, without reading it."""
    depth = deepest = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def check_config(config: Any, where: str) -> None:
    """Check the configuration of a model: the parameters that its layers would have, from above.

    The kernel of a layer is counted with the widest input of the model. Raises LmuHlsError for a limit.
    """
    layers = [node for node in _mappings(config) if "class_name" in node and isinstance(node.get("config"), Mapping)]
    check("LAYERS", len([node for node in layers if "build_config" in node or "inbound_nodes" in node]), where)
    widest, total = 1, 0
    for node in layers:
        inner = node["config"]
        name = f"{where}: layer {inner.get('name')!r}"
        check("ORDER", _size(inner, "order"), name)
        states = _size(inner, "order") * _size(inner, "memory_d")
        check("STATES", states, name)
        shape = inner.get("batch_shape") or inner.get("batch_input_shape") or ()
        numbers = [n for n in shape if isinstance(n, int)] if isinstance(shape, list | tuple) else []
        check("VALUES", prod(numbers), name)
        widest = max(widest, states, _size(inner, "units"), numbers[-1] if numbers else 1)
    for node in layers:
        inner = node["config"]
        units, channels, order = (_size(inner, key) for key in ("units", "memory_d", "order"))
        gates = {"LSTMCell": 4, "GRUCell": 3}.get(node["class_name"], 1)
        total += gates * units * (widest + (units if "Cell" in str(node["class_name"]) else 0))
        total += order * order + channels * 3 * widest
    check("PARAMETERS", total, where)


def _size(inner: Mapping[str, Any], key: str) -> int:
    value = inner.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _mappings(config: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in parsed JSON, without recursion."""
    todo = [config]
    while todo:
        item = todo.pop()
        if isinstance(item, Mapping):
            yield item
        children = item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else ()
        todo.extend(child for child in children if isinstance(child, Mapping | list))


def _check_weights(path: Path) -> None:
    """Check the weights inside a ``.keras`` file."""
    with (
        contextlib.suppress(zipfile.BadZipFile, OSError, KeyError, ValueError, RuntimeError),
        zipfile.ZipFile(path) as archive,
        archive.open("model.weights.h5") as member,
        tempfile.TemporaryFile() as copy,
    ):
        shutil.copyfileobj(member, copy)
        _check_hdf5(copy, f"{path}: model.weights.h5")


def _check_hdf5(opened: IO[bytes], where: str) -> None:
    """HDF5 has a compression of its own, and links to other files: both are looked at before a weight is read."""
    import h5py

    links: list[str] = []
    elsewhere: list[str] = []
    sizes: list[int] = []

    def visit_link(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            links.append(name)

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(item.size * item.dtype.itemsize)
            if item.external or item.is_virtual:
                elsewhere.append(name)

    try:
        with h5py.File(opened, "r") as file:
            file.visititems_links(visit_link)
            if not links:
                file.visititems(visit)
    except (OSError, KeyError, ValueError, RuntimeError):
        return
    if links or elsewhere:
        raise LmuHlsError(f"{where}: the weights {(links + elsewhere)[0]!r} lie in another file; save the model again")
    check("UNPACKED", sum(sizes), where)


def check_yaml(text: str, where: str) -> None:
    """Check YAML before it is built: its length, its nesting, and its values with every alias followed.

    Text that is no YAML is left to the reader. Raises LmuHlsError for a limit.
    """
    import yaml

    check("CONFIG", len(text), where)
    counts, names, anchors = [0], [""], dict[str, int]()
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                counts[-1] += anchors.get(event.anchor or "", 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                counts.append(1)
                names.append(event.anchor or "")
                check("DEPTH", len(counts) - 1, where)
            elif isinstance(event, yaml.CollectionEndEvent):
                inner, anchor = counts.pop(), names.pop()
                counts[-1] += inner
                anchors[anchor] = inner
            elif isinstance(event, yaml.ScalarEvent):
                counts[-1] += 1
            check("NODES", sum(counts), where)
    except yaml.YAMLError:
        return
