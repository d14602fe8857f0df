"""A whole network of the contract in keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from keras import ops

from lmu_hls.errors import LmuHlsError
from lmu_hls.spec import LMU, Network, Node, Recurrent, Window
from lmu_hls.training.arithmetic import Assigned, assign, cast
from lmu_hls.training.lmu import LMUProgram, Masks
from lmu_hls.training.recurrent import RecurrentProgram
from lmu_hls.training.step import Step
from lmu_hls.training.weights import Weights

Between = Callable[[str, str, Any], Any]  # (node, what it reads, its values) -> what arrives


def unchanged(node: str, source: str, values: Any) -> Any:
    """``values`` arrive as they are."""
    return values


class Program:
    """The nodes of ``network``, one input and one output; ``cells`` are the LMUCells of its LMU layers, by name.

    ``learned`` says how some tensors are assigned, by node and the contract's name; the type of an input is "".
    """

    def __init__(
        self,
        network: Network,
        weights: Weights | None = None,
        cells: Mapping[str, Any] | None = None,
        learned: Mapping[tuple[str, str], Assigned] | None = None,
    ) -> None:
        weights = Weights() if weights is None else weights
        self.network, self.weights = network, weights
        values = network.values
        self._lmus, self._cells, self._steps = {}, {}, {}
        self._inputs = {name: given for (name, tensor), given in (learned or {}).items() if not tensor}
        for node in network.nodes:
            own = {tensor: given for (name, tensor), given in (learned or {}).items() if name == node.name}
            if isinstance(node.layer, LMU):
                self._lmus[node.name] = LMUProgram(node.layer, weights, (cells or {}).get(node.name), own)
            elif isinstance(node.layer, Recurrent):
                self._cells[node.name] = RecurrentProgram(node.layer, weights, own)
            else:
                widths = [values[source].width for source in node.inputs]
                names = [tensor.name for tensor in node.layer.reads(*widths)]
                self._steps[node.name] = names, Step(node.name, node.layer.assignments(*widths), weights, learned=own)

    def __call__(self, x: Any, between: Between = unchanged, masks: Mapping[str, Masks] | None = None) -> Any:
        """The output for real x (batch, steps, n_in), every value of which is on the grid of its type.

        ``between`` and ``masks``, those of the LMU layers by name, are for dropout.
        """
        (entrance,) = self.network.inputs
        return self.onwards({entrance.name: x}, between, masks)

    def onwards(
        self, known: Mapping[str, Any], between: Between = unchanged, masks: Mapping[str, Masks] | None = None
    ) -> Any:
        """The output from the real values of inputs or nodes, by name, and of no node that comes before these.

        Raises LmuHlsError when the output needs more than what is ``known``.
        """
        (output,), entire = self.network.outputs, self.network.values
        values = {
            name: self._inputs[name](cast(value)) if name in self._inputs else assign(cast(value), entire[name].type)
            for name, value in known.items()
        }
        for node in self.behind(known):
            read = [cast(between(node.name, source, values[source])) for source in node.inputs]
            if node.name in self._lmus:
                values[node.name] = self._lmus[node.name](read[0], (masks or {}).get(node.name))
            elif node.name in self._cells:
                values[node.name] = self._cells[node.name](read[0])
            else:
                names, step = self._steps[node.name]
                if node.layer.over is not None:
                    read = [_windows(node.layer.over, x) for x in read]
                values[node.name] = step.bind()(dict(zip(names, read, strict=True)), {})["out"]
        return values[output]

    def behind(self, known: Collection[str]) -> list[Node]:
        """The nodes that lead from the inputs or nodes ``known`` to the output, in their order; else LmuHlsError."""
        by_name = {node.name: node for node in self.network.nodes}
        needed: set[str] = set()
        waiting = list(self.network.outputs)
        while waiting:
            name = waiting.pop()
            if name in known or name in needed:
                continue
            if name not in by_name:
                raise LmuHlsError(
                    f"the output of {self.network.name!r} needs {name!r} beside {', '.join(map(repr, known))}; begin "
                    "at a layer through which everything goes"
                )
            needed.add(name)
            waiting += by_name[name].inputs
        return [node for node in self.network.nodes if node.name in needed]


def _windows(window: Window, x: Any) -> Any:
    """(batch, [steps,] n) as what each step of the result reads, (batch, [count,] size * n)."""
    x = x if len(x.shape) == 3 else ops.expand_dims(x, 1)
    steps = window.reads().ravel()
    read = ops.take(x, steps.clip(0).astype("int32"), axis=1)
    read = ops.where((steps < 0)[:, None], ops.zeros_like(read), read)
    read = ops.reshape(read, (-1, window.count, window.size * x.shape[-1]))
    return read[:, 0] if window.vector else read
