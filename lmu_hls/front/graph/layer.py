"""The IR layer ``LMU``: its attributes are the contract that :mod:`lmu_hls.front.graph.layers.lmu` and the
templates read."""

from __future__ import annotations

from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute, WeightAttribute

from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.accumulators import ACCUMULATORS
from lmu_hls.front.graph.cell import CELL_OPTIONS, CELL_TENSORS, CellLayer, internal_types, of_cells, shared_attributes
from lmu_hls.front.graph.update import UPDATES, check_stable, choose_update, coefficients, sweep_type
from lmu_hls.front.hidden import hidden_weight

TENSORS = ("u", "mem", "sweep", *CELL_TENSORS)
COEFFICIENTS = tuple(name for names in UPDATES.values() for name in names)
WEIGHTS = (
    "encoder_x",
    "encoder_h",
    "encoder_mem",
    "encoder_bias",
    *COEFFICIENTS,
    *map(hidden_weight, of_cells(lambda cell: cell.weights())),
)


class LMU(CellLayer):
    """A whole LMU layer. Weights that a connection would need and the layer lacks have no weight variable.

    Keys of the configuration, under the layer's name or under ``LMU``: Strategy; ReuseFactor; TableSize, TableRange
    and TableInterpolation of the activation tables; Compression, whether the Verilog leaves out zeros of matrices;
    MemoryUpdate (dense, tridiagonal or auto); MemoryUpdateRtl,
    for the hand-written unit instead of C++; Precision with any name of :data:`TENSORS` and
    :data:`WEIGHTS`, and ``result``, which is h. Types that are 'auto':

        tensors                            width and integer bits of the default precision, RND_CONV, SAT
        gate, candidate, squashed          out of sigmoid or tanh: the same width with one integer bit
        sweep                              three fraction bits more than mem, and its integer bits
        weights                            the default width, with the integer bits that the values need
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_timesteps", "memory_d", "order", "units")),
        Attribute("theta", value_type=float),
        *(Attribute(name, value_type=str) for name in ("discretizer", "basis", "hidden_cell")),
        *(Attribute(name, value_type=bool) for name in ("hidden_to_memory", "memory_to_memory", "input_to_hidden")),
        *(Attribute(name, value_type=bool) for name in (*CELL_OPTIONS, "return_sequences")),
        Attribute("stateful", value_type=bool, default=False),
        ConfigurableAttribute("reuse_factor", default=1),
        *shared_attributes(),
        ConfigurableAttribute("memory_update", value_type=str, default="dense"),
        ConfigurableAttribute("memory_update_rtl", value_type=bool, default=False),
        WeightAttribute("encoder_x"),
        *(TypeAttribute(name) for name in TENSORS + WEIGHTS),
        *internal_types(ACCUMULATORS),
    ]

    tensor_names, weight_names, accumulator_names = TENSORS, WEIGHTS, ACCUMULATORS

    def choose(self) -> None:
        if str(self.get_attr("memory_update", "dense")).lower() == "auto":
            self.optional = frozenset((*COEFFICIENTS, "sweep"))
        self.set_attr("memory_update", choose_update(self))

    def present(self) -> set[str]:
        return {"u", "mem", *(["sweep"] if self.get_attr("memory_update") == "tridiagonal" else [])}

    def automatic_type(self, name: str, default: FixedType) -> FixedType:
        return sweep_type(self) if name == "sweep" else super().automatic_type(name, default)

    def prepare_weights(self) -> None:
        values = coefficients(self, self.get_attr("memory_update"))
        for name in COEFFICIENTS:
            self.set_attr(f"{name}_data", values.get(name))

    def check_weights(self) -> None:
        check_stable(self)
