"""The instances of a hidden cell: ``lmu_recurrent`` with its matrix, the cell beside it, and a second matrix."""

from __future__ import annotations

from collections.abc import Mapping

from lmu_hls.rtl.cells.base import Cell, Parameters, SecondMatrix
from lmu_hls.rtl.netlist import Netlist, Order, Stream
from lmu_hls.rtl.vector_buffer import add_order
from lmu_hls.spec import RecurrentLayer


def add_cell(net: Netlist, layer: RecurrentLayer, cell: Cell, x: Stream | None, mem: Stream, streaming: bool) -> Stream:
    """Put the cell of a layer behind ``mem`` and ``x``, where it reads x beside mem; the stream of h."""
    name, read = layer.name, layer.operands[0].name
    h = net.tap(name, name, "h", layer.h, layer.units, None)
    net.rom(*cell.roms)
    recurrent = layer.hidden is not None and layer.hidden.recurrent
    state: Parameters = {"STREAMING": int(streaming)}
    comment = f"Layer {name}: {f'{read}, x' if x else read}{', its own h' if recurrent else ''} -> h"
    readers = ["sums", "candidate"] if cell.second else ["sums"]
    x_readers = net.fork(x, f"{name}_hidden_x", readers) if x else []
    mem_readers = net.fork(mem, f"{name}_hidden_mem", readers)
    ports = x_readers[0].ports("x_axis") if x else absent(net, f"{name}_hidden_x", "x_axis")
    ports |= mem_readers[0].ports("mem_axis") | h.ports("m_axis")
    ports |= {"m_axis_tuser": net.clipped(name, name, "h", h)}
    sums = link(net, f"{name}_sum", cell.sum_width)
    units_h = link(net, f"{name}_units", layer.h.width) | {"tuser": net.wire(f"{name}_units_tuser")}
    ports |= link_ports("sum_axis", sums) | link_ports("h_axis", units_h)
    net.add("lmu_recurrent", f"{name}_hidden", {**cell.frame, **state}, ports, comment)
    if cell.order is not None:
        sums = _in_order(net, f"{name}_sum", cell.sum_width, cell.order, sums)
    ports = link_ports("s_axis", sums) | link_ports("m_axis", units_h)
    if cell.second:
        ports |= _candidate(net, name, cell.second, x_readers[1] if x else None, mem_readers[1], state)
    own = {**cell.parameters, **cell.in_turn, **(state if cell.keeps_state else {})}
    net.add(cell.module, f"{name}_units", own, ports)
    return h


def _in_order(net: Netlist, name: str, width: int, order: Order, sums: Mapping[str, str]) -> dict[str, str]:
    """The sums of a cell, ``order`` of so many at a time."""
    out = link(net, f"{name}_ordered", width)
    parameters: Parameters = {"WIDTH": width, "N": len(order), "KEEP_LAST": 0, "REORDER": 1}
    parameters["ORDER_FILE"] = add_order(net, f"{name}_order", order)
    about = "The sums of some units, gate by gate, as those of one unit after the other"
    net.add(
        "lmu_vector_buffer", f"{name}_order", parameters, link_ports("s_axis", sums) | link_ports("m_axis", out), about
    )
    return out


def _candidate(
    net: Netlist, name: str, second: SecondMatrix, x: Stream | None, mem: Stream, state: Parameters
) -> dict[str, str]:
    """The matrix of x, mem and what the cell gives; connections of the cell to it."""
    inner = link(net, f"{name}_inner", second.inner_width)
    operands = link(net, f"{name}_candidate", second.operand_width)
    sums = link(net, f"{name}_candidate_sum", second.sum_width)
    ports = x.ports("a_axis") if x else absent(net, f"{name}_candidate_x", "a_axis")
    ports |= mem.ports("b_axis") | link_ports("c_axis", inner) | link_ports("m_axis", operands)
    net.add("lmu_concat", f"{name}_candidate_concat", {**second.concat, **state}, ports)
    ports = link_ports("s_axis", operands) | link_ports("m_axis", sums)
    net.add("lmu_affine", f"{name}_candidate_affine", second.affine, ports)
    return link_ports("inner_axis", inner) | link_ports("sum_axis", sums)


def link(net: Netlist, name: str, width: int) -> dict[str, str]:
    """Wires of a stream of ``width`` bits that is no tensor, by the ends of their names."""
    sizes = {"tdata": width, "tvalid": 1, "tready": 1, "tlast": 1}
    return {signal: net.wire(f"{name}_{signal}", size) for signal, size in sizes.items()}


def link_ports(prefix: str, wires: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}_{signal}": wire for signal, wire in wires.items()}


def absent(net: Netlist, name: str, prefix: str) -> dict[str, str]:
    """Connections of an input stream that is not there."""
    ports = {f"{prefix}_tdata": "1'b0", f"{prefix}_tvalid": "1'b0", f"{prefix}_tlast": "1'b0"}
    return ports | {f"{prefix}_tready": net.wire(f"unused_{name}_tready")}
