"""What stands behind a stage whose output is not wanted as it comes: ``lmu_vector_buffer``."""

from __future__ import annotations

from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.cycles import Pace, whole_step_pace
from lmu_hls.rtl.matrix import BUFFER
from lmu_hls.rtl.netlist import Netlist, Order, Stream

MODULE = "lmu_vector_buffer"


def buffer_pace(beats: int) -> Pace:
    """Its cycles with ``beats`` a step."""
    return whole_step_pace(MODULE, "N", beats, beats, 1, beats + BUFFER)


def add_order(net: Netlist, name: str, order: Order) -> str:
    """The file of the ROM with the places of the values that arrive."""
    rom = Rom(f"rom/{name}.hex", max(1, (len(order) - 1).bit_length()), order)
    net.rom(rom)
    return rom.file


def add_vector_buffer(net: Netlist, name: str, x: Stream, keep_last: bool, reorder: bool) -> Stream:
    """Only the last step of a sequence, or the values in natural order, or both; or just the values, all at once."""
    out = net.stream(name, x.type, x.count, None if reorder else x.order, together=x.together)
    parameters: dict[str, int | str] = {"WIDTH": x.bits, "N": x.beats}
    parameters |= {"KEEP_LAST": int(keep_last), "REORDER": int(reorder)}
    if reorder:
        assert x.order is not None
        parameters["ORDER_FILE"] = add_order(net, name, x.order)
    what = [text for text, wanted in (("the last step alone", keep_last), ("in natural order", reorder)) if wanted]
    about = ", ".join(what or ["one step while the next one comes"]).capitalize()
    net.add(MODULE, name, parameters, x.ports("s_axis") | out.ports("m_axis"), about)
    return out
