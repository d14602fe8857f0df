"""LMUCell: one time step of the Legendre Memory Unit."""

from typing import Any

import keras
import numpy as np
from keras import constraints, initializers, ops, regularizers, tree

from lmu_hls import legendre
from lmu_hls.layers import arguments, discretize, hidden
from lmu_hls.layers.hidden import DropoutRNNCell
from lmu_hls.layers.keras_lmu_names import KerasLmuNames


@keras.saving.register_keras_serializable(package="lmu_hls")
class AtLeast(constraints.Constraint):
    """Keeps a weight at or above `low`: the euler memory is unstable below its theta limit."""

    def __init__(self, low: float) -> None:
        self.low = float(low)

    def __call__(self, w: Any) -> Any:
        """The weight `w`, entries below `low` raised to it."""
        return ops.maximum(w, ops.cast(self.low, w.dtype))

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"low": self.low}


@keras.saving.register_keras_serializable(package="lmu_hls")
class LMUCell(KerasLmuNames, DropoutRNNCell, keras.layers.Layer):
    """One step of an LMU: (x_t, [mem, *hidden states]) -> (h_t, new states).

        u   = concat(x, h) kernel + mem recurrent_kernel + bias
        mem = A_bar mem + B_bar u               for each of the memory_d channels
        h   = hidden_cell(concat(mem, x))       h = mem without a hidden cell

    h, recurrent_kernel, bias and the x at the hidden cell are there only if hidden_to_memory,
    memory_to_memory, use_bias and input_to_hidden are set. mem is (batch, memory_d * order), channel-major.

    Args:
        memory_d: channels of the memory, each driven by one scalar u.
        order: Legendre degrees per channel, 1..1024.
        theta: window length in time steps, > 0.
        hidden_cell: None, an RNN cell, or any layer that maps (batch, features) to (batch, units).
        trainable_theta: learn theta; it stays positive, and above the stability limit with euler.
        hidden_to_memory: h_{t-1} is an input of the memory.
        memory_to_memory: mem_{t-1} is an input of the memory, through `recurrent_kernel`.
        input_to_hidden: x_t is an input of the hidden cell.
        discretizer: "zoh", "bilinear" or "euler".
        kernel_initializer: of `kernel` (n_in [+ units], memory_d); None: no kernel, u = concat(x, h).
        recurrent_initializer: of `recurrent_kernel` (memory_d * order, memory_d).
        kernel_regularizer, recurrent_regularizer, bias_initializer, bias_regularizer: as in Keras.
        use_bias: add `bias` (memory_d,) to u.
        dropout: rate on concat(x, h) at the kernel, in training; one mask for all steps.
        recurrent_dropout: rate on mem at the recurrent kernel, in training; one mask for all steps.
        basis: "legendre", or "orthonormal" in which mem is divided by sqrt(2 degree + 1).
        seed: of the dropout masks.

    Raises ValueError, naming argument and value, for what cannot work.
    """

    def __init__(
        self,
        memory_d: int,
        order: int,
        theta: float,
        hidden_cell: Any,
        trainable_theta: bool = False,
        hidden_to_memory: bool = False,
        memory_to_memory: bool = False,
        input_to_hidden: bool = False,
        discretizer: str = "zoh",
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        use_bias: bool = False,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        *,
        basis: str = "legendre",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.memory_d = arguments.positive_int("memory_d", memory_d)
        self.order, self._initial_theta, self.discretizer, self.basis = arguments.system(
            order, theta, discretizer, basis
        )
        self.hidden_cell = arguments.hidden_layer(hidden_cell)
        self.trainable_theta = arguments.flag("trainable_theta", trainable_theta)
        self.hidden_to_memory = arguments.flag("hidden_to_memory", hidden_to_memory)
        self.memory_to_memory = arguments.flag("memory_to_memory", memory_to_memory)
        self.input_to_hidden = arguments.flag("input_to_hidden", input_to_hidden)
        if hidden_cell is None:
            arguments.without_hidden_cell(self.hidden_to_memory, self.input_to_hidden)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.use_bias = arguments.flag("use_bias", use_bias)
        self.dropout = arguments.rate("dropout", dropout)
        self.recurrent_dropout = arguments.rate("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.kernel = self.recurrent_kernel = self.bias = self.log_theta_ratio = None
        self._sequence_system: tuple[Any, Any] | None = None
        self._constant: tuple[Any, Any] | None = None
        self._set_sizes(None)

    def _set_sizes(self, features: int | None) -> None:
        """Widths of states and output, as far as they are known while the input width is `features`."""
        self.memory_size = self.memory_d * self.order
        self.output_size: int | None = self.memory_size
        self.state_size = [self.memory_size]
        cell = self.hidden_cell
        if cell is None:
            return
        extra = 0 if not self.input_to_hidden else features
        into_hidden = None if extra is None else self.memory_size + extra
        self.output_size = hidden.output_size(cell, into_hidden)
        states = hidden.state_sizes(cell) if hidden.is_cell(cell) else [self.output_size]
        if self.output_size is None and self.hidden_to_memory:
            raise ValueError(
                f"hidden_to_memory=True is not allowed with hidden_cell={cell!r}: its output width is not "
                "known before it is built; give a layer with an attribute `units`, such as keras.layers.Dense"
            )
        # A plain layer of unknown width keeps no state: its output is fed back to nothing.
        self.state_size += [size for size in states if size is not None]

    @property
    def theta(self) -> float:
        """Window length in time steps, at its present value."""
        if self.log_theta_ratio is None:
            return self._initial_theta
        ratio = float(ops.convert_to_numpy(self.log_theta_ratio.value))
        return float(self._initial_theta * np.exp(ratio))

    def discrete_system(self) -> tuple[legendre.Array, legendre.Array]:
        """A_bar (order, order) and B_bar (order,) in float64 at the present theta."""
        if self.log_theta_ratio is not None:
            return legendre.discretize(self.order, self.theta, self.discretizer, self.basis)
        if self._constant is None:
            self._constant = legendre.discretize(self.order, self.theta, self.discretizer, self.basis)
        return self._constant

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs (batch, features)."""
        features = input_shape[-1]
        if features is None:
            shape = tuple(input_shape)
            raise ValueError(f"input shape {shape} is not allowed: its last dimension must be known")
        if self.output_size is None:
            output_states = len(self.state_size)
            self._set_sizes(features)
            self.state_size = self.state_size[:output_states]
        width = features + (self.output_size if self.hidden_to_memory else 0)
        self._encoder_width, self._hidden_width = width, self.memory_size
        if self.input_to_hidden:
            self._hidden_width += features
        self._build_kernels(width)
        if self.trainable_theta:
            constraint = None
            if self.discretizer == "euler":
                limit = legendre.euler_theta_limit(self.order) * (1 + 1e-6)
                constraint = AtLeast(min(0.0, float(np.log(limit / self._initial_theta))))
            # theta = initial theta * exp(weight): always positive, and exact while untrained.
            self.log_theta_ratio = self.add_weight(
                name="log_theta_ratio", shape=(), initializer="zeros", constraint=constraint
            )
        if self.hidden_cell is not None and not self.hidden_cell.built:
            self.hidden_cell.build((input_shape[0], self._hidden_width))
            self.hidden_cell.built = True
        self.built = True

    def _build_kernels(self, width: int) -> None:
        if self.kernel_initializer is not None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=(width, self.memory_d),
                initializer=self.kernel_initializer,
                regularizer=self.kernel_regularizer,
            )
        elif width != self.memory_d:
            raise ValueError(
                f"kernel_initializer=None is not allowed with memory_d={self.memory_d} and an input of width "
                f"{width} (features, plus hidden units with hidden_to_memory): without a kernel both must be equal"
            )
        if self.memory_to_memory:
            self.recurrent_kernel = self.add_weight(
                name="recurrent_kernel",
                shape=(self.memory_size, self.memory_d),
                initializer=self.recurrent_initializer,
                regularizer=self.recurrent_regularizer,
            )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.memory_d,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
            )

    @property
    def linear_memory(self) -> bool:
        """True if nothing computed from mem or h enters u: the memory is linear and time-invariant."""
        return not (self.hidden_to_memory or self.memory_to_memory)

    def system_tensors(self, dtype: str | None = None) -> tuple[Any, Any]:
        """A_bar (order, order) and B_bar (order,) as tensors, of compute dtype, differentiable in theta."""
        dtype = dtype or self.compute_dtype
        if self.log_theta_ratio is None:
            a_bar, b_bar = self.discrete_system()
            return ops.convert_to_tensor(a_bar, dtype=dtype), ops.convert_to_tensor(b_bar, dtype=dtype)
        ratio = ops.cast(self.log_theta_ratio.value, discretize.working_dtype())
        theta = self._initial_theta * ops.exp(ratio)
        return discretize.discretize(self.order, theta, self._initial_theta, self.discretizer, self.basis, dtype)

    def get_dropout_mask(self, step_input: Any) -> Any:
        """Prepare a sequence: RNN layers call this once before their time loop.

        Draws the mask for concat(x, h) and those of the hidden cell, and computes A_bar and B_bar once for
        all steps; both would otherwise be computed inside the loop.
        """
        self._sequence_system = self._row_system()
        batch = ops.shape(step_input)[0]
        if self.hidden_cell is not None:
            hidden.draw_masks(self.hidden_cell, batch, self._hidden_width, self.compute_dtype)
        ones = ops.ones((batch, self._encoder_width), dtype=self.compute_dtype)
        return super().get_dropout_mask(ones)

    def reset_dropout_mask(self) -> None:
        """Forget what `get_dropout_mask` prepared: RNN layers call this after their time loop."""
        super().reset_dropout_mask()
        self._sequence_system = None
        if self.hidden_cell is not None:
            hidden.reset_masks(self.hidden_cell)

    def encode(self, inputs: Any, output: Any, mem: Any, training: bool) -> Any:
        """u (batch, memory_d) from x (batch, features), h_{t-1} (batch, units) or None, and mem_{t-1}.

        Also for all steps at once, u (batch, time, memory_d) from x (batch, time, features).
        """
        u = inputs if output is None else ops.concatenate([inputs, output], axis=-1)
        if training and self.dropout > 0:
            mask = DropoutRNNCell.get_dropout_mask(self, u)
            u = u * (ops.expand_dims(mask, 1) if len(u.shape) == 3 else mask)
        if self.kernel is not None:
            u = ops.matmul(u, self.kernel)
        if self.recurrent_kernel is not None:
            if training and self.recurrent_dropout > 0:
                mem = mem * self.get_recurrent_dropout_mask(mem)
            u = u + ops.matmul(mem, self.recurrent_kernel)
        return u if self.bias is None else u + self.bias

    def update(self, mem: Any, u: Any) -> Any:
        """mem_t from mem_{t-1}, both (batch, memory_d * order), and u (batch, memory_d)."""
        a_rows, b_bar = self._sequence_system or self._row_system()
        # Products of two matrices only: a higher rank goes through tensordot, which computes the permutations of a
        # batch of unknown size in the graph, and XLA cannot compile the gradient of these in a loop.
        channels = ops.matmul(ops.reshape(mem, (-1, self.order)), a_rows) + ops.reshape(u, (-1, 1)) * b_bar
        return ops.reshape(channels, (-1, self.memory_size))

    def _row_system(self) -> tuple[Any, Any]:
        """A_bar transposed and B_bar, for rows mem A_bar^T + u B_bar."""
        a_bar, b_bar = self.system_tensors()
        return ops.transpose(a_bar), b_bar

    def into_hidden(self, mem: Any, inputs: Any) -> Any:
        """Input of the hidden cell, (..., memory_size [+ features])."""
        return ops.concatenate([mem, inputs], axis=-1) if self.input_to_hidden else mem

    def hidden_step(self, seen: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """One step of the hidden cell on `seen`, and its new states, flat as in `state_size[1:]`."""
        cell = self.hidden_cell
        if cell is None:
            return seen, []
        if not hidden.is_cell(cell):
            output = cell(seen)
            return output, [output] if states else []
        nested = tree.pack_sequence_as(cell.state_size, states) if tree.is_nested(cell.state_size) else states
        output, new_states = cell(seen, nested)
        return output, tree.flatten(new_states)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One step: inputs (batch, features), states as `state_size`; returns h and the new states."""
        mem, *rest = states
        previous = rest[hidden.output_index(self.hidden_cell)] if self.hidden_to_memory else None
        mem = self.update(mem, self.encode(inputs, previous, mem, training))
        output, rest = self.hidden_step(self.into_hidden(mem, inputs), rest)
        return output, [mem, *rest]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros (batch_size, size) for each state."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor; theta is the initial one, a trained theta is a weight."""
        config = {
            "memory_d": self.memory_d,
            "order": self.order,
            "theta": self._initial_theta,
            "hidden_cell": keras.saving.serialize_keras_object(self.hidden_cell),
            "trainable_theta": self.trainable_theta,
            "hidden_to_memory": self.hidden_to_memory,
            "memory_to_memory": self.memory_to_memory,
            "input_to_hidden": self.input_to_hidden,
            "discretizer": self.discretizer,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "use_bias": self.use_bias,
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "basis": self.basis,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "LMUCell":
        """The cell that `get_config` described, with fresh weights."""
        config = dict(config)
        config["hidden_cell"] = keras.saving.deserialize_keras_object(
            config["hidden_cell"], custom_objects=custom_objects
        )
        return cls(**config)
