"""Layers whose streams carry a whole vector a beat, for fewer cycles a step than a step has values, down to one.

All rows of a matrix are worked on at once, and so many columns a cycle that the layer takes the cycles that are asked
for: ``lmu_matvec`` behind ``lmu_join``, and ``lmu_activations``; ``lmu_memory_parallel`` is the memory. A layer with
feedback takes one way round as its cycles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from lmu_hls.fixed import FixedType
from lmu_hls.records import PartPlan
from lmu_hls.rtl.affine import Source, check_signed_type, make_affine
from lmu_hls.rtl.cells import HIDDEN, CellSizes, Lanes, Parameters, arriving, cell_sizes, hidden_cell
from lmu_hls.rtl.cells.instances import absent, link, link_ports
from lmu_hls.rtl.cycles import QUEUE, ROUND, Beats, Pace
from lmu_hls.rtl.dense import parallel_memory
from lmu_hls.rtl.functions import function_parameters, latency
from lmu_hls.rtl.matrix import Columns, WholeMatrix, turns_of
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.search import Search, exact_search
from lmu_hls.rtl.sizes import ENCODER, MEMORY, LMUSizes, lmu_sizes
from lmu_hls.rtl.unit import widths
from lmu_hls.spec import LMU, Dense, DenseCell, DenseUpdate, Elementwise, Recurrent, RecurrentLayer

DENSE, FUNCTIONS = "dense", "functions"
ROUNDS = 8  # steps after which the cycles from step to step have settled
MOST_REGISTERS = 2  # PIPELINE of lmu_memory_parallel


class Parallel(ABC):
    """A layer in this form: what a stage tells the network, with :class:`Columns` in the place of lanes."""

    @property
    def search(self) -> Search | None:
        """The choices of columns; None without multiplications: such a layer is so where what it reads is."""
        return None

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        """Its parts."""
        return ()

    @property
    def product_multipliers(self) -> int:
        """The multipliers beside those of the parts."""
        return 0

    @abstractmethod
    def pace(self, count: int, lanes: Lanes) -> Pace: ...

    @abstractmethod
    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """Its instances behind ``x``, whose beats are whole vectors, and the stream of its output, likewise."""

    def join(self, net: Netlist, xs: tuple[Stream, ...], lanes: Lanes, streaming: bool) -> Stream:
        """As :meth:`add`: such a layer has one input."""
        (x,) = xs
        return self.add(net, x, lanes, streaming)


@dataclass(frozen=True, slots=True)
class ParallelMemory:
    """``lmu_memory_parallel``. The more turns it takes, the more registers can be on the way from state to state."""

    order: int
    memory_d: int
    at_once: int

    @property
    def turns(self) -> int:
        return -(-(self.order + 1) // self.at_once)

    @property
    def pipeline(self) -> int:
        return min(self.turns - 1, MOST_REGISTERS)

    @property
    def cycles(self) -> int:
        """Cycles a step, and from u to the states."""
        return self.turns + self.pipeline

    @property
    def multipliers(self) -> int:
        return self.memory_d * self.order * self.at_once

    @property
    def macs(self) -> int:
        return self.memory_d * self.order * (self.order + 1)


class ParallelElementwise(Parallel):
    """An activation as a layer."""

    def __init__(self, layer: Elementwise) -> None:
        self.layer = layer

    def pace(self, count: int, lanes: Lanes) -> Pace:
        after = latency(self.layer.activation)
        return Pace(1, {FUNCTIONS: ("1", 1)}, lambda beats: [beat + after for beat in beats])

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.layer.name
        function, roms = function_parameters(f"layer {name!r}", layer.activation, layer.out, f"{name}_table")
        net.rom(*roms)
        parameters: Parameters = {
            **widths("IN", layer.x),
            **typed("PRE", layer.x),
            **function,
            **typed("OUT", layer.out),
        }
        out = net.stream(f"{name}_out", layer.out, x.count, x.order, together=x.count)
        wires = {"tdata": x.data, "tvalid": x.valid, "tready": x.ready, "tlast": x.last}
        _add_functions(net, name, wires, x.count, parameters, out, net.clipped(name, name, "out", out))
        return out


class ParallelDense(Parallel):
    """A Dense layer."""

    def __init__(self, layer: Dense) -> None:
        self.layer = layer

    def _matrix(self, at_once: int) -> WholeMatrix:
        columns, rows = self.layer.kernel.shape
        return WholeMatrix(columns, rows, at_once)

    @property
    def search(self) -> Search:
        columns, rows = self.layer.kernel.shape
        return _matrix_search(columns, rows)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        return (_part(DENSE, self._matrix(lanes[DENSE])),)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        matrix = self._matrix(lanes[DENSE])

        def respond(beats: Beats) -> Beats:
            return [beat + matrix.latency + ROUND for beat in beats]

        return Pace(matrix.cycles, {DENSE: (matrix.formula, matrix.cycles)}, respond)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.layer.name
        where = f"layer {name!r}"
        check_signed_type(where, "its output", layer.out)
        source = Source("x", layer.x, arriving(layer.kernel, x.order))
        affine = make_affine(where, name, [source], [layer.bias], self._matrix(lanes[DENSE]))
        net.rom(*affine.roms)
        parameters = {"HAS_BIAS": int(affine.bias_rom is not None), **affine.parameters()}
        sums = _add_sums(net, name, f"Layer {name}: dense", [Operand("x", x)], layer.units, parameters, streaming)
        out = net.stream(f"{name}_out", layer.out, layer.units, together=layer.units)
        flag = net.clipped(name, name, "out", out)
        _add_functions(
            net, name, sums, layer.units, _assigned(affine.acc_width, affine.acc_fraction, layer.out), out, flag
        )
        return out


class ParallelLMU(Parallel):
    """An LMU with a dense memory, and no hidden cell or one without gates."""

    def __init__(self, layer: LMU) -> None:
        self.layer, self.sizes = layer, lmu_sizes(layer)

    @classmethod
    def where_possible(cls, layer: LMU) -> ParallelLMU | None:
        """None for a layer that has no such form."""
        plain = layer.hidden is None or isinstance(layer.hidden, DenseCell)
        return cls(layer) if plain and isinstance(layer.update, DenseUpdate) and not layer.adders else None

    @property
    def search(self) -> Search:
        return _lmu_search(self.sizes)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        units = _units(self.sizes, lanes)
        memory = units.memory
        parts = [
            _part(ENCODER, units.encoder),
            PartPlan(MEMORY, memory.macs, memory.at_once, memory.multipliers, memory.cycles),
        ]
        return (*parts, *([_part(HIDDEN, units.hidden)] if units.hidden else []))

    @property
    def product_multipliers(self) -> int:
        cell = self.sizes.cell
        return cell.form.products * cell.units if cell is not None else 0

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return _pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        lmu, name, sizes = self.layer, self.layer.name, self.sizes
        uses_x = sizes.cell is not None and sizes.cell.n_x > 0
        x_encoder, *x_hidden = net.fork(x, f"{name}_x", ["encoder", "hidden"] if uses_x else ["encoder"])
        back, states = dict[str, Stream](), lmu.memory_d * lmu.order
        if sizes.mem_back:
            back["mem"] = net.stream(f"{name}_old_mem", lmu.mem, states, together=states)
        if sizes.h_back:
            back["h"] = net.stream(f"{name}_old_h", lmu.h, lmu.units, together=lmu.units)
        u = self._encoder(net, x_encoder, back, lanes, streaming)
        mem = self._memory(net, u, lanes, streaming)
        to_hidden, *to_encoder = net.fork(mem, f"{name}_mem", ["hidden", *(["encoder"] if sizes.mem_back else [])])
        if to_encoder:
            net.fifo(to_encoder[0], f"{name}_old_mem", 1, "mem of the step before, for the encoder", back["mem"])
        if x_hidden:
            depth = _ahead(sizes, lanes)
            x_hidden = [net.fifo(x_hidden[0], f"{name}_wait_x", depth, "x waits for the memory")]
        own = {}
        if sizes.cell is not None and sizes.cell.recurrent:
            own["own"] = net.stream(f"{name}_own_h", lmu.h, lmu.units, together=lmu.units)
        h = self._hidden(net, x_hidden, to_hidden, own, lanes, streaming)
        readers = {"encoder": back["h"]} if sizes.h_back else {}
        out, *copies = net.fork(h, f"{name}_h", ["out", *own, *readers])
        for (reader, stream), copy in zip((own | readers).items(), copies, strict=True):
            about = f"h of the step before, for the {'encoder' if reader == 'encoder' else 'hidden cell'}"
            net.fifo(copy, stream.data.removesuffix("_tdata"), 1, about, stream)
        return out

    def _encoder(self, net: Netlist, x: Stream, back: Mapping[str, Stream], lanes: Lanes, streaming: bool) -> Stream:
        lmu, name = self.layer, self.layer.name
        where = f"layer {name!r}: encoder"
        check_signed_type(where, "u", lmu.u)
        kernels = {"x": lmu.encoder_x, "mem": lmu.encoder_mem, "h": lmu.encoder_h}
        operands = [Operand("x", x), *(Operand(tensor, stream, feedback=True) for tensor, stream in back.items())]
        sources = [
            Source(item.tensor, item.stream.type, arriving(kernel, item.stream.order))
            for item in operands
            if (kernel := kernels[item.tensor]) is not None
        ]
        affine = make_affine(where, f"{name}_encoder", sources, [lmu.encoder_bias], _units(self.sizes, lanes).encoder)
        net.rom(*affine.roms)
        parameters = {"HAS_BIAS": int(affine.bias_rom is not None), **affine.parameters()}
        about = f"Layer {name}: x, states of the step before -> u"
        sums = _add_sums(net, f"{name}_encoder", about, operands, lmu.memory_d, parameters, streaming)
        u = net.tap(name, name, "u", lmu.u, lmu.memory_d, None, lmu.memory_d)
        flag = net.clipped(name, name, "u", u)
        assigned = _assigned(affine.acc_width, affine.acc_fraction, lmu.u)
        _add_functions(net, f"{name}_encoder", sums, lmu.memory_d, assigned, u, flag)
        return u

    def _memory(self, net: Netlist, u: Stream, lanes: Lanes, streaming: bool) -> Stream:
        lmu, name = self.layer, self.layer.name
        assert isinstance(lmu.update, DenseUpdate)
        started = net.stream(f"{name}_step", lmu.u, lmu.memory_d, together=lmu.memory_d)
        reset_state = net.wire(f"{name}_step_tuser")
        ports = u.ports("s_axis") | started.ports("m_axis") | {"m_axis_tuser": reset_state}
        net.add("lmu_step_start", f"{name}_step_start", {"N": 1, "STREAMING": int(streaming), "WIDTH": u.bits}, ports)
        sizes = _units(self.sizes, lanes).memory
        parameters, rom = parallel_memory(lmu, lmu.update, f"{name}_memory", sizes.at_once, sizes.pipeline)
        net.rom(rom)
        states = lmu.memory_d * lmu.order
        mem = net.tap(name, name, "mem", lmu.mem, states, None, states)
        ports = started.ports("s_axis") | {"s_axis_tuser": reset_state} | mem.ports("m_axis")
        ports |= {"m_axis_tuser": net.clipped(name, name, "mem", mem)}
        net.add("lmu_memory_parallel", f"{name}_memory", parameters, ports, f"Layer {name}: u -> mem, all at once")
        return mem

    def _hidden(
        self,
        net: Netlist,
        x: Sequence[Stream],
        mem: Stream,
        back: Mapping[str, Stream],
        lanes: Lanes,
        streaming: bool,
    ) -> Stream:
        lmu, name, units = self.layer, self.layer.name, self.layer.units
        h = net.tap(name, name, "h", lmu.h, units, None, units)
        flag = net.clipped(name, name, "h", h)
        if lmu.hidden is None:
            check_signed_type(f"layer {name!r}", "h", lmu.h)
            parameters: Parameters = {**widths("IN", lmu.mem), **typed("PRE", lmu.mem), "FUNCTION": 0}
            wires = {"tdata": mem.data, "tvalid": mem.valid, "tready": mem.ready, "tlast": mem.last}
            _add_functions(net, f"{name}_assign", wires, units, parameters | typed("OUT", lmu.h), h, flag)
            return h
        return _add_cell(net, lmu, x, mem, back.get("own"), h, flag, lanes, streaming)


class ParallelRecurrent(Parallel):
    """A hidden cell without gates over the sequence itself."""

    def __init__(self, layer: Recurrent) -> None:
        self.layer = layer
        sizes = cell_sizes(layer)
        assert sizes is not None
        self.sizes = sizes

    @classmethod
    def where_possible(cls, layer: Recurrent) -> ParallelRecurrent | None:
        """None for a layer that has no such form."""
        return cls(layer) if isinstance(layer.hidden, DenseCell) else None

    def _matrix(self, lanes: Lanes) -> WholeMatrix:
        return WholeMatrix(self.sizes.columns, self.sizes.units, lanes[HIDDEN])

    @property
    def search(self) -> Search:
        return _cell_search(self.sizes)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        return (_part(HIDDEN, self._matrix(lanes)),)

    @property
    def product_multipliers(self) -> int:
        return self.sizes.form.products * self.sizes.units

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return _cell_pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name, units = self.layer, self.layer.name, self.layer.units
        h = net.tap(name, name, "h", layer.h, units, None, units)
        flag, own = net.clipped(name, name, "h", h), None
        if self.sizes.recurrent:
            own = net.stream(f"{name}_own_h", layer.h, units, together=units)
        _add_cell(net, layer, [], x, own, h, flag, lanes, streaming)
        out, *back = net.fork(h, f"{name}_h", ["out", "own"] if own is not None else ["out"])
        if own is not None:
            net.fifo(back[0], f"{name}_own_h", 1, "h of the step before, for the cell", own)
        return out


def _add_cell(
    net: Netlist,
    layer: RecurrentLayer,
    x: Sequence[Stream],
    mem: Stream,
    own: Stream | None,
    h: Stream,
    flag: str,
    lanes: Lanes,
    streaming: bool,
) -> Stream:
    """A hidden cell without gates, behind ``mem``, or x in its place; ``own`` is its h of the step before."""
    name = layer.name
    cell = hidden_cell(layer, name, lanes, x[0].order if x else None, mem.order)
    net.rom(*cell.roms)
    operands = [Operand("x", stream) for stream in x]
    operands += [Operand("h", own, feedback=True)] if own is not None else []
    operands.append(Operand("mem", mem))
    about = f"Layer {name}: {', '.join(item.tensor for item in operands)} -> h"
    sums = _add_sums(net, f"{name}_hidden", about, operands, layer.units, cell.frame, streaming)
    _add_functions(net, f"{name}_hidden", sums, layer.units, cell.parameters, h, flag)
    return h


@dataclass(frozen=True, slots=True)
class Operand:
    """What a matrix reads: the stream of ``tensor``, of this step or, as ``feedback``, of the one before."""

    tensor: str
    stream: Stream
    feedback: bool = False


@dataclass(frozen=True, slots=True)
class _Units:
    """The units of an LMU layer."""

    encoder: WholeMatrix
    memory: ParallelMemory
    hidden: WholeMatrix | None


def _units(sizes: LMUSizes, lanes: Lanes) -> _Units:
    encoder, cell = sizes.encoder, sizes.cell
    hidden = None if cell is None else WholeMatrix(cell.columns, cell.units, lanes[HIDDEN])
    memory = ParallelMemory(sizes.memory.order, sizes.memory_d, lanes[MEMORY])
    return _Units(WholeMatrix(encoder.columns, encoder.rows, lanes[ENCODER]), memory, hidden)


def _part(name: str, matrix: WholeMatrix) -> PartPlan:
    return PartPlan(name, matrix.columns * matrix.rows, matrix.at_once, matrix.multipliers, matrix.cycles)


# Cycles


class _Unit:
    """Takes a step every ``cycles``."""

    def __init__(self, cycles: int) -> None:
        self.cycles, self.free = cycles, -(1 << 30)

    def take(self, *beats: int) -> int:
        """When it takes a step whose operands come in these cycles."""
        taken = max(self.free, *beats)
        self.free = taken + self.cycles
        return taken


class _Loop:
    """An LMU layer, step after step."""

    def __init__(self, sizes: LMUSizes, lanes: Lanes) -> None:
        self.sizes, self.units = sizes, _units(sizes, lanes)
        self.encoder, self.memory = _Unit(self.units.encoder.cycles), _Unit(self.units.memory.cycles)
        self.hidden = _Unit(self.units.hidden.cycles) if self.units.hidden is not None else None
        self.mem = self.h = -(1 << 30)  # of the step before

    def step(self, x: int) -> int:
        """When h of the next step leaves, whose x comes in cycle ``x``."""
        sizes, units = self.sizes, self.units
        back = ([self.mem + QUEUE] if sizes.mem_back else []) + ([self.h + QUEUE] if sizes.h_back else [])
        taken = self.encoder.take(x, *back)
        self.mem = self.memory.take(taken + units.encoder.latency + ROUND) + units.memory.cycles
        if self.hidden is None or units.hidden is None or sizes.cell is None:
            self.h = self.mem + ROUND
            return self.h
        own = [self.h + QUEUE] if sizes.cell.recurrent else []
        waiting = [taken + QUEUE] if sizes.cell.n_x else []
        into = self.hidden.take(self.mem, *own, *waiting)
        self.h = into + units.hidden.latency + sizes.cell.form.after
        return self.h


def _pace(sizes: LMUSizes, lanes: Lanes) -> Pace:
    units = _units(sizes, lanes)
    formulas = {ENCODER: (units.encoder.formula, units.encoder.cycles)}
    formulas |= {MEMORY: ("ceil((ORDER + 1)/COLUMNS) + PIPELINE", units.memory.cycles)}
    if units.hidden is not None:
        formulas |= {HIDDEN: (units.hidden.formula, units.hidden.cycles)}
    if sizes.mem_back or sizes.h_back or (sizes.cell is not None and sizes.cell.recurrent):
        formulas["feedback"] = ("one way round of what is fed back", _period(sizes, lanes))
    return Pace(
        max(cycles for _, cycles in formulas.values()),
        formulas,
        lambda beats: [_Loop(sizes, lanes).step(beats[-1])],
    )


def _cell_pace(cell: CellSizes, lanes: Lanes) -> Pace:
    matrix = WholeMatrix(cell.columns, cell.units, lanes[HIDDEN])
    after = matrix.latency + cell.form.after
    formulas = {HIDDEN: (matrix.formula, matrix.cycles)}
    if cell.recurrent:
        formulas["recurrence"] = (f"latency + {QUEUE}", after + QUEUE)
    ii = max(cycles for _, cycles in formulas.values())
    return Pace(ii, formulas, lambda beats: [beat + after for beat in beats])


def _period(sizes: LMUSizes, lanes: Lanes) -> int:
    """Cycles from step to step when x is always there."""
    loop = _Loop(sizes, lanes)
    ends = [loop.step(0) for _ in range(ROUNDS)]
    return ends[-1] - ends[-2]


def _ahead(sizes: LMUSizes, lanes: Lanes) -> int:
    """Steps of x that wait for the hidden cell while encoder and memory work on them."""
    units = _units(sizes, lanes)
    return (units.encoder.latency + ROUND + units.memory.cycles) // _pace(sizes, lanes).ii + 2


# The choices of columns


@lru_cache(64)
def _matrix_search(columns: int, rows: int) -> Search:
    found = turns_of(columns)
    return exact_search((DENSE,), [((at_once,), rows * at_once, turns) for at_once, turns in found.items()], Columns)


@lru_cache(64)
def _cell_search(cell: CellSizes) -> Search:
    found = []
    for at_once in turns_of(cell.columns):
        found.append(((at_once,), cell.units * at_once, _cell_pace(cell, {HIDDEN: at_once}).ii))
    return exact_search((HIDDEN,), found, Columns)


@lru_cache(64)
def _lmu_search(sizes: LMUSizes) -> Search:
    cell = sizes.cell
    names = (ENCODER, MEMORY, *([HIDDEN] if cell is not None else []))
    choices = [turns_of(sizes.encoder.columns), turns_of(sizes.memory.order + 1)]
    choices += [turns_of(cell.columns)] if cell is not None else []
    found = []
    for each in product(*choices):
        lanes = dict(zip(names, each, strict=True))
        units = _units(sizes, lanes)
        multipliers = units.encoder.multipliers + units.memory.multipliers
        multipliers += units.hidden.multipliers if units.hidden is not None else 0
        found.append((each, multipliers, _pace(sizes, lanes).ii))
    return exact_search(names, found, Columns)


# Instances


def _add_sums(
    net: Netlist,
    name: str,
    about: str,
    operands: Sequence[Operand],
    rows: int,
    parameters: Mapping[str, int | str],
    streaming: bool,
) -> dict[str, str]:
    """The operands side by side, and their sums: wires. ``parameters`` as of a module around ``lmu_affine``."""
    join: Parameters = {}
    ports: dict[str, str] = {}
    for k, letter in enumerate("ABC"):
        item = operands[k] if k < len(operands) else None
        port = f"{letter.lower()}_axis"
        ports |= item.stream.ports(port) if item else absent(net, f"{name}_{letter.lower()}", port)
        join |= {f"N_{letter}": item.stream.count if item else 0, f"{letter}_W": item.stream.type.width if item else 1}
        join |= {f"{letter}_SHIFT": parameters[f"{item.tensor.upper()}_SHIFT"] if item else 0}
        join |= {f"{letter}_FEEDBACK": int(item.feedback) if item else 0}
    columns = sum(item.stream.count for item in operands)
    joined = link(net, f"{name}_operands", columns * int(parameters["OP_W"]))
    join |= {"OUT_W": parameters["OP_W"], "STREAMING": int(streaming)}
    net.add("lmu_join", f"{name}_join", join, ports | link_ports("m_axis", joined), about)
    sums = link(net, f"{name}_sums", rows * int(parameters["ACC_W"]))
    kept = ("OP_W", "COEF_W", "ACC_W", "HAS_BIAS", "BIAS_W", "BIAS_SHIFT", "ROM_FILE", "BIAS_FILE")
    sizes: Parameters = {"N_IN": columns, "N_OUT": rows, "COLUMNS": parameters["LANES"]}
    sizes |= {key: parameters[key] for key in kept}
    net.add("lmu_matvec", f"{name}_matvec", sizes, link_ports("s_axis", joined) | link_ports("m_axis", sums))
    return sums


def _assigned(width: int, fraction: int, to: FixedType) -> Parameters:
    """Parameters of a function that is the assignment alone."""
    return {"IN_W": width, "IN_F": fraction, **typed("PRE", to), "FUNCTION": 0, **typed("OUT", to)}


def _add_functions(
    net: Netlist, name: str, values: Mapping[str, str], count: int, parameters: Mapping[str, int | str], out: Stream,
    flag: str,
) -> None:  # fmt: skip
    """The function of each of ``count`` values."""
    ports = link_ports("s_axis", values) | out.ports("m_axis") | {"m_axis_tuser": flag}
    net.add("lmu_activations", f"{name}_functions", {"N": count, **parameters}, ports)
