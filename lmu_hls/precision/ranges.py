"""Worst-case ranges: integer bits that make overflow impossible, not unlikely.

For |u| <= u_max the largest |y_i| over all inputs is u_max times the L1 norm of the impulse response, and the input
u_{t-k} = u_max sign(h_i[k]) attains it. Rounding adds at most what `worst_rounding` says. With the quantized
coefficients, the type's own largest |u| and the rounding of the types, mem of the integer system, which starts from
zero, therefore stays within the range whatever the input and whatever is fed back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lmu_hls.fixed import integer_bits
from lmu_hls.precision.bounds import impulse_sums
from lmu_hls.precision.memory import Array, Memory
from lmu_hls.precision.worst_rounding import rounding_bounds

FLOAT_SLACK: Final = 1e-8  # the sums are float64: about steps * order * 1e-16 of relative error


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Worst-case magnitudes (order,) of a tensor, in its own unit: what the input causes and what rounding adds."""

    signal: Array
    rounding: Array

    @property
    def total(self) -> Array:
        return np.asarray((self.signal + self.rounding) * (1.0 + FLOAT_SLACK))

    @property
    def peak(self) -> float:
        """Largest magnitude over all elements."""
        return float(np.max(self.total))

    @property
    def integer_bits(self) -> int:
        """Integer bits, the sign's included, with which no element can overflow. ValueError when unbounded."""
        return integer_bits(self.peak)


@dataclass(frozen=True, slots=True, eq=False)
class MemoryRange:
    """Ranges of mem and of the sweep tensors for |u| <= u_max; f and z are None in the dense form.

    ``steps`` of the impulse response were summed; ``tail`` is the part of mem's signal bound that lies beyond.
    """

    u_max: float
    mem: Range
    f: Range | None
    z: Range | None
    steps: int
    tail: float

    @property
    def sweep_integer_bits(self) -> int | None:
        """Integer bits for f and z, which share one type; None in the dense form."""
        return None if self.f is None or self.z is None else max(self.f.integer_bits, self.z.integer_bits)


def memory_range(memory: Memory, u_max: float) -> MemoryRange:
    """Worst-case ranges of one channel that starts from zero, for every input with |u| <= ``u_max``.

    Raises ValueError when ``u_max`` is negative or not finite, and when the memory is unstable or decays too slowly.
    """
    if not (np.isfinite(u_max) and u_max >= 0):
        raise ValueError(f"u_max={u_max} is not allowed: give the largest magnitude of u, finite and not negative")
    sums, steps = impulse_sums(memory)
    rounding = rounding_bounds(memory)
    ranges = {name: Range(u_max * s.total, rounding[name]) for name, s in zip(("mem", "f", "z"), sums, strict=False)}
    tail = float(np.max(sums[0].tail / np.maximum(sums[0].total, np.finfo(float).tiny)))
    return MemoryRange(float(u_max), ranges["mem"], ranges.get("f"), ranges.get("z"), steps, tail)


def limit_cycle_bound(memory: Memory) -> Array:
    """Largest |mem| (order,) that can persist once the input is zero, from any start; ValueError when unstable."""
    return np.asarray(rounding_bounds(memory)["mem"] * (1.0 + FLOAT_SLACK))


def worst_input(memory: Memory, state: int, steps: int) -> Array:
    """Signs (steps,) of the bang-bang input after which mem[state] has reached its bound, up to the tail."""
    if not 0 <= state < memory.order:
        raise ValueError(f"state={state} is not allowed: give 0 to {memory.order - 1}")
    response, row = np.empty(steps), np.eye(memory.order)[state]
    for k in range(steps):
        response[steps - 1 - k] = row @ memory.b
        row = row @ memory.a
    return np.where(response < 0, -1.0, 1.0)
