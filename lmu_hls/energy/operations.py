"""The arithmetic that the contract asks for: products and sums of an inference, by the widths of their operands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lmu_hls.spec import Network
from lmu_hls.spec.assign import Assign, Term


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
        window = node.layer.over
        times = (read[0].steps if window is None else window.count) or 1
        made: set[tuple[str, bool, int]] = set()
        for assign in node.layer.assignments(*(value.width for value in read)):
            _count(assign, times, found, made)
    return found


def _count(assign: Assign, times: int, operations: Operations, multiplied: set[tuple[str, bool, int]]) -> None:
    """Add an assignment. Products of the same values and weight are ``multiplied`` once (bet u of the sweeps)."""
    if assign.function is not None:
        for factors in assign.function.products(assign.to.type):
            operations.products[factors] += times * assign.width
        for summand in assign.function.sums(assign.to.type):
            operations.sums[summand] += times * assign.width
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
