"""Softmax and argmax in integers: against their definition, and against the float softmax within a bound."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, to_float
from lmu_hls.golden.softmax import argmax, softmax
from lmu_hls.spec import ArgMax, Softmax, Weight, make_exp, table_index_type
from tests.support.networks import define_softmax, real

X = FixedType(9, 4)
INDEX = FixedType(6, 3, False)
EXP = FixedType(8, 1, False)


def layer(x=X, index=INDEX, exp=EXP, out=None) -> Softmax:
    return Softmax("softmax", x, make_exp(index, exp, x), out or FixedType(10, 2))


def defined(made: Softmax, x: np.ndarray) -> np.ndarray:
    """The integers that the definition gives for each vector of x."""
    vectors = [define_softmax(made, vector) for vector in real(Weight(x, made.x))]
    return np.array([[int(v * Fraction(2) ** made.out.fraction) for v in vector] for vector in vectors])


def extremes(kind: FixedType, n: int, rng: np.random.Generator) -> np.ndarray:
    """Random vectors, small ones, equal values, and the ends of the type's range."""
    x = rng.integers(kind.min_int, kind.max_int + 1, (10, n))
    near = rng.integers(-3, 4, (10, n)).clip(kind.min_int, kind.max_int)
    ends = rng.choice([kind.min_int, kind.max_int], (6, n))
    return np.concatenate([x, near, ends, np.full((1, n), kind.min_int), np.full((1, n), kind.max_int)])


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_rounding_and_overflow(rounding, overflow):
    rng = np.random.default_rng(0)
    for signed, width, integer in ((True, 6, 1), (False, 5, 0), (True, 10, 2), (True, 3, 3), (False, 20, 1)):
        made = layer(out=FixedType(width, integer, signed, rounding, overflow))
        x = extremes(X, 5, rng)
        values, overflows = softmax(made, x)
        assert np.array_equal(values, defined(made, x))
        wide = defined(layer(out=FixedType(made.out.fraction + 30, 30, True, rounding)), x)
        assert overflows == np.count_nonzero((wide < made.out.min_int) | (wide > made.out.max_int))


@pytest.mark.parametrize(
    ("x", "index", "exp"),
    [
        (FixedType(16, 6), FixedType(11, 4, False), FixedType(18, 1, False)),
        (FixedType(4, 9), FixedType(5, 2, False), FixedType(6, 1, False)),  # x coarser than the index
        (FixedType(12, -2), FixedType(7, 0, False), FixedType(12, 0, False)),  # an entry of 1 becomes 1 - LSB
        (FixedType(7, 3, False), FixedType(4, 4, False, "TRN", "WRAP"), FixedType(9, 3, False, "TRN", "SAT")),
        (FixedType(31, 8), FixedType(3, 1, False, "RND", "SAT"), FixedType(30, 1, False)),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 10])
def test_every_type(x, index, exp, n):
    made = layer(x, index, exp)
    vectors = extremes(x, n, np.random.default_rng(n))
    assert np.array_equal(softmax(made, vectors)[0], defined(made, vectors))


def test_shapes():
    x = extremes(X, 4, np.random.default_rng(1))[:12]
    flat = softmax(layer(), x)[0]
    assert np.array_equal(softmax(layer(), x.reshape(3, 4, 4))[0], flat.reshape(3, 4, 4))
    assert softmax(layer(), x[:0])[0].shape == (0, 4)


@pytest.mark.parametrize(("size", "reach"), [(1024, 16), (2048, 16), (4096, 16), (2048, 8)])
def test_against_float(size, reach):
    """r is the relative error of an entry that stands for the middle of its distances, a the absolute error of one.

    From p = e / S with S >= 1 follows |p' - p| <= (2 r p + (1 + n p) a) / (1 - r - n a), and half an LSB of the result.
    """
    x, out, n = FixedType(18, 6), FixedType(18, 2), 12
    index = table_index_type(size, reach, False).with_modes("TRN")
    made = Softmax("softmax", x, make_exp(index, FixedType(18, 1, False), x), out)
    rng = np.random.default_rng(0)
    vectors = np.concatenate([extremes(x, n, rng), rng.normal(0, 3 / x.lsb, (400, n)).astype(int)])
    vectors = vectors.clip(x.min_int, x.max_int)
    real_x = to_float(vectors, x)
    e = np.exp(real_x - real_x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    r = np.expm1(reach / size / 2)
    a = 2.0**-18 + np.exp(-(reach - reach / size))
    bound = (2 * r * p + (1 + n * p) * a) / (1 - r - n * a) + out.lsb / 2
    error = np.abs(to_float(softmax(made, vectors)[0], out) - p)
    assert np.all(error <= bound)
    assert np.any(error > bound / 8), "the bound says nothing"


def test_order_is_kept():
    """The largest value has the largest result, so that argmax may come after softmax."""
    x = extremes(X, 6, np.random.default_rng(2))
    values = softmax(layer(), x)[0]
    assert np.all(np.take_along_axis(values, np.argmax(x, -1)[:, np.newaxis], -1)[:, 0] == values.max(axis=-1))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_keeps_apart_changes_no_class(data):
    """Of any types: where the layer says so, a value that is not the largest never has the largest output."""
    draw = data.draw
    x = FixedType(draw(st.integers(3, 8)), draw(st.integers(0, 6)))
    index = FixedType(
        draw(st.integers(3, 7)), draw(st.integers(0, 4)), False, draw(st.sampled_from(["TRN", "RND_CONV"]))
    )
    exp = FixedType(draw(st.integers(4, 14)), 1, False)
    width, integer = draw(st.integers(3, 16)), draw(st.integers(1, 2))
    out = FixedType(width, integer, True, draw(st.sampled_from(ROUNDINGS)), draw(st.sampled_from(OVERFLOWS)))
    n = draw(st.integers(2, 12))
    made = Softmax("softmax", x, make_exp(index, exp, x), out)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = np.concatenate(
        [extremes(x, n, rng), *(np.full((1, n), 0) - np.eye(1, n, k, dtype=int) for k in range(n))]
    )
    values = softmax(made, vectors)[0]
    top = vectors == vectors.max(axis=-1, keepdims=True)
    winners = np.where(top, values, out.max_int).min(axis=-1)
    others = np.where(top, out.min_int - 1, values).max(axis=-1)
    apart = np.all(winners > others)
    event(f"keeps apart: {made.keeps_apart(n)}")
    assert apart or not made.keeps_apart(n)


def test_a_narrow_result_does_not_keep_classes_apart():
    """100 equal values but for one LSB: in 10 bits all outputs are the same."""
    x, index = FixedType(10, 5), FixedType(11, 4, False, "TRN")
    close = np.zeros((1, 100), int)
    close[0, 70] = 1
    for width, apart in ((10, False), (13, False), (14, True)):
        made = Softmax("softmax", x, make_exp(index, FixedType(18, 1, False), x), FixedType(width, 2))
        assert made.keeps_apart(100) == apart
        assert width == 13 or (np.argmax(softmax(made, close)[0]) == 70) == apart


def test_beyond_62_bits_is_refused():
    x = np.zeros((1, 4), np.int64)
    with pytest.raises(ValueError, match=r"softmax: difference.* 63 bits, the contract allows 62"):
        softmax(layer(x=FixedType(58, 50), index=FixedType(14, 1, False)), x)
    with pytest.raises(ValueError, match="softmax: quotient"):
        softmax(layer(exp=FixedType(30, 1, False), out=FixedType(34, 2)), x)
    with pytest.raises(ValueError, match="softmax: sum"):
        softmax(layer(exp=FixedType(61, 1, False), out=FixedType(2, 2)), x)


def test_impossible_layers():
    with pytest.raises(ValueError, match="must be unsigned"):
        layer(exp=FixedType(8, 2))
    with pytest.raises(ValueError, match="entry of 0 must be positive"):
        layer(exp=FixedType(8, 0, False, "RND", "WRAP"))
    with pytest.raises(ValueError, match="no fraction bits"):
        layer(out=FixedType(2, 4))
    with pytest.raises(ValueError, match="integer type"):
        ArgMax("argmax", X, FixedType(8, 2))


def test_argmax_takes_the_first_of_several():
    made = ArgMax("argmax", X, FixedType(4, 4))
    x = np.array([[1, 5, 5, 5], [-7, -7, -7, -7], [-9, -8, 0, 0], [3, 2, 1, 0], [0, 1, 2, 3]])
    values, overflows = argmax(made, x)
    assert values.tolist() == [[1], [0], [2], [0], [3]] and overflows == 0
    assert argmax(made, x.reshape(1, 5, 4))[0].shape == (1, 5, 1)
