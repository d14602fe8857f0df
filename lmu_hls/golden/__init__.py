"""The reference: the integer contract in NumPy, vectorised over the batch."""

from lmu_hls.golden.lmu import RecurrentTrace, State, run_lmu
from lmu_hls.golden.network import chunks, predict, predict_all, run, zero_states
from lmu_hls.golden.stateful import Stateful, parts, predict_samples, run_samples
from lmu_hls.golden.trace import LayerTrace, Trace

__all__ = [
    "LayerTrace",
    "RecurrentTrace",
    "State",
    "Stateful",
    "Trace",
    "chunks",
    "parts",
    "predict",
    "predict_all",
    "predict_samples",
    "run",
    "run_lmu",
    "run_samples",
    "zero_states",
]
