"""Rows are of single units of today, with the path of the seed in the middle; their page: test_device_table.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import place_and_route
from benchmarks.place_and_route import ALONE, NETWORKS, SEEDS, UNITS, Unit, read, row_of, text_of
from lmu_hls.records.placement import CriticalPath, Place
from lmu_hls.resources import hdl_modules
from lmu_hls.synth.timing import Timing
from lmu_hls.toolchain import find


def test_the_rows_are_units_of_today() -> None:
    rows = read()[0]
    assert [row.module for row in rows] == [name for name in UNITS if name in {row.module for row in rows}]
    assert set(UNITS) <= set(hdl_modules())
    assert all(row.network == NETWORKS.get(row.module) and len(row.mhz) == len(SEEDS) for row in rows)


def test_a_row_is_older_where_its_module_is_another() -> None:
    row = place_and_route.Row("lmu_ram", None, {}, (1.0,), Place("", "", ""), Place("", "", ""), 1.0, 1.0, {}, "0" * 16)
    assert row.is_older()
    assert not replace(row, reading=place_and_route.reading_hashes(["lmu_ram"])["lmu_ram"]).is_older()


@pytest.mark.skipif(not find("pyosys").found or not find("nextpnr-ecp5").found, reason="a tool is not installed")
def test_a_row_has_the_path_of_the_seed_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {1: 200.0, 2: 100.0, 3: 150.0}

    def timing(joined: Path, target: object, seed: int, *_: object) -> Timing:
        assert joined.is_file()
        return Timing(
            clocks[seed], CriticalPath(2.0, 1.5, 0.5, Place("", "m", f"net{seed}"), Place("", "m", "end"), ())
        )

    monkeypatch.setattr(place_and_route, "timing", timing)
    monkeypatch.setattr(place_and_route, "unit_named", lambda name: Unit(name, {"WIDTH": 4, "DEPTH": 2}, {}))
    row = row_of("lmu_delay", tmp_path)
    assert row.mhz == (200.0, 100.0, 150.0) and row.middle == 150.0 and row.start.net == "net3"
    assert row.counts["FF"] == 8 and not row.is_older() and row.network is None
    assert "**150.0** (200.0, 100.0, 150.0) | `net3` to `end`, 1.5 + 0.5 |" in text_of([row], "")


def test_a_unit_that_is_alone_has_its_default_parameters() -> None:
    assert [place_and_route.unit_named(name) for name in ALONE] == [Unit(name, {}, {}) for name in ALONE]


def test_each_unit_is_found() -> None:
    """The network that it is taken from has one today."""
    assert [place_and_route.unit_named(name).module for name in UNITS] == list(UNITS)
