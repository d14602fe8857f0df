"""How large the parts of an LMU layer are: all that its cycles depend on, without types or a netlist."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lmu_hls.rtl.affine import Source, matrix_stages
from lmu_hls.rtl.cells import CellSizes, cell_sizes
from lmu_hls.rtl.engines import Engine, engine_sizes
from lmu_hls.rtl.matrix import Matrix, Pattern, pattern_of
from lmu_hls.rtl.memory import memory_sizes
from lmu_hls.rtl.unit import MemorySizes
from lmu_hls.spec import LMU

ENCODER, MEMORY = "encoder", "memory"  # parts beside those of the hidden cell


@dataclass(frozen=True, slots=True)
class LMUSizes:
    """An LMU layer; ``mem_back`` and ``h_back``: its encoder reads mem and h of the step before."""

    n_in: int
    memory: MemorySizes
    mem_back: bool
    h_back: bool
    cell: CellSizes | None
    encoder_pattern: Pattern | None = None
    encoder_more: int = 0  # stages of its products beside one
    engine: Engine | None = None  # where one engine can do all of it

    @property
    def memory_d(self) -> int:
        return self.memory.memory_d

    @property
    def units(self) -> int:
        return self.cell.units if self.cell is not None else self.memory.states

    @property
    def encoder(self) -> Matrix:
        columns = self.n_in + self.memory.states * int(self.mem_back) + self.units * int(self.h_back)
        return Matrix(columns, self.memory_d, pattern=self.encoder_pattern, more=self.encoder_more)


@lru_cache(maxsize=16)  # every part of a plan asks for them
def lmu_sizes(lmu: LMU) -> LMUSizes:
    """Those of ``lmu``."""
    read = {"x": (lmu.x, lmu.encoder_x), "mem": (lmu.mem, lmu.encoder_mem), "h": (lmu.h, lmu.encoder_h)}
    encoder = [Source(name, kind, kernel) for name, (kind, kernel) in read.items() if kernel is not None]
    return LMUSizes(
        n_in=lmu.n_in,
        memory=memory_sizes(lmu),
        mem_back=lmu.encoder_mem is not None,
        h_back=lmu.encoder_h is not None,
        cell=cell_sizes(lmu),
        encoder_pattern=pattern_of([source.kernel.values for source in encoder], lmu.compression),
        encoder_more=matrix_stages(encoder, [lmu.encoder_bias]),
        engine=engine_sizes(lmu),
    )
