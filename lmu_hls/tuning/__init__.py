"""Types for every tensor of a network: found by analysis first, then by search with golden as judge."""

from lmu_hls.tuning.auto import Tuning, auto_precision, tune
from lmu_hls.tuning.calibration import Observed, clipped, exceeded, observe
from lmu_hls.tuning.judge import AccuracyDrop, BitBudget, Measure, SnrDb, Target
from lmu_hls.tuning.profile import profile

__all__ = [
    "AccuracyDrop",
    "BitBudget",
    "Measure",
    "Observed",
    "SnrDb",
    "Target",
    "Tuning",
    "auto_precision",
    "clipped",
    "exceeded",
    "observe",
    "profile",
    "tune",
]
