"""Configurations of encoder, dense layer and hidden cells with one function, and their outputs by the definitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.rtl.packed import typed
from tests.support.hdl.core_grid import (
    Case,
    Phase,
    Source,
    affine_parts,
    concat_reference,
    first_steps,
    last_beats,
    signed,
)
from tests.support.hdl.stream_grid import Stream, Unit, beats, rom_text

ACC_F = 9
COEF_W = 6


def assign(values: Ints, fraction: int, to: FixedType) -> tuple[Ints, Ints]:
    """Values assigned to a type, and where they did not fit."""
    wide = requantize(values, fraction, FixedType(62, 62 - to.fraction, True, to.rounding, "WRAP"))
    return requantize(values, fraction, to), (wide < to.min_int) | (wide > to.max_int)


def dense(name: str, n_in: int, n_out: int, lanes: int, out: str = "fixed<6,3,RND_CONV,SAT>", bias_w: int = 7) -> Case:
    kind = FixedType.parse(out)
    parameters, function, roms = affine_parts(name, n_in, n_out, lanes, (7, COEF_W), bias_w, 3)
    parameters |= {"IN_W": 7, "ACC_F": ACC_F, **typed("OUT", kind)}

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        x = signed(rng, (sum(lengths), n_in), 7)
        values, clipped = assign(function(x), ACC_F, kind)
        given = beats(values, kind.width, last_beats(lengths, n_out), clipped)
        return {"inputs": {"s_axis": beats(x, 7, last_beats(lengths, n_in))}, "outputs": {"m_axis": given}}

    ports = ((Stream("s_axis", 7),), (Stream("m_axis", kind.width, user=1),))
    steps = {"inputs": {"s_axis": n_in}, "outputs": {"m_axis": n_out}}
    turn = max(n_in, lanes)
    latency = (n_out // lanes - 1) * turn + lanes + 9
    return Case(Unit("lmu_dense", parameters, *ports), phase, steps, latency, n_out // lanes * turn, roms)


def sizes(sources: dict[str, Source]) -> tuple[dict[str, int | str], dict[str, str], int]:
    """Parameters of the sources, the ports that are tied off, and the operand's width."""
    parameters: dict[str, int | str] = {}
    tied = {}
    for name, source in sources.items():
        key = name.upper()
        parameters |= {f"N_{key}": source.n, f"{key}_W": source.width, f"{key}_SHIFT": source.shift}
        if not source.n:
            tied |= {f"{name}_axis_{signal}": "1'b0" for signal in ("tdata", "tvalid", "tlast")}
            tied[f"{name}_axis_tready"] = ""
    return parameters, tied, max(source.width + source.shift for source in sources.values())


def encoder(
    name: str,
    x: Source,
    mem: Source,
    h: Source,
    memory_d: int,
    lanes: int,
    u: str = "fixed<8,3,RND_CONV,SAT>",
    streaming: int = 0,
    bias_w: int = 7,
) -> Case:
    kind = FixedType.parse(u)
    sources = {"x": x, "mem": mem, "h": h}
    present = [key for key, source in sources.items() if source.n]
    n_in = x.n + mem.n + h.n
    parameters, tied, op_w = sizes(sources)
    affine, function, roms = affine_parts(name, n_in, memory_d, lanes, (op_w, COEF_W), bias_w, 3)
    parameters |= {key: value for key, value in affine.items() if key not in ("N_IN", "N_OUT")}
    parameters |= {"MEMORY_D": memory_d, "OP_W": op_w, "ACC_F": ACC_F, "STREAMING": streaming} | typed("U", kind)

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        inputs, operands = concat_reference(sources, streaming, rng, lengths)
        values, clipped = assign(function(operands), ACC_F, kind)
        given = beats(values, kind.width, last_beats(lengths, memory_d), clipped)
        return {"inputs": inputs, "outputs": {"m_axis": given}}

    ports = (
        tuple(Stream(f"{key}_axis", sources[key].width) for key in present),
        (Stream("m_axis", kind.width, user=1),),
    )
    steps = {"inputs": {"x_axis": x.n}, "outputs": {"m_axis": memory_d}}
    turn = max(n_in, lanes)
    latency = mem.n + h.n + (memory_d // lanes - 1) * turn + lanes + 9
    unit = Unit("lmu_encoder", parameters, *ports, tied=tied)
    return Case(unit, phase, steps, latency, memory_d // lanes * turn, roms)


def table_of(index: FixedType, out: FixedType) -> Callable[[Ints], Ints]:
    """Some function of an index: entries of the output's type."""
    entries = signed(np.random.default_rng(index.width), (1 << index.width,), out.width)
    return lambda values: entries[values - index.min_int]


def hidden(
    name: str,
    x: Source,
    mem: Source,
    units: int,
    lanes: int,
    function: int,
    recurrent: int,
    h: str = "fixed<7,3,RND_CONV,SAT>",
    streaming: int = 0,
) -> Case:
    kind, pre = FixedType.parse(h), FixedType.parse("fixed<9,4,RND,SAT>")
    index = FixedType.parse("fixed<6,3,RND_CONV,SAT>")
    old = Source(units if recurrent else 0, kind.width, 1, 1)
    sources = {"x": x, "h": old, "mem": mem}
    n_in = x.n + old.n + mem.n
    parameters, tied, op_w = sizes(sources)
    tied = {port: wire for port, wire in tied.items() if not port.startswith("h_")}
    affine, sums, roms = affine_parts(name, n_in, units, lanes, (op_w, COEF_W), 6, 3)
    parameters |= {key: value for key, value in affine.items() if key not in ("N_IN", "N_OUT")}
    parameters |= {"UNITS": units, "GATES": 1, "OP_W": op_w, "STREAMING": streaming, "H_W": kind.width}
    cell: dict[str, int | str] = {"IN_W": parameters["ACC_W"], "IN_F": ACC_F, "FUNCTION": function}
    cell |= {**typed("PRE", pre), **typed("INDEX", index), **typed("OUT", kind)}
    table = table_of(index, kind)
    if function == 2:
        cell["TABLE_FILE"] = f"{name}_table.hex"
        entries = table(np.arange(index.min_int, index.max_int + 1)).tolist()
        roms[f"{name}_table.hex"] = rom_text(entries, kind.width)

    def activation(values: Ints) -> tuple[Ints, Ints]:
        before, clipped = assign(values, ACC_F, pre)
        if function == 2:
            return table(requantize(before, pre.fraction, index)), clipped
        after, clipped_after = assign(np.maximum(before, 0) if function else before, pre.fraction, kind)
        return after, clipped | clipped_after

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        live = {"x": x, "h": Source(0), "mem": mem}
        inputs, operands = concat_reference(live, streaming, rng, lengths)
        state = np.zeros(old.n, np.int64)
        given, flags = [], []
        fresh = [0] if streaming else first_steps(lengths).tolist()
        for step, row in enumerate(operands):
            state = np.zeros_like(state) if step in fresh else state
            vector = np.concatenate([row[: x.n], state << old.shift, row[x.n :]])
            values, clipped = activation(sums(vector[None]))
            state = values[0] if recurrent else state
            given.append(values[0])
            flags.append(clipped[0])
        last = last_beats(lengths, units)
        return {"inputs": inputs, "outputs": {"m_axis": beats(np.array(given), kind.width, last, np.array(flags))}}

    present = [key for key in ("x", "mem") if sources[key].n]
    ports = (
        tuple(Stream(f"{key}_axis", sources[key].width) for key in present),
        (Stream("m_axis", kind.width, user=1),),
    )
    steps = {"inputs": {f"{key}_axis": sources[key].n for key in present}, "outputs": {"m_axis": units}}
    turn, groups = max(n_in, lanes), units // lanes
    latency = (groups - 1) * turn + lanes + 9
    ii = (groups - 1) * n_in + max(x.n + units, lanes + 11) + mem.n if recurrent else groups * turn
    unit = Unit("lmu_recurrent", parameters, *ports, tied=tied, cell=("lmu_activation", cell))
    return Case(unit, phase, steps, latency, ii, roms)
