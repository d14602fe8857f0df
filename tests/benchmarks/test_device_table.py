"""The table in docs/synthesis.md is that of the rows that it names, and these say of what Verilog they are."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import pytest

from benchmarks.device_table import BEGIN, END, NETWORKS, PAGE, TABLE, TARGETS, is_fresh, page_with, read, text_of
from lmu_hls.synth.estimate.model import reading_hashes
from lmu_hls.toolchain import find

ROWS, DIGEST = read()
SAID = PAGE.read_text(encoding="utf-8")


def check(page: str) -> None:
    assert page == page_with(text_of(*read()), page)


def test_the_page_has_the_table_of_the_rows() -> None:
    """Where this fails: python -m benchmarks.device_table write."""
    assert SAID.count(BEGIN) == SAID.count(END) == 1
    check(SAID)
    assert DIGEST in SAID and TABLE.name in SAID


@pytest.mark.parametrize(
    "fault", [(r"\| small \| ", "| large | "), (r"(\d)\.\d MHz", r"\g<1>.99 MHz"), (DIGEST, "0" * 64)]
)
def test_a_page_that_says_something_else_is_seen(fault: tuple[str, str]) -> None:
    edited = re.sub(*fault, SAID, count=1)
    assert edited != SAID
    with pytest.raises(AssertionError):
        check(edited)


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


def test_the_modules_are_those_of_today() -> None:
    """A warning, no failure: the counts of other Verilog are still counts, of the Verilog that they name."""
    if older := [f"{row.network} on {row.target}" for row in ROWS if row.is_older()]:
        warnings.warn(f"hdl/ has changed since these were synthesised: {', '.join(older)}", stacklevel=1)
