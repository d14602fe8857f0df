"""The Keras layer: LMU and its cell, on any Keras 3 backend."""

from lmu_hls.layers.cell import LMUCell
from lmu_hls.layers.head import head_of
from lmu_hls.layers.keras_lmu import convert_keras_lmu, holds_keras_lmu, load_keras_lmu
from lmu_hls.layers.lmu import LMU
from lmu_hls.layers.rebase import Change, fine_tune, rebase, rediscretize
from lmu_hls.layers.recurrent import Recurrent
from lmu_hls.layers.steps import Features, Steps

__all__ = [
    "LMU",
    "Change",
    "Features",
    "LMUCell",
    "Recurrent",
    "Steps",
    "convert_keras_lmu",
    "fine_tune",
    "head_of",
    "holds_keras_lmu",
    "load_keras_lmu",
    "rebase",
    "rediscretize",
]
