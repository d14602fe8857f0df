"""An LMU layer: encoder, memory unit, hidden cell, and the queues between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Source, check_signed_type, make_affine
from lmu_hls.rtl.cells import Lanes, Parameters, arriving, hidden_cell
from lmu_hls.rtl.cells.instances import absent, add_cell
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.engines import Engine, add_engine
from lmu_hls.rtl.loop import cycles_beside, lmu_pace, mem_waits
from lmu_hls.rtl.matrix import Matrix
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.netlist import Netlist, Order, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.parallel import ParallelLMU
from lmu_hls.rtl.search import Search, lmu_search
from lmu_hls.rtl.sizes import ENCODER, MEMORY, LMUSizes, lmu_sizes
from lmu_hls.rtl.stages.base import Part, Stage, matrix_part
from lmu_hls.rtl.unit import DEGREES_DESCENDING, MemorySizes, MemoryUnit, widths
from lmu_hls.spec import LMU, Dense

STEPS_AHEAD = 4  # steps of x that wait for the hidden cell while the memory works on them


class LMUStage(Stage[LMU], layer=LMU):
    any_order = True  # the rows of its matrices follow it

    def __init__(self, layer: LMU) -> None:
        super().__init__(layer)
        self.head: tuple[Dense, Engine] | None = None  # the layer behind it, on the multipliers of one engine

    @property
    def sizes(self) -> LMUSizes:
        sizes = lmu_sizes(self.layer)
        return sizes if self.head is None else replace(sizes, engine=self.head[1])

    @property
    def gives_last(self) -> bool:
        return not self.layer.return_sequences

    @property
    def types(self) -> dict[str, FixedType]:
        return {name: getattr(self.layer, name) for name in ("x", "u", "mem", "h")}

    @property
    def parts(self) -> tuple[Part, ...]:
        sizes, cell = self.sizes, self.sizes.cell
        hidden = cell.matrices if cell is not None else {}
        quarters = cell.form.useful_quarters if cell is not None else 4
        return (
            matrix_part(ENCODER, sizes.encoder),
            _memory_part(sizes.memory),
            *(matrix_part(name, matrix, quarters) for name, matrix in hidden.items()),
        )

    @property
    def shared(self) -> Part | None:
        engine = self.sizes.engine
        return None if engine is None else Part(ENGINE, engine.macs, engine.choices)

    @property
    def product_multipliers(self) -> int:
        """Those of the gates, which are done on an engine."""
        cell, engine = self.sizes.cell, self.sizes.engine
        if self.on_engine and engine is not None:
            return engine.slopes
        return cell.form.products if cell is not None else 0

    @property
    def search(self) -> Search:
        return lmu_search(self.sizes)

    @property
    def parallel(self) -> ParallelLMU | None:
        return ParallelLMU.where_possible(self.layer)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return lmu_pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """The output is h, every step; with a head what that makes of it."""
        if (engine := self.sizes.engine) is not None and ENGINE in lanes:
            head = self.head and self.head[0]
            return add_engine(net, self.layer, engine.with_lanes(lanes[ENGINE]), x, streaming, head)
        return _add(net, self.layer, x, lanes, streaming)


def _add(net: Netlist, lmu: LMU, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
    name = lmu.name
    uses_x = lmu.hidden is not None and lmu.hidden.kernel_x is not None
    x_encoder, *x_hidden = net.fork(x, f"{name}_x", ["encoder", "hidden"] if uses_x else ["encoder"])
    cycles = cycles_beside(lmu_sizes(lmu), lanes)
    unit = memory_unit(lmu, lanes[MEMORY], file=f"{name}_memory", cycles=cycles)
    n_mem, mem_order = lmu.memory_d * lmu.order, arrival_order(unit.sizes)
    h_order = mem_order if lmu.hidden is None else None
    old_mem = net.stream(f"{name}_old_mem", lmu.mem, n_mem, mem_order) if lmu.encoder_mem is not None else None
    old_h = net.stream(f"{name}_old_h", lmu.h, lmu.units, h_order) if lmu.encoder_h is not None else None

    sizes = lmu_sizes(lmu).encoder.with_lanes(lanes[ENCODER])
    u = _encoder(net, lmu, name, x_encoder, (old_mem, old_h), sizes, streaming)
    mem = _memory(net, lmu, name, unit, u, streaming)
    branches = ["hidden", "encoder"] if old_mem is not None else ["hidden"]
    to_hidden, *to_encoder = net.fork(mem, f"{name}_mem", branches)
    if old_mem is not None:
        net.fifo(to_encoder[0], f"{name}_old_mem", n_mem, "mem of the step before, for the encoder", old_mem)
    if lmu.hidden is None:
        h = _no_cell(net, lmu, name, to_hidden)
    else:
        cell = hidden_cell(lmu, name, lanes, x.order, mem_order)
        if x_hidden:
            about = "x waits for the memory"
            x_hidden = [net.fifo(x_hidden[0], f"{name}_wait_x", STEPS_AHEAD * lmu.n_in, about)]
        if mem_waits(lmu_sizes(lmu), lanes):
            about = "the memory works ahead of a recurrent cell" if lmu.hidden.recurrent else "mem waits for x"
            to_hidden = net.fifo(to_hidden, f"{name}_wait_mem", n_mem, about)
        h = add_cell(net, lmu, cell, x_hidden[0] if x_hidden else None, to_hidden, streaming)
    if old_h is not None:
        out, back = net.fork(h, f"{name}_h", ["out", "encoder"])
        net.fifo(back, f"{name}_old_h", lmu.units, "h of the step before, for the encoder", old_h)
        return out
    return h


def _memory_part(memory: MemorySizes) -> Part:
    multipliers = {lanes: memory.with_lanes(lanes).multipliers for lanes in memory.possible_lanes}
    return Part(MEMORY, memory.macs, memory.choices, multipliers)


def arrival_order(sizes: MemorySizes) -> Order | None:
    """Place in the contract's mem (channel-major) of each state in the order in which it leaves the unit."""
    if sizes.stream != DEGREES_DESCENDING or sizes.order == 1:
        return None
    groups = (range(first, first + sizes.group) for first in range(0, sizes.memory_d, sizes.group))
    return tuple(c * sizes.order + d for group in groups for d in reversed(range(sizes.order)) for c in group)


def _encoder(
    net: Netlist,
    lmu: LMU,
    name: str,
    x: Stream,
    feedback: tuple[Stream | None, Stream | None],
    sizes: Matrix,
    streaming: bool,
) -> Stream:
    where = f"layer {lmu.name!r}: encoder"
    check_signed_type(where, "u", lmu.u)
    operands = {"x": (x, lmu.encoder_x), "mem": (feedback[0], lmu.encoder_mem), "h": (feedback[1], lmu.encoder_h)}
    sources: list[Source] = []
    counts: Parameters = {}
    ports: dict[str, str] = {}
    for tensor, (stream, kernel) in operands.items():
        if stream is not None and kernel is not None:
            sources.append(Source(tensor, stream.type, arriving(kernel, stream.order)))
            ports |= stream.ports(f"{tensor}_axis")
        else:
            ports |= absent(net, f"{name}_encoder_{tensor}", f"{tensor}_axis")
        counts[f"N_{tensor.upper()}"] = stream.count if stream else 0
        counts[f"{tensor.upper()}_W"] = stream.type.width if stream else 1
    affine = make_affine(where, f"{name}_encoder", sources, [lmu.encoder_bias], sizes)
    parameters: Parameters = {**counts, "MEMORY_D": lmu.memory_d, "HAS_BIAS": int(affine.bias_rom is not None)}
    parameters |= affine.parameters() | typed("U", lmu.u) | {"STREAMING": int(streaming)}
    u = net.tap(lmu.name, name, "u", lmu.u, lmu.memory_d, None)
    ports |= u.ports("m_axis") | {"m_axis_tuser": net.clipped(lmu.name, name, "u", u)}
    net.rom(*affine.roms)
    net.add("lmu_encoder", f"{name}_encoder", parameters, ports, f"Layer {lmu.name}: x, states of the step before -> u")
    return u


def _memory(net: Netlist, lmu: LMU, name: str, unit: MemoryUnit, u: Stream, streaming: bool) -> Stream:
    if unit.sizes.stream == DEGREES_DESCENDING and unit.sizes.group == lmu.memory_d > 1:
        u = net.fifo(u, f"{name}_wait_u", lmu.memory_d, "The first sweep takes the u of all channels one after another")
    started = net.stream(f"{name}_step", lmu.u, lmu.memory_d)
    reset_state = net.wire(f"{name}_step_tuser")
    parameters = {"N": lmu.memory_d, "STREAMING": int(streaming), "WIDTH": lmu.u.width}
    ports = u.ports("s_axis") | started.ports("m_axis") | {"m_axis_tuser": reset_state}
    net.add("lmu_step_start", f"{name}_step_start", parameters, ports)

    net.rom(*unit.roms)
    ports = started.ports("s_axis") | {"s_axis_tuser": reset_state}
    comment = f"Layer {lmu.name}: u -> mem, {unit.sizes.stream.replace('_', ' ')}"
    order = arrival_order(unit.sizes)
    mem = net.tap(lmu.name, name, "mem", lmu.mem, lmu.memory_d * lmu.order, order)
    flag = net.clipped(lmu.name, name, "mem", mem)
    if unit.sizes.together == 1 and not unit.sizes.queued:
        ports |= mem.ports("m_axis") | {"m_axis_tuser": flag}
        net.add(unit.module, f"{name}_memory", unit.parameters, ports, comment)
        return mem
    data = net.wire(f"{name}_states_tdata", unit.sizes.together * lmu.mem.width)
    valid, ready, last = (net.wire(f"{name}_states_t{s}") for s in ("valid", "ready", "last"))
    flags = net.wire(f"{name}_states_tuser", unit.sizes.together)
    wide = {"tdata": data, "tvalid": valid, "tready": ready, "tlast": last, "tuser": flags}
    ports |= {f"m_axis_{signal}": wire for signal, wire in wide.items()}
    net.add(unit.module, f"{name}_memory", unit.parameters, ports, comment)
    if unit.sizes.together == 1:
        out = {"tdata": mem.data, "tvalid": mem.valid, "tready": mem.ready, "tlast": mem.last, "tuser": flag}
        _wide_fifo(net, lmu, name, unit, wide, out)
        return mem
    if unit.sizes.queued:
        sizes = {"tdata": unit.sizes.together * lmu.mem.width, "tuser": unit.sizes.together}
        out = {signal: net.wire(f"{name}_wide_{signal}", sizes.get(signal, 1)) for signal in wide}
        _wide_fifo(net, lmu, name, unit, wide, out)
        wide = out
    ports = {f"s_axis_{signal}": wire for signal, wire in wide.items()}
    ports |= mem.ports("m_axis") | {"m_axis_tuser": flag}
    net.add("lmu_serializer", f"{name}_serializer", {"WIDTH": lmu.mem.width, "LANES": unit.sizes.together}, ports)
    return mem


def _wide_fifo(
    net: Netlist, lmu: LMU, name: str, unit: MemoryUnit, wide: Mapping[str, str], out: Mapping[str, str]
) -> None:
    """The states of a step leave the unit faster than they go on: they wait in a queue from ``wide`` to ``out``."""
    payload = [f"{{{of['tuser']}, {of['tlast']}, {of['tdata']}}}" for of in (wide, out)]
    ports = {"s_axis_tdata": payload[0], "s_axis_tvalid": wide["tvalid"], "s_axis_tready": wide["tready"]}
    ports |= {"m_axis_tdata": payload[1], "m_axis_tvalid": out["tvalid"], "m_axis_tready": out["tready"]}
    width = unit.sizes.together * (lmu.mem.width + 1) + 1
    depth = lmu.memory_d * lmu.order // unit.sizes.together
    net.add("lmu_fifo", f"{name}_wide_fifo", {"WIDTH": width, "DEPTH": depth}, ports)


def _no_cell(net: Netlist, lmu: LMU, name: str, mem: Stream) -> Stream:
    """h = mem, assigned to h."""
    check_signed_type(f"layer {lmu.name!r}", "h", lmu.h)
    h = net.tap(lmu.name, name, "h", lmu.h, lmu.units, mem.order)
    parameters = widths("IN", lmu.mem) | typed("PRE", lmu.mem) | {"FUNCTION": 0} | typed("OUT", lmu.h)
    ports = mem.ports("s_axis") | h.ports("m_axis") | {"m_axis_tuser": net.clipped(lmu.name, name, "h", h)}
    net.add("lmu_activation", f"{name}_assign_h", parameters, ports, f"Layer {lmu.name}: h = mem")
    return h
