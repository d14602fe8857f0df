"""Products that are cut: as many pieces as the module has, and their stages."""

import pytest

from lmu_hls.rtl.products import FACTOR, more_stages, parts, pieces


@pytest.mark.parametrize("width", range(1, 63))
def test_parts_of_a_factor(width: int) -> None:
    """All parts but the last have FACTOR - 1 bits, and that one has at most FACTOR, its sign with them."""
    rest = width - (parts(width) - 1) * (FACTOR - 1)
    assert min(width, 2) <= rest <= FACTOR


def test_stages() -> None:
    assert [more_stages(FACTOR, b) for b in (1, FACTOR, FACTOR + 1, 35, 36)] == [0, 0, 1, 1, 2]
    assert (pieces(19, 24), more_stages(19, 24)) == (4, 2)
