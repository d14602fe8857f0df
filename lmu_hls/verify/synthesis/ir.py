"""The loops of a function in optimised LLVM IR: how often each runs, its multiplications and its HLS pragmas.

A loop is what lies between a jump back and where it leads. How often it runs is found by running its counters: the
values that decide whether it goes on must follow from constants. A loop of which that is not so is unbounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MARK = "HLS "  # of a pragma that was made an empty instruction: "HLS PIPELINE", with the value as its operand
LIMIT = 1 << 20  # iterations that are run
_LABEL = re.compile(r"^([\w.$-]+):")
_ASSIGN = re.compile(r"^\s+%([\w.$-]+) = (\w+) (.*)$")
_BRANCH = re.compile(r"^\s+br (?:i1 ([^,]+), )?label %([\w.$-]+)(?:, label %([\w.$-]+))?")
_INCOMING = re.compile(r"\[ ([^,]+), %([\w.$-]+) \]")
_MULTIPLY = re.compile(r"= mul (?:nuw |nsw )*i\d+ %[^,]+, %")  # by a constant it is an address, or a shift
_PRAGMA = re.compile(rf'asm sideeffect "{MARK}(\w+)[^"]*", "[^"]*"\((?:i\d+ (-?\d+))?')
_WORK = re.compile(r"\b(?:load|store|call|mul) ")
_FLAGS = re.compile(r"^(?:nuw|nsw|exact|samesign|disjoint|nneg) ")
_TYPE = re.compile(r"^i(\d+) (.*)$")


@dataclass(frozen=True, slots=True)
class IRLoop:
    """A loop that runs ``trips`` times, None when that does not follow from constants, and the loops in it.

    ``multiplications`` and ``pragmas``, each a name and a value, are those of its body outside these loops.
    """

    trips: int | None
    multiplications: int = 0
    pragmas: tuple[tuple[str, int | None], ...] = ()
    loops: tuple[IRLoop, ...] = ()

    @property
    def all_multiplications(self) -> int:
        """Those of the loops in it, too."""
        return self.multiplications + sum(loop.all_multiplications for loop in self.loops)

    @property
    def bounded(self) -> bool:
        return self.trips is not None and all(loop.bounded for loop in self.loops)


@dataclass(slots=True)
class _Block:
    """The lines between two labels, and where they jump to: two places where ``condition`` decides."""

    lines: list[str] = field(default_factory=list)
    condition: str | None = None
    targets: tuple[str, ...] = ()


def body_of(function: str) -> IRLoop:
    """A function, ``define ... {`` up to ``}``, as a loop that runs once."""
    blocks = _blocks(function)
    jumps = _jumps_back(blocks)
    bodies = {head: _body(blocks, head, latches) for head, latches in jumps.items()}
    return _loop(blocks, bodies, set(blocks), None)


def _loop(blocks: Mapping[str, _Block], bodies: Mapping[str, set[str]], inside: set[str], head: str | None) -> IRLoop:
    within = {other: body for other, body in bodies.items() if other != head and body < inside}
    outermost = {other: body for other, body in within.items() if not any(body < wider for wider in within.values())}
    own = inside.difference(*outermost.values())
    lines = [line for name in blocks if name in own for line in blocks[name].lines]
    pragmas = tuple(
        (found[1], None if found[2] is None else int(found[2])) for found in map(_PRAGMA.search, lines) if found
    )
    count = sum(bool(_MULTIPLY.search(line)) for line in lines)
    order = [other for other in blocks if other in outermost]
    loops = tuple(_loop(blocks, bodies, bodies[other], other) for other in order)
    return IRLoop(1 if head is None else _trips(blocks, head, inside), count, pragmas, loops)


def _blocks(function: str) -> dict[str, _Block]:
    """The blocks in their order; the first one is named as the instructions that come from it name it."""
    blocks, name = {"": _Block()}, ""
    for line in function.splitlines()[1:-1]:
        if label := _LABEL.match(line):
            name = label[1]
            blocks[name] = _Block()
            continue
        blocks[name].lines.append(line)
        if branch := _BRANCH.match(line):
            blocks[name].condition = branch[1]
            blocks[name].targets = tuple(filter(None, branch.groups()[1:]))
        elif re.match(r"^\s+(?:switch|indirectbr|invoke) ", line):
            blocks[name].targets = tuple(re.findall(r"label %([\w.$-]+)", line))
            blocks[name].condition = "switch"
    return blocks


def _jumps_back(blocks: Mapping[str, _Block]) -> dict[str, set[str]]:
    """The heads of the loops, each with the blocks that jump back to it."""
    found: dict[str, set[str]] = {}
    path: list[tuple[str, Iterator[str]]] = [("", iter(blocks[""].targets))]
    here, seen = {""}, {""}
    while path:
        name, targets = path[-1]
        target = next(targets, None)
        if target is None:
            path.pop()
            here.discard(name)
        elif target in here:
            found.setdefault(target, set()).add(name)
        elif target not in seen:
            seen.add(target)
            here.add(target)
            path.append((target, iter(blocks[target].targets)))
    return found


def _body(blocks: Mapping[str, _Block], head: str, latches: set[str]) -> set[str]:
    """The blocks of a loop: what leads to its jumps back without passing its head."""
    before: dict[str, set[str]] = {name: set() for name in blocks}
    for name, block in blocks.items():
        for target in block.targets:
            before[target].add(name)
    body, wanted = {head}, list(latches)
    while wanted:
        name = wanted.pop()
        if name not in body:
            body.add(name)
            wanted += before[name]
    return body


def _trips(blocks: Mapping[str, _Block], head: str, body: set[str]) -> int | None:
    """How often the loop runs; None when it has several ways out or its counters depend on more than constants."""
    exits = [name for name in body if any(target not in body for target in blocks[name].targets)]
    if len(exits) != 1 or len(blocks[exits[0]].targets) != 2 or blocks[exits[0]].condition is None:
        return None
    last = blocks[exits[0]]
    assert last.condition is not None
    goes_on = int(last.targets[0] in body)  # the value of the condition with which the loop goes on
    counters = _Counters(blocks, head, body)
    try:
        for count in range(1, LIMIT):
            if counters.value(last.condition, 1) != goes_on:
                return count - 1 if exits[0] == head and not _works(blocks[head]) else count
            counters.next()
    except _NotConstant:
        return None
    return None


def _works(block: _Block) -> bool:
    """Whether a block does more than count and compare: the loop is then left in the middle of an iteration, not before
    one, as where the last tile is smaller."""
    return any(_WORK.search(line) for line in block.lines)


class _NotConstant(Exception):
    pass


class _Counters:
    """The values in one iteration of a loop that follow from constants."""

    def __init__(self, blocks: Mapping[str, _Block], head: str, body: set[str]) -> None:
        lines = [line for name in body for line in blocks[name].lines]
        self.made = {found[1]: (found[2], found[3]) for found in map(_ASSIGN.match, lines) if found}
        heads = [found for found in map(_ASSIGN.match, blocks[head].lines) if found and found[2] == "phi"]
        self.first: dict[str, tuple[str, int]] = {}  # what a counter begins with, and its bits
        self.after: dict[str, str] = {}
        for found in heads:
            bits = _TYPE.match(found[3])
            if not bits:
                continue
            for value, origin in _INCOMING.findall(found[3]):
                if origin in body:
                    self.after[found[1]] = value
                else:
                    self.first[found[1]] = (value, int(bits[1]))
        self.now: dict[str, int] = {}
        self.known: dict[str, int] = {}
        self.used: set[str] = set()
        self.begun = False

    def next(self) -> None:
        """Go on to the next iteration, with the counters that were asked for."""
        following: dict[str, int] = {}
        wanted = set(self.used)
        while wanted - following.keys():
            for name in wanted - following.keys():
                following[name] = self.value(self.after[name], self.first[name][1])
            wanted = set(self.used)
        self.now, self.known, self.begun = following, {}, True

    def value(self, word: str, bits: int) -> int:
        """The value of an operand as an unsigned number of ``bits`` bits."""
        mask = (1 << bits) - 1
        if word in ("true", "false"):
            return int(word == "true")
        if re.fullmatch(r"-?\d+", word):
            return int(word) & mask
        name = word.removeprefix("%")
        if name in self.first:
            if name not in self.now:
                self.now[name] = self._begin(name)
            self.used.add(name)
            return self.now[name]
        if name not in self.made:
            raise _NotConstant
        if name not in self.known:
            self.known[name] = self._computed(*self.made[name]) & mask
        return self.known[name]

    def _begin(self, name: str) -> int:
        word, bits = self.first[name]
        if word.startswith("%") or self.begun:
            raise _NotConstant
        return self.value(word, bits)

    def _computed(self, operation: str, rest: str) -> int:
        while _FLAGS.match(rest):
            rest = _FLAGS.sub("", rest)
        if operation == "icmp":
            compare, rest = rest.split(" ", 1)
            bits, a, b = self._operands(rest)
            return int(_COMPARE[compare](a, b, bits))
        if operation in ("zext", "trunc"):
            kind, target = rest.split(" to ")
            found = _TYPE.match(kind)
            if not found:
                raise _NotConstant
            return self.value(found[2], int(found[1])) & ((1 << int(target.split(",")[0][1:])) - 1)
        if operation not in _COMPUTE:
            raise _NotConstant
        bits, a, b = self._operands(rest)
        return _COMPUTE[operation](a, b) & ((1 << bits) - 1)

    def _operands(self, rest: str) -> tuple[int, int, int]:
        found = _TYPE.match(rest)
        if not found:
            raise _NotConstant
        bits, (first, second) = int(found[1]), found[2].split(", ")[:2]
        return bits, self.value(first, bits), self.value(second, bits)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


_COMPUTE = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": lambda a, b: a >> b,
    "mul": lambda a, b: a * b,
}
_COMPARE = {
    "eq": lambda a, b, bits: a == b,
    "ne": lambda a, b, bits: a != b,
    "ult": lambda a, b, bits: a < b,
    "ule": lambda a, b, bits: a <= b,
    "ugt": lambda a, b, bits: a > b,
    "uge": lambda a, b, bits: a >= b,
    "slt": lambda a, b, bits: _signed(a, bits) < _signed(b, bits),
    "sle": lambda a, b, bits: _signed(a, bits) <= _signed(b, bits),
    "sgt": lambda a, b, bits: _signed(a, bits) > _signed(b, bits),
    "sge": lambda a, b, bits: _signed(a, bits) >= _signed(b, bits),
}
