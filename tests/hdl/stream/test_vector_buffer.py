"""lmu_vector_buffer: order, last step only, cycles and back-pressure, each beat against the definition."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.hdl.stream_grid import Stream, Unit, problems, rom_text, run_streams
from tests.support.mutants import write_mutants

WIDTH = 9


@dataclass(frozen=True, slots=True)
class Config:
    """Parameters of a buffer; order: place of each arriving value, or nothing."""

    n: int
    keep_last: bool = False
    order: tuple[int, ...] = ()

    def unit(self, name: str, module: str = "lmu_vector_buffer") -> Unit:
        parameters: dict[str, int | str] = {"WIDTH": WIDTH, "N": self.n, "KEEP_LAST": int(self.keep_last)}
        if self.order:
            parameters |= {"REORDER": 1, "ORDER_FILE": f"rom/{name}.hex"}
        return Unit(module, parameters, (Stream("s_axis", WIDTH),), (Stream("m_axis", WIDTH),))

    def expected(self, sequences: list[list[list[int]]]) -> list[list[int]]:
        """Output beats for sequences of vectors."""
        beats = []
        for vectors in sequences:
            for number, vector in enumerate(vectors):
                ends = number == len(vectors) - 1
                out = [0] * self.n
                for value, place in zip(vector, self.order or range(self.n), strict=True):
                    out[place] = value
                if ends or not self.keep_last:
                    beats += [[value, int(ends and k == self.n - 1), 0] for k, value in enumerate(out)]
        return beats


CONFIGS = {
    "a": Config(1),
    "b": Config(1, keep_last=True, order=(0,)),
    "c": Config(2, order=(1, 0)),
    "d": Config(5),
    "e": Config(6, order=(5, 2, 0, 4, 1, 3)),
    "f": Config(4, keep_last=True, order=(3, 2, 1, 0)),
    "g": Config(3, keep_last=True),
    "h": Config(8, order=(0, 4, 1, 5, 2, 6, 3, 7)),
}


def phase(config: Config, lengths: list[int], seed: int) -> dict[str, Any]:
    """Sequences of so many vectors."""
    rng = random.Random(seed)
    sequences = [[[rng.randrange(1 << WIDTH) for _ in range(config.n)] for _ in range(count)] for count in lengths]
    flat = [[value for vector in vectors for value in vector] for vectors in sequences]
    beats = [[value, int(k == len(sequence) - 1), 0] for sequence in flat for k, value in enumerate(sequence)]
    return {"inputs": {"s_axis": beats}, "outputs": {"m_axis": config.expected(sequences)}}


def jobs(name: str, config: Config) -> list[dict[str, Any]]:
    rng = random.Random(name)
    lengths = [1, 2, 3, 4, 1, 1, *(rng.randint(1, 5) for _ in range(10))]
    cuts: list[dict[str, Any]] = []
    for cut in range(1, 4 * config.n + 4, 2):
        cuts += [{**phase(config, [9], cut), "reset_after": cut}, phase(config, [2, 1], cut + 1)]
    steps = {"inputs": {"s_axis": config.n}, "outputs": {"m_axis": config.n}}
    ones = phase(config, [1] * 9, 7)
    runs: list[dict[str, Any]] = [
        {"phases": [ones], "steps": steps},
        {"phases": [ones], "steps": steps, "isolate": 1},
        {"phases": [phase(config, lengths, 1)], "gap": 0.3, "stall": 0.4},
        {"phases": [phase(config, lengths, 2)], "stall": 0.7},
        {"phases": [phase(config, lengths, 3)], "shy": 1},
        {"phases": cuts, "gap": 0.1, "stall": 0.3},
    ]
    return [{"unit": name, "seed": k, "patience": 100, **run} for k, run in enumerate(runs)]


def roms(units: dict[str, Config]) -> dict[str, str]:
    return {f"rom/{name}.hex": rom_text(config.order, 4) for name, config in units.items() if config.order}


def timing_problems(config: Config, streamed: dict[str, Any], alone: dict[str, Any]) -> list[str]:
    """Full rate, and latency = N + 2."""
    found = [f"interval {b - config.n}" for b in streamed["in_interval"] + streamed["out_interval"] if b != config.n]
    if alone["latency"] != [config.n + 2] * 9:
        found.append(f"latencies {alone['latency']}")
    return found


def judge(units: dict[str, Config], todo: list[dict[str, Any]], results: list[Any]) -> dict[str, list[str]]:
    """Problems of each unit."""
    found: dict[str, list[str]] = {}
    for name, config in units.items():
        mine = [result for job, result in zip(todo, results, strict=True) if job["unit"] == name]
        found[name] = [problem for result in mine for problem in problems(result)]
        if mine[0] is not None and mine[1] is not None:
            found[name] += timing_problems(config, mine[0], mine[1])
    return found


def test_order_cycles_and_pressure(simulator: str, workdir: Path, tmp_path: Path) -> None:
    todo = [job for name, config in CONFIGS.items() for job in jobs(name, config)]
    units = {name: config.unit(name) for name, config in CONFIGS.items()}
    results = run_streams(units, todo, simulator, workdir, tmp_path, roms(CONFIGS))
    assert judge(CONFIGS, todo, results) == {name: [] for name in CONFIGS}


def test_definition() -> None:
    """The second value of a vector goes first, and only the last vector comes out."""
    assert Config(2, order=(1, 0)).expected([[[1, 2], [3, 4]]]) == [[2, 0, 0], [1, 0, 0], [4, 0, 0], [3, 1, 0]]
    assert Config(2, keep_last=True).expected([[[1, 2], [3, 4]], [[5, 6]]]) == [
        [3, 0, 0], [4, 1, 0], [5, 0, 0], [6, 1, 0],
    ]  # fmt: skip


MUTANTS = {
    "takes without a free half": ("assign s_axis_tready = !full_q[wr_half_q]", "assign s_axis_tready = 1'b1"),
    "writes into the half that is read": ("wr_half_q <= !wr_half_q", "wr_half_q <= wr_half_q"),
    "all vectors come out": ("wr_end && (KEEP_LAST == 0 || s_axis_tlast)", "wr_end"),
    "tlast of the other half": ("rd_end && last_q[rd_half_q]", "rd_end && last_q[!rd_half_q]"),
    "tlast on every beat": ("rd_end && last_q[rd_half_q]", "last_q[rd_half_q]"),
    "overwrites a waiting beat": ("&& (!word_valid_q || move)", ""),
    "half rate": ("(!word_valid_q || move)", "!word_valid_q"),
    "place one beat late": ("rst ? ZERO : wr_count_d", "rst ? ZERO : wr_count_q"),
    "place not fetched at rst": ("accept || rst", "accept"),
    "rst keeps the half": (
        "if (rst) {wr_half_q, rd_half_q,",
        "if (wr_half_q === 1'bx) wr_half_q <= 0; if (rst) {rd_half_q,",
    ),
    "rst keeps the count": ("wr_count_q, rd_count_q, word", "rd_count_q, word"),
}


def test_mutants_are_caught(icarus: str, tmp_path: Path) -> None:
    modules = write_mutants("lmu_vector_buffer", MUTANTS, tmp_path / "hdl")
    mutants = {f"m{k}_{c}": (name, CONFIGS[c]) for k, name in enumerate(MUTANTS) for c in "cf"}
    configs = {key: config for key, (_, config) in mutants.items()}
    units = {key: config.unit(key, modules[name]) for key, (name, config) in mutants.items()}
    todo = [job for key, config in configs.items() for job in jobs(key, config)]
    results = run_streams(units, todo, icarus, tmp_path, tmp_path / "run", roms(configs), tmp_path / "hdl")
    found = judge(configs, todo, results)
    assert {mutants[key][0] for key in found if found[key]} == set(MUTANTS)
    assert all(results), "a mutant has ended the bench before the others were judged"
