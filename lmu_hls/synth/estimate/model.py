"""The models of look-up tables, flip-flops and clocks: fitted to a table of designs, kept as data.

Each is a sum of terms with coefficients that are not negative, least squares of the *relative* error, pulled to what a
bit should take in theory where the table says little. Errors are those on rows that a fit has not seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.jsonfile import RecordError, decode, parse
from lmu_hls.resources import hdl_file, hdl_modules
from lmu_hls.rtl.copies import without_formal
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.synth.estimate.operators import operators
from lmu_hls.synth.estimate.quantities import to_plain

FITTED = Path(__file__).with_name("coefficients.json")
FOLDS, SEED = 10, 7
PULL = 0.5  # weight of the theory
Floats = NDArray[np.float64]
Readings = Mapping[str, Mapping[str, int]]  # {module: {digest of what is read in it: networks of a table}}


@dataclass(frozen=True, slots=True)
class Errors:
    """Of a model, in percent, on ``rows`` designs."""

    rows: int
    median_percent: float
    worst_percent: float

    def __str__(self) -> str:
        return f"median {self.median_percent:g} %, worst {self.worst_percent:g} %"


@dataclass(frozen=True, slots=True)
class Model:
    """``coefficients`` by term; ``offset`` names a term that counts as it is ("" for none). ``rows`` fitted to, whose
    terms and results were at most ``most`` and whose results at least ``least``. Errors: of the rows, each left out
    once, and of ``others``, which were drawn apart and never fitted."""

    coefficients: Mapping[str, float]
    offset: str
    rows: int
    most: Mapping[str, float]
    least_result: float
    most_result: float
    held_out: Errors
    others: Errors

    def value(self, features: Mapping[str, float]) -> float:
        offset = features[self.offset] if self.offset else 0.0
        return offset + sum(factor * features[term] for term, factor in self.coefficients.items())

    def beyond(self, features: Mapping[str, float]) -> list[str]:
        """What lies outside the range of the rows."""
        value = self.value(features)
        found = [term for term, limit in self.most.items() if features[term] > limit and self.coefficients.get(term)]
        return found + ([] if self.least_result <= value <= self.most_result else ["result"])


@dataclass(frozen=True, slots=True)
class Rule:
    """How many ``rows`` of the table have exactly the count of the rules, and the largest difference of the others."""

    right: int
    rows: int
    largest: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """All models: {family: {resource: model}}, made with ``yosys`` and with Verilog of the hashes ``sources``
    (:func:`module_hashes`) and ``reading`` (:func:`reading_hashes`).

    ``rules`` says of the resources that are mapped by rules how often these were right. ``clocks`` are the periods in
    ns of {device: model}, as its router said. ``tables`` says for each family and device what was read in the modules
    of the networks that its models are fitted to; a table may have networks of several states of the Verilog.
    """

    yosys: str
    sources: Mapping[str, str]
    reading: Mapping[str, str]
    families: Mapping[str, Mapping[str, Model]]
    rules: Mapping[str, Mapping[str, Rule]]
    clocks: Mapping[str, Model]
    tables: Mapping[str, Readings]


@dataclass(frozen=True, slots=True)
class Older:
    """Of the ``rows`` networks with a module that the models of a family or device are fitted to, ``older`` have it in
    another Verilog than today's."""

    target: str
    module: str
    older: int
    rows: int

    def __str__(self) -> str:
        if not self.rows:
            return f"no network of the table has {self.module} on {self.target}"
        return (
            f"{self.older} of the {self.rows} networks with {self.module} that {self.target} is fitted to have another "
            f"{self.module} than today's"
        )


def load(path: Path = FITTED) -> Fitted:
    """The committed models. Raises LmuHlsError for a file that cannot be read."""
    try:
        made: Fitted = decode(Fitted, parse(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecordError) as error:
        raise LmuHlsError(f"{path} cannot be read: {error}; run python -m benchmarks.estimate fit") from error
    return made


def module_hashes() -> dict[str, str]:
    """{module of hdl/: SHA-256 of its text without proofs, comments and layout}."""
    return {
        name: hashlib.sha256(without_comments(without_formal(path.read_text(encoding="utf-8"))).encode()).hexdigest()
        for name, path in hdl_modules().items()
    }


def older(fitted: Fitted, targets: Iterable[str], modules: Iterable[str]) -> list[Older]:
    """For each of the targets that a model is fitted for, the one of the modules that is known least; [] where all
    networks have today's modules."""
    modules = list(modules)
    found = []
    for target in targets:
        if known := _known_modules(fitted, target, modules):
            worst = max(known, key=lambda item: item.older / item.rows if item.rows else 2)
            found += [worst] if worst.older or not worst.rows else []
    return found


def mostly_older(fitted: Fitted, target: str, modules: Iterable[str]) -> bool:
    """Whether most networks with one of the modules that the target's models are fitted to have an older one."""
    return any(2 * item.older > item.rows for item in _known_modules(fitted, target, list(modules)))


def unseen(fitted: Fitted, target: str, modules: Iterable[str]) -> list[str]:
    """Those of the modules that no network has which the target's models are fitted to."""
    return [item.module for item in _known_modules(fitted, target, list(modules)) if not item.rows]


def _known_modules(fitted: Fitted, target: str, modules: Sequence[str]) -> list[Older]:
    table = fitted.tables.get(target)
    if table is None:
        return []
    today = _readings_today(fitted, modules)
    return [_known(target, module, table.get(module, {}), today[module]) for module in modules]


def _known(target: str, module: str, readings: Mapping[str, int], today: str) -> Older:
    rows = sum(readings.values())
    return Older(target, module, rows - readings.get(today, 0), rows)


def _readings_today(fitted: Fitted, modules: Sequence[str]) -> Mapping[str, str]:
    """:func:`reading_hashes` of today; those of the fit while the text is the same."""
    now = module_hashes()
    same = all(now[name] == fitted.sources.get(name) for name in modules)
    return fitted.reading if same else reading_hashes(modules)


def reading_hashes(modules: Iterable[str]) -> dict[str, str]:
    """{module: digest of the operators in it, with the parameters that it has by itself}: its text may be another."""
    return {name: _reading_hash(name) for name in modules}


@lru_cache(maxsize=256)
def _reading_hash(module: str) -> str:
    files = {f"{name}.v": hdl_file(name).read_text(encoding="utf-8") for name in with_submodules([module])}
    roms = {rom: "0 1" for text in files.values() for rom in re.findall(r'"([\w.]+\.hex)"', text)}
    found = json.dumps(to_plain(operators(files | roms, module)), sort_keys=True)
    return hashlib.sha256(found.encode()).hexdigest()[:16]


def without_comments(verilog: str) -> str:
    """The text without comments and layout."""
    return " ".join(re.sub("//.*", "", verilog).split())


@dataclass(frozen=True, slots=True)
class Rows:
    """``features`` of designs with what was found for them."""

    features: Sequence[Mapping[str, float]]
    results: Sequence[float]

    def arrays(self, names: Sequence[str], offset: str) -> tuple[Floats, Floats, Floats]:
        """The terms, those that count as they are, the results."""
        x = np.array([[row[name] for name in names] for row in self.features], float).reshape(-1, len(names))
        known = np.array([row[offset] if offset else 0.0 for row in self.features])
        return x, known, np.array(self.results, float)


def fit(theory: Mapping[str, float], rows: Rows, others: Rows, offset: str = "") -> Model:
    """The model of ``rows``, with its errors from FOLDS parts of which each is left out once, and those of ``others``.

    ``theory``: {term: what it is where the table says nothing else}.
    """
    names = list(theory)
    x, known, y = rows.arrays(names, offset)
    prior = np.array([theory[name] for name in names])
    errors = np.zeros(len(y))
    order = np.random.default_rng(SEED).permutation(len(y))
    for part in range(FOLDS):
        out = order[part::FOLDS]
        kept = np.setdiff1d(order, out)
        found = _solve(x[kept], y[kept], known[kept], prior)
        errors[out] = (x[out] @ found + known[out]) / y[out] - 1
    found = _solve(x, y, known, prior)
    x2, known2, y2 = others.arrays(names, offset)
    return Model(
        coefficients={name: round(float(value), 4) for name, value in zip(names, found, strict=True) if value > 5e-5},
        offset=offset,
        rows=len(y),
        most={name: float(limit) for name, limit in zip(names, x.max(axis=0), strict=True)},
        least_result=float(y.min()),
        most_result=float(y.max()),
        held_out=_errors(errors),
        others=_errors((x2 @ found + known2) / y2 - 1),
    )


def _errors(errors: Floats) -> Errors:
    percent = 100 * np.abs(errors) if len(errors) else np.zeros(1)
    return Errors(len(errors), round(float(np.median(percent)), 1), round(float(percent.max()), 1))


def _solve(x: Floats, y: Floats, known: Floats, prior: Floats) -> Floats:
    from scipy.optimize import nnls

    scale = PULL * (np.abs(x / y[:, np.newaxis]).mean(axis=0) + 1e-9)
    left = np.vstack([x / y[:, np.newaxis], np.diag(scale)])
    found: Floats = nnls(left, np.concatenate([(y - known) / y, scale * prior]))[0]
    return found
