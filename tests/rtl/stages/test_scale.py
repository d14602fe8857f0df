"""A scale in the Verilog: golden's integers in the cycles of the formulas, also for values in another order."""

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.reuse import multipliers, settle, valid_reuse_factors
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Dense, Network, TridiagonalUpdate, Weight, chain
from lmu_hls.spec.layers.scale import Scale
from tests.support.networks import random_lmu, random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import (
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    flip_bit,
    has_icarus,
    make_case,
    run_icarus,
)


def scale(rng, n: int, x: FixedType, out: str = "fixed<9,4,RND_CONV,SAT>") -> Scale:
    return Scale("scale", x, random_weight(rng, n), random_weight(rng, n), FixedType.parse(out))


def planned(*layers) -> NetworkPlan:
    lmu = layers[0]
    return plan_network(settle(chain("net", lmu.x, lmu.steps, lmu.n_in, layers), 1).network)


def lengthened(network: Network, *layers) -> Network:
    return network.with_layers((*network.lmus, *layers))


def reordered() -> Network:
    """The states of a tridiagonal memory leave it last degree first; a scale takes them so, and a Dense layer too."""
    for seed in range(0, 300, 6):
        network = random_spec_network(seed, 24)
        lmu = network.lmus[-1]
        if isinstance(lmu.update, TridiagonalUpdate) and lmu.order > 2 and lmu.h.width < 16 and network.steps > 1:
            rng = np.random.default_rng(seed)
            wide = scale(rng, lmu.units, lmu.h)
            head = Dense("head", wide.out, random_weight(rng, lmu.units, 2), None, FixedType(8, 5))
            return lengthened(network, wide, head)
    raise AssertionError


def test_what_it_takes():
    """One multiplier, one value a cycle, nothing to choose."""
    layer = scale(np.random.default_rng(0), 5, FixedType(8, 2))
    (part,) = stage_of(layer).plan({})
    assert (part.multipliers, part.macs, part.cycles, multipliers(layer)) == (1, 5, 5, 1)
    assert valid_reuse_factors(layer) == ()
    pace = stage_of(layer).pace(5, {})
    assert pace.ii == 5 and pace.respond([1, 2, 4, 5, 9]) == [7, 8, 10, 11, 15]


def test_unsigned_types_are_refused():
    lmu = random_lmu(np.random.default_rng(0))
    layer = scale(np.random.default_rng(0), lmu.units, lmu.h, "ufixed<8,3>")
    with pytest.raises(LmuHlsError, match="'scale': its output has the unsigned type"):
        planned(lmu, layer)


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize("streaming", [False, True])
def test_values_in_another_order(streaming, tmp_path):
    network = reordered()
    case = make_case(network, RtlOptions(streaming=streaming), np.random.default_rng(0), 2000)
    assert case.plan.net.instances[-2].module == "lmu_scale" and not any(
        layer.kind == "vector buffer" and layer.name.startswith("scale") for layer in case.plan.layers
    )
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
def test_a_wrong_fold_is_caught(tmp_path):
    """Another factor in the ROM than in the contract."""
    network = reordered()
    case = make_case(network, RtlOptions(), np.random.default_rng(0), 2000)
    case.write(tmp_path)
    flip_bit(case, tmp_path, "scale")
    compile_icarus(case.plan, tmp_path)
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(case.expected, run_icarus(case, tmp_path).tensors)


def test_coarse_and_fine_types_share_their_fraction_bits():
    """Products or offsets with fewer fraction bits are lifted; the sum holds them all."""
    lmu = random_lmu(np.random.default_rng(1))
    for product, offset in ((FixedType(4, 6), FixedType(9, 1)), (FixedType(9, 1), FixedType(4, 6))):
        values = [Weight(np.full(lmu.units, kind.min_int), kind) for kind in (product, offset)]
        layer = Scale("scale", lmu.h, *values, FixedType(8, 4))
        found = next(item for item in planned(lmu, layer).net.instances if item.module == "lmu_scale").parameters
        fraction = max(lmu.h.fraction + product.fraction, offset.fraction)
        assert (found["ACC_F"], found["BIAS_SHIFT"]) == (fraction, fraction - offset.fraction)
        assert found["ACC_W"] >= max(found["COEF_W"] + lmu.h.width, found["BIAS_W"] + found["BIAS_SHIFT"])
