"""How Yosys maps multiplications and memories to the primitives of a family: exact counts, by its own rules.

The rules are those of its mul2dsp.v, of memory_libmap and of the families' libraries: a product goes to the first
primitive that takes it, a memory to the cheapest, by given costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lmu_hls.synth.estimate.quantities import Memory, Product

_CHOICE = 0.5  # price of a bit of a choice between banks, read or written
_EMULATED = 2  # price of a point of emulation
_OLD_WORD = 6  # points for a read that meets a write and needs the old word, where the primitive has no such mode


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A primitive of a x b bits that takes products of at least ``least_a`` x ``least_b`` bits, a the wider, and
    ``least_y`` bits of result. Wider ones are cut into slices of ``slice_a`` and b bits, less ``headroom``.
    Two products of at most ``half`` x ``half`` bits share one in the end."""

    resource: str
    a: int
    b: int
    least_a: int = 2
    least_b: int = 2
    least_y: int = 9
    slice_a: int = 0
    headroom: int = 0
    half: int = 0

    def split(self, a: int, b: int, y: int) -> tuple[int, list[tuple[int, int, int]]]:
        """How many a product of a x b bits takes, and the products in it that are left to others."""
        if a < self.least_a or b < self.least_b or y < self.least_y:
            return 0, [(a, b, y)]
        part = self.slice_a or self.a
        if a > self.a:
            n = -(-(a - self.a) // (part - self.headroom))
            last = a - n * (part - self.headroom)
            return _together(n, self.split(part, b, min(y, b + part)), self.split(last, b, b + last))
        if b > self.b:
            n = -(-(b - self.b) // (self.b - self.headroom))
            last = b - n * (self.b - self.headroom)
            return _together(n, self.split(a, self.b, min(y, a + self.b)), self.split(a, last, a + last))
        return 1, []


_Split = tuple[int, list[tuple[int, int, int]]]


def _together(n: int, slices: _Split, last: _Split) -> _Split:
    return n * slices[0] + last[0], [*slices[1] * n, *last[1]]


@dataclass(frozen=True, slots=True)
class Store:
    """A memory primitive as the library of a family describes it, ``units`` of ``resource`` each.

    ``widths`` are those that it can have, with 2 ** ``address_bits`` words of the first and half as many of each next.
    ``byte``: the bits that it writes together (0: all). ``scaled``: the part of ``cost`` that goes with the bits in
    use. ``write_width``: the narrowest that it writes. ``emulation``: points for what a RAM needs around it to give the
    old word.
    """

    resource: str
    units: int
    cost: float
    address_bits: int
    widths: tuple[int, ...]
    byte: int = 0
    scaled: float = 0.0
    write_width: int = 0
    emulation: int = 0

    def cheapest(self, memory: Memory) -> tuple[float, int]:
        """The price of the cheapest width, and how many cells it takes; Yosys cuts the best price to a whole number."""
        best: tuple[float, int] | None = None
        for step, width in enumerate(self.widths):
            if memory.written and width < min(self.write_width, self.byte):
                continue
            price, cells = self._price(memory, width, 1 << (self.address_bits - step))
            if best is None or price < int(best[0]):
                best = price, cells
        assert best is not None
        return best

    def _price(self, memory: Memory, width: int, words: int) -> tuple[float, int]:
        banks = -(-memory.depth // words)
        byte = min(self.byte or width, width) if memory.written else 1
        cells = -(-banks * -(-memory.width // byte) * byte // width)
        price = (self.cost - self.scaled) * cells + self.scaled * banks * memory.width / width
        choices = (banks - 1) * memory.width + (banks if memory.written and banks > 1 else 0)
        points = 1 + (self.emulation if memory.written and not memory.free else 0)
        if memory.unread and byte * banks >= width:  # cells of which nothing is read go, after the choice
            cells -= banks * (-(-memory.width // byte) - -(-(memory.width - memory.unread) // byte))
        elif memory.unread and banks == 1:
            cells = -(-(memory.width - memory.unread) // width)
        return price + _CHOICE * choices + _EMULATED * points, cells


@dataclass(frozen=True, slots=True)
class Primitives:
    """The primitives of a family, in the order of its libraries. ``rom_cost`` is that of a bit of a ROM in logic."""

    multipliers: tuple[Multiplier, ...]
    blocks: tuple[Store, ...]
    distributed: tuple[Store, ...] = ()
    rom_cost: float = 1 / 16

    def multiply(self, product: Product) -> tuple[Counter[str], list[tuple[int, int]]]:
        """{resource: how many} of a product, and what is left as logic, as (a, b) bits."""
        made: Counter[str] = Counter()
        left = [(product.a, product.b, product.y)]
        for kind in self.multipliers:
            rest = []
            for a, b, y in left:
                count, others = kind.split(max(a, b), min(a, b), y)
                made[kind.resource] += count
                rest += others
            left = rest
        return +made, [(a, b) for a, b, _ in left]

    def store(self, memory: Memory) -> tuple[Store | None, int]:
        """What a memory lies in, and how many of it; None for a ROM in logic, or a RAM of flip-flops."""
        if not memory.width or memory.tables:
            return None, 0
        found = [self._of_kind(self.blocks, memory)]
        if memory.written and self.distributed:
            found.insert(0, self._of_kind(self.distributed, memory))
        if memory.block:
            return found[0][1:]
        best = int(memory.width * memory.depth * (1 if memory.written else self.rom_cost))
        chosen: tuple[Store | None, int] = None, 0
        for price, store, cells in found:
            if price < best:
                best, chosen = int(price), (store, cells)
        return chosen

    @staticmethod
    def _of_kind(stores: tuple[Store, ...], memory: Memory) -> tuple[float, Store, int]:
        """The cheapest of a kind, of equal ones the first."""
        prices = [(store.cheapest(memory), store) for store in stores]
        (price, cells), store = min(prices, key=lambda found: found[0][0])
        return price, store, cells


_WIDTHS = (1, 2, 4, 9, 18, 36, 72)
_DSP48 = Multiplier("DSP", 25, 18, slice_a=18, headroom=1)

PRIMITIVES = {
    "xc7": Primitives(
        (_DSP48,),
        (
            Store("BRAM18", 1, 129, 14, _WIDTHS[:5], 9),
            Store("BRAM18", 2, 257, 15, _WIDTHS[:6], 9),
            Store("BRAM18", 1, 129, 14, _WIDTHS[:6], 9),
            Store("BRAM18", 2, 257, 15, _WIDTHS[:7], 9),
        ),
        (
            Store("LUTRAM", 4, 8, 5, (4,), scaled=8),
            Store("LUTRAM", 2, 8, 6, (2,), scaled=8),
            Store("LUTRAM", 4, 8, 5, (6,), scaled=7),
            Store("LUTRAM", 4, 8, 6, (3,), scaled=7),
        ),
        1 / 64,
    ),
    "ecp5": Primitives(
        (Multiplier("DSP", 18, 18, least_y=0),),
        (
            Store("DP16KD", 1, 128, 14, _WIDTHS[:5], 9, emulation=_OLD_WORD),
            Store("DP16KD", 1, 128, 14, _WIDTHS[:6], 9, write_width=36, emulation=_OLD_WORD),
        ),
        (Store("LUTRAM", 6, 4, 4, (4,)),),
    ),
    # SPRAM is for memories with one address for reading and writing, which no module of hdl/ has
    "ice40": Primitives(
        (Multiplier("DSP", 16, 16, least_y=11, half=8),),
        (Store("EBR", 1, 64, 11, (2, 4, 8, 16), 1, emulation=_OLD_WORD),),
    ),
    "gowin": Primitives(
        (
            Multiplier("MULT36X36", 36, 36, 22, 22, 0),
            Multiplier("MULT18X18", 18, 18, 10, 4, 0),
            Multiplier("MULT9X9", 9, 9, 4, 4, 0),
        ),
        (Store("BSRAM", 1, 128, 14, _WIDTHS[:6], 9, emulation=_OLD_WORD),),
        (Store("LUTRAM", 6, 4, 4, (4,), scaled=4),),
    ),
}


def saved(primitives: Primitives, products: Iterable[tuple[Product, int]]) -> Counter[str]:
    """Multipliers that pairs of narrow products leave free of those that Yosys counts: {resource: how many}."""
    narrow: Counter[str] = Counter()
    for product, times in products:
        for kind in primitives.multipliers:
            if max(product.a, product.b) <= kind.half:
                narrow[kind.resource] += times * kind.split(product.a, product.b, product.y)[0]
    return Counter({resource: times // 2 for resource, times in narrow.items()})


def counts(
    primitives: Primitives, products: Iterable[tuple[Product, int]], memories: Iterable[Memory]
) -> dict[str, int]:
    """Multipliers, block RAMs and LUTs that are memory, as Yosys counts them: {resource: how many}."""
    kinds: tuple[Multiplier | Store, ...] = (*primitives.multipliers, *primitives.blocks, *primitives.distributed)
    made = {kind.resource: 0 for kind in kinds}
    for product, times in products:
        for resource, count in primitives.multiply(product)[0].items():
            made[resource] += count * times
    for memory in memories:
        store, cells = primitives.store(memory)
        if store is not None:
            made[store.resource] += cells * store.units
    return made
