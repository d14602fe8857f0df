"""An estimate of what an HLS tool of AMD makes of the LMU layers of a project: cycles, DSPs and block RAMs.

The loops, their iterations and their multipliers are those of the schedule (:mod:`lmu_hls.hls.tiles`), exactly. How
long an operation takes is assumed, in the constants here; a tool decides it by part and clock. No vendor's tool has
confirmed the numbers. docs/hls.md says the model in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from lmu_hls.fixed import FixedType
from lmu_hls.front.node import RECURRENT, Graph, Node
from lmu_hls.hls.accelerator import part_of
from lmu_hls.hls.strategy import ADDERS, has_adders, in_rtl, recurrent_layer, schedule_of
from lmu_hls.hls.targets import TARGETS
from lmu_hls.hls.tiles import Loop, Schedule
from lmu_hls.records import HlsFigures, HlsLayer
from lmu_hls.records.hls import ESTIMATE
from lmu_hls.spec import LMU, Activation, DenseUpdate, RecurrentLayer, Table
from lmu_hls.spec.assign import Assign, Read, Term, carried

# Cycles of an operation, assumed for about 200 MHz
READ = 1  # of a ROM or table
MULTIPLY = 3
ADD = 1  # a level of a tree of additions
ROUND = 1  # rounding and overflow
LOOP = 2  # into a loop and out of it
INTERFACE = 2  # x in and h out
WIRES = ("Input", "Reshape", "Concatenate", "LMUSelect")  # layers that only hand values on
SHALLOW = 64  # words of a ROM that is made of LUTs, as lmu_shallow in nnet_lmu_matrix.h
BRAM18 = ((18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))  # bits and words of one, read at both ports


@dataclass(frozen=True, slots=True)
class Multiplier:
    """The signed multiplier of a DSP: ``wide`` x ``narrow`` bits."""

    wide: int
    narrow: int

    def tiles(self, first: FixedType, second: FixedType) -> int:
        """DSPs of a product; a factor in pieces has a bit less in each, since only the first has a sign."""
        a, b = (kind.width - kind.signed for kind in (first, second))
        wide, narrow = self.wide - 1, self.narrow - 1
        return max(1, min(ceil(a / wide) * ceil(b / narrow), ceil(b / wide) * ceil(a / narrow)))

    def __str__(self) -> str:
        return f"{self.wide} x {self.narrow}"


SERIES_7, ULTRASCALE = Multiplier(25, 18), Multiplier(27, 18)


def estimate_graph(model: Graph) -> HlsFigures | None:
    """The estimate of all LMU layers of a model whose types are settled, and the names of the layers beside them.

    None where there is no LMU, where a memory is hand-written Verilog, and for Quartus and Catapult: their tools do not
    read the pragmas that make these loops, and their devices have other multipliers and RAMs.
    """
    nodes = [node for node in model.get_layers() if node.class_name in RECURRENT]
    target = next(target for target in TARGETS if target.name == model.config.backend.name)
    if not nodes or not target.is_amd or any(map(in_rtl, nodes)):
        return None
    part = part_of(model)
    multiplier = SERIES_7 if part.lower().startswith("xc7") else ULTRASCALE
    made = tuple(_estimate_node(node, multiplier) for node in nodes)
    total = HlsLayer(
        "total",
        multipliers=sum(layer.multipliers or 0 for layer in made),
        dsp=sum(layer.dsp or 0 for layer in made),
        bram18=sum(layer.bram18 or 0 for layer in made),
    )
    return HlsFigures(ESTIMATE, made, total, part, str(multiplier), _not_counted(model))


def _estimate_node(node: Node, multiplier: Multiplier) -> HlsLayer:
    made = estimate_layer(recurrent_layer(node), schedule_of(node), multiplier)
    return replace(made, strategy=ADDERS) if has_adders(node) else made


def _not_counted(model: Graph) -> tuple[str, ...]:
    """The layers that take something, but have no model here."""
    return tuple(node.name for node in model.get_layers() if node.class_name not in (*RECURRENT, *WIRES))


def step_cycles(layer: RecurrentLayer, plan: Schedule) -> tuple[int, int]:
    """Cycles from a step's input to its h, and from one step to the next, with the loops of ``plan``."""
    if plan.strategy == "resource":
        loops = sum(_loop_cycles(layer, loop) for loop in plan.loops.values()) + ROUND + INTERFACE
        return loops, loops
    shared = max([plan.reuse_factor, *(loop.interval for loop in plan.loops.values())])  # multipliers and ports
    adders = plan.adder_levels
    latency = _arrivals(layer.assignments(layer.n_in), None, adder_levels=adders)["h"] + INTERFACE + shared - 1
    return latency, max(shared, feedback(layer, adders))


def estimate_layer(layer: RecurrentLayer, plan: Schedule, multiplier: Multiplier = ULTRASCALE) -> HlsLayer:
    """What a layer takes with the loops of ``plan``."""
    latency, interval = step_cycles(layer, plan)
    terms, turns = _terms(layer), plan.reuse_factor if plan.strategy == "latency" else 1
    dsp = sum(loop.multipliers * _tiles(terms[loop.name], multiplier) for loop in plan.loops.values())
    return HlsLayer(
        layer.name,
        plan.strategy,
        plan.reuse_factor,
        latency,
        interval,
        latency + (layer.steps - 1) * interval,
        plan.multipliers,
        ceil(dsp / turns),
        sum(block_rams(words, bits) for words, bits in roms(layer, plan)),
    )


def feedback(layer: RecurrentLayer, adder_levels: int = 0) -> int:
    """Cycles from one step to the next that the way of the state through a step asks for, all unrolled.

    The way leads from a state to itself, in one step, or to another one and back in two.
    """
    items = layer.assignments(layer.n_in)
    state = [tensor.name for tensor in carried(items)]
    ways = {start: _arrivals(items, start, adder_levels=adder_levels) for start in state}
    pairs = [(ways[a][b], ways[b][a]) for a in state for b in state if b in ways[a] and a in ways[b]]
    return max((ceil(sum(pair) / 2) for pair in pairs), default=1)


def roms(layer: RecurrentLayer, plan: Schedule) -> list[tuple[int, int]]:
    """Words and bits of a word of every ROM of weights or of a table."""
    terms, found = _terms(layer), []
    for loop in plan.loops.values():
        weights = [term.factor.type.width for term in terms[loop.name] if term.matrix is not None and term.factor]
        if isinstance(layer, LMU) and loop.name == "update":
            found += _update_roms(layer, loop)
        elif weights:
            found.append((loop.words, loop.word * weights[0]))
    return found + [(len(table.words.values), table.words.type.width) for table in _tables(layer)]


def block_rams(words: int, bits: int) -> int:
    """Block RAMs of 18 Kbit of a ROM that is read at two ports; 0 where LUTs make it."""
    return 0 if words <= SHALLOW else min(ceil(bits / width) * ceil(words / depth) for width, depth in BRAM18)


def _loop_cycles(layer: RecurrentLayer, loop: Loop) -> int:
    """Cycles of a loop of Strategy Resource, all its parts: those of one iteration, and the intervals of the others."""
    states, channels = loop.tile
    chain, interval = MULTIPLY + ADD + ROUND, loop.interval
    if loop.name == "unit":  # what of the cell is no product with a matrix, through both parts of a GRU
        once = _arrivals(layer.cell, None, matrices=False)["h"]
    elif not isinstance(layer, LMU) or loop.name != "update":
        once = loop.parts * (READ + MULTIPLY + _levels(states + 1))
    elif isinstance(layer.update, DenseUpdate):
        once = READ + MULTIPLY + _levels(layer.order + 1) + ROUND
    else:  # a sweep waits for the state before, of the same channel
        once = loop.parts * (READ + states * chain)
        interval = 1 if states > 1 else max(1, ceil(chain * channels / layer.memory_d))
    return once + loop.parts * ((loop.iterations - 1) * interval + LOOP)


def _update_roms(layer: LMU, loop: Loop) -> list[tuple[int, int]]:
    """Those of the memory update: rows of A and values of B, or four vectors."""
    update, states = layer.update, loop.tile[0]
    words = ceil(layer.order / states)
    if isinstance(update, DenseUpdate):
        return [(words, states * layer.order * update.a.type.width), (words, states * update.b.type.width)]
    return [(words, states * weight.type.width) for weight in (update.lam, update.gam, update.kap, update.bet)]


def _terms(layer: RecurrentLayer) -> dict[str, list[Term]]:
    """The products of each loop."""
    found: defaultdict[str, list[Term]] = defaultdict(list)
    stages = [("encoder", (layer.encoder,)), ("update", layer.memory)] if isinstance(layer, LMU) else []
    for stage, items in [*stages, ("hidden", layer.cell)]:
        for term in (term for item in items for term in item.terms if term.factor is not None):
            source = term.x.tensor.name if term.x.tensor.name in ("x", "mem") else "h"  # a GRU's inner is r h
            matrix = f"{stage}_{source}" if term.matrix is not None else "unit"
            found[stage if stage == "update" else matrix].append(term)
    return found


def _tiles(terms: Sequence[Term], multiplier: Multiplier) -> int:
    """DSPs of the widest product of a loop; 1 where it has none that the contract knows."""
    pairs = [(term.x.type, term.factor.type) for term in terms if term.factor is not None]
    return max((multiplier.tiles(*pair) for pair in pairs), default=1)


def _tables(layer: RecurrentLayer) -> list[Table]:
    """The tables of the cell; equal ones are one array in the C++."""
    functions = [item.function for item in layer.cell if isinstance(item.function, Activation)]
    tables = [(function.function, function.table) for function in functions if function.table is not None]
    return list({(name, table.index, table.values.type): table for name, table in tables}.values())


def _arrivals(
    items: Sequence[Assign], start: str | None, matrices: bool = True, adder_levels: int = 0
) -> dict[str, int]:
    """When each tensor is assigned, in cycles after the begin of a step in which nothing waits but for its operands.

    With ``start`` only on ways from the last value of that tensor. Without ``matrices`` their products take no time.
    """
    assigned = {item.to.name for item in items}
    done: dict[str, int] = {}
    for item in items:
        begins = []
        for read in _reads(item):
            name = read.tensor.name
            if read.earlier or name not in assigned:
                begins += [0] if start is None or (read.earlier and name == start) else []
            elif name in done and not read.beside:
                begins.append(done[name])
        if begins:
            done[item.to.name] = max(done.get(item.to.name, 0), max(begins) + _cycles(item, matrices, adder_levels))
    return done


def _reads(item: Assign) -> Iterator[Read]:
    return (read for term in item.terms for read in (term.x, term.factor) if isinstance(read, Read))


def _cycles(item: Assign, matrices: bool, adder_levels: int) -> int:
    """Cycles of an assignment; one to the values of a group, each from the one before, takes them for each."""
    if adder_levels and item.to.name == "mem":
        return adder_levels * ADD + ROUND
    if isinstance(item.function, Activation):
        table = item.function.table
        return ROUND + (READ if table else 0) + (MULTIPLY + ADD if table and table.slopes else 0)
    products = any(term.factor is not None and (matrices or term.matrix is None) for term in item.terms)
    sums = sum(term.products if matrices else 1 for term in item.terms) + len(item.biases)
    chain = [term.x.width // term.groups for term in item.terms if term.x.beside]
    return (products * MULTIPLY + _levels(sums) + ROUND) * max(chain, default=1)


def _levels(count: int) -> int:
    """Cycles of the sum of ``count`` values."""
    return ADD * (count - 1).bit_length()
