"""What to use instead of a layer or an operator that cannot be converted: one line for each, by Keras's class."""

from __future__ import annotations

from collections.abc import Mapping

from lmu_hls.limits import LAMBDA

_NORM = (
    "use BatchNormalization or LayerNormalization, or train without it; inputs scaled to about [-1, 1] keep an LMU's "
    "memory there too"
)
_BEFORE = "apply it to the data, before the hardware"
_CONVOLUTION = (
    "use Conv1D or DepthwiseConv1D; an LMU's memory sees theta steps by itself: give it a larger memory_d or order"
)
_SHAPE = (
    "steps come one by one: whole steps can be put together (keras.ops.reshape(h, (-1, values)), Flatten), and a "
    "vector can be one step (keras.ops.expand_dims(h, 1)) or each of several (RepeatVector)"
)
_NUMBERS = (
    "a tensor with a number, or with an array of one number for each feature, can be; other numbers belong into the "
    "weights of a Dense layer; two tensors have the same shape: RepeatVector(steps) gives every step the same vector"
)
_DOT = "use Multiply and a Dense layer, which sums"
_LIMITS = "use keras.ops.maximum and keras.ops.minimum of two tensors, or an activation such as relu"
_SUMS = "use Dense, whose weights are sums of the features, or Multiply of two tensors"
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
    "Lambda": LAMBDA,
    "Bidirectional": "use it around an LMU, LSTM, GRU or SimpleRNN, and call it with its input only",
    "Sequential": "a model inside is taken where it is Sequential or functional and is called with its input only, "
    "without mask and not in training mode",
}
SAME = {"Functional": "Sequential", "Model": "Sequential"}  # models inside a model

OPERATORS: Mapping[str, str] = {
    "GetItem": "slices of steps can be: h[:, -1], h[:, 2:], h[:, ::-1], with all samples and features, and slices of "
    "features with all steps: h[..., 2:], or h[..., 2:3] for one of them; one behind the other for both",
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative"), _NUMBERS),
    **dict.fromkeys(
        ("Mean", "Max", "Sum", "Min"),
        "the mean and the largest of the steps can be: keras.ops.mean(h, axis=1), times their number for the sum; or "
        "set return_sequences=False in the last LMU, which then gives its last step",
    ),
    "Softmax": "steps come one by one: use it on the last axis: axis=-1",
    "Gelu": "keras.ops.gelu approximates by default: use keras.ops.gelu(h, approximate=False), which is the activation",
    "Flip": "the steps can be reversed: h[:, ::-1]",
    "Clip": "use keras.layers.ReLU(max_value) for limits from 0 on, or Activation('hard_tanh') for -1 to 1",
    "Absolute": "use keras.ops.maximum(h, -h)",
    **dict.fromkeys(("Square", "Power"), "use h * h"),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims", "Transpose", "Flatten", "Stack"), _SHAPE),
    **dict.fromkeys(("Split", "Take"), "slices of features can be: h[..., :2] and h[..., 2:]"),
    **dict.fromkeys(("Matmul", "Dot", "Einsum", "Tensordot", "Inner", "Vdot"), _SUMS),
    **dict.fromkeys(("Where", "Greater", "GreaterEqual", "Less", "LessEqual", "HardShrink", "Threshold"), _LIMITS),
    **dict.fromkeys(("Roll", "Cumsum"), "apply it to the data, before the hardware, or use a causal Conv1D"),
    **dict.fromkeys(("Argmax", "Cast"), "leave it to who reads the outputs: let the model end before it"),
    "Pad": "use keras.layers.ZeroPadding1D",
    "Normalize": "use keras.layers.UnitNormalization",
    "LogSoftmax": "use a softmax, or let the model end with the logits",
    "Glu": "use a * keras.ops.sigmoid(b) with a and b of two Dense layers",
}
OPERATOR = (
    "use layers of docs/layers.md: Add, Subtract, Multiply, Average, Maximum, Minimum and Concatenate for two tensors, "
    "Dense for sums of features, Activation for functions"
)


def instead_of(layer_class: str) -> str:
    """What to use instead of a layer of this class."""
    return INSTEAD.get(SAME.get(layer_class, layer_class), "use LMU and Dense layers, with linear, relu or softmax")
