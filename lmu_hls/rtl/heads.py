"""Dense layers behind LMU layers on the multipliers of the same ``lmu_engine``.

The two ask for that with one ReuseFactor: that of the engine for both, which is more than the Dense layer can take by
itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.ends import Ports
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.engines import Engine, engine_sizes
from lmu_hls.rtl.stages import Stage, stage_of
from lmu_hls.rtl.stages.dense import DenseStage
from lmu_hls.rtl.stages.lmu import LMUStage
from lmu_hls.spec import LMU, Dense, Layer, Network, Node


@dataclass(frozen=True, slots=True)
class SharedHead:
    """The engine of the LMU layer of the node ``lmu`` with the layer of the node ``dense`` behind it.

    A sequence has ``steps``, of which ``every`` so many go through them. ``possible`` are the lanes that a ReuseFactor
    can tell.
    """

    lmu: str
    dense: str
    sizes: Engine
    steps: int
    every: int
    possible: tuple[int, ...]

    @property
    def layers(self) -> tuple[str, str]:
        return self.lmu, self.dense

    @property
    def average(self) -> int:
        """Cycles a step; those of a sequence's last step are shared by all."""
        return -(-(self.sizes.cycles + -(-self.sizes.at_end // self.steps)) // self.every)

    @property
    def choices(self) -> dict[int, int]:
        """Multipliers -> cycles a step."""
        return {lanes: self.with_lanes(lanes).average for lanes in self.possible}

    def with_lanes(self, lanes: int) -> SharedHead:
        return replace(self, sizes=self.sizes.with_lanes(lanes))

    def at_most(self, cycles: int) -> SharedHead | None:
        """With the fewest multipliers that take at most ``cycles`` a step."""
        lanes = next((lanes for lanes, own in self.choices.items() if own <= cycles), None)
        return None if lanes is None else self.with_lanes(lanes)


def possible_heads(network: Network, streaming: bool, ports: Ports) -> list[SharedHead]:
    """Every Dense layer that could be on the multipliers of the LMU layer before it."""
    if ports.per_beat != 1:
        return []
    readers = Counter([*(source for node in network.nodes for source in node.inputs), *network.outputs])
    uses, nodes = Counter(node.layer.name for node in network.nodes), {node.name: node for node in network.nodes}
    found = []
    for node in network.nodes:
        before = nodes.get(node.inputs[0])
        if before is None or readers[before.name] > 1 or uses[node.layer.name] + uses[before.layer.name] > 2:
            continue
        sizes = _sizes(network, before, node, streaming)
        if sizes is not None:
            possible = tuple(lanes for lanes, cycles in sizes.choices.items() if not _takes(node.layer, cycles))
            every = 1 if streaming else max(1, network.steps // (network.values[before.inputs[0]].steps or 1))
            found.append(SharedHead(before.name, node.name, sizes, network.steps, every, possible))
    return [head for head in found if head.possible]


def shared_heads(network: Network, streaming: bool, ports: Ports) -> dict[str, SharedHead]:
    """Those that the layers of ``network`` ask for, by the node of the LMU layer."""
    asked = {node.name: stage_of(node.layer).reuse_factor for node in network.nodes}
    found: dict[str, SharedHead] = {}
    for head in possible_heads(network, streaming, ports):
        each = (head.with_lanes(lanes) for lanes in head.possible)
        for own in each:
            if own.sizes.cycles == asked[head.lmu] == asked[head.dense]:
                found.setdefault(head.lmu, own)
    return found


def _takes(layer: Layer, cycles: int) -> bool:
    """Whether a layer by itself can take so many cycles."""
    search = stage_of(layer).search
    choice = search.at_most(cycles) if search is not None else None
    return choice is not None and choice.cycles == cycles


def _sizes(network: Network, before: Node, node: Node, streaming: bool) -> Engine | None:
    """The engine for both; None where there is none."""
    lmu, dense = before.layer, node.layer
    if not isinstance(lmu, LMU) or not isinstance(dense, Dense) or dense.compression:
        return None
    last_only = not lmu.return_sequences and not streaming
    sizes = engine_sizes(lmu, dense, last_only)
    return None if sizes is None or (last_only and not _paced(network, before, sizes)) else sizes


def _paced(network: Network, lmu: Node, sizes: Engine) -> bool:
    """Nothing that works on every step is slower than the engine: the cycles of the last step are all that a sequence
    takes beside those of its steps."""
    if network.branches:
        return False
    values, source = network.values, network.inputs[0].name
    fastest = sizes.with_lanes(max(sizes.choices)).cycles
    for node in network.nodes:
        if node.name == lmu.name:
            return True
        stage = stage_of(node.layer)
        steady = stage.search is None and node.layer.over is None and not stage.gives_last
        if not steady or stage.pace(values[source].width, {}).ii > fastest:
            return False
        source = node.name
    return False


def join_heads(stages: Mapping[str, Stage[Any]], heads: Mapping[str, SharedHead]) -> dict[str, Lanes]:
    """Tell the ``stages`` of ``heads`` of one another; the lanes of each of them, by node."""
    found: dict[str, Lanes] = {}
    for head in heads.values():
        lmu, dense = stages[head.lmu], stages[head.dense]
        assert isinstance(lmu, LMUStage) and isinstance(dense, DenseStage)
        lmu.head, dense.engine = (dense.layer, head.sizes), head.sizes
        found |= {head.lmu: {ENGINE: head.sizes.lanes}, head.dense: {}}
    return found
