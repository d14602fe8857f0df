"""Parameters, ROM words and files of the tridiagonal memory unit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.packed import TypeWord
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.rtl.sweeps import FreeTridiagonalMemory
from lmu_hls.rtl.tridiag import TridiagonalMemory, tridiagonal_unit
from lmu_hls.rtl.unit import DEGREES_DESCENDING
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.toolchain import find
from tests.support.hdl import dense_grid, tridiag_grid
from tests.support.hdl.elaboration import lint
from tests.support.hdl.memory_project import write_rtl
from tests.support.hdl.tridiag_grid import Config

DENSE_MODULES = with_submodules(["lmu_memory_dense"])
TRIDIAGONAL_MODULES = with_submodules(["lmu_memory_tridiag"])


def _layer(types: str, lam: list[int], gam: list[int], kap: list[int], bet: list[int]) -> LMU:
    kinds = [FixedType.parse(text) for text in types.split()]
    weights = [Weight(np.array(v), kind) for v, kind in zip((lam, gam, kap, bet), kinds, strict=True)]
    update = TridiagonalUpdate(*weights, sweep=FixedType(19, 2))
    return dataclasses.replace(Config(2, 1, 1).lmu("a"), update=update)


def _fields(word: int, *widths: int) -> list[int]:
    """The fields of a ROM word from the low bits up, as signed numbers."""
    values = []
    for width in widths:
        field = word & ((1 << width) - 1)
        values.append(field - ((field >> (width - 1)) << width))
        word >>= width
    assert word == 0
    return values


def test_rom_words() -> None:
    """{kap, gam, bet, -lam}; the last gam is in the place of kap."""
    layer = _layer("fixed<8,1> fixed<8,1> fixed<8,1> fixed<8,1>", [0, 5, 6], [7, 8, 9], [10, 11, 0], [12, -13, 14])
    unit = memory_unit(layer)
    assert unit.rom.width == 32
    assert [_fields(word, 8, 8, 8, 8) for word in unit.rom.words] == [[0, 12, 7, 10], [-5, -13, 8, 11], [-6, 14, 0, 9]]
    assert {unit.parameters[f"{name}_TYPE"] for name in ("LAM", "GAM", "KAP", "BET")} == {TypeWord(FixedType(8, 1))}


def test_coefficients_of_different_types() -> None:
    """kap gets the fraction bits that the last gam needs; unsigned types and -(-2**k) get one bit more."""
    layer = _layer("fixed<6,1> ufixed<8,0> fixed<5,0> fixed<4,4>", [0, -32], [255, 254], [-16, 0], [1, 2])
    unit = memory_unit(layer)
    words = [int(unit.parameters[f"{n}_TYPE"]) for n in ("LAM", "BET", "GAM", "KAP")]
    widths = [(word % 256, word >> 8 & 0xFFFF) for word in words]
    assert widths == [(7, 5), (4, 0), (9, 8), (9, 8)]
    assert [_fields(w, 7, 4, 9, 9) for w in unit.rom.words] == [[0, 1, 255, -16 << 3], [32, 2, 0, 254]]


def test_single_degree_has_two_words() -> None:
    unit = memory_unit(_layer("fixed<8,1> fixed<8,1> fixed<8,1> fixed<8,1>", [0], [7], [0], [12]))
    assert [_fields(word, 8, 8, 8, 8) for word in unit.rom.words] == [[0, 12, 0, 7], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("order", "memory_d", "pipeline", "ii", "latency"),
    [
        (256, 1, 1, 512 + 3 + 1 + 6, 512 + 3 + 1 + 7),
        (256, 1, 4, 2048 - 3 + 1 + 9, 2048 - 3 + 1 + 10),
        (8, 2, 1, 32 + 1 + 5, 32 + 1 + 7),
        (8, 2, 2, 32 + 1 + 5, 32 + 1 + 7),
        (8, 3, 3, 48 + 1 + 6, 48 + 1 + 9),
        (8, 9, 3, 144 + 1, 144 + 1 + 9),
    ],
)
def test_formulas(order: int, memory_d: int, pipeline: int, ii: int, latency: int) -> None:
    unit = memory_unit(Config(order, memory_d, pipeline).lmu("a"), pipeline=pipeline)
    assert (unit.sizes.ii_cycles, unit.sizes.latency_cycles) == (ii, latency)


@pytest.mark.parametrize(
    ("order", "memory_d", "pipeline"), [(4, 1, 1), (2, 1, 2), (1, 1, 2), (4, 2, 2), (4, 3, 3), (4, 7, 4), (1, 7, 4)]
)
def test_deepest_pipeline_is_the_default(order: int, memory_d: int, pipeline: int) -> None:
    assert memory_unit(Config(order, memory_d, 1).lmu("a")).parameters["PIPELINE"] == pipeline


@given(st.integers(1, 12), st.integers(1, 12))
def test_cycles_of_the_search_are_those_of_what_is_built(order: int, memory_d: int) -> None:
    """A faster clock may be had for nothing, fewer cycles never: the search would not know of them."""
    for memory in (TridiagonalMemory(order, memory_d), FreeTridiagonalMemory(order, memory_d)):
        assert memory.choices == {lanes: memory.with_lanes(lanes).within(0).cycles for lanes in memory.choices}


def test_deeper_where_cycles_are_left() -> None:
    layer = Config(8, 1, 1).lmu("a")
    plain, least, most = (memory_unit(layer, cycles=cycles) for cycles in (0, 38, 1000))
    assert [unit.parameters["PIPELINE"] for unit in (plain, least, most)] == [1, 2, 4]
    assert least.sizes.cycles == 38
    assert memory_unit(layer, cycles=37).parameters["PIPELINE"] == 1


def test_refusals_name_layer_and_remedy() -> None:
    layer = Config(6, 2, 1).lmu("speech")
    for pipeline in (0, 5):
        with pytest.raises(LmuHlsError, match=rf"'speech': pipeline {pipeline} is not possible; use 1 to 4"):
            memory_unit(layer, pipeline=pipeline)
    with pytest.raises(LmuHlsError, match=r"'speech': 3 units do not divide memory_d 2; use one of 1, 2"):
        memory_unit(layer, 3)
    with pytest.raises(LmuHlsError, match=r"'low': 2 units need an order of 3 or more; use one unit"):
        low = Config(2, 2, 1).lmu("low")
        tridiagonal_unit(low, low.update, "low", 2)
    update = dataclasses.replace(layer.update, sweep=FixedType(8, 4, signed=False))
    with pytest.raises(LmuHlsError, match=r"'speech': sweep has the unsigned type ufixed<8,4.*use fixed<9,5>"):
        memory_unit(dataclasses.replace(layer, update=update))


def test_folder_has_what_it_needs(tmp_path: Path) -> None:
    (unit,) = write_rtl([Config(6, 2, 2).lmu("one")], tmp_path / "one")
    names = {path.stem for path in (tmp_path / "one").glob("*.v")}
    assert names == {*TRIDIAGONAL_MODULES, "one_memory"}
    words = (tmp_path / "one" / "rom" / "one.hex").read_text().split()
    assert [int(word, 16) for word in words] == list(unit.rom.words)
    assert unit.sizes.stream == DEGREES_DESCENDING
    write_rtl([Config(6, 2, 2).lmu("one"), dense_grid.Config(6, 1, 2).lmu("two")], tmp_path / "two")
    names = {path.stem for path in (tmp_path / "two").glob("*.v")}
    assert names == {*TRIDIAGONAL_MODULES, *DENSE_MODULES, "one_memory", "two_memory"}


@pytest.mark.skipif(not find("verilator").found, reason="verilator is not installed")
def test_generated_top_is_clean(tmp_path: Path) -> None:
    write_rtl([tridiag_grid.GRID[3].lmu("one")], tmp_path)
    assert lint("one_memory", sorted(tmp_path.glob("*.v"))) == (0, "")
