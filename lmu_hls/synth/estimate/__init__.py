"""What a design will take, in a second and without a tool: exact where Yosys's rules say it, fitted where they do not.

`operators` reads the Verilog, `primitives` maps multiplications and memories, `features` and `model` make LUTs and
flip-flops of the rest, `figures` says it with its error.
"""

from lmu_hls.synth.estimate.figures import Estimate, Figure, TargetEstimate, check_target, estimate, unknown_units

__all__ = ["Estimate", "Figure", "TargetEstimate", "check_target", "estimate", "unknown_units"]
