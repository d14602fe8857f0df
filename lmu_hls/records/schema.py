"""The one schema of all that is written and read again, and the files of records.

A file starts with the number of its schema and the SHA-256 of the rest, so that a record of another version, or one
that was edited, is refused and not misread.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from lmu_hls.records import jsonfile
from lmu_hls.records.jsonfile import RecordError, plain, write_text

T = TypeVar("T")
SCHEMA = 3  # raise it whenever a field is added, removed or changes its meaning


def text_of(record: object) -> str:
    """The JSON text of a record, with its schema and the SHA-256 of the rest in front."""
    fields = plain(record)
    return jsonfile.encode({"schema": SCHEMA, "sha256": _seal(fields), **fields})


def unseal(data: Any) -> dict[str, Any]:
    """The fields in the parsed text of `text_of`. RecordError for another schema, and for text that was edited."""
    if not isinstance(data, dict):
        raise RecordError(f"expected an object, found {data!r:.60}")
    fields = {name: value for name, value in data.items() if name not in ("schema", "sha256")}
    schema = data.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        age = "a newer" if type(schema) is int and schema > SCHEMA else "an older"
        found = f"schema {schema!r:.20}" if "schema" in data else "no schema"
        raise RecordError(f"it has {found}, of {age} version of lmu_hls; this one reads schema {SCHEMA}")
    if data.get("sha256") != _seal(fields):
        raise RecordError("it was changed after lmu_hls wrote it: its sha256 is that of other contents")
    return fields


def dump(path: Path, record: object) -> None:
    """Write a record. Raises LmuHlsError when it cannot be written."""
    write_text(path, text_of(record))


def load(path: Path, kind: type[T]) -> T:
    """Read back the record that `dump` wrote. Raises LmuHlsError when there is none, or something else."""
    return jsonfile.load(path, kind, unseal)


def _seal(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, allow_nan=False).encode()).hexdigest()
