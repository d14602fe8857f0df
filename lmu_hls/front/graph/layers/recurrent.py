"""The IR layer ``LMURecurrent``: a hidden cell over the sequence itself, as LSTM, GRU and SimpleRNN are."""

from __future__ import annotations

from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute, WeightAttribute
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.front.graph.accumulators import CELL_ACCUMULATORS, settle_accumulators
from lmu_hls.front.graph.cell import (
    CELL_OPTIONS,
    CELL_TENSORS,
    CellLayer,
    internal_types,
    of_cells,
    shared_attributes,
)
from lmu_hls.front.graph.layers.base import LayerReader
from lmu_hls.front.graph.types import compression, hls_type, input_type
from lmu_hls.front.hidden import hidden_cell, hidden_fields, hidden_weight
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.front.recurrent import CELLS
from lmu_hls.spec import Recurrent

WEIGHTS = tuple(hidden_weight(name, False) for name in of_cells(lambda cell: hidden_fields(cell, False)))


class LMURecurrent(CellLayer):
    """The cell of an LMU without a memory: keys of the configuration are those of an LMU's cell (class ``LMU``).

    ``hidden_x`` is the kernel, ``hidden_h`` the recurrent one; ``result`` is h.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_timesteps", "units")),
        Attribute("hidden_cell", value_type=str),
        *(Attribute(name, value_type=bool) for name in (*CELL_OPTIONS, "return_sequences")),
        Attribute("stateful", value_type=bool, default=False),
        ConfigurableAttribute("reuse_factor", default=1),
        *shared_attributes(),
        WeightAttribute("hidden_x"),
        *(TypeAttribute(name) for name in CELL_TENSORS + WEIGHTS),
        TypeAttribute("mem", configurable=False),  # of x, where C++ has mem
        *internal_types(CELL_ACCUMULATORS),
    ]
    tensor_names, weight_names, accumulator_names = CELL_TENSORS, WEIGHTS, CELL_ACCUMULATORS

    def choose(self) -> None:
        self.absent = self.absent | {"mem"}
        self.set_attr("mem_t", NamedType(f"lmu{self.index}_mem_t", UnspecifiedPrecisionType()))


class RecurrentReader(LayerReader):
    settled = ("LMURecurrent",)
    own = {"LMURecurrent": LMURecurrent}  # noqa: RUF012 - never changed
    keras = tuple(CELLS)

    def settle(self, node: Node) -> None:
        assert isinstance(node, LMURecurrent)
        node.types["mem_t"].precision = hls_type(input_type(node))
        settle_accumulators(node, self.extract(Reading(node)))

    def extract(self, reading: Reading) -> Recurrent:
        cell = hidden_cell(reading, memory=False)
        assert cell is not None
        return Recurrent(
            name=reading.name,
            steps=reading.attribute("n_timesteps"),
            x=reading.input,
            hidden=cell,
            h=reading.type("result"),
            return_sequences=reading.attribute("return_sequences"),
            reuse_factor=reading.attribute("reuse_factor"),
            compression=compression(reading.node),
        )
