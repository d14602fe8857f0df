"""The Keras layer: LMU and its cell, on any Keras 3 backend."""

from lmu_hls.layers.cell import LMUCell
from lmu_hls.layers.keras_lmu import convert_keras_lmu, holds_keras_lmu, load_keras_lmu
from lmu_hls.layers.lmu import LMU

__all__ = ["LMU", "LMUCell", "convert_keras_lmu", "holds_keras_lmu", "load_keras_lmu"]
