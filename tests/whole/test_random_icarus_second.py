"""The other half of the random networks of test_random_icarus.py."""

import pytest

from tests.support.random_rtl import check_icarus, has_icarus, random_case


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize("seed", range(1, 100, 2))
def test_random_network(seed, tmp_path):
    case = random_case(seed)
    case.write(tmp_path)
    check_icarus(case, tmp_path)
