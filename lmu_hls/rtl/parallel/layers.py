"""The layers that can have whole vectors for beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmu_hls.records import PartPlan
from lmu_hls.rtl.affine import Source, check_signed_type, make_affine, matrix_stages
from lmu_hls.rtl.cells import HIDDEN, Lanes, Parameters, arriving, cell_sizes
from lmu_hls.rtl.cycles import ROUND, Beats, Pace
from lmu_hls.rtl.dense import parallel_memory
from lmu_hls.rtl.functions import function_parameters, latency
from lmu_hls.rtl.matrix import Matrix, WholeMatrix
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.parallel.base import DENSE, FUNCTIONS, Parallel
from lmu_hls.rtl.parallel.cycles import (
    cell_pace,
    cell_search,
    lmu_pace,
    lmu_search,
    matrix_search,
    part_plan,
    steps_ahead,
    units_of,
    whole_form,
)
from lmu_hls.rtl.parallel.instances import Operand, add_cell, add_functions, add_sums, assigned
from lmu_hls.rtl.search import Search
from lmu_hls.rtl.sizes import ENCODER, MEMORY, lmu_sizes
from lmu_hls.rtl.unit import widths
from lmu_hls.spec import LMU, Dense, DenseUpdate, Elementwise, Recurrent


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
        add_functions(net, name, wires, x.count, parameters, out, net.clipped(name, name, "out", out))
        return out


class ParallelDense(Parallel):
    """A Dense layer."""

    def __init__(self, layer: Dense) -> None:
        self.layer = layer

    def _matrix(self, at_once: int) -> WholeMatrix:
        layer = self.layer
        columns, rows = layer.kernel.shape
        more = matrix_stages([Source("x", layer.x, layer.kernel)], [layer.bias])
        return Matrix(columns, rows, more=more).whole(at_once)

    @property
    def search(self) -> Search:
        columns, rows = self.layer.kernel.shape
        return matrix_search(columns, rows)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        return (part_plan(DENSE, self._matrix(lanes[DENSE])),)

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
        sums = add_sums(net, name, f"Layer {name}: dense", [Operand("x", x)], layer.units, parameters, streaming)
        out = net.stream(f"{name}_out", layer.out, layer.units, together=layer.units)
        flag = net.clipped(name, name, "out", out)
        add_functions(
            net, name, sums, layer.units, assigned(affine.acc_width, affine.acc_fraction, layer.out), out, flag
        )
        return out


class ParallelLMU(Parallel):
    """An LMU with a dense memory, and no hidden cell or one that has such a form."""

    def __init__(self, layer: LMU) -> None:
        self.layer, self.sizes = layer, lmu_sizes(layer)

    @classmethod
    def where_possible(cls, layer: LMU) -> ParallelLMU | None:
        """None for a layer that has no such form."""
        cell = cell_sizes(layer)
        possible = cell is None or cell.form.whole is not None
        return cls(layer) if possible and isinstance(layer.update, DenseUpdate) and not layer.adders else None

    @property
    def search(self) -> Search:
        return lmu_search(self.sizes)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        units = units_of(self.sizes, lanes)
        memory = units.memory
        parts = [
            part_plan(ENCODER, units.encoder),
            PartPlan(MEMORY, memory.macs, memory.at_once, memory.multipliers, memory.cycles),
        ]
        cell = self.sizes.cell
        if units.hidden is not None and cell is not None:
            parts.append(part_plan(HIDDEN, units.hidden, cell.form.useful_quarters))
        return tuple(parts)

    @property
    def product_multipliers(self) -> int:
        cell = self.sizes.cell
        return whole_form(cell).products * cell.units if cell is not None else 0

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return lmu_pace(self.sizes, lanes)

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
            depth = steps_ahead(sizes, lanes)
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
        affine = make_affine(where, f"{name}_encoder", sources, [lmu.encoder_bias], units_of(self.sizes, lanes).encoder)
        net.rom(*affine.roms)
        parameters = {"HAS_BIAS": int(affine.bias_rom is not None), **affine.parameters()}
        about = f"Layer {name}: x, states of the step before -> u"
        sums = add_sums(net, f"{name}_encoder", about, operands, lmu.memory_d, parameters, streaming)
        u = net.tap(name, name, "u", lmu.u, lmu.memory_d, None, lmu.memory_d)
        flag = net.clipped(name, name, "u", u)
        to_u = assigned(affine.acc_width, affine.acc_fraction, lmu.u)
        add_functions(net, f"{name}_encoder", sums, lmu.memory_d, to_u, u, flag)
        return u

    def _memory(self, net: Netlist, u: Stream, lanes: Lanes, streaming: bool) -> Stream:
        lmu, name = self.layer, self.layer.name
        assert isinstance(lmu.update, DenseUpdate)
        started = net.stream(f"{name}_step", lmu.u, lmu.memory_d, together=lmu.memory_d)
        reset_state = net.wire(f"{name}_step_tuser")
        ports = u.ports("s_axis") | started.ports("m_axis") | {"m_axis_tuser": reset_state}
        net.add("lmu_step_start", f"{name}_step_start", {"N": 1, "STREAMING": int(streaming), "WIDTH": u.bits}, ports)
        sizes = units_of(self.sizes, lanes).memory
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
            add_functions(net, f"{name}_assign", wires, units, parameters | typed("OUT", lmu.h), h, flag)
            return h
        return add_cell(net, lmu, x, mem, back.get("own"), h, flag, lanes, streaming)


class ParallelRecurrent(Parallel):
    """A hidden cell over the sequence itself."""

    def __init__(self, layer: Recurrent) -> None:
        self.layer = layer
        sizes = cell_sizes(layer)
        assert sizes is not None
        self.sizes = sizes

    @classmethod
    def where_possible(cls, layer: Recurrent) -> ParallelRecurrent | None:
        """None for a layer that has no such form."""
        cell = cell_sizes(layer)
        return cls(layer) if cell is not None and cell.form.whole is not None else None

    @property
    def search(self) -> Search:
        return cell_search(self.sizes)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        return (part_plan(HIDDEN, self.sizes.whole_matrix(lanes), self.sizes.form.useful_quarters),)

    @property
    def product_multipliers(self) -> int:
        return whole_form(self.sizes).products * self.sizes.units

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return cell_pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name, units = self.layer, self.layer.name, self.layer.units
        h = net.tap(name, name, "h", layer.h, units, None, units)
        flag, own = net.clipped(name, name, "h", h), None
        if self.sizes.recurrent:
            own = net.stream(f"{name}_own_h", layer.h, units, together=units)
        add_cell(net, layer, [], x, own, h, flag, lanes, streaming)
        out, *back = net.fork(h, f"{name}_h", ["out", "own"] if own is not None else ["out"])
        if own is not None:
            net.fifo(back[0], f"{name}_own_h", 1, "h of the step before, for the cell", own)
        return out
