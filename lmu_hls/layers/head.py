"""What a Keras model puts out, for the figures of its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmu_hls.activations import FUNCTIONS, PASSING
from lmu_hls.figures import Head

if TYPE_CHECKING:
    import keras


def head_of(model: keras.Model) -> Head:
    """The head of a model with one output: its shape without the batch, and whether the values are probabilities."""
    last = next((layer for layer in reversed(model.layers) if type(layer).__name__ not in PASSING), None)
    last = getattr(last, "layer", last)  # what TimeDistributed is around
    cell = getattr(last, "cell", last)
    inner = getattr(cell, "hidden_cell", None)
    made = cell if inner is None else inner
    gated = hasattr(made, "recurrent_activation")  # its output is a product, and no probability
    name = "" if gated else getattr(getattr(made, "activation", None), "__name__", "")
    known = FUNCTIONS.get(name)
    return Head(tuple(int(n) for n in model.output_shape[1:]), known is not None and known.is_probability)
