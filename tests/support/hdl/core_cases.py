"""What the tests of queue, fork, concat, affine, encoder, dense layer and hidden cells have in common: one build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.hdl import cell_grid as cell
from tests.support.hdl import core_grid as core
from tests.support.hdl.core_grid import Case, Once, Source, simulate
from tests.support.mutants import write_mutants

LIVE, NONE = Source(3, 5, 2), Source(0)
FEEDBACK = 1

PLUMBING: Mapping[str, Case] = {
    "fifo1": core.fifo(1, 1),
    "fifo2": core.fifo(8, 2),
    "fifo5": core.fifo(9, 5),
    "fork1": core.fork(3, 1),
    "fork3": core.fork(8, 3),
    "concat": core.concat(LIVE, Source(2, 4, 0, FEEDBACK), Source(4, 6, 1, FEEDBACK), 8),
    "concat_early": core.concat(Source(3, 5, 2, FEEDBACK), Source(1, 4), Source(4, 6, 1, FEEDBACK), 8),
    "concat_late": core.concat(NONE, Source(2, 4, 0, FEEDBACK), Source(5, 6), 7),
    "concat_two_live": core.concat(LIVE, Source(1, 6), Source(2, 6, 1, FEEDBACK), 8),
    "concat_streaming": core.concat(Source(1, 5, 2), Source(1, 4, 0, FEEDBACK), Source(1, 6, 1), 8, 1),
    "concat_one": core.concat(Source(3, 5, 1), NONE, NONE, 6),
}
AFFINE: Mapping[str, Case] = {
    "groups": core.affine("groups", 5, 6, 2),
    "one": core.affine("one", 1, 1, 1),
    "column": core.affine("column", 1, 4, 4),
    "column_by_one": core.affine("column_by_one", 1, 5, 1, bias_w=0),
    "row": core.affine("row", 6, 1, 1, bias_w=0),
    "cut_products": core.affine("cut_products", 4, 4, 2, (20, 23)),
    "cut_more_lanes": core.affine("cut_more_lanes", 2, 6, 3, (12, 19)),
    "more_lanes": core.affine("more_lanes", 2, 6, 3),
    "all_lanes": core.affine("all_lanes", 7, 4, 4),
    "square": core.affine("square", 3, 3, 1),
    "behind_two": core.affine("behind_two", 3, 20, 10),
    "behind_three": core.affine("behind_three", 5, 13, 13, bias_w=0),
    "behind_uneven": core.affine("behind_uneven", 14, 11, 11),
    "wide": core.affine("wide", 4, 8, 4, (12, 9), 20, 0),
    "lut_parts": core.affine("lut_parts", 7, 26, 13, (7, 15)),
    "blocks": core.affine("blocks", 5, 6, 2, kept=((0, 1, 3), (2, 4), (0, 1, 2, 4))),
    "blocks_short": core.affine("blocks_short", 9, 3, 1, kept=((4,), (0, 8, 2), (8, 1))),
    "blocks_again": core.affine("blocks_again", 3, 2, 1, bias_w=0, kept=((2, 0), (1, 2))),
    "blocks_one_more": core.affine("blocks_one_more", 4, 3, 3, kept=((0, 1, 2, 3, 0),)),
}
CELLS: Mapping[str, Case] = {
    "dense": cell.dense("dense", 5, 6, 2),
    "dense_one": cell.dense("dense_one", 1, 1, 1, "fixed<4,0,TRN,WRAP>", 0),
    "dense_lanes": cell.dense("dense_lanes", 3, 4, 4, "fixed<9,2,RND_INF,SAT_SYM>"),
    "encoder": cell.encoder("encoder", Source(3, 7), Source(4, 5, 1, FEEDBACK), Source(2, 6, 0, FEEDBACK), 2, 1),
    "encoder_x": cell.encoder("encoder_x", Source(1, 7), NONE, NONE, 1, 1, "fixed<6,0,TRN_ZERO,SAT_ZERO>"),
    "encoder_mem": cell.encoder("encoder_mem", Source(2, 7), Source(3, 5, 1, FEEDBACK), NONE, 3, 3, "fixed<9,1>", 1, 0),
    "encoder_h": cell.encoder("encoder_h", Source(2, 5, 2), NONE, Source(3, 7, 0, FEEDBACK), 4, 2),
    "hidden": cell.hidden("hidden", Source(3, 7), Source(4, 6, 1), 4, 2, 2, 0),
    "hidden_relu": cell.hidden("hidden_relu", NONE, Source(1, 6, 1), 2, 2, 1, 0, "fixed<7,1>"),
    "rnn": cell.hidden("rnn", Source(3, 7), Source(4, 6, 1), 4, 2, 2, 1),
    "rnn_streaming": cell.hidden("rnn_streaming", NONE, Source(2, 6, 1), 6, 1, 1, 1, streaming=1),
    "rnn_long_x": cell.hidden("rnn_long_x", Source(7, 6), Source(3, 6, 1), 6, 3, 0, 1),
    "rnn_one": cell.hidden("rnn_one", Source(1, 4), Source(1, 6), 1, 1, 0, 1),
}
CASES = {**PLUMBING, **AFFINE, **CELLS}
VERILATED = ("fifo2", "fork3", "concat_streaming", "groups", "more_lanes", "blocks", "dense", "encoder", "rnn")

Mutants = Mapping[str, Mapping[str, tuple[str, str]]]  # of a module, or of one inside another: "PARENT/MODULE"
MUTANT_SCENARIOS = ("stream", "disturbed", "shy", "cut_short")
JUDGES = {
    "lmu_fifo": ("fifo2",),
    "lmu_fork": ("fork3",),
    "lmu_concat": ("concat", "concat_streaming", "concat_two_live"),
    "lmu_affine": ("groups", "more_lanes", "behind_two"),
    "lmu_affine/lmu_blocks": ("blocks", "blocks_short"),
    "lmu_dense": ("dense",),
    "lmu_encoder": ("encoder", "encoder_mem"),
    "lmu_recurrent": ("rnn", "rnn_streaming"),
}
Results = dict[tuple[str, str], Any]


def results_of(simulator: str, workdir: Path, once: Once) -> Results:
    """Results of all scenarios of all cases; under Verilator, which compiles each unit for long, of some cases."""
    cases = {name: CASES[name] for name in VERILATED} if simulator == "verilator" else CASES
    return simulate(cases, simulator, workdir, once, "core")


def check_all(cases: Mapping[str, Case], scenario: str, results: Results) -> None:
    """Check a scenario in those of `cases` that have results, and name the ones that fail."""
    failed = {}
    for case in cases:
        if (case, scenario) in results:
            try:
                core.check(cases[case], scenario, results[case, scenario])
            except AssertionError as error:
                failed[case] = str(error)
    assert not failed


def mutant_results(
    mutants: Mutants,
    simulator: str,
    workdir: Path,
    once: Once,
    name: str,
    of: Mapping[str, Case] = CASES,
    judges: Mapping[str, Sequence[str]] = JUDGES,
    scenarios: Sequence[str] = MUTANT_SCENARIOS,
) -> Results:
    """Results of the judges of each mutant, as (mutant, judge and scenario); one simulation for all mutants.

    Judges are named by the fault, else by the uppermost module.
    """
    cases, keys = {}, {}

    def write(folder: Path) -> None:
        for path in mutants:
            parent, _, module = path.rpartition("/")
            write_mutants(module, mutants[path], folder, parent or None)

    folder = once(f"{name}_mutants", write)
    for path, faults in mutants.items():
        top = path.split("/")[0]
        for number, fault in enumerate(faults):
            mutant = f"{path.replace('/', '_')}_m{number}"
            for judge in judges.get(fault) or judges.get(path) or judges[top]:
                instance = f"{judge}_{mutant.removeprefix('lmu_')}"
                cases[instance] = dataclasses.replace(of[judge], unit=of[judge].unit.with_module(top, mutant))
                keys[instance] = f"{path}: {fault}", judge
    found = simulate(cases, simulator, workdir, once, f"{name}_mutants_run", folder, scenarios)
    assert None not in found.values(), "a mutant has ended the bench for all"
    return {(keys[at][0], f"{keys[at][1]} {scenario}"): result for (at, scenario), result in found.items()}


def caught(results: Results, mutant: str, of: Mapping[str, Case] = CASES) -> bool:
    """Whether any check of any judge fails."""
    for (name, place), result in results.items():
        judge, scenario = place.split()
        if name == mutant:
            try:
                core.check(of[judge], scenario, result)
            except AssertionError:
                return True
    return False


def names(mutants: Mutants) -> list[str]:
    """One name a mutant, for pytest and `caught`."""
    return [f"{path}: {fault}" for path in mutants for fault in mutants[path]]
