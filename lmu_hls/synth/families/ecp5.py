"""Lattice ECP5, with the names of Yosys and nextpnr; sizes from Lattice FPGA-DS-02012."""

from lmu_hls.synth.family import Family, Resource

FAMILY = Family(
    name="ecp5",
    device="Lattice ECP5",
    passes=("synth_ecp5",),
    resources=(
        Resource("LUT", "look-up tables of four inputs, carry chains and memory with them", short=True),
        Resource("LUTRAM", "of these LUTs, those used as memory"),
        Resource("CCU2C", "carry chains of two bits, each with two of these LUTs"),
        Resource("FF", "flip-flops", short=True),
        Resource("DSP", "multipliers of 18 x 18 bits, MULT18X18D", short=True),
        Resource("DP16KD", "block RAMs of 18 Kbit", short=True),
    ),
    costs={
        "LUT4": {"LUT": 1},
        "CCU2C": {"LUT": 2, "CCU2C": 1},
        "TRELLIS_DPR16X4": {"LUT": 6, "LUTRAM": 6},  # three slices: two hold the bits, one takes the write port
        "TRELLIS_FF": {"FF": 1},
        "MULT18X18D": {"DSP": 1},
        **{name: {"DP16KD": 1} for name in ("DP16KD", "PDPW16KD")},
        # Multiplexers inside a slice, constants
        **{name: {} for name in ("PFUMX", "L6MUX21", "VLO", "VHI")},
    },
)
