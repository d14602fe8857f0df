"""Gowin GW1N and GW2A, which have the same primitives (Gowin SUG283); counted as Gowin's own reports do."""

from lmu_hls.synth.device import Device, Router
from lmu_hls.synth.family import Family, Models, Resource

_FLIP_FLOPS = [
    f"DFF{edge}{reset}{enable}" for edge in ("", "N") for reset in ("", "S", "R", "P", "C") for enable in ("", "E")
]
_LATCHES = [f"DL{edge}{reset}{enable}" for edge in ("", "N") for reset in ("", "C", "P") for enable in ("", "E")]
_BLOCK_RAMS = [f"{name}{width}{port}" for name in ("SDP", "DP") for width in ("", "X9") for port in ("", "B")]


def _available(luts: int, flip_flops: int, rams: int, multipliers: int) -> dict[str, int]:
    return {"LUT": luts, "FF": flip_flops, "MULT18X18": multipliers, "BSRAM": rams}


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
        # Multiplexers inside a logic block, constants, pads
        **{name: {} for name in (*(f"MUX2_LUT{inputs}" for inputs in range(5, 9)), "GND", "VCC", "IBUF", "OBUF")},
    },
    devices=(
        Device(
            "gw1nr-9",
            "GW1NR-LV9QN88PC6/I5",
            _available(8640, 6480, 26, 20),
            ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
            ("-d", "GW1N-9C"),
            50.0,
            pins=("52", "25", "26"),
            grid=(47, 29),
        ),
        Device(
            "gw2a-18",
            "GW2A-LV18PG256C8/I7",
            _available(20736, 15552, 46, 48),
            ("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18"),
            ("-d", "GW2A-18"),
            80.0,
            ("synth_gowin -family gw2a -noiopads",),
            pins=("H11", "T10", "L14"),
            grid=(56, 55),
        ),
        Device(
            "gw2ar-18",
            "GW2AR-LV18QN88C8/I7",
            _available(20736, 15552, 46, 48),
            ("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C"),
            ("-d", "GW2A-18C"),
            80.0,
            ("synth_gowin -family gw2a -noiopads",),
            pins=("4", "15", "16"),
            grid=(56, 55),
        ),
    ),
    router=Router(
        tool="nextpnr-gowin",
        packer="gowin_pack",
        arguments=("--json", "{netlist}", "--vopt", "cst={constraints}", "--sdc", "{clock}"),
        pack=("-o", "{bitstream}", "{layout}"),
        constraints="cst",
        layout="placed.json",
        bitstream="fs",
        bels={"LUT4": "LUT", "DFF": "FF", "MULT18X18": "MULT18X18", "BSRAM": "BSRAM"},
        pads={" -noiopads": ""},
    ),
    models=Models(("gowin/cells_sim.v",)),
)
