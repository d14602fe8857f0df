"""An LMU layer of the contract in keras.ops: only what feeds back goes step by step.

The memory is linear, so that its gradient, straight through its roundings, is that of the linear memory. Where nothing
feeds back, that is one product over all steps; the exact values beside it come from a loop without a gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from keras import ops

from lmu_hls import legendre
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import to_float
from lmu_hls.layers import linear
from lmu_hls.layers.discretize import product
from lmu_hls.spec import LMU, DenseUpdate
from lmu_hls.training.arithmetic import Assigned, cast, constant, limits, straight_through
from lmu_hls.training.loops import over
from lmu_hls.training.step import BoundStep, Step
from lmu_hls.training.weights import Weights

Masks = Mapping[str, Any]  # of dropout, by the tensor that the encoder reads: "x", "h", "mem"


class LMUProgram:
    """``lmu`` with its ``weights``. ``cell``, an LMUCell, has the float memory; without it steps have its gradient.

    ``learned`` is as for :class:`Step`.
    """

    def __init__(
        self, lmu: LMU, weights: Weights, cell: Any = None, learned: Mapping[str, Assigned] | None = None
    ) -> None:
        self.lmu, self._keras_cell = lmu, cell
        x = frozenset({"x"})
        self._encoder = Step(lmu.name, [lmu.encoder], weights, x, learned)
        self._memory = Step(lmu.name, lmu.memory, weights)
        self._loops = bool(self._encoder.carried)
        self._cell = Step(lmu.name, lmu.cell, weights, x if self._loops else x | {"mem"}, learned)
        self._every_step = lmu.return_sequences or bool(self._cell.carried)
        self._chained = any(term.x.beside for item in lmu.memory for term in item.terms)
        self._work = 2 * lmu.order // 8 + 1 if self._chained else 1

    def __call__(self, x: Any, masks: Masks | None = None) -> Any:
        """h (batch, steps, units) for x (batch, steps, n_in), or that of the last step (batch, units)."""
        masks = masks or {}
        h = self._all_in_a_loop(x, masks) if self._loops else self._by_parts(x, masks)
        return h if self.lmu.return_sequences else h[:, -1]

    def seen(self, x: Any) -> Any:
        """What the hidden cell reads, (batch, steps, memory_d * order + n_in); of the last step where that is all.

        Raises LmuHlsError where h or mem is fed back: the memory is then another after each training step.
        """
        if self._loops:
            raise LmuHlsError(f"layer {self.lmu.name!r} feeds back into its memory, whose states change as it trains")
        return ops.concatenate(self._read(x, {}), axis=-1)

    def seen_shape(self, steps: int | None) -> tuple[int | None, int]:
        """Steps and width of what :meth:`seen` gives for a sequence of ``steps``."""
        return steps if self._every_step else 1, self.lmu.memory_d * self.lmu.order + self.lmu.n_in

    def onwards(self, seen: Any) -> Any:
        """h, as of a call, from what ``seen`` gives."""
        size = self.lmu.memory_d * self.lmu.order
        h = self._hidden(seen[..., :size], seen[..., size:])
        return h if self.lmu.return_sequences else h[:, -1]

    def _by_parts(self, x: Any, masks: Masks) -> Any:
        return self._hidden(*self._read(x, masks))

    def _read(self, x: Any, masks: Masks) -> tuple[Any, Any]:
        """mem and x of all steps, or of the last."""
        u = self._encoder.bind()({"x": _masked(x, masks.get("x"), True)}, {})["u"]
        return self._all_states(u, self._every_step), x if self._every_step else x[:, -1:]

    def _hidden(self, mem: Any, x: Any) -> Any:
        """h of all steps of mem and x."""
        cell = self._cell.bind()
        if not self._cell.carried:
            return cell({"mem": mem, "x": x}, {})["h"]
        names, sums = _states(self._cell.carried), cell.ahead({"mem": mem, "x": x})

        def turn(states: list[Any], now: list[Any]) -> list[Any]:
            made = cell({"mem": now[0], "x": now[1]}, _named(names, states), _named(sums, now[2:]))
            return [made[name] for name in names]

        start = [self._zeros(x, self._cell.widths[name]) for name in names]
        return over(turn, start, [mem, x, *sums.values()], x.shape[1])[0]

    def _all_in_a_loop(self, x: Any, masks: Masks) -> Any:
        encoder, memory, cell = self._encoder.bind(), self._memory.bind(), self._cell.bind()
        masked = _masked(x, masks.get("x"), True)
        to_u, to_h = encoder.ahead({"x": masked}), cell.ahead({"x": x})
        names = _states(("mem", *self._encoder.carried, *self._cell.carried))
        widths = {"mem": self.lmu.memory_d * self.lmu.order, **self._cell.widths}

        def turn(states: list[Any], now: list[Any]) -> list[Any]:
            before, (x_t, masked_t, *sums) = _named(names, states), now
            heard = {name: _masked(value, masks.get(name), False) for name, value in before.items()}
            u = encoder({"x": masked_t}, heard, _named(to_u, sums[: len(to_u)]))["u"]
            mem = self._next(memory, u, before["mem"])
            made = cell({"mem": mem, "x": x_t}, before, _named(to_h, sums[len(to_u) :]))
            return [mem if name == "mem" else made[name] for name in names]

        start = [self._zeros(x, widths[name]) for name in names]
        sequences = [x, masked, *to_u.values(), *to_h.values()]
        return over(turn, start, sequences, x.shape[1], self._work)[0]

    def _next(self, memory: BoundStep, u: Any, mem: Any) -> Any:
        """mem (batch, memory_d * order) after one step."""
        if not self._chained:
            return memory({"u": u}, {"mem": mem})["mem"]
        exact = memory({"u": ops.stop_gradient(u)}, {"mem": ops.stop_gradient(mem)})["mem"]
        return self._unless_saturated(exact, self._linear(u, mem))

    def _all_states(self, u: Any, every_step: bool) -> Any:
        """mem (batch, steps, memory_d * order) from u (batch, steps, memory_d); the last step only, else."""
        memory, fixed = self._memory.bind(), ops.stop_gradient(u)

        def exactly(states: list[Any], now: list[Any]) -> list[Any]:
            return [memory({"u": now[0]}, {"mem": states[0]})["mem"]]

        start = [self._zeros(u, self.lmu.memory_d * self.lmu.order)]
        exact = over(exactly, start, [fixed], u.shape[1], self._work)[0]
        exact = exact if every_step else exact[:, -1:]
        return self._unless_saturated(exact, self._linear_states(u, every_step))

    def _linear_states(self, u: Any, every_step: bool) -> Any:
        """What mem would be without roundings."""
        if self._keras_cell is not None and u.shape[1] is not None:
            found = linear.memory(self._keras_cell, ops.cast(u, self._keras_cell.compute_dtype), None, every_step)
            return found if every_step else ops.expand_dims(found, 1)

        def turn(states: list[Any], now: list[Any]) -> list[Any]:
            return [self._linear(now[0], states[0])]

        states = over(turn, [self._zeros(u, self.lmu.memory_d * self.lmu.order)], [u], u.shape[1])[0]
        return states if every_step else states[:, -1:]

    def _linear(self, u: Any, mem: Any) -> Any:
        """One step without roundings."""
        lmu = self.lmu
        if isinstance(lmu.update, DenseUpdate):
            a, b = (to_float(weight.values, weight.type) for weight in (lmu.update.a, lmu.update.b))
        else:
            a, b = legendre.discretize(lmu.order, lmu.theta, lmu.discretizer, lmu.basis)
        channels = ops.reshape(mem, (-1, lmu.memory_d, lmu.order))
        new = product(channels, constant(np.ascontiguousarray(a.T))) + ops.expand_dims(u, -1) * constant(b)
        return ops.reshape(new, (-1, lmu.memory_d * lmu.order))

    def _unless_saturated(self, exact: Any, surrogate: Any) -> Any:
        """``exact`` with the gradient of ``surrogate``, but none where a value is at its limit."""
        low, high = (limit * self.lmu.mem.lsb for limit in limits(self.lmu.mem))
        free = ops.logical_and(exact > low, exact < high)
        surrogate = cast(surrogate)
        return straight_through(exact, ops.where(free, surrogate, ops.stop_gradient(surrogate)))

    def _zeros(self, like: Any, width: int) -> Any:
        return cast(ops.zeros((ops.shape(like)[0], width)))


def _states(names: Iterable[str]) -> tuple[str, ...]:
    """What goes from step to step: h, which is the output, and ``names``, each once."""
    return tuple(dict.fromkeys(("h", *names)))


def _named(names: Any, values: Any) -> dict[Any, Any]:
    return dict(zip(names, values, strict=True))


def _masked(values: Any, mask: Any, sequence: bool) -> Any:
    return values if mask is None else values * (ops.expand_dims(mask, 1) if sequence else mask)
