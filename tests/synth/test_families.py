"""Each target is one file: found by being there, its costs right, and whatever it has no cost for is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.families import families, family_of

CELLS = {
    "xc7": (
        {"LUT6": 3, "INV": 1, "FDRE": 5, "FDSE_1": 1, "CARRY4": 2, "DSP48E1": 1, "RAMB18E1": 1, "RAMB36E1": 2}
        | {"RAM32M": 1, "RAM64X1D": 1, "SRL16E": 4, "SRLC32E": 1, "MUXF7": 9},
        {"LUT": 15, "LUTRAM": 6, "SRL": 5, "FF": 6, "CARRY4": 2, "DSP": 1, "BRAM18": 5},
    ),
}


def test_every_target_is_tested() -> None:
    assert set(CELLS) == set(families())


@pytest.mark.parametrize("target", CELLS)
def test_every_primitive_has_its_cost(target: str) -> None:
    cells, counts = CELLS[target]
    found = family_of(target).count(cells)
    assert found == counts and list(found) == list(counts)


@pytest.mark.parametrize("target", CELLS)
def test_an_unknown_primitive_is_not_left_out(target: str) -> None:
    cell = next(iter(CELLS[target][0]))
    with pytest.raises(LmuHlsError, match=rf"unknown cost: \$_DLATCH_P_, URAM288.*{target} has no primitive"):
        family_of(target).count({cell: 3, "URAM288": 1, "$_DLATCH_P_": 1})


@pytest.mark.parametrize("cost", [{"LTU": 1}, {"LUT": 0}, {"LUT": 1, "SRL": -1}])
def test_a_cost_in_what_is_not_counted_is_refused(cost: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="xc7: cell LUT9 costs"):
        replace(family_of("xc7"), costs={"LUT9": cost})


@pytest.mark.parametrize(
    ("word", "hint"), [("xc", "; did you mean 'xc7'?"), ("XC7", "; did you mean 'xc7'?"), ("", "")]
)
def test_an_unknown_target_is_answered_with_the_known_ones(word: str, hint: str) -> None:
    with pytest.raises(LmuHlsError) as caught:
        family_of(word)
    assert str(caught.value) == f"synthesis target {word!r} is none of {', '.join(families())}{hint}"
