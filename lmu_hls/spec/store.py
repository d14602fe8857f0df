"""Save and load a network's integer contract as one ``.npz`` file: a JSON tree plus the arrays it points to."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any, get_args

import numpy as np

from lmu_hls import spec
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records.jsonfile import write_bytes
from lmu_hls.records.schema import SCHEMA, check_schema
from lmu_hls.spec.layers import LAYERS

_RECORDS = (FixedType, spec.Activation, spec.Input, spec.Network, spec.Node, spec.Table, spec.Weight, spec.Window)
_CLASSES: dict[str, type] = {  # beside the layers
    cls.__name__: cls for cls in (*_RECORDS, *spec.HIDDEN_CELLS.values(), *get_args(spec.MemoryUpdate))
}


def save(net: spec.Network, path: Path) -> None:
    """Write ``net`` to ``path``; the same network always gives the same bytes."""
    write_bytes(path, _archive(net))


def digest(net: spec.Network) -> str:
    """SHA-256 of the file that :func:`save` writes for ``net``."""
    return hashlib.sha256(_archive(net)).hexdigest()


def _archive(net: spec.Network) -> bytes:
    arrays: dict[str, np.ndarray] = {}
    tree = {"schema": SCHEMA, "network": _encode(net, "network", arrays)}
    arrays["tree"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def load(path: Path) -> spec.Network:
    """Read a network written by :func:`save`.

    Raises LmuHlsError when the file is absent, damaged or of another schema.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            tree = json.loads(archive["tree"].tobytes())
            check_schema(tree.get("schema"), str(path))
            net = _decode(tree["network"], archive)
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist; run 'lmu-hls convert' first") from None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise LmuHlsError(f"{path} is damaged ({error}); run 'lmu-hls convert --force' again") from error
    if not isinstance(net, spec.Network):
        raise LmuHlsError(f"{path} holds no network; run 'lmu-hls convert --force' again")
    return net


def _encode(value: Any, where: str, arrays: dict[str, np.ndarray]) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {
            f.name: _encode(getattr(value, f.name), f"{where}.{f.name}", arrays)
            for f in dataclasses.fields(value)
            if not (f.metadata.get("absent") and getattr(value, f.name) == f.default)
        }
        return {"class": type(value).__name__, **fields}
    if isinstance(value, np.ndarray):
        arrays[where] = value
        return {"array": where}
    if isinstance(value, tuple):
        return [_encode(item, f"{where}.{k}", arrays) for k, item in enumerate(value)]
    return value


def _decode(value: Any, archive: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, archive) for item in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return archive[value["array"]]
    fields = {name: _decode(item, archive) for name, item in value.items() if name != "class"}
    return {**_CLASSES, **LAYERS}[value["class"]](**fields)
