"""Does it fit, and by how much not; and what would: a reuse factor or fewer bits, estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lmu_hls.records.placement import Usage
from lmu_hls.synth.families import Target

if TYPE_CHECKING:  # the planner is loaded where something does not fit
    from lmu_hls.spec import Network

MARGIN = 0.9  # of a device's logic, more of which is hard to route
_MULTIPLIERS = ("DSP", "MULT9X9", "MULT18X18", "MULT36X36")
_LOGIC = ("LUT", "FF", "LC", "ALU", "CARRY")


def usage_of(target: Target, counts: Mapping[str, int]) -> dict[str, Usage]:
    """{resource: used and available} of what the device has and the synthesis counts; {} for a family."""
    if target.device is None:
        return {}
    return {name: Usage(counts[name], has) for name, has in target.device.available.items() if name in counts}


def lacking(usage: Mapping[str, Usage]) -> str:
    """What there is too little of, such as "25 of 8 DSP (17 too many)"; "" when it fits."""
    return ", ".join(
        f"{use.used} of {use.available} {name} ({use.used - use.available} too many)"
        for name, use in usage.items()
        if not use.fits
    )


def remedy(network: Network, usage: Mapping[str, Usage], multipliers: int, streaming: bool = False) -> str:
    """What would fit, estimated from this synthesis; "" where nothing is lacking.

    Multipliers are scaled with those of the plan, logic with them down to the half that does not depend on them.
    Memory does not shrink with the reuse factor, only with the number of bits.
    """
    over = {name: use for name, use in usage.items() if not use.fits}
    if not over:
        return ""
    narrower = _narrower(network, over, multipliers)
    if any(name not in (*_MULTIPLIERS, *_LOGIC) for name in over):
        return f"no reuse factor makes memory smaller; {narrower}"
    found = _reuse_factor(network, over, multipliers, streaming)
    if found is None:
        return f"no reuse factor makes it small enough (estimate); {narrower}"
    cycles, fewer = found
    return (
        f"--reuse-factor {cycles}, with {fewer} instead of {multipliers} multipliers, would fit (estimate); {narrower}"
    )


def _narrower(network: Network, over: Mapping[str, Usage], multipliers: int) -> str:
    """What fewer bits would do."""
    larger = "otherwise a larger device"
    if any(use.available < multipliers for name, use in over.items() if name in _MULTIPLIERS):
        return larger
    share = min(use.available / use.used for use in over.values())
    widest = max(item.type.width for item in network.inputs)
    bits = int(widest * share)
    if bits < 4:
        return larger
    return f"{larger}, or types of about {bits} instead of {widest} bits (estimate)"


def _reuse_factor(
    network: Network, over: Mapping[str, Usage], multipliers: int, streaming: bool
) -> tuple[int, int] | None:
    """The lowest reuse factor that fits, and its multipliers. More cycles never take more multipliers."""
    from lmu_hls.rtl.reuse import fastest, settle

    least = fastest(network, streaming)
    slowest = settle(_free(network, least), least, streaming).most_cycles

    def needed(cycles: int) -> int:
        return settle(_free(network, cycles), cycles, streaming).multipliers

    def enough(cycles: int) -> bool:
        return all(_fits(name, use, needed(cycles) / multipliers) for name, use in over.items())

    if not multipliers or not enough(slowest):
        return None
    low, high = least, slowest
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low, needed(low)


def _fits(name: str, use: Usage, share: float) -> bool:
    if name in _MULTIPLIERS:
        return use.used * share <= use.available
    return use.used * (0.5 + 0.5 * share) <= MARGIN * use.available


def _free(network: Network, cycles: int) -> Network:
    """The network whose layers all ask for so many cycles."""
    from lmu_hls.rtl.stages import stage_of

    stages = {layer.name: stage_of(layer) for layer in network.layers}
    return network.map_layers({name: stage.with_reuse_factor(cycles) for name, stage in stages.items() if stage.search})
