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
from lmu_hls.spec.lengths import check_lengths
from lmu_hls.spec.sequences import whole_inputs, with_counts


def reference(model: Graph, x: Any) -> Any:
    """The outputs that ``model.predict(x)`` of an hls4ml model with an LMU must be equal to, value for value.

    x (N, steps, n_in), or (steps, n_in) for one, of float32 or float64; a list of such arrays for several inputs. Of a
    model that takes sequences of any length their lengths are the last of a list, as in [x, lengths]. The result has
    the form of hls4ml's: that dtype, the output of a sample flat, so (N, values), and one sample without the first
    axis; a list of such arrays for several outputs. ``reshape`` with the shape of the Keras model's output gives
    Keras's form. Raises LmuHlsError for x of another kind or shape, and for NaN.
    """
    network = network_spec(model)
    x, lengths = with_lengths(network, x)
    outputs = golden.predict_all(network, input_integers(network, x), lengths=lengths)
    dtype = (x[0] if isinstance(x, list | tuple) else x).dtype
    flat = [as_hls4ml(to_float(y, network.values[name].type), dtype) for name, y in outputs.items()]
    return flat[0] if len(flat) == 1 else flat


def with_lengths(network: Network, x: Any) -> tuple[Any, Ints | None]:
    """x, and how many steps of each sample count where a network takes any number of them: x is then [x, lengths], of
    several inputs [x0, x1, lengths] and so on."""
    if not network.any_length:
        return x, None
    values, lengths = with_counts(x, len(network.inputs))
    one = values[0] if isinstance(values, list) else values
    samples = len(one) if np.ndim(one) == 3 else 1
    return values, check_lengths(lengths, samples, network.steps, least=network.least_steps)


def input_integers(network: Network, x: Any) -> dict[str, Ints]:
    """x, a list for several inputs, as (N, steps, n_in) integers of each input's type, by name.

    LmuHlsError for what that cannot be done with.
    """
    for values in x if isinstance(x, list | tuple) else [x]:
        if not isinstance(values, np.ndarray) or values.dtype not in (np.float32, np.float64):
            what = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise LmuHlsError(f"x is {what}; a NumPy array of float32 or float64 is needed")
    whole = whole_inputs([(network.steps, item.width) for item in network.inputs], x)
    try:
        return {item.name: quantize(values, item.type) for item, values in zip(network.inputs, whole, strict=True)}
    except ValueError as error:
        raise LmuHlsError(f"x cannot be taken: {error}") from None


def as_hls4ml(outputs: NDArray[np.float64], dtype: Any) -> NDArray[Any]:
    """Outputs (N, ...) in the form that hls4ml's ``predict`` has."""
    flat = outputs.astype(dtype).reshape(len(outputs), -1)
    return np.asarray(flat[0] if len(flat) == 1 else flat)
