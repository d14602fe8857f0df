"""The tables of devices and of single units in docs/synthesis.md are those of the rows that they name, and these say of
what Verilog they are."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from types import ModuleType

import pytest

from benchmarks import device_table, place_and_route
from benchmarks.device_table import NETWORKS, TARGETS, is_fresh, page_with, read, text_of
from lmu_hls.synth.estimate.model import reading_hashes
from lmu_hls.toolchain import find

ROWS = read()[0]
# The tables: what names a row, and two faults of a page
NAMES = {device_table: ("network", "target"), place_and_route: ("module",)}
FAULTS = {
    device_table: ((r"\| small ", "| large "), (r"(\d)\.\d MHz \|", r"\g<1>.99 MHz |")),
    place_and_route: ((r"\| `lmu_softmax` ", "| `lmu_hard` "), (r"\*\*\d+\.\d\*\*", "**999.9**")),
}
each_table = pytest.mark.parametrize("table", NAMES, ids=lambda table: table.__name__.partition(".")[2])


def check(table: ModuleType, page: str) -> None:
    assert page == page_with(table.text_of(*table.read()), page)


@each_table
def test_the_page_has_the_table_of_the_rows(table: ModuleType) -> None:
    """Where this fails: python -m benchmarks.device_table write, or the same of place_and_route."""
    page = table.PAGE.read_text(encoding="utf-8")
    assert page.count(table.BEGIN) == page.count(table.END) == 1
    check(table, page)
    assert table.read()[1] in page and table.TABLE.name in page


@each_table
def test_a_page_that_says_something_else_is_seen(table: ModuleType) -> None:
    page = table.PAGE.read_text(encoding="utf-8")
    for fault in (*FAULTS[table], (table.read()[1], "0" * 64)):
        edited = re.sub(*fault, page, count=1)
        assert edited != page
        with pytest.raises(AssertionError):
            check(table, edited)


def test_every_network_is_there_on_every_device() -> None:
    assert [(row.network, row.target) for row in ROWS] == [(name, on) for name in NETWORKS for on in TARGETS]
    assert all(re.fullmatch("[0-9a-f]{64}", row.verilog) and row.tools for row in ROWS)
    for name in NETWORKS:  # the Verilog is the same for all devices
        assert len({(row.verilog, row.step_cycles) for row in ROWS if row.network == name}) == 1


def test_what_does_not_fit_says_by_how_much() -> None:
    row = next(row for row in ROWS if not row.fits)
    over = max(row.counts.items(), key=lambda item: item[1].percent)
    assert over[1].percent > 100 and row.why and row.fmax_mhz is None
    assert f"no: {over[0]} {over[1].percent:.0f} %" in text_of([row], "")


def test_a_row_is_older_where_one_of_its_own_modules_is_another() -> None:
    row = replace(ROWS[0], modules=reading_hashes(["lmu_ram", "lmu_rom"]))
    assert not row.is_older() and replace(row, modules={**row.modules, "lmu_rom": "0" * 16}).is_older()
    assert replace(row, modules={**row.modules, "lmu_gone": "0" * 16}).is_older()


@pytest.mark.skipif(
    not all(find(name).found for name in ("pyosys", "nextpnr-ecp5", "nextpnr-ice40")), reason="a tool is not installed"
)
def test_a_row_is_fresh_with_its_netlist_and_tools_and_if_it_fits_its_clock() -> None:
    versions = {"yosys": find("pyosys").version, "nextpnr-ecp5": find("nextpnr-ecp5").version}
    row = replace(next(row for row in ROWS if row.fmax_mhz), design="d", tools=versions)
    assert is_fresh(row, "d", True) and not is_fresh(row, "e", True)
    assert not is_fresh(replace(row, tools=versions | {"yosys": "0.1"}), "d", True)
    unrouted = replace(row, fmax_mhz=None)
    assert is_fresh(unrouted, "d", False) and not is_fresh(unrouted, "d", True)
    large = replace(unrouted, fits=False, tools=versions | {"nextpnr-ice40": find("nextpnr-ice40").version})
    assert is_fresh(large, "d", True)


@each_table
def test_the_modules_are_those_of_today(table: ModuleType) -> None:
    """A warning, no failure: the counts of other Verilog are still counts, of the Verilog that they name."""
    older = [" on ".join(getattr(row, name) for name in NAMES[table]) for row in table.read()[0] if row.is_older()]
    if older:
        warnings.warn(f"hdl/ has changed since these were synthesised: {', '.join(older)}", stacklevel=1)
