"""How the C++ of an LMU works through its multiplications: the loops of a step, for a strategy and a ReuseFactor.

A loop makes a tile of its multiplications in each iteration: it has as many multipliers as the tile is large. With
Strategy Latency every loop has one iteration, so that a step is unrolled and its multipliers are shared among all of
it. With Resource the loops follow one another, ReuseFactor iterations each, and each has multipliers of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lmu_hls.fixed import FixedType
from lmu_hls.front.hidden import hidden_weight
from lmu_hls.spec import LMU, Activation, GRUCell, HiddenCell, RecurrentLayer, TridiagonalUpdate

Strategy = Literal["latency", "resource"]
UNROLLED = 4096  # multiplications in one iteration: HLS tools of today are said to give up on more
PORTS = 2  # of a ROM
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop with one of its tiles.

    ``tile`` is inputs x columns of a matrix, states x channels of the memory, 1 x units of a cell. ``words`` of
    ``word`` weights each are read in all. ``parts`` are the loops in the C++, of ``iterations`` each. An iteration
    starts ``interval`` cycles after the one before, since a table has :data:`PORTS` ports.
    """

    name: str
    multiplications: int
    multipliers: int
    iterations: int
    tile: tuple[int, int]
    word: int = 0
    words: int = 0
    parts: int = 1
    interval: int = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The loops of one step of a recurrent layer, by the name of the matrix, "update" or "unit"."""

    strategy: Strategy
    reuse_factor: int
    multiplications: int
    loops: dict[str, Loop]
    adder_levels: int = 0

    @property
    def multipliers(self) -> int:
        """Multipliers of the layer. Latency: the limit that the C++ sets."""
        if self.strategy == "latency":
            return -(-self.multiplications // self.reuse_factor)
        return sum(loop.multipliers for loop in self.loops.values())

    @property
    def unrolled(self) -> int:
        """Multiplications that an HLS tool meets side by side."""
        return self.multiplications if self.strategy == "latency" else self.multipliers


def schedule(layer: RecurrentLayer, strategy: Strategy, apart: bool = False) -> Schedule:
    """The loops of ``layer``: of each the tile with the most iterations up to ReuseFactor, or one iteration.

    ``apart``: the memory update is none of them, since it is Verilog or additions.
    """
    reuse = layer.reuse_factor if strategy == "resource" else 1
    choice = _choices(layer, apart)
    loops = {tiles[0].name: _chosen(tiles, reuse) for tiles in choice}
    return Schedule(strategy, layer.reuse_factor, sum(tiles[0].multiplications for tiles in choice), loops)


def is_possible(layer: RecurrentLayer, reuse_factor: int, apart: bool = False) -> bool:
    """Whether Strategy Resource comes close to multiplications / ``reuse_factor`` multipliers.

    Tiles that do not divide a matrix have more; a :data:`TOLERANCE` more in the whole layer is accepted.
    """
    return _is_possible(_choices(layer, apart), reuse_factor)


def nearest_possible(
    layer: RecurrentLayer, reuse_factor: int, at_most: int | None = None, apart: bool = False
) -> int | None:
    """The possible ReuseFactor that is nearest, the larger of two.

    With ``at_most`` only those that leave as many multipliers or fewer; None when there is none.
    """
    choice = _choices(layer, apart)

    def serves(reuse: int) -> bool:
        fits = at_most is None or sum(_chosen(tiles, reuse).multipliers for tiles in choice) <= at_most
        return fits and _is_possible(choice, reuse)

    return _nearest(serves, reuse_factor, max(tiles[-1].iterations for tiles in choice))


def _nearest(serves: Callable[[int], bool], reuse: int, largest: int) -> int | None:
    reuse = min(reuse, largest)
    for distance in range(largest + 1):
        for value in (reuse + distance, reuse - distance):
            if 1 <= value <= largest and serves(value):
                return value
    return None


def _is_possible(choice: list[list[Loop]], reuse: int) -> bool:
    made = sum(_chosen(tiles, reuse).multipliers for tiles in choice)
    asked = sum(max(-(-tiles[0].multiplications // reuse), tiles[-1].multipliers) for tiles in choice)
    return made <= asked * (1 + TOLERANCE)


def _chosen(tiles: list[Loop], reuse: int) -> Loop:
    """The tile with the most iterations that are no more than ``reuse``."""
    return max((loop for loop in tiles if loop.iterations <= reuse), key=lambda loop: loop.iterations)


def _choices(layer: RecurrentLayer, apart: bool) -> list[list[Loop]]:
    """All tiles of every loop of a step, fewest iterations first."""
    cell, memory = layer.hidden, isinstance(layer, LMU)
    matrices = {name: getattr(layer, name) for name in ("encoder_x", "encoder_h", "encoder_mem")} if memory else {}
    if cell is not None:
        kernels = ("kernel_mem", "kernel_x", "kernel_h") if memory else ("kernel_mem", "kernel_h")
        matrices |= {hidden_weight(name, memory): getattr(cell, name) for name in kernels}
    split = hidden_weight("kernel_h") if isinstance(cell, GRUCell) and not cell.reset_after else None
    choice = [
        _matrix(name, weight.shape, 3 if name == split else 1)
        for name, weight in matrices.items()
        if weight is not None
    ]
    if isinstance(layer, LMU) and not apart:
        choice.append((_tridiagonal if isinstance(layer.update, TridiagonalUpdate) else _dense)(layer))
    if cell is not None:
        choice.append(_units(layer, cell))
    return choice


def _matrix(name: str, shape: tuple[int, ...], split: int) -> list[Loop]:
    """Rows of all columns, or one row of some; ``split``: into how many equal parts the columns are told apart."""
    rows, width = shape

    def loop(inputs: int, columns: int, iterations: int, word: int) -> Loop:
        words, parts = -(-rows * width // word), 1 if split == 1 else 2
        return Loop(name, rows * width, inputs * columns, iterations, (inputs, columns), word, words, parts)

    whole = [loop(inputs, width, count, inputs * width) for inputs, count in _shares(rows)]
    shares = [count for count in _divisors(width // split) if count > 1]
    return whole + [loop(1, width // count, rows * count, width // count // split) for count in shares]


def _dense(layer: LMU) -> list[Loop]:
    """States of all channels, or one state of some; a word is a row of A for each state, and of B."""
    order, channels = layer.order, layer.memory_d

    def loop(states: int, some: int, iterations: int) -> Loop:
        word, total = states * (order + 1), channels * order * (order + 1)
        return Loop("update", total, word * some, iterations, (states, some), word, -(-order // states))

    whole = [loop(states, channels, count) for states, count in _shares(order)]
    return whole + [loop(1, channels // count, order * count) for count in _divisors(channels) if count > 1]


def _tridiagonal(layer: LMU) -> list[Loop]:
    """All states, or one state in each of the two sweeps, of some channels."""
    order, channels = layer.order, layer.memory_d
    tiles = {}
    for states, each in ((1, 4), (order, 4 * order - 2)):  # the first lam and the last kap are zero
        for count in _divisors(channels):
            some, iterations = channels // count, order // states * count
            total, word = channels * (order // states) * each, 2 * states
            words = 2 * order // states
            tiles[iterations] = Loop("update", total, each * some, iterations, (states, some), word, words, 2)
    return [tiles[iterations] for iterations in sorted(tiles)]


def _units(layer: RecurrentLayer, cell: HiddenCell) -> list[Loop]:
    """Some units; a GRU cell has a loop for its gates, and one for the rest."""
    units, parts, reads = layer.units, 2 if isinstance(cell, GRUCell) else 1, table_reads(layer)

    def loop(n: int, count: int) -> Loop:
        interval = max([1, *(-(-n * each // PORTS) for each in reads.values())])
        return Loop("unit", cell.products * units, cell.products * n, count, (1, n), parts=parts, interval=interval)

    return [loop(n, count) for n, count in _shares(units)]


def table_reads(layer: RecurrentLayer) -> dict[str, int]:
    """Values that a unit reads of each table of the cell, by the first tensor that they become.

    Equal tables are one array in the C++, whose ports all share: of a GRU also where its loops follow one another.
    """
    found: Counter[str] = Counter()
    first: dict[tuple[str, FixedType, FixedType], str] = {}
    for item in layer.assignments(layer.n_in):
        if isinstance(item.function, Activation) and (table := item.function.table) is not None:
            array = (item.function.function, table.index, table.values.type)
            found[first.setdefault(array, item.to.name)] += item.width // layer.units
    return dict(found)


def _shares(total: int) -> list[tuple[int, int]]:
    """(share, number of shares) for every number of equal shares, the last one perhaps smaller."""
    counts = sorted({-(-total // share) for share in range(1, total + 1)})
    return [(-(-total // count), count) for count in counts]


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]
