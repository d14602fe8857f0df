"""AMD UltraScale+. AMD UG974 describes the primitives, DS890 what the devices have."""

from lmu_hls.synth.device import Device
from lmu_hls.synth.family import Family, Resource

_FLIP_FLOPS = [f"{name}{edge}" for name in ("FDRE", "FDSE", "FDCE", "FDPE") for edge in ("", "_1")]

FAMILY = Family(
    name="xcup",
    device="AMD UltraScale+",
    passes=("synth_xilinx -family xcup -uram -flatten -noiopad -noclkbuf",),
    resources=(
        Resource("LUT", "look-up tables of six inputs, memory and shift registers with them", short=True),
        Resource("LUTRAM", "of these LUTs, those used as memory"),
        Resource("SRL", "of these LUTs, those used as shift register"),
        Resource("FF", "flip-flops and latches", short=True),
        Resource("CARRY4", "carry chains of four bits, halves of a CARRY8"),
        Resource("DSP", "multipliers of 27 x 18 bits with a sum of 48, DSP48E2", short=True),
        Resource("BRAM18", "block RAMs of 18 Kbit; a RAMB36E2 is two", short=True),
        Resource("URAM", "block RAMs of 288 Kbit without initial contents, URAM288", short=True),
    ),
    costs={
        **{f"LUT{inputs}": {"LUT": 1} for inputs in range(1, 7)},
        "INV": {"LUT": 1},  # a LUT1 by another name
        **{name: {"FF": 1} for name in (*_FLIP_FLOPS, "LDCE", "LDPE")},
        "CARRY4": {"CARRY4": 1},
        "CARRY8": {"CARRY4": 2},
        "DSP48E2": {"DSP": 1},
        "RAMB18E2": {"BRAM18": 1},
        "RAMB36E2": {"BRAM18": 2},
        "URAM288": {"URAM": 1},
        **{name: {"LUT": 1, "LUTRAM": 1} for name in ("RAM16X1S", "RAM32X1S", "RAM64X1S")},
        # Two LUTs: one a port, or twice the depth or the width
        **{name: {"LUT": 2, "LUTRAM": 2} for name in ("RAM16X1D", "RAM32X1D", "RAM64X1D", "RAM128X1S", "RAM32X2S")},
        **{name: {"LUT": 4, "LUTRAM": 4} for name in ("RAM128X1D", "RAM256X1S")},
        **{name: {"LUT": 8, "LUTRAM": 8} for name in ("RAM32M16", "RAM64M8", "RAM256X1D", "RAM512X1S")},
        **{name: {"LUT": 1, "SRL": 1} for name in ("SRL16E", "SRLC16E", "SRLC32E")},
        # Multiplexers inside a slice, constants and buffers
        **{name: {} for name in ("MUXF7", "MUXF8", "MUXF9", "GND", "VCC", "BUFG", "IBUF", "OBUF")},
    },
    devices=tuple(
        Device(name, part, dict(zip(("LUT", "FF", "DSP", "BRAM18", "URAM"), available, strict=True)), clock_mhz=200.0)
        for name, part, available in (
            ("xczu3eg", "xczu3eg-sbva484-1-e", (70560, 141120, 360, 432, 0)),
            ("xck26", "xck26-sfvc784-2lv-c", (117120, 234240, 1248, 288, 64)),
            ("xczu7ev", "xczu7ev-ffvc1156-2-e", (230400, 460800, 1728, 624, 96)),
            ("xczu9eg", "xczu9eg-ffvb1156-2-e", (274080, 548160, 2520, 1824, 0)),
            ("xcu50", "xcu50-fsvh2104-2-e", (871680, 1743360, 5952, 2688, 640)),
            ("xcvu9p", "xcvu9p-flga2104-2L-e", (1182240, 2364480, 6840, 4320, 960)),
            ("xcu250", "xcu250-figd2104-2L-e", (1728000, 3456000, 12288, 5376, 1280)),
        )
    ),
    vendor="vivado",
)
