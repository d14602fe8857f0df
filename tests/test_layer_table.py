"""docs/layers.md is made from the registries, and a layer that one of them lacks shows in it."""

from lmu_hls.golden.softmax import EQUATIONS
from lmu_hls.rtl.stages import base
from lmu_hls.spec import Dense, Softmax
from tools import layer_table


def row(of: str) -> list[str]:
    (found,) = (line for line in layer_table.page_text().splitlines() if f"| `{of}` |" in line)
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_page_is_that_of_the_registries():
    assert layer_table.PAGE.read_text(encoding="utf-8") == layer_table.page_text(), "run tools/layer_table.py"


def test_what_is_missing_shows(monkeypatch):
    assert row("Softmax") == ["`Softmax`", "`Softmax`", "yes", "yes", "yes", "yes", "`lmu_divider`, `lmu_softmax`"]
    monkeypatch.delitem(EQUATIONS, Softmax)
    assert row("Softmax")[2] == "-"
    monkeypatch.delitem(base._STAGES, Dense)
    assert row("Dense")[3:] == ["yes", "-", "-", "-"]
    monkeypatch.setattr(layer_table, "readers", lambda: ())
    assert row("Scale")[3] == "-"
