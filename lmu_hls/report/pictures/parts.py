"""What each part of a design takes, and where it lies on the chip; a part has the same colour in all these pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from lmu_hls.records import Placement, Resources
from lmu_hls.records.placement import LETTERS, REST, Layout
from lmu_hls.report.pictures.drawing import SERIES, SMALL, WIDTH, Area, Picture, Rect, Shape, Text, fitting
from lmu_hls.report.record import Report

ROW, LEFT, RIGHT = 19.0, 78.0, 52.0
OTHER = "muted"  # the colour of parts without one of their own
MAP_HEIGHT = 300.0  # at most
WHOLE = 0.5  # from this share of the chip on, all of it is drawn
INSET_WIDTH, INSET_HEIGHT = 110.0, 86.0  # of the small chip, at most
TOP = "the top"


def part_colors(report: Report) -> dict[str, str]:
    """{instance: role of its colour} for the largest parts, by their share of what is counted, else of the tiles."""
    shares: defaultdict[str, float] = defaultdict(float)
    for item in report.resources:
        for part, counts in item.parts.items():
            for kind, count in counts.items():
                shares[part] += count / item.counts[kind] if kind in ("LUT", "FF") else 0.0
    if not shares:
        for layout in (placement.layout for placement in report.placements if placement.layout):
            for k, part in enumerate(layout.parts):
                shares[part] += _tiles(layout, k)
    largest = sorted(shares.keys() - {"", REST}, key=lambda part: (-shares[part], part))
    return dict(zip(largest, SERIES, strict=False))


def part_bars(name: str, items: Sequence[Resources], short: Collection[str], colors: Mapping[str, str]) -> Picture:
    """A bar for each resource that the target counts, divided among the parts of the unit; ``short`` matter most."""
    several = len(items) > 1
    shapes: list[Shape] = []
    words, k = [], 0
    for item in items:
        for kind, count in item.counts.items():
            if not count:
                continue
            y = 6 + ROW * k
            label = f"{item.unit} {kind}" if several else kind
            shapes.append(Text(LEFT - 6, y + 11, fitting(label, LEFT - 8, SMALL), SMALL, "end"))
            shapes += _divided(y, kind, item, colors, 0.9 if kind in short else 0.45)
            shapes.append(Text(WIDTH - RIGHT + 5, y + 11, str(count), SMALL))
            words.append(f"{label} {count}{_in_words(item, kind)}")
            k += 1
    seen = [part for part in colors if any(part in item.parts for item in items)]
    more = any(set(item.parts) - set(colors) for item in items) and bool(seen)
    legend, height = _legend(seen, more, colors, 16 + ROW * k)
    title = f"{items[0].target}, counted by {items[0].tool}"
    note = (
        "Each bar is the whole of a resource; the main ones are in full colour."
        if set(_kinds(items)) - set(short)
        else ""
    )
    return Picture(name, title, f"{title}: {'; '.join(words)}.", height, (*shapes, *legend), note=note)


def layout_map(name: str, item: Placement, layout: Layout, colors: Mapping[str, str]) -> Picture:
    """The tiles of the chip in the colours of their parts, those with multipliers and block RAMs in full colour.

    What is drawn is the rectangle of the chip that the unit lies in; a small chip beside the names shows where that is.
    """
    box = _box(layout)
    size = min((WIDTH - 12) / box.columns, MAP_HEIGHT / box.rows)
    left, top = (WIDTH - size * box.columns) / 2, 6.0
    shapes: list[Shape] = [Rect(left - 1, top - 1, size * box.columns + 2, size * box.rows + 2, "panel", "grid")]
    for character, rects in _places(layout, box, size, left, top).items():
        part = "the harness" if character == "-" else layout.parts[LETTERS.index(character.lower())]
        color = "grid" if character == "-" else colors.get(part, OTHER)
        kind = ", multipliers and block RAM" if character.isupper() else ""
        strength = 1.0 if character.isupper() or character == "-" else 0.62
        shapes.append(Area(rects, color, strength, f"{part or TOP}{kind}"))
    below = top + size * box.rows + 14
    seen = [part for part in colors if part in layout.parts]
    legend, height = _legend(seen, len(seen) < len(layout.parts), colors, below, columns=1)
    columns, rows = len(layout.rows[0]), len(layout.rows)
    chip, lowest = _chip(columns, rows, box, below)
    tiles = [f"{part or TOP} {_tiles(layout, k)}" for k, part in enumerate(layout.parts)]
    used = sum(_tiles(layout, k) for k in range(len(layout.parts)))
    text = f"Of {columns} x {rows} tiles, the unit lies in {used}, most of them of: {', '.join(tiles)}."
    note = f"{used} of {columns * rows} tiles, of seed {item.seed}; in full colour are multipliers and block RAM"
    note += ", grey is the harness." if any("-" in row for row in layout.rows) else "."
    title = f"{item.unit} on {item.target}, placed"
    return Picture(name, title, text, max(height, lowest), (*shapes, *legend, *chip), note=note)


class _Box(NamedTuple):
    """Some columns and rows of a chip, from column ``x`` and row ``y``."""

    x: int
    y: int
    columns: int
    rows: int


def _box(layout: Layout) -> _Box:
    """What the unit lies in, with a tile around it; the whole chip where it lies in most of it, or nowhere."""
    columns, rows = len(layout.rows[0]), len(layout.rows)
    mine = [(x, y) for y, row in enumerate(layout.rows) for x, character in enumerate(row) if character.isalpha()]
    if not mine:
        return _Box(0, 0, columns, rows)
    (left, right), (top, bottom) = ((min(at), max(at)) for at in zip(*mine, strict=True))
    left, right = max(0, left - 1), min(columns, right + 2)
    top, bottom = max(0, top - 1), min(rows, bottom + 2)
    if (right - left) * (bottom - top) > WHOLE * columns * rows:
        return _Box(0, 0, columns, rows)
    return _Box(left, top, right - left, bottom - top)


def _chip(columns: int, rows: int, box: _Box, y: float) -> tuple[list[Shape], float]:
    """The outline of the chip with the box in it, and the height below; nothing where the box is the chip."""
    if (box.columns, box.rows) == (columns, rows):
        return [], 0.0
    size = min(INSET_WIDTH / columns, INSET_HEIGHT / rows)
    x = WIDTH - 8 - size * columns
    outline = Rect(x, y, size * columns, size * rows, "panel", "muted")
    inside = Rect(x + size * box.x, y + size * box.y, size * box.columns, size * box.rows, "ink", opacity=0.45)
    words = Text(x - 6, y + 9, "of the chip", SMALL, "end", "muted")
    return [outline, inside, words], y + size * rows + 4


def _kinds(items: Sequence[Resources]) -> list[str]:
    return [kind for item in items for kind, count in item.counts.items() if count]


def _divided(y: float, kind: str, item: Resources, colors: Mapping[str, str], opacity: float) -> list[Shape]:
    """The bar of one resource: the parts with a colour in its order, then all others."""
    width, x = WIDTH - LEFT - RIGHT, LEFT
    parts = [(part, colors[part], item.parts[part].get(kind, 0)) for part in colors if part in item.parts]
    others = item.counts[kind] - sum(count for *_, count in parts)
    shapes: list[Shape] = []
    for part, color, count in [*parts, ("other parts" if parts else item.unit, OTHER if parts else "a", others)]:
        if count:
            length = width * count / item.counts[kind]
            shapes.append(Rect(x, y, length, ROW - 5, color, opacity=opacity, title=f"{part}: {count} {kind}"))
            x += length
    return shapes


def _in_words(item: Resources, kind: str) -> str:
    taken = [f"{part or TOP} {counts[kind]}" for part, counts in item.parts.items() if kind in counts]
    return f" ({', '.join(taken)})" if taken else ""


def _legend(
    parts: Sequence[str], more: bool, colors: Mapping[str, str], y: float, columns: int = 2
) -> tuple[list[Shape], float]:
    """Names in one or two columns, and the height below them."""
    names = [(part, colors[part]) for part in parts] + [("other parts", OTHER)] * more
    shapes: list[Shape] = []
    for k, (name, color) in enumerate(names):
        x, at = 8 + (WIDTH / 2) * (k % columns), y + 15 * (k // columns)
        shapes.append(Rect(x, at - 3, 12, 9, color, opacity=0.9))
        shapes.append(Text(x + 17, at + 5, fitting(name, WIDTH / 2 - 30, SMALL), SMALL))
    return shapes, y + 15 * -(-len(names) // columns) + (2 if names else -4)


def _tiles(layout: Layout, part: int) -> int:
    letter = LETTERS[part]
    return sum(row.lower().count(letter) for row in layout.rows)


def _places(
    layout: Layout, box: _Box, size: float, left: float, top: float
) -> dict[str, list[tuple[float, float, float, float]]]:
    """{character: its rectangles}, neighbours in a row joined; "-" first, so that it is drawn below the others."""
    found: dict[str, list[tuple[float, float, float, float]]] = {"-": []}
    for y, row in enumerate(layout.rows[box.y : box.y + box.rows]):
        x = 0
        for character, group in groupby(row[box.x : box.x + box.columns]):
            length = len(list(group))
            if character != ".":
                rect = (left + size * x, top + size * y, size * length, size)
                found.setdefault(character, []).append(rect)
            x += length
    return {character: rects for character, rects in found.items() if rects}
