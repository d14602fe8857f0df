"""Published energies of operations, and how they are carried to other widths, sizes and nodes.

M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9: 45 nm, 0.9 V.

    integer addition        8 bits 0.03 pJ     32 bits 0.1 pJ
    integer multiplication  8 bits 0.2 pJ      32 bits 3.1 pJ
    cache read of 64 bits   8 KB 10 pJ         32 KB 20 pJ         1 MB 100 pJ
    register file           6 pJ an instruction, here of three words of 32 bits

The rules below go through these points: a product by the product of its widths (0.2 pJ and 3.2 pJ), a sum by its width
(0.025 pJ and 0.1 pJ), a memory by the square root of its size (10, 20 and 113 pJ). Below 8 KB the last is extrapolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from lmu_hls.records.energy import Energy

SOURCE = "Horowitz, ISSCC 2014, 45 nm at 0.9 V"
NODE_NM, VOLTAGE = 45, 0.9
# Nominal supply of a node (ITRS); dynamic energy goes as capacitance, which goes as the node, times its square
VOLTAGES = {180: 1.8, 130: 1.2, 90: 1.1, 65: 1.0, 45: 0.9, 28: 0.9, 22: 0.8}
REGISTER_PJ = 6.0 / 96  # a bit that is written


@dataclass(frozen=True, slots=True)
class Paper:
    """The accelerator of Blouw, Malik, Morcos, Voelker and Eliasmith, "Hardware Aware Training for Efficient Keyword
    Spotting on General Purpose and Specialized Hardware", 2021 (arXiv 2009.04465): their own estimate.
    """

    power_uw: float = 8.79
    node_nm: int = 22
    clock_khz: float = 92.0
    busy_ms: float = 13.38
    step_ms: float = 20.0
    model_kbit: int = 361

    @property
    def step_nj(self) -> float:
        """Energy of a frame."""
        return self.power_uw * self.step_ms

    @property
    def step_cycles(self) -> float:
        return self.clock_khz * self.busy_ms


PAPER = Paper()


def beside_the_paper(energy: Energy) -> list[tuple[str, str, str]]:
    """Quantity, this network, the paper: texts. Its network is another, and its power has what ours leaves out."""
    clock = energy.step_cycles / energy.step_ms
    return [
        ("process", f"{energy.node_nm} nm", f"{PAPER.node_nm} nm"),
        ("a step every", f"{energy.step_ms:g} ms", f"{PAPER.step_ms:g} ms"),
        ("cycles a step", f"{energy.step_cycles}", f"{PAPER.step_cycles:.0f}"),
        ("clock that keeps up", f"{clock:.4g} kHz", f"{PAPER.clock_khz:g} kHz, busy {PAPER.busy_ms:g} ms a step"),
        ("energy a step", f"{energy.energy_per_step_nj:.4g} nJ", f"{PAPER.step_nj:.4g} nJ"),
        ("power", f"{energy.power_uw:.4g} uW, dynamic", f"{PAPER.power_uw:g} uW, in all"),
        ("memory", f"{energy.memory_bits / 1000:.4g} kbit, ROM and RAM", f"{PAPER.model_kbit} kbit, the model"),
    ]


def scale(node_nm: int) -> float:
    """What a node has of the energy at 45 nm: (node / 45 nm) x (V / 0.9 V)^2."""
    return node_nm / NODE_NM * (VOLTAGES[node_nm] / VOLTAGE) ** 2


def multiplication_pj(a_bits: int, b_bits: int) -> float:
    return 0.2 * a_bits * b_bits / 64


def addition_pj(bits: float) -> float:
    return 0.1 * bits / 32


def access_pj(bits: float, memory_bits: int) -> float:
    """Of ``bits`` of a memory that holds ``memory_bits``."""
    return 10.0 * bits / 64 * sqrt(memory_bits / (8 * 8192))
