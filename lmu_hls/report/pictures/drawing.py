"""Pictures as data: shapes in roles of colour, drawn as SVG for a page or a file, and as PNG.

A colour is a role ("ink", "a", "bad"); the page and the files say what it is in light and in dark. Lengths are in
pixels of a picture that is 360 wide, so that its text is legible on a telephone, too.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lmu_hls.naming import html, visible

WIDTH = 360.0
SMALL, NORMAL = 10.0, 11.5  # sizes of text
CHARACTER = 0.57  # mean width of a character, of the size
PNG_SCALE = 3

LIGHT: Mapping[str, str] = {
    "ink": "#1b1f24", "muted": "#57606a", "grid": "#d0d7de", "paper": "#ffffff", "panel": "#eef2f6",
    "a": "#0969da", "b": "#b34700", "c": "#1a7f37", "d": "#7a48d6", "e": "#0c727b", "bad": "#cf222e", "warn": "#8f6000",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "ink": "#e6edf3", "muted": "#9ea7b3", "grid": "#3d444d", "paper": "#0d1117", "panel": "#1a212b",
    "a": "#58a6ff", "b": "#f0883e", "c": "#3fb950", "d": "#bc8cff", "e": "#39c5cf", "bad": "#ff7b72", "warn": "#d29922",
}  # fmt: skip
SERIES = ("a", "b", "c", "d", "e")  # the colours of curves, in this order


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle, filled with a role at an opacity, or ("") empty; ``outline`` is the role of its edge."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "panel"
    outline: str = ""
    opacity: float = 1.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points."""

    points: Sequence[tuple[float, float]]
    color: str = "ink"
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float = 2.0
    color: str = "a"
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``y`` is its base line, ``anchor`` is "start", "middle" or "end" of it at ``x``."""

    x: float
    y: float
    text: str
    size: float = NORMAL
    anchor: str = "start"
    color: str = "ink"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """Rectangles (x, y, width, height) of one colour, which are one element of the page."""

    rects: Sequence[tuple[float, float, float, float]]
    fill: str = "a"
    opacity: float = 1.0
    title: str = ""


Shape = Rect | Path | Dot | Text | Area


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with the heading that it has in the report. ``text`` says in words what is seen, for whoever does not
    see it; ``note`` is what everyone should know. ``wide`` ones are more than WIDTH and may be scrolled."""

    name: str
    title: str
    text: str
    height: float
    shapes: tuple[Shape, ...]
    width: float = WIDTH
    note: str = ""

    @property
    def wide(self) -> bool:
        return self.width > WIDTH


def fitting(text: str, width: float, size: float = NORMAL) -> str:
    """``text``, cut with an ellipsis where it is longer than ``width`` pixels."""
    shown = visible(text)
    most = max(1, int(width / (CHARACTER * size)))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def svg(picture: Picture) -> str:
    """The <svg> for a page that has the roles as variables of CSS."""
    name = html(picture.name)
    label = f'role="img" aria-labelledby="{name}-t {name}-d"'
    head = f'<title id="{name}-t">{html(picture.title)}</title><desc id="{name}-d">{html(picture.text)}</desc>'
    size = f'viewBox="0 0 {_n(picture.width)} {_n(picture.height)}"'
    body = "".join(_element(shape) for shape in picture.shapes)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {label}>{head}{body}</svg>'


def svg_file(picture: Picture) -> str:
    """A file of its own, light or dark as the reader's screen is."""
    paper = '<rect width="100%" height="100%" fill="var(--paper)"/>'
    style = f"<style>{css()}text{{font-family:sans-serif}}</style>{paper}"
    size = f'width="{_n(2 * picture.width)}" height="{_n(2 * picture.height)}" '
    return svg(picture).replace("viewBox", size + "viewBox", 1).replace("</desc>", f"</desc>{style}", 1) + "\n"


def css() -> str:
    """The roles as variables, in light and in dark."""

    def block(colors: Mapping[str, str]) -> str:
        return ":root{" + "".join(f"--{role}:{color};" for role, color in colors.items()) + "}"

    return block(LIGHT) + f"@media (prefers-color-scheme: dark){{@media screen{{{block(DARK)}}}}}"


def png(picture: Picture) -> bytes:
    """The picture in light colours, PNG_SCALE times as large; the same picture gives the same bytes."""
    from PIL import Image, ImageDraw, ImageFont

    scale = PNG_SCALE
    image = Image.new("RGB", (round(scale * picture.width), round(scale * picture.height)), LIGHT["paper"])
    draw = ImageDraw.Draw(image)
    fonts: dict[float, Any] = {}
    for shape in picture.shapes:
        if isinstance(shape, Rect):
            right, below = shape.x + max(shape.width, 0.3), shape.y + max(shape.height, 0.3)
            draw.rectangle(
                [scale * shape.x, scale * shape.y, scale * right, scale * below],
                _blend(shape.fill, shape.opacity) if shape.fill else None,
                LIGHT[shape.outline] if shape.outline else None,
                scale,
            )
        elif isinstance(shape, Area):
            for x, y, width, height in shape.rects:
                box = [scale * x, scale * y, scale * (x + width) - 1, scale * (y + height) - 1]
                draw.rectangle(box, _blend(shape.fill, shape.opacity))
        elif isinstance(shape, Path):
            points = [(scale * x, scale * y) for x, y in shape.points]
            draw.line(points, LIGHT[shape.color], max(1, round(scale * shape.width)), "curve")
        elif isinstance(shape, Dot):
            draw.circle((scale * shape.x, scale * shape.y), scale * shape.radius, _blend(shape.color, shape.opacity))
        else:
            font = fonts.setdefault(shape.size, ImageFont.load_default(scale * shape.size))
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            place = (scale * shape.x, scale * shape.y)
            draw.text(place, visible(shape.text), LIGHT[shape.color], font, anchor)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def _blend(role: str, opacity: float) -> tuple[int, ...]:
    def channels(color: str) -> list[int]:
        return [int(color[k : k + 2], 16) for k in (1, 3, 5)]

    pairs = zip(channels(LIGHT[role]), channels(LIGHT["paper"]), strict=True)
    return tuple(round(opacity * over + (1 - opacity) * under) for over, under in pairs)


def _n(value: float) -> str:
    """A coordinate, to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _element(shape: Shape) -> str:
    if isinstance(shape, Rect):
        fill = f"var(--{shape.fill})" if shape.fill else "none"
        edge = f' stroke="var(--{shape.outline})"' if shape.outline else ""
        title = f"<title>{html(shape.title)}</title>" if shape.title else ""
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
        return f'<rect {place} fill="{fill}"{edge}{_opacity(shape.opacity)}>{title}</rect>'
    if isinstance(shape, Path):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        dash = ' stroke-dasharray="4 3"' if shape.dashed else ""
        line = f'stroke="var(--{shape.color})" stroke-width="{_n(shape.width)}"'
        return f'<polyline points="{points}" fill="none" {line}{dash}/>'
    if isinstance(shape, Area):
        drawn = "".join(f"M{_n(x)} {_n(y)}h{_n(w)}v{_n(h)}h{_n(-w)}z" for x, y, w, h in shape.rects)
        title = f"<title>{html(shape.title)}</title>" if shape.title else ""
        return f'<path d="{drawn}" fill="var(--{shape.fill})"{_opacity(shape.opacity)}>{title}</path>'
    if isinstance(shape, Dot):
        place = f'cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}"'
        return f'<circle {place} fill="var(--{shape.color})"{_opacity(shape.opacity)}/>'
    weight = ' font-weight="600"' if shape.bold else ""
    place = f'x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}" text-anchor="{shape.anchor}"'
    return f'<text {place} fill="var(--{shape.color})"{weight}>{html(shape.text)}</text>'


def _opacity(value: float) -> str:
    return "" if value == 1.0 else f' opacity="{_n(value)}"'
