"""The reference: the integer contract in NumPy, vectorised over the batch."""

from lmu_hls.golden.lmu import LMUTrace, State, run_lmu
from lmu_hls.golden.network import LayerTrace, Trace, chunks, predict, predict_all, run, zero_states

__all__ = [
    "LMUTrace",
    "LayerTrace",
    "State",
    "Trace",
    "chunks",
    "predict",
    "predict_all",
    "run",
    "run_lmu",
    "zero_states",
]
