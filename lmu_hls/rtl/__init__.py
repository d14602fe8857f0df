"""Parameters, ROMs and small tops for the hand-written Verilog."""

from lmu_hls.rtl.memory import MemoryUnit, identifier, memory_unit
from lmu_hls.rtl.project import write_rtl

__all__ = ["MemoryUnit", "identifier", "memory_unit", "write_rtl"]
