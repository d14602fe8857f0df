"""What a Keras model will take as Verilog, before it is converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmu_hls.backend.design import design
from lmu_hls.flow.convert import design_of_model
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network
from lmu_hls.synth.estimate import Estimate, check_target, estimate, unknown_units
from lmu_hls.synth.estimate.model import load

if TYPE_CHECKING:
    import keras

DEVICE = "ecp5-25k"  # of the line that convert prints


def estimate_model(
    model: keras.Model,
    targets: Sequence[str],
    config: Mapping[str, Any] | None = None,
    precision: str | None = None,
    reuse_factor: int | None = None,
) -> Estimate:
    """The estimate for what :func:`lmu_hls.flow.convert` would write with these arguments; nothing is written.

    Raises LmuHlsError for what cannot be converted, and for a target that there are no models for.
    """
    for name in targets:
        check_target(load(), name)
    return estimate(design_of_model(model, config, precision, reuse_factor).plan, targets)


def estimate_line(network: Network, values_per_beat: int | str = 1) -> str:
    """What a converted network will take on DEVICE, with the errors, in a line; without the registers of --axi-lite."""
    plan = design(network, RtlOptions.from_words(values_per_beat=values_per_beat)).plan
    if unknown := unknown_units(plan, [DEVICE]):
        return f"Not estimated: {unknown}"
    (made,) = estimate(plan, [DEVICE]).targets
    fits = f"does not fit: {made.lacking}" if made.lacking else "fits"
    return f"Estimate for {DEVICE} ({fits}): {'; '.join(map(str, made.figures))}"


def estimate_text(estimate: Estimate) -> str:
    """Lines for the terminal."""
    lines = [
        f"{estimate.network}: {estimate.multipliers} multipliers, {estimate.step_cycles} cycles a step, "
        f"{estimate.sequence_cycles} cycles a sequence, latency {estimate.latency_cycles} (exact)"
    ]
    for target in estimate.targets:
        lines += [f"{target.target} ({target.title})", *(f"  {figure}" for figure in target.figures)]
        if target.usage:
            lines.append(f"  does not fit: {target.lacking}" if target.lacking else "  fits")
    return "\n".join(lines)
