"""Parameters, ROMs and small tops for the hand-written Verilog."""

from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import CHANNELS, DEGREES_DESCENDING, MemoryUnit, identifier

__all__ = ["CHANNELS", "DEGREES_DESCENDING", "MemoryUnit", "identifier", "memory_unit"]
