"""A cell of keras.layers over a sequence, as a layer that lmu_hls converts."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="lmu_hls")
class Recurrent(keras.layers.RNN):
    """keras.layers.RNN around one LSTMCell, GRUCell or SimpleRNNCell, with the same arguments and numbers.

    In a model with such a layer or an LMU hls4ml's functions are ours; other models with LSTM layers they convert as
    hls4ml does. ``lmu-hls convert`` and the functions of lmu_hls put it in the place of LSTM, GRU and SimpleRNN layers.
    """
