"""A layer with an LSTM or GRU cell as parameters and ROM words of ``lmu_engine_gated``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import (
    Rom,
    check_bound,
    check_signed_type,
    padded,
    rom_words,
    signed_width,
)
from lmu_hls.rtl.cells import GatedCell, Parameters, gated_cell
from lmu_hls.rtl.engine import Head
from lmu_hls.rtl.engine_unit import output, seen_ports, whole_groups
from lmu_hls.rtl.functions import cell_latency, function_parameters, multipliers
from lmu_hls.rtl.gated import CAND, CELL, GATE, MEM, OUT, SQUASH, Column, GatedSizes, H, U
from lmu_hls.rtl.gated_rows import Rows, section_rows
from lmu_hls.rtl.netlist import Netlist, Order, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.spec import LMU, Dense, DenseUpdate, Recurrent, RecurrentLayer

T = TypeVar("T")

MODULE = "lmu_engine_gated"
FRACTIONS = {U: "U", MEM: "MEM", GATE: "PRE", CAND: "PRE", CELL: "CELL", SQUASH: "CELL", H: "H", OUT: "OUT"}


def gated_sizes(layer: RecurrentLayer, head: Dense | None = None, last_only: bool = False) -> GatedSizes | None:
    """Those of a layer that the engine can take, with the ``head`` behind it, which may be for the ``last_only`` of a
    sequence; None for others, and where blocks of zeros are to be left out or the memory is to have no multipliers."""
    cell = gated_cell(layer)
    if cell is None or layer.compression or not (isinstance(layer, Recurrent) or _dense_memory(layer)):
        return None
    functions = [each for each in (cell.gate_activation, cell.activation, cell.cell_activation) if each is not None]
    memory = (layer.memory_d, layer.order) if isinstance(layer, LMU) else (0, 0)
    encoder = layer if isinstance(layer, LMU) else None
    sizes = GatedSizes(
        n_x=layer.n_in,
        memory_d=memory[0],
        order=memory[1],
        units=layer.units,
        cell=cell.kind,
        u_bias=encoder is not None and encoder.encoder_bias is not None,
        u_mem=encoder is not None and encoder.encoder_mem is not None,
        u_h=encoder is not None and encoder.encoder_h is not None,
        h_bias=bool(cell.candidates.biases),
        recurrent_bias=cell.inner is not None and bool(cell.inner.biases),
        h_x=cell.gates.kernel_x is not None,
        function=max(map(cell_latency, functions)),
        slopes=multipliers(*functions),
        zero_shift=1 if cell.cell.fraction >= cell.candidate.fraction else 2,
        head=None if head is None else Head(head.units, head.bias is not None, last_only),
    )
    try:
        coefficients = _coefficients("", layer, cell, sizes, None, head)
    except LmuHlsError:  # said by the parts side by side
        return None
    return replace(sizes, more=more_stages(coefficients.op_width, coefficients.width))


def _dense_memory(layer: RecurrentLayer) -> bool:
    return isinstance(layer, LMU) and isinstance(layer.update, DenseUpdate) and not layer.adders


def add_gated(
    net: Netlist, layer: RecurrentLayer, sizes: GatedSizes, x: Stream, streaming: bool, head: Dense | None = None
) -> Stream:
    """Put the engine of a layer behind ``x``; the stream of h, or of what the ``head`` behind it makes of that."""
    cell, name = gated_cell(layer), layer.name
    assert cell is not None
    where = f"layer {name!r}"
    types = {"x": layer.x, "h": layer.h, "pre": cell.pre, "cell": cell.cell}
    types |= {"u": layer.u, "mem": layer.mem} if isinstance(layer, LMU) else {}
    for tensor, fixed_type in types.items():
        check_signed_type(where, tensor, fixed_type)
    coefficients = _coefficients(where, layer, cell, sizes, x.order, head)
    words = _words(sizes, coefficients)
    program = _program_words(sizes, words)
    roms = [
        Rom(f"rom/{name}_engine.hex", sizes.lanes * coefficients.width, words.coefficients),
        Rom(f"rom/{name}_program.hex", program.section_width, padded(program.sections, program.section_width)),
        Rom(f"rom/{name}_places.hex", program.column_width, padded(program.columns, program.column_width)),
    ]
    parameters: Parameters = {"N_X": sizes.n_x, "VALUES": sizes.places[""], "GATES": sizes.gates}
    parameters |= {"SECTIONS": len(sizes.sections), "COLUMNS": len(roms[2].words), "WORDS": len(roms[0].words)}
    parameters |= {"MOST_COLUMNS": program.most_columns, "MOST_GROUPS": program.most_groups}
    parameters |= {"MOST_WAIT": program.most_wait, "LANES": sizes.lanes, "ONE_SHIFT": coefficients.one_shift}
    parameters |= {f"SHIFT{k + 1}": shift for k, shift in enumerate(coefficients.shifts)}
    parameters |= {"X_W": layer.x.width, "OP_W": coefficients.op_width, "COEF_W": coefficients.width}
    parameters |= {"ACC_W": max(coefficients.bound.bit_length() + 1, coefficients.op_width + coefficients.width)}
    for section, rows in zip(sizes.sections, _of_sections(sizes, coefficients.rows), strict=True):
        parameters[f"{FRACTIONS[section.kind]}_ACC_F"] = rows.fraction
    parameters |= typed("PRE", cell.pre) | typed("CELL", cell.cell) | typed("H", layer.h)
    functions = [("GATE", cell.gate_activation, cell.gate), ("CAND", cell.activation, cell.candidate)]
    if cell.cell_activation is not None and cell.squashed is not None:
        functions.append(("SQUASH", cell.cell_activation, cell.squashed))
    for prefix, activation, to in functions:
        of, tables = function_parameters(
            where, activation, to, f"{name}_{prefix.lower()}", f"{prefix}_", f"{prefix}_FILE"
        )
        parameters |= of | typed(prefix, to)
        roms += tables
    parameters |= {"HAS_SQUASH": int(cell.cell_activation is not None), "HAS_OUT": int(head is not None)}
    parameters |= {"STREAMING": int(streaming), "ROM_FILE": roms[0].file}
    parameters |= {"PROGRAM_FILE": roms[1].file, "TABLE_FILE": roms[2].file}
    out, flag = output(net, layer, head)
    ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": flag}
    inside: list[tuple[str, FixedType, int]] = []
    if isinstance(layer, LMU):
        inside += [("u", layer.u, layer.memory_d), ("mem", layer.mem, sizes.states)]
        parameters |= typed("U", layer.u) | typed("MEM", layer.mem)
    if head is not None:
        check_signed_type(f"layer {head.name!r}", "its output", head.out)
        parameters |= typed("OUT", head.out)
        inside.append(("h", layer.h, layer.units))
    # Those of the module where a layer has no u and mem
    ports |= seen_ports(net, name, inside, {"u": 16, "mem": 16, "h": layer.h.width})
    net.rom(*roms)
    layers = f"Layer {name}: x -> h" if head is None else f"Layers {name} and {head.name}: x -> h, out"
    net.add(MODULE, f"{name}_engine", parameters, dict(sorted(ports.items())), f"{layers}, one sum after another")
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Coefficients:
    """Those of the ``rows`` as ``matrices`` of values of ``width`` bits, which meet operands of ``op_width``; a bias
    meets 2**one_shift, and the sums are ``bound`` or less."""

    shifts: tuple[int, int, int]
    rows: list[Rows]
    matrices: list[NDArray[np.object_]]
    one_shift: int
    op_width: int
    width: int
    bound: int


def _coefficients(
    where: str, layer: RecurrentLayer, cell: GatedCell, sizes: GatedSizes, x_order: Order | None, head: Dense | None
) -> _Coefficients:
    """Raises LmuHlsError for what leaves the contract."""
    shifts, rows = section_rows(where, layer, cell, x_order, head)
    kept = [layer.x, layer.h, cell.candidate, cell.cell, *([] if cell.squashed is None else [cell.squashed])]
    kept += [layer.u, layer.mem] if isinstance(layer, LMU) else []
    operand = max(2, *(each.width for each in kept))
    biased = [each.bias_shift for each in rows if each.bias is not None]
    one_shift = max(0, min([operand - 2, *biased]))
    matrices = [each.with_bias(one_shift) for each in rows]
    used = {column.factor for section in sizes.sections for column in section.columns} - {0}
    widths = [signed_width([matrix.min(), matrix.max()]) for matrix in matrices if matrix.size]
    width = max(*widths, *(cell.gate.width + shifts[factor - 1] for factor in used))
    bound = max(each.bound for each in rows)
    check_bound(where, bound)
    return _Coefficients(shifts, rows, matrices, one_shift, operand, width, bound)


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    coefficients: tuple[int, ...]
    starts: tuple[int, ...]  # of the sections


def _words(sizes: GatedSizes, coefficients: _Coefficients) -> _Words:
    """The coefficients as words of a ROM, section after section."""
    words: list[int] = []
    starts: list[int] = []
    channels = 0
    for section, matrix in zip(sizes.sections, _of_sections(sizes, coefficients.matrices), strict=True):
        if section.kind == MEM and channels:
            starts.append(starts[-1])
        else:
            starts.append(len(words))
            blank = [column.factor != 0 for column in section.columns]
            full = np.zeros((1 if section.same else section.rows, len(section.columns)), object)
            full[:, np.logical_not(blank)] = matrix[section.first :][: len(full)]
            own = rom_words(whole_groups(full, sizes.lanes), sizes.lanes, coefficients.width)
            words += own[: -(-len(full) // sizes.lanes) * full.shape[1]]
        channels += section.kind == MEM
    return _Words(tuple(words), tuple(starts))


def _of_sections(sizes: GatedSizes, each: Sequence[T]) -> list[T]:
    """One for each section: all channels of the memory have the same, and so have rows that go on."""
    found: list[T] = []
    rows, before = iter(each), None
    for section in sizes.sections:
        goes_on = section.first > 0 or section.kind == before == MEM
        found.append(found[-1] if goes_on else next(rows))
        before = section.kind
    return found


@dataclass(frozen=True, slots=True)
class _Program:
    sections: tuple[int, ...]
    columns: tuple[int, ...]
    section_width: int
    column_width: int
    most_columns: int
    most_groups: int
    most_wait: int


def _program_words(sizes: GatedSizes, words: _Words) -> _Program:
    """The contents of both ROMs, as the header of the module says."""
    place_width, gate_width = (sizes.places[""] - 1).bit_length(), max(1, (sizes.gates - 1).bit_length())
    lane_width = max(1, (sizes.lanes - 1).bit_length())
    columns: list[int] = []
    starts: dict[tuple[object, ...], int] = {}
    for section in sizes.sections:  # sections with the same columns have them once
        if section.columns not in starts:
            starts[section.columns] = len(columns)
            columns += [_column(column, place_width, gate_width) for column in section.columns]
    most_columns, most_groups, most_wait = (
        max(each) for each in zip(*((len(own.columns), own.groups, own.wait) for own in sizes.sections), strict=True)
    )
    fields = [3, 1, 1, 1, lane_width, lane_width, (most_wait + 1).bit_length(), most_columns.bit_length()]
    fields += [
        most_groups.bit_length(),
        (max(2, len(columns)) - 1).bit_length(),
        (len(words.coefficients) - 1).bit_length(),
    ]
    sections = []
    for number, (section, start) in enumerate(zip(sizes.sections, words.starts, strict=True)):
        ends, ends_early = _end(sizes, number)
        values = [section.kind, ends, ends_early, section.same, section.together - 1, section.last - 1, section.wait]
        values += [len(section.columns) - 1, section.groups - 1, starts[section.columns], start]
        sections.append(_packed(values, fields))
    return _Program(
        sections=tuple(sections),
        columns=tuple(columns),
        section_width=sum(fields),
        column_width=place_width + 6 + gate_width + lane_width,
        most_columns=most_columns,
        most_groups=most_groups,
        most_wait=most_wait,
    )


def _end(sizes: GatedSizes, number: int) -> tuple[bool, bool]:
    """Whether a step ends with a section, and whether it does so but for the last one of a sequence."""
    last = len(sizes.sections) - 1
    return number == last, number == last - 1 and sizes.head is not None and sizes.head.last_only


def _column(column: Column, place_width: int, gate_width: int) -> int:
    values = [column.place or 0, column.old, column.place is None, column.counts, column.told, column.factor]
    values += [column.gate, column.lane]
    return _packed(values, [place_width, 1, 1, 1, 1, 2, gate_width, 30])


def _packed(values: Sequence[int], widths: Sequence[int]) -> int:
    """The first one lowest."""
    word, at = 0, 0
    for value, width in zip(values, widths, strict=True):
        assert 0 <= value < 1 << width
        word |= int(value) << at
        at += width
    return word
