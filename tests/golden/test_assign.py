"""Activations in integers against their definition in unbounded fractions."""

from fractions import Fraction

import numpy as np
import pytest

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType
from lmu_hls.golden import assign
from lmu_hls.spec import make_activation
from tests.support import networks


@pytest.mark.parametrize("interpolated", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_are_their_definition(name, interpolated):
    rng = np.random.default_rng([len(name), interpolated])
    for _ in range(4):
        source, to = networks.random_type(rng), networks.random_type(rng)
        index = FixedType(int(rng.integers(3, 7)), int(rng.integers(1, 4))).with_modes()
        function = make_activation(name, index, to, interpolated)
        values = rng.integers(source.min_int, source.max_int + 1, 40)
        expected = [_defined(function, int(value), source, to) for value in values]
        assert assign.Activate(function, source, to)(values).tolist() == expected


def _defined(function, value, source, to):
    exact = Fraction(value) / Fraction(2) ** source.fraction
    return networks.define_activation(function, exact, to) * Fraction(2) ** to.fraction


def test_an_interpolated_table_is_the_finer_one():
    """Eight times fewer entries, and a smaller error: half of the last bit is the rounding of the result."""
    x, to = FixedType(17, 3), FixedType(14, 1).with_modes()
    values = np.random.default_rng(0).integers(x.min_int, x.max_int + 1, 4000)
    real = np.tanh(values * x.lsb)
    errors = []
    for bits, interpolated in ((11, False), (8, True)):
        function = make_activation("tanh", FixedType(bits, 3).with_modes(), to, interpolated)
        errors.append(np.abs(assign.Activate(function, x, to)(values) * to.lsb - np.clip(real, -1, 1 - to.lsb)).max())
    assert errors[1] < errors[0] / 8


def test_sums_beyond_the_contract_are_refused():
    x, to = FixedType(40, 30), FixedType(50, 2).with_modes()
    with pytest.raises(ValueError, match="the exact sum can reach"):
        assign.Activate(make_activation("silu", FixedType(6, 3), to), x, to)
