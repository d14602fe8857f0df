"""The IR layer ``LMUSoftmax``: a softmax on the last axis of a model with an LMU, with the contract's numbers."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import IntegerPrecisionType, NamedType, UnspecifiedPrecisionType

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import MAX_WIDTH, FixedType
from lmu_hls.front.graph.layers.base import LayerReader
from lmu_hls.front.graph.types import default_type, explicit_type, hls_type, input_type, tensor_type
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec import Softmax, Table, make_exp, table_index_type

# Over [0, 16) an entry of the largest index is zero in the default type of the entries, so that the end of the table
# does not show; over [0, 8) each of the small outputs would be exp(-8) too large.
SETTINGS = {"table_size": 2048, "table_range": 16}
EXP = FixedType(18, 1, signed=False)  # of the entries: exp(0) is a value of it, and 18 bits fit a block RAM
INTEGER = 2  # integer bits of the result: with the sign, so that 1 is a value
TYPES = ("index", "difference", "sum", "exp_table")


class LMUSoftmax(IrLayer):
    """A softmax on the last axis. Keys of the configuration, under the layer's name or under ``LMUSoftmax``:

    TableSize and TableRange of the table of exp(-d), powers of two; Precision with ``exp``, the unsigned type of its
    entries, and ``result``: by default signed, with two integer bits and at least the width of the default precision;
    wider where that is needed to keep the largest of the classes apart from the others.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_vectors")),
        *(ConfigurableAttribute(name, default=value) for name, value in SETTINGS.items()),
        TypeAttribute("exp"),
        *(TypeAttribute(name, configurable=False) for name in TYPES),
    ]

    def initialize(self) -> None:
        """Settle what does not depend on the input's type. LmuHlsError for types or a table that cannot be."""
        shape = self.get_input_variable().shape
        if self.get_attr("axis", -1) not in (-1, len(shape)):
            raise LmuHlsError(f"layer {self.name!r}: softmax is supported on the last axis only; set axis=-1")
        self.set_attr("n_in", int(shape[-1]))
        self.set_attr("n_vectors", int(prod(shape[:-1])))
        for name, value in SETTINGS.items():  # hls4ml fills in defaults only after this
            self.set_attr(name, self.get_attr(name, value))
        default = default_type(self.model.config)
        result = explicit_type(self, "result") or FixedType(default.width, INTEGER)
        self.add_output_variable(shape, precision=hls_type(result))
        self._set_type("exp", hls_type(explicit_type(self, "exp") or EXP))
        table = exp_table(Reading(self), default)
        try:
            Softmax(repr(self.name), default, table, result)
        except ValueError as error:
            raise LmuHlsError(f"layer {error}; change its Precision (exp, result)") from None
        self._set_type("index", hls_type(table.index))
        self.set_table(table)
        for name in (
            "difference",
            "sum",
        ):  # they, the entries and the result depend on the input's type: settle_softmax
            self._set_type(name, UnspecifiedPrecisionType())

    def set_table(self, table: Table) -> None:
        """Keep the table's entries, as integers."""
        bits = IntegerPrecisionType(table.values.type.width, signed=False)
        values = table.values.values.astype(np.float64)
        self.add_weights_variable("exp_table", "exp_table{index}", f"softmax{self.index}_exp_table_t", bits, values)

    def _set_type(self, name: str, precision: Any) -> None:
        self.set_attr(f"{name}_t", NamedType(f"softmax{self.index}_{name}_t", precision))


class SoftmaxReader(LayerReader):
    settled = ("LMUSoftmax",)
    own = {"LMUSoftmax": LMUSoftmax}  # noqa: RUF012 - never changed
    keras = ("Softmax",)
    pointwise = keras
    handled = ("keras.src.layers.activations.softmax.Softmax",)
    renamed = {"Softmax": "LMUSoftmax"}  # noqa: RUF012 - never changed

    def settle(self, node: Node) -> None:
        """The entries and types that depend on the input's.

        The result keeps classes apart unless the user gives it a type. The difference and the sum are exact.
        LmuHlsError where that needs more than 62 bits.
        """
        assert isinstance(node, LMUSoftmax)
        x = input_type(node)
        table = exp_table(Reading(node), x)
        node.set_table(table)
        out = explicit_type(node, "result") or _distinct(
            Softmax(node.name, x, table, tensor_type(node, "result")), node
        )
        node.get_output_variable().type.precision = hls_type(out)
        node.model.config.layer_name_precision[f"{node.name.lower()}_result"] = str(hls_type(out))
        up = Softmax(node.name, x, table, out).up
        node.set_attr("up", up)
        largest, span = int(table.values.values.max()), x.max_int - x.min_int + up
        total = node.get_attr("n_in") * largest
        exact = {
            "difference": span << max(0, table.index.fraction - x.fraction),
            "sum": total,
            "quotient": largest << (out.fraction + 2),
        }
        for name, bound in exact.items():
            if bound.bit_length() > MAX_WIDTH:
                raise LmuHlsError(
                    f"layer {node.name!r}: the exact {name} of the softmax needs {bound.bit_length()} bits, at most "
                    f"{MAX_WIDTH} are possible; use narrower types for its input, 'exp' and 'result'"
                )
        width = span.bit_length()
        node.types["difference_t"].precision = hls_type(FixedType(width, width - x.fraction, signed=False))
        node.types["sum_t"].precision = IntegerPrecisionType(total.bit_length(), signed=False)

    def extract(self, reading: Reading) -> Softmax:
        x = reading.input
        return Softmax(reading.name, x, exp_table(reading, x), reading.type("result"))


def exp_table(reading: Reading, x: FixedType) -> Table:
    """The table of an LMUSoftmax node: the same entries for every reader. LmuHlsError for an impossible one.

    It depends on ``x``, the type of the node's input. Its index truncates: see :class:`lmu_hls.spec.Softmax`.
    """
    try:
        index = table_index_type(reading.attribute("table_size"), reading.attribute("table_range"), signed=False)
    except ValueError as error:
        raise LmuHlsError(f"layer {reading.name!r}: {error}; set TableSize and TableRange so") from None
    # An attribute and not one of the tensors' types: a search for types must leave the table as it is.
    exp = fixed_type(reading.attribute("exp_t").precision, f"layer {reading.name!r}: 'exp'")
    return make_exp(index.with_modes("TRN"), exp, x)


def _distinct(layer: Softmax, node: Node) -> FixedType:
    """The narrowest type with which the largest of the node's classes has the largest output, from the layer's own on.

    The layer's own where no type is wide enough, because two entries of the table are equal.
    """
    n, own, largest = node.get_attr("n_in"), layer.out, int(layer.exp.values.values.max())
    for width in range(own.width, MAX_WIDTH - largest.bit_length()):
        if replace(layer, out=FixedType(width, own.integer)).keeps_apart(n):
            return FixedType(width, own.integer)
    return own
