"""An LMU's memory update as parameters and ROM words of ``lmu_memory_dense``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints
from lmu_hls.spec import LMU, DenseUpdate

PIPELINE_CYCLES = 5  # from the last column of a group to its output beat
READ_AFTER_WRITE = 3  # from the last column of a step to where the next step may begin, if it read all at once


@dataclass(frozen=True, slots=True)
class MemoryUnit:
    """A memory unit for one LMU layer: ``parameters`` of ``lmu_memory_dense`` and its ``rom_words``.

    ``name`` is the layer's name as a Verilog identifier. ``ii_cycles`` and ``latency_cycles`` follow the formulas in
    the header of ``lmu_memory_dense.v``: they hold exactly, without gaps and back-pressure.
    """

    name: str
    parameters: Mapping[str, int | str]
    rom_words: tuple[int, ...]

    @property
    def top(self) -> str:
        """The generated module that instantiates the unit."""
        return f"{self.name}_memory"

    @property
    def rom_file(self) -> str:
        """Path of the ROM file below the folder of the Verilog."""
        return str(self.parameters["ROM_FILE"])

    @property
    def order(self) -> int:
        return int(self.parameters["ORDER"])

    @property
    def memory_d(self) -> int:
        return int(self.parameters["MEMORY_D"])

    @property
    def lanes(self) -> int:
        """Rows worked on at once, which is the number of multipliers."""
        return int(self.parameters["LANES"])

    @property
    def rom_width(self) -> int:
        """Bits of a ROM word: one coefficient for each lane."""
        return self.lanes * max(int(self.parameters["A_W"]), int(self.parameters["B_W"]))

    @property
    def channel_cycles(self) -> int:
        return self.order * (self.order + 1) // self.lanes

    @property
    def ii_cycles(self) -> int:
        """From one step's first input beat to that of the next."""
        slack = (self.order - self.lanes) + (self.memory_d - 1) * self.channel_cycles
        return self.memory_d * self.channel_cycles + max(0, READ_AFTER_WRITE - slack)

    @property
    def latency_cycles(self) -> int:
        """From a step's last input beat to its last output beat."""
        return self.channel_cycles + PIPELINE_CYCLES


def memory_unit(lmu: LMU, lanes: int | None = None) -> MemoryUnit:
    """The dense memory unit of ``lmu``.

    ``lanes`` must divide the order; by default it is the smallest divisor that gives as many multipliers as the
    reuse factor asks for (see :func:`lanes_for`). Raises LmuHlsError for what the unit cannot take.
    """
    update = lmu.update
    if not isinstance(update, DenseUpdate):
        raise LmuHlsError(
            f"layer {lmu.name!r}: the Verilog memory unit has no {type(update).__name__}; use a dense memory update"
        )
    types = {"u": lmu.u, "mem": lmu.mem, "A_bar": update.a.type, "B_bar": update.b.type}
    for tensor, kind in types.items():
        if not kind.signed:
            raise LmuHlsError(
                f"layer {lmu.name!r}: {tensor} has the unsigned type {kind}, the Verilog memory unit takes signed "
                f"ones; use fixed<{kind.width + 1},{kind.integer + 1}>"
            )
    if lanes is None:
        lanes = lanes_for(lmu.order, lmu.memory_d, lmu.reuse_factor)
    if lanes < 1 or lmu.order % lanes:
        allowed = ", ".join(map(str, divisors(lmu.order)))
        raise LmuHlsError(f"layer {lmu.name!r}: {lanes} lanes do not divide order {lmu.order}; use one of {allowed}")
    name = identifier(lmu.name)
    parameters: dict[str, int | str] = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "LANES": lanes}
    for prefix, kind in zip(("U", "MEM", "A", "B"), types.values(), strict=True):
        parameters |= _widths(prefix, kind)
    parameters["ROUNDING"] = ROUNDINGS.index(lmu.mem.rounding)
    parameters["OVERFLOW"] = OVERFLOWS.index(lmu.mem.overflow)
    parameters["ROM_FILE"] = f"rom/{name}.hex"
    coef_width = max(update.a.type.width, update.b.type.width)
    return MemoryUnit(name, parameters, rom_words(update.a.values, update.b.values, lanes, coef_width))


def rom_words(a: Ints, b: Ints, lanes: int, width: int) -> tuple[int, ...]:
    """ROM contents for A_bar ``a`` (order, order) and B_bar ``b`` (order,), integers of ``width`` bits.

    Word g * (order + 1) + k holds column k of [B_bar, A_bar] for the rows g * lanes .. g * lanes + lanes - 1, lowest
    row in the low bits.
    """
    order = len(b)
    columns = np.concatenate([b[:, None], a], axis=1)  # (order, order + 1)
    groups = columns.reshape(order // lanes, lanes, order + 1).swapaxes(1, 2).reshape(-1, lanes)
    mask = (1 << width) - 1
    return tuple(sum((int(c) & mask) << (k * width) for k, c in enumerate(word)) for word in groups)


def lanes_for(order: int, memory_d: int, reuse_factor: int) -> int:
    """The smallest divisor of ``order`` with at least MACs / reuse_factor multipliers, or ``order``, which is the most.

    A step has memory_d * order * (order + 1) multiply-accumulates.
    """
    wanted = memory_d * order * (order + 1) / reuse_factor
    return next((lanes for lanes in divisors(order) if lanes >= wanted), order)


def divisors(order: int) -> list[int]:
    return [k for k in range(1, order + 1) if order % k == 0]


def identifier(name: str) -> str:
    """A layer's name as a Verilog identifier: other characters become '_', and a letter comes first."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII)
    return clean if clean[:1].isalpha() else f"lmu_{clean}"


def _widths(prefix: str, kind: FixedType) -> dict[str, int]:
    return {f"{prefix}_W": kind.width, f"{prefix}_F": kind.fraction}
