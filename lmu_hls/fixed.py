"""Fixed-point types and their integer arithmetic, with the meaning of AMD's ``ap_fixed``.

A value of ``fixed<W,I>`` is an integer ``q`` of ``W`` bits that stands for ``q / 2**(W - I)``. Here values are
always held as int64 arrays of those integers; floats enter through :func:`quantize` and leave through
:func:`to_float` only. Source of the modes: AMD UG1399, "Arbitrary Precision Fixed-Point Data Types".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
MAX_WIDTH = 62  # a sum of two values of this width still fits int64

_PATTERN = re.compile(r"^(?:ap_)?(u?)fixed<\s*(-?\d+)\s*,\s*(-?\d+)\s*(?:,\s*(\w+)\s*)?(?:,\s*(\w+)\s*)?>$")


@dataclass(frozen=True, slots=True)
class FixedType:
    """``fixed<width, integer, rounding, overflow>``; ``integer`` counts the sign bit, as in ``ap_fixed``.

    Raises ValueError for a width outside 1..62 or an unknown rounding or overflow mode.
    """

    width: int
    integer: int
    signed: bool = True
    rounding: str = "RND_CONV"
    overflow: str = "SAT"

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise ValueError(f"width {self.width} is outside 1..{MAX_WIDTH}")
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"rounding {self.rounding!r} is not one of {', '.join(ROUNDINGS)}")
        if self.overflow not in OVERFLOWS:
            raise ValueError(f"overflow {self.overflow!r} is not one of {', '.join(OVERFLOWS)}")

    @classmethod
    def parse(cls, text: str) -> FixedType:
        """Read ``fixed<16,6>``, ``ap_ufixed<8,0,RND,SAT>`` and the like; absent modes are TRN, WRAP as in C++."""
        match = _PATTERN.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a fixed-point type; write for example 'fixed<16,6,RND_CONV,SAT>'")
        unsigned, width, integer, rounding, overflow = match.groups()
        return cls(int(width), int(integer), not unsigned, rounding or "TRN", overflow or "WRAP")

    @property
    def fraction(self) -> int:
        """Number of fraction bits; may be negative or exceed the width."""
        return self.width - self.integer

    @property
    def min_int(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_int(self) -> int:
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1

    @property
    def max_abs(self) -> int:
        """Largest magnitude of an integer of this type."""
        return max(-self.min_int, self.max_int)

    @property
    def lsb(self) -> float:
        return 2.0**-self.fraction

    def with_modes(self, rounding: str = "RND_CONV", overflow: str = "SAT") -> FixedType:
        return replace(self, rounding=rounding, overflow=overflow)

    @property
    def short(self) -> str:
        """The text without the modes that go without saying: rounding to nearest even, and saturation."""
        return str(self).replace(",RND_CONV,SAT>", ">")

    def __str__(self) -> str:
        return f"{'' if self.signed else 'u'}fixed<{self.width},{self.integer},{self.rounding},{self.overflow}>"


def requantize(values: Ints, fraction: int, to: FixedType) -> Ints:
    """Assign integers with ``fraction`` fraction bits to type ``to``: one rounding, then one overflow step.

    ``values`` may have any shape and must stay below 2**62 in magnitude. Raises ValueError when the shift to a
    finer grid would leave that range.
    """
    values = np.asarray(values, np.int64)
    return _overflow(_round_shift(values, fraction - to.fraction, to.rounding), to)


def _round_shift(values: Ints, shift: int, rounding: str) -> Ints:
    """``values / 2**shift`` rounded to an integer; exact for a negative shift."""
    if shift <= 0:
        if values.size and int(np.abs(values).max()) >= 1 << max(0, MAX_WIDTH + shift):
            raise ValueError(f"a shift by {-shift} bits leaves the {MAX_WIDTH}-bit range of the contract")
        return values << min(-shift, MAX_WIDTH)
    if shift > MAX_WIDTH:  # every value is below half an LSB; keep only its sign
        values, shift = np.sign(values), 2
    floor = values >> shift
    rest = values - (floor << shift)
    half = np.int64(1) << np.int64(shift - 1)
    negative = values < 0
    up = {
        "TRN": lambda: np.False_,
        "TRN_ZERO": lambda: negative & (rest != 0),
        "RND": lambda: rest >= half,
        "RND_MIN_INF": lambda: rest > half,
        "RND_INF": lambda: (rest > half) | ((rest == half) & ~negative),
        "RND_ZERO": lambda: (rest > half) | ((rest == half) & negative),
        "RND_CONV": lambda: (rest > half) | ((rest == half) & ((floor & 1) == 1)),
    }[rounding]()
    return floor + up


def _overflow(values: Ints, to: FixedType) -> Ints:
    low, high = to.min_int, to.max_int
    if to.overflow == "SAT":
        return np.clip(values, low, high)
    if to.overflow == "SAT_SYM":
        return np.clip(values, -high if to.signed else low, high)
    if to.overflow == "SAT_ZERO":
        return np.where((values < low) | (values > high), np.int64(0), values)
    wrapped = values & np.int64((1 << to.width) - 1)
    return wrapped - ((wrapped > high).astype(np.int64) << np.int64(to.width)) if to.signed else wrapped


def overflow_count(values: Ints, fraction: int, to: FixedType) -> int:
    """How many of ``values`` (``fraction`` fraction bits) do not fit type ``to`` after rounding."""
    rounded = _round_shift(np.asarray(values, np.int64), fraction - to.fraction, to.rounding)
    return int(np.count_nonzero((rounded < to.min_int) | (rounded > to.max_int)))


def quantize(values: ArrayLike, to: FixedType) -> Ints:
    """Assign real numbers to type ``to``, as C++ does for ``ap_fixed(double)``: exact scaling, one rounding.

    Raises ValueError for NaN or infinity.
    """
    values, limit = np.asarray(values, np.float64), float(1 << MAX_WIDTH)
    if not np.all(np.isfinite(values)):
        raise ValueError("NaN or infinity cannot be given a fixed-point value; clean the data or the weights first")
    with np.errstate(over="ignore"):  # beyond the limit all values are alike
        scaled = np.clip(np.ldexp(values, to.fraction), -2 * limit, 2 * limit)
    rounded = np.clip(_ROUND[to.rounding](scaled), -limit, limit)
    if to.overflow == "WRAP" and np.any(np.abs(rounded) >= limit):
        raise ValueError(f"a value of magnitude {np.abs(values).max():g} is too large to be wrapped to {to}")
    return _overflow(rounded.astype(np.int64), to)


def _round_up_where(up: Callable[[Floats, Floats], NDArray[np.bool_]]) -> Callable[[Floats], Floats]:
    """Rounds to the integer above where ``up`` says so of a value and of what it is more than the one below."""

    def rounded(values: Floats) -> Floats:
        floor = np.floor(values)
        return np.asarray(floor + up(values, values - floor), np.float64)

    return rounded


_ROUND: dict[str, Callable[[Floats], Floats]] = {
    "TRN": np.floor,
    "TRN_ZERO": np.trunc,
    "RND": _round_up_where(lambda values, rest: rest >= 0.5),
    "RND_MIN_INF": _round_up_where(lambda values, rest: rest > 0.5),
    "RND_INF": _round_up_where(lambda values, rest: (rest > 0.5) | ((rest == 0.5) & (values >= 0))),
    "RND_ZERO": _round_up_where(lambda values, rest: (rest > 0.5) | ((rest == 0.5) & (values < 0))),
    "RND_CONV": np.rint,
}


def to_float(values: Ints, fixed_type: FixedType) -> NDArray[np.float64]:
    """The real numbers that integers of type ``fixed_type`` stand for."""
    return np.ldexp(np.asarray(values, np.float64), -fixed_type.fraction)


def integer_bits(magnitude: float, signed: bool = True) -> int:
    """Integer bits that hold ``magnitude``: the smallest ``I`` with magnitude < 2**(I-1), or < 2**I if not signed.

    Raises ValueError when ``magnitude`` is negative or not finite.
    """
    if magnitude < 0 or not np.isfinite(magnitude):
        raise ValueError(f"magnitude {magnitude} must be finite and not negative")
    if magnitude == 0:
        return int(signed)
    _, exponent = np.frexp(magnitude)  # magnitude = f * 2**exponent with 0.5 <= f < 1
    return int(exponent) + int(signed)
