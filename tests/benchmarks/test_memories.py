"""The forms of the memory in the document are those of the benchmark, with the cycles that they take."""

from benchmarks.memories import FORMS, SWEEP, WIDTH, top_source, unit_of
from lmu_hls.resources import hdl_dir
from lmu_hls.rtl.products import pieces
from lmu_hls.rtl.unit import MemoryUnit

PAGE = hdl_dir().parent / "docs" / "verilog.md"


def table() -> list[tuple[int, int]]:
    """Cycles a step and DSP of each row."""
    rows = PAGE.read_text(encoding="utf-8").partition("| Form | Cycles a step |")[2].splitlines()[2:]
    cells = [row.split("|")[1:-1] for row in rows[: next(k for k, row in enumerate(rows) if not row)]]
    return [(int(row[1]), int(row[4])) for row in cells]


def dsp(unit: MemoryUnit) -> int:
    """One for each multiplier; where products are cut, one for each piece of those of f and z."""
    cut = pieces(SWEEP.width, WIDTH) - 1 if unit.module == "lmu_memory_tridiag" else 0
    return unit.sizes.multipliers + 2 * cut


def test_the_forms_of_the_document() -> None:
    units = [unit_of(form) for form in FORMS]
    assert sorted(table()) == sorted((unit.sizes.ii_cycles, dsp(unit)) for unit in units)
    assert all(unit.module in top_source(unit) for unit in units)
