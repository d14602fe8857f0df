"""What a converted model must compute: the integer reference, from floats to floats, for every backend of hls4ml."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.node import Graph
from lmu_hls.spec import Network
from lmu_hls.spec.sequences import whole_sequences


def reference(model: Graph, x: Any) -> NDArray[Any]:
    """The outputs that ``model.predict(x)`` of an hls4ml model with an LMU must be equal to, value for value.

    x (N, steps, n_in), or (steps, n_in), of float32 or float64. The result has the form of hls4ml's: that dtype, the
    output of a sample flat, so (N, values), and one sample without the first axis. ``reshape`` with the shape of the
    Keras model's output gives Keras's form. Raises LmuHlsError for x of another kind or shape, and for NaN.
    """
    network = network_spec(model)
    outputs = to_float(golden.predict(network, integers(network, x)), network.out)
    return as_hls4ml(outputs, x.dtype)


def integers(network: Network, x: Any) -> Ints:
    """x as (N, steps, n_in) integers of the network's input type. LmuHlsError for what that cannot be done with."""
    if not isinstance(x, np.ndarray) or x.dtype not in (np.float32, np.float64):
        what = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise LmuHlsError(f"x is {what}; a NumPy array of float32 or float64 is needed")
    whole = whole_sequences(x, network.steps, network.n_in)
    try:
        return quantize(whole, network.x)
    except ValueError as error:
        raise LmuHlsError(f"x cannot be taken: {error}") from None


def as_hls4ml(outputs: NDArray[np.float64], dtype: Any) -> NDArray[Any]:
    """Outputs (N, ...) in the form that hls4ml's ``predict`` has."""
    flat = outputs.astype(dtype).reshape(len(outputs), -1)
    return np.asarray(flat[0] if len(flat) == 1 else flat)
