"""Logic synthesis with Yosys: from Verilog to counted cells. ``families`` has one file a target."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmu_hls.synth.outcome import megahertz, require_timing, results
    from lmu_hls.synth.placing import Routing, check_routable, place_units
    from lmu_hls.synth.units import Incomplete, synthesize_units
    from lmu_hls.synth.yosys import synthesize

__all__ = [
    "Incomplete",
    "Routing",
    "check_routable",
    "megahertz",
    "place_units",
    "require_timing",
    "results",
    "synthesize",
    "synthesize_units",
]

# Loaded on first use: a list of the targets needs no NumPy
_HOME = {
    "synthesize": "lmu_hls.synth.yosys",
    "synthesize_units": "lmu_hls.synth.units",
    "Incomplete": "lmu_hls.synth.units",
    **dict.fromkeys(("Routing", "check_routable", "place_units"), "lmu_hls.synth.placing"),
    **dict.fromkeys(("megahertz", "require_timing", "results"), "lmu_hls.synth.outcome"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lmu_hls.synth' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
