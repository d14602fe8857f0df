"""Where cells lie, as nextpnr says it; tests/synth/test_route.py has nextpnr itself."""

import json
from dataclasses import replace

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import REST, Layout
from lmu_hls.synth.families import target_of
from lmu_hls.synth.layout import Cell, keep_cells, layout_of, read_cells

SCOPES = ("memory", "memory.ram", "head")
CELLS = [
    Cell(0, 0, "TRELLIS_COMB", "unit.memory.a_LUT4_Z"),
    Cell(0, 0, "TRELLIS_FF", "unit.head.q"),
    Cell(0, 0, "TRELLIS_FF", "unit.memory.ram.q"),
    Cell(2, 0, "MULT18X18D", "unit.memory.mult"),
    Cell(1, 1, "TRELLIS_FF", "folded_q"),
    Cell(0, 1, "TRELLIS_FF", "folded_p"),
    Cell(0, 1, "TRELLIS_COMB", "unit.head.x_LUT4_Z"),
    Cell(2, 1, "TRELLIS_COMB", "unit.y_LUT4_Z"),
    Cell(2, 2, "TRELLIS_IO", "si$tr_io"),
]


def target(grid=(0, 0)):
    ecp5 = target_of("ecp5-25k")
    return replace(ecp5, device=replace(ecp5.device, grid=grid))


def test_a_tile_is_of_the_part_with_most_cells():
    found = layout_of(CELLS, SCOPES, target(), "unit")
    assert found == Layout(("memory", "head", ""), ("a.A", "b-c"))


def test_the_whole_chip_is_drawn_and_cells_beyond_it_too():
    assert layout_of(CELLS, SCOPES, target((4, 3)), "unit").rows == ("a.A.", "b-c.", "....")
    assert layout_of(CELLS, SCOPES, target((1, 1)), "unit").rows == ("a.A", "b-c")


def test_parts_without_a_letter_are_the_rest():
    many = [Cell(k, 0, "TRELLIS_FF", f"unit.part{k:02}.q") for k in range(30)]
    found = layout_of(many, [f"part{k:02}" for k in range(30)], target(), "unit")
    assert len(found.parts) == 26 and found.parts[-1] == REST and found.rows == ("abcdefghijklmnopqrstuvwxy" + "z" * 5,)


def test_places_are_kept_and_read(tmp_path):
    cells = {name: (f"X{x}/Y{y}/SLICEA.FF0", kind) for x, y, kind, name in CELLS} | {"unplaced": ("", "TRELLIS_FF")}
    written = {name: {"type": kind, "attributes": {"NEXTPNR_BEL": bel}} for name, (bel, kind) in cells.items()}
    (tmp_path / "placed.json").write_text(json.dumps({"modules": {"top": {"cells": written}}}))
    keep_cells(tmp_path / "placed.json", tmp_path / "cells.txt")
    assert read_cells(tmp_path / "cells.txt") == CELLS


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "wrote no places that can be read"), ('{"modules": {"top": {"cells": {}}}}', "the place of no cell")],
)
def test_a_file_without_places_is_an_error(tmp_path, text, said):
    (tmp_path / "placed.json").write_text(text)
    with pytest.raises(LmuHlsError, match=said):
        keep_cells(tmp_path / "placed.json", tmp_path / "cells.txt")
    (tmp_path / "cells.txt").write_text("1 2 FF\n")
    with pytest.raises(LmuHlsError, match=r"cells\.txt cannot be read"):
        read_cells(tmp_path / "cells.txt")


@pytest.mark.parametrize("fault", [{"rows": ("ab", "a")}, {"rows": ()}, {"rows": ("ax",)}, {"parts": ("p",) * 27}])
def test_a_layout_that_cannot_be_is_refused(fault):
    right = {"parts": ("p", "q"), "rows": ("aB", ".-")}
    assert Layout(**right)
    with pytest.raises(ValueError, match="layout"):
        Layout(**right | fault)
