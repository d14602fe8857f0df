"""A whole network of the contract in keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from keras import ops

from lmu_hls.errors import LmuHlsError
from lmu_hls.spec import LMU, Network, Node, Recurrent, Window
from lmu_hls.spec.layers.mean import Mean
from lmu_hls.training.arithmetic import Assigned, assign, cast
from lmu_hls.training.lmu import LMUProgram, Masks
from lmu_hls.training.masked import Counted
from lmu_hls.training.recurrent import RecurrentProgram
from lmu_hls.training.step import Step
from lmu_hls.training.vectors import mean
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
                layer = replace(node.layer, return_sequences=True) if network.any_length else node.layer
                self._lmus[node.name] = LMUProgram(layer, weights, (cells or {}).get(node.name), own)
            elif isinstance(node.layer, Recurrent):
                cell = replace(node.layer, return_sequences=True) if network.any_length else node.layer
                self._cells[node.name] = RecurrentProgram(cell, weights, own)
            elif not isinstance(node.layer, Mean):
                widths = [values[source].width for source in node.inputs]
                names = [tensor.name for tensor in node.layer.reads(*widths)]
                self._steps[node.name] = names, Step(node.name, node.layer.assignments(*widths), weights, learned=own)

    def __call__(
        self,
        x: Any,
        between: Between = unchanged,
        masks: Mapping[str, Masks] | None = None,
        counted: Counted | None = None,
    ) -> Any:
        """The output for real x (batch, steps, n_in), every value of which is on the grid of its type.

        ``between`` and ``masks``, those of the LMU layers by name, are for dropout; ``counted`` are the steps that
        count, where sequences have any length.
        """
        (entrance,), (output,) = self.network.inputs, self.network.outputs
        known = {entrance.name: x if counted is None else counted.front(x)}
        made = self._values(known, self.behind(known), between, masks, counted=counted)[output]
        return made if counted is None else counted.back(made)

    def of_layer(self, x: Any, name: str, memory: bool) -> Any:
        """What the node ``name`` gives, or what its hidden cell reads of ``memory`` and input, for real x."""
        (entrance,) = self.network.inputs
        values = self._values({entrance.name: x}, self.behind([entrance.name], [name]), unchanged, None, memory)
        return values[name]

    def shape_of_layer(self, name: str, memory: bool) -> tuple[int | None, ...]:
        """The shape of what :meth:`of_layer` gives."""
        if memory:
            (source,) = next(node.inputs for node in self.network.nodes if node.name == name)
            return None, *self.lmu(name).seen_shape(self.network.values[source].steps)
        value = self.network.values[name]
        return (None, value.width) if value.steps is None else (None, value.steps, value.width)

    def lmu(self, name: str) -> LMUProgram:
        """The LMU layer of that name; LmuHlsError where the node is another."""
        if name not in self._lmus:
            raise LmuHlsError(
                f"layer {name!r} has no memory; LMU layers of {self.network.name!r}: {', '.join(self._lmus)}"
            )
        return self._lmus[name]

    def onwards(
        self, known: Mapping[str, Any], between: Between = unchanged, masks: Mapping[str, Masks] | None = None
    ) -> Any:
        """The output from the real values of inputs or nodes, by name, and of no node that comes before these.

        Raises LmuHlsError when the output needs more than what is ``known``.
        """
        (output,) = self.network.outputs
        return self._values(known, self.behind(known), between, masks)[output]

    def _values(
        self,
        known: Mapping[str, Any],
        nodes: list[Node],
        between: Between,
        masks: Mapping[str, Masks] | None,
        memory: bool = False,
        counted: Counted | None = None,
    ) -> dict[str, Any]:
        """The values of ``known`` and of ``nodes``; of the last, with ``memory``, what its hidden cell reads.

        Behind a sequence its last step stands again in ``known`` and in what recurrent layers give, and so in all.
        """
        entire = self.network.values
        values = {
            name: self._inputs[name](cast(value)) if name in self._inputs else assign(cast(value), entire[name].type)
            for name, value in known.items()
        }
        for node in nodes:
            read = [cast(between(node.name, source, values[source])) for source in node.inputs]
            if memory and node is nodes[-1]:
                values[node.name] = self.lmu(node.name).seen(read[0])
            elif node.name in self._lmus:
                values[node.name] = self._lmus[node.name](read[0], (masks or {}).get(node.name))
            elif node.name in self._cells:
                values[node.name] = self._cells[node.name](read[0])
            elif isinstance(node.layer, Mean):
                values[node.name] = mean(node.layer, read[0], counted)
            else:
                names, step = self._steps[node.name]
                if node.layer.over is not None:
                    read = [_windows(node.layer.over, x) for x in read]
                values[node.name] = step.bind()(dict(zip(names, read, strict=True)), {})["out"]
            if counted is not None and isinstance(node.layer, LMU | Recurrent):
                held = counted.held if node.layer.return_sequences else counted.last
                values[node.name] = held(values[node.name])
        return values

    def behind(self, known: Collection[str], to: Collection[str] | None = None) -> list[Node]:
        """The nodes from the inputs or nodes ``known`` to the output, or ``to`` others, in order; else LmuHlsError."""
        by_name = {node.name: node for node in self.network.nodes}
        needed: set[str] = set()
        waiting = list(self.network.outputs if to is None else to)
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
