"""Types that are learned: fraction and integer bits of every tensor, trained with the weights against a price of bits.

The number of fraction and of integer bits is a trained variable each, rounded in the forward pass. A value's error by
rounding is in proportion to 2^-F, which gives the gradient to F; what is cut off at a limit gives that to I; and every
bit has a price. (C. Sun et al., "Gradient-based Automatic Mixed Precision Quantization for Neural Networks On-Chip",
2024, learn F so; here the integer bits are learned, too, and what the contract proves stays proven.)
"""

from __future__ import annotations

from math import log
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.keras_weights import take_weights
from lmu_hls.spec import LMU, Activation, Assign, Network
from lmu_hls.training.arithmetic import cast, constant, largest, least, straight_through
from lmu_hls.training.model import QuantizedModel, types_of
from lmu_hls.training.types import COEFFICIENTS, own_config
from lmu_hls.tuning.calibration import REFERENCE, Floats, Samples, calibrate, check_data, value_keys
from lmu_hls.tuning.draft import Draft, Key, Types, draft
from lmu_hls.tuning.plan import MIN_WIDTH, STATE, Plan, make_plan, prove

SPEED = 8.0  # bits that a variable stands for: one of 1 is as quick to move as a weight of 1
MOST_INTEGER, MOST_FRACTION = 1, 4  # bits more than at the start
ROUNDINGS = ("RND_CONV", "SAT")
KBIT = 1000.0
MOVED = 0.1  # of the mean square error of the output: by how much the bits of a memory may change it


class LearnedType:
    """The bits of a type as variables; ``assign`` is as :func:`lmu_hls.training.arithmetic.assign`."""

    def __init__(self, start: FixedType, integer: Any, fraction: Any) -> None:
        self.start = start
        self._integer, self._fraction = integer, fraction

    def bits(self) -> tuple[Any, Any]:
        """Integer and fraction bits as whole numbers, with the gradients of the variables."""
        integer = _whole(cast(self._integer.value) * SPEED, self.start.integer + MOST_INTEGER)
        fraction = _whole(cast(self._fraction.value) * SPEED, self.start.fraction + MOST_FRACTION)
        return integer, largest(fraction, MIN_WIDTH - integer)

    def assign(self, values: Any) -> Any:
        integer, fraction = self.bits()
        lsb = _power(-ops.stop_gradient(fraction))
        high, low = _power(integer - 1), -_power(integer - 1)
        inside = least(largest(values, low), high - lsb)
        made = ops.round(ops.stop_gradient(inside) / lsb) * lsb
        error = made - ops.stop_gradient(inside)  # its magnitude goes as 2^-F
        slope = -log(2.0) * error * (fraction - ops.stop_gradient(fraction))
        return straight_through(made, inside + slope)

    @property
    def type(self) -> FixedType:
        """The type at present."""
        integer, fraction = (round(float(keras.ops.convert_to_numpy(part))) for part in self.bits())
        return FixedType(integer + fraction, integer)


@keras.saving.register_keras_serializable(package="lmu_hls")
class LearnedTypes(keras.Model):
    """``quantized`` with types that are trained with its weights; ``price`` is the loss that a kbit costs.

    What counts are the bits of every weight once and of every value of one time step once. Types of the memory and of
    its coefficients, which are computed, and those of tables and averages stay as they are until :meth:`settled`.
    Raises LmuHlsError for a price that is not possible, and for types with other modes than RND_CONV and SAT.
    """

    def __init__(self, quantized: QuantizedModel, price: float, **kwargs: Any) -> None:
        if not (np.isfinite(price) and price >= 0):
            raise LmuHlsError(f"price={price!r} is not possible; give the loss that 1,000 bits cost, 0 or more")
        super().__init__(**{"name": f"{quantized.name}_types", "dtype": quantized.dtype_policy, **kwargs})
        self.quantized, self.price = quantized, price
        self._source = draft(quantized.float_model, quantized.own_config)
        types = types_of(quantized.own_config, self._source.keys)
        program = quantized.program
        keys = [item.key for item in program.weights.trained] + learnable_values(program.network, self._source)
        self.learned = {key: self._learned(key, types[key]) for key in keys}
        self._program = quantized.make_program({key: learned.assign for key, learned in self.learned.items()})
        self._elements = elements(program.network, self._source)
        self._fixed = sum(self._elements[key] * kind.width for key, kind in types.items() if key not in self.learned)
        self.built = True

    def _learned(self, key: Key, kind: FixedType) -> LearnedType:
        if (kind.rounding, kind.overflow) != ROUNDINGS or not kind.signed:
            raise LmuHlsError(
                f"layer {key[0]!r}: {key[1]!r} has the type {kind}, and types are learned with RND_CONV and SAT; "
                "quantize with weights, activations and calibration"
            )
        start = {"integer": kind.integer, "fraction": kind.fraction}
        made = [
            self.add_weight(
                shape=(), name=f"{key[0]}_{key[1]}_{name}", initializer=keras.initializers.Constant(bits / SPEED)
            )
            for name, bits in start.items()
        ]
        return LearnedType(kind, *made)

    @property
    def trainable_variables(self) -> list[Any]:
        """The weights of the quantized model, and the bits of its types."""
        own = [variable for variable in self._trainable_variables if variable.trainable]
        return [*self.quantized.trainable_variables, *own]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def input_shape(self) -> Any:
        return self.quantized.input_shape

    @property
    def output_shape(self) -> Any:
        return self.quantized.output_shape

    def build(self, input_shape: Any = None) -> None:
        """The quantized model was built before."""

    def call(self, x: Any, training: bool = False) -> Any:
        """The output with the types at present; in training the price of all bits is a loss of this layer."""
        if training:
            self.add_loss(ops.cast(self.price * self.kbit(), keras.config.floatx()))
        return self.quantized.compute(self._program, x, training)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The steps that a loss reads; None for all."""
        return self.quantized.compute_mask(inputs)

    def kbit(self) -> Any:
        """What all weights, and all values of one time step, take at present."""
        total = cast(float(self._fixed))
        for key, learned in self.learned.items():
            integer, fraction = learned.bits()
            total = total + (integer + fraction) * self._elements[key]
        return total / KBIT

    def get_config(self) -> dict[str, Any]:
        """The quantized model and the price."""
        return {
            "name": self.name,
            "quantized": keras.saving.serialize_keras_object(self.quantized),
            "price": self.price,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LearnedTypes:
        """The model that `get_config` described, with fresh weights and the types of the start."""
        inner = keras.saving.deserialize_keras_object(config["quantized"], custom_objects=custom_objects)
        return cls(inner, config["price"], name=config["name"])

    def settled(self, calibration: ArrayLike) -> QuantizedModel:
        """A quantized model with these weights, and with the types as they are now.

        The memory gets proven integer bits for what u is now, see :func:`memory_types`; ``calibration`` is
        (samples, steps, features).
        """
        config = self.quantized.own_config
        types = types_of(config, self._source.keys) | {key: each.type for key, each in self.learned.items()}
        model = self.quantized.float_model
        source = draft(model, config)
        types = memory_types(source, types, calibration)
        twin = keras.models.clone_model(model)
        take_weights(twin, model)
        made = QuantizedModel(twin, own_config(source.config, types))
        _ = made.program
        return made


def bits_of(quantized: QuantizedModel) -> int:
    """What all weights, and all values of one time step, of a quantized model take."""
    source = draft(quantized.float_model, quantized.own_config)
    types, counts = types_of(quantized.own_config, source.keys), elements(quantized.program.network, source)
    return sum(counts[key] * kind.width for key, kind in types.items())


def learnable_values(network: Network, source: Draft) -> list[Key]:
    """The tensors whose types can be learned: all but the memory, which is proven, and what comes out of a table, an
    average or another function. Layers without a type of their own have that of what they read."""
    values, key_of = network.values, value_keys(network, source)
    keys = [key_of[item.name, ""] for item in network.inputs]
    for node in network.nodes:
        if isinstance(node.layer, LMU):
            items = [node.layer.encoder, *node.layer.cell]
        else:
            items = list(node.layer.assignments(*(values[source].width for source in node.inputs)))
        fixed = {item.to.name for item in items if not _is_plain(item)}
        keys += [key_of[node.name, item.to.name] for item in items if item.to.name not in fixed]
    return [key for key in dict.fromkeys(keys) if key in source.keys]


def elements(network: Network, source: Draft) -> dict[Key, int]:
    """How many values each tensor has in a time step, and each weight; as :meth:`lmu_hls.tuning.plan.Plan.bits`."""
    widths = {name: tensor.width for name, tensor in network.tensors.items()}
    widths |= {(item.name, ""): network.values[item.name].width for item in network.inputs}
    counts = {key: widths[name] for name, key in value_keys(network, source).items()}
    counts |= {key: int(np.size(values)) for key, values in source.weights.items()}
    sweeps = {key: counts[key[0], "mem"] for key in source.keys if key[1] == "sweep"}  # it is as long as mem
    return {key: (counts | sweeps)[key] for key in source.keys}


def memory_types(source: Draft, types: Types, calibration: ArrayLike) -> dict[Key, FixedType]:
    """``types`` with those of memories and their coefficients: proven integer bits, and few fraction bits.

    A fraction bit goes as long as the output on ``calibration`` moves by less than a part (MOVED) of its error, which
    the other types make. Raises LmuHlsError where a memory cannot be proven stable.
    """
    samples = check_data(source, calibration)
    seen, trace = calibrate(source, samples)
    search = _Memories(source, make_plan(source, seen, 1.0), samples, to_float(trace.output, REFERENCE))
    found = search.proven(types)
    if found is None:
        raise LmuHlsError("a memory is unstable with the coefficients of the start; quantize with more activations")
    search.refer(found)
    for key in sorted((key for key in source.keys if is_memory(key)), key=lambda key: -search.plan.elements[key]):
        while (lower := search.lower(found, key)) is not None:
            found = lower
    return found


class _Memories:
    """Lowers fraction bits of memories; golden is the judge."""

    def __init__(self, source: Draft, plan: Plan, samples: Samples, exact: Floats) -> None:
        self.source, self.plan = source, plan
        self._samples, self._exact = samples, exact
        self._before, self._allowed = exact, 0.0

    def proven(self, types: Types) -> dict[Key, FixedType] | None:
        """``types`` with the integer bits that mem and sweep then need; None where they are unstable."""
        try:
            plan = prove(self.plan, types)
        except ValueError:
            return None
        return {**types, **{key: plan.type_of(key, types[key].fraction) for key in types if key[1] in STATE}}

    def refer(self, types: Types) -> None:
        """What lower fractions may change is measured from the output with ``types``."""
        self._before = self._output(types)
        self._allowed = MOVED * float(np.mean((self._before - self._exact) ** 2))

    def lower(self, types: Types, key: Key) -> dict[Key, FixedType] | None:
        """``types`` with a fraction bit less for ``key``; None where that changes the output too much."""
        kind = types[key]
        fraction = kind.fraction - 1
        if kind.width <= MIN_WIDTH or fraction < self.plan.floor[key]:
            return None
        lower = FixedType(kind.width - 1, kind.integer) if key[1] in STATE else self.plan.type_of(key, fraction)
        found = self.proven({**types, key: lower})
        if found is None or float(np.mean((self._output(found) - self._before) ** 2)) > self._allowed:
            return None
        return found

    def _output(self, types: Types) -> Floats:
        return self._samples.predict(self.source.network(types))


def is_memory(key: Key) -> bool:
    """Whether a tensor is a memory's, or one of its coefficients."""
    return key[1] in (*STATE, *COEFFICIENTS)


def _is_plain(item: Assign) -> bool:
    """Whether values are assigned to a type as they are, without a table or a value beside them."""
    if item.function is None:
        return not any(term.x.beside for term in item.terms)
    return isinstance(item.function, Activation) and item.function.table is None


def _whole(bits: Any, most: int) -> Any:
    """``bits`` rounded and at most ``most``, with the gradient of ``bits``."""
    limited = least(bits, constant(float(most)))
    return straight_through(ops.round(ops.stop_gradient(limited)), limited)


def _power(exponent: Any) -> Any:
    """2 to the exponent."""
    return ops.power(constant(2.0), exponent)


def learn_types(quantized: QuantizedModel, price: float) -> LearnedTypes:
    """A model whose ``fit`` trains weights and types of ``quantized``; arguments as of :class:`LearnedTypes`."""
    return LearnedTypes(quantized, price)
