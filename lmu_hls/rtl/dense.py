"""A dense memory update as parameters and ROM words of ``lmu_memory_dense``."""

from __future__ import annotations

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.naming import identifier
from lmu_hls.rtl.unit import CHANNELS, COMMON, MemoryUnit, check_signed, divisors, modes, widths
from lmu_hls.spec import LMU, DenseUpdate

MODULES = ("lmu_memory_dense", "lmu_mac", *COMMON)
PIPELINE_CYCLES = 5  # from the last column of a group to its output beat
READ_AFTER_WRITE = 3  # from the last column of a step to where the next step may begin, if it read all at once


def dense_unit(lmu: LMU, update: DenseUpdate, lanes: int | None = None) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``.

    ``lanes`` must divide the order; by default it is the smallest divisor that gives as many multipliers as the
    reuse factor asks for (see :func:`lanes_for`). Raises LmuHlsError for what the unit cannot take.
    """
    types = {"u": lmu.u, "mem": lmu.mem, "A_bar": update.a.type, "B_bar": update.b.type}
    check_signed(lmu.name, types)
    if lanes is None:
        lanes = lanes_for(lmu.order, lmu.memory_d, lmu.reuse_factor)
    if lanes < 1 or lmu.order % lanes:
        allowed = ", ".join(map(str, divisors(lmu.order)))
        raise LmuHlsError(f"layer {lmu.name!r}: {lanes} lanes do not divide order {lmu.order}; use one of {allowed}")
    name = identifier(lmu.name)
    parameters: dict[str, int | str] = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "LANES": lanes}
    for prefix, kind in zip(("U", "MEM", "A", "B"), types.values(), strict=True):
        parameters |= widths(prefix, kind)
    parameters |= modes(lmu.mem)
    parameters["ROM_FILE"] = f"rom/{name}.hex"
    coef_width = max(update.a.type.width, update.b.type.width)
    ii, latency = dense_timing(lmu.order, lmu.memory_d, lanes)
    return MemoryUnit(
        name=name,
        module="lmu_memory_dense",
        modules=MODULES,
        types=types,
        parameters=parameters,
        rom_words=rom_words(update.a.values, update.b.values, lanes, coef_width),
        rom_width=lanes * coef_width,
        lanes=lanes,
        stream=CHANNELS,
        ii_cycles=ii,
        latency_cycles=latency,
    )


def dense_timing(order: int, memory_d: int, lanes: int) -> tuple[int, int]:
    """``ii_cycles`` and ``latency_cycles`` of a unit, by the formulas in the header of ``lmu_memory_dense``."""
    channel = order * (order + 1) // lanes
    slack = (order - lanes) + (memory_d - 1) * channel
    return memory_d * channel + max(0, READ_AFTER_WRITE - slack), channel + PIPELINE_CYCLES


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
