"""Parameters, ROMs and small tops for the hand-written Verilog."""

from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import CHANNELS, DEGREES_DESCENDING, MemoryUnit

__all__ = ["CHANNELS", "DEGREES_DESCENDING", "MemoryUnit", "memory_unit"]
