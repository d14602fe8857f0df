"""The IR layer ``LMU``: its attributes are the contract that :mod:`lmu_hls.front.graph.layers.lmu` and the
templates read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute, WeightAttribute
from hls4ml.model.layers import Layer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.accumulators import ACCUMULATORS
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
from lmu_hls.front.graph.update import UPDATES, check_stable, choose_update, coefficients, sweep_type
from lmu_hls.front.hidden import FUNCTION_FIELDS, NEAREST, cell_activations, hidden_weight
from lmu_hls.front.reading import Reading
from lmu_hls.spec import HIDDEN_CELLS, HiddenCell


def _of_cells(names: Callable[[type[HiddenCell]], Iterable[str]]) -> tuple[str, ...]:
    """What any of the hidden cells has, each once."""
    return tuple(dict.fromkeys(name for cell in HIDDEN_CELLS.values() for name in names(cell)))


TENSORS = ("u", "mem", "sweep", *_of_cells(lambda cell: cell.tensors()))
CELL_OPTIONS = _of_cells(lambda cell: cell.options())
COEFFICIENTS = tuple(name for names in UPDATES.values() for name in names)
WEIGHTS = (
    "encoder_x",
    "encoder_h",
    "encoder_mem",
    "encoder_bias",
    *COEFFICIENTS,
    *map(hidden_weight, _of_cells(lambda cell: cell.weights())),
)
TABLE_NAMES = tuple(table for _, table in FUNCTION_FIELDS.values())
INDEXES = tuple(f"{table}_index" for table in TABLE_NAMES)
STRATEGIES = ("latency", "resource", "distributed_arithmetic")
SETTINGS = {"table_size": 2048, "table_range": 0}  # range 0: 4 for tanh, 8 for sigmoid
IDENTITY = FixedType(2, 2)  # holds 0 and 1: the encoder of an LMU with kernel_initializer=None


class LMU(Layer):
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
        *(Attribute(name, value_type=str) for name in ("hidden_activation", "hidden_recurrent_activation")),
        *(Attribute(name, value_type=bool) for name in ("hidden_to_memory", "memory_to_memory", "input_to_hidden")),
        *(Attribute(name, value_type=bool) for name in (*CELL_OPTIONS, "return_sequences")),
        Attribute("stateful", value_type=bool, default=False),
        ConfigurableAttribute("reuse_factor", default=1),
        *(ConfigurableAttribute(name, default=value) for name, value in SETTINGS.items()),
        ConfigurableAttribute("table_interpolation", value_type=str, default=NEAREST),
        ConfigurableAttribute("memory_update", value_type=str, default="dense"),
        ConfigurableAttribute("memory_update_rtl", value_type=bool, default=False),
        WeightAttribute("encoder_x"),
        *(TypeAttribute(name) for name in TENSORS + WEIGHTS),
        *(TypeAttribute(name, configurable=False) for name in (*ACCUMULATORS, *TABLE_NAMES, *INDEXES)),
    ]

    absent: frozenset[str] = frozenset()  # of the types above those without a value

    def initialize(self) -> None:
        """Check what the user asked for; settle every type and weight that does not depend on the input's type."""
        self._check_name()
        self._check_target()
        self.set_attr("reuse_factor", reuse_factor(self))
        for name, value in {
            **SETTINGS,
            "table_interpolation": NEAREST,
        }.items():  # hls4ml fills in defaults only after this
            self.set_attr(name, self.get_attr(name, value))
        update = choose_update(self)
        self.set_attr("memory_update", update)
        self._settle_tensors()
        values = coefficients(self, update)
        for name in COEFFICIENTS:
            self.set_attr(f"{name}_data", values.get(name))
        for name in ACCUMULATORS:  # they depend on the input's type: lmu_hls.front.graph.accumulators
            self._set_type(name, UnspecifiedPrecisionType())
        for name in WEIGHTS:
            self.add_weight(name)
        check_stable(self)
        self._add_tables()

    def _settle_tensors(self) -> None:
        """The output and the types of the named tensors; one that this layer does not have is absent."""
        default = default_type(self.model.config)
        shape = [self.get_attr("n_timesteps"), self.get_attr("units")]
        h = explicit_type(self, "result") or default
        self.add_output_variable(shape if self.get_attr("return_sequences") else shape[1:], precision=hls_type(h))
        cell = HIDDEN_CELLS.get(self.get_attr("hidden_cell"))
        present = {"u", "mem", *(cell.tensors() if cell is not None else ())}
        if self.get_attr("memory_update") == "tridiagonal":
            present.add("sweep")
        for name in TENSORS:
            if name in present:
                self._set_type(name, hls_type(explicit_type(self, name) or self._automatic_type(name, default)))
            else:
                self._set_type(name, None)
        if cell is not None:
            try:
                cell.check_types({name: tensor_type(self, name) for name in cell.tensors()})
            except ValueError as error:
                raise LmuHlsError(f"layer {self.name!r}: {error}") from None

    def _automatic_type(self, name: str, default: FixedType) -> FixedType:
        """``default``, but a function's values that lie in [-1, 1] get one integer bit; 1 becomes 1 - LSB."""
        if name == "sweep":
            return sweep_type(self)
        cell = HIDDEN_CELLS.get(self.get_attr("hidden_cell"))
        outputs = {tensor: field for field, tensor in cell.outputs.items()} if cell is not None else {}
        attribute = f"hidden_{FUNCTION_FIELDS[outputs[name]][0]}" if name in outputs else ""
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
        shared: dict[tuple[str, FixedType, FixedType], str] = {}
        for name in TABLE_NAMES:
            table = activations[name].table if name in activations else None
            if table is None:
                self._set_type(name, None)
                continue
            bits, entries = table_words(f"layer {self.name!r}", table)
            first = shared.setdefault((activations[name].function, table.index, table.values.type), name)
            if first == name:
                self._add_variable(name, bits, entries)
            else:
                self.set_attr(f"{name}_t", self.types[f"{first}_t"])
            self.set_attr(f"{name}_array", first)
        for name in INDEXES:
            activation = activations.get(name.removesuffix("_index"))
            table = None if activation is None else activation.table
            self._set_type(name, None if table is None else hls_type(table.index))

    def _check_name(self) -> None:
        """hls4ml keeps a layer's output among its attributes, under the layer's name: no weight may have that name."""
        stems = (*WEIGHTS, *TABLE_NAMES)
        if self.name in {*stems, *(f"{name}_data" for name in stems), *(f"{name}_array" for name in TABLE_NAMES)}:
            raise LmuHlsError(f"layer {self.name!r} has the name of one of an LMU's own weights or tables; rename it")

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
                f"layer {self.name!r}: Strategy {strategy!r} is not supported for LMU layers; use 'Latency', "
                "'Resource' or 'distributed_arithmetic', and ReuseFactor to share multipliers"
            )
        if strategy.lower() == STRATEGIES[-1]:  # hls4ml's pass for it raises at layers that it does not know
            self.set_attr("strategy", "latency")
