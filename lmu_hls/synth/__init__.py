"""Logic synthesis with Yosys: from Verilog to counted cells."""

from lmu_hls.synth.yosys import FAMILIES, synthesize, synthesize_units

__all__ = ["FAMILIES", "synthesize", "synthesize_units"]
