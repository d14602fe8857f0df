"""One memory channel with widths that suit a test; |u| <= 1."""

from __future__ import annotations

from lmu_hls.fixed import FixedType
from lmu_hls.tuning.channel import Channel, make_channel

U = FixedType(12, 1)


def channel(
    order: int,
    theta: float,
    fraction: int,
    *,
    form: str = "dense",
    basis: str = "orthonormal",
    integer: int = 3,
    sweep_integer: int = 5,
    guard: int = 3,
    coefficient_fraction: int | None = None,
    discretizer: str = "bilinear",
    rounding: str = "RND_CONV",
) -> Channel:
    """mem with ``fraction`` fraction bits, coefficients too unless said otherwise; the sweep has ``guard`` more."""
    sweep = FixedType(fraction + guard + sweep_integer, sweep_integer, rounding=rounding)
    return make_channel(
        order,
        theta,
        u=U,
        mem=FixedType(fraction + integer, integer, rounding=rounding),
        sweep=sweep if form == "tridiagonal" else None,
        coefficients=fraction if coefficient_fraction is None else coefficient_fraction,
        discretizer=discretizer,
        basis=basis,
    )
