"""What each 7-series primitive that Yosys maps to costs."""

from __future__ import annotations

from collections.abc import Mapping

from lmu_hls.errors import LmuHlsError

# Cost of one primitive: {resource: how many}. INV is a LUT1 by another name. RAM32X1D and RAM64X1D use two LUTs
# (one a port), RAM*M four; a RAMB36E1 is two RAMB18E1. AMD UG953 describes the primitives.
_FLIP_FLOPS = ("FDRE", "FDSE", "FDCE", "FDPE", "LDCE", "LDPE")
COST: Mapping[str, Mapping[str, int]] = {
    **{f"LUT{inputs}": {"lut": 1} for inputs in range(1, 7)},
    "INV": {"lut": 1},
    **{f"{name}{edge}": {"ff": 1} for name in _FLIP_FLOPS for edge in ("", "_1")},
    "CARRY4": {"carry": 1},
    "DSP48E1": {"dsp": 1},
    "RAMB18E1": {"bram18": 1},
    "RAMB36E1": {"bram18": 2},
    **{name: {"lutram": 1} for name in ("RAM16X1S", "RAM32X1S", "RAM64X1S")},
    **{name: {"lutram": 2} for name in ("RAM16X1D", "RAM32X1D", "RAM64X1D", "RAM128X1S", "RAM32X2S")},
    **{name: {"lutram": 4} for name in ("RAM32M", "RAM64M", "RAM128X1D", "RAM256X1S")},
    **{name: {"srl": 1} for name in ("SRL16E", "SRLC16E", "SRLC32E")},
    # Multiplexers inside a slice, constants and buffers take no resource that is reported.
    **{name: {} for name in ("MUXF7", "MUXF8", "GND", "VCC", "BUFG", "IBUF", "OBUF")},
}
KINDS = ("lut", "ff", "carry", "dsp", "bram18", "lutram", "srl")


def count(cells: Mapping[str, int]) -> dict[str, int]:
    """Add up the cost of all cells: {each of KINDS: how many}.

    Raises LmuHlsError for a cell type without a known cost, so that nothing is left out in silence.
    """
    unknown = sorted(set(cells) - set(COST))
    if unknown:
        raise LmuHlsError(
            f"synthesis left cells of unknown cost: {', '.join(unknown)}. "
            "The design uses something that 7-series has no primitive for; see yosys.log."
        )
    return {kind: sum(COST[cell].get(kind, 0) * n for cell, n in cells.items()) for kind in KINDS}
