"""How a product is cut into pieces for the multipliers, as ``lmu_mac`` does it."""

from __future__ import annotations

FACTOR = 18  # bits of a factor that the multipliers of most devices take


def parts(width: int) -> int:
    """Parts of a signed factor: FACTOR - 1 bits each, counted from the lowest one, and a signed rest."""
    return 1 + max(0, width - 2) // (FACTOR - 1)


def pieces(a: int, b: int) -> int:
    """Products of parts that the product of factors of ``a`` and ``b`` bits is made of."""
    return parts(a) * parts(b)


def more_stages(a: int, b: int) -> int:
    """Cycles that this product takes beside the one of a product that is whole: of each two pieces a sum."""
    return (pieces(a, b) - 1).bit_length()
