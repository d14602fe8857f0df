"""A cell over the sequence itself, of the contract, in keras.ops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from lmu_hls.spec import Recurrent
from lmu_hls.training.arithmetic import Assigned, cast
from lmu_hls.training.loops import over
from lmu_hls.training.step import Step
from lmu_hls.training.weights import Weights


class RecurrentProgram:
    """``layer`` with its ``weights``: the products with x are made for all steps at once, the rest step by step.

    ``learned`` is as for :class:`Step`.
    """

    def __init__(self, layer: Recurrent, weights: Weights, learned: Mapping[str, Assigned] | None = None) -> None:
        self.layer = layer
        self._cell = Step(layer.name, layer.cell, weights, frozenset({"x"}), learned)

    def __call__(self, x: Any) -> Any:
        """h (batch, steps, units) for x (batch, steps, n_in), or that of the last step (batch, units)."""
        cell, names = self._cell.bind(), tuple(dict.fromkeys(("h", *self._cell.carried)))
        sums = cell.ahead({"x": x})

        def turn(states: list[Any], now: list[Any]) -> list[Any]:
            before = dict(zip(names, states, strict=True))
            made = cell({"x": now[0]}, before, dict(zip(sums, now[1:], strict=True)))
            return [made[name] for name in names]

        start = [cast(ops.zeros((ops.shape(x)[0], self._cell.widths[name]))) for name in names]
        h = over(turn, start, [x, *sums.values()], x.shape[1])[0]
        return h if self.layer.return_sequences else h[:, -1]
