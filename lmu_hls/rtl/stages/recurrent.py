"""A hidden cell over the sequence itself: the modules of an LMU's hidden cell, with x in the place of mem."""

from __future__ import annotations

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.cells import CellSizes, Lanes, cell_sizes, hidden_cell
from lmu_hls.rtl.cells.instances import add_cell
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.loop import cell_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.parallel import ParallelRecurrent
from lmu_hls.rtl.search import Search, cell_search
from lmu_hls.rtl.stages.base import Part, Stage, matrix_part
from lmu_hls.spec import Recurrent


class RecurrentStage(Stage[Recurrent], layer=Recurrent):
    any_order = True  # the rows of its matrices follow it

    @property
    def sizes(self) -> CellSizes:
        sizes = cell_sizes(self.layer)
        assert sizes is not None
        return sizes

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
        """Those of the gates."""
        return self.sizes.form.products

    @property
    def search(self) -> Search:
        return cell_search(self.sizes)

    @property
    def parallel(self) -> ParallelRecurrent | None:
        return ParallelRecurrent.where_possible(self.layer)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return cell_pace(self.sizes, lanes)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """The output is h, every step."""
        cell = hidden_cell(self.layer, self.layer.name, lanes, None, x.order)
        if self.sizes.recurrent:
            about = "the layers before it work ahead of a recurrent cell"
            x = net.fifo(x, f"{self.layer.name}_wait_x", self.layer.n_in, about)
        return add_cell(net, self.layer, cell, None, x, streaming)
