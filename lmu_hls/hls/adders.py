"""The matrix of an LMU layer's memory as additions, by Strategy distributed_arithmetic, of values that C++ holds."""

from __future__ import annotations

from lmu_hls.adders import ADDERS, AdderGraph, shared_additions
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.spec import DenseUpdate

WIDEST = 62  # bits of a sum in C simulation


def memory_adders(where: str, update: DenseUpdate, u: FixedType, mem: FixedType) -> AdderGraph:
    """The additions of B u + A mem, of u and then the states of a channel, in units of :func:`memory_fraction`.

    ``where`` begins the message of an LmuHlsError for sums of too many bits.
    """
    matrix, _ = update.joint(u, mem)
    graph = shared_additions(matrix)
    if max(graph.widths((u, *[mem] * update.order))) > WIDEST:
        raise LmuHlsError(
            f"{where}: Strategy {ADDERS!r} needs sums of over {WIDEST} bits; use narrower types, or 'Latency'"
        )
    return graph


def memory_fraction(update: DenseUpdate, u: FixedType, mem: FixedType) -> int:
    """Fraction bits of the products of a step of the memory."""
    return update.joint(u, mem)[1]
