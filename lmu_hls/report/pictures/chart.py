"""A plane with two axes, in which curves, dots and bars are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from lmu_hls.report.pictures.drawing import SMALL, WIDTH, Path, Rect, Shape, Text

LEFT, RIGHT, TOP, BOTTOM = 40.0, 8.0, 8.0, 30.0  # margins with the text of the axes


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in [low, high], about ``count`` of them."""
    span = high - low
    if not (isfinite(span) and span > 0):
        return [low]
    rough = span / count
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [step * k for k in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Plane:
    """From (left, low) to (right, high) in the units of the data, drawn in a frame whose top edge is at ``y``."""

    left: float
    right: float
    low: float
    high: float
    y: float = TOP
    height: float = 150.0
    width: float = WIDTH - LEFT - RIGHT
    x: float = LEFT

    @classmethod
    def around(cls, across: Sequence[float], up: Iterable[float], y: float = TOP, height: float = 150.0) -> Plane:
        """The plane that holds all values, with a little room above and below."""
        values = list(up)
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 1.0
        left, right = min(across), max(across)
        return cls(left, right if right > left else left + 1, low - room, high + room, y, height)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        across = (x - self.left) / (self.right - self.left)
        up = (y - self.low) / (self.high - self.low)
        return self.x + across * self.width, self.y + (1 - up) * self.height

    def curve(self, xs: Sequence[float], ys: Sequence[float], color: str, **style: float | bool) -> Path:
        return Path([self.at(x, y) for x, y in zip(xs, ys, strict=True)], color, **style)  # type: ignore[arg-type]

    def axes(self, across: str, up: str = "") -> list[Shape]:
        """Grid, numbers and the names of the axes; the name of the one that goes up stands inside, at the top."""
        bottom = self.y + self.height
        shapes: list[Shape] = [Rect(self.x, self.y, self.width, self.height, "", "grid")]
        for value in ticks(self.low, self.high, 4):
            _, y = self.at(self.left, value)
            shapes.append(Path([(self.x, y), (self.x + self.width, y)], "grid", 0.6))
            shapes.append(Text(self.x - 4, y + 3.5, f"{value:.4g}", SMALL, "end", "muted"))
        for value in ticks(self.left, self.right, 6):
            x, _ = self.at(value, self.low)
            shapes.append(Path([(x, bottom), (x, bottom + 3)], "grid", 1))
            shapes.append(Text(x, bottom + 13, f"{value:.4g}", SMALL, "middle", "muted"))
        if across:
            shapes.append(Text(self.x + self.width / 2, bottom + 25, across, SMALL, "middle", "muted"))
        if up:
            shapes.append(Text(self.x + 5, self.y + 12, up, SMALL, "start", "muted"))
        return shapes


def legend(names: Sequence[tuple[str, str]], y: float, x: float = LEFT) -> list[Shape]:
    """A line of (name, colour)."""
    shapes: list[Shape] = []
    for name, color in names:
        shapes.append(Rect(x, y - 6, 12, 4, color))
        shapes.append(Text(x + 16, y, name, SMALL, "start", "ink"))
        x += 30 + 0.57 * SMALL * len(name)
    return shapes
