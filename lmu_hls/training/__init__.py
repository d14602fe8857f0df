"""Training for the hardware: Keras models whose forward pass is the integer contract."""

from lmu_hls.training.behind import Behind
from lmu_hls.training.distillation import Distilled, distill
from lmu_hls.training.learned import LearnedTypes, learn_types
from lmu_hls.training.model import QuantizedModel
from lmu_hls.training.pruning import Pruning, prune
from lmu_hls.training.quantization import quantize

__all__ = [
    "Behind",
    "Distilled",
    "LearnedTypes",
    "Pruning",
    "QuantizedModel",
    "distill",
    "learn_types",
    "prune",
    "quantize",
]
