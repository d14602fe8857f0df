"""The IR layers that have a hidden cell: what an LMU and a cell over the sequence itself have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.types import (
    ABSENT,
    default_type,
    explicit_type,
    hls_type,
    reuse_factor,
    table_words,
    tensor_type,
    weight_on_grid,
)
from lmu_hls.front.hidden import FUNCTION_FIELDS, NEAREST, cell_activations, function_attributes
from lmu_hls.front.reading import Reading
from lmu_hls.spec import HIDDEN_CELLS, HiddenCell


def of_cells(names: Callable[[type[HiddenCell]], Iterable[str]]) -> tuple[str, ...]:
    """What any of the hidden cells has, each once."""
    return tuple(dict.fromkeys(name for cell in HIDDEN_CELLS.values() for name in names(cell)))


CELL_TENSORS = of_cells(lambda cell: cell.tensors())
CELL_OPTIONS = of_cells(lambda cell: cell.options())
TABLE_NAMES = tuple(table for _, table in FUNCTION_FIELDS.values())
INDEXES = tuple(f"{table}_index" for table in TABLE_NAMES)
STRATEGIES = ("latency", "resource", "distributed_arithmetic")
SETTINGS = {"table_size": 2048, "table_range": 0}  # range 0: 4 for tanh, 8 for sigmoid
IDENTITY = FixedType(2, 2)  # holds 0 and 1: the encoder of an LMU with kernel_initializer=None


class CellLayer(IrLayer):
    """A layer with a hidden cell. Weights that the layer lacks have no weight variable.

    A subclass names its tensors, weights and accumulators, each with a type NAME_t.
    """

    _expected_attributes: ClassVar[list[Attribute]] = []

    tensor_names: ClassVar[tuple[str, ...]]
    weight_names: ClassVar[tuple[str, ...]]
    accumulator_names: ClassVar[tuple[str, ...]]

    absent: frozenset[str] = frozenset()  # of the types those without a value
    optional: frozenset[str] = frozenset()  # of the absent ones those that another choice of ours would have

    def initialize(self) -> None:
        """Check what the user asked for; settle every type and weight that does not depend on the input's type."""
        self._check_target()
        self.set_attr("reuse_factor", reuse_factor(self))
        for name, value in {
            **SETTINGS,
            "table_interpolation": NEAREST,
        }.items():  # hls4ml fills in defaults only after this
            self.set_attr(name, self.get_attr(name, value))
        self.choose()
        self._settle_tensors()
        self.prepare_weights()
        for name in self.accumulator_names:  # they depend on the input's type: lmu_hls.front.graph.accumulators
            self._set_type(name, UnspecifiedPrecisionType())
        for name in self.weight_names:
            self.add_weight(name)
        self.check_weights()
        self._check_absent()
        self._add_tables()

    def choose(self) -> None:
        """Settle what the tensors depend on."""

    def present(self) -> set[str]:
        """Tensors that the layer has beside those of its cell."""
        return set()

    def prepare_weights(self) -> None:
        """Make the data of weights that do not come from Keras."""

    def check_weights(self) -> None:
        """LmuHlsError for weights that cannot be used as they were rounded."""

    def _settle_tensors(self) -> None:
        """The output and the types of the named tensors; one that this layer does not have is absent."""
        default = default_type(self.model.config)
        shape = [self.get_attr("n_timesteps"), self.get_attr("units")]
        h = explicit_type(self, "result") or default
        self.add_output_variable(shape if self.get_attr("return_sequences") else shape[1:], precision=hls_type(h))
        cell = HIDDEN_CELLS.get(self.get_attr("hidden_cell"))
        present = self.present() | set(cell.tensors() if cell is not None else ())
        for name in self.tensor_names:
            if name in present:
                self._set_type(name, hls_type(explicit_type(self, name) or self.automatic_type(name, default)))
            else:
                self._set_type(name, None)
        if cell is not None:
            try:
                cell.check_types({name: tensor_type(self, name) for name in cell.tensors()})
            except ValueError as error:
                raise LmuHlsError(f"layer {self.name!r}: {error}") from None

    def automatic_type(self, name: str, default: FixedType) -> FixedType:
        """``default``, but a function's values that lie in [-1, 1] get one integer bit; 1 becomes 1 - LSB."""
        cell = HIDDEN_CELLS.get(self.get_attr("hidden_cell"))
        outputs = {tensor: field for field, tensor in cell.outputs.items()} if cell is not None else {}
        attribute = function_attributes(FUNCTION_FIELDS[outputs[name]][0])[0] if name in outputs else ""
        function = FUNCTIONS.get(self.get_attr(attribute))
        return replace(default, integer=1) if function and function.limit <= 1 else default

    def _set_type(self, name: str, precision: Any) -> None:
        """Name and set a type; None is one that this layer does not have."""
        self.absent = self.absent | {name} if precision is None else self.absent - {name}
        precision = hls_type(ABSENT) if precision is None else precision
        self.set_attr(f"{name}_t", NamedType(f"lmu{self.index}_{name}_t", precision))

    def add_weight(self, name: str) -> None:
        """Put a weight on its grid, from its data in the attributes; where there are none it is absent."""
        data = self.get_attr(f"{name}_data")
        if data is None:
            self._set_type(name, None)
            return
        identity = self.get_attr("identity_encoder", False) and name in ("encoder_x", "encoder_h")
        type_, values = weight_on_grid(self, name, data, IDENTITY if identity else None)
        self._add_variable(name, hls_type(type_), values)

    def _add_variable(self, name: str, precision: Any, values: Any) -> None:
        self.add_weights_variable(name, name + "{index}", f"lmu{self.index}_{name}_t", precision, values)

    def _add_tables(self) -> None:
        """The activation tables as integers (the bits of their tensor), one for each function and type."""
        activations = cell_activations(Reading(self))
        shared: dict[tuple[str, float, FixedType, FixedType], str] = {}
        for name in TABLE_NAMES:
            table = activations[name].table if name in activations else None
            if table is None:
                self._set_type(name, None)
                continue
            bits, entries = table_words(f"layer {self.name!r}", table)
            made = activations[name]
            first = shared.setdefault((made.function, made.alpha, table.index, table.values.type), name)
            if first == name:
                self._add_variable(name, bits, entries)
            else:
                self.set_attr(f"{name}_t", self.types[f"{first}_t"])
            self.set_attr(f"{name}_array", first)
        for name in INDEXES:
            activation = activations.get(name.removesuffix("_index"))
            table = None if activation is None else activation.table
            self._set_type(name, None if table is None else hls_type(table.index))

    def _check_absent(self) -> None:
        """No type for a tensor that the layer does not have: it would have no effect."""
        types = self.model.config.layer_name_precision
        absent = sorted(self.absent.intersection((*self.tensor_names, *self.weight_names)) - self.optional)
        texts = {name: str(types.get(f"{self.name.lower()}_{name}", "auto")).lower() for name in absent}
        if typed := [name for name, text in texts.items() if text != "auto"]:
            raise LmuHlsError(
                f"layer {self.name!r}: Precision: {', '.join(typed)}: the layer has no such tensors; remove them"
            )

    def _check_target(self) -> None:
        config = self.model.config
        if not getattr(config.backend, "supports_lmu", False):  # an attribute of those that do
            raise LmuHlsError(
                f"layer {self.name!r}: the backend {config.backend.name} has no implementation of the LMU"
            )
        io_type = config.get_config_value("IOType")
        known = getattr(config.backend, "lmu_io_types", ("io_parallel",))
        if io_type not in known:
            words = " or ".join(map(repr, known))
            raise LmuHlsError(
                f"layer {self.name!r}: io_type={io_type!r} is not supported by {config.backend.name}; use {words}"
            )
        if self.get_attr("memory_update_rtl", False) and not getattr(config.backend, "rtl_blackbox", False):
            raise LmuHlsError(
                f"layer {self.name!r}: MemoryUpdateRtl needs an RTL blackbox, which {config.backend.name} has "
                "no form of; use backend='Vitis', or leave it out"
            )
        strategy = config.get_strategy(self)
        if strategy.lower() not in STRATEGIES:
            raise LmuHlsError(
                f"layer {self.name!r}: Strategy {strategy!r} is not supported for recurrent layers; use 'Latency', "
                "'Resource' or 'distributed_arithmetic', and ReuseFactor to share multipliers"
            )
        if strategy.lower() == STRATEGIES[-1]:  # hls4ml's pass for it raises at layers that it does not know
            self.set_attr("strategy", "latency")


def shared_attributes() -> list[Attribute]:
    """What hls4ml has to know of every such layer beside its tensors and weights."""
    functions = [function_attributes(name) for name in dict.fromkeys(name for name, _ in FUNCTION_FIELDS.values())]
    return [
        *(Attribute(name, value_type=str) for name, _ in functions),
        *(Attribute(alpha, value_type=float, default=1.0) for _, alpha in functions),
        *(ConfigurableAttribute(name, default=value) for name, value in SETTINGS.items()),
        ConfigurableAttribute("table_interpolation", value_type=str, default=NEAREST),
    ]


def internal_types(accumulators: Iterable[str]) -> list[Attribute]:
    """The types that only C++ has."""
    return [TypeAttribute(name, configurable=False) for name in (*accumulators, *TABLE_NAMES, *INDEXES)]
