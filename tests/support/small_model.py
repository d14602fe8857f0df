"""A small Keras model with an LMU, for tests of the commands."""

import keras

from lmu_hls.layers import LMU


def small_model(hidden_cell="relu", units=4, head=3, name="small", **lmu):
    """steps 5, 2 features, memory_d 2, order 4."""
    keras.utils.set_random_seed(0)  # first: initializers draw their seed when they are made
    cell = keras.layers.Dense(units, activation=hidden_cell) if isinstance(hidden_cell, str) else hidden_cell
    settings = {"theta": 6, "input_to_hidden": cell is not None, **lmu}
    layers = [keras.Input((5, 2)), LMU(2, 4, hidden_cell=cell, name="lmu", **settings)]
    if head:
        layers.append(keras.layers.Dense(head, name="head"))
    return keras.Sequential(layers, name=name)
