"""The reference: the integer contract in NumPy, vectorised over the batch."""

from lmu_hls.golden.lmu import LMUTrace, MemoryUpdate, State, run_lmu
from lmu_hls.golden.network import LayerTrace, Trace, predict, run

__all__ = ["LMUTrace", "LayerTrace", "MemoryUpdate", "State", "Trace", "predict", "run", "run_lmu"]
