"""Configurations of queue, fork, concat and affine, what goes in and what has to come out, by the definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls.rtl.products import more_stages
from tests.support.hdl.stream_grid import Beats, Stream, Unit, beats, problems, rom_text, run_streams

LENGTHS = (1, 2, 3, 1, 1)  # steps of sequences that follow one another
CUTS = 4
SCENARIOS: Mapping[str, dict[str, Any]] = {
    "stream": {},
    "isolated": {"isolate": 1},
    "disturbed": {"gap": 0.3, "stall": 0.5},
    "starved": {"gap": 0.6},
    "shy": {"shy": 1},
    "cut_short": {"gap": 0.1, "stall": 0.2},
}
Once = Callable[[str, Callable[[Path], None]], Path]
Phase = dict[str, dict[str, Beats]]


@dataclass(frozen=True, slots=True)
class Case:
    """A unit, the beats of a run of sequences (random generator, steps of each) after rst, and its formulas."""

    unit: Unit
    phase: Callable[[np.random.Generator, tuple[int, ...]], Phase]
    steps: dict[str, dict[str, int]]
    latency: int
    ii: int
    roms: dict[str, str] = field(default_factory=dict)

    def intervals(self, count: int) -> list[int]:
        """Cycles from step to step where they come one after the other."""
        return [self.ii] * count

    def jobs(self, name: str, seed: int = 0) -> dict[str, dict[str, Any]]:
        """A job for each scenario."""
        found = {}
        for number, (scenario, settings) in enumerate(SCENARIOS.items()):
            rng = np.random.default_rng([seed, number])
            phases: list[dict[str, Any]] = [dict(self.phase(rng, LENGTHS))]
            if scenario == "cut_short":
                spans = rng.integers(0, max(20, 3 * self.ii + self.latency), CUTS)
                phases = [{**self.phase(rng, LENGTHS), "reset_after": int(span)} for span in spans] + phases
            found[scenario] = {"unit": name, "phases": phases, "seed": number, "steps": self.steps, **settings}
            found[scenario]["patience"] = 100 + 4 * self.ii + self.latency
        return found


def last_beats(lengths: tuple[int, ...], size: int) -> np.ndarray:
    """1 at the last of the size beats of each sequence's last step."""
    last = np.zeros((sum(lengths), size), int)
    last[np.cumsum(lengths) - 1, -1] = 1
    return last


def first_steps(lengths: tuple[int, ...]) -> np.ndarray:
    """Numbers of the first steps of the sequences."""
    return np.cumsum((0, *lengths[:-1]))


def signed(rng: np.random.Generator, shape: tuple[int, ...], width: int) -> np.ndarray:
    """Random integers of `width` bits, the two ends among them."""
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    values = rng.integers(low, high + 1, shape)
    where = rng.random(shape)
    return np.where(where < 0.1, low, np.where(where > 0.9, high, values))


def fifo(width: int, depth: int) -> Case:
    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        words = beats(signed(rng, (5 * sum(lengths),), width), width)
        return {"inputs": {"s_axis": words}, "outputs": {"m_axis": words}}

    one = {"inputs": {"s_axis": 1}, "outputs": {"m_axis": 1}}
    ports = ((Stream("s_axis", width, last=False),), (Stream("m_axis", width, last=False),))
    return Case(Unit("lmu_fifo", {"WIDTH": width, "DEPTH": depth}, *ports), phase, one, 2, 1)


def fork(width: int, outputs: int, module: str = "lmu_fork") -> Case:
    names = [f"m{k}_axis" for k in range(outputs)]

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        words = beats(signed(rng, (5 * sum(lengths),), width), width)
        return {"inputs": {"s_axis": words}, "outputs": dict.fromkeys(names, words)}

    def vector(signal: str) -> str:
        return "{" + ", ".join(f"@_{name}_{signal}" for name in reversed(names)) + "}"

    one = {"inputs": {"s_axis": 1}, "outputs": dict.fromkeys(names, 1)}
    ports = ((Stream("s_axis", width, last=False),), tuple(Stream(name, width, last=False) for name in names))
    body = (
        f"    wire [{width - 1}:0] @_data;\n"
        + "".join(f"    assign @_{name}_tdata = @_data;\n" for name in names)
        + f"    {module} #(.WIDTH({width}), .OUTPUTS({outputs})) @ (.clk(clk), .rst(@_rst),\n"
        + "".join(f"        .s_axis_{s}(@_s_axis_{s}),\n" for s in ("tdata", "tvalid", "tready"))
        + f"        .m_axis_tdata(@_data), .m_axis_tvalid({vector('tvalid')}), .m_axis_tready({vector('tready')}));"
    )
    return Case(Unit(module, {}, *ports, body=body), phase, one, 0, 1)


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a concat."""

    n: int
    width: int = 1
    shift: int = 0
    feedback: int = 0


def concat_reference(
    sources: Mapping[str, Source], streaming: int, rng: np.random.Generator, lengths: tuple[int, ...]
) -> tuple[dict[str, Beats], np.ndarray]:
    """Beats for each present source, and the values of all steps (steps, sum of n).

    tlast of sources that must not heed it is noise.
    """
    steps = sum(lengths)
    zeros = [0] if streaming else first_steps(lengths)
    live = [name for name, source in sources.items() if source.n and not source.feedback]
    inputs, parts = {}, []
    for name, source in sources.items():
        if not source.n:
            continue
        values = signed(rng, (steps, source.n), source.width)
        last = last_beats(lengths, source.n) if name == live[-1] else rng.integers(0, 2, values.shape)
        taken = 1 if source.feedback else 0  # nobody has sent the feedback of the first step
        inputs[f"{name}_axis"] = beats(values[taken:], source.width, last[taken:])
        if source.feedback:
            values = values.copy()
            values[zeros] = 0
        parts.append(values << source.shift)
    return inputs, np.concatenate(parts, axis=1)


def concat(a: Source, b: Source, c: Source, out_w: int, streaming: int = 0) -> Case:
    sources = {"a": a, "b": b, "c": c}
    n = sum(source.n for source in sources.values())
    present = [name for name, source in sources.items() if source.n]
    live = [name for name in present if not sources[name].feedback]

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        inputs, values = concat_reference(sources, streaming, rng, lengths)
        return {"inputs": inputs, "outputs": {"m_axis": beats(values, out_w, last_beats(lengths, n))}}

    parameters: dict[str, int | str] = {"OUT_W": out_w, "STREAMING": streaming}
    tied = {}
    for name, source in sources.items():
        key = name.upper()
        parameters |= {f"N_{key}": source.n, f"{key}_W": source.width, f"{key}_SHIFT": source.shift}
        parameters[f"{key}_FEEDBACK"] = source.feedback
        if not source.n:
            tied |= {f"{name}_axis_{signal}": "1'b0" for signal in ("tdata", "tvalid", "tlast")}
            tied[f"{name}_axis_tready"] = ""
    ports = (tuple(Stream(f"{name}_axis", sources[name].width) for name in present), (Stream("m_axis", out_w),))
    after = sum(sources[name].n for name in present[present.index(live[-1]) + 1 :])
    steps = {"inputs": {f"{name}_axis": sources[name].n for name in live}, "outputs": {"m_axis": n}}
    return Case(Unit("lmu_concat", parameters, *ports, tied=tied), phase, steps, after, n)


def affine_parts(
    name: str,
    n_in: int,
    n_out: int,
    lanes: int,
    widths: tuple[int, int],
    bias_w: int,
    bias_shift: int,
    kept: Sequence[Sequence[int]] | None = None,
) -> tuple[dict[str, int | str], Callable[[np.ndarray], np.ndarray], dict[str, str]]:
    """Parameters of lmu_affine, its function by the definition, and its ROM files; bias_w = 0: no bias.

    ``kept``: of each group the columns whose blocks are in the ROM, the last one a block of zeros, as are the others.
    """
    rng = np.random.default_rng([n_in, n_out, lanes])
    op_w, coef_w = widths
    matrix = signed(rng, (n_out, n_in), coef_w)
    for group, columns in enumerate(kept or ()):
        rows = matrix[group * lanes : (group + 1) * lanes]
        rows[:, [k for k in range(n_in) if k not in columns[:-1]]] = 0
    bias = signed(rng, (n_out,), bias_w) if bias_w else np.zeros(n_out, int)
    groups = matrix.reshape(n_out // lanes, lanes, n_in).transpose(0, 2, 1)
    mask = (1 << coef_w) - 1
    all_words = [
        [sum((int(v) & mask) << (coef_w * k) for k, v in enumerate(word)) for word in group] for group in groups
    ]
    words, width = [word for group in all_words for word in group], lanes * coef_w
    if kept is not None:
        column_w = max(1, (n_in - 1).bit_length())
        words = [
            (k << width | 1 << (width + column_w)) if n == len(columns) - 1 else (k << width | all_words[group][k])
            for group, columns in enumerate(kept)
            for n, k in enumerate(columns)
        ]
        width += column_w + 1
    magnitude = n_in * (1 << (op_w + coef_w - 2)) + (1 << (bias_w + bias_shift))
    acc_w = max(op_w + coef_w, magnitude.bit_length() + 1)
    parameters = {
        "N_IN": n_in, "N_OUT": n_out, "LANES": lanes, "COEF_W": coef_w, "ACC_W": acc_w, "HAS_BIAS": int(bias_w > 0),
        "BIAS_W": max(bias_w, 1), "BIAS_SHIFT": bias_shift, "ROM_FILE": f"{name}.hex", "BIAS_FILE": f"{name}_bias.hex",
    }  # fmt: skip
    parameters |= {"BLOCKS": len(words)} if kept is not None else {}
    roms = {f"{name}.hex": rom_text(words, width)}
    if bias_w:
        roms[f"{name}_bias.hex"] = rom_text(bias.tolist(), bias_w)
    return parameters, lambda x: x @ matrix.T + (bias << bias_shift), roms


def affine(
    name: str,
    n_in: int,
    n_out: int,
    lanes: int,
    widths: tuple[int, int] = (7, 6),
    bias_w: int = 8,
    bias_shift: int = 2,
    kept: Sequence[Sequence[int]] | None = None,
) -> Case:
    parameters, function, roms = affine_parts(name, n_in, n_out, lanes, widths, bias_w, bias_shift, kept)
    acc_w = int(parameters["ACC_W"])

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        x = signed(rng, (sum(lengths), n_in), widths[0])
        noise = rng.integers(0, 2, x.shape)  # only the last beat of a step counts
        noise[:, -1] = last_beats(lengths, n_in)[:, -1]
        sums = beats(function(x), acc_w, last_beats(lengths, n_out))
        return {"inputs": {"s_axis": beats(x, widths[0], noise)}, "outputs": {"m_axis": sums}}

    ports = ((Stream("s_axis", widths[0]),), (Stream("m_axis", acc_w),))
    steps = {"inputs": {"s_axis": n_in}, "outputs": {"m_axis": n_out}}
    turn, blocks = max(n_in, lanes), sum(map(len, kept or ()))
    latency = (blocks or (n_out // lanes - 1) * turn) + lanes + 7 + more_stages(*widths)
    unit = Unit("lmu_affine", {**parameters, "OP_W": widths[0]}, *ports)
    return Case(unit, phase, steps, latency, max(blocks, n_in) if blocks else n_out // lanes * turn, roms)


def simulate(
    cases: Mapping[str, Case],
    simulator: str,
    workdir: Path,
    once: Once,
    name: str,
    hdl: Path | None = None,
    scenarios: Sequence[str] = tuple(SCENARIOS),
) -> dict[tuple[str, str], Any]:
    """Results of all scenarios of all cases from one simulation, which is run once a session."""
    jobs = {(case, name): job for case in cases for name, job in cases[case].jobs(case).items() if name in scenarios}
    roms = {file: text for case in cases.values() for file, text in case.roms.items()}

    def run(folder: Path) -> None:
        units = {case: cases[case].unit for case in cases}
        results = run_streams(units, list(jobs.values()), simulator, workdir, folder, roms, hdl)
        (folder / "found.json").write_text(json.dumps(results))

    folder = once(f"{name}_{simulator}", run)
    return dict(zip(jobs, json.loads((folder / "found.json").read_text()), strict=True))


def check(case: Case, scenario: str, result: dict[str, Any]) -> None:
    """Every beat, every rule, and in the quiet scenarios every cycle."""
    assert problems(result) == []
    if scenario == "isolated":
        assert set(result["latency"]) == {case.latency}
    if scenario == "stream":
        found = result["out_interval"]
        assert found and found == case.intervals(len(found))
