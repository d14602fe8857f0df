"""The IR layer ``LMU``: its attributes are the contract that :mod:`lmu_hls.spec.extract` and the templates read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute, WeightAttribute
from hls4ml.model.layers import Layer
from hls4ml.model.types import IntegerPrecisionType, NamedType, UnspecifiedPrecisionType

from lmu_hls import legendre
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.hls.types import default_type, explicit_type, hls_type, weight_on_grid
from lmu_hls.spec.extract import MAX_WEIGHT_WIDTH, fixed_type, hidden_activation

BACKENDS = ("Vivado", "Vitis")  # others may say that they can: an attribute supports_lmu = True
TENSORS = ("u", "mem", "pre")
WEIGHTS = (
    "encoder_x",
    "encoder_h",
    "encoder_mem",
    "encoder_bias",
    "a",
    "b",
    "hidden_mem",
    "hidden_x",
    "hidden_bias",
)
ACCUMULATORS = ("u_accum", "mem_accum", "pre_accum")
TABLE = {"table_size": 2048, "table_range": 0}  # range 0: 4 for tanh, 8 for sigmoid
IDENTITY = FixedType(2, 2)  # holds 0 and 1: the encoder of an LMU with kernel_initializer=None


class LMU(Layer):
    """A whole LMU layer. Weights that a connection would need and the layer lacks have no weight variable."""

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_timesteps", "memory_d", "order", "units")),
        Attribute("theta", value_type=float),
        *(Attribute(name, value_type=str) for name in ("discretizer", "basis", "hidden_cell", "hidden_activation")),
        *(
            Attribute(name, value_type=bool)
            for name in ("hidden_to_memory", "memory_to_memory", "input_to_hidden", "return_sequences")
        ),
        ConfigurableAttribute("reuse_factor", default=1),
        *(ConfigurableAttribute(name, default=value) for name, value in TABLE.items()),
        *(WeightAttribute(name) for name in ("encoder_x", "a", "b")),
        *(TypeAttribute(name) for name in TENSORS + WEIGHTS),
        *(TypeAttribute(name, configurable=False) for name in (*ACCUMULATORS, "table", "table_index")),
    ]

    def initialize(self) -> None:
        """Check what the user asked for; settle every type and weight that does not depend on the input's type."""
        self._check_target()
        self._check_precision_keys()
        default = default_type(self.model.config)
        self.set_attr("reuse_factor", self._reuse_factor())
        for name, value in TABLE.items():  # hls4ml fills in defaults only after this
            self.set_attr(name, self.get_attr(name, value))
        h = explicit_type(self, "result") or default
        shape = [self.get_attr("n_timesteps"), self.get_attr("units")]
        self.add_output_variable(shape if self.get_attr("return_sequences") else shape[1:], precision=hls_type(h))
        for name in TENSORS:
            absent = name == "pre" and self.get_attr("hidden_cell") == "none"
            self._set_type(name, None if absent else hls_type(explicit_type(self, name) or default))
        for name in ACCUMULATORS:  # they depend on the input's type: lmu_hls.hls.settle
            self._set_type(name, UnspecifiedPrecisionType())
        for name in WEIGHTS:
            self._add_weight(name)
        self._check_stable()
        self._add_table(h)

    def _set_type(self, name: str, precision: Any) -> None:
        """Name and set a type. An absent one (None) is one bit wide: C++ needs a type, but no value has it."""
        absent = IntegerPrecisionType(width=1, signed=False)
        self.set_attr(f"{name}_t", NamedType(f"lmu{self.index}_{name}_t", absent if precision is None else precision))

    def _add_weight(self, name: str) -> None:
        data = self.get_attr(f"{name}_data")
        if data is None:
            self._set_type(name, None)
            return
        identity = self.get_attr("identity_encoder", False) and name in ("encoder_x", "encoder_h")
        type_, values = weight_on_grid(self, name, data, IDENTITY if identity else None)
        self._add_variable(name, hls_type(type_), values)

    def _add_variable(self, name: str, precision: Any, values: Any) -> None:
        self.add_weights_variable(name, name + "{index}", f"lmu{self.index}_{name}_t", precision, values)

    def _add_table(self, h: FixedType) -> None:
        """The activation table as integers (the bits of h), or nothing for linear, relu and no hidden cell."""
        table = hidden_activation(self, h).table
        self._set_type("table_index", None if table is None else hls_type(table.index))
        if table is None:
            self._set_type("table", None)
            return
        bits = IntegerPrecisionType(h.width, h.signed)
        self._add_variable("table", bits, table.values.values.astype(np.float64))

    def _check_stable(self) -> None:
        """Refuse an A_bar whose rounded coefficients no longer decay: the memory would run away."""
        rounded = self.weights["a"]
        radius = legendre.spectral_radius(rounded.data)
        if radius < 1:
            return
        remedy = "use basis='orthonormal', a smaller order or another theta"
        used = fixed_type(rounded.type.precision, f"layer {self.name!r}: 'a'")
        for extra in range(1, MAX_WEIGHT_WIDTH - used.width + 1):
            finer = replace(used, width=used.width + extra)
            if legendre.spectral_radius(to_float(quantize(self.get_attr("a_data"), finer), finer)) < 1:
                remedy = f"give 'a' the type {finer} or a finer one (Precision: a), or {remedy}"
                break
        raise LmuHlsError(
            f"layer {self.name!r}: with 'a' of type {used} the memory is unstable: the spectral radius of the rounded "
            f"A_bar is {radius:.6g}, it must be below 1; {remedy}"
        )

    def _reuse_factor(self) -> int:
        value = self.model.config.get_reuse_factor(self)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise LmuHlsError(f"layer {self.name!r}: ReuseFactor={value!r} is not possible; give an integer from 1 on")
        return value

    def _check_target(self) -> None:
        config = self.model.config
        backend = config.backend
        if backend.name not in BACKENDS and not getattr(backend, "supports_lmu", False):
            raise LmuHlsError(
                f"layer {self.name!r}: the backend {backend.name} has no implementation of the LMU; "
                f"use backend='Vitis' or backend='Vivado'"
            )
        io_type = config.get_config_value("IOType")
        if io_type != "io_parallel":
            raise LmuHlsError(f"layer {self.name!r}: io_type={io_type!r} is not supported yet; use 'io_parallel'")
        strategy = config.get_strategy(self)
        if strategy.lower() != "latency":
            raise LmuHlsError(
                f"layer {self.name!r}: Strategy {strategy!r} is not supported for LMU layers; use 'Latency', and "
                "ReuseFactor to share multipliers"
            )

    def _check_precision_keys(self) -> None:
        """hls4ml ignores a Precision key that it does not know; here a typing error must not be silent."""
        known = ("default", "result", *TENSORS, *WEIGHTS)
        hls_config = self.model.config.config["HLSConfig"]
        for level, wanted in (("LayerName", self.name), ("LayerType", "LMU")):
            for key, layer_config in hls_config.get(level, {}).items():
                precision = layer_config.get("Precision") if key.lower() == wanted.lower() else None
                unknown = [name for name in precision if name not in known] if isinstance(precision, dict) else []
                if unknown:
                    raise LmuHlsError(
                        f"layer {self.name!r}: {level}: {key}: Precision has the unknown key {unknown[0]!r}; "
                        f"an LMU knows {', '.join(known)}"
                    )
