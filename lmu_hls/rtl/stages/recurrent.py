"""A hidden cell over the sequence itself: the modules of an LMU's hidden cell, with x in the place of mem."""

from __future__ import annotations

from functools import lru_cache

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.cells import CellSizes, Lanes, cell_sizes, hidden_cell
from lmu_hls.rtl.cells.instances import add_cell
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.engines import Engine, add_engine, engine_sizes
from lmu_hls.rtl.loop import cell_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.parallel import ParallelRecurrent
from lmu_hls.rtl.search import Search, cell_search
from lmu_hls.rtl.stages.base import Part, Stage, matrix_part
from lmu_hls.spec import Recurrent

_engine = lru_cache(maxsize=16)(engine_sizes)  # every part of a plan asks for them


class RecurrentStage(Stage[Recurrent], layer=Recurrent):
    any_order = True  # the rows of its matrices follow it

    @property
    def sizes(self) -> CellSizes:
        sizes = cell_sizes(self.layer)
        assert sizes is not None
        return sizes

    @property
    def engine(self) -> Engine | None:
        return _engine(self.layer)

    @property
    def shared(self) -> Part | None:
        engine = self.engine
        return None if engine is None else Part(ENGINE, engine.macs, engine.choices)

    @property
    def gives_last(self) -> bool:
        return not self.layer.return_sequences

    @property
    def types(self) -> dict[str, FixedType]:
        return {name: getattr(self.layer, name) for name in ("x", "h")}

    @property
    def parts(self) -> tuple[Part, ...]:
        form = self.sizes.form
        return tuple(matrix_part(name, matrix, form.useful_quarters) for name, matrix in self.sizes.matrices.items())

    @property
    def product_multipliers(self) -> int:
        """Those of the gates, which are done on an engine."""
        if self.on_engine and (engine := self.engine) is not None:
            return engine.slopes
        return self.sizes.form.products

    @property
    def search(self) -> Search:
        return cell_search(self.sizes, self.engine)

    @property
    def parallel(self) -> ParallelRecurrent | None:
        return ParallelRecurrent.where_possible(self.layer)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        if (engine := self.engine) is not None and ENGINE in lanes:
            return engine.with_lanes(lanes[ENGINE]).pace
        return cell_pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """The output is h, every step."""
        if (engine := self.engine) is not None and ENGINE in lanes:
            return add_engine(net, self.layer, engine.with_lanes(lanes[ENGINE]), x, streaming)
        cell = hidden_cell(self.layer, self.layer.name, lanes, None, x.order)
        if self.sizes.recurrent:
            about = "the layers before it work ahead of a recurrent cell"
            x = net.fifo(x, f"{self.layer.name}_wait_x", self.layer.n_in, about)
        return add_cell(net, self.layer, cell, None, x, streaming)
