"""The types of the Verilog: one number each."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType
from lmu_hls.rtl.packed import TypeWord, typed


@pytest.mark.parametrize(
    ("text", "verilog"),
    [
        ("fixed<16,2,RND_CONV,SAT>", "32'h16_000e_10 /* fixed<16,2,RND_CONV,SAT> */"),
        ("ufixed<10,3,TRN,WRAP>", "32'h00_0007_0a /* ufixed<10,3,TRN,WRAP> */"),
        ("fixed<5,7,TRN_ZERO,SAT_SYM>", "32'h31_fffe_05 /* fixed<5,7,TRN_ZERO,SAT_SYM> */"),
    ],
)
def test_a_type_in_verilog(text: str, verilog: str) -> None:
    kind = FixedType.parse(text)
    word = TypeWord(kind)
    assert word.verilog == verilog and int(verilog.split()[0].removeprefix("32'h"), 16) == word
    assert typed("PRE", kind) == {"PRE_TYPE": word}
    assert pickle.loads(pickle.dumps(word)).type == kind


@given(st.integers(1, 62), st.integers(-200, 200), st.sampled_from(ROUNDINGS), st.sampled_from(OVERFLOWS))
def test_the_verilog_reads_what_was_packed(width: int, integer: int, rounding: str, overflow: str) -> None:
    """By the expressions that stand in every module; always positive, so that it is a signed integer of Verilog too."""
    word = TypeWord(FixedType(width, integer, True, rounding, overflow))
    fraction = (word << 8 & 0xFFFFFFFF) >> 16
    assert (word % 256, fraction - (fraction >> 15 << 16)) == (width, width - integer)
    assert (ROUNDINGS[(word >> 24) % 16], OVERFLOWS[word >> 28]) == (rounding, overflow)
    assert 0 < word < 1 << 31


def test_too_many_fraction_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="40000 fraction bits"):
        TypeWord(FixedType(16, 16 - 40000))
