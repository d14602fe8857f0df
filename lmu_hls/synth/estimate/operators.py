"""Reads the operators of a design, and what else it asks of a synthesis, from its Verilog.

slang elaborates the text, parameters and generate blocks included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pyslang import ast, syntax

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.estimate.quantities import Memory, Operators, Product
from lmu_hls.synth.estimate.tables import rom_logic
from lmu_hls.synth.estimate.walk import Register, Walk, natural, path_of, width_of

_FREE = "no_rw_check"  # Yosys's attribute of a memory
_DELAYED = re.compile(r"\.g_stage\[[1-9]\d*\]\.stage_q$")  # a register of lmu_delay behind the first


def operators(files: Mapping[str, str], top: str) -> Operators:
    """Elaborate the sources and read the ROMs of ``files``, {path: text}, as a project has them.

    Raises LmuHlsError for sources that do not elaborate.
    """
    compilation = ast.Compilation()
    for path, text in files.items():
        if path.endswith(".v") and not path.startswith("tb/"):
            compilation.addSyntaxTree(syntax.SyntaxTree.fromText(text, path))
    root = compilation.getRoot()
    if [instance.name for instance in root.topInstances] != [top]:
        raise LmuHlsError(f"the Verilog has no single top {top}: {', '.join(i.name for i in root.topInstances)}")
    walk = Walk()
    root.visit(walk.visit)
    return _Counted({PurePosixPath(path).name: text for path, text in files.items()}, compilation, walk).operators()


def _text(value: Any) -> str:
    """A string, which Verilog keeps as a number."""
    if isinstance(value, str):
        return value
    number = int(value)
    return number.to_bytes(-(-number.bit_length() // 8), "big").decode("ascii", "replace")


class _Counted:
    """What a walk found, counted: registers by what they may be merged with, memories and ROMs, products by width."""

    def __init__(self, roms: Mapping[str, str], compilation: Any, walk: Walk) -> None:
        self.roms, self.compilation, self.walk = roms, compilation, walk

    def operators(self) -> Operators:
        result = self.walk.result
        products = {id(node): Product(*self._operands(left, right, node)) for left, right, node in self.walk.products}
        for path, register in self.walk.registers.items():
            result.bits[f"q_{self._kind(path, register)}"] += register.width
            moving = [
                item.bits for item in register.assigned if item.value is None or self.walk.constant(item.value) is None
            ]
            result.bits["choice"] += max(0, sum(moving) - register.width)
        result.products.update(products.values())
        result.products.update(product for _, _, product in self.walk.places)
        self.walk.unread |= {self._outermost(path) for path in self.walk.unread}
        for path, variable in self.walk.memories.items():
            memory, reads = self._memory(path, variable), self.walk.reads[path]
            if memory.written and reads > 1:  # as cheap in flip-flops
                result.bits["q_plain"] += memory.width * memory.depth
                result.bits["choice"] += memory.width * (memory.depth - 1) * reads
            else:
                result.memories.append(memory)
        return result

    def _outermost(self, path: str) -> str:
        while path in self.walk.outside:
            path = self.walk.outside[path]
        return path

    def _operands(self, left: Any, right: Any, node: Any) -> tuple[int, int, int]:
        a, b = (self._bits(side) for side in (left, right))
        return a, b, min(int(node.type.bitWidth), a + b)

    def _bits(self, factor: Any) -> int:
        """Those that a factor needs."""
        if (value := self.walk.constant(factor)) is not None:
            return int(value).bit_length() + 1
        path, wide = path_of(factor), width_of(factor)
        if path in self.walk.lane_of:
            vector, lowest = self.walk.lane_of[path]
            while vector in self.walk.same:
                vector = self.walk.same[vector]
            wide = min(wide, self.walk.lanes.get((vector, lowest), wide))
        return min(wide, self.walk.narrow.get(path, wide))

    def _kind(self, path: str, register: Register) -> str:
        """What a register may be merged with."""
        if _DELAYED.search(path):
            return "delay"
        if path in self.walk.factors:
            return "factor"
        for item in register.assigned:
            inner: Any = natural(item.value) if item.value is not None else None
            if type(inner).__name__ == "RangeSelectExpression":  # a part of what is read
                inner = inner.value
            kind = type(inner).__name__
            if kind == "ElementSelectExpression" and path_of(inner.value) in self.walk.memories:
                return "read"
            if not item.whole:
                continue
            if kind == "BinaryExpression" and str(inner.op).endswith("Multiply"):
                return "product"
            if kind == "BinaryExpression" and str(inner.op).endswith("Add") and self.walk.constant(inner.right) is None:
                return "sum"
        return "plain"

    def _memory(self, path: str, variable: Any) -> Memory:
        width = int(variable.type.elementType.bitWidth)
        depth = int(variable.type.range.width)
        if path in self.walk.written:
            flag, bits = self.walk.flags.get(path.removesuffix(".contents"), ("", 0))
            free = any(attribute.name == _FREE for attribute in self.compilation.getAttributes(variable))
            return Memory(depth, width, True, unread=bits if flag in self.walk.unread else 0, free=free)
        scope = variable.parentScope
        parameters = {p.name: p.value for p in scope if type(p).__name__ == "ParameterSymbol"}
        name = PurePosixPath(_text(parameters["FILE"].value)).name
        if name not in self.roms:
            raise LmuHlsError(f"the design reads {name}, which the project does not have")
        words = [int(word, 16) for word in self.roms[name].split()]
        if part := int(parameters["BITS"].value):
            words, width = [word >> int(parameters["FIRST"].value) & (1 << part) - 1 for word in words], part
        rows = max(1, self.walk.reads[path])  # of a word
        if rows > 1:
            words = [_joined(words[first : first + rows], width) for first in range(0, depth, rows)]
        logic, style = rom_logic(words, width * rows), _text(parameters["STYLE"].value).strip("\0")
        return Memory(depth // rows, logic.width, False, style == "block", logic, tables=style == "logic")


def _joined(rows: Sequence[int], width: int) -> int:
    """Rows of a word, the first one in the low bits."""
    return sum(row << width * place for place, row in enumerate(rows))
