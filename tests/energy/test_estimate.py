"""Operations are those of the contract and of the plan; the published rules go through the published points."""

import pytest

from lmu_hls.backend.design import design
from lmu_hls.energy.activity import Access, Measured
from lmu_hls.energy.drivers import Memory
from lmu_hls.energy.estimate import estimate
from lmu_hls.energy.operations import operations
from lmu_hls.energy.published import (
    PAPER,
    access_pj,
    addition_pj,
    beside_the_paper,
    multiplication_pj,
    scale,
)
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.energy import Activity, Energy
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network
from tests.support.random_networks import random_spec_network

MEASURED = Measured(
    100,
    (Activity("lmu_mac", "register", 10, 960), Activity("lmu_mac", "multiplier", 10, 5)),
    (Access(Memory("a.rom", "ROM", 64, 1024), 8, 0), Access(Memory("a.ram", "RAM", 16, 4), 6, 4)),
)


@pytest.fixture(scope="module", params=range(6))
def network(request: pytest.FixtureRequest) -> Network:
    return random_spec_network(request.param)


def test_products_are_those_that_the_verilog_is_planned_for(network: Network) -> None:
    plan = design(network, RtlOptions()).plan
    planned = sum(part.macs * layer.executions for layer in plan.layers for part in layer.parts)
    gates = any(layer.product_multipliers for layer in plan.layers)
    counted = operations(network).products.total()
    assert counted > planned if gates else counted == planned


def test_published_points() -> None:
    assert multiplication_pj(8, 8) == pytest.approx(0.2)
    assert multiplication_pj(32, 32) == pytest.approx(3.1, rel=0.04)
    assert addition_pj(32) == pytest.approx(0.1) and addition_pj(8) == pytest.approx(0.03, rel=0.2)
    for kilobytes, picojoules in ((8, 10), (32, 20), (1024, 100)):
        assert access_pj(64, kilobytes * 8192) == pytest.approx(picojoules, rel=0.14)
    assert scale(45) == 1 and scale(22) == pytest.approx(22 / 45 * (0.8 / 0.9) ** 2)
    assert PAPER.step_nj == pytest.approx(175.8) and round(PAPER.step_cycles) == 1231


def test_the_sum_is_that_of_its_rows(network: Network) -> None:
    found = estimate(network, MEASURED, 2, 50, 45, 20.0)
    rows = {row.name: row for row in found.operations}
    assert rows["ROM words read"].count == 4
    assert rows["ROM words read"].picojoules == pytest.approx(4 * 10)  # 64 bits of 8 KB
    assert (rows["RAM words read"].bits, rows["RAM words written"].bits) == (3 * 16, 2 * 16)
    assert rows["register bits changed"].picojoules == pytest.approx(480 * 6 / 96)
    total = sum(row.picojoules for row in found.operations) / 1000
    assert found.energy_per_inference_nj == pytest.approx(total)
    assert found.energy_per_step_nj * network.steps == pytest.approx(total)
    assert found.power_uw * 20e-3 == pytest.approx(found.energy_per_step_nj / 1000)
    assert found.memory_bits == 65536 + 64 and found.estimate
    smaller = estimate(network, MEASURED, 2, 50, 22, 20.0)
    assert smaller.power_uw == pytest.approx(found.power_uw * scale(22))


def test_the_paper_stands_beside_it(network: Network) -> None:
    found = estimate(network, MEASURED, 2, 50, 22, 20.0)
    rows = {name: (own, paper) for name, own, paper in beside_the_paper(found)}
    assert rows["cycles a step"] == ("50", "1231")
    assert rows["clock that keeps up"][0] == "2.5 kHz"
    assert rows["power"][1].startswith("8.79 uW")
    assert any("Horowitz" in text for text in found.assumptions) and any(
        "leakage" in text for text in found.assumptions
    )


@pytest.mark.parametrize(
    ("node", "step_ms", "cause"), [(23, 20.0, "23 nm"), (22, 0.0, "0.0 ms"), (22, float("nan"), "nan")]
)
def test_what_cannot_be_scaled_is_refused(network: Network, node: int, step_ms: float, cause: str) -> None:
    with pytest.raises(LmuHlsError, match=cause):
        estimate(network, MEASURED, 2, 50, node, step_ms)


def test_no_energy_is_a_measurement(network: Network) -> None:
    found = estimate(network, MEASURED, 2, 50, 22, 20.0)
    with pytest.raises(ValueError, match="estimate is True"):
        Energy(**{name: getattr(found, name) for name in Energy.__dataclass_fields__} | {"estimate": False})
