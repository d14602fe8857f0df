"""One step through the Verilog, as it was simulated: when each stream moves, and an excerpt with its values."""

from __future__ import annotations

from lmu_hls.records.traces import Beats, Excerpt
from lmu_hls.report.pictures.chart import Plane, ticks
from lmu_hls.report.pictures.drawing import SMALL, WIDTH, Path, Picture, Rect, Shape, Text, fitting

LEFT, ROW = 84.0, 22.0
CELL, CYCLES, LABEL, LANE = 29.0, 26, 96.0, 26.0  # of the excerpt with values


def stream_name(stream: Beats) -> str:
    return f"{stream.layer} {stream.tensor}".strip()


def timeline(excerpt: Excerpt) -> Picture:
    """A row a stream: a mark for each beat, from the first beat in to the last beat out."""
    end = excerpt.cycles
    bottom = 6 + ROW * len(excerpt.streams)
    plane = Plane(0, end, 0, 1, 6, bottom - 6, WIDTH - LEFT - 8, LEFT)
    shapes: list[Shape] = []
    for value in ticks(0, end, 5):
        x, _ = plane.at(value, 0)
        shapes += [
            Path([(x, 4), (x, bottom)], "grid", 0.7),
            Text(x, bottom + 12, f"{value:g}", SMALL, "middle", "muted"),
        ]
    words = []
    for k, stream in enumerate(excerpt.streams):
        y = 6 + ROW * k
        shapes.append(Text(LEFT - 6, y + 14, fitting(stream_name(stream), LEFT - 8, SMALL), SMALL, "end"))
        if not stream.cycles:
            continue
        first, last = stream.cycles[0], stream.cycles[-1]
        (left, _), (right, _) = plane.at(first, 0), plane.at(last + 1, 0)
        said = f"{stream_name(stream)}: {len(stream.cycles)} beats in cycles {first} to {last}"
        shapes.append(Rect(left, y + 4, right - left, ROW - 9, "a", opacity=0.18, title=said))
        width = max(0.8, plane.width / end)
        shapes += [Rect(plane.at(cycle, 0)[0], y + 4, width, ROW - 9, "a") for cycle in stream.cycles]
        words.append(said)
    shapes.append(Text(LEFT + plane.width / 2, bottom + 25, "clock cycle", SMALL, "middle", "muted"))
    text = f"One step in an idle accelerator, simulated by {excerpt.simulator}. {'; '.join(words)}."
    note = f"The last step of a sequence in an idle accelerator, simulated by {excerpt.simulator}. A mark is a beat."
    return Picture("timeline", "One step, from input to output", text, bottom + 32, tuple(shapes), note=note)


def wave(excerpt: Excerpt) -> Picture:
    """CYCLES cycles with the clock, and valid-and-ready and the value of each stream in hexadecimal."""
    start = _start(excerpt)
    shapes: list[Shape] = []
    cycles = range(start, start + CYCLES)
    height = 22 + LANE * (1 + len(excerpt.streams))
    for k, cycle in enumerate(cycles):
        x = LABEL + CELL * k
        shapes.append(Path([(x, 16), (x, height)], "grid", 0.6))
        if cycle % 4 == 0:
            shapes.append(Text(x + CELL / 2, 11, str(cycle), SMALL, "middle", "muted"))
    shapes += [Text(LABEL - 8, 22 + 15, "clock", SMALL, "end"), _clock(22 + 5)]
    for row, stream in enumerate(excerpt.streams, 1):
        y = 22 + LANE * row
        shapes.append(Text(LABEL - 8, y + 15, fitting(stream_name(stream), LABEL - 10, SMALL), SMALL, "end"))
        shapes += _lane(stream, start, y)
    width = LABEL + CELL * CYCLES + 8
    text = f"Cycles {start} to {start + CYCLES - 1} of that step: {', '.join(map(stream_name, excerpt.streams))}."
    note = "A box is a beat that is taken, with its value in hexadecimal; between beats a stream says nothing."
    return Picture("wave", "Waveform of that step, an excerpt", text, height + 4, tuple(shapes), width, note)


def _start(excerpt: Excerpt) -> int:
    """Where most streams move within CYCLES cycles; of equals the one with most beats, the first."""

    def worth(start: int) -> tuple[int, int, int]:
        counts = [sum(start <= cycle < start + CYCLES for cycle in stream.cycles) for stream in excerpt.streams]
        return sum(map(bool, counts)), sum(counts), -start

    starts = {cycle for stream in excerpt.streams for cycle in (stream.cycles[:1] + stream.cycles[-1:])}
    return max((max(0, start - 2) for start in starts), key=worth, default=0)


def _clock(y: float) -> Path:
    points: list[tuple[float, float]] = []
    for k in range(CYCLES):
        x = LABEL + CELL * k
        points += [(x, y + 14), (x, y), (x + CELL / 2, y), (x + CELL / 2, y + 14), (x + CELL, y + 14)]
    return Path(points, "muted", 1.2)


def _lane(stream: Beats, start: int, y: float) -> list[Shape]:
    middle, end = y + 12, LABEL + CELL * CYCLES
    shapes: list[Shape] = [Path([(LABEL, middle), (end, middle)], "muted", 0.8)]
    digits = -(-max(stream.width, 1) // 4)
    for cycle, value in zip(stream.cycles, stream.values, strict=True):
        if not start <= cycle < start + CYCLES:
            continue
        x = LABEL + CELL * (cycle - start)
        text = f"{value & ((1 << max(stream.width, 1)) - 1):0{digits}x}"
        shapes.append(Rect(x + 0.8, y + 3, CELL - 1.6, 18, "paper", "a", title=f"cycle {cycle}: {value}"))
        shown = text if len(text) <= 4 else f"{text[:3]}…"
        shapes.append(Text(x + CELL / 2, y + 15.5, shown, 9.5, "middle"))
    return shapes
