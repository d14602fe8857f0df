"""LMU: the Legendre Memory Unit as a Keras layer over whole sequences."""

from typing import Any

import keras

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

    @property
    def theta(self) -> float:
        """Window length in time steps, at its present value."""
        return float(self.cell.theta)

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
