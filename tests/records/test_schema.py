"""The schema's table in docs/records.md is that of the code, and every file of another schema is refused alike."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.settings import hls_config
from lmu_hls.records import (
    SCHEMA,
    Conversion,
    Energy,
    HlsSynthesis,
    Manifest,
    Placements,
    Precision,
    StandardCells,
    Synthesis,
    Verification,
)
from lmu_hls.records.folder import OutputFolder
from lmu_hls.records.jsonfile import is_text
from lmu_hls.records.traces import Traces
from lmu_hls.report import Report
from lmu_hls.rtl.manifest import Project

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
OUT = OutputFolder(Path())
ROOTS = {
    OUT.manifest: Manifest,
    OUT.conversion: Conversion,
    OUT.precision: Precision,
    OUT.verification: Verification,
    OUT.traces: Traces,
    OUT.synthesis: Synthesis,
    OUT.placement: Placements,
    OUT.hls_synthesis: HlsSynthesis,
    OUT.energy: Energy,
    OUT.asic: StandardCells,
    OUT.reports[0]: Report,
    OUT.project: Project,
}
WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", types.NoneType: "null"}


def words(kind):
    """A type in the words of JSON."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(words, args)))
    if origin is tuple:
        return f"list of {words(args[0])}"
    if origin in (dict, Mapping):
        return f"{{text: {words(args[1])}}}"
    return WORDS.get(kind, kind.__name__)


def parts(kind):
    """The records that a field of the type holds."""
    if dataclasses.is_dataclass(kind) and not is_text(kind):
        return [kind]
    return [part for inner in typing.get_args(kind) for part in parts(inner)]


def table():
    """A row a record, in the order in which they are met from the files on."""
    found, wanted = {}, list(ROOTS.values())
    while wanted:
        kind = wanted.pop(0)
        if kind not in found:
            hints = typing.get_type_hints(kind)
            fields = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
            found[kind] = "; ".join(f"{name}: {words(hint)}" for name, hint in fields.items())
            wanted = [part for hint in fields.values() for part in parts(hint)] + wanted
    files = {kind: f" (`{path.as_posix()}`)" for path, kind in ROOTS.items()}
    return [f"| {kind.__name__}{files.get(kind, '')} | {text} |" for kind, text in sorted(found.items(), key=str_name)]


def str_name(item):
    return item[0].__name__


def test_the_page_has_every_field_of_every_record():
    """Where this fails: raise SCHEMA if files of before would be misread, and put the rows into the page."""
    written = [line for line in PAGE.read_text().partition("| Record | Fields |")[2].splitlines() if line[:2] == "| "]
    assert written == table()


def test_the_page_has_the_number():
    assert re.findall(r"schema is (\d+)", PAGE.read_text()) == [str(SCHEMA)]


def test_a_configuration_of_another_schema_is_refused():
    assert hls_config({"Schema": SCHEMA, "Model": {"ReuseFactor": 2}}) == {"Model": {"ReuseFactor": 2}}
    for found, age in ((SCHEMA + 1, "a newer"), (SCHEMA - 1, "an older"), ("3", "an older")):
        with pytest.raises(LmuHlsError, match=f"the configuration was written by {age} lmu-hls: schema .*, this one"):
            hls_config({"Schema": found, "Model": {}})
