"""A whole network of the contract in keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from lmu_hls.spec import LMU, Network, Window
from lmu_hls.training.arithmetic import assign, cast
from lmu_hls.training.lmu import LMUProgram, Masks
from lmu_hls.training.step import Step
from lmu_hls.training.weights import Weights

Between = Callable[[str, str, Any], Any]  # (node, what it reads, its values) -> what arrives


class Program:
    """The nodes of ``network``, one input and one output; ``cells`` are the LMUCells of its LMU layers, by name."""

    def __init__(
        self, network: Network, weights: Weights | None = None, cells: Mapping[str, Any] | None = None
    ) -> None:
        weights = Weights() if weights is None else weights
        self.network = network
        values = network.values
        self._lmus, self._steps = {}, {}
        for node in network.nodes:
            if isinstance(node.layer, LMU):
                self._lmus[node.name] = LMUProgram(node.layer, weights, (cells or {}).get(node.name))
            else:
                widths = [values[source].width for source in node.inputs]
                names = [tensor.name for tensor in node.layer.reads(*widths)]
                self._steps[node.name] = names, Step(node.name, node.layer.assignments(*widths), weights)

    def __call__(
        self, x: Any, between: Between = lambda node, source, values: values, masks: Mapping[str, Masks] | None = None
    ) -> Any:
        """The output for real x (batch, steps, n_in), every value of which is on the grid of its type.

        ``between`` and ``masks``, those of the LMU layers by name, are for dropout.
        """
        (entrance,), (output,) = self.network.inputs, self.network.outputs
        values = {entrance.name: assign(cast(x), entrance.type)}
        for node in self.network.nodes:
            read = [cast(between(node.name, source, values[source])) for source in node.inputs]
            if node.name in self._lmus:
                values[node.name] = self._lmus[node.name](read[0], (masks or {}).get(node.name))
            else:
                names, step = self._steps[node.name]
                if node.layer.over is not None:
                    read = [_windows(node.layer.over, x) for x in read]
                values[node.name] = step.bind()(dict(zip(names, read, strict=True)), {})["out"]
        return values[output]


def _windows(window: Window, x: Any) -> Any:
    """(batch, [steps,] n) as what each step of the result reads, (batch, [count,] size * n)."""
    x = x if len(x.shape) == 3 else ops.expand_dims(x, 1)
    steps = window.reads().ravel()
    read = ops.take(x, steps.clip(0).astype("int32"), axis=1)
    read = ops.where((steps < 0)[:, None], ops.zeros_like(read), read)
    read = ops.reshape(read, (-1, window.count, window.size * x.shape[-1]))
    return read[:, 0] if window.vector else read
