"""The bits of every tensor by their weight, with the largest magnitudes that are observed and proven."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log2

from lmu_hls.fixed import FixedType
from lmu_hls.records import Manifest, TensorPrecision
from lmu_hls.report.pictures.chart import ticks
from lmu_hls.report.pictures.drawing import SMALL, WIDTH, Dot, Path, Picture, Rect, Shape, Text, fitting

LEFT, RIGHT, ROW = 104.0, 10.0, 16.0
Row = tuple[str, FixedType, bool, float, float]  # name, type, weight, largest observed and proven (0: unknown)


def chosen_types(tensors: Sequence[TensorPrecision]) -> Picture:
    """Of types that were searched for."""
    return _picture([(f"{t.layer} {t.tensor}", t.type, t.weight, t.observed, t.proven or 0.0) for t in tensors])


def given_types(manifest: Manifest) -> Picture | None:
    """Of types that the settings gave, without accumulators, which are exact."""
    rows: list[Row] = [
        (f"{layer.name} {tensor}", kind, False, 0.0, 0.0)
        for layer in manifest.model.layers
        for tensor, kind in layer.precision.items()
        if not tensor.endswith("accum")
    ]
    return _picture(rows) if rows else None


def _picture(rows: Sequence[Row]) -> Picture:
    low = min(-kind.fraction for _, kind, *_ in rows) - 1
    tops = [kind.integer - kind.signed for _, kind, *_ in rows]
    known = [log2(v) for *_, observed, proven in rows for v in (observed, proven) if 0 < v < inf]
    high = max([*tops, *known]) + 1
    scale = (WIDTH - LEFT - RIGHT) / (high - low)

    def at(weight: float) -> float:
        return LEFT + scale * (weight - low)

    shapes: list[Shape] = []
    bottom = 6 + ROW * len(rows)
    for value in ticks(low, high, 6):
        shapes.append(Path([(at(value), 4), (at(value), bottom)], "grid", 1.4 if value == 0 else 0.7))
        shapes.append(Text(at(value), bottom + 11, f"{value:g}", SMALL, "middle", "muted"))
    for k, (name, kind, weight, observed, proven) in enumerate(rows):
        y = 5 + ROW * k
        shapes.append(Text(LEFT - 6, y + 10, fitting(name, LEFT - 8, SMALL), SMALL, "end"))
        width = scale * (kind.width - kind.signed)
        color = "muted" if weight else "a"
        shapes.append(Rect(at(-kind.fraction), y + 1, width, ROW - 5, color, opacity=0.55, title=f"{name}: {kind}"))
        for magnitude, role in ((observed, "ink"), (proven, "b")):
            if 0 < magnitude < inf:
                shapes.append(Dot(at(max(log2(magnitude), low)), y + ROW / 2 - 1.5, 3, role))
    shapes.append(Text((LEFT + WIDTH) / 2, bottom + 23, "weight of the bits, log2", SMALL, "middle", "muted"))
    height = bottom + 30
    if known:
        shapes += [
            Dot(12, height + 4, 3, "ink"), Text(19, height + 8, "largest observed", SMALL),
            Dot(132, height + 4, 3, "b"), Text(139, height + 8, "largest proven", SMALL),
            Rect(250, height, 12, 7, "muted", opacity=0.55), Text(266, height + 8, "weights", SMALL),
        ]  # fmt: skip
        height += 16
    text = "Bits by weight: " + ", ".join(f"{name} {kind.short}" for name, kind, *_ in rows) + "."
    return Picture("types", "The bits of each tensor", text, height, tuple(shapes))
