"""The JSON Schema of report.json, docs/report.schema.json, made from the records: `python tools/report_schema.py`."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmu_hls.records import SCHEMA
from lmu_hls.records.jsonfile import INFINITIES, is_text
from lmu_hls.report import Report
from lmu_hls.report.record import VERDICTS

PAGE = Path(__file__).parents[1] / "docs" / "report.schema.json"
PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    float: {"anyOf": [{"type": "number"}, {"enum": sorted(INFINITIES)}]},
}


def schema() -> dict[str, Any]:
    """The schema, with a definition for each record."""
    definitions: dict[str, Any] = {}
    whole = _record(Report, definitions)
    first = {"schema": {"const": SCHEMA}, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
    first |= {name: {"type": "string"} for name in VERDICTS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"report.json of lmu_hls, schema {SCHEMA}",
        "description": "What `lmu-hls report` found; the fields in words are in docs/records.md.",
        **whole,
        "properties": first | whole["properties"],
        "required": [*first, *whole["required"]],
        "definitions": dict(sorted(definitions.items())),
    }


def text() -> str:
    return json.dumps(schema(), indent=1) + "\n"


def _record(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {field.name: _of(hints[field.name], definitions) for field in dataclasses.fields(kind)}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(arg, definitions) for arg in args]}
    if origin is tuple:
        return {"type": "array", "items": _of(args[0], definitions)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _of(args[1], definitions)}
    if is_text(kind):
        return {"type": "string"}
    if dataclasses.is_dataclass(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _record(kind, definitions)  # type: ignore[arg-type]
        return {"$ref": f"#/definitions/{kind.__name__}"}
    return PLAIN[kind]


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
