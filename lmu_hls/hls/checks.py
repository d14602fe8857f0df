"""What a backend of hls4ml would do wrong in silence, or fail at without a reason: asked before it writes."""

from __future__ import annotations

from pathlib import Path

import hls4ml
from hls4ml.model.types import FixedPrecisionType

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.settle import is_streamed
from lmu_hls.front.node import Graph
from lmu_hls.hls.accelerator import check_part
from lmu_hls.hls.fifos import check_fifos
from lmu_hls.hls.stateful import check_stateful
from lmu_hls.hls.targets import Target

INSTEAD = "use backend='Vitis' or 'Vivado'"


def check_target(model: Graph, target: Target) -> None:
    """LmuHlsError for what the C++ of ``target`` would not do as the contract says."""
    _check_headers(target)
    _check_ends(model, target)
    _check_merges(model, target)
    check_part(model)
    check_fifos(model)
    check_stateful(model)
    if target.numbers == "ac":
        _check_bits(model, target)


def _check_headers(target: Target) -> None:
    """hls4ml copies the number types of a backend out of its own package."""
    header = Path(hls4ml.__file__).with_name("templates") / target.numbers_from
    if not header.is_file():
        raise LmuHlsError(
            f"hls4ml's backend {target.name} lacks its number types: {header} is not there; "
            f"install hls4ml anew (pip install --force-reinstall --no-deps hls4ml), or {INSTEAD}"
        )


def _check_ends(model: Graph, target: Target) -> None:
    """The top function's interface may round what goes in and out."""
    for end, variables in (("input", model.get_input_variables()), ("output", model.get_output_variables())):
        for precision in (variable.type.precision for variable in variables):
            if target.exact_bits is not None and precision.width > target.exact_bits:
                raise LmuHlsError(
                    f"the {end} has the type {precision}, but {target.name} passes floats of {target.exact_bits} exact "
                    f"bits; give it at most {target.exact_bits} bits, or {INSTEAD}"
                )


def _check_merges(model: Graph, target: Target) -> None:
    """Of two tensors hls4ml's C++ for Catapult makes zeros, or nothing that compiles, where its templates have faults.

    The half of an average is put into a type that does not have it; the larger or smaller of two values in a stream
    becomes a whole word of it.
    """
    faults = {"average": ("gives zeros", "Add and a Rescaling(0.5) behind it, io_type='io_stream'")}
    if is_streamed(model):
        faults = dict.fromkeys(("maximum", "minimum"), ("does not compile in io_stream", "io_type='io_parallel'"))
    for node in model.get_layers():
        if target.name == "Catapult" and (operation := node.get_attr("op")) in faults:
            fault, instead = faults[operation]
            raise LmuHlsError(
                f"layer {node.name!r}: hls4ml's {operation.capitalize()} for Catapult {fault}; use {instead}, or "
                f"{INSTEAD}"
            )


def _check_bits(model: Graph, target: Target) -> None:
    """hls4ml writes a fixed-point type of one bit with two, as one of its compilers needs it."""
    for node in model.get_layers():
        for key, named in node.types.items():
            if isinstance(named.precision, FixedPrecisionType) and named.precision.width == 1:
                raise LmuHlsError(
                    f"layer {node.name!r}: {key.removesuffix('_t')!r} has one bit, which hls4ml's backend "
                    f"{target.name} would make two; give it at least 2 bits, or {INSTEAD}"
                )
