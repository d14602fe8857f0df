"""Lattice ECP5, with the names of Yosys and nextpnr; sizes from Lattice FPGA-DS-02012."""

from lmu_hls.synth.device import Device, Router
from lmu_hls.synth.family import Adder, Family, FlipFlop, Models, RegisterBank, Resource

_PACKAGE = ("--package", "CABGA381", "--speed", "6")


def _available(luts: int, rams: int, multipliers: int) -> dict[str, int]:
    return {"LUT": luts, "FF": luts, "DSP": multipliers, "DP16KD": rams}


def _factor(port: str) -> RegisterBank:
    """The registers at a factor of a multiplier."""
    return RegisterBank(
        cell="MULT18X18D",
        pins=tuple(f"{port}{k}" for k in range(18)),
        output=False,
        clock=("CLK0", None),
        enable=("CE0", None),
        settings={f"REG_INPUT{port}_CLK": "CLK0", f"REG_INPUT{port}_CE": "CE0"},
        ties={"RST0": "0"},
    )


def _word(pins: str, port: str, widths: tuple[int, ...]) -> RegisterBank:
    """The output registers of a block RAM, of one port; a word of 36 bits is read by port B at the pins of both."""
    return RegisterBank(
        cell="DP16KD",
        pins=tuple(f"DO{letter}{k}" for letter in pins for k in range(18)),
        output=True,
        clock=(f"CLK{port}", None),
        enable=(f"OCE{port}", "1"),
        settings={f"REGMODE_{letter}": "OUTREG" for letter in pins},
        widths={"DATA_WIDTH_B": widths},
    )


_NARROW = (1, 2, 4, 9, 18)
_PRODUCT = RegisterBank(
    cell="MULT18X18D",
    pins=tuple(f"P{k}" for k in range(36)),
    output=True,
    clock=("CLK0", None),
    enable=("CE0", None),
    settings={"REG_OUTPUT_CLK": "CLK0", "REG_OUTPUT_CE": "CE0"},
    ties={"RST0": "0"},
)

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
    devices=(
        # The 12F is the die of the 25F
        Device("ecp5-12k", "LFE5U-12F-6BG381C", _available(24288, 56, 28), ("--12k", *_PACKAGE), grid=(73, 51)),
        Device("ecp5-25k", "LFE5U-25F-6BG381C", _available(24288, 56, 28), ("--25k", *_PACKAGE), grid=(73, 51)),
        Device("ecp5-45k", "LFE5U-45F-6BG381C", _available(43848, 108, 72), ("--45k", *_PACKAGE), grid=(91, 72)),
        Device("ecp5-85k", "LFE5U-85F-6BG381C", _available(83640, 208, 156), ("--85k", *_PACKAGE), grid=(127, 96)),
    ),
    router=Router(
        tool="nextpnr-ecp5",
        packer="ecppack",
        arguments=(
            "--json",
            "{netlist}",
            "--lpf",
            "{constraints}",
            "--lpf-allow-unconstrained",
            "--textcfg",
            "{layout}",
        ),
        pack=("--compress", "{layout}", "{bitstream}"),
        constraints="lpf",
        layout="layout.config",
        bitstream="bit",
        bels={"TRELLIS_COMB": "LUT", "TRELLIS_FF": "FF", "MULT18X18D": "DSP", "DP16KD": "DP16KD"},
    ),
    models=Models(("ecp5/cells_sim.v",)),
    flip_flop=FlipFlop("TRELLIS_FF", {"CEMUX": ("1", "CE"), "CLKMUX": ("CLK",), "REGSET": ("RESET",)}),
    register_banks=(
        _factor("A"),
        _factor("B"),
        _PRODUCT,
        _word("AB", "B", (36,)),
        _word("A", "A", _NARROW),
        _word("B", "B", _NARROW),
    ),
    adder=Adder("CCU2C", ("0", "1"), "LUT4", ("A", "B", "C", "D"), "INIT", "Z"),
)
