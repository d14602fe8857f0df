"""Types for every tensor of a network: found by analysis first, then by search with golden as judge."""

from lmu_hls.tuning.auto import TensorResult, Tuning, auto_precision, tune
from lmu_hls.tuning.calibration import Excess, Observed, exceeded, observe
from lmu_hls.tuning.judge import AccuracyDrop, BitBudget, Measure, SnrDb, Target

__all__ = [
    "AccuracyDrop",
    "BitBudget",
    "Excess",
    "Measure",
    "Observed",
    "SnrDb",
    "Target",
    "TensorResult",
    "Tuning",
    "auto_precision",
    "exceeded",
    "observe",
    "tune",
]
