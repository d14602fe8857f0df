"""Multipliers and block RAMs are those that Yosys counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.estimate import judge_rules
from benchmarks.estimate_table import CHECK, read_table
from lmu_hls.synth.estimate.model import Rule, load
from lmu_hls.synth.estimate.primitives import PRIMITIVES, Multiplier, saved
from lmu_hls.synth.estimate.quantities import Memory, Product

ROWS = [*read_table().values(), *read_table(CHECK).values()]


@pytest.mark.parametrize("family", load().families)
def test_multipliers_and_block_rams_are_those_of_the_tables(family: str) -> None:
    """All of them, in every row."""
    assert judge_rules(family, PRIMITIVES[family], ROWS) == load().rules[family]
    rows = sum(family in row["cells"] for row in ROWS)
    assert all(rule == Rule(rows, rows, 0) for rule in load().rules[family].values()), family


def test_a_wrong_rule_is_seen() -> None:
    narrower = replace(PRIMITIVES["xc7"], multipliers=(Multiplier("DSP", 17, 17, headroom=1),))
    assert judge_rules("xc7", narrower, ROWS)["DSP"].largest > 0
    small = replace(PRIMITIVES["ecp5"], rom_cost=1 / 64)
    assert judge_rules("ecp5", small, ROWS)["DP16KD"].largest > 1
    (ebr,) = PRIMITIVES["ice40"].blocks
    narrower_words = replace(PRIMITIVES["ice40"], blocks=(replace(ebr, widths=(2, 4, 8)),))
    assert judge_rules("ice40", narrower_words, ROWS)["EBR"].largest > 0
    cheaper = replace(PRIMITIVES["gowin"], blocks=tuple(replace(kind, cost=32) for kind in PRIMITIVES["gowin"].blocks))
    assert judge_rules("gowin", cheaper, ROWS)["BSRAM"].largest > 0


def test_what_a_multiplier_leaves_goes_to_the_next() -> None:
    gowin = PRIMITIVES["gowin"]
    assert gowin.multiply(Product(22, 18, 40)) == ({"MULT18X18": 1, "MULT9X9": 2}, [])
    assert gowin.multiply(Product(20, 18, 38)) == ({"MULT18X18": 1}, [(18, 2)])
    assert gowin.multiply(Product(24, 24, 48)) == ({"MULT36X36": 1}, [])


def test_two_narrow_products_share_a_multiplier_of_an_ice40() -> None:
    products = [(Product(8, 8, 16, 19), 4), (Product(7, 8, 15), 1), (Product(9, 8, 17), 5), (Product(2, 8, 10), 6)]
    assert saved(PRIMITIVES["ice40"], products) == {"DSP": 2}
    assert not saved(PRIMITIVES["ecp5"], products).total()


def test_block_rams_of_an_ice40_pack_banks_and_slices() -> None:
    """Of 4096 bits: 300 words of 12 bits are two banks of 12 bits, in 24 of 32 bits."""
    ice40 = PRIMITIVES["ice40"]
    assert ice40.store(Memory(300, 12, True))[1] == 2
    assert ice40.store(Memory(256, 17, True))[1] == 2
    assert ice40.store(Memory(256, 17, True, unread=1))[1] == 1  # what only has the bit that nobody reads goes
    assert ice40.store(Memory(4, 16, True)) == (None, 0)
    assert ice40.store(Memory(9, 8, True)) == (None, 0) != ice40.store(Memory(9, 8, True, free=True))


def test_wide_products_are_cut_into_slices() -> None:
    dsp48 = PRIMITIVES["xc7"].multipliers[0]
    assert [dsp48.split(a, b, a + b)[0] for a, b in ((25, 18), (26, 18), (25, 19), (3, 2))] == [1, 2, 2, 0]


def test_a_small_rom_is_logic_and_a_large_one_is_not() -> None:
    for primitives in PRIMITIVES.values():
        assert primitives.store(Memory(16, 8, False)) == (None, 0)
        store, cells = primitives.store(Memory(2048, 18, False, True))
        assert store in primitives.blocks and cells >= 1
