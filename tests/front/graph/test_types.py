"""exact_sum: the extreme sum of the types fits, and nothing narrower holds it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.types import exact_sum, holds

types = st.builds(
    FixedType, width=st.integers(1, 10), integer=st.integers(-3, 12), signed=st.booleans(), rounding=st.just("TRN")
)
products = st.lists(st.tuples(st.integers(1, 40), types, types), min_size=1, max_size=3)


def extremes(type_: FixedType) -> tuple[float, float]:
    return type_.min_int * type_.lsb, type_.max_int * type_.lsb


@given(products, st.none() | types)
def test_bounds(terms, bias):
    """All values are small enough for exact float64 arithmetic."""
    sum_type = exact_sum("t", terms, bias)
    high = sum(n * max(x * w for x in extremes(a) for w in extremes(b)) for n, a, b in terms)
    low = sum(n * min(x * w for x in extremes(a) for w in extremes(b)) for n, a, b in terms)
    if bias:
        high, low = high + extremes(bias)[1], low + extremes(bias)[0]
    limit = 2.0 ** (sum_type.integer - 1)
    assert -limit <= low and high < limit
    finest = min([a.lsb * b.lsb for _, a, b in terms] + ([bias.lsb] if bias else []))
    assert 2.0**-sum_type.fractional == finest


def test_no_wider_than_needed():
    signed = FixedType(8, 4)
    # -8 * -8 * 4 = 256 needs ten integer bits with the sign
    assert str(exact_sum("t", [(4, signed, signed)], None)) == "fixed<18,10,TRN,WRAP,0>"


def test_sums_beyond_the_contract_are_refused():
    with pytest.raises(LmuHlsError, match=r"u: the exact sum needs 65 bits .* at most 62"):
        exact_sum("u", [(2, FixedType(40, 4), FixedType(24, 4))], None)


def test_holds():
    exact = exact_sum("t", [(4, FixedType(8, 4), FixedType(8, 4))], None)
    assert holds(FixedType(20, 11), exact) and holds(exact, exact)
    for narrow in (FixedType(18, 11), FixedType(18, 9), FixedType(30, 12, signed=False)):
        assert not holds(narrow, exact)
