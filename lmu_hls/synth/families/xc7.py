"""AMD 7 series. AMD UG953 describes the primitives."""

from lmu_hls.synth.device import Device
from lmu_hls.synth.family import Family, Models, Resource

_FLIP_FLOPS = [f"{name}{edge}" for name in ("FDRE", "FDSE", "FDCE", "FDPE") for edge in ("", "_1")]

FAMILY = Family(
    name="xc7",
    device="AMD 7 series",
    passes=("synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",),
    resources=(
        Resource("LUT", "look-up tables of six inputs, memory and shift registers with them", short=True),
        Resource("LUTRAM", "of these LUTs, those used as memory"),
        Resource("SRL", "of these LUTs, those used as shift register"),
        Resource("FF", "flip-flops and latches", short=True),
        Resource("CARRY4", "carry chains of four bits"),
        Resource("DSP", "multipliers of 25 x 18 bits with a sum of 48, DSP48E1", short=True),
        Resource("BRAM18", "block RAMs of 18 Kbit; a RAMB36E1 is two", short=True),
    ),
    costs={
        **{f"LUT{inputs}": {"LUT": 1} for inputs in range(1, 7)},
        "INV": {"LUT": 1},  # a LUT1 by another name
        **{name: {"FF": 1} for name in (*_FLIP_FLOPS, "LDCE", "LDPE")},
        "CARRY4": {"CARRY4": 1},
        "DSP48E1": {"DSP": 1},
        "RAMB18E1": {"BRAM18": 1},
        "RAMB36E1": {"BRAM18": 2},
        **{name: {"LUT": 1, "LUTRAM": 1} for name in ("RAM16X1S", "RAM32X1S", "RAM64X1S")},
        # Two LUTs: one a port, or twice the depth or the width
        **{name: {"LUT": 2, "LUTRAM": 2} for name in ("RAM16X1D", "RAM32X1D", "RAM64X1D", "RAM128X1S", "RAM32X2S")},
        **{name: {"LUT": 4, "LUTRAM": 4} for name in ("RAM32M", "RAM64M", "RAM128X1D", "RAM256X1S")},
        **{name: {"LUT": 1, "SRL": 1} for name in ("SRL16E", "SRLC16E", "SRLC32E")},
        # Multiplexers inside a slice, constants and buffers
        **{name: {} for name in ("MUXF7", "MUXF8", "GND", "VCC", "BUFG", "IBUF", "OBUF")},
    },
    devices=tuple(
        Device(name, part, dict(zip(("LUT", "FF", "DSP", "BRAM18"), available, strict=True)), clock_mhz=clock)
        for name, part, available, clock in (
            ("xc7a35t", "xc7a35tcpg236-1", (20800, 41600, 90, 100), 100.0),
            ("xc7a100t", "xc7a100tcsg324-1", (63400, 126800, 240, 270), 100.0),
            ("xc7a200t", "xc7a200tsbg484-1", (134600, 269200, 740, 730), 100.0),
            ("xc7z010", "xc7z010clg400-1", (17600, 35200, 80, 120), 100.0),
            ("xc7z020", "xc7z020clg400-1", (53200, 106400, 220, 280), 100.0),
            ("xc7k325t", "xc7k325tffg900-2", (203800, 407600, 840, 890), 200.0),
            ("xc7vx690t", "xc7vx690tffg1761-2", (433200, 866400, 3600, 2940), 200.0),
        )
    ),
    vendor="vivado",
    models=Models(("xilinx/cells_sim.v",)),
)
