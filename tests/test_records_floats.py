"""Every float field of every record holds every value but NaN, through JSON that other tools can read."""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lmu_hls import records
from lmu_hls.fixed import FixedType
from lmu_hls.records import model, number, precision, synth, verify
from lmu_hls.records.jsonfile import RecordError, decode, encode, parse
from lmu_hls.report import Report

PLACES = (model, precision, synth, verify, number)
KINDS = [
    *dict.fromkeys(kind for place in PLACES for kind in vars(place).values() if dataclasses.is_dataclass(kind)),
    Report,
]
PLAIN = {bool: False, int: 0, float: 0.5, str: "x"}
FLOATS = st.floats(allow_nan=False) | st.sampled_from([math.inf, -math.inf, -0.0, 5e-324])


def alternatives(hint):
    """The types of a union, or the type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def float_fields(kind):
    """Names of the fields that may be a float."""
    return [name for name, hint in typing.get_type_hints(kind).items() if float in alternatives(hint)]


WITH_FLOATS = [kind for kind in KINDS if float_fields(kind)]


def plain(name, hint):
    """Some value of the type."""
    if name == "source":
        return records.SOURCES[0]
    first = alternatives(hint)[0]
    origin = typing.get_origin(first)
    if first is FixedType:
        return FixedType(16, 6)
    if dataclasses.is_dataclass(first):
        return example(first, {})
    if origin in (dict, Mapping):
        return {}
    return () if origin is tuple else None if first is types.NoneType else PLAIN[first]


def example(kind, floats):
    hints = typing.get_type_hints(kind)
    return kind(**{f.name: floats.get(f.name, plain(f.name, hints[f.name])) for f in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", WITH_FLOATS, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_floats_survive(kind, data):
    values = {name: data.draw(FLOATS, name) for name in float_fields(kind)}
    try:
        record = example(kind, values)
    except ValueError:  # the record has a narrower range of its own
        assume(False)
    text = encode(record)
    again = decode(kind, parse(text))
    assert again == record
    for name, value in values.items():
        assert math.copysign(1, getattr(again, name)) == math.copysign(1, value)
    assert not {"Infinity", "NaN"} & set(text.replace('"', " ").replace(",", " ").split())


def test_there_are_records_with_floats():
    assert {"TensorPrecision", "Precision", "Overrun", "Number"} <= {kind.__name__ for kind in WITH_FLOATS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_field_may_be_a_float_or_a_text(kind):
    """There the text "inf" could be either."""
    for field, hint in typing.get_type_hints(kind).items():
        assert not {float, str} <= set(alternatives(hint)), field


@dataclasses.dataclass(frozen=True)
class Pair:
    gain: float
    name: str


def test_a_text_that_is_no_number_is_no_float():
    assert decode(Pair, {"gain": "-inf", "name": "inf"}) == Pair(-math.inf, "inf")
    for text in ("infinity", "Inf", "nan", "1.0", ""):
        with pytest.raises(RecordError, match="gain: expected a float"):
            decode(Pair, {"gain": text, "name": "x"})


def test_nan_is_refused_by_its_place():
    with pytest.raises(RecordError, match=r"^\[1\]\.gain: NaN"):
        encode([Pair(1.0, "a"), Pair(math.nan, "b")])


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_bare_words_are_no_json(word):
    assert math.isnan(json.loads(word)) or math.isinf(json.loads(word))
    with pytest.raises(ValueError, match="is no JSON"):
        parse(word)
