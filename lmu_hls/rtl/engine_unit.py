"""An LMU layer, and the Dense layer behind it, as parameters and ROM words of ``lmu_engine``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.rtl.affine import (
    Rom,
    Source,
    Sums,
    check_signed_type,
    common_fraction,
    exact_sums,
    rom_words,
    signed_width,
)
from lmu_hls.rtl.cells import Parameters, SharedCell, arriving, shared_cell
from lmu_hls.rtl.engine import EngineSizes, Head
from lmu_hls.rtl.functions import cell_latency, function_parameters, multipliers
from lmu_hls.rtl.netlist import Netlist, Order, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.spec import LMU, Dense, DenseUpdate, RecurrentLayer, Weight

MODULE = "lmu_engine"


def engine_sizes(lmu: LMU, head: Dense | None = None, last_only: bool = False) -> EngineSizes | None:
    """Those of a layer that the engine can take, with the ``head`` behind it, which may be for the ``last_only`` of a
    sequence; None for others, and where blocks of zeros are to be left out or the memory is to have no multipliers."""
    cell = shared_cell(lmu)
    if cell is None or not isinstance(lmu.update, DenseUpdate) or lmu.compression or lmu.adders:
        return None
    sizes = EngineSizes(
        n_x=lmu.n_in,
        memory_d=lmu.memory_d,
        order=lmu.order,
        units=lmu.units,
        u_bias=lmu.encoder_bias is not None,
        u_mem=lmu.encoder_mem is not None,
        u_h=lmu.encoder_h is not None,
        h_bias=cell.bias is not None,
        h_x=cell.kernel_x is not None,
        h_h=cell.kernel_h is not None,
        function=1 + cell_latency(cell.activation),
        head=None if head is None else Head(head.units, head.bias is not None, last_only),
        slopes=multipliers(cell.activation),
    )
    widths = _widths(lmu, _sections("", lmu, cell, None, head), sizes.keeps_h)
    return replace(sizes, more=more_stages(widths.operand, widths.coefficient))


def add_engine(
    net: Netlist, lmu: LMU, sizes: EngineSizes, x: Stream, streaming: bool, head: Dense | None = None
) -> Stream:
    """Put the engine of a layer behind ``x``; the stream of h, or of what the ``head`` behind it makes of that."""
    cell, name = shared_cell(lmu), lmu.name
    assert cell is not None
    where = f"layer {name!r}"
    types = {"x": lmu.x, "u": lmu.u, "mem": lmu.mem, "its pre-activation": cell.pre, "h": lmu.h}
    for tensor, fixed_type in types.items():
        check_signed_type(where, tensor, fixed_type)
    words = _words(where, lmu, cell, sizes, x.order, head)
    function, table = function_parameters(
        where, cell.activation, lmu.h, f"{name}_table", file_parameter="FUNCTION_FILE"
    )
    roms = [
        Rom(f"rom/{name}_engine.hex", sizes.lanes * words.coef_width, words.coefficients),
        Rom(f"rom/{name}_places.hex", sizes.place_width + 2, words.places),
    ]
    parameters: Parameters = {"N_X": sizes.n_x, "MEMORY_D": sizes.memory_d, "ORDER": sizes.order, "UNITS": sizes.units}
    parameters |= {"U_COLUMNS": sizes.u_columns, "H_COLUMNS": sizes.h_columns, "LANES": sizes.lanes}
    if sizes.head is not None:
        parameters |= {"N_OUT": sizes.head.rows, "OUT_COLUMNS": sizes.out_columns}
        parameters |= {"LAST_ONLY": int(sizes.head.last_only), "WAIT_OUT": sizes.wait_out}
    parameters |= {"WAIT_U": sizes.wait_u, "WAIT_MEM": sizes.wait_mem, "WAIT_H": sizes.wait_h}
    parameters |= {"KEEP_H": int(sizes.keeps_h), "ONE_SHIFT": words.one_shift, "X_W": lmu.x.width}
    parameters |= {"OP_W": words.op_width, "COEF_W": words.coef_width, "ACC_W": words.acc_width}
    parameters |= dict(zip(("U_ACC_F", "MEM_ACC_F", "H_ACC_F", "OUT_ACC_F"), words.fractions, strict=False))
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem) | typed("PRE", cell.pre) | typed("H", lmu.h) | function
    parameters |= {"STREAMING": int(streaming), "ROM_FILE": roms[0].file, "TABLE_FILE": roms[1].file}
    out, flag = output(net, lmu, head)
    ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": flag}
    inside = [("u", lmu.u, sizes.memory_d), ("mem", lmu.mem, sizes.states)]
    if head is not None:
        check_signed_type(f"layer {head.name!r}", "its output", head.out)
        parameters |= typed("OUT", head.out)
        inside.append(("h", lmu.h, lmu.units))
    ports |= seen_ports(net, name, inside, {"h": lmu.h.width})
    net.rom(*roms, *table)
    layers = f"Layer {name}: x -> u, mem, h" if head is None else f"Layers {name} and {head.name}: x -> u, mem, h, out"
    net.add(MODULE, f"{name}_engine", parameters, ports, f"{layers}, one after another")
    return out


def seen_ports(
    net: Netlist, name: str, inside: Sequence[tuple[str, FixedType, int]], widths: Mapping[str, int]
) -> dict[str, str]:
    """The outputs of the tensors ``inside`` a layer, so many values of a type each: for whom they concern; those of the
    other tensors of ``widths`` bits nobody reads."""
    ports: dict[str, str] = {}

    def unread(tensor: str, signals: Mapping[str, int]) -> None:
        for signal, width in signals.items():
            port = f"{tensor}_axis_{signal}"
            ports[port] = net.wire(f"unused_{name}_{port}", width)

    for tensor, fixed_type, count in inside:
        seen = net.tap(name, name, tensor, fixed_type, count, None, last=False)
        ports |= seen.ports(f"{tensor}_axis", last=False)
        unread(tensor, {"tlast": 1})
        ports[f"{tensor}_axis_tuser"] = net.clipped(name, name, tensor, seen)
    there = [tensor for tensor, _, _ in inside]
    for tensor, width in widths.items():
        if tensor not in there:
            unread(tensor, {"tdata": width, "tvalid": 1, "tready": 1, "tlast": 1, "tuser": 1})
    return ports


def output(net: Netlist, lmu: RecurrentLayer, head: Dense | None) -> tuple[Stream, str]:
    """What comes out, and the wire of its flag."""
    if head is None:
        h = net.tap(lmu.name, lmu.name, "h", lmu.h, lmu.units, None)
        return h, net.clipped(lmu.name, lmu.name, "h", h)
    out = net.stream(f"{head.name}_out", head.out, head.units)
    return out, net.clipped(head.name, head.name, "out", out)


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    coefficients: tuple[int, ...]
    places: tuple[int, ...]
    one_shift: int
    op_width: int
    coef_width: int
    acc_width: int
    fractions: tuple[int, ...]


def _words(
    where: str, lmu: LMU, cell: SharedCell, sizes: EngineSizes, x_order: Order | None, head: Dense | None
) -> _Words:
    """Contents of both ROMs, and the widths that go with them."""
    sections = _sections(where, lmu, cell, x_order, head)
    sums = [exact_sums(each.where, each.sources, [each.bias], False) for each in sections]
    widths = _widths(lmu, sections, sizes.keeps_h)
    matrices = [with_bias(each, widths.one_shift) for each in sums]
    groups = [rom_words(whole_groups(matrix, sizes.lanes), sizes.lanes, widths.coefficient) for matrix in matrices]
    counts = [-(-matrix.shape[0] // sizes.lanes) * matrix.shape[1] for matrix in matrices]
    bound = max(each.bound for each in sums)
    return _Words(
        coefficients=tuple(word for own, count in zip(groups, counts, strict=True) for word in own[:count]),
        places=operand_places(sizes),
        one_shift=widths.one_shift,
        op_width=widths.operand,
        coef_width=widths.coefficient,
        acc_width=max(bound.bit_length() + 1, widths.operand + widths.coefficient),
        fractions=tuple(each.fraction for each in sums),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Section:
    """Rows that follow one another: what they read, in the order of the columns, and their bias."""

    where: str
    sources: list[Source]
    bias: Weight | None = None


@dataclass(frozen=True, slots=True)
class _Widths:
    """Bits of an operand and of a coefficient; a bias meets 2**one_shift."""

    operand: int
    coefficient: int
    one_shift: int


def _widths(lmu: LMU, sections: Sequence[_Section], keeps_h: bool) -> _Widths:
    """The widest operand, and the coefficients that are lifted furthest."""
    operand = max(lmu.x.width, lmu.u.width, lmu.mem.width, lmu.h.width if keeps_h else 1, 2)
    lifted: list[tuple[Weight, int]] = []
    biases: list[tuple[Weight, int]] = []
    for each in sections:
        fraction, lifts = common_fraction(each.sources, [] if each.bias is None else [each.bias])
        lifted += zip([source.kernel for source in each.sources], lifts, strict=True)
        biases += [] if each.bias is None else [(each.bias, fraction - each.bias.type.fraction)]
    one_shift = max(0, min([operand - 2, *(shift for _, shift in biases)]))
    lifted += [(bias, shift - one_shift) for bias, shift in biases]
    ends = [int(end) << lift for weight, lift in lifted for end in (weight.values.min(), weight.values.max())]
    return _Widths(operand, signed_width(ends), one_shift)


def _sections(
    where: str, lmu: LMU, cell: SharedCell, x_order: Order | None, head: Dense | None
) -> tuple[_Section, ...]:
    """u, a channel of mem, the pre-activation, and what is behind it."""
    assert isinstance(lmu.update, DenseUpdate)

    def source(tensor: str, fixed_type: FixedType, kernel: Weight | None) -> list[Source]:
        return [] if kernel is None else [Source(tensor, fixed_type, kernel)]

    encoder = source("x", lmu.x, arriving(lmu.encoder_x, x_order)) + source("mem", lmu.mem, lmu.encoder_mem)
    kernel_x = cell.kernel_x and arriving(cell.kernel_x, x_order)
    hidden = source("x", lmu.x, kernel_x) + source("h", lmu.h, cell.kernel_h) + source("mem", lmu.mem, cell.kernel_mem)
    behind = () if head is None else (_Section(f"layer {head.name!r}", [Source("x", head.x, head.kernel)], head.bias),)
    return (
        _Section(f"{where}: encoder", encoder + source("h", lmu.h, lmu.encoder_h), lmu.encoder_bias),
        _Section(f"{where}: memory", memory_sources(lmu, lmu.update)),
        _Section(f"{where}: hidden cell", hidden, cell.bias),
        *behind,
    )


def memory_sources(lmu: LMU, update: DenseUpdate) -> list[Source]:
    """What goes into the next states of a channel: its states, and its u."""
    a, b = update.a, update.b
    return [
        Source("mem", lmu.mem, Weight(a.values.T, a.type)),
        Source("u", lmu.u, Weight(b.values[np.newaxis], b.type)),
    ]


def with_bias(sums: Sums, one_shift: int) -> Ints:
    """The matrix, with a first column that meets 2**one_shift."""
    if not sums.biased:
        return sums.matrix.astype(object)
    column = np.array([int(b) << sums.bias_shift - one_shift for b in sums.bias], object)
    return np.concatenate([column[:, np.newaxis], sums.matrix.astype(object)], axis=1)


def whole_groups(matrix: Ints, lanes: int) -> Ints:
    """With rows of zeros at the end."""
    return np.pad(matrix, ((0, -matrix.shape[0] % lanes), (0, 0)))


def operand_places(sizes: EngineSizes) -> tuple[int, ...]:
    """Where the operand of each column stands; a bit above its place for one of the step before, and for a constant."""
    width = sizes.place_width
    u, mem, old, one = sizes.n_x, sizes.n_x + sizes.memory_d, 1 << width, 2 << width
    h = mem + sizes.states

    def values(first: int, count: int, there: bool = True, when: int = 0) -> Sequence[int]:
        return range(when | first, (when | first) + count) if there else ()

    encoder = [*values(0, sizes.n_x), *values(mem, sizes.states, sizes.u_mem, old)]
    encoder += values(h, sizes.units, sizes.u_h, old)
    memory = [
        place
        for channel in range(sizes.memory_d)
        for place in (*values(mem + channel * sizes.order, sizes.order, when=old), u + channel)
    ]
    hidden = [*values(0, sizes.n_x, sizes.h_x), *values(h, sizes.units, sizes.h_h, old), *values(mem, sizes.states)]
    behind: Sequence[int] = ()
    if sizes.head is not None:
        behind = (*[one] * sizes.head.bias, *values(h, sizes.units))
    return (*[one] * sizes.u_bias, *encoder, *memory, *[one] * sizes.h_bias, *hidden, *behind)
