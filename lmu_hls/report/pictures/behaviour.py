"""What the network does with data: float against fixed point, what the memory knows, and the answers."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hls.records.traces import Confusion, Remembered, Scatter, Signal
from lmu_hls.report.pictures.chart import Plane, legend
from lmu_hls.report.pictures.drawing import SERIES, SMALL, WIDTH, Dot, Path, Picture, Rect, Shape, Text, fitting

PLOT, ERROR = 150.0, 52.0  # heights


def curves(name: str, signals: Sequence[Signal], sequence: int) -> Picture:
    """Elements of one tensor over the steps: lines in fixed point, dashed in float, and below them the differences."""
    first = signals[0]
    steps = [first.first + k for k in range(len(first.fixed))]
    values = [value for signal in signals for value in (*signal.fixed, *signal.real)]
    plane = Plane.around(steps, values, 24, PLOT)
    what = f"{first.layer} {first.tensor}".strip()
    shapes = plane.axes("" if first.real else "step")
    shapes += legend([(f"{fitting(what, 90)}[{s.element}]", SERIES[k]) for k, s in enumerate(signals)], 12, 12)
    for k, signal in enumerate(signals):
        shapes.append(plane.curve(steps, signal.fixed, SERIES[k], width=1.6))
        if signal.real:
            shapes.append(plane.curve(steps, signal.real, "ink", width=1.0, dashed=True))
    height, worst = 24 + PLOT + 30, 0.0
    if first.real:
        gaps = [[a - b for a, b in zip(s.fixed, s.real, strict=True)] for s in signals]
        worst = max(abs(gap) for each in gaps for gap in each)
        below = Plane.around(steps, [-worst, worst], 24 + PLOT + 24, ERROR)
        shapes += below.axes("step", "fixed minus float")
        shapes += [below.curve(steps, gap, SERIES[k], width=1.2) for k, gap in enumerate(gaps)]
        height += 24 + ERROR
    many = f"{len(signals)} elements of {what} over {len(steps)} steps of sequence {sequence}"
    text = f"{many} in fixed point" + (f" and in float; the largest difference is {worst:.3g}." if first.real else ".")
    note = "Lines: fixed point. Dashed: the Keras model in float." if first.real else ""
    return Picture(name, f"{what}: fixed point against float", text, height, tuple(shapes), note=note)


def remembered(name: str, item: Remembered) -> Picture:
    """The input of a memory as it was, and as its coefficients give it back."""
    past = [-delay for delay in item.delays]
    plane = Plane.around([-item.theta, 0.0], [*item.past, *item.recalled], 24, PLOT)
    shapes = plane.axes("steps before the end of the sequence")
    shapes += legend([("u as it was", "a"), (f"from {item.order} coefficients", "b")], 12)
    shapes.append(plane.curve(past, item.past, "a", width=1.2))
    shapes += [Dot(*plane.at(x, y), 1.8, "a") for x, y in zip(past, item.past, strict=True)]
    shapes.append(plane.curve(past, item.recalled, "b", width=2.0))
    power = sum(value**2 for value in item.past)
    error = sum((a - b) ** 2 for a, b in zip(item.past, item.recalled, strict=True))
    share = f"{100 * (error / power) ** 0.5:.0f} % of its rms" if power else "all of it"
    kept = f"{item.order} coefficients hold the last {item.theta:g} steps of u; what they leave out is {share}."
    text = f"{item.layer}, channel {item.channel}: {kept}"
    return Picture(name, f"What the memory of {item.layer} remembers", text, 24 + PLOT + 32, tuple(shapes), note=text)


def confusion(item: Confusion, data: str) -> Picture:
    """A matrix of targets and answers; the diagonal is right."""
    size = len(item.counts)
    left, top = 44.0, 26.0
    cell = min(44.0, (WIDTH - left - 10) / size)
    most = max((count for row in item.counts for count in row), default=1) or 1
    shapes: list[Shape] = [Text(left + cell * size / 2, 10, "answer", SMALL, "middle", "muted")]
    step = max(1, -(-size // 16))
    for k, row in enumerate(item.counts):
        if k % step == 0:
            middle = cell * (k + 0.5)
            shapes.append(Text(left + middle, top - 4, str(k), SMALL, "middle", "muted"))
            shapes.append(Text(left - 5, top + middle + 3.5, str(k), SMALL, "end", "muted"))
        for c, count in enumerate(row):
            color = "c" if k == c else "bad"
            depth = 0.12 + 0.5 * count / most if count else 0.0
            x, y = left + cell * c, top + cell * k
            shapes.append(Rect(x, y, cell - 1, cell - 1, "panel"))
            if count:
                title = f"target {k}, answer {c}: {count}"
                shapes.append(Rect(x, y, cell - 1, cell - 1, color, opacity=depth, title=title))
            if count and cell >= 17:
                shapes.append(Text(x + (cell - 1) / 2, y + cell / 2 + 3.5, str(count), SMALL, "middle"))
    shapes.append(Text(4, top - 4, "target", SMALL, "start", "muted"))
    right = sum(row[k] for k, row in enumerate(item.counts))
    text = f"{right} of {sum(map(sum, item.counts))} answers in fixed point on {data} are right."
    return Picture("confusion", "Targets and answers", text, top + cell * size + 6, tuple(shapes), note=text)


def scatter(item: Scatter, data: str) -> Picture:
    """Outputs in fixed point over their targets, and the line on which they are equal."""
    values = [*item.targets, *item.outputs]
    plane = Plane.around([min(values), max(values)], values, 8, 210)
    ends = [min(values), max(values)]
    shapes = plane.axes("target", "output")
    shapes.append(Path([plane.at(value, value) for value in ends], "muted", 1, True))
    shapes += [Dot(*plane.at(x, y), 2.5, "a", 0.7) for x, y in zip(item.targets, item.outputs, strict=True)]
    text = f"{len(item.targets)} outputs in fixed point on {data} over their targets; the line is where they are equal."
    return Picture("scatter", "Targets and outputs", text, 8 + 210 + 32, tuple(shapes), note=text)
