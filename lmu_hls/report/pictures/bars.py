"""Resources as bars: of a device in percent; multipliers by part; energy by operation."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hls.records import Energy, Hardware, Placement
from lmu_hls.report.pictures.drawing import SMALL, WIDTH, Picture, Rect, Shape, Text, fitting

ROW, LEFT, RIGHT = 19.0, 96.0, 112.0
ENERGY_LEFT = 160.0  # kinds of operations have long names


def bars(
    name: str,
    title: str,
    rows: Sequence[tuple[str, float, str, str]],
    whole: float = 0.0,
    sums: str = "",
    left: float = LEFT,
) -> Picture:
    """Rows of (name, value, what stands behind the bar, role of the colour); ``whole`` is the length of a full bar,
    ``left`` the room for the names."""
    longest = whole or max((value for _, value, _, _ in rows), default=1.0) or 1.0
    scale = (WIDTH - left - RIGHT) / longest
    shapes: list[Shape] = []
    for k, (label, value, behind, color) in enumerate(rows):
        y = 6 + ROW * k
        shapes.append(Text(left - 6, y + 11, fitting(label, left - 8, SMALL), SMALL, "end"))
        if whole:
            shapes.append(Rect(left, y, scale * whole, ROW - 5, "panel"))
        shapes.append(Rect(left, y, scale * min(value, longest), ROW - 5, color, title=f"{label}: {behind}"))
        at = scale * (whole or min(value, longest))
        shapes.append(Text(left + at + 5, y + 11, behind, SMALL))
    text = f"{title}: " + "; ".join(f"{label} {behind}" for label, _, behind, _ in rows) + "."
    return Picture(name, title, f"{text} {sums}".strip(), 12 + ROW * len(rows), tuple(shapes))


def device_bars(name: str, item: Placement) -> Picture:
    """What a unit takes of each resource of its device, in percent."""
    rows = [
        (kind, min(use.percent, 100.0), f"{use.percent:.1f} % ({use.used})", "a" if use.fits else "bad")
        for kind, use in item.utilisation.items()
        if use.available or use.used
    ]
    return bars(name, f"{item.unit} on {item.target}, of the device", rows, 100.0)


def multiplier_bars(hardware: Hardware) -> Picture:
    """Multipliers of each part of each layer."""
    rows = [
        (part.name if len(hardware.layers) == 1 or layer.name == part.name else f"{layer.name} {part.name}",
         float(part.multipliers), f"{part.multipliers} for {part.macs}", "a")
        for layer in hardware.layers
        for part in layer.parts
    ]  # fmt: skip
    sums = f"{hardware.multipliers} in all, {100 * hardware.utilisation:.1f} % of their cycles needed."
    return bars("multipliers", "Multipliers for the products of a step", rows, sums=sums)


def energy_bars(item: Energy) -> Picture:
    """The estimated energy of each kind of operation in an inference."""
    rows = [(kind.name, kind.picojoules, f"{kind.picojoules / 1000:.3g} nJ", "a") for kind in item.operations]
    sums = f"{item.energy_per_inference_nj:.4g} nJ an inference at {item.node_nm} nm, an estimate: {item.method}."
    return bars("energy", "Energy of an inference, estimate", rows, sums=sums, left=ENERGY_LEFT)
