"""Gowin GW1N and GW2A, which have the same primitives (Gowin SUG283); counted as Gowin's own reports do."""

from lmu_hls.synth.family import Family, Resource

_FLIP_FLOPS = [
    f"DFF{edge}{reset}{enable}" for edge in ("", "N") for reset in ("", "S", "R", "P", "C") for enable in ("", "E")
]
_LATCHES = [f"DL{edge}{reset}{enable}" for edge in ("", "N") for reset in ("", "C", "P") for enable in ("", "E")]
_BLOCK_RAMS = [f"{name}{width}{port}" for name in ("SDP", "DP") for width in ("", "X9") for port in ("", "B")]

FAMILY = Family(
    name="gowin",
    device="Gowin GW1N and GW2A",
    passes=("synth_gowin -family gw1n -noiopads",),
    resources=(
        Resource("LUT", "look-up tables of four inputs, carry chains and memory with them", short=True),
        Resource("LUTRAM", "of these LUTs, those used as memory"),
        Resource("ALU", "of these LUTs, those used as one bit of a carry chain"),
        Resource("FF", "flip-flops and latches", short=True),
        Resource("MULT9X9", "multipliers of 9 x 9 bits, half as large as those of 18 x 18", short=True),
        Resource("MULT18X18", "multipliers of 18 x 18 bits", short=True),
        Resource("MULT36X36", "multipliers of 36 x 36 bits, as large as four of 18 x 18", short=True),
        Resource("BSRAM", "block RAMs of 18 Kbit", short=True),
    ),
    costs={
        **{f"LUT{inputs}": {"LUT": 1} for inputs in range(1, 5)},
        "INV": {"LUT": 1},
        "ALU": {"LUT": 1, "ALU": 1},
        # A whole logic block, whatever its width
        **{f"RAM16{port}{width}": {"LUT": 6, "LUTRAM": 6} for port in ("S", "SDP") for width in (1, 2, 4)},
        **{name: {"FF": 1} for name in (*_FLIP_FLOPS, *_LATCHES)},
        **{name: {name: 1} for name in ("MULT9X9", "MULT18X18", "MULT36X36")},
        **{name: {"BSRAM": 1} for name in ("SP", "SPX9", "pROM", "pROMX9", *_BLOCK_RAMS)},
        # Multiplexers inside a logic block, constants
        **{name: {} for name in (*(f"MUX2_LUT{inputs}" for inputs in range(5, 9)), "GND", "VCC")},
    },
)
