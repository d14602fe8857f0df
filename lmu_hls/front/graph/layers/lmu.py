"""An LMU layer: its node settles all types but the accumulators by itself, see :mod:`lmu_hls.front.graph.layer`."""

from __future__ import annotations

from lmu_hls.adders import ADDERS
from lmu_hls.front.graph.accumulators import settle_accumulators
from lmu_hls.front.graph.layer import LMU as LMUNode
from lmu_hls.front.graph.layers.base import LayerReader
from lmu_hls.front.graph.types import compression
from lmu_hls.front.hidden import hidden_cell
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import LMU, DenseUpdate, MemoryUpdate, TridiagonalUpdate


class LMULayerReader(LayerReader):
    settled = ("LMU",)
    own = {"LMU": LMUNode}  # noqa: RUF012 - never changed

    def settle(self, node: Node) -> None:
        assert isinstance(node, LMUNode)
        settle_accumulators(node, self.extract(Reading(node)))

    def extract(self, reading: Reading) -> LMU:
        return LMU(
            name=reading.name,
            steps=reading.attribute("n_timesteps"),
            x=reading.input,
            encoder_x=reading.weight("encoder_x", (reading.attribute("n_in"), reading.attribute("memory_d"))),
            encoder_h=reading.optional("encoder_h"),
            encoder_mem=reading.optional("encoder_mem"),
            encoder_bias=reading.optional("encoder_bias"),
            u=reading.type("u"),
            update=_update(reading),
            mem=reading.type("mem"),
            hidden=hidden_cell(reading),
            h=reading.type("result"),
            return_sequences=reading.attribute("return_sequences"),
            reuse_factor=reading.attribute("reuse_factor"),
            theta=reading.attribute("theta"),
            discretizer=reading.attribute("discretizer"),
            basis=reading.attribute("basis"),
            compression=compression(reading.node),
            adders=_adders(reading.node),
        )


def _adders(node: Node) -> bool:
    """Whether the user wants the matrix of the memory as additions."""
    return node.model.config.get_strategy(node).lower() == ADDERS


def _update(reading: Reading) -> MemoryUpdate:
    if reading.attribute("memory_update") == "dense":
        return DenseUpdate(a=reading.weight("a"), b=reading.weight("b"))
    lam, gam, kap, bet = (reading.weight(name) for name in ("lam", "gam", "kap", "bet"))
    return TridiagonalUpdate(lam, gam, kap, bet, sweep=reading.type("sweep"))
