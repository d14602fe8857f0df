"""Precision of the LMU's memory, computed and proven: ranges, rounding noise, stability. Pure numerics, no Keras."""

from lmu_hls.precision.feedback import Encoder, Hidden, LayerRange, layer_range
from lmu_hls.precision.lyapunov import covariance
from lmu_hls.precision.memory import EXACT, DenseMemory, Memory, Rounding, TridiagonalMemory
from lmu_hls.precision.noise import Snr, Spectrum, at_reader, decibel, predict_snr, rounding_noise
from lmu_hls.precision.ranges import MemoryRange, Range, limit_cycle_bound, memory_range, worst_input
from lmu_hls.precision.stability import (
    Stability,
    check_quantized,
    coefficient_type,
    quantize_dense,
    quantize_factors,
    smallest_stable_fraction,
    stability,
    vanished,
)

__all__ = [
    "EXACT",
    "DenseMemory",
    "Encoder",
    "Hidden",
    "LayerRange",
    "Memory",
    "MemoryRange",
    "Range",
    "Rounding",
    "Snr",
    "Spectrum",
    "Stability",
    "TridiagonalMemory",
    "at_reader",
    "check_quantized",
    "coefficient_type",
    "covariance",
    "decibel",
    "layer_range",
    "limit_cycle_bound",
    "memory_range",
    "predict_snr",
    "quantize_dense",
    "quantize_factors",
    "rounding_noise",
    "smallest_stable_fraction",
    "stability",
    "vanished",
    "worst_input",
]
