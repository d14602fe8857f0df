"""What to use instead of a layer or an operator that cannot be converted: one line for each, by Keras's class."""

from __future__ import annotations

from collections.abc import Mapping

_NORM = (
    "use BatchNormalization or LayerNormalization, or train without it; inputs scaled to about [-1, 1] keep an LMU's "
    "memory there too"
)
_BEFORE = "apply it to the data, before the hardware"
_CONVOLUTION = (
    "use Conv1D or DepthwiseConv1D; an LMU's memory sees theta steps by itself: give it a larger memory_d or order"
)
_SHAPE = "use the layers Flatten, Reshape or Permute of keras.layers instead of the operator"
_DOT = "use Multiply and a Dense layer, which sums"
_MERGE = (
    "use the layers Add, Subtract, Multiply, Average, Maximum, Minimum and Concatenate of keras.layers, on two tensors"
)
_MASKS = (
    "give the hardware the vectors that it makes; steps behind a sequence are left out by Masking of the model's input"
)
_ATTENTION = "use an LMU, whose memory weighs the past with fixed polynomials, and Dense layers"

INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(
        ("GroupNormalization", "SpectralNormalization"),
        _NORM,
    ),
    **dict.fromkeys(("CategoryEncoding", "Hashing"), _BEFORE),
    **dict.fromkeys(("UpSampling1D", "MelSpectrogram", "STFTSpectrogram"), _BEFORE),
    **dict.fromkeys(("Conv2D", "Conv1DTranspose", "ConvLSTM1D"), _CONVOLUTION),
    "AdaptiveMaxPooling1D": "use MaxPooling1D or GlobalMaxPooling1D",
    "Dot": _DOT,
    "RNN": "give it LSTMCell, GRUCell or SimpleRNNCell of keras.layers, or LMUCell, and call it with its input only",
    **dict.fromkeys(("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"), _ATTENTION),
    "Embedding": _MASKS,
    "Masking": "leave it out and train on sequences of one length; lmu-hls convert takes it behind the input",
    "EinsumDense": "use Dense, which acts on the last axis",
    "Lambda": "write it with LMU and Dense layers, or apply it to the data",
    "Bidirectional": "use it around an LMU, LSTM, GRU or SimpleRNN, and call it with its input only",
    "Sequential": "a model inside is taken where it is Sequential or functional and is called with its input only, "
    "without mask and not in training mode",
}
SAME = {"Functional": "Sequential", "Model": "Sequential"}  # models inside a model

OPERATORS: Mapping[str, str] = {
    "GetItem": "slices of steps can be: h[:, -1], h[:, 2:], h[:, ::-1], with all samples and features, and slices of "
    "features with all steps: h[..., 2:]",
    **dict.fromkeys(
        ("Multiply", "Divide", "TrueDivide", "Negative"),
        "a tensor times a number can be; put other factors into the weights of a Dense layer",
    ),
    **dict.fromkeys(
        ("Mean", "Max", "Sum", "Min"),
        "the mean and the largest of the steps can be: keras.ops.mean(h, axis=1); or set return_sequences=False in the "
        "last LMU, which then gives its last step",
    ),
    **dict.fromkeys(("Relu", "Softmax"), "use the layer of keras.layers instead of the function of keras.ops"),
    "Clip": "use keras.layers.ReLU(max_value) for limits from 0 on, or Activation('hard_tanh') for -1 to 1",
    "Absolute": "use keras.ops.maximum(h, -h)",
    **dict.fromkeys(("Square", "Power"), "use h * h"),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims", "Transpose", "Flatten"), _SHAPE),
}
OPERATOR = _MERGE


def instead_of(layer_class: str) -> str:
    """What to use instead of a layer of this class."""
    return INSTEAD.get(SAME.get(layer_class, layer_class), "use LMU and Dense layers, with linear, relu or softmax")
