"""Multipliers and block RAMs are those that Yosys counted."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.estimate import judge_rules, read_table
from lmu_hls.synth.estimate.model import load
from lmu_hls.synth.estimate.operators import Memory
from lmu_hls.synth.estimate.primitives import PRIMITIVES, Multiplier

ROWS = list(read_table().values())


def test_multipliers_and_block_rams_are_those_of_the_table() -> None:
    """All multipliers, and block RAMs in all rows but one, in which one is told too many."""
    for family, rules in load().rules.items():
        assert judge_rules(family, PRIMITIVES[family], ROWS) == rules
        for resource, rule in rules.items():
            multiplier = resource == PRIMITIVES[family].multipliers[0].resource
            assert rule.rows - rule.right <= (0 if multiplier else 1) and rule.largest <= 1, (family, resource)


def test_a_wrong_rule_is_seen() -> None:
    narrower = replace(PRIMITIVES["xc7"], multipliers=(Multiplier("DSP", 17, 17, headroom=1),))
    assert judge_rules("xc7", narrower, ROWS)["DSP"].right < load().rules["xc7"]["DSP"].rows
    small = replace(PRIMITIVES["ecp5"], rom_cost=1 / 64)
    assert judge_rules("ecp5", small, ROWS)["DP16KD"].largest > 1


def test_wide_products_are_cut_into_slices() -> None:
    dsp48 = PRIMITIVES["xc7"].multipliers[0]
    assert [dsp48.count(a, b, a + b) for a, b in ((25, 18), (26, 18), (25, 19), (3, 2))] == [1, 2, 2, 0]


def test_a_small_rom_is_logic_and_a_large_one_is_not() -> None:
    for primitives in PRIMITIVES.values():
        assert primitives.store(Memory(16, 8, False)) == (None, 0)
        store, cells = primitives.store(Memory(2048, 18, False, True))
        assert store in primitives.blocks and cells >= 1
