"""Which type a tensor gets: the user's, exactly as written, or the project's choice; and exact accumulators."""

from __future__ import annotations

from typing import Any

import numpy as np
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType
from numpy.typing import NDArray

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import MAX_WIDTH, FixedType, integer_bits, quantize, to_float
from lmu_hls.front.alternatives import instead_of
from lmu_hls.front.node import GraphConfig, Node
from lmu_hls.front.notes import float_weights
from lmu_hls.front.reading import MAX_WEIGHT_WIDTH, Reading, fixed_type
from lmu_hls.spec import Table

Floats = NDArray[np.float64]
# Of what a layer does not have: C++ needs a type, but no value has it. Of one bit, hls4ml would make two on ac_types.
ABSENT = FixedType(2, 2, False, "TRN", "WRAP")
Product = tuple[int, FixedType, FixedType]  # n terms x_i w_i of these types


def hls_type(settled: FixedType) -> FixedPrecisionType:
    """The hls4ml precision of ``settled``; a new object each time, because hls4ml's converters change it in place."""
    return FixedPrecisionType(settled.width, settled.integer, settled.signed, settled.rounding, settled.overflow)


def default_type(config: GraphConfig) -> FixedType:
    """Width and integer bits of the model's default precision, with RND_CONV and SAT."""
    text = config.model_precision.get("default")
    if text is None:
        raise LmuHlsError("the hls_config has no default precision; add Model: Precision: default: fixed<16,6>")
    return _parse(config, text, "Model: Precision: default").with_modes()


def explicit_type(node: Node, name: str) -> FixedType | None:
    """What the user wrote for tensor ``name`` of ``node``, or None for nothing or 'auto'.

    Looked up as hls4ml does: by layer name, by layer type, then for the whole model; at each level first the tensor,
    then a default of the layer. The model's default is no explicit type: see :func:`default_type`.
    """
    config, own, written = node.model.config, node.get_attr("own_types"), None
    places = [(config.layer_name_precision, f"{node.name.lower()}_{key}") for key in (name, "default")]
    # The configuration calls layers by Keras's class (InputLayer), hls4ml looks them up by its own (Input).
    for kind in (str(node.get_attr("class_name")), node.class_name):
        places += [(config.layer_type_precision, f"{kind.lower()}_{key}") for key in (name, "default")]
    places.append((config.model_precision, name))
    for table, key in places:
        text = table.get(key)
        if text is not None:
            automatic = isinstance(text, str) and text.lower() == "auto"
            written = None if automatic else _parse(config, text, f"layer {node.name!r}: {name!r}")
            break
    return written if own is None else _own_type(node, name, written)


def brings_types(node: Node) -> bool:
    """Whether a node has types of its own: those that it says, and exact ones for all else."""
    return node.get_attr("own_types") is not None


def _own_type(node: Node, name: str, written: FixedType | None) -> FixedType | None:
    """The node's own type of a tensor; None where it is to be exact. LmuHlsError where another one is written."""
    text = node.get_attr("own_types").get(name)
    own = None if text is None else FixedType.parse(text)
    if written not in (None, own):
        raise LmuHlsError(
            f"layer {node.name!r} was trained with types of its own, and {written} for {name!r} would change them; "
            "leave it out"
        )
    return own


def _parse(config: GraphConfig, text: Any, where: str) -> FixedType:
    try:
        precision = config.backend.convert_precision_string(text)
    except (ValueError, AttributeError, KeyError, IndexError) as error:
        raise LmuHlsError(f"{where} has the type {text!r}; write for example 'fixed<16,6>'") from error
    return fixed_type(precision, where)


def reuse_factor(node: Node) -> int:
    """What the user asked for; LmuHlsError for anything but an integer from 1 on."""
    value = node.model.config.get_reuse_factor(node)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise LmuHlsError(f"layer {node.name!r}: ReuseFactor={value!r} is not possible; give an integer from 1 on")
    return value


def compression(node: Node) -> bool | None:
    """Whether blocks of zeros are left out of its matrices, as the user said it of the layer or of its class; None if
    nothing was said. LmuHlsError where that is asked for and only the Verilog can do it."""
    config = node.model.config
    said = config.layer_name_compression.get(node.name.lower())
    if said is None:
        said = config.layer_type_compression.get(node.class_name.lower())
    if said and config.backend.name != "Verilog":
        raise LmuHlsError(
            f"layer {node.name!r}: Compression is not supported by {config.backend.name} in a model with an LMU; "
            "set it to False, or use backend='Verilog'"
        )
    return said


def weight_on_grid(node: Node, name: str, data: Any, auto: FixedType | None = None) -> tuple[FixedType, Floats]:
    """The type of weight ``name`` and its values after assignment to that type.

    Without an explicit type it is ``auto``, or the default width with the integer bits that the data need. Raises
    LmuHlsError for NaN or infinity and when values are lost altogether: all of them become zero.
    """
    data, where = np.asarray(data, np.float64), f"layer {node.name!r}: weight {name!r}"
    if not np.all(np.isfinite(data)):
        raise LmuHlsError(f"{where} holds NaN or infinity; train the model again (a lower learning rate often helps)")
    type_ = explicit_type(node, name) or (_exact_type(data) if brings_types(node) else auto)
    if type_ is None:
        width = default_type(node.model.config).width
        type_ = FixedType(width, integer_bits(float(np.abs(data).max(initial=0.0))))
    if type_.width > MAX_WEIGHT_WIDTH:
        raise LmuHlsError(f"{where} has the type {type_}; at most {MAX_WEIGHT_WIDTH} bits are possible, use fewer")
    try:
        values = to_float(quantize(data, type_), type_)
    except ValueError as error:
        raise LmuHlsError(f"{where}: {error}; give it more integer bits") from None
    if np.any(data) and not np.any(values):
        raise LmuHlsError(
            f"{where} becomes zero throughout in {type_}: its largest magnitude is {np.abs(data).max():.3g}; "
            f"give it more fraction bits, or leave its Precision 'auto'"
        )
    float_weights(node.model)[node.name, name] = data
    return type_, values


def _exact_type(data: Floats) -> FixedType:
    """The smallest signed type that holds all of ``data``."""
    mantissas, exponents = np.frexp(data[data != 0])
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    zeros = np.log2((integers & -integers).astype(np.float64)).astype(np.int64)
    fraction = int((53 - exponents - zeros).max(initial=1))
    integer = max(integer_bits(float(np.abs(data).max(initial=0.0))), 2 - fraction)
    return FixedType(min(integer + fraction, MAX_WIDTH), integer)


def table_words(where: str, table: Table) -> tuple[IntegerPrecisionType, Floats]:
    """What the memory of a table holds, as hls4ml takes it. LmuHlsError for words that float64 does not hold."""
    if table.word_width > MAX_WEIGHT_WIDTH:
        raise LmuHlsError(
            f"{where}: a word of its table needs {table.word_width} bits, at most {MAX_WEIGHT_WIDTH} are possible; "
            "give its result fewer fraction bits"
        )
    words = table.words
    return IntegerPrecisionType(words.type.width, words.type.signed), words.values.astype(np.float64)


def exact_sum(where: str, products: list[Product], *biases: FixedType | None) -> FixedPrecisionType:
    """The smallest type that holds every partial sum of ``products`` and ``biases`` (None is no bias).

    The bound is max|x| max|w| for each term, so it holds for any data and weights. Raises LmuHlsError beyond 62 bits,
    the limit of the contract.
    """
    parts = [(x.fraction + w.fraction, n * x.max_abs * w.max_abs) for n, x, w in products]
    parts += [(bias.fraction, bias.max_abs) for bias in biases if bias is not None]
    fraction = max(f for f, _ in parts)
    bound = sum(largest << (fraction - f) for f, largest in parts)
    width = bound.bit_length() + 1
    if width > MAX_WIDTH:
        types = ", ".join(f"{n} products of {x} and {w}" for n, x, w in products)
        raise LmuHlsError(
            f"{where}: the exact sum needs {width} bits ({types}), at most {MAX_WIDTH} are possible; "
            "use narrower types there"
        )
    return FixedPrecisionType(width, width - fraction)


def holds(wide: FixedType | FixedPrecisionType, narrow: FixedPrecisionType) -> bool:
    """True when every value of the signed type ``narrow`` is a value of ``wide``."""
    fraction = wide.width - wide.integer
    return bool(wide.signed and wide.integer >= narrow.integer and fraction >= narrow.fractional)


def tensor_type(node: Node, name: str) -> FixedType:
    """The settled type of tensor or weight ``name`` of ``node``."""
    return fixed_type(node.types[f"{name}_t"].precision, f"layer {node.name!r}: {name!r}")


def input_type(node: Node) -> FixedType:
    """The settled type of the values that a ``node`` of one input reads."""
    return Reading(node).input


def unsupported(node: Node) -> str:
    """Why ``node`` cannot be converted, and what to do."""
    activation = node.get_attr("activation")
    if activation is not None:
        return f"layer {node.name!r}: activation {activation!r} is not supported; use {', '.join(FUNCTIONS)} or softmax"
    remedy = instead_of(node.class_name)
    return f"layer {node.name!r}: {node.class_name} layers are not supported in a model with an LMU; {remedy}"
