"""The accumulators of an LMU node: for each exact sum of the contract a type that holds all its partial sums."""

from __future__ import annotations

from typing import Any

from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.types import Product, exact_sum, hls_type, tensor_type
from lmu_hls.spec import LMU, Term, Weight

ACCUMULATORS = (
    "u_accum",
    "mem_accum",
    "forward_accum",
    "backward_accum",
    "pre_accum",
    "candidate_accum",
    "inner_accum",
    "cell_accum",
    "h_accum",
)
ONE = FixedType(1, 1, signed=False)  # as a factor it leaves the other one as it is

Sum = tuple[list[Product], list[FixedType | None]]  # products and biases


def settle_accumulators(node: Any, layer: LMU) -> None:
    """Give every accumulator of the node of ``layer`` its type; all else was settled when the node was made.

    Raises LmuHlsError for a sum that is wider than the contract allows.
    """
    sums = {**_update(node), **_assigned(layer)}
    for accumulator in ACCUMULATORS:
        name = accumulator.removesuffix("_accum")
        if name in sums:
            products, biases = sums[name]
            precision = exact_sum(f"layer {node.name!r}: {name!r}", products, *biases)
        else:
            precision = hls_type(ONE)  # C++ needs a type
            node.absent |= {accumulator}
        node.types[f"{accumulator}_t"].precision = precision


def _assigned(lmu: LMU) -> dict[str, Sum]:
    """The sums that the encoder and the hidden cell assign, by the tensor they are assigned to.

    The last gate of a GRU cell has a sum of its own, which C++ calls by the candidate that comes out of it.
    """
    items = (lmu.encoder, *(lmu.cell if lmu.hidden is not None else ()))
    return {
        "candidate" if item.start else item.to.name: ([_product(term) for term in item.terms], _types(item.biases))
        for item in items
        if item.function is None
    }


def _product(term: Term) -> Product:
    return term.products, term.x.type, ONE if term.factor is None else term.factor.type


def _types(biases: tuple[Weight, ...]) -> list[FixedType | None]:
    return [bias.type for bias in biases]


def _update(node: Any) -> dict[str, Sum]:
    u, mem = tensor_type(node, "u"), tensor_type(node, "mem")
    if node.get_attr("memory_update") == "dense":
        return {"mem": ([(node.get_attr("order"), mem, tensor_type(node, "a")), (1, u, tensor_type(node, "b"))], [])}
    sweep = tensor_type(node, "sweep")
    lam, gam, kap, bet = (tensor_type(node, name) for name in ("lam", "gam", "kap", "bet"))
    half_u, twice_z = _scaled(u, -1), _scaled(sweep, 1)
    return {
        # Twice bet u / 2: the accumulator also holds bet u, before it is halved.
        "forward": ([(1, mem, ONE), (2, half_u, bet), (1, sweep, lam)], []),
        "backward": ([(1, sweep, gam), (1, sweep, kap)], []),
        "mem": ([(1, mem, ONE), (1, u, bet), (1, twice_z, ONE)], []),
    }


def _scaled(type_: FixedType, bits: int) -> FixedType:
    """The type of the values of ``type_`` times 2**bits."""
    return FixedType(type_.width, type_.integer + bits, type_.signed)
