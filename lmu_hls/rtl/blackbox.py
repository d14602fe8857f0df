"""The memory unit of an LMU layer as an RTL blackbox of an HLS tool: a generated top around ``lmu_ap_call``.

A call reads memory_d words {reset_state, u} from one FIFO and writes the memory_d x order states to another, in the
order in which the unit gives them. Coefficients are constants in the source: a tool that copies the files elsewhere
would not find a ROM file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.rendering import render
from lmu_hls.resources import hdl_modules
from lmu_hls.rtl import layout
from lmu_hls.rtl.dense import DenseMemory
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.renaming import Names
from lmu_hls.rtl.standalone import ROM_MODULE, inline_rom, parameter, source, with_submodules
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU

CALL, SERIALIZER = "lmu_ap_call", "lmu_serializer"
CALL_CYCLES = 2  # of lmu_ap_call: from the unit's last beat to ap_done


@dataclass(frozen=True, slots=True)
class Blackbox:
    """The module ``name`` that does a step of the memory of ``layer`` with ``unit``."""

    name: str
    layer: LMU
    unit: MemoryUnit

    @property
    def latency_cycles(self) -> int:
        """From ap_start to ap_done, where nothing waits."""
        sizes = self.unit.sizes
        wait = sizes.channel - 1 if isinstance(sizes, DenseMemory) else 0  # between the beats that the unit takes
        serial = sizes.lanes if sizes.lanes > 1 else 0
        return sizes.memory_d + (sizes.memory_d - 1) * wait + sizes.latency_cycles + serial + CALL_CYCLES

    @property
    def ii_cycles(self) -> int:
        """From ap_start to the next one."""
        return self.latency_cycles + 1


def blackbox(name: str, layer: LMU) -> Blackbox:
    """The blackbox for the memory of ``layer``. Raises LmuHlsError for what the unit cannot take."""
    return Blackbox(name, layer, memory_unit(layer, file=name))


def blackbox_sources(boxes: Sequence[Blackbox], prefix: str) -> dict[str, str]:
    """The Verilog of a project's blackboxes: file -> text. All modules but the tops begin with ``prefix``."""
    names, library = Names(prefix), hdl_modules()
    all_roms = [rom for box in boxes for rom in box.unit.roms]
    roms = {rom.file: str(number) for number, rom in enumerate(all_roms, 1)}
    files = {f"{box.name}.v": _top(box, names, roms) for box in boxes}
    for module in modules(boxes):
        text = inline_rom(all_roms) if module == ROM_MODULE else source(module)
        files[f"{names.module(module)}.v"] = names.source(text, library)
    return files


def modules(boxes: Sequence[Blackbox]) -> tuple[str, ...]:
    """The modules of the library that the tops need, by their names there."""
    serializers = [SERIALIZER for box in boxes if box.unit.sizes.lanes > 1]
    return with_submodules([CALL, *serializers, *(box.unit.module for box in boxes)])


def _top(box: Blackbox, names: Names, roms: Mapping[str, str]) -> str:
    """The unit between the two streams of ``lmu_ap_call``, with a serializer where it gives several states a beat."""
    u, mem, lanes = box.layer.u.width, box.layer.mem.width, box.unit.sizes.lanes
    states = box.layer.memory_d * box.layer.order
    call = {"N_IN": box.layer.memory_d, "N_OUT": states, "IN_W": u + 1, "OUT_W": mem}
    step = {"s_axis_tdata": f"step_tdata[{u - 1}:0]", "s_axis_tvalid": "step_tvalid", "s_axis_tready": "step_tready"}
    step |= {"s_axis_tlast": "1'b0", "s_axis_tuser": f"step_tdata[{u}]"}
    unused = {"m_axis_tlast": "unused_last", "m_axis_tuser": "unused_clipped"}
    rows = "mem" if lanes == 1 else "row"
    parts: list[tuple[str, str, Mapping[str, int | str], Mapping[str, str]]] = [
        (CALL, "call", call, _CALL_PORTS),
        (box.unit.module, "unit", box.unit.parameters, _CLOCK | step | _stream("m_axis", rows) | unused),
    ]
    if lanes > 1:
        ports = _stream("s_axis", "row") | {"s_axis_tlast": "1'b0", "s_axis_tuser": f"{lanes}'d0"}
        ports |= _stream("m_axis", "mem") | {"m_axis_tlast": "unused_mem_last", "m_axis_tuser": "unused_mem_user"}
        parts.append((SERIALIZER, "serializer", {"WIDTH": mem, "LANES": lanes}, _CLOCK | ports))
    instances = [
        layout.instance(
            names.module(module), name, {key: parameter(value, roms) for key, value in given.items()}, wires
        )
        for module, name, given, wires in parts
    ]
    return render("rtl", "memory_blackbox.v", box=box, lanes=lanes, states=states, instances=instances)


def _stream(port: str, wire: str) -> dict[str, str]:
    return {f"{port}_{signal}": f"{wire}_{signal}" for signal in ("tdata", "tvalid", "tready")}


_CLOCK = {"clk": "ap_clk", "rst": "ap_rst"}
_CONTROL = ("ap_clk", "ap_rst", "ap_ce", "ap_start", "ap_ready", "ap_done", "ap_continue", "ap_idle")
_CALL_PORTS = (
    {name: name for name in _CONTROL}
    | {f"in_{s}": f"words_{s}" for s in ("dout", "empty_n", "read")}
    | {f"out_{s}": f"states_{s}" for s in ("din", "full_n", "write")}
    | _stream("m_axis", "step")
    | _stream("s_axis", "mem")
)
