"""An interpolated table gives more for its bits, and docs/contract.md shows what the benchmark prints."""

from pathlib import Path

from benchmarks.tables import measured, rows


def test_an_interpolated_table_gives_more_for_its_bits():
    for name in ("tanh", "sigmoid", "silu"):
        bits, db = measured(name, 7, interpolated=True)
        nearest_bits, nearest_db = measured(name, 11, interpolated=False)
        assert bits < nearest_bits / 4 and db > nearest_db


def test_the_page():
    page = (Path(__file__).parents[2] / "docs/contract.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith(("| `tanh` |", "| `silu` |"))]
    assert shown == [row for row in rows() if row.startswith(("| `tanh` |", "| `silu` |"))]
