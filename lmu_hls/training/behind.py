"""The layers of a quantized model behind one of its layers: to train them on values that are computed once.

A memory that nothing feeds back into has the same states in every epoch; what follows it need not wait for them.
"""

from __future__ import annotations

from typing import Any

import keras

from lmu_hls.errors import LmuHlsError
from lmu_hls.training.arithmetic import cast
from lmu_hls.training.model import QuantizedModel
from lmu_hls.training.program import unchanged


class Behind(keras.Model):
    """The output of ``quantized`` from what its layer ``layer`` gives (batch, ...), as real values.

    With ``memory`` it is the output from what the hidden cell of this layer, an LMU without feedback, reads; the cell
    trains, too. :meth:`before` computes either. Weights are those of ``quantized``, which has what a training finds.
    What comes is assigned to the type of the layer's result. Raises LmuHlsError where the output needs more than this.
    """

    def __init__(self, quantized: QuantizedModel, layer: str, memory: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"name": f"behind_{layer}", "dtype": quantized.dtype_policy, **kwargs})
        program = quantized.program
        names = [node.name for node in program.network.nodes]
        if program.network.any_length:
            raise LmuHlsError(
                f"model {quantized.name!r} has Masking, and what a layer gives does not tell the lengths; train the "
                "whole quantized model"
            )
        if layer not in names:
            raise LmuHlsError(f"model {quantized.name!r} has no layer {layer!r}; it has {', '.join(names)}")
        behind = {node.name for node in program.behind({layer})}
        self.quantized, self._layer, self._memory = quantized, layer, memory
        layers = [each for each in quantized.float_model.layers if each.name in behind]
        if memory:
            program.lmu(layer)
            cell = quantized.float_model.get_layer(layer).cell.hidden_cell
            layers = [*([] if cell is None else [cell]), *layers]
        self._own = lambda: layers  # not an attribute: they are the quantized model's
        self.built = True

    @property
    def trainable_variables(self) -> list[Any]:
        """The weights behind the layer."""
        return [variable for each in self._own() for variable in each.trainable_variables]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def input_shape(self) -> Any:
        return self.quantized.program.shape_of_layer(self._layer, self._memory)

    @property
    def output_shape(self) -> Any:
        return self.quantized.output_shape

    def build(self, input_shape: Any = None) -> None:
        """The quantized model was built before."""

    def call(self, values: Any, training: bool = False) -> Any:
        """The output for ``values`` of the layer."""
        between = self.quantized.dropouts() if training else unchanged
        program = self.quantized.program
        known = program.lmu(self._layer).onwards(cast(values)) if self._memory else values
        return program.onwards({self._layer: known}, between)

    def before(self, x: Any, batch_size: int = 200) -> Any:
        """What ``fit`` and ``predict`` take, for x (samples, steps, features)."""
        return _Before(self.quantized, self._layer, self._memory).predict(x, batch_size=batch_size, verbose=0)


class _Before(keras.Model):
    """What a layer of ``quantized`` gives, or its hidden cell reads."""

    def __init__(self, quantized: QuantizedModel, layer: str, memory: bool) -> None:
        super().__init__(name=f"before_{layer}", dtype=quantized.dtype_policy)
        program = quantized.program
        self._values = lambda x: program.of_layer(x, layer, memory)
        self.built = True

    def build(self, input_shape: Any = None) -> None:
        """The quantized model was built before."""

    def call(self, x: Any) -> Any:
        """The values for x."""
        return self._values(x)
