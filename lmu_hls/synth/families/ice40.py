"""Lattice iCE40 UltraPlus, the iCE40 with multipliers; sizes from Lattice FPGA-DS-02008."""

from lmu_hls.synth.family import Family, Resource

_FLIP_FLOPS = [
    f"SB_DFF{edge}{enable}{reset}" for edge in ("", "N") for enable in ("", "E") for reset in ("", "R", "S", "SR", "SS")
]

FAMILY = Family(
    name="ice40",
    device="Lattice iCE40 UltraPlus",
    passes=("synth_ice40 -device u -dsp -spram",),
    resources=(
        Resource("LUT", "look-up tables of four inputs", short=True),
        Resource("CARRY", "carry chains of one bit, each beside a LUT"),
        Resource("FF", "flip-flops", short=True),
        Resource("DSP", "multipliers of 16 x 16 bits with a sum of 32, SB_MAC16", short=True),
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
)
