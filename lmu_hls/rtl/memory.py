"""The memory unit of an LMU layer, by the kind of its memory update."""

from __future__ import annotations

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.dense import dense_unit
from lmu_hls.rtl.tridiag import tridiagonal_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, TridiagonalUpdate


def memory_unit(lmu: LMU, lanes: int | None = None, pipeline: int | None = None, pes: int = 1) -> MemoryUnit:
    """The memory unit of ``lmu``: ``lanes`` as in :func:`dense_unit`, ``pipeline``, ``pes`` as in `tridiagonal_unit`.

    Raises LmuHlsError for what the unit cannot take.
    """
    if isinstance(lmu.update, TridiagonalUpdate):
        if lanes not in (None, 1):
            raise LmuHlsError(f"layer {lmu.name!r}: a tridiagonal memory unit has no lanes; leave them out")
        return tridiagonal_unit(lmu, lmu.update, pipeline, pes)
    if pipeline is not None or pes != 1:
        raise LmuHlsError(f"layer {lmu.name!r}: a dense memory unit has one fixed pipeline; leave these out")
    return dense_unit(lmu, lmu.update, lanes)
