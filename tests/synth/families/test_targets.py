"""Every target on small designs, counted exactly: logic, block RAM, multipliers, and a whole network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Resources
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.standalone import sources, write_project
from lmu_hls.spec import Network, chain
from lmu_hls.synth import synthesize
from lmu_hls.synth.families import families, family_of
from lmu_hls.synth.roms import data_files
from lmu_hls.toolchain import find
from tests.support.hdl.dense_grid import Config
from tests.synth.test_yosys import DESIGN

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

# A whole network with 3 multipliers of 16 x 16 bits, which fit one primitive on every target
NETWORK = {
    "gowin": {
        "LUT": 532,
        "LUTRAM": 78,
        "ALU": 113,
        "FF": 662,
        "MULT9X9": 0,
        "MULT18X18": 3,
        "MULT36X36": 0,
        "BSRAM": 0,
    },
    "ice40": {"LUT": 555, "CARRY": 122, "FF": 585, "DSP": 3, "EBR": 2, "SPRAM": 0},
    "ecp5": {"LUT": 514, "LUTRAM": 78, "CCU2C": 48, "FF": 658, "DSP": 3, "DP16KD": 0},
    "xc7": {"LUT": 274, "LUTRAM": 40, "SRL": 3, "FF": 397, "CARRY4": 11, "DSP": 3, "BRAM18": 0},
    "xcup": {"LUT": 365, "LUTRAM": 48, "SRL": 3, "FF": 645, "CARRY4": 31, "DSP": 3, "BRAM18": 0, "URAM": 0},
}
MULTIPLIER = {"gowin": "MULT18X18", "ice40": "DSP", "ecp5": "DSP", "xc7": "DSP", "xcup": "DSP"}
# A ROM of 1024 x 18 bits, a product of 16 x 16, some logic
UNIT = {
    "gowin": {"LUT": 13, "LUTRAM": 0, "ALU": 0, "FF": 69, "MULT9X9": 0, "MULT18X18": 1, "MULT36X36": 0, "BSRAM": 1},
    "ice40": {"LUT": 7, "CARRY": 0, "FF": 5, "DSP": 1, "EBR": 5, "SPRAM": 0},
    "ecp5": {"LUT": 13, "LUTRAM": 0, "CCU2C": 0, "FF": 69, "DSP": 1, "DP16KD": 1},
    "xc7": {"LUT": 4, "LUTRAM": 0, "SRL": 0, "FF": 5, "CARRY4": 0, "DSP": 1, "BRAM18": 1},
    "xcup": {"LUT": 4, "LUTRAM": 0, "SRL": 0, "FF": 69, "CARRY4": 0, "DSP": 1, "BRAM18": 1, "URAM": 0},
}


def test_every_target_is_tested() -> None:
    assert set(NETWORK) == set(UNIT) == set(MULTIPLIER) == set(families())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Network]:
    """Two channels of order 4 on two lanes, and their encoder; 16 bits throughout."""
    kinds = {"u": "fixed<16,3>", "mem": "fixed<16,2>", "a": "fixed<16,1>", "b": "fixed<16,1>"}
    layer = replace(Config(4, 2, 2, **kinds).lmu("lmu"), reuse_factor=20)
    network, folder = chain("tiny", layer.x, layer.steps, 1, (layer,)), tmp_path_factory.mktemp("tiny")
    assert write_project(plan_network(network), folder).hardware.multipliers == 3
    return folder, network


@pytest.mark.parametrize("target", NETWORK)
def test_a_whole_network(project: tuple[Path, Network], tmp_path: Path, target: str) -> None:
    folder, network = project
    plan = plan_network(network)
    files = [folder / name for name in sources(plan)]
    found = synthesize(files, plan.top, {}, tmp_path, target, data_dir=folder, data=data_files(folder, files, {}))
    assert found.counts == NETWORK[target] and found.counts[MULTIPLIER[target]] == 3
    assert found.parts["lmu_memory"][MULTIPLIER[target]] == 2 and found.parts["lmu_encoder"][MULTIPLIER[target]] == 1
    assert found.parts[""]["LUT"] < 0.1 * found.counts["LUT"]  # nearly every cell is known by its name


def unit(folder: Path, target: str, text: str = DESIGN, width: int = 16) -> Resources:
    (folder / "unit.v").write_text(text)
    (folder / "rom.hex").write_text("".join(f"{i * 40503 & 0x3FFFF:05x}\n" for i in range(1024)))
    parameters: dict[str, int | str] = {"W": width, "OFFSET": -3, "ROM": "rom.hex"}
    return synthesize([folder / "unit.v"], "unit", parameters, folder / "work", target, unit="mem", data_dir=folder)


@pytest.mark.parametrize("target", UNIT)
def test_block_ram_and_multipliers(tmp_path: Path, target: str) -> None:
    found = unit(tmp_path, target)
    counts = family_of(target).count(found.cells)
    assert found == Resources("mem", target, "yosys", find("pyosys").version, counts, found.cells)
    assert counts == UNIT[target]
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["stat.json", "synth.ys", "yosys.log"]


@pytest.mark.parametrize("target", UNIT)
def test_a_planted_cell_is_refused_by_name(tmp_path: Path, target: str) -> None:
    planted = "(* blackbox *) module NEW_MULT(input a, output z); endmodule\n"
    text = "module unit #(parameter W=1, OFFSET=1, ROM=1) (input a, output z); NEW_MULT x (a, z); endmodule"
    with pytest.raises(LmuHlsError, match=rf"unknown cost: NEW_MULT\..*{target} has no primitive"):
        unit(tmp_path, target, planted + text)


def test_a_large_memory_is_spram_on_ice40(tmp_path: Path) -> None:
    """16384 words of 16 bits, one port, no initial contents."""
    text = """module unit #(parameter W=1, OFFSET=1, ROM=1) (
      input clk, we, input [13:0] addr, input [15:0] d, output reg [15:0] q);
      reg [15:0] memory [0:16383];
      always @(posedge clk) if (we) memory[addr] <= d; else q <= memory[addr];
    endmodule"""
    assert unit(tmp_path, "ice40", text).counts == dict.fromkeys(("LUT", "CARRY", "FF", "DSP", "EBR"), 0) | {"SPRAM": 1}


def test_a_narrow_product_is_a_narrow_multiplier_on_gowin(tmp_path: Path) -> None:
    counts = unit(tmp_path, "gowin", width=9).counts
    assert (counts["MULT9X9"], counts["MULT18X18"], counts["MULT36X36"]) == (1, 0, 0)


def test_a_device_without_multipliers_makes_them_of_logic(tmp_path: Path) -> None:
    found = unit(tmp_path, "hx8k")
    assert found.target == "hx8k" and found.counts["DSP"] == 0 and found.counts["LUT"] > 300


def test_every_device_that_is_routed_has_the_size_of_its_chip() -> None:
    """By which its layout is drawn; nextpnr's own places are in tests/synth/test_route.py."""
    devices = [device for family in families().values() if family.router for device in family.devices]
    assert [device.name for device in devices if min(device.grid) < 14] == []
