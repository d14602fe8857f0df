"""lmu_serializer and lmu_step_start: each beat against the definition, at full rate and under pressure."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.support.hdl.stream_grid import Stream, Unit, problems, run_streams
from tests.support.mutants import write_mutants

WIDTH = 5
LANES = {"l1": 1, "l2": 2, "l3": 3, "l7": 7}
STARTS = {"s1": (1, 0), "s3": (3, 0), "s4": (2, 1)}  # N, STREAMING
Phase = dict[str, Any]
Job = dict[str, Any]


def serializer(lanes: int, module: str = "lmu_serializer") -> Unit:
    streams = (Stream("s_axis", lanes * WIDTH, user=lanes),), (Stream("m_axis", WIDTH, user=1),)
    return Unit(module, {"WIDTH": WIDTH, "LANES": lanes}, *streams)


def step_start(n: int, streaming: int, module: str = "lmu_step_start") -> Unit:
    parameters = {"N": n, "STREAMING": streaming, "WIDTH": WIDTH}
    return Unit(module, parameters, (Stream("s_axis", WIDTH),), (Stream("m_axis", WIDTH, user=1),))


def words(lanes: int, count: int, seed: int) -> Phase:
    """Words with random flags and tlast, and their values."""
    rng = random.Random(seed)
    taken, given = [], []
    for _ in range(count):
        values = [rng.randrange(1 << WIDTH) for _ in range(lanes)]
        flags, last = [rng.randrange(2) for _ in range(lanes)], int(rng.random() < 0.3)
        taken.append(
            [sum(v << WIDTH * k for k, v in enumerate(values)), last, sum(f << k for k, f in enumerate(flags))]
        )
        given += [[values[k], last * (k == lanes - 1), flags[k]] for k in range(lanes)]
    return {"inputs": {"s_axis": taken}, "outputs": {"m_axis": given}}


def steps(n: int, streaming: int, count: int, seed: int) -> Phase:
    """Sequences of 1 to 3 steps after rst, and where each begins."""
    rng = random.Random(seed)
    taken, given, first = [], [], True
    for _ in range(count):
        length = n * rng.randint(1, 3)
        for k in range(length):
            value, last = rng.randrange(1 << WIDTH), int(k == length - 1)
            taken.append([value, last, 0])
            given.append([value, last, int(first)])
            first = streaming == 0 and bool(last)
    return {"inputs": {"s_axis": taken}, "outputs": {"m_axis": given}}


def jobs(name: str, make: Any, size_in: int, size_out: int) -> list[Job]:
    """make(count, seed) gives a phase that begins after rst."""
    cuts: list[Phase] = []
    for cut in range(1, 16):
        cuts += [{**make(20, cut), "reset_after": cut}]
    sizes = {"inputs": {"s_axis": size_in}, "outputs": {"m_axis": size_out}}
    runs: list[Job] = [
        {"phases": [make(12, 1)], "steps": sizes},
        {"phases": [make(40, 2)], "gap": 0.3, "stall": 0.4},
        {"phases": [make(40, 3)], "stall": 0.7},
        {"phases": [make(20, 4)], "shy": 1},
        {"phases": [*cuts, make(9, 50)], "gap": 0.2, "stall": 0.3},
    ]
    return [{"unit": name, "seed": k, "patience": 100, **run} for k, run in enumerate(runs)]


def serializer_jobs(name: str, lanes: int) -> list[Job]:
    return jobs(name, lambda count, seed: words(lanes, count, seed), 1, lanes)


def start_jobs(name: str, n: int, streaming: int) -> list[Job]:
    return jobs(name, lambda count, seed: steps(n, streaming, count, seed), n, n)


def judge(todo: list[Job], results: list[Any], intervals: dict[str, tuple[int, int]]) -> dict[str, list[str]]:
    """Problems of each unit; intervals: its latency and cycles from one word or step to the next."""
    found: dict[str, list[str]] = {name: [] for name in intervals}
    for job, result in zip(todo, results, strict=True):
        found[job["unit"]] += problems(result)
        if result is not None and "steps" in job:
            latency, interval = intervals[job["unit"]]
            rates = {*result["in_interval"], *result["out_interval"]}
            if {*result["latency"]} != {latency} or rates != {interval}:
                found[job["unit"]].append(f"latency {result['latency']}, intervals {rates}")
    return found


def test_every_beat(simulator: str, workdir: Path, tmp_path: Path) -> None:
    units = {name: serializer(lanes) for name, lanes in LANES.items()}
    units |= {name: step_start(*start) for name, start in STARTS.items()}
    todo = [job for name, lanes in LANES.items() for job in serializer_jobs(name, lanes)]
    todo += [job for name, start in STARTS.items() for job in start_jobs(name, *start)]
    results = run_streams(units, todo, simulator, workdir, tmp_path)
    intervals = {name: (lanes, lanes) for name, lanes in LANES.items()}
    intervals |= {name: (0, n) for name, (n, _) in STARTS.items()}
    assert judge(todo, results, intervals) == {name: [] for name in units}


SERIALIZER_MUTANTS = {
    "takes too early": ("!m_axis_tvalid || (m_axis_tready && last_beat_q)", "!m_axis_tvalid || last_beat_q"),
    "one bubble a word": ("!m_axis_tvalid || (m_axis_tready && last_beat_q)", "!m_axis_tvalid"),
    "high bits first": ("m_axis_tdata = data_q[P*WIDTH-1:0]", "m_axis_tdata = data_q[LANES*WIDTH-1-:WIDTH]"),
    "flags stand still": ("user_q <= user_q >> P;", ""),
    "tlast on every lane": ("last_q && last_beat_q", "last_q"),
    "moves without ready": ("if (m_axis_tvalid && m_axis_tready)", "if (m_axis_tvalid)"),
    "rst keeps the lane": ("m_axis_tvalid, beat_q} <= 0;", "m_axis_tvalid} <= 0; if (beat_q[0] === 1'bx) beat_q <= 0;"),
}  # fmt: skip
START_MUTANTS = {
    "streams with restarts": ("STREAMING == 0 && s_axis_tlast", "s_axis_tlast"),
    "never again": ("STREAMING == 0 && s_axis_tlast", "1'b0"),
    "without transfer": ("if (s_axis_tvalid && s_axis_tready)", "if (s_axis_tvalid)"),
    "not after rst": ("if (rst) m_axis_tuser <= 1'b1", "if (rst) m_axis_tuser <= 1'b0"),
}  # fmt: skip


def test_mutants_are_caught(icarus: str, tmp_path: Path) -> None:
    names, units, todo, intervals = {}, {}, [], {}
    for name, module in write_mutants("lmu_serializer", SERIALIZER_MUTANTS, tmp_path / "hdl").items():
        unit = f"m{len(units)}"
        names[unit], units[unit], intervals[unit] = name, serializer(3, module), (3, 3)
        todo += serializer_jobs(unit, 3)
    for name, module in write_mutants("lmu_step_start", START_MUTANTS, tmp_path / "hdl").items():
        for n, streaming in ((1, 0), (2, 1)):
            unit = f"m{len(units)}"
            names[unit], units[unit], intervals[unit] = name, step_start(n, streaming, module), (0, n)
            todo += start_jobs(unit, n, streaming)
    results = run_streams(units, todo, icarus, tmp_path, tmp_path / "run", hdl=tmp_path / "hdl")
    found = judge(todo, results, intervals)
    assert {names[unit] for unit in found if found[unit]} == {*SERIALIZER_MUTANTS, *START_MUTANTS}
    assert all(results), "a mutant has ended the bench before the others were judged"
