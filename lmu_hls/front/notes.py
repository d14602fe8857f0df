"""What a graph of hls4ml carries for us beside its nodes; nothing of hls4ml is imported here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hls.front.node import Graph


def remarks(model: Graph) -> dict[str, str]:
    """What became of a layer of the Keras model, by its name, where that is not what its class says."""
    notes: dict[str, str] = vars(model).setdefault("lmu_remarks", {})
    return notes


def float_weights(model: Graph) -> dict[tuple[str, str], NDArray[np.float64]]:
    """The weights of a graph before they were put on their grids, by layer and name."""
    notes: dict[tuple[str, str], NDArray[np.float64]] = vars(model).setdefault("lmu_float_weights", {})
    return notes
