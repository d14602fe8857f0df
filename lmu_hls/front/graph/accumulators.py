"""The accumulators of a recurrent node: for each exact sum of the contract a type that holds all its partial sums."""

from __future__ import annotations

from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.types import ABSENT, Product, exact_sum, hls_type
from lmu_hls.front.node import RecurrentNode
from lmu_hls.spec import LMU, RecurrentLayer, Term

CELL_ACCUMULATORS = ("pre_accum", "candidate_accum", "inner_accum", "cell_accum", "h_accum")
ACCUMULATORS = ("u_accum", "mem_accum", "forward_accum", "backward_accum", *CELL_ACCUMULATORS)
ONE = FixedType(1, 1, signed=False)  # as a factor it leaves the other one as it is

Sum = tuple[list[Product], list[FixedType | None]]  # products and biases


def settle_accumulators(node: RecurrentNode, layer: RecurrentLayer) -> None:
    """Give every accumulator of the node of ``layer`` its type; all else was settled when the node was made.

    Raises LmuHlsError for a sum that is wider than the contract allows.
    """
    sums = _sums(layer)
    for accumulator in node.accumulator_names:
        name = accumulator.removesuffix("_accum")
        if name in sums:
            products, biases = sums[name]
            precision = exact_sum(f"layer {node.name!r}: {name!r}", products, *biases)
        else:
            precision = hls_type(ABSENT)
            node.absent |= {accumulator}
        node.types[f"{accumulator}_t"].precision = precision


def _sums(layer: RecurrentLayer) -> dict[str, Sum]:
    """The sums that a step assigns, by what C++ calls them.

    The last gate of a GRU cell has a sum of its own, which C++ calls by the candidate that comes out of it.
    """
    before = (layer.encoder, *layer.memory) if isinstance(layer, LMU) else ()
    items = (*before, *(layer.cell if layer.hidden is not None else ()))
    names = {"sweep.f": "forward", "sweep.z": "backward"}
    return {
        names.get(item.to.name, "candidate" if item.start else item.to.name): (
            [_product(term) for term in item.terms],
            [bias.type for bias in item.biases],
        )
        for item in items
        if item.function is None
    }


def _product(term: Term) -> Product:
    """The products of a term; where they are halved, the accumulator holds them before that, too."""
    x = FixedType(term.x.type.width, term.x.type.integer + term.shift, term.x.type.signed)
    return term.products << max(0, -term.shift), x, ONE if term.factor is None else term.factor.type
