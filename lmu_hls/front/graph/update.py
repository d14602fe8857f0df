"""The memory update of an LMU node: which form it takes, its coefficients, and whether the rounded ones are stable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hls import legendre, precision
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.graph.types import tensor_type
from lmu_hls.front.node import Node
from lmu_hls.front.reading import MAX_WEIGHT_WIDTH

UPDATES = {"dense": ("a", "b"), "tridiagonal": ("lam", "gam", "kap", "bet")}  # and their coefficients
SWEEP_FRACTION = 3  # fraction bits that sweep has more than mem, unless the user gives it a type
NAMED = 4  # coefficients that a message lists


def choose_update(node: Node) -> str:
    """The form that the key MemoryUpdate asks for; 'auto' is the one with fewer multiplications.

    Raises LmuHlsError for another word, and for 'tridiagonal' without the bilinear discretizer.
    """
    wanted, bilinear = node.get_attr("memory_update", "dense"), node.get_attr("discretizer") == "bilinear"
    if wanted not in (*UPDATES, "auto"):
        raise LmuHlsError(
            f"layer {node.name!r}: MemoryUpdate={wanted!r} is not possible; use 'dense', 'tridiagonal' or 'auto'"
        )
    order = node.get_attr("order")
    if wanted == "auto":
        counts = {update: update_multiplications(update, order) for update in UPDATES}
        return "tridiagonal" if bilinear and counts["tridiagonal"] < counts["dense"] else "dense"
    if wanted == "tridiagonal" and not bilinear:
        raise LmuHlsError(
            f"layer {node.name!r}: MemoryUpdate='tridiagonal' needs discretizer='bilinear', but the layer has "
            f"{node.get_attr('discretizer')!r}; use MemoryUpdate='dense', or build and train the Keras model with "
            "discretizer='bilinear'"
        )
    return str(wanted)


def update_multiplications(update: str, order: int) -> int:
    """Multiplications that one channel needs in one time step."""
    return order * (order + 1) if update == "dense" else 4 * order - 2


def coefficients(node: Node, update: str) -> dict[str, NDArray[np.float64]]:
    """The coefficients of ``update`` in float64; those of the dense form come from the Keras layer."""
    if update == "dense":
        return {name: node.get_attr(f"{name}_data") for name in UPDATES[update]}
    factors = _factors(node)
    return {name: getattr(factors, name) for name in UPDATES[update]}


def sweep_type(node: Node) -> FixedType:
    """The type of the sweeps where the user gives none: signed, as mem with :data:`SWEEP_FRACTION` more bits."""
    mem = tensor_type(node, "mem")
    extra = int(not mem.signed)
    try:
        return FixedType(mem.width + SWEEP_FRACTION + extra, mem.integer + extra)
    except ValueError as error:
        raise LmuHlsError(
            f"layer {node.name!r}: 'sweep' would get {SWEEP_FRACTION} bits more than 'mem' ({mem}): {error}; "
            "use a narrower type for 'mem'"
        ) from None


def check_stable(node: Node) -> None:
    """Refuse rounded coefficients with which the memory would not decay, or with which a part of it is lost."""
    if node.get_attr("memory_update") == "dense":
        _check_dense(node)
    else:
        _check_tridiagonal(node)


def _check_dense(node: Node) -> None:
    rounded = node.weights["a"]
    radius = legendre.spectral_radius(rounded.data)
    if radius < 1:
        return
    remedy = "use basis='orthonormal', a smaller order or another theta"
    used = tensor_type(node, "a")
    for extra in range(1, MAX_WEIGHT_WIDTH - used.width + 1):
        finer = replace(used, width=used.width + extra)
        if legendre.spectral_radius(to_float(quantize(node.get_attr("a_data"), finer), finer)) < 1:
            remedy = f"give 'a' the type {finer} or a finer one (Precision: a), or {remedy}"
            break
    raise LmuHlsError(
        f"layer {node.name!r}: with 'a' of type {used} the memory is unstable: the spectral radius of the rounded "
        f"A_bar is {radius:.6g}, it must be below 1; {remedy}"
    )


def _check_tridiagonal(node: Node) -> None:
    factors = _factors(node)
    types = {name: tensor_type(node, name) for name in UPDATES["tridiagonal"]}
    lost = precision.vanished({name: getattr(factors, name) for name in types}, types)
    if lost:
        shown = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED} more" if len(lost) > NAMED else "")
        kinds = ", ".join(f"{name} {types[name]}" for name in types if any(part.startswith(name) for part in lost))
        raise LmuHlsError(
            f"layer {node.name!r}: {shown} become zero in their types ({kinds}); give them more fraction bits, or a "
            "wider default precision"
        )
    found = precision.stability(precision.quantize_factors(factors, types))
    if not found.stable:
        kinds = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        raise LmuHlsError(
            f"layer {node.name!r}: with {kinds} the memory is unstable: the spectral radius of the A_bar that the "
            f"rounded coefficients are equal to is {found.radius:.6g}, it must be below 1; leave their Precision "
            "'auto', or give them types that hold them with more fraction bits"
        )


def _factors(node: Node) -> legendre.TridiagonalFactors:
    return legendre.tridiagonal_factors(*(node.get_attr(name) for name in ("order", "theta", "basis")))
