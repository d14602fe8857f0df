"""Walks through an elaborated design and notes its operators, registers, memories and how wide their values are.

Nothing about the modules of hdl/ is told here a second time but what follows from the parameters of few of them:
`lmu_round_sat`, which most of the logic is in, `lmu_mac`, and what Yosys takes out of the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from pyslang import ast

from lmu_hls.synth.estimate.quantities import Operators, Product

ROUNDING_MODULE, MULTIPLIER_MODULE, FIFO_MODULE, CONCAT_MODULE = "lmu_round_sat", "lmu_mac", "lmu_fifo", "lmu_concat"
ALIGN_MODULE, MATRIX_MODULE, ADDERS_MODULE = "lmu_align", "lmu_matvec", "lmu_adders"
SERIALIZER_MODULE = "lmu_serializer"
ENGINE_MODULE, _ENGINE_ENDS, _ENGINE_RAMS = "lmu_engine_gated", ("m", "u", "mem", "h"), ("ram", "gate_ram")
_UNREAD = "unused_"  # begins the name of a net that nothing reads
_WRAP, _SAT_SYM, _TRN = 0, 3, 0
_ROUND_BELOW = (1, 3, 4, 5, 6)  # roundings that look at all the bits that are dropped
_SUMS, _ORDERS, _EQUALS = {"Add", "Subtract"}, {"LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual"}, {
    "Equality", "Inequality",
}  # fmt: skip
_GATES = {"BinaryAnd", "BinaryOr", "BinaryXor", "LogicalAnd", "LogicalOr"}
_LANE_BESIDE = re.compile(r"\[[1-9]\d*\]\.\w+$")  # not the first of several that have the same operand


def natural(expression: Any) -> Any:
    """The expression without the conversions that its context puts around it."""
    while type(expression).__name__ == "ConversionExpression" and expression.isImplicit:
        expression = expression.operand
    return expression


def width_of(expression: Any) -> int:
    return int(natural(expression).type.bitWidth)


def _is_unread(net: str) -> bool:
    return net.rpartition(".")[2].startswith(_UNREAD)


def path_of(expression: Any) -> str:
    """The place of the variable or wire that an expression is; "" for any other expression."""
    symbol = getattr(expression, "symbol", None)
    return symbol.hierarchicalPath if symbol is not None else ""


@dataclass(frozen=True, slots=True)
class Assigned:
    """``value`` is what a register or a part of it takes, None where it is a part of that; ``bits`` of the register."""

    value: Any
    bits: int
    whole: bool


@dataclass(slots=True)
class Register:
    width: int
    assigned: list[Assigned] = field(default_factory=list)


class Walk:
    """What ``root.visit(walk.visit)`` finds: ``result``, and what is counted in operators.py when all is known."""

    def __init__(self) -> None:
        self.result = Operators()
        self.registers: dict[str, Register] = {}
        self.memories: dict[str, Any] = {}
        self.written: set[str] = set()
        self.reads: Counter[str] = Counter()
        self.factors: set[str] = set()
        self.products: list[tuple[Any, Any, Any]] = []
        self.outside: dict[str, str] = {}  # {port of an instance: what is connected}
        self.unread: set[str] = set()
        self.flags: dict[str, tuple[str, int]] = {}  # {RAM: the net of its upper bits, and how many there are}
        self.narrow: dict[str, int] = {}  # {wire: bits that a signed value on it needs, where these are fewer}
        self.lanes: dict[tuple[str, int], int] = {}  # {place in a vector: bits that its value needs}
        self.lane_of: dict[str, tuple[str, int]] = {}  # {wire: the bits of a vector that it is}
        self.same: dict[str, str] = {}  # {wire: the wire that it is}
        self.places: set[tuple[str, tuple[int, ...], Product]] = set()  # products that places take
        self.addressing = False
        self.context: Any = None

    # What is where

    def visit(self, node: Any) -> Any:
        handler = getattr(self, f"_{type(node).__name__}", None)
        return handler(node) if handler else None

    def constant(self, expression: Any) -> Any:
        """The value, None where it is not constant; a wire has that of the side of its ``?:`` that is taken."""
        inner = natural(expression)
        if type(inner).__name__ == "NamedValueExpression" and type(inner.symbol).__name__ != "ParameterSymbol":
            given = natural(inner.symbol.initializer) if type(inner.symbol).__name__ == "NetSymbol" else None
            if type(given).__name__ != "ConditionalExpression" or (chosen := self._side(given)) is None:
                return None
            return self.constant(chosen)
        value = expression.eval(self.context)
        return value.value if value else None

    def _side(self, choice: Any) -> Any:
        """The side of a ``?:`` that is taken, None where what decides is not constant."""
        value = self.constant(choice.conditions[0].expr)
        return None if value is None else choice.left if int(value) else choice.right

    def _InstanceSymbol(self, node: Any) -> Any:
        self.context = ast.EvalContext(node)
        return None

    def _InstanceBodySymbol(self, node: Any) -> Any:
        self._connections(node)
        own = {ROUNDING_MODULE: self._rounding, MULTIPLIER_MODULE: self._accumulator}
        for module, read in own.items():
            if node.definition.name.endswith(module):
                parameters = {p.name: int(p.value.value) for p in node if type(p).__name__ == "ParameterSymbol"}
                read(parameters, node.parentInstance.hierarchicalPath)
                return ast.VisitAction.Skip
        for module, leave_out in {MATRIX_MODULE: self._one_turn, ADDERS_MODULE: self._zero_leaves}.items():
            if node.definition.name.endswith(module):
                leave_out({p.name: p.value.value for p in node if type(p).__name__ == "ParameterSymbol"})
        return None

    def _one_turn(self, sizes: Mapping[str, Any]) -> None:
        """A matrix whose vector takes one turn has no sums of turns: what chooses between these and the bias goes, and
        the sum with it where there is no bias."""
        if int(sizes["COLUMNS"]) >= int(sizes["N_IN"]):
            gone = int(sizes["N_OUT"]) * int(sizes["ACC_W"])
            self.result.bits["choice"] -= gone
            if not int(sizes["HAS_BIAS"]):
                self.result.bits["sum"] -= gone

    def _zero_leaves(self, sizes: Mapping[str, Any]) -> None:
        """A tree of adders has zeros beyond its values: nothing is added there, and what is zero needs no register."""
        values, wide, levels = (int(sizes[name]) for name in ("N", "OUT_W", "LEVELS"))
        depth = (values - 1).bit_length()
        self.result.bits["sum"] -= ((1 << depth) - values) * wide
        for height in range(levels, depth + 1, levels) if levels else ():
            self.result.bits["q_sum"] -= ((1 << depth - height) - -(-values >> height)) * wide

    def _connections(self, node: Any) -> None:
        """Note what the ports are connected to, and which bits of fifos and of an engine's RAMs nobody reads.

        lmu_engine_gated keeps with each value whether it was clipped, and so does the queue before lmu_serializer.
        lmu_concat heeds tlast only in its last live source; Yosys sees that where this is the third.
        """
        name, instance = node.definition.name, node.parentInstance
        if instance is None:
            return
        connections = {made.port.name: made for made in instance.portConnections}
        for made in connections.values():
            if path := path_of(made.expression):
                self.outside[made.port.internalSymbol.hierarchicalPath] = path
        if not connections:  # the top
            return
        if name.endswith(FIFO_MODULE):
            output = connections["m_axis_tdata"].expression.left
            if type(output).__name__ == "ConcatenationExpression":
                upper = path_of(output.operands[0])
                self.flags[f"{instance.hierarchicalPath}.ram"] = upper, width_of(output.operands[0])
                if _is_unread(upper):
                    self.unread.add(upper)
        elif name.endswith(ENGINE_MODULE):
            told = [path_of(connections[f"{end}_axis_tuser"].expression.left) for end in _ENGINE_ENDS]
            if all(map(_is_unread, told)):
                self.flags |= {f"{instance.hierarchicalPath}.{ram}": (told[0], 1) for ram in _ENGINE_RAMS}
                self.unread |= {*told}
        elif name.endswith(SERIALIZER_MODULE):
            if _is_unread(path_of(connections["m_axis_tuser"].expression.left)):
                self.unread.add(path_of(connections["s_axis_tuser"].expression))
        elif name.endswith(ALIGN_MODULE):
            sizes = {p.name: int(p.value.value) for p in node if type(p).__name__ == "ParameterSymbol"}
            output = connections["out_data"].expression.left
            if path := path_of(output):
                self.narrow[path] = sizes["IN_W"] + sizes["SHIFT"]
            elif lane := self._lane(output):
                self.lanes[lane] = sizes["IN_W"]
        elif name.endswith(CONCAT_MODULE):
            sizes = {p.name: int(p.value.value) for p in node if type(p).__name__ == "ParameterSymbol"}
            if sizes["N_C"] and not sizes["C_FEEDBACK"]:
                self.unread |= {path_of(connections[f"{source}_axis_tlast"].expression) for source in "ab"}

    def _GenerateBlockSymbol(self, node: Any) -> Any:
        return ast.VisitAction.Skip if node.isUninstantiated else None

    def _ParameterSymbol(self, node: Any) -> Any:
        return ast.VisitAction.Skip

    def _VariableSymbol(self, node: Any) -> None:
        if node.type.isUnpackedArray:
            self.memories[node.hierarchicalPath] = node

    def _ProceduralBlockSymbol(self, node: Any) -> Any:
        initial = str(node.procedureKind).endswith("Initial")
        return ast.VisitAction.Skip if initial else None

    # Registers and memories

    def _AssignmentExpression(self, node: Any) -> Any:
        if not node.isNonBlocking:
            if (wire := path_of(node.left)) and (source := path_of(natural(node.right))):
                self.same[wire] = source
            return None
        parts = node.left.operands if type(node.left).__name__ == "ConcatenationExpression" else [node.left]
        same = len(parts) == 1 or self.constant(node.right) is not None  # for each of the registers
        for part in parts:
            left, whole, bits = part, same, width_of(part)
            while type(left).__name__ in ("ElementSelectExpression", "RangeSelectExpression"):
                left, whole = left.value, False
            path = left.symbol.hierarchicalPath
            if path in self.memories:
                self.written.add(path)
            else:
                register = self.registers.setdefault(path, Register(int(left.symbol.type.bitWidth)))
                register.assigned.append(Assigned(node.right if same else None, bits, whole))
        node.right.visit(self.visit)
        return ast.VisitAction.Skip

    # Operators

    def _BinaryExpression(self, node: Any) -> None:
        name = str(node.op).rsplit(".", 1)[-1]
        left, right = natural(node.left), natural(node.right)
        fixed = self.constant(left) is not None or self.constant(right) is not None
        if fixed and self.constant(left) is not None and self.constant(right) is not None:
            return
        width = max(width_of(left), width_of(right))
        add = self.result.add
        if name == "Multiply":
            constant = next((int(value) for side in (left, right) if (value := self.constant(side)) is not None), 0)
            if fixed and (self.addressing or constant & (constant - 1) == 0):  # wires
                return
            self.products.append((left, right, node))
            self.factors |= {path_of(left), path_of(right)}
        elif name in _SUMS:
            if 0 in (self.constant(left), self.constant(right)):  # wires
                return
            if fixed and self.addressing:  # a place has no more bits than what moves in it
                width = width_of(right if self.constant(left) is not None else left) - 1
            add("count" if fixed else "sum", min(int(node.type.bitWidth), width + 1))
        elif name in _ORDERS:
            add("order", width)
        elif name in _EQUALS:
            add("equal" if fixed else "equal2", width)
        elif name in _GATES:
            add("gate", 1 if name.startswith("Logical") else int(node.type.bitWidth))

    def _ConditionalExpression(self, node: Any) -> Any:
        if (taken := self._side(node)) is not None:
            taken.visit(self.visit)
            return ast.VisitAction.Skip
        fixed = self.constant(node.left) is not None or self.constant(node.right) is not None
        self.result.add("mask" if fixed else "choice", int(node.type.bitWidth))
        return None

    def _ConditionalStatement(self, node: Any) -> Any:
        value = self.constant(node.conditions[0].expr)
        if value is None:
            return None
        branch = node.ifTrue if int(value) else node.ifFalse
        if branch is not None:
            branch.visit(self.visit)
        return ast.VisitAction.Skip

    def _ForLoopStatement(self, node: Any) -> Any:
        node.body.visit(self.visit)
        return ast.VisitAction.Skip

    def _NetSymbol(self, node: Any) -> None:
        """A wire that is a value with more copies of its sign."""
        inner: Any = natural(node.initializer) if node.initializer is not None else None
        if type(inner).__name__ == "ConcatenationExpression" and len(inner.operands) == 2:
            above, value = inner.operands
            sign = getattr(getattr(above, "concat", None), "operands", [None])[0]
            if type(sign).__name__ == "ElementSelectExpression" and path_of(sign.value) == path_of(value) != "":
                self.narrow[node.hierarchicalPath] = width_of(value)
        elif lane := self._lane(inner):
            self.lane_of[node.hierarchicalPath] = lane

    def _lane(self, expression: Any) -> tuple[str, int] | None:
        """The vector that constant bits are read from or driven in, and the lowest of them."""
        if type(expression).__name__ != "RangeSelectExpression" or not path_of(expression.value):
            return None
        simple = str(expression.selectionKind).endswith("Simple")
        lowest = self.constant(expression.right if simple else expression.left)
        return None if lowest is None else (path_of(expression.value), int(lowest))

    def _ElementSelectExpression(self, node: Any) -> Any:
        return self._select(node, node.selector)

    def _RangeSelectExpression(self, node: Any) -> Any:
        self._place(natural(node.left), int(node.type.bitWidth))
        return self._select(node, node.left)

    def _place(self, place: Any, taken: int) -> None:
        """Note the products of a place from which ``taken`` bits are read.

        ``value[place*N +: N]`` is a choice between words; where more than N bits are read, the products are made, once
        for all that read at this place. A product of a product keeps the width of the place.
        """
        if self.constant(place) is not None:
            return
        constants: list[int] = []
        while type(place).__name__ == "BinaryExpression" and str(place.op).endswith("Multiply"):
            constant = self.constant(place.right)
            if constant is None or int(constant) < 1:
                return
            constants.append(int(constant))
            bits, place = int(place.type.bitWidth), natural(place.left)
        odd = [constant // (constant & -constant) for constant in constants]
        factors = [constant for constant in reversed(odd) if constant > 1]
        if not factors or not path_of(place) or taken <= factors[-1] * prod(constants) // prod(odd):
            return
        width = width_of(place)
        for number, factor in enumerate(factors):
            own = factor.bit_length()
            self.places.add((path_of(place), tuple(factors), Product(width, own, bits if number else width + own)))
            width += own

    def _select(self, node: Any, selector: Any) -> Any:
        if node.value.type.isUnpackedArray:
            self.reads[path_of(node.value)] += 1
        elif self.constant(selector) is None:
            self.result.add("select", int(node.value.type.bitWidth) - int(node.type.bitWidth))
        # A constant that a place is multiplied with is a matter of wires
        before, self.addressing = self.addressing, True
        selector.visit(self.visit)
        self.addressing = before
        node.value.visit(self.visit)
        return ast.VisitAction.Skip

    def _accumulator(self, p: Mapping[str, int], path: str) -> None:
        """What lmu_mac takes; pieces of a product that is cut are products by themselves, and their sums operators."""
        if p["PIECES"] > 1:
            self._pieces(p)
        else:
            self.result.products[Product(p["COEF_W"], p["OP_W"], p["PRODUCT_W"], p["ACC_W"])] += 1
        if not _LANE_BESIDE.search(path):
            self.result.bits["q_operand"] += p["OP_W"] + 2

    def _pieces(self, p: Mapping[str, int]) -> None:
        bits, part = self.result.bits, p["PART"]

        def widths(whole: int, parts: int) -> list[int]:
            return [p["FACTOR"]] * (parts - 1) + [whole - (parts - 1) * part]

        for a in widths(p["COEF_W"], p["COEF_PARTS"]):
            for b in widths(p["OP_W"], p["OP_PARTS"]):
                bits["q_product"] += a + b
                if min(a, b) == 2:  # gates and a sum
                    self.result.add("sum", a + b)
                else:
                    self.result.products[Product(a, b, a + b)] += 1
        bits["q_factor"] += p["COEF_W"]
        bits["q_sum"] += p["ACC_W"] + (p["PIECES"] - 1) * p["PRODUCT_W"]
        self.result.add("sum", p["ACC_W"])
        for _ in range(p["PIECES"] - 1):
            self.result.add("sum", p["PRODUCT_W"])

    def _rounding(self, p: Mapping[str, int], path: str) -> None:
        """What lmu_round_sat takes; its parameters are told in its header."""
        add = self.result.add
        if p["DROP"] and p["ROUNDING"] != _TRN:
            add("round", p["WIDE_W"])
            add("rest", p["DROP"] if p["ROUNDING"] in _ROUND_BELOW else 0)
        if p["OVERFLOW"] != _WRAP:
            add("clip", p["OUT_W"])
            add("fits", p["WIDE_W"] - p["OUT_W"] + 1)
        if p["OVERFLOW"] == _SAT_SYM:
            add("equal", p["OUT_W"])
