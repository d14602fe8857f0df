"""What a design asks of a synthesis: its registers, memories, multiplications and operators with their widths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from lmu_hls.synth.estimate.tables import RomLogic


@dataclass(frozen=True, slots=True, order=True)
class Product:
    """A multiplication of a by b signed bits whose y low bits are wanted.

    ``acc``: bits of the accumulator behind it, in a lmu_mac with a as coefficient; 0 for a product that stands alone.
    """

    a: int
    b: int
    y: int
    acc: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """``depth`` words of ``width`` bits with a registered output.

    ``written``: a RAM; else a ROM whose bits that are the same in all words are not in ``width``, and what it takes as
    logic. ``block``: the source asks for block RAM. ``unread``: upper bits that nothing reads. ``free``: a read that
    meets a write may give anything, not only the old word. ``tables``: the source asks for look-up tables.
    """

    depth: int
    width: int
    written: bool
    block: bool = False
    logic: RomLogic | None = None
    unread: int = 0
    free: bool = False
    tables: bool = False


@dataclass(slots=True)
class Operators:
    """All of a design; ``bits`` is {kind of operator or register: bits of all of them}, ``widest`` those of one."""

    products: Counter[Product] = field(default_factory=Counter)
    memories: list[Memory] = field(default_factory=list)
    bits: Counter[str] = field(default_factory=Counter)
    widest: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, bits: int) -> None:
        """One more operator."""
        self.bits[kind] += bits
        self.widest[kind] = max(bits, self.widest.get(kind, 0))


def to_plain(operators: Operators) -> dict[str, Any]:
    """As data for JSON; the fourth of a memory is in bit 0 ``block`` or bit 0 of ``unread``, in bit 1
    ``free`` or ``tables``, and above the rest of ``unread``."""
    products = [[*astuple(p), times] for p, times in sorted(operators.products.items())]
    memories = [[m.depth, m.width, int(m.written), _more(m), *_plain(m.logic)] for m in operators.memories]
    bits, widest = dict(sorted(operators.bits.items())), dict(sorted(operators.widest.items()))
    return {"products": products, "memories": memories, "bits": bits, "widest": widest}


def _more(memory: Memory) -> int:
    return (memory.block or memory.unread & 1) + 2 * (memory.free or memory.tables) + 4 * (memory.unread >> 1)


def _plain(logic: RomLogic | None) -> tuple[int, ...]:
    return astuple(logic) if logic else ()


def from_plain(data: Mapping[str, Any]) -> Operators:
    """What :func:`to_plain` gave."""
    products = Counter({Product(*product): times for *product, times in data["products"]})
    memories = [
        Memory(depth, width, True, False, None, (more & 1) + 2 * (more >> 2), bool(more & 2))
        if written
        else Memory(depth, width, False, bool(more & 1), RomLogic(*logic) if logic else None, tables=bool(more & 2))
        for depth, width, written, more, *logic in data["memories"]
    ]
    return Operators(products, memories, Counter(data["bits"]), dict(data["widest"]))
