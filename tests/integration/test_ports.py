"""The ports that other tools are told of are those of the generated top."""

from __future__ import annotations

import re

import pytest

from lmu_hls.integration.ports import buses, ports
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.standalone import top_source
from tests.support.make_sim import fast_network

_PORT = re.compile(r"^    (input|output)\s+wire (?:\[(\d+):0\] )?(\w+),?$", re.MULTILINE)


@pytest.mark.parametrize("axi_lite", [False, True])
@pytest.mark.parametrize("seed", [10, 11])
def test_ports_are_those_of_the_top(seed: int, axi_lite: bool) -> None:
    plan = plan_network(fast_network(seed), RtlOptions(axi_lite=axi_lite))
    found = [(name, way[:-3], int(high or 0) + 1) for way, high, name in _PORT.findall(top_source(plan))]
    assert [(port.name, port.direction, port.width) for port in ports(plan)] == found
    assert [bus.name for bus in buses(plan)] == ["s_axis", "m_axis", *(["s_axil"] if axi_lite else [])]
