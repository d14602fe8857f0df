"""Lattice iCE40: UltraPlus with multipliers (sizes from Lattice FPGA-DS-02008), LP/HX without (FPGA-DS-02029)."""

from lmu_hls.synth.device import Device, Router
from lmu_hls.synth.family import Family, Models, Resource
from lmu_hls.synth.sb_mac16 import pair

_FLIP_FLOPS = [
    f"SB_DFF{edge}{enable}{reset}" for edge in ("", "N") for enable in ("", "E") for reset in ("", "R", "S", "SR", "SS")
]
_HX = ("synth_ice40 -device hx",)


def _available(cells: int, rams: int, multipliers: int = 0, large_rams: int = 0) -> dict[str, int]:
    """A logic cell is a LUT, a flip-flop and a bit of carry chain."""
    return {"LC": cells, "LUT": cells, "CARRY": cells, "FF": cells} | {
        "DSP": multipliers, "EBR": rams, "SPRAM": large_rams,
    }  # fmt: skip


FAMILY = Family(
    name="ice40",
    device="Lattice iCE40 UltraPlus",
    passes=("synth_ice40 -device u -dsp -spram",),
    resources=(
        Resource("LUT", "look-up tables of four inputs", short=True),
        Resource("CARRY", "carry chains of one bit, each beside a LUT"),
        Resource("FF", "flip-flops", short=True),
        Resource("DSP", "multipliers of 16 x 16 bits or twice 8 x 8, SB_MAC16", short=True),
        Resource("EBR", "block RAMs of 4 Kbit", short=True),
        Resource("SPRAM", "single-port RAMs of 256 Kbit, without initial contents", short=True),
    ),
    costs={
        "SB_LUT4": {"LUT": 1},
        "SB_CARRY": {"CARRY": 1},
        **{name: {"FF": 1} for name in _FLIP_FLOPS},
        "SB_MAC16": {"DSP": 1},
        **{f"SB_RAM40_4K{edges}": {"EBR": 1} for edges in ("", "NR", "NW", "NRNW")},
        "SB_SPRAM256KA": {"SPRAM": 1},
        "SB_GB": {},  # global buffers
    },
    devices=(
        Device(
            "up5k",
            "iCE40UP5K-SG48",
            _available(5280, 30, 8, 4),
            ("--up5k", "--package", "sg48"),
            clock_mhz=24.0,
            grid=(26, 32),
        ),
        Device(
            "u4k",
            "iCE5LP4K-SG48",
            _available(3520, 20, 4, 0),
            ("--u4k", "--package", "sg48"),
            clock_mhz=24.0,
            passes=("synth_ice40 -device u -dsp",),
            grid=(26, 22),
        ),
        Device(
            "hx1k",
            "iCE40HX1K-TQ144",
            _available(1280, 16),
            ("--hx1k", "--package", "tq144"),
            clock_mhz=50.0,
            passes=_HX,
            grid=(14, 18),
        ),
        Device(
            "hx8k",
            "iCE40HX8K-CT256",
            _available(7680, 32),
            ("--hx8k", "--package", "ct256"),
            clock_mhz=50.0,
            passes=_HX,
            grid=(34, 34),
        ),
    ),
    router=Router(
        tool="nextpnr-ice40",
        packer="icepack",
        arguments=("--json", "{netlist}", "--pcf", "{constraints}", "--pcf-allow-unconstrained", "--asc", "{layout}"),
        pack=("{layout}", "{bitstream}"),
        constraints="pcf",
        layout="layout.asc",
        bitstream="bin",
        bels={"ICESTORM_LC": "LC", "ICESTORM_DSP": "DSP", "ICESTORM_RAM": "EBR", "ICESTORM_SPRAM": "SPRAM"},
    ),
    models=Models(("ice40/cells_sim.v",), ("NO_ICE40_DEFAULT_ASSIGNMENTS",)),
    finish=pair,
)
