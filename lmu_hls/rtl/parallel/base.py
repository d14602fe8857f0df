"""What a layer with whole vectors for beats tells the network."""

from __future__ import annotations

from abc import ABC, abstractmethod

from lmu_hls.records import PartPlan
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.search import Search

DENSE, FUNCTIONS = "dense", "functions"


class Parallel(ABC):
    """A layer in this form: what a stage tells the network, with :class:`Columns` in the place of lanes."""

    @property
    def search(self) -> Search | None:
        """The choices of columns; None without multiplications: such a layer is so where what it reads is."""
        return None

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        """Its parts."""
        return ()

    @property
    def product_multipliers(self) -> int:
        """The multipliers beside those of the parts."""
        return 0

    @abstractmethod
    def pace(self, count: int, lanes: Lanes) -> Pace: ...

    @abstractmethod
    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """Its instances behind ``x``, whose beats are whole vectors, and the stream of its output, likewise."""

    def join(self, net: Netlist, xs: tuple[Stream, ...], lanes: Lanes, streaming: bool) -> Stream:
        """As :meth:`add`: such a layer has one input."""
        (x,) = xs
        return self.add(net, x, lanes, streaming)
