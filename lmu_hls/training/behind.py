"""The layers of a quantized model behind one of its layers: to train them on values that are computed once.

A memory that nothing feeds back into has the same states in every epoch; what follows it need not wait for them.
"""

from __future__ import annotations

from typing import Any

import keras

from lmu_hls.errors import LmuHlsError
from lmu_hls.training.model import QuantizedModel
from lmu_hls.training.program import unchanged


class Behind(keras.Model):
    """The output of ``quantized`` from what its layer ``layer`` gives (batch, ...), as real values.

    Its weights are those of ``quantized``, which has what a training finds. What comes is assigned to the type of the
    layer's result. Raises LmuHlsError where the output needs more than this layer.
    """

    def __init__(self, quantized: QuantizedModel, layer: str, **kwargs: Any) -> None:
        super().__init__(**{"name": f"behind_{layer}", "dtype": quantized.dtype_policy, **kwargs})
        program = quantized.program
        names = [node.name for node in program.network.nodes]
        if layer not in names:
            raise LmuHlsError(f"model {quantized.name!r} has no layer {layer!r}; it has {', '.join(names)}")
        behind = {node.name for node in program.behind({layer})}
        self.quantized, self._layer = quantized, layer
        self._own = [each.name for each in quantized.float_model.layers if each.name in behind]
        self.built = True

    @property
    def trainable_variables(self) -> list[Any]:
        """The weights behind the layer."""
        layers = map(self.quantized.float_model.get_layer, self._own)
        return [variable for each in layers for variable in each.trainable_variables]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    def build(self, input_shape: Any = None) -> None:
        """The quantized model was built before."""

    def call(self, values: Any, training: bool = False) -> Any:
        """The output for ``values`` of the layer."""
        between = self.quantized.dropouts() if training else unchanged
        return self.quantized.program.onwards({self._layer: values}, between)
