"""Dataclass records to JSON files and back, exactly; a file is replaced whole or not at all.

A class with a function ``parse``, such as FixedType, is a text in the file. JSON has no infinity: a float field holds
it as the text "inf" or "-inf". NaN says nothing and is refused by its place.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from lmu_hls.errors import LmuHlsError

T = TypeVar("T")

_SCALARS = (bool, int, str)
INFINITIES = {"inf": math.inf, "-inf": -math.inf}


class RecordError(ValueError):
    """Data that does not fit the record it should become; the text says where and why."""


def encode(record: object) -> str:
    """JSON text of a record or a sequence of records: two spaces of indent, field order, final newline.

    Infinities become text, see the module. Raises RecordError for NaN, naming the field.
    """
    return text_of(plain(record))


def text_of(data: Any) -> str:
    """JSON text of data as `plain` gives them."""
    return json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def parse(text: str) -> Any:
    """The data of a JSON text. ValueError for what is no JSON, which Infinity and NaN as bare words are not either."""
    return json.loads(text, parse_constant=_no_constant)


def decode(kind: Any, data: Any, where: str = "") -> Any:
    """Build `kind` (a dataclass, tuple[X, ...], dict/Mapping, union or scalar type) from parsed JSON.

    Strict: a missing, unknown or wrongly typed field raises RecordError naming its place.
    """
    if is_text(kind):
        return _decode_text(kind, data, where)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(args, data, where)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_record(kind, data, where)
    if origin is tuple:
        _expect(isinstance(data, list), where, "a list", data)
        return tuple(decode(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if origin in (dict, Mapping):
        _expect(isinstance(data, dict), where, "an object", data)
        return {key: decode(args[1], value, f"{where}.{key}") for key, value in data.items()}
    if kind is float and isinstance(data, str):
        _expect(data in INFINITIES, where, "a float", data)
        return INFINITIES[data]
    _expect(type(data) is kind, where, kind.__name__, data)
    return data


def is_text(kind: Any) -> bool:
    """Whether values of a class stand as text in a file: ``kind.parse`` reads what ``str`` wrote."""
    return isinstance(kind, type) and hasattr(kind, "parse")


def write_text(path: Path, text: str, synced: bool = True) -> None:
    """`write_bytes` for a text, in UTF-8."""
    write_bytes(path, text.encode(), synced)


def write_bytes(path: Path, data: bytes, synced: bool = True) -> None:
    """Replace `path` by `data` in one step; when that fails the old file is left as it was.

    ``synced``: also where the machine loses power. Files whose hashes a record holds need it not, and it takes longer
    than all the rest.

    Raises LmuHlsError when the folder cannot be written or the disk is full.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            with _created(draft) as file:
                file.write(data)
                if synced:
                    file.flush()
                    os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LmuHlsError(
            f"cannot write {path}: {error.strerror or error}. Free some space or choose another folder."
        ) from error


def _created(path: Path) -> BinaryIO:
    """A new file, in a folder that is made where there is none."""
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def dump(path: Path, record: object) -> None:
    """Write a record, or a sequence of records, as JSON. Raises LmuHlsError when it cannot be written."""
    write_text(path, encode(record))


def load(path: Path, kind: type[T], opened: Callable[[Any], Any] = lambda data: data) -> T:
    """Read back the record that `dump` wrote; `kind` is its class or, for a sequence, tuple[Class, ...].

    ``opened`` takes off what is around the record in the parsed data.
    Raises LmuHlsError when the file is absent, unreadable, not JSON, or holds something else.
    """
    name = getattr(kind, "__name__", str(kind)) if not typing.get_args(kind) else str(kind)
    remedy = "Run the command that writes it again."
    try:
        return typing.cast(T, decode(kind, opened(parse(path.read_text(encoding="utf-8")))))
    except FileNotFoundError as error:
        raise LmuHlsError(f"{path} does not exist. {remedy}") from error
    except OSError as error:
        raise LmuHlsError(f"cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise LmuHlsError(f"{path} does not hold a {name}: {error}. {remedy}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def plain(value: Any, where: str = "") -> Any:
    """The record as dicts, lists and scalars."""
    if value is None or type(value) in _SCALARS:
        return value
    if is_text(type(value)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: plain(item, f"{where}.{name}".lstrip(".")) for name, item in fields.items()}
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if type(value) is float and not math.isfinite(value):
        if math.isnan(value):
            raise RecordError(f"{where or 'top level'}: NaN is no result; a record cannot hold it")
        return "inf" if value > 0 else "-inf"
    if type(value) is float:
        return value
    raise TypeError(f"a record cannot hold a {type(value).__name__}: {value!r}; convert it to a plain type first")


def _expect(fits: bool, where: str, expected: str, data: Any) -> None:
    if not fits:
        raise RecordError(f"{where or 'top level'}: expected {expected}, found {data!r:.60}")


def _decode_text(kind: Any, data: Any, where: str) -> Any:
    _expect(isinstance(data, str), where, f"a {kind.__name__}", data)
    try:
        return kind.parse(data)
    except ValueError as error:
        raise RecordError(f"{where or 'top level'}: {error}") from error


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    reasons = []
    for kind in kinds:
        try:
            return decode(kind, data, where)
        except RecordError as error:
            reasons.append(str(error))
    # The last failure of a record says more than "expected NoneType".
    raise RecordError(next((r for r in reasons if "NoneType" not in r), reasons[-1]))


def _decode_record(kind: type, data: Any, where: str) -> Any:
    _expect(isinstance(data, dict), where, f"a {kind.__name__}", data)
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    place = where or kind.__name__
    if missing := [name for name in names if name not in data]:
        raise RecordError(f"{place}: field {missing[0]} is missing")
    if unknown := [name for name in data if name not in names]:
        raise RecordError(f"{place}: unknown field {unknown[0]}")
    fields = {name: decode(hints[name], data[name], f"{where}.{name}".lstrip(".")) for name in names}
    try:
        return kind(**fields)
    except (TypeError, ValueError) as error:
        raise RecordError(f"{place}: {error}") from error
