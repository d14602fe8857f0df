"""rtlsim: the Verilog memory unit under Verilator or Icarus, every mem value compared with ``==``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.naming import identifier
from lmu_hls.records import Comparison, Difference, Number, Timing
from lmu_hls.rtl import CHANNELS
from lmu_hls.spec import LMU
from lmu_hls.verify import simulator as sim
from tests.support.hdl.memory_project import MANIFEST


@dataclass(frozen=True, slots=True)
class RtlResult:
    """What one simulation of a memory unit found.

    ``comparison`` is against the expected mem; ``timing`` is None where gaps or stalls forbid measuring, or with fewer
    than two steps. ``problems`` names what else went wrong: lost or additional beats, wrong tlast, broken AXI4-Stream
    rules. ``waves`` is the waveform file that was asked for.
    """

    comparison: Comparison
    timing: Timing | None
    beats: int
    problems: tuple[str, ...]
    waves: Path | None

    @property
    def passed(self) -> bool:
        timed = self.timing is None or self.timing.passed
        return self.comparison.passed and timed and not self.problems


@dataclass(frozen=True, slots=True, eq=False)
class BenchRun:
    """One run of the memory bench: the unit's manifest entry, the vectors (None: left out), and the disturbance.

    ``prefix`` is that of the unit's stream ports in the simulated top.
    """

    facts: Mapping[str, Any]
    vectors: Mapping[str, Ints | None]
    gap: float = 0.0
    stall: float = 0.0
    seed: int = 0
    prefix: str = ""

    def job(self, folder: Path, number: int) -> dict[str, Any]:
        """Write the vectors into ``folder`` and return the job as sim/memory_bench.py reads it."""
        vectors = folder / f"vectors{number}.npz"
        arrays: dict[str, Any] = {key: np.asarray(v) for key, v in self.vectors.items() if v is not None}
        arrays["places"] = state_places(self.facts)
        np.savez(vectors, **arrays)
        return {
            "vectors": str(vectors),
            "result": str(folder / f"result{number}.json"),
            "prefix": self.prefix,
            "lanes": self.facts["lanes"],
            "mem_width": self.facts["parameters"]["MEM_TYPE"] % 256,
            "ii_cycles": self.facts["ii_cycles"],
            "latency_cycles": self.facts["latency_cycles"],
            "gap": self.gap,
            "stall": self.stall,
            "seed": self.seed,
        }


def simulate_memory(
    rtl_dir: Path,
    unit: str | LMU,
    u: Ints,
    mem: Ints,
    simulator: str = "verilator",
    workdir: Path | None = None,
    waves: bool = False,
    *,
    gap: float = 0.0,
    stall: float = 0.0,
    seed: int = 0,
    reset_state: Ints | None = None,
    abort: Ints | None = None,
) -> RtlResult:
    """Send ``u`` (N, T, memory_d) through a unit of ``rtl_dir`` and compare with ``mem`` (N, T, memory_d * order).

    The Verilog and the ROM files that lie in ``rtl_dir`` are what runs. All sequences go through one simulation, each
    starts with reset_state. ``gap`` is the probability of a pause before an input beat, ``stall`` that of an unready
    sink in a cycle. ``reset_state`` (N, T) says otherwise where mem starts from 0; ``abort`` (N) cuts sequences short
    by rst after so many cycles (-1: never). Builds are kept in ``workdir`` (default: ``rtl_dir/../work/simulator``);
    what a run left behind stays there when it failed or when ``waves`` were asked for.

    Raises LmuHlsError when a tool is absent, the Verilog cannot be built, or the simulation stops.
    """
    facts = unit_facts(rtl_dir, unit)
    workdir = workdir or rtl_dir.parent / "work" / simulator
    sources = sorted(rtl_dir.glob("*.v"))
    built = sim.build(simulator, sources, facts["top"], workdir, waves)
    run_dir = sim.fresh_dir(workdir, facts["name"])
    sim.copy_roms(rtl_dir, run_dir)
    vectors = {"u": u, "mem": mem, "reset_state": reset_state, "abort": abort}
    (found,) = run_bench(built, run_dir, [BenchRun(facts, vectors, gap, stall, seed)], waves)
    dump = _waves(run_dir) if waves else None
    if not waves:
        shutil.rmtree(run_dir)
    return as_result(simulator, facts, found, dump)


def unit_facts(rtl_dir: Path, unit: str | LMU) -> dict[str, Any]:
    """The manifest entry of a unit of ``rtl_dir``, by name or by layer."""
    name = identifier(unit if isinstance(unit, str) else unit.name)
    path = rtl_dir / MANIFEST
    try:
        units = {entry["name"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist. Run the conversion again.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise LmuHlsError(f"{path} does not describe Verilog units: {error}. Run the conversion again.") from error
    if name not in units:
        raise LmuHlsError(f"{path} names no unit {name!r}; it has {', '.join(units)}. Run the conversion again.")
    return units[name]


def state_places(facts: Mapping[str, Any]) -> Ints:
    """Which of a step's memory_d * order states comes when in the output stream of a unit, by its manifest entry."""
    memory_d, order = (int(facts["parameters"][name]) for name in ("MEMORY_D", "ORDER"))
    places = np.arange(memory_d * order)
    if facts.get("stream", CHANNELS) == CHANNELS:
        return places
    return places.reshape(memory_d, order)[:, ::-1].T.ravel()


def run_bench(built: Path, run_dir: Path, runs: Sequence[BenchRun], waves: bool = False) -> tuple[dict[str, Any], ...]:
    """Run sim/memory_bench.py on a build, in ``run_dir``, for each of ``runs`` in turn, and return what each found.

    Raises LmuHlsError with the end of the simulator's output when it stops without a result.
    """
    folder = run_dir.resolve()
    jobs = [run.job(folder, number) for number, run in enumerate(runs)]
    (folder / "bench.json").write_text(json.dumps(jobs, indent=1) + "\n", encoding="utf-8")
    passed = sim.run(built, "memory_bench", run_dir, {"LMU_JOBS": str(folder / "bench.json")}, waves)
    results = [Path(job["result"]) for job in jobs]
    if not passed or not all(result.is_file() for result in results):
        log = run_dir / "sim.log"
        raise LmuHlsError(f"the simulation stopped without a result; the full text is in {log}\n{sim.tail(log)}")
    return tuple(json.loads(result.read_text(encoding="utf-8")) for result in results)


def as_result(
    simulator: str, facts: Mapping[str, Any], found: Mapping[str, Any], waves: Path | None = None
) -> RtlResult:
    """The records of what the bench found."""
    name, first = facts["name"], found["first_difference"]
    difference = None
    if first is not None:
        unknown = first["actual"] is None
        tensor = f"{name}.mem" + (" (unknown bits)" if unknown else "")
        difference = Difference(tensor, tuple(first["index"]), first["expected"], 0 if unknown else first["actual"])
    elif found["missing_beats"]:
        difference = Difference(f"{name}.mem (missing)", tuple(found["missing_at"]), 0, 0)
    comparison = Comparison(
        f"rtlsim {simulator} {name}",
        "rtl_sim",
        found["sequences"],
        found["exact_sequences"],
        found["values"],
        difference,
    )
    return RtlResult(comparison, _timing(name, simulator, facts, found), found["beats"], _problems(found), waves)


def _timing(name: str, simulator: str, facts: Mapping[str, Any], found: Mapping[str, Any]) -> Timing | None:
    measured = [found.get("interval", []), found.get("latency", [])]
    if not all(measured):
        return None
    formulas = [facts["ii_cycles"], facts["latency_cycles"]]
    worst = [max(limits, key=lambda v: abs(v - formula)) for limits, formula in zip(measured, formulas, strict=True)]
    ii, latency = (
        (Number(formula, "cycles", "formula"), Number(value, "cycles", "rtl_sim"))
        for formula, value in zip(formulas, worst, strict=True)
    )
    return Timing(name, simulator, found["timed_steps"], *ii, *latency)


def _problems(found: Mapping[str, Any]) -> tuple[str, ...]:
    texts = {
        "missing_beats": "output beats never came",
        "unexpected_beats": "output beats too many",
        "wrong_tlast": "output beats with a wrong tlast",
        "protocol_violations": "output beats withdrawn or changed before they were taken",
    }
    return tuple(f"{found[key]} {text}" for key, text in texts.items() if found[key])


def _waves(run_dir: Path) -> Path | None:
    return next((path for path in sorted(run_dir.iterdir()) if path.suffix in (".fst", ".vcd")), None)
