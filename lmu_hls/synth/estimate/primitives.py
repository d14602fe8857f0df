"""How Yosys maps multiplications and memories to the primitives of a family: exact counts, by its own rules.

The rules are those of its mul2dsp.v, memory_libmap and the families' libraries: the cheapest mapping, by given costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lmu_hls.synth.estimate.operators import Memory, Product

# Prices found by comparison with counts: a bit of a choice between banks; a block RAM beside its own
_CHOICE, _EDGE = 1 / 3, 1.0


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A primitive of a x b bits that takes products of at least ``least_a`` x ``least_b`` bits, a the wider, and
    ``least_y`` bits of result. Wider ones are cut into slices of ``slice_a`` and b bits, less ``headroom``."""

    resource: str
    a: int
    b: int
    least_a: int = 2
    least_b: int = 2
    least_y: int = 9
    slice_a: int = 0
    headroom: int = 0

    def count(self, a: int, b: int, y: int) -> int:
        """How many a product of a x b bits takes; 0 where it stays logic."""
        if a < self.least_a or b < self.least_b or y < self.least_y:
            return 0
        part = self.slice_a or self.a
        if a > self.a:
            n = -(-(a - self.a) // (part - self.headroom))
            last = a - n * (part - self.headroom)
            return n * self.count(part, b, min(y, b + part)) + self.count(last, b, b + last)
        if b > self.b:
            n = -(-(b - self.b) // (self.b - self.headroom))
            last = b - n * (self.b - self.headroom)
            return n * self.count(a, self.b, min(y, a + self.b)) + self.count(a, last, a + last)
        return 1


@dataclass(frozen=True, slots=True)
class Store:
    """A memory primitive: ``shapes`` are (width, depth), ``units`` of ``resource`` each, ``cost`` as Yosys has it."""

    resource: str
    units: int
    cost: float
    shapes: tuple[tuple[int, int], ...]

    def cheapest(self, memory: Memory) -> tuple[float, int]:
        """The price of the cheapest shape, choices between banks included, and how many cells it takes."""
        choices = []
        for width, depth in self.shapes:
            banks = -(-memory.depth // depth)
            cells = banks * -(-memory.width // width)
            choices.append((cells * self.cost + _CHOICE * memory.width * (banks - 1), cells))
        return min(choices)


@dataclass(frozen=True, slots=True)
class Primitives:
    """The primitives of a family. ``rom_cost`` is that of a bit of a ROM in logic."""

    multipliers: tuple[Multiplier, ...]
    blocks: tuple[Store, ...]
    distributed: tuple[Store, ...] = ()
    rom_cost: float = 1 / 16

    def multiplier(self, product: Product) -> tuple[str, int]:
        """The resource of a product, and how many of it; 0 where it stays logic."""
        for kind in self.multipliers:
            wide, narrow = max(product.a, product.b), min(product.a, product.b)
            if count := kind.count(wide, narrow, product.y):
                return kind.resource, count
        return self.multipliers[0].resource if self.multipliers else "", 0

    def store(self, memory: Memory) -> tuple[Store | None, int]:
        """What a memory lies in, and how many of it; None for a ROM in logic."""
        if not memory.width:
            return None, 0
        block = min(self.blocks, key=lambda kind: kind.cheapest(memory))
        price, cells = block.cheapest(memory)
        if not memory.written:
            logic = not memory.block and memory.width * memory.depth * self.rom_cost <= price + _EDGE
            return (None, 0) if logic else (block, cells)
        for kind in self.distributed:
            other, fewer = kind.cheapest(memory)
            if other <= price:
                return kind, fewer
        if memory.width * memory.depth <= price:  # flip-flops, at a price of one a bit
            return None, 0
        return block, cells


def _widths(bits: int, *widths: int) -> tuple[tuple[int, int], ...]:
    """Shapes of a block RAM of so many bits, without the ninth bit that widths from 9 have."""
    return tuple((width, bits // (width * 8 // 9 if width % 9 == 0 else width)) for width in widths)


_DP16KD = Store("DP16KD", 1, 128, _widths(16384, 1, 2, 4, 9, 18, 36))
_BSRAM = Store("BSRAM", 1, 128, _widths(16384, 1, 2, 4, 9, 18, 36))
_DSP48 = Multiplier("DSP", 25, 18, slice_a=18, headroom=1)

PRIMITIVES = {
    "xc7": Primitives(
        (_DSP48,),
        (
            Store("BRAM18", 1, 129, _widths(16384, 1, 2, 4, 9, 18, 36)),
            Store("BRAM18", 2, 257, _widths(32768, 1, 2, 4, 9, 18, 36, 72)),
        ),
        (Store("LUTRAM", 4, 8, ((6, 32), (3, 64))),),
        1 / 64,
    ),
    "ecp5": Primitives(
        (Multiplier("DSP", 18, 18, least_y=0),),
        (_DP16KD,),
        (Store("LUTRAM", 6, 4, ((4, 16),)),),
    ),
    "ice40": Primitives(
        (Multiplier("DSP", 16, 16, least_y=11),),
        (Store("EBR", 1, 64, _widths(4096, 2, 4, 8, 16)),),
    ),
    "gowin": Primitives(
        (
            Multiplier("MULT18X18", 18, 18, 10, 4, 0),
            Multiplier("MULT9X9", 9, 9, 4, 4, 0),
        ),
        (_BSRAM,),
        (Store("LUTRAM", 6, 4, ((4, 16),)),),
    ),
}


def counts(
    primitives: Primitives, products: Iterable[tuple[Product, int]], memories: Iterable[Memory]
) -> dict[str, int]:
    """Multipliers, block RAMs and LUTs that are memory: {resource: how many}."""
    kinds: tuple[Multiplier | Store, ...] = (*primitives.multipliers, *primitives.blocks, *primitives.distributed)
    made = {kind.resource: 0 for kind in kinds}
    for product, times in products:
        resource, count = primitives.multiplier(product)
        if count:
            made[resource] += count * times
    for memory in memories:
        store, cells = primitives.store(memory)
        if store is not None:
            made[store.resource] += cells * store.units
    return made
