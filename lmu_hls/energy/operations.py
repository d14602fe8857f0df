"""The arithmetic that the contract asks for: products and sums of an inference, by the widths of their operands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lmu_hls.spec import Network, Softmax
from lmu_hls.spec.assign import Assign, Term
from lmu_hls.spec.layers.lmu import LMU


@dataclass(slots=True)
class Operations:
    """How many of each: ``products`` by the widths of both factors, ``sums`` by the width of the product added."""

    products: Counter[tuple[int, int]] = field(default_factory=Counter)
    sums: Counter[int] = field(default_factory=Counter)


def operations(network: Network) -> Operations:
    """Products and sums of one sequence. A quotient of a softmax counts as a product, which is less than it takes."""
    found = Operations()
    values = network.values
    for node in network.nodes:
        read = [values[name] for name in node.inputs]
        times = network.steps if all(value.every_step for value in read) else 1
        layer, widths = node.layer, [value.width for value in read]
        own = (layer.encoder, *layer.memory, *layer.cell) if isinstance(layer, LMU) else ()
        equations = own or layer.assignments(*widths)
        made: set[tuple[str, bool, int]] = set()
        for assign in equations:
            _count(assign, times, found, made)
        if isinstance(layer, Softmax):
            entry = layer.exp.values.type.width
            found.products[layer.out.width, entry] += times * widths[0]
            found.sums[entry] += times * widths[0]
    return found


def _count(assign: Assign, times: int, operations: Operations, multiplied: set[tuple[str, bool, int]]) -> None:
    """Add an assignment. Products of the same values and weight are ``multiplied`` once (bet u of the sweeps)."""
    if assign.function is not None:
        return
    for term in assign.terms:
        number = times * assign.width * term.products
        width = term.x.type.width
        if term.factor is not None:
            product = (term.x.tensor.name, term.x.earlier, id(term.factor))
            operations.products[_widths(term)] += number if product not in multiplied else 0
            multiplied.add(product)
            width += term.factor.type.width
        operations.sums[width] += number
    for bias in assign.biases:
        operations.sums[bias.type.width] += times * assign.width


def _widths(term: Term) -> tuple[int, int]:
    assert term.factor is not None
    low, high = sorted((term.x.type.width, term.factor.type.width))
    return low, high
