"""Each target is one file: found by being there, every cost told twice, and what has no cost is refused."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.families import families, family_of, target_of, targets
from lmu_hls.synth.family import Family
from lmu_hls.toolchain import find

# Target: names of its cells as a pattern -> what one takes. Told again here, not read from the package.
COSTS: dict[str, Mapping[str, Mapping[str, int]]] = {
    "gowin": {
        "LUT[1-4]|INV": {"LUT": 1},
        "ALU": {"LUT": 1, "ALU": 1},
        "RAM16(S|SDP)[124]": {"LUT": 6, "LUTRAM": 6},
        "DFFN?[CPRS]?E?|DLN?[CP]?E?": {"FF": 1},
        "MULT9X9": {"MULT9X9": 1},
        "MULT18X18": {"MULT18X18": 1},
        "MULT36X36": {"MULT36X36": 1},
        "SPX?9?|S?DP(X9)?B?|pROM(X9)?": {"BSRAM": 1},
        "MUX2_LUT[5-8]|GND|VCC|[IO]BUF": {},
    },
    "ice40": {
        "SB_LUT4": {"LUT": 1},
        "SB_CARRY": {"CARRY": 1},
        "SB_DFFN?E?([RS]|S[RS])?": {"FF": 1},
        "SB_MAC16": {"DSP": 1},
        "SB_RAM40_4K(NR)?(NW)?": {"EBR": 1},
        "SB_SPRAM256KA": {"SPRAM": 1},
        "SB_GB": {},
    },
    "ecp5": {
        "LUT4": {"LUT": 1},
        "CCU2C": {"LUT": 2, "CCU2C": 1},
        "TRELLIS_DPR16X4": {"LUT": 6, "LUTRAM": 6},
        "TRELLIS_FF": {"FF": 1},
        "MULT18X18D": {"DSP": 1},
        "DP16KD|PDPW16KD": {"DP16KD": 1},
        "PFUMX|L6MUX21|VLO|VHI": {},
    },
    "xc7": {
        "LUT[1-6]|INV": {"LUT": 1},
        "FD[CPRS]E(_1)?|LD[CP]E": {"FF": 1},
        "CARRY4": {"CARRY4": 1},
        "DSP48E1": {"DSP": 1},
        "RAMB18E1": {"BRAM18": 1},
        "RAMB36E1": {"BRAM18": 2},
        "RAM(16|32|64)X1S": {"LUT": 1, "LUTRAM": 1},
        "RAM(16|32|64)X1D|RAM128X1S|RAM32X2S": {"LUT": 2, "LUTRAM": 2},
        "RAM(32|64)M|RAM128X1D|RAM256X1S": {"LUT": 4, "LUTRAM": 4},
        "SRL16E|SRLC16E|SRLC32E": {"LUT": 1, "SRL": 1},
        "MUXF[78]|GND|VCC|BUFG|IBUF|OBUF": {},
    },
}
COSTS["xcup"] = {
    **{cells: cost for cells, cost in COSTS["xc7"].items() if not cells.startswith(("CARRY", "DSP", "RAM", "MUX"))},
    "CARRY4": {"CARRY4": 1},
    "CARRY8": {"CARRY4": 2},
    "DSP48E2": {"DSP": 1},
    "RAMB18E2": {"BRAM18": 1},
    "RAMB36E2": {"BRAM18": 2},
    "URAM288": {"URAM": 1},
    "RAM(16|32|64)X1S": {"LUT": 1, "LUTRAM": 1},
    "RAM(16|32|64)X1D|RAM128X1S|RAM32X2S": {"LUT": 2, "LUTRAM": 2},
    "RAM128X1D|RAM256X1S": {"LUT": 4, "LUTRAM": 4},
    "RAM32M16|RAM64M8|RAM256X1D|RAM512X1S": {"LUT": 8, "LUTRAM": 8},
    "MUXF[789]|GND|VCC|BUFG|IBUF|OBUF": {},
}
LIBRARY = {
    "gowin": "gowin",
    "ice40": "ice40",
    "ecp5": "lattice",
    "xc7": "xilinx",
    "xcup": "xilinx",
}  # its folder in Yosys


def test_every_target_is_tested() -> None:
    assert set(COSTS) == set(LIBRARY) == set(families())
    assert all(name == family.name for name, family in families().items())


def wrong(family: Family) -> list[str]:
    """Cells whose cost is not the one told here."""
    told = COSTS[family.name]
    found = {cell: [cost for names, cost in told.items() if re.fullmatch(names, cell)] for cell in family.costs}
    return [cell for cell, cost in family.costs.items() if found[cell] != [cost]]


@pytest.mark.parametrize("target", COSTS)
def test_every_primitive_has_its_cost(target: str) -> None:
    family = family_of(target)
    assert not wrong(family)
    assert all(any(re.fullmatch(names, cell) for cell in family.costs) for names in COSTS[target])
    assert {kind.name for kind in family.resources} == {name for cost in family.costs.values() for name in cost}


@pytest.mark.parametrize("target", COSTS)
def test_a_wrong_cost_is_seen(target: str) -> None:
    """One more or one less of any resource, for every cell."""
    family = family_of(target)
    for cell, cost in family.costs.items():
        for kind in family.resources:
            for change in (1, -1) if kind.name in cost else (1,):
                changed = {**cost, kind.name: cost.get(kind.name, 0) + change}
                other = {**family.costs, cell: {name: n for name, n in changed.items() if n}}
                assert wrong(replace(family, costs=other)) == [cell]


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
@pytest.mark.parametrize("target", LIBRARY)
def test_every_cell_is_one_of_yosys(target: str) -> None:
    spec = importlib.util.find_spec("pyosys")
    assert spec is not None and spec.origin is not None
    files = (Path(spec.origin).parent / "share" / LIBRARY[target]).glob("*.v*")
    known = {name for file in files for name in re.findall(r"^\s*module\s+(\w+)", file.read_text(), re.MULTILINE)}
    assert not set(family_of(target).costs) - known


def test_costs_are_added_up_in_the_order_of_the_resources() -> None:
    cells = {"SRL16E": 4, "LUT6": 3, "FDRE": 5, "RAMB36E1": 2, "RAMB18E1": 1, "RAM32M": 1, "MUXF7": 9}
    counts = {"LUT": 11, "LUTRAM": 4, "SRL": 4, "FF": 5, "CARRY4": 0, "DSP": 0, "BRAM18": 5}
    found = family_of("xc7").count(cells)
    assert found == counts and list(found) == list(counts)


@pytest.mark.parametrize("target", COSTS)
def test_an_unknown_primitive_is_not_left_out(target: str) -> None:
    family = family_of(target)
    cell = next(iter(family.costs))
    with pytest.raises(LmuHlsError, match=rf"unknown cost: \$_DLATCH_P_, NEW288.*{target} has no primitive"):
        family.count({cell: 3, "NEW288": 1, "$_DLATCH_P_": 1})


@pytest.mark.parametrize("cost", [{"LTU": 1}, {"LUT": 0}, {"LUT": 1, "SRL": -1}])
def test_a_cost_in_what_is_not_counted_is_refused(cost: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="xc7: cell LUT9 costs"):
        replace(family_of("xc7"), costs={"LUT9": cost})


@pytest.mark.parametrize(
    ("word", "near"),
    [("xc", "xc7"), ("XC7", "xc7"), ("ecp5-85", "ecp5-85k"), ("xc7z02", "xc7z020"), ("UP5K", "up5k"), ("", "")],
)
def test_an_unknown_target_is_answered_with_the_known_ones(word: str, near: str) -> None:
    with pytest.raises(LmuHlsError) as caught:
        target_of(word)
    hint = f"; did you mean {near!r}?" if near else ""
    chips = ", ".join(device.name for family in families().values() for device in family.devices)
    known = f"{', '.join(families())}, nor of {chips}"
    assert str(caught.value) == f"synthesis target {word!r} is none of {known}{hint}"


def test_devices_are_targets_of_their_family() -> None:
    """Small ones from the data sheets, told again here; names are told once."""
    chips = {device.name: device for family in families().values() for device in family.devices}
    assert len(targets()) == len(families()) + sum(len(family.devices) for family in families().values())
    assert chips["ecp5-25k"].available == {"LUT": 24288, "FF": 24288, "DSP": 28, "DP16KD": 56}
    assert {name: chips["up5k"].available[name] for name in ("LC", "DSP", "EBR", "SPRAM")} == {
        "LC": 5280, "DSP": 8, "EBR": 30, "SPRAM": 4,
    }  # fmt: skip
    assert chips["xc7a35t"].available == {"LUT": 20800, "FF": 41600, "DSP": 90, "BRAM18": 100}
    assert chips["xcu250"].available["URAM"] == 1280 and family_of("xcu250").name == "xcup"
    assert (
        target_of("hx8k").passes != family_of("hx8k").passes and target_of("up5k").passes == family_of("ice40").passes
    )
    assert target_of("ecp5-85k").title == "Lattice ECP5, LFE5U-85F-6BG381C"


@pytest.mark.parametrize("available", [{}, {"LTU": 3}, {"LUT": -1}])
def test_a_device_with_other_resources_is_refused(available: dict[str, int]) -> None:
    family = family_of("xc7")
    with pytest.raises(ValueError, match="xc7a35t has"):
        replace(family, devices=(replace(family.devices[0], available=available),))
