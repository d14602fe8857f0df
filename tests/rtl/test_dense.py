"""Parameters, ROM words and files of the dense memory unit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.naming import identifier
from lmu_hls.resources import hdl_file, hdl_modules
from lmu_hls.rtl.dense import lanes_for, rom_words
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.toolchain import find
from tests.support.hdl.dense_grid import Config
from tests.support.hdl.elaboration import lint
from tests.support.hdl.memory_project import top_name, write_rtl

MODULES = with_submodules(["lmu_memory_dense"])


def test_rom_words_are_columns_of_groups() -> None:
    a = np.array([[1, 2, 3, 4], [5, 6, 7, -1], [9, 10, 11, 12], [13, 14, 15, 16]])
    b = np.array([-2, 17, 18, 19])
    words = rom_words(a, b, lanes=2, width=8)
    assert words[:5] == (0x11FE, 0x0501, 0x0602, 0x0703, 0xFF04)
    assert words[5:] == (0x1312, 0x0D09, 0x0E0A, 0x0F0B, 0x100C)


@pytest.mark.parametrize(
    ("reuse_factor", "lanes"), [(1, 12), (26, 12), (27, 12), (77, 6), (78, 4), (79, 4), (104, 3), (312, 1), (10**6, 1)]
)
def test_lanes_satisfy_the_request(reuse_factor: int, lanes: int) -> None:
    """order 12, memory_d 2: 312 multiply-accumulates a step."""
    assert lanes_for(12, 2, reuse_factor) == lanes


def test_formulas() -> None:
    unit = memory_unit(Config(6, 1, 6).lmu("a"), 6)
    assert (unit.sizes.ii_cycles, unit.sizes.latency_cycles) == (7 + 3, 7 + 5)
    unit = memory_unit(Config(6, 4, 2).lmu("a"), 2)
    assert (unit.sizes.ii_cycles, unit.sizes.latency_cycles) == (4 * 21, 21 + 5)
    unit = memory_unit(Config(4, 1, 2).lmu("a"), 2)
    assert (unit.sizes.ii_cycles, unit.sizes.latency_cycles) == (10 + 1, 10 + 5)


@pytest.mark.parametrize(
    ("name", "clean"), [("lmu_1", "lmu_1"), ("a-b/c", "a_b_c"), ("1st", "lmu_1st"), ("größe", "gr__e"), ("", "lmu_")]
)
def test_identifier(name: str, clean: str) -> None:
    assert identifier(name) == clean


def test_refusals_name_layer_and_remedy() -> None:
    layer = Config(6, 1, 6).lmu("speech")
    with pytest.raises(LmuHlsError, match=r"'speech': 4 lanes do not divide order 6; use one of 1, 2, 3, 6"):
        memory_unit(layer, 4)
    unsigned = dataclasses.replace(layer, u=FixedType(8, 4, signed=False))
    with pytest.raises(LmuHlsError, match=r"'speech': u has the unsigned type ufixed<8,4.*use fixed<9,5>"):
        memory_unit(unsigned)
    with pytest.raises(LmuHlsError, match=r"'speech': a dense memory unit has one fixed pipeline; leave it out"):
        memory_unit(layer, pipeline=2)


def test_folder_stands_alone(tmp_path: Path) -> None:
    units = write_rtl([Config(6, 2, 3).lmu("one"), Config(4, 1, 4).lmu("two-x")], tmp_path / "rtl")
    assert [top_name(unit) for unit in units] == ["one_memory", "two_x_memory"]
    names = {str(path.relative_to(tmp_path / "rtl")) for path in (tmp_path / "rtl").rglob("*") if path.is_file()}
    tops = {"one_memory.v", "two_x_memory.v", "rom/one.hex", "rom/two_x.hex"}
    assert names == {f"{module}.v" for module in MODULES} | tops
    for module in MODULES:
        assert (tmp_path / "rtl" / f"{module}.v").read_bytes() == hdl_file(module).read_bytes()
    words = (tmp_path / "rtl" / "rom" / "one.hex").read_text().split()
    assert [int(word, 16) for word in words] == list(units[0].rom.words)


def test_same_input_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_rtl([Config(6, 2, 3).lmu("one")], tmp_path / folder)
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_modules_inside_modules_are_found() -> None:
    assert {"lmu_memory_dense", "lmu_mac", "lmu_round_sat"} <= set(MODULES) <= hdl_modules().keys()


@pytest.mark.skipif(not find("verilator").found, reason="verilator is not installed")
def test_generated_top_is_clean(tmp_path: Path) -> None:
    write_rtl([Config(6, 2, 3).lmu("one")], tmp_path)
    assert lint("one_memory", sorted(tmp_path.glob("*.v"))) == (0, "")
