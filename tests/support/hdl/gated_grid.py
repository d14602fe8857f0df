"""Random LSTM and GRU cells as units with streams: parameters and files by the headers of the Verilog, h by golden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.golden.affine import Rounder
from lmu_hls.golden.assign import Step
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import LMU, Activation, GRUCell, LSTMCell, Weight, make_activation
from tests.support.hdl.cell_grid import assign
from tests.support.hdl.core_grid import Case, Phase, first_steps, last_beats
from tests.support.hdl.stream_grid import Stream, Unit, beats, instance, rom_text
from tests.support.networks import random_cell, random_lmu

FUNCTIONS = ("linear", "relu")
Parameters = dict[str, int | str]
Places = tuple[int | None, ...]
# Places of the sums of a unit in Keras's kernels, for x and mem, and for h; None: zeros
GATES: Mapping[str, tuple[Places, Places]] = {
    "lstm": ((2, 0, 1, 3), (2, 0, 1, 3)), "gru": ((1, 0, None, 2), (1, 0, 2, None)), "gru before": ((0, 1), (0, 1)),
}  # fmt: skip


def gated_lmu(
    kind: str, n_x: int, order: int, units: int, seed: int, bias: bool = True, tables: bool = True,
    one_table: bool = False, wide: bool = False,
) -> LMU:  # fmt: skip
    """An LMU whose cell is a "lstm", "gru" or "gru before"; n_x = 0: without x. ``wide``: gates of 18 bits and more.

    Types are random, but such that most values fit and some do not.
    """
    rng = np.random.default_rng([seed, units])

    def type_(integer: int) -> FixedType:
        rounding = str(rng.choice(["TRN", "RND", "RND_CONV", "RND_ZERO"]))
        return FixedType(int(rng.integers(7, 12)), integer, True, rounding, str(rng.choice(["SAT", "WRAP", "SAT_SYM"])))

    def function(name: str, to: FixedType) -> Activation:
        index = FixedType(int(rng.integers(5, 8)), 3)
        return make_activation(name if tables else str(rng.choice(FUNCTIONS)), index, to)

    lmu = random_lmu(rng, n_in=max(n_x, 1), memory_d=1, order=order, units=units)
    lmu = replace(lmu, x=type_(1), mem=type_(1), h=type_(int(rng.integers(0, 2))))
    cell = random_cell(rng, kind, order, max(n_x, 1), units, lmu.h, bias)
    gate, candidate = type_(1), type_(int(rng.integers(0, 2)))
    if wide:
        gate, candidate = (replace(value, width=value.width + 11) for value in (gate, candidate))
    changed: dict[str, Any] = {"pre": type_(int(rng.integers(2, 4))), "gate": gate, "candidate": candidate}
    changed |= {"gate_activation": function("sigmoid", gate), "activation": function("tanh", candidate)}
    if kind == "lstm":
        squashed = candidate if one_table else type_(1)
        own = changed["activation"] if one_table else function("tanh", squashed)
        changed |= {"cell": type_(1), "squashed": squashed, "cell_activation": own}
    else:
        changed["inner"] = replace(type_(1), width=20) if wide and kind == "gru" else type_(1 if kind == "gru" else 0)
    if n_x == 0:
        changed["kernel_x"] = None
    return replace(lmu, hidden=replace(cell, **changed))


class Flagged:
    """A rounder that keeps where its last values did not fit, one column a unit."""

    def __init__(self, rounder: Rounder, units: int) -> None:
        self._rounder, self._units = rounder, units
        self.clipped = np.zeros(units, bool)

    def __call__(self, sums: np.ndarray) -> np.ndarray:
        clipped = assign(sums.astype(np.int64), self._rounder.fraction, self._rounder.to)[1]
        self.clipped = clipped.reshape(-1, self._units).any(axis=0)
        return self._rounder(sums)


class Reference:
    """h of one step after another, and whether one of the values that lead to it was clipped."""

    def __init__(self, lmu: LMU) -> None:
        self._cell = Step(lmu.name, lmu.cell)
        self._flags: list[Flagged] = []
        for _, move in self._cell._moves:
            owner = getattr(move, "_activate", move)
            self._flags.append(Flagged(owner._round, lmu.units))
            owner._round = self._flags[-1]
        self._zero = {name: np.zeros((1, lmu.units), np.int64) for name in ("h", "cell")}
        self._state = self._zero

    def restart(self) -> None:
        self._state = self._zero

    def step(self, mem: Ints, x: Ints) -> tuple[Ints, Ints]:
        found = self._cell({"mem": mem[None], "x": x[None]}, self._state)
        self._state = {name: found[name] for name in ("h", "cell") if name in found}
        return found["h"][0], np.any([flag.clipped for flag in self._flags], axis=0)


def affine(name: str, sources: Mapping[str, tuple[FixedType, FixedType, Ints]], biases: Iterable[tuple[Ints, int]]):
    """Parameters and files of a matrix by the header of lmu_affine: {source: (type, type of the kernel, (n, rows))}.

    Biases are (values, fraction bits). One half of the lift of a source is in its coefficients.
    """
    biases = list(biases)
    fraction = max([x.fraction + w.fraction for x, w, _ in sources.values()] + [f for _, f in biases])
    lifts = {key: fraction - x.fraction - w.fraction for key, (x, w, _) in sources.items()}
    shifts = {key: lift // 2 for key, lift in lifts.items()}
    matrix = np.concatenate([w << (lifts[key] - shifts[key]) for key, (_, _, w) in sources.items()]).T
    bias_f = max((f for _, f in biases), default=fraction)
    bias = sum((values << (bias_f - f) for values, f in biases), np.zeros(len(matrix), np.int64))
    op_w = max(x.width + shifts[key] for key, (x, _, _) in sources.items())
    coef_w = int(np.abs(matrix).max()).bit_length() + 1
    bias_w = int(np.abs(bias).max()).bit_length() + 1
    bound = (int(np.abs(matrix).sum(axis=1).max()) << op_w) + (int(np.abs(bias).max()) << (fraction - bias_f))
    parameters: Parameters = {f"{key}_SHIFT": shift for key, shift in shifts.items()}
    parameters |= {"OP_W": op_w, "COEF_W": coef_w, "ACC_W": max(bound.bit_length() + 1, op_w + coef_w)}
    parameters |= {"ACC_F": fraction, "BIAS_W": bias_w, "BIAS_SHIFT": fraction - bias_f}
    parameters |= {"ROM_FILE": f"{name}.hex", "BIAS_FILE": f"{name}_bias.hex"}
    return parameters, (matrix, bias, coef_w, bias_w)


def affine_files(parameters: Parameters, contents: tuple[Ints, Ints, int, int], lanes: int) -> dict[str, str]:
    matrix, bias, coef_w, bias_w = contents
    groups = matrix.reshape(-1, lanes, matrix.shape[1]).transpose(0, 2, 1).reshape(-1, lanes)
    words = [sum((int(v) & ((1 << coef_w) - 1)) << (coef_w * k) for k, v in enumerate(word)) for word in groups]
    return {
        str(parameters["ROM_FILE"]): rom_text(words, lanes * coef_w),
        str(parameters["BIAS_FILE"]): rom_text(bias.tolist(), bias_w),
    }


def function(name: str, prefix: str, activation: Activation, to: FixedType) -> tuple[Parameters, dict[str, str]]:
    """Parameters <prefix>_FUNCTION, _INDEX_TYPE, _TYPE and the file of the table."""
    table = activation.table
    parameters: Parameters = {f"{prefix}_FUNCTION": 2 if table else FUNCTIONS.index(activation.function)}
    parameters |= typed(prefix, to)
    if table is None:
        return parameters, {}
    file = f"{name}_{prefix.lower()}.hex"
    parameters |= {**typed(f"{prefix}_INDEX", table.index), f"{prefix}_FILE": file}
    return parameters, {file: rom_text(table.values.values.tolist(), to.width)}


def rows(weight: Weight | None, units: int, gates: tuple[int | None, ...], size: int) -> Ints:
    """Columns of `weight`, gate by gate, as those of the unit's matrix: all of unit 0, then of unit 1; None: zeros."""
    blank = np.zeros((size, units), np.int64)
    values = blank if weight is None else weight.values.reshape(size, -1)
    parts = [blank if gate is None else values[:, gate * units : (gate + 1) * units] for gate in gates]
    return np.stack(parts, axis=-1).reshape(size, -1)


def bias_rows(weight: Weight | None, units: int, gates: tuple[int | None, ...]) -> list[tuple[Ints, int]]:
    return [] if weight is None else [(rows(weight, units, gates, 1)[0], weight.type.fraction)]


AFFINE = ("LANES", "OP_W", "COEF_W", "ACC_W", "BIAS_W", "BIAS_SHIFT", "ROM_FILE", "BIAS_FILE")
FRAME = ("N_", "UNITS", "LANES", "X_", "MEM_", "H_SHIFT", "OP_W", "COEF_W", "ACC_W", "HAS_BIAS", "BIAS_", "ROM_")


def framed(unit: Unit, cell: str, gates: int = 4) -> Unit:
    """lmu_recurrent with `cell` beside it, from the parameters of both."""
    given = unit.parameters
    frame = {key: value for key, value in given.items() if key.startswith(FRAME)} | {"GATES": gates}
    frame["H_W"] = int(given["H_TYPE"]) % 256
    units = {key: value for key, value in given.items() if key not in frame} | {
        "UNITS": given["UNITS"], "IN_W": given["ACC_W"], "IN_F": given["ACC_F"],
    }  # fmt: skip
    del units["ACC_F"]
    frame["STREAMING"] = given["STREAMING"]
    return replace(unit, module="lmu_recurrent", parameters=frame, cell=(cell, units))


def links(prefix: str, wires: str, user: bool = False) -> dict[str, str]:
    """Connections of the port `prefix` to the stream `wires` of a unit."""
    signals = ("tdata", "tvalid", "tready", "tlast", *(("tuser",) if user else ()))
    return {f"{prefix}_{signal}": f"@_{wires}_{signal}" for signal in signals}


def forked(source: str, width: int) -> tuple[str, dict[str, str], dict[str, str]]:
    """Verilog of an lmu_fork behind the stream `source` of a unit; the names of its two outputs' wires by signal."""
    outputs = [{"tdata": f"@_{source}_both", "tlast": f"@_{source}_both_last"} for _ in range(2)]
    outputs = [of | {s: f"@_{source}_{k}_{s}" for s in ("tvalid", "tready")} for k, of in enumerate(outputs)]
    first, second = outputs
    wires = f"    wire [{width}-1:0] {first['tdata']};\n" + "".join(
        f"    wire {wire};\n"
        for wire in (first["tlast"], *(of[signal] for of in outputs for signal in ("tvalid", "tready")))
    )
    ports = {"clk": "clk", "rst": "@_rst", "s_axis_tdata": f"{{@_{source}_tlast, @_{source}_tdata}}"}
    ports |= {f"s_axis_{signal}": f"@_{source}_{signal}" for signal in ("tvalid", "tready")}
    ports["m_axis_tdata"] = f"{{{first['tlast']}, {first['tdata']}}}"
    ports |= {f"m_axis_{s}": f"{{{second[s]}, {first[s]}}}" for s in ("tvalid", "tready")}
    return wires + instance("lmu_fork", {"WIDTH": width + 1, "OUTPUTS": 2}, f"@_{source}_fork", ports), first, second


def with_candidate(unit: Unit) -> Unit:
    """lmu_recurrent, lmu_gru_before and the matrix of the candidate, whose parameters end with 2, as Verilog."""
    second = {key[:-1]: value for key, value in unit.parameters.items() if key.endswith("2")}
    rest = {key: value for key, value in unit.parameters.items() if not key.endswith("2")}
    first = framed(replace(unit, parameters=rest), "lmu_gru_before", gates=2)
    assert first.cell is not None
    frame, units = first.parameters, {**first.cell[1], "IN_W2": second["ACC_W"], "IN_F2": second["ACC_F"]}
    inner_w, common = int(units["INNER_TYPE"]) % 256, {"clk": "clk", "rst": "@_rst"}
    widths = {"sum": frame["ACC_W"], "h": frame["H_W"], "inner": inner_w, "operand": second["OP_W"]}
    widths["sum2"] = second["ACC_W"]
    body = "".join(
        f"    wire [{width if signal == 'tdata' else 1}-1:0] @_{wires}_{signal};\n"
        for wires, width in widths.items()
        for signal in ("tdata", "tvalid", "tready", "tlast", "tuser")
    )
    x, x2 = (
        {signal: (unit.tied or {}).get(f"x_axis_{signal}", "") for signal in ("tdata", "tvalid", "tready", "tlast")},
    ) * 2
    if frame["N_X"]:
        text, x, x2 = forked("x_axis", int(frame["X_W"]))
        body += text
    text, mem, mem2 = forked("mem_axis", int(frame["MEM_W"]))
    body += text
    ports = {f"x_axis_{signal}": wire for signal, wire in x.items()}
    ports |= {f"mem_axis_{signal}": wire for signal, wire in mem.items()}
    ports |= links("sum_axis", "sum") | links("h_axis", "h", user=True) | links("m_axis", "m_axis", user=True)
    body += instance("lmu_recurrent", frame, "@", common | ports)
    sizes = {"N_A": frame["N_X"], "N_B": frame["N_MEM"], "N_C": units["UNITS"], "OUT_W": second["OP_W"]}
    sizes |= {"A_W": frame["X_W"], "B_W": frame["MEM_W"], "C_W": inner_w, "STREAMING": frame["STREAMING"]}
    sizes |= {f"{port}_FEEDBACK": 0 for port in "ABC"}
    sizes |= {
        f"{port}_SHIFT": second.get(f"{of}_SHIFT", 0) for port, of in zip("ABC", ("X", "MEM", "INNER"), strict=True)
    }
    ports = {f"a_axis_{signal}": wire for signal, wire in x2.items()}
    ports |= {f"b_axis_{signal}": wire for signal, wire in mem2.items()}
    ports |= links("c_axis", "inner") | links("m_axis", "operand")
    body += instance("lmu_concat", sizes, "@_concat", common | ports)
    matrix = {key: second[key] for key in AFFINE if key in second} | {"N_OUT": units["UNITS"]}
    matrix |= {"N_IN": int(frame["N_X"]) + int(frame["N_MEM"]) + int(units["UNITS"]), "HAS_BIAS": frame["HAS_BIAS"]}
    ports = links("s_axis", "operand") | links("m_axis", "sum2")
    body += instance("lmu_affine", matrix, "@_affine", common | ports)
    ports = links("s_axis", "sum") | links("inner_axis", "inner") | links("sum_axis", "sum2")
    body += instance("lmu_gru_before", units, "@_units", common | ports | links("m_axis", "h", user=True))
    return replace(unit, module="lmu_gru_before", parameters={}, body=body)


def matrix(file: str, lmu: LMU, of: Places, of_h: Places, h: tuple[str, FixedType]):
    """A matrix of a cell as `affine` gives it; rows of x and mem at `of`, those of h, or inner, at `of_h`."""
    cell, units = lmu.hidden, lmu.units
    assert isinstance(cell, LSTMCell | GRUCell)
    sources = {"X": (lmu.x, cell.kernel_x, of, lmu.n_in), h[0]: (h[1], cell.kernel_h, of_h, units)}
    sources["MEM"] = (lmu.mem, cell.kernel_mem, of, lmu.order)
    order = sorted(sources, key=lambda key: key == "INNER")  # inner comes last
    matrices = {
        key: (sources[key][0], sources[key][1].type, rows(sources[key][1], units, *sources[key][2:]))
        for key in order
        if sources[key][1] is not None
    }
    both = getattr(cell, "recurrent_bias", None)
    return affine(file, matrices, bias_rows(cell.bias, units, of) + bias_rows(both, units, of_h))


def functions(name: str, cell: LSTMCell | GRUCell) -> tuple[Parameters, dict[str, str]]:
    """Parameters and files of the functions of a cell, and the types between them."""
    every = {"GATE": (cell.gate_activation, cell.gate), "CAND": (cell.activation, cell.candidate)}
    parameters: Parameters = dict(typed("PRE", cell.pre))
    if isinstance(cell, LSTMCell):
        every["SQUASH"] = (cell.cell_activation, cell.squashed)
        parameters |= typed("CELL", cell.cell)
    else:
        parameters |= typed("INNER", cell.inner)
    roms: dict[str, str] = {}
    for prefix, (activation, to) in every.items():
        found, files = function(name, prefix, activation, to)
        parameters |= found
        roms |= files
    return parameters, roms


def gated(
    name: str, kind: str, lmu: LMU, lanes: tuple[int, int] = (1, 1), streaming: int = 0, one_table: bool = False
) -> Case:
    """The cell of `lmu` as lmu_recurrent with lmu_lstm, lmu_gru or lmu_gru_before beside it."""
    cell = lmu.hidden
    assert isinstance(cell, LSTMCell | GRUCell)
    units, n_mem, n_x = lmu.units, lmu.order, 0 if cell.kernel_x is None else lmu.n_in
    n_in = n_x + units + n_mem
    gate, cand = (2 if activation.table else 1 for activation in (cell.gate_activation, cell.activation))
    parameters: Parameters = {"N_X": n_x, "N_H": units, "N_MEM": n_mem, "UNITS": units, "STREAMING": streaming}
    parameters |= {
        "X_W": lmu.x.width if n_x else 1,
        "MEM_W": lmu.mem.width,
        **typed("H", lmu.h),
    }
    parameters |= {"LANES": lanes[0], "HAS_BIAS": int(cell.bias is not None)}
    roms: dict[str, str] = {}

    def part(file: str, of: Places, of_h: Places, h: tuple[str, FixedType], count: int):
        found, contents = matrix(file, lmu, of, of_h, h)
        roms.update(affine_files(found, contents, count))
        return found

    parameters |= part(name, *GATES[kind], ("H", lmu.h), lanes[0])
    found, files = functions(name, cell)
    parameters |= found
    roms |= files
    one = one_table and kind == "lstm"
    if one:
        parameters["ONE_TABLE"] = 1
        roms.pop(str(parameters.pop("SQUASH_FILE", "")), None)
    turn = max(n_in, lanes[0])
    kept = (lmu.h, cell.candidate)
    fraction = max(value.fraction for value in kept)
    difference = 1 + max(value.width - value.fraction + fraction for value in kept)
    more = int(max(difference, cell.gate.width) > 18 and kind != "lstm")
    if more:
        parameters["MORE"] = 1
    if kind == "gru before":
        second = part(f"{name}_2", (2,), (2,), ("INNER", cell.inner), lanes[1])
        parameters |= {"LANES2": lanes[1], **{f"{key}2": value for key, value in second.items()}}
        latency2 = (units // lanes[1] - 1) * max(n_in, lanes[1]) + lanes[1] + 12 + cand + more
        latency = (2 * units // lanes[0] - 1) * turn + lanes[0] + 11 + gate + latency2
        ii = n_mem + latency + max(2, n_x + units - latency2)
    else:
        if isinstance(cell, LSTMCell):
            inside = max(gate, cand) + (2 if cell.cell_activation.table else 1) + one
        else:
            inside = gate + cand + more
        latency = (4 * units // lanes[0] - 1) * turn + lanes[0] + 14 + inside
        ii = max(4 * units // lanes[0] * turn, n_mem + latency + 2)

    @cache  # the same phases are asked for again and again
    def seeded_phase(seed: int, lengths: tuple[int, ...]) -> Phase:
        rng = np.random.default_rng(seed)
        steps, reference = sum(lengths), Reference(lmu)
        mem, x = (
            rng.integers(type_.min_int, type_.max_int + 1, (steps, n))
            for type_, n in ((lmu.mem, n_mem), (lmu.x, lmu.n_in))
        )
        h, clipped = np.zeros((steps, units), np.int64), np.zeros((steps, units), np.int64)
        for step in range(steps):
            if not streaming and step in first_steps(lengths):
                reference.restart()
            h[step], clipped[step] = reference.step(mem[step], x[step])
        last = rng.integers(0, 2, mem.shape)  # only a step's last beat counts
        last[:, -1] = last_beats(lengths, n_mem)[:, -1]
        inputs = {"mem_axis": beats(mem, lmu.mem.width, last)}
        if n_x:
            inputs["x_axis"] = beats(x, lmu.x.width, rng.integers(0, 2, x.shape))
        return {"inputs": inputs, "outputs": {"m_axis": beats(h, lmu.h.width, last_beats(lengths, units), clipped)}}

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        return seeded_phase(int(rng.integers(1 << 30)), lengths)

    ports = [Stream("mem_axis", lmu.mem.width)] + ([Stream("x_axis", lmu.x.width)] if n_x else [])
    tied = (
        {}
        if n_x
        else {"x_axis_tdata": f"{lmu.x.width}'d0", "x_axis_tvalid": "1'b0", "x_axis_tlast": "1'b0", "x_axis_tready": ""}
    )
    unit = Unit("lmu_recurrent", parameters, tuple(ports), (Stream("m_axis", lmu.h.width, user=1),), tied=tied)
    unit = with_candidate(unit) if kind == "gru before" else framed(unit, f"lmu_{kind}")
    steps = {"inputs": {"mem_axis": n_mem}, "outputs": {"m_axis": units}}
    return Case(unit, phase, steps, latency, ii, roms)
