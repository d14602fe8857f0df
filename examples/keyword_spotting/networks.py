"""The networks in the sizes of the paper's table, and what the paper says of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np

from lmu_hls.configurations import KEYWORD_SIZES, Configuration
from lmu_hls.fixed import quantize
from lmu_hls.training import QuantizedModel

WEIGHT_BITS, VALUE_BITS = 4, 7


@dataclass(frozen=True, slots=True)
class Published:
    """A row of Blouw et al. 2021: on Speech Commands, in percent of the test set, with the size of the model."""

    name: str
    kbit: int
    accuracy: float


PUBLISHED = {
    "lmu1": Published("LMU-1", 1683, 96.9),
    "lmu2": Published("LMU-2", 361, 95.9),
    "lmu3": Published("LMU-3", 105, 95.0),
    "lmu4": Published("LMU-4", 49, 92.7),
}


def configuration(name: str, feedback: bool) -> Configuration:
    """The network of that name; with ``feedback`` h goes back to the memory, as in the paper's equation, else not, as
    in its text.
    """
    return replace(KEYWORD_SIZES[name], hidden_to_memory=feedback)


def kbit(model: QuantizedModel) -> tuple[float, float]:
    """All that is trained, in thousands of bits; and what of it is not zero, without the places of these."""
    whole = left = 0
    for item in model.program.weights.trained:
        values = quantize(
            np.ravel(keras.ops.convert_to_numpy(item.variable))[item.places].astype(np.float64), item.type
        )
        whole += values.size * item.type.width
        left += int(np.count_nonzero(values)) * item.type.width
    return whole / 1000, left / 1000
