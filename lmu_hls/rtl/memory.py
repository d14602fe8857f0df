"""The memory unit of an LMU layer, by the kind of its memory update."""

from __future__ import annotations

from lmu_hls.adders import ADDERS
from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import identifier
from lmu_hls.rtl.dense import dense_sizes, dense_unit
from lmu_hls.rtl.ring import ring_sizes, ring_unit
from lmu_hls.rtl.sweeps import FreeTridiagonalMemory, SweepsMemory, sweeps_unit
from lmu_hls.rtl.tridiag import TridiagonalMemory, tridiagonal_unit
from lmu_hls.rtl.unit import MemorySizes, MemoryUnit
from lmu_hls.spec import LMU, DenseUpdate, TridiagonalUpdate


def memory_sizes(lmu: LMU) -> MemorySizes:
    """The memory unit of ``lmu`` with one lane, or with all where it has no multipliers."""
    if lmu.adders:
        return ring_sizes(lmu, _dense(lmu))
    if isinstance(lmu.update, DenseUpdate):
        return dense_sizes(lmu, lmu.update)
    feedback = lmu.encoder_mem is not None or lmu.encoder_h is not None
    return (TridiagonalMemory if feedback else FreeTridiagonalMemory)(lmu.order, lmu.memory_d)


def memory_unit(
    lmu: LMU, lanes: int | None = None, pipeline: int | None = None, file: str | None = None, cycles: int = 0
) -> MemoryUnit:
    """The memory unit of ``lmu``; its ROM is rom/<file>.hex, by default called as the layer.

    ``lanes`` are rows as in :func:`dense_unit`, or units as in :func:`tridiagonal_unit`, of which two are one with both
    sweeps at the same time where nothing feeds back; ``pipeline`` is of tridiagonal_unit, and of :func:`ring_unit`;
    without it the clock is the fastest that costs no cycle more than ``cycles`` a step.
    Raises LmuHlsError for what the unit cannot take.
    """
    file = identifier(lmu.name) if file is None else file
    if lmu.adders:
        return ring_unit(lmu, _dense(lmu), lanes, pipeline, cycles)
    if isinstance(lmu.update, TridiagonalUpdate):
        sizes = memory_sizes(lmu).with_lanes(1 if lanes is None else lanes)
        if isinstance(sizes, SweepsMemory) and pipeline is None:
            return sweeps_unit(lmu, lmu.update, file, sizes.within(cycles))
        return tridiagonal_unit(lmu, lmu.update, file, lanes, pipeline, cycles)
    if pipeline is not None:
        raise LmuHlsError(f"layer {lmu.name!r}: a dense memory unit has one fixed pipeline; leave it out")
    return dense_unit(lmu, lmu.update, file, lanes)


def _dense(lmu: LMU) -> DenseUpdate:
    """The update of a memory without multipliers."""
    if isinstance(lmu.update, DenseUpdate):
        return lmu.update
    raise LmuHlsError(
        f"layer {lmu.name!r}: Strategy {ADDERS!r} is for the matrix of the memory, and a tridiagonal update has none; "
        "use MemoryUpdate 'dense', or leave Strategy out"
    )
