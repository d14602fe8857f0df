"""The accumulators of an LMU node: for each exact sum of the contract a type that holds all its partial sums."""

from __future__ import annotations

from typing import Any

from lmu_hls.fixed import FixedType
from lmu_hls.hls.types import Product, exact_sum, hls_type, input_type, tensor_type, weight_type

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


def settle_accumulators(node: Any) -> None:
    """Give every accumulator of an LMU node its type; all else was settled when the node was made.

    Raises LmuHlsError for a sum that is wider than the contract allows.
    """
    sums = {"u": _encoder(node), **_update(node), **_cell(node)}
    for accumulator in ACCUMULATORS:
        name = accumulator.removesuffix("_accum")
        if name in sums:
            products, biases = sums[name]
            precision = exact_sum(f"layer {node.name!r}: {name!r}", products, *biases)
        else:
            precision = hls_type(ONE)  # never used, but C++ needs a type
        node.types[f"{accumulator}_t"].precision = precision


def _encoder(node: Any) -> Sum:
    products = _product(node, "n_in", input_type(node), "encoder_x")
    products += _product(node, "units", tensor_type(node, "result"), "encoder_h")
    products += _product(node, "states", tensor_type(node, "mem"), "encoder_mem")
    return products, [weight_type(node, "encoder_bias")]


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


def _cell(node: Any) -> dict[str, Sum]:
    """The sums of the hidden cell; the names are those of the tensors they are assigned to."""
    kind = node.get_attr("hidden_cell")
    if kind == "none":
        return {}
    h = tensor_type(node, "result")
    inputs = _product(node, "states", tensor_type(node, "mem"), "hidden_mem")
    inputs += _product(node, "n_in", input_type(node), "hidden_x")
    recurrent = _product(node, "units", h, "hidden_h")
    bias, recurrent_bias = weight_type(node, "hidden_bias"), weight_type(node, "hidden_recurrent_bias")
    sums: dict[str, Sum] = {"pre": (inputs + recurrent, [bias, recurrent_bias])}
    if kind == "lstm":
        gate, g, cell, s = (tensor_type(node, name) for name in ("gate", "candidate", "cell", "squashed"))
        sums |= {"cell": ([(1, gate, cell), (1, gate, g)], []), "h": ([(1, gate, s)], [])}
    if kind == "gru":
        gate, g, inner = (tensor_type(node, name) for name in ("gate", "candidate", "inner"))
        sums["h"] = ([(1, gate, h), (1, gate, g)], [g])
        if node.get_attr("reset_after"):
            sums["inner"] = (recurrent, [recurrent_bias])
            sums["candidate"] = ([*inputs, (1, gate, inner)], [bias])
        else:
            sums["inner"] = ([(1, gate, h)], [])
            sums["candidate"] = (inputs + _product(node, "units", inner, "hidden_h"), [bias])
    return sums


def _product(node: Any, count: str, values: FixedType, weight: str) -> list[Product]:
    """The products of a weight matrix, or none where the node does not have it; ``count`` says how many a sum has."""
    n = node.get_attr("memory_d") * node.get_attr("order") if count == "states" else node.get_attr(count)
    return [(n, values, tensor_type(node, weight))] if weight in node.weights else []


def _scaled(type_: FixedType, bits: int) -> FixedType:
    """The type of the values of ``type_`` times 2**bits."""
    return FixedType(type_.width, type_.integer + bits, type_.signed)
