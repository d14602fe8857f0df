"""Every proof and every cover statement of the Verilog, and the faults that the proofs must find."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from lmu_hls.resources import hdl_file, hdl_modules
from lmu_hls.toolchain import find
from lmu_hls.verify import formal
from tests.formal import (
    cases,
    cases_call,
    cases_cells,
    cases_core,
    cases_engine,
    cases_gated,
    cases_host,
    cases_parallel,
    cases_values,
)
from tests.formal.cases import Case, Mutant
from tests.support.mutants import changed

ALL = (cases, cases_values, cases_cells, cases_core, cases_gated, cases_host, cases_call, cases_parallel, cases_engine)
CASES = tuple(case for part in ALL for case in part.CASES)
MUTANTS = tuple(mutant for part in ALL for mutant in part.MUTANTS)
HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")


def sources(top: str) -> list[Path]:
    """The files of `top` and of all that it instantiates: one module a file, named after it, in hdl/ or here."""
    found: set[Path] = set()
    here = HERE / f"{top}.v"
    todo = {here if here.is_file() else hdl_file(top)}
    while todo:
        found |= todo
        names = {name for path in todo for name in re.findall(r"\blmu_\w+", path.read_text())}
        todo = {hdl_modules()[name] for name in names & hdl_modules().keys()} - found
    return sorted(found)


def is_slow(entry: Case | Mutant) -> bool:
    return entry.slow or (isinstance(entry, Mutant) and entry.case.slow)


def parameters(entries: tuple[Case, ...] | tuple[Mutant, ...], first: int) -> list[object]:
    """Of each module the `first` ones in every run, the others in the thorough one, those that take long as slow."""
    parameters, count = [], Counter[str]()
    for entry in entries:
        marks = [pytest.mark.slow] if is_slow(entry) else []
        if not marks:
            module = entry.module if isinstance(entry, Mutant) else entry.top
            count[module] += 1
            marks = [pytest.mark.thorough] if count[module] > first else []
        parameters.append(pytest.param(entry, id=str(entry), marks=marks))
    return parameters


@pytest.mark.parametrize("case", parameters(CASES, 1))
def test_proven(case: Case, tmp_path: Path) -> None:
    outcome = formal.prove(sources(case.top), case.top, case.parameters, tmp_path, case.limit_s)
    assert outcome.proven, [found for found in outcome.properties if found.state != formal.PROVEN]


@pytest.mark.parametrize("case", parameters(CASES, 1))
def test_states_reached(case: Case, tmp_path: Path) -> None:
    """The assumptions leave the unit free to do what it is for: without this a proof could be empty."""
    outcome = formal.cover(sources(case.top), case.top, case.parameters, tmp_path, case.cycles)
    assert outcome.reached, [found for found in outcome.properties if found.state != formal.REACHED]


@pytest.mark.parametrize("mutant", parameters(MUTANTS, 1))
def test_faults_found(mutant: Mutant, tmp_path: Path) -> None:
    files = []
    for path in sources(mutant.case.top):
        text = path.read_text(encoding="utf-8")
        if path.stem == mutant.module:
            text = changed(text, mutant.old, mutant.new)
        files.append(tmp_path / path.name)
        files[-1].write_text(text, encoding="utf-8")
    given = (files, mutant.case.top, mutant.case.parameters, tmp_path / "work")
    outcome = formal.refute(*given, mutant.cycles, 90) if mutant.cycles else formal.prove(*given, 90)
    assert not mutant.missed_by(outcome), outcome.properties


def test_no_module_is_forgotten() -> None:
    """Each module with a stream has properties, a configuration that is proven and a fault that is found."""
    cases = {case.top for case in CASES}
    mutants = {mutant.module for mutant in MUTANTS}
    with_stream = {name for name, path in hdl_modules().items() if re.search(r"_axi[sl]?_\w*valid", path.read_text())}
    assert len(with_stream) > 20
    assert with_stream - cases == set()
    assert with_stream - mutants == set()
