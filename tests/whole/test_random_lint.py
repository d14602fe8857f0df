"""Random networks under Verilator's lint with all warnings, as `make lint` of a written project has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lmu_hls.rtl.standalone import write_project
from tests.support.hdl.elaboration import lint
from tests.support.random_rtl import Case, random_case, sparse_case, stateful_case, wide_case

pytestmark = pytest.mark.usefixtures("verilator")
# 13, 34, 58, 104 and 23 have found a warning in an engine whose widest value is none of its results, 264 one in a sweep
SEEDS = {random_case: (2, 13, 34), wide_case: (58, 104, 264), stateful_case: (23,), sparse_case: (5,)}
CLEAN = (0, "")


def written(case: Case, folder: Path) -> tuple[int, str]:
    """What Verilator says of the written project."""
    write_project(case.plan, folder)
    return said(folder, case.plan.top)


def said(folder: Path, top: str) -> tuple[int, str]:
    return lint(top, sorted((folder / "rtl").glob("*.v")), folder=folder)


@pytest.mark.parametrize(("draw", "seed"), [(draw, seed) for draw, seeds in SEEDS.items() for seed in seeds])
def test_random_network(draw: Callable[[int], Case], seed: int, tmp_path: Path) -> None:
    assert written(draw(seed), tmp_path) == CLEAN


@pytest.mark.nightly
@pytest.mark.parametrize("draw", SEEDS)
@pytest.mark.parametrize("seed", range(100, 350))
def test_random_network_at_length(draw: Callable[[int], Case], seed: int, tmp_path: Path) -> None:
    assert written(draw(seed), tmp_path) == CLEAN


def test_a_warning_is_seen(tmp_path: Path) -> None:
    """A signal that nothing reads, in one of the written files."""
    case = random_case(2)
    assert written(case, tmp_path) == CLEAN
    path = next((tmp_path / "rtl").glob("*_top.v"))
    path.write_text(path.read_text().replace("endmodule", "    wire idle = 1'b0;\nendmodule"))
    code, text = said(tmp_path, case.plan.top)
    assert code and "UNUSEDSIGNAL" in text
