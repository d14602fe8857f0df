"""A tridiagonal memory update as parameters and ROM words of ``lmu_memory_tridiag``."""

from __future__ import annotations

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.naming import identifier
from lmu_hls.rtl.unit import (
    COMMON,
    DEGREES_DESCENDING,
    MemoryUnit,
    check_signed,
    divisors,
    modes,
    widths,
)
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight

MODULES = ("lmu_memory_tridiag", "lmu_tridiag_datapath", "lmu_align", "lmu_delay", *COMMON)
# From reading a state to writing it, for a recurrence of 1, 2, 3 cycles
DEPTH = {1: 3, 2: 5, 3: 7}
SHARED_ORDER = 3  # from which on several units share the channels: their cycles would not be constant below


def tridiagonal_unit(lmu: LMU, update: TridiagonalUpdate, pipeline: int | None = None, pes: int = 1) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``.

    ``pes`` units share the channels; it divides memory_d, and is 1 below order 3. ``pipeline`` is the number of cycles
    of the recurrence, 1 to 3 and not more than a unit's channels; by default as many as these allow, which cost no
    cycle. Each unit has three multipliers. Raises LmuHlsError for what the unit cannot take.
    """
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem, "sweep": update.sweep})
    if pes < 1 or lmu.memory_d % pes:
        allowed = ", ".join(map(str, divisors(lmu.memory_d)))
        raise LmuHlsError(
            f"layer {lmu.name!r}: {pes} units do not divide memory_d {lmu.memory_d}; use one of {allowed}"
        )
    if pes > 1 and lmu.order < SHARED_ORDER:
        raise LmuHlsError(f"layer {lmu.name!r}: {pes} units need an order of {SHARED_ORDER} or more; use one unit")
    channels = lmu.memory_d // pes
    deepest = min(max(DEPTH), channels)
    if pipeline is not None and not 1 <= pipeline <= deepest:
        raise LmuHlsError(
            f"layer {lmu.name!r}: pipeline {pipeline} is not possible with {channels} channels a unit; "
            f"use 1 to {deepest}"
        )
    pipeline, ii, latency = tridiagonal_timing(lmu.order, lmu.memory_d, pes, pipeline)
    name = identifier(lmu.name)
    coefficients = _coefficients(update)
    parameters: dict[str, int | str] = {} if pes == 1 else {"PES": pes}
    parameters |= {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "PIPELINE": pipeline}
    parameters |= widths("U", lmu.u) | widths("MEM", lmu.mem) | widths("SWEEP", update.sweep)
    for prefix in ("LAM", "GAM", "KAP", "BET"):
        parameters |= widths(prefix, coefficients[prefix].type)
    parameters |= modes(lmu.mem) | modes(update.sweep, "SWEEP_")
    parameters["ROM_FILE"] = f"rom/{name}.hex"
    types = {name: getattr(update, name).type for name in ("lam", "gam", "kap", "bet")}
    return MemoryUnit(
        name=name,
        module="lmu_memory_tridiag" if pes == 1 else "lmu_memory_tridiag_pes",
        modules=MODULES if pes == 1 else (*MODULES, "lmu_memory_tridiag_pes"),
        types={"u": lmu.u, "mem": lmu.mem, "sweep": update.sweep, **types},
        parameters=parameters,
        rom_words=rom_words(coefficients),
        rom_width=sum(weight.type.width for weight in coefficients.values()),
        lanes=pes,
        stream=DEGREES_DESCENDING,
        ii_cycles=ii,
        latency_cycles=latency,
    )


def tridiagonal_timing(order: int, memory_d: int, pes: int, pipeline: int | None = None) -> tuple[int, int, int]:
    """``pipeline``, ``ii_cycles`` and ``latency_cycles`` of a unit, by the formulas in the headers of its modules.

    Without ``pipeline`` it is as deep as the channels of a unit allow.
    """
    channels = memory_d // pes
    pipeline = min(max(DEPTH), channels) if pipeline is None else pipeline
    depth = DEPTH[pipeline]
    cycles = 2 * order * channels + int(channels == 1) + 1
    return pipeline, cycles + max(0, depth - channels) + memory_d - channels, cycles + depth


def rom_words(coefficients: dict[str, Weight]) -> tuple[int, ...]:
    """ROM contents: one word a degree, the coefficients in the order of the mapping from the low bits up.

    A single degree is followed by a word of zeros, because a ROM has at least two words.
    """
    words = [0] * max(2, len(next(iter(coefficients.values())).values))
    place = 0
    for weight in coefficients.values():
        mask = (1 << weight.type.width) - 1
        for i, value in enumerate(weight.values):
            words[i] |= (int(value) & mask) << place
        place += weight.type.width
    return tuple(words)


def _coefficients(update: TridiagonalUpdate) -> dict[str, Weight]:
    """-lam, bet, gam and kap as the ROM holds them, signed; the last gam is in the place of the last kap."""
    gam, kap = update.gam, update.kap
    fraction = max(gam.type.fraction, kap.type.fraction)
    last_gam = int(gam.values[-1]) << (fraction - gam.type.fraction)
    kaps = [int(value) << (fraction - kap.type.fraction) for value in kap.values[:-1]] + [last_gam]
    width = max(_signed_width(w.type) + fraction - w.type.fraction for w in (gam, kap))
    return {
        "LAM": _weight([-int(value) for value in update.lam.values], _signed_width(update.lam.type), update.lam.type),
        "BET": _weight([int(value) for value in update.bet.values], _signed_width(update.bet.type), update.bet.type),
        "GAM": _weight([int(value) for value in gam.values[:-1]] + [0], _signed_width(gam.type), gam.type),
        "KAP": Weight(np.array(kaps, np.int64), FixedType(width, width - fraction)),
    }


def _weight(values: list[int], width: int, of: FixedType) -> Weight:
    """Values on the grid of ``of`` in a signed type of ``width`` bits, or one more where the largest needs it."""
    wide = width + int(max(values) >= 1 << (width - 1))
    return Weight(np.array(values, np.int64), FixedType(wide, wide - of.fraction))


def _signed_width(kind: FixedType) -> int:
    return kind.width + int(not kind.signed)
