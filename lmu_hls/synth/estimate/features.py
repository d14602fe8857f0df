"""What look-up tables and flip-flops of a family are explained by: quantities that synthesis turns into them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from lmu_hls.synth.estimate.primitives import PRIMITIVES, Primitives, counts, saved
from lmu_hls.synth.estimate.quantities import Memory, Operators

LUTRAM = "LUTRAM"
BANKS = {4: 16, 6: 32}  # words of a distributed RAM, by inputs of a table, before a choice is needed
LUT_INPUTS = MappingProxyType({"xc7": 6})  # of the families' tables, else 4
# Terms of the two models, with what a bit of each takes where the table says nothing else
LUT_TERMS = MappingProxyType({
    "sum": 1.0, "count": 1.0, "choice": 0.8, "mask": 0.7, "equal": 0.3, "order": 4.0, "gate": 0.3, "select": 0.5,
    "round": 1.0, "rest": 0.3, "clip": 0.7, "fits": 0.4, "tables": 1.0, "joins": 0.3, "bank": 0.5, "split": 1.0,
    "soft": 1.0, "delay": 0.0, "single_acc": 0.0, "several_acc": 1.0, "several_product": 0.0, "one": 0.0,
})  # fmt: skip
FF_TERMS = MappingProxyType({
    "q_plain": 1.0, "q_sum": 1.0, "rom_out": 1.0, "ram_out": 1.0, "factor": 1.0, "product": 1.0, "delay": 1.0,
    "operand": 1.0, "single_acc": 1.0, "single_product": 1.0, "single_factor": 1.0, "several_acc": 1.0,
    "several_product": 1.0, "several_factor": 1.0,
})  # fmt: skip
# What differs from these: registers that move into the multiplier, carry chains that take two tables a bit
_MOVED = ("delay", "operand", "single_acc", "single_product", "single_factor", "several_product", "factor", "product")
_TWO_TABLES = {"single_acc": 2.0, "several_acc": 2.0}
# Tables of six inputs take in what is beside registers; of ROMs they follow the size, not the blocks that are alike
_SIX_INPUTS = {"words": 1.0, "q_plain": 0.3}
_NOT_SIX = ("tables", "joins")
OWN = MappingProxyType({
    ("xc7", "LUT"): _SIX_INPUTS, ("xc7", "FF"): dict.fromkeys(_MOVED, 0.0), ("ecp5", "LUT"): _TWO_TABLES,
    ("gowin", "LUT"): _TWO_TABLES,
})  # fmt: skip

# Bits of lmu_delay for each bit of a product in a sweep: up to 0.46 with one stage, from 0.65 on with more
STAGES = 0.55
# A table of a function in block RAM, whose value goes through logic at once; wider words are those of a softmax, behind
# which a register stands
TABLE_WORDS, TABLE_BITS = 1024, 16
# Of the period of a clock, in ns
CLOCK_TERMS = MappingProxyType({
    "one": 5.0, "wide": 0.08, "alone": 0.2, "split": 2.0, "acc": 0.02, "round": 0.02, "order": 0.02, "size": 0.1,
    "table": 1.0,
})  # fmt: skip


def features(family: str, operators: Operators) -> dict[str, float]:
    """{term: quantity} of a design on a family; `lutram` and the multipliers and block RAMs are exact counts."""
    primitives, bits = PRIMITIVES[family], operators.bits
    kinds = ("sum", "count", "choice", "mask", "equal", "order", "gate", "select", "round", "rest", "clip", "fits")
    made: dict[str, float] = {name: bits[name] for name in kinds}
    made |= {name: bits[name] for name in ("q_plain", "q_sum")}
    made |= {name: bits[f"q_{name}"] for name in ("factor", "product", "delay", "operand")}
    made |= _memories(family, primitives, operators) | _products(primitives, operators)
    exact = counts(primitives, operators.products.items(), operators.memories)
    return made | {"one": 1.0, "lutram": exact.pop(LUTRAM, 0)}


def clock_features(family: str, operators: Operators) -> dict[str, float]:
    """{term: quantity} of a design's slowest path: the widest of each kind, and how large it all is.

    ``alone`` are products without a register of their own behind them, as in the sweeps of the tridiagonal update with
    one stage, whose loop goes through a product and its rounding in one cycle. ``table``: whether there is a table of a
    function in block RAM.
    """
    products, widest = operators.products, operators.widest
    unregistered = _unregistered(operators)
    blocks = [PRIMITIVES[family].multiply(product)[0].total() for product in products]
    return {
        "one": 1.0,
        "wide": max((product.a + product.b for product in products), default=0),
        "alone": max((product.a + product.b for product in products if not product.acc), default=0) * unregistered,
        "split": (max(0, *blocks, 1) - 1) * unregistered,
        "acc": max((product.acc for product in products), default=0),
        "round": widest.get("round", 0),
        "order": widest.get("order", 0),
        "size": math.log2(operators.bits.total()),
        "table": float(any(_is_table(family, memory) for memory in operators.memories)),
    }


def _is_table(family: str, memory: Memory) -> bool:
    large = memory.depth >= TABLE_WORDS and memory.width <= TABLE_BITS
    return large and not memory.written and PRIMITIVES[family].store(memory)[0] is not None


def _unregistered(operators: Operators) -> bool:
    """Whether there are products without an accumulator that no register follows, by the bits of lmu_delay."""
    alone = sum(product.y * times for product, times in operators.products.items() if not product.acc)
    alone -= operators.bits["q_product"]
    return alone > 0 and operators.bits["q_delay"] < STAGES * alone


def exact_counts(family: str, operators: Operators) -> dict[str, int]:
    """Multipliers and block RAMs: {resource: how many}."""
    primitives, products = PRIMITIVES[family], operators.products.items()
    free = saved(primitives, products)
    made = {name: count - free[name] for name, count in counts(primitives, products, operators.memories).items()}
    made.pop(LUTRAM, None)
    return made


def terms(family: str, resource: str) -> Mapping[str, float]:
    """{term of a model: what it is where the table says nothing else}."""
    made = (LUT_TERMS if resource == "LUT" else FF_TERMS) | OWN.get((family, resource), {})
    left_out = _NOT_SIX if LUT_INPUTS.get(family) == 6 else ()
    return {name: value for name, value in made.items() if name not in left_out}


def _memories(family: str, primitives: Primitives, operators: Operators) -> dict[str, float]:
    made = dict.fromkeys(("tables", "joins", "words", "rom_out", "ram_out", "bank"), 0.0)
    inputs = LUT_INPUTS.get(family, 4)
    for memory in operators.memories:
        store, _ = primitives.store(memory)
        if memory.written and (store is None or store.resource == LUTRAM):
            made["ram_out"] += memory.width * (1 if store is not None else 1 + memory.depth)
            made["bank"] += memory.width * (-(-memory.depth // BANKS[inputs]) - 1)
        elif store is None and memory.logic is not None:
            logic = memory.logic
            made["tables"] += logic.tables6 if inputs == 6 else logic.tables4
            made["joins"] += logic.joins6 if inputs == 6 else logic.joins4
            made["words"] += logic.columns * memory.depth / 32
            made["rom_out"] += logic.columns
    return made


def _products(primitives: Primitives, operators: Operators) -> dict[str, float]:
    names = [f"{kind}_{part}" for kind in ("single", "several") for part in ("acc", "product", "factor")]
    made = dict.fromkeys(("split", "soft", *names), 0.0)
    for product, times in operators.products.items():
        blocks, left = primitives.multiply(product)
        count = blocks.total()
        made["soft"] += times * sum(a * b for a, b in left)
        made["split"] += times * max(0, count - 1) * (product.a + product.b) / 2
        if product.acc:
            kind = "single" if count == 1 else "several"
            for part, width in (("acc", product.acc), ("product", product.y), ("factor", product.a)):
                made[f"{kind}_{part}"] += times * width
    return made
