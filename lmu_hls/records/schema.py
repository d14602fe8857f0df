"""The one schema of all that is written and read again, and the files of records.

It is in every record, in the header of spec.npz, and in config.yml as the key ``Schema``. A file of another schema is
refused and not misread. A record also has the SHA-256 of its fields, so that one that was edited is refused too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import jsonfile
from lmu_hls.records.jsonfile import RecordError, plain, write_text

T = TypeVar("T")
SCHEMA = 10  # raise it whenever a field of docs/records.md is added, removed or changes its meaning
KEY = "Schema"  # in config.yml; settings that a user writes need none


def check_schema(schema: object, what: str) -> None:
    """LmuHlsError when ``schema``, the schema of what ``what`` names, is not the one that this version reads."""
    if type(schema) is int and schema == SCHEMA:
        return
    newer = type(schema) is int and schema > SCHEMA
    number = "no schema" if schema is None else f"schema {schema!r:.20}"
    raise LmuHlsError(
        f"{what} was written by {'a newer' if newer else 'an older'} lmu-hls: {number}, this one reads {SCHEMA}; "
        f"{'install that version, or ' if newer else ''}convert again with: lmu-hls convert MODEL.keras OUTDIR --force"
    )


def text_of(record: object) -> str:
    """The JSON text of a record, with its schema and the SHA-256 of the rest in front."""
    fields = plain(record)
    return jsonfile.text_of({"schema": SCHEMA, "sha256": _seal(fields), **fields})


def unseal(data: Any, what: str = "the record") -> dict[str, Any]:
    """The fields in the parsed text of `text_of`, of the file that ``what`` names.

    LmuHlsError for another schema, RecordError for what is no record and for text that was edited.
    """
    if not isinstance(data, dict):
        raise RecordError(f"expected an object, found {data!r:.60}")
    check_schema(data.get("schema"), what)
    fields = {name: value for name, value in data.items() if name not in ("schema", "sha256")}
    if data.get("sha256") != _seal(fields):
        raise RecordError("it was changed after lmu_hls wrote it: its sha256 is that of other contents")
    return fields


def dump(path: Path, record: object) -> None:
    """Write a record. Raises LmuHlsError when it cannot be written."""
    write_text(path, text_of(record))


def load(path: Path, kind: type[T]) -> T:
    """Read back the record that `dump` wrote. Raises LmuHlsError when there is none, or something else."""
    return jsonfile.load(path, kind, partial(unseal, what=str(path)))


def _seal(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, allow_nan=False).encode()).hexdigest()
