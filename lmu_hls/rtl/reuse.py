"""Reuse factors: how many cycles a step the parts of a layer take, and how many multipliers that leaves them.

A part is a matrix of ``rows`` sums over ``columns`` operands. ``lanes`` rows are worked on at once, one multiplier
each and one column a cycle, so a step takes columns * rows / lanes cycles: the part's reuse. ``lanes`` divides the rows
and is at most the number of columns, because the sums leave one a cycle. A layer's ReuseFactor is the number of cycles
a step that each of its parts may take: every part gets the fewest lanes whose reuse is not above it. It is valid when
no part needs more and some part takes exactly that many.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.tridiag import SHARED_ORDER, tridiagonal_unit
from lmu_hls.rtl.unit import divisors
from lmu_hls.spec import LMU, Dense, GRUCell, Layer, LSTMCell, Network, TridiagonalUpdate

TRIDIAGONAL_MULTIPLIERS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One matrix of a layer. ``choices`` maps possible lanes to the cycles a step, from the most cycles down.

    ``macs`` are the multiplications of a step that the layer needs: zeros that only fill the matrix are not counted.
    """

    name: str
    macs: int
    choices: Mapping[int, int]
    multipliers_a_lane: int = 1

    @property
    def fewest_cycles(self) -> int:
        return min(self.choices.values())

    def lanes(self, cycles: int) -> int:
        """The fewest lanes that take at most ``cycles``; there must be some."""
        return next(lanes for lanes, reuse in self.choices.items() if reuse <= cycles)


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A part with the lanes that it got; ``cycles`` is its reuse."""

    name: str
    macs: int
    lanes: int
    multipliers: int
    cycles: int


def plan_parts(layer: Layer, lanes: Mapping[str, int]) -> tuple[PartPlan, ...]:
    """The parts of ``layer`` with ``lanes`` as :func:`choose_lanes` gives them."""
    return tuple(
        PartPlan(
            part.name, part.macs, lanes[part.name], lanes[part.name] * part.multipliers_a_lane,
            part.choices[lanes[part.name]],
        )
        for part in parts(layer)
    )  # fmt: skip


def matrix_part(name: str, columns: int, rows: int, macs: int | None = None) -> Part:
    """A part on ``lmu_affine``."""
    choices = {lanes: columns * rows // lanes for lanes in divisors(rows) if lanes <= columns}
    return Part(name, columns * rows if macs is None else macs, choices)


def parts(layer: Layer) -> tuple[Part, ...]:
    """The parts of ``layer``, in the order in which data meets them; none for a layer without multiplications."""
    if isinstance(layer, Dense):
        return (matrix_part("dense", *layer.kernel.shape),)
    if not isinstance(layer, LMU):
        return ()
    n_mem = layer.memory_d * layer.order
    columns = layer.n_in + (layer.units if layer.encoder_h is not None else 0)
    columns += n_mem if layer.encoder_mem is not None else 0
    return (matrix_part("encoder", columns, layer.memory_d), _memory_part(layer), *_hidden_parts(layer))


def _memory_part(lmu: LMU) -> Part:
    if isinstance(lmu.update, TridiagonalUpdate):
        return _tridiagonal_part(lmu, lmu.update)
    macs = lmu.memory_d * lmu.order * (lmu.order + 1)
    return Part("memory", macs, {lanes: macs // lanes for lanes in divisors(lmu.order)})


def _tridiagonal_part(lmu: LMU, update: TridiagonalUpdate) -> Part:
    """A lane is a unit that works on its share of the channels. The states of all leave one a cycle."""
    choices: dict[int, int] = {}
    for pes in divisors(lmu.memory_d) if lmu.order >= SHARED_ORDER else (1,):
        cycles = max(tridiagonal_unit(lmu, update, pes=pes).ii_cycles, lmu.memory_d * lmu.order)
        if not choices or cycles < min(choices.values()):
            choices[pes] = cycles
    return Part("memory", 4 * lmu.memory_d * lmu.order, choices, TRIDIAGONAL_MULTIPLIERS)


def _hidden_parts(lmu: LMU) -> tuple[Part, ...]:
    cell = lmu.hidden
    if cell is None:
        return ()
    n_mem, units = lmu.memory_d * lmu.order, cell.units
    inputs = n_mem + (lmu.n_in if cell.kernel_x is not None else 0)
    columns = inputs + (units if cell.kernel_h is not None else 0)
    if isinstance(cell, LSTMCell):
        return (matrix_part("hidden", columns, 4 * units),)
    if isinstance(cell, GRUCell) and cell.reset_after:
        return (matrix_part("hidden", columns, 4 * units, macs=3 * units * columns),)
    if isinstance(cell, GRUCell):
        return matrix_part("hidden", columns, 2 * units), matrix_part("hidden2", columns, units)
    return (matrix_part("hidden", columns, units),)


def valid_reuse_factors(layer: Layer) -> tuple[int, ...]:
    """All valid ReuseFactors of ``layer``, ascending; empty for a layer without multiplications."""
    of = parts(layer)
    least = max((part.fewest_cycles for part in of), default=0)
    return tuple(sorted({cycles for part in of for cycles in part.choices.values() if cycles >= least}))


def choose_lanes(layer: Layer, reuse_factor: int) -> dict[str, int]:
    """Lanes of each part of ``layer``, by name.

    Raises LmuHlsError for an invalid reuse factor; the text names the nearest valid ones.
    """
    of, valid = parts(layer), valid_reuse_factors(layer)
    if reuse_factor not in valid:
        slow = [part for part in of if part.fewest_cycles > reuse_factor]
        why = (
            f"its {slow[0].name} needs at least {slow[0].fewest_cycles} cycles a step"
            if slow
            else "none of its parts takes exactly that many cycles a step"
        )
        raise LmuHlsError(
            f"layer {layer.name!r}: ReuseFactor {reuse_factor} is not possible, {why}; "
            f"use {' or '.join(map(str, nearest(valid, reuse_factor)))}"
        )
    return {part.name: part.lanes(reuse_factor) for part in of}


def nearest(valid: Sequence[int], value: int) -> list[int]:
    """The largest of ``valid`` below ``value`` and the smallest above it, where there are such."""
    below, above = bisect_left(valid, value), bisect_right(valid, value)
    return [*valid[max(0, below - 1) : below], *valid[above : above + 1]]


def fastest(network: Network, streaming: bool = False) -> int:
    """The fewest cycles a step that :func:`balanced` can be asked for."""
    needed, times = 1, 1
    for layer in network.layers:
        needed = max(needed, -(-min(valid_reuse_factors(layer), default=1) // times))
        if isinstance(layer, LMU) and not layer.return_sequences and not streaming:
            times = network.steps
    return needed


def balanced(network: Network, cycles: int, streaming: bool = False) -> dict[str, int]:
    """For each layer with multiplications the largest valid ReuseFactor of at most ``cycles`` a step.

    Layers behind an LMU that gives its last step only have ``network.steps`` times as long; when ``streaming``, every
    step goes through all layers. Raises LmuHlsError when a layer cannot be as fast.
    """
    chosen: dict[str, int] = {}
    allowed = cycles
    for layer in network.layers:
        valid = valid_reuse_factors(layer)
        if valid and valid[0] > allowed:
            raise LmuHlsError(
                f"layer {layer.name!r} needs at least {valid[0]} cycles a step, {allowed} are allowed; allow more"
            )
        if valid:
            chosen[layer.name] = valid[bisect_right(valid, allowed) - 1]
        if isinstance(layer, LMU) and not layer.return_sequences and not streaming:
            allowed = cycles * network.steps
    return chosen
