"""The engine of a layer: all of its parts, and the Dense layer behind it, one after another on the same multipliers."""

from __future__ import annotations

from lmu_hls.rtl import engine_unit, gated_unit
from lmu_hls.rtl.engine import EngineSizes
from lmu_hls.rtl.gated import GatedSizes
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.spec import LMU, Dense, RecurrentLayer

Engine = EngineSizes | GatedSizes


def engine_sizes(layer: RecurrentLayer, head: Dense | None = None, last_only: bool = False) -> Engine | None:
    """Those of a layer with the ``head`` behind it, which may be for the ``last_only`` of a sequence; None without an
    engine for it."""
    plain = engine_unit.engine_sizes(layer, head, last_only) if isinstance(layer, LMU) else None
    return plain or gated_unit.gated_sizes(layer, head, last_only)


def add_engine(
    net: Netlist, layer: RecurrentLayer, sizes: Engine, x: Stream, streaming: bool, head: Dense | None = None
) -> Stream:
    """Put the engine of a layer behind ``x``; the stream of h, or of what the ``head`` behind it makes of that."""
    if isinstance(sizes, EngineSizes):
        assert isinstance(layer, LMU)
        return engine_unit.add_engine(net, layer, sizes, x, streaming, head)
    return gated_unit.add_gated(net, layer, sizes, x, streaming, head)
