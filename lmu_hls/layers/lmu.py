"""LMU: the Legendre Memory Unit as a Keras layer over whole sequences."""

from typing import Any

import keras
from keras import ops

# The time loop of keras.layers.RNN, which Keras does not export.
from keras.src import backend

from lmu_hls.layers import hidden, hoist, linear
from lmu_hls.layers.cell import LMUCell


@keras.saving.register_keras_serializable(package="lmu_hls")
class LMU(keras.layers.RNN):
    """Legendre Memory Unit: (batch, time, features) -> (batch, units), or (batch, time, units).

    `units` is the width of the hidden cell, or memory_d * order without one. The arguments are those of
    LMUCell, in the same order, followed by those of keras.layers.RNN: return_sequences, return_state,
    go_backwards, stateful, unroll, zero_output_for_mask. States: mem, then those of the hidden cell (h of a
    plain layer).
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
        return_sequences: bool = False,
        *,
        basis: str = "legendre",
        seed: int | None = None,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = LMUCell(
            memory_d,
            order,
            theta,
            hidden_cell,
            trainable_theta=trainable_theta,
            hidden_to_memory=hidden_to_memory,
            memory_to_memory=memory_to_memory,
            input_to_hidden=input_to_hidden,
            discretizer=discretizer,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            basis=basis,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lmu_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """As keras.layers.RNN; without initial_state, mem is known to start at zero."""
        self._starts_at_zero = initial_state is None and not self.stateful
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Last output, all outputs (or again the last) and final states.

        A linear memory is evaluated over all time steps at once; the hidden cell then follows, in a loop only
        if it is recurrent. Feedback into u, masked steps, a sequence of unknown length and hidden layers that
        do more than map one step to one step take the step-by-step loop of keras.layers.RNN.
        """
        cell = self.cell
        recurrent = hidden.is_cell(cell.hidden_cell)
        known = sequences.shape[1] is not None and mask is None
        if not (known and cell.linear_memory and (recurrent or linear.time_distributed(cell.hidden_cell))):
            return super().inner_loop(sequences, initial_state, mask, training)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
        mem, *states = initial_state
        u = cell.encode(sequences, None, None, training)
        every_step = recurrent or self.return_sequences
        mem = linear.memory(cell, u, None if self._starts_at_zero else mem, every_step)
        if recurrent:
            return self._hidden_loop(mem, sequences, states, training)
        seen = cell.into_hidden(mem, sequences if every_step else sequences[:, -1])
        outputs = seen
        if cell.hidden_cell is not None:
            width = seen.shape[-1]
            outputs = cell.hidden_cell(ops.reshape(seen, (-1, width)))
            shape = (-1, sequences.shape[1], outputs.shape[-1]) if every_step else (-1, outputs.shape[-1])
            outputs = ops.reshape(outputs, shape)
        output = outputs[:, -1] if every_step else outputs
        final = mem[:, -1] if every_step else mem
        return output, outputs, [final, *([output] if states else [])]

    def _hidden_loop(self, mem: Any, sequences: Any, states: list[Any], training: bool) -> Any:
        """The recurrent hidden cell over mem (batch, time, memory_size) and its final states."""
        seen = self.cell.into_hidden(mem, sequences)
        step = self.cell.hidden_step
        if hoist.hoisted(self.cell.hidden_cell):
            seen, step = hoist.prepare(self.cell.hidden_cell, seen)
        output, outputs, states = backend.rnn(
            step,
            seen,
            states,
            unroll=self.unroll,
            input_length=sequences.shape[1],
            return_all_outputs=self.return_sequences,
        )
        return output, outputs, [mem[:, -1], *states]

    @property
    def theta(self) -> float:
        """Window length in time steps, at its present value."""
        return float(self.cell.theta)

    @property
    def kernel(self) -> Any:
        """The cell's kernel (features [+ units], memory_d), None before it is built and where there is none."""
        return self.cell.kernel

    @property
    def recurrent_kernel(self) -> Any:
        """The cell's recurrent kernel (memory_d * order, memory_d), None as for `kernel`."""
        return self.cell.recurrent_kernel

    @property
    def theta_inv(self) -> Any:
        """1 / theta, a scalar tensor: see KerasLmuNames."""
        return self.cell.theta_inv

    @property
    def A(self) -> Any:
        """(order, order), the transpose of A_bar: see KerasLmuNames."""
        return self.cell.A

    @property
    def B(self) -> Any:
        """(1, order), B_bar as a row: see KerasLmuNames."""
        return self.cell.B

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor: those of the cell and those of RNN, flat."""
        outer = super().get_config()
        del outer["cell"]
        inner = self.cell.get_config()
        for name in ("name", "trainable", "dtype"):
            inner.pop(name, None)
        return {**outer, **inner}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "LMU":
        """The layer that `get_config` described, with fresh weights."""
        config = dict(config)
        config["hidden_cell"] = keras.saving.deserialize_keras_object(
            config["hidden_cell"], custom_objects=custom_objects
        )
        return cls(**config)
