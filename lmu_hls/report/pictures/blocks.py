"""The network as blocks with their sizes and rates, and what each of them takes of a step."""

from __future__ import annotations

from lmu_hls.fixed import FixedType
from lmu_hls.records import Hardware, LayerPlan, Manifest
from lmu_hls.report.pictures.drawing import NORMAL, SMALL, WIDTH, Path, Picture, Rect, Shape, Text, fitting

MARGIN, PART, HEAD, GAP = 12.0, 20.0, 24.0, 34.0
INNER = WIDTH - 2 * MARGIN


def blocks(manifest: Manifest, hardware: Hardware) -> Picture:
    """The streams from the input to the output, and the layers between them with their parts and multipliers."""
    shapes: list[Shape] = []
    words: list[str] = []
    steps, n_in = (manifest.inputs[0].steps or 0 if manifest.inputs else 0), sum(end.values for end in manifest.inputs)
    y = 4.0
    once, kind = False, manifest.inputs[0].type if len(manifest.inputs) == 1 else None
    size = " x ".join(filter(None, (str(n_in or ""), _short(kind)))) or "values"
    shapes += _stream(y, size, f"a step; {manifest.inputs[0].length} a sequence" if steps else "a step")
    y += GAP
    for layer in hardware.layers:
        height = _layer(shapes, layer, y)
        words.append(f"{layer.name} ({layer.kind}): {', '.join(_part_words(layer)) or 'no multiplications'}")
        y += height
        once = once or layer.executions == 1 < steps
        kind = [kind, *layer.types.values()][-1]  # what only stores values leaves them their type
        rate = "a sequence" if once else f"every {hardware.ii_cycles} cycles"
        shapes += _stream(y, _size(manifest, layer, kind), rate)
        y += GAP
    text = f"{n_in} values a step go through " + "; ".join(words) + "."
    return Picture("blocks", "The network in Verilog", text, y + 6, tuple(shapes))


def _size(manifest: Manifest, layer: LayerPlan, fixed_type: FixedType | None) -> str:
    """How many values of which type a layer gives, as far as that is known."""
    shapes = {item.name: item.output_shape for item in manifest.model.layers}
    owner = next((name for name in shapes if layer.name == name or layer.name == f"{name}_vector"), None)
    count = str(shapes[owner][-1]) if owner is not None and shapes[owner] else ""
    return " x ".join(filter(None, (count, _short(fixed_type)))) or "values"


def _short(fixed_type: FixedType | None) -> str:
    return fixed_type.short if fixed_type else ""


def _part_words(layer: LayerPlan) -> list[str]:
    return [f"{part.name}, {part.macs} products on {part.multipliers} multipliers" for part in layer.parts]


def _stream(y: float, size: str, rate: str) -> list[Shape]:
    x, end = MARGIN + 22.0, y + GAP
    return [
        Path([(x, y + 1), (x, end - 1)], "muted", 1.5),
        Path([(x - 4, end - 7), (x, end - 1), (x + 4, end - 7)], "muted", 1.5),
        Text(x + 12, y + 15, size, SMALL + 0.5, "start", "ink"),
        Text(x + 12, y + 28, rate, SMALL, "start", "muted"),
    ]


def _layer(shapes: list[Shape], layer: LayerPlan, y: float) -> float:
    height = HEAD + PART * len(layer.parts) + (6 if layer.parts else 0)
    shapes.append(Rect(MARGIN, y, INNER, height, "panel", "grid", title=f"{layer.name}: {layer.kind}"))
    shapes.append(Text(MARGIN + 8, y + 16, fitting(layer.name, 150), NORMAL, bold=True))
    shapes.append(Text(MARGIN + INNER - 8, y + 16, fitting(layer.kind, 120), SMALL, "end", "muted"))
    for k, part in enumerate(layer.parts):
        top = y + HEAD + PART * k
        share = part.cycles / max(1, layer.ii_cycles)
        shapes.append(Rect(MARGIN + 8, top, INNER - 16, PART - 3, "paper", "grid"))
        shapes.append(Rect(MARGIN + 8, top, (INNER - 16) * min(1.0, share), PART - 3, "a", opacity=0.22))
        shapes.append(Text(MARGIN + 14, top + 12.5, fitting(part.name, 110, SMALL), SMALL))
        counts = f"{part.multipliers} mult, {part.macs} products, {part.cycles} cycles"
        shapes.append(Text(MARGIN + INNER - 14, top + 12.5, counts, SMALL, "end"))
    return height


def pace(hardware: Hardware) -> Picture:
    """Cycles that each stage takes for a step, beside the pace of the network; those that work once a sequence too."""
    rows = [
        (f"{layer.name} {unit}" if len(layer.cycles) > 1 else layer.name, cycles, layer.executions)
        for layer in hardware.layers
        for unit, cycles in layer.cycles.items()
    ]
    steps = max((executions for _, _, executions in rows), default=1)
    longest = max([hardware.ii_cycles, *(cycles for _, cycles, _ in rows)])
    left, right, height = 120.0, 48.0, 19.0
    scale = (WIDTH - left - right) / longest
    shapes: list[Shape] = []
    for k, (name, cycles, executions) in enumerate(rows):
        y = 8 + height * k
        once = executions == 1 < steps
        shapes.append(Text(left - 6, y + 11, fitting(name, left - 8, SMALL), SMALL, "end"))
        shapes.append(Rect(left, y, scale * cycles, height - 5, "d" if once else "a", title=f"{name}: {cycles} cycles"))
        shapes.append(Text(WIDTH - 8, y + 11, str(cycles), SMALL, "end"))
    bottom = 8 + height * len(rows)
    at = left + scale * hardware.ii_cycles
    shapes.append(Path([(at, 4), (at, bottom)], "b", 1.5, True))
    shapes.append(Text(at, bottom + 11, f"a step: {hardware.ii_cycles}", SMALL, "middle", "b"))
    names = [("every step", "a")] + [("once a sequence", "d")] * any(1 == row[2] < steps for row in rows)
    x = MARGIN
    for name, color in names:
        shapes += [Rect(x, bottom + 18, 12, 5, color), Text(x + 16, bottom + 24, name, SMALL)]
        x += 110
    text = "Cycles by formula: " + ", ".join(f"{name} {cycles}" for name, cycles, _ in rows)
    text += f". A step takes {hardware.ii_cycles} cycles, its latency is {hardware.latency_cycles}."
    return Picture("pace", "What the stages take, in cycles", text, bottom + 32, tuple(shapes))
