"""Random networks in Icarus: u, mem, h and the output are golden's, the cycles are those of the formulas."""

import pytest

from tests.random_rtl import check_icarus, has_icarus, random_case

pytestmark = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")


@pytest.mark.parametrize("seed", range(50))
def test_random_network(seed, tmp_path):
    case = random_case(seed)
    case.write(tmp_path)
    check_icarus(case, tmp_path)
