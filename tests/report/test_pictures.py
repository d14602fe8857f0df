"""Every picture says what its record says, in its shapes and in words, and takes whatever a record may hold."""

import dataclasses
import re

import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.records import Energy, OperationEnergy, Placement, SeedRun, TensorPrecision, Usage
from lmu_hls.records.placement import Layout
from lmu_hls.report.cards import cards
from lmu_hls.report.pictures import bars, behaviour, drawing, parts, types, wave
from lmu_hls.report.pictures.chart import Plane, ticks
from lmu_hls.report.pictures.gallery import pictures_of
from tests.support.sample_records import BASIS, COUNTS, EXCERPT, RESOURCES, TRACES

PARTS = {
    "lmu_hidden": {"LUT": 200, "LUTRAM": 8, "FF": 300, "DSP": 1},
    "lmu_memory": {"LUT": 100, "SRL": 4, "FF": 40, "CARRY4": 20, "BRAM18": 3},
    "": {"LUT": 12, "FF": 12},
}


def labels(picture):
    return [shape.text for shape in picture.shapes if isinstance(shape, drawing.Text)]


def test_a_report_with_everything_has_all_pictures_and_their_files():
    report = dataclasses.replace(BASIS, traces=TRACES)
    names = [picture.name for group in pictures_of(report).values() for picture in group]
    assert names[:4] == ["blocks", "pace", "timeline", "wave"] and len(names) == len(set(names))
    assert {"signals-0", "signals-1", "memory-0", "confusion", "scatter", "types"} <= set(names)
    for group in pictures_of(report).values():
        for picture in group:
            assert picture.text and drawing.svg_file(picture).startswith("<svg")
            assert drawing.png(picture) == drawing.png(picture)
            inside = [shape for shape in picture.shapes if isinstance(shape, drawing.Text)]
            assert all(-1 <= text.x <= picture.width + 1 and 0 <= text.y <= picture.height for text in inside)


def test_the_waveform_shows_values_as_the_bus_has_them():
    shown = labels(wave.wave(EXCERPT))
    assert "ffff" in shown and "0005" in shown and "ffe" in shown
    assert EXCERPT.cycles == 276 and "x: 2 beats in cycles 0 to 1" in wave.timeline(EXCERPT).text


def test_the_largest_difference_is_named():
    assert "the largest difference is 0.5" in behaviour.curves("c", TRACES.signals[:1], 0).text


def test_the_matrix_names_right_answers():
    assert "7 of 8 answers" in behaviour.confusion(TRACES.confusion, "a.npz").text


def test_resources_beyond_the_device_are_red_and_do_not_leave_the_picture():
    usage = {"LUT": Usage(9000, 5280), "FF": Usage(10, 5280)}
    item = Placement("n", "up5k", "p", "t", "1", 12.0, (), usage, {}, False, "too many", "less")
    shapes = [shape for shape in bars.device_bars("d", item).shapes if isinstance(shape, drawing.Rect)]
    assert [shape.fill for shape in shapes].count("bad") == 1
    assert all(shape.x + shape.width <= drawing.WIDTH for shape in shapes)
    assert "170.5 % (9000)" in labels(bars.device_bars("d", item))


def test_parts_share_bars_and_tiles_in_the_same_colours():
    item = dataclasses.replace(RESOURCES[0], counts=COUNTS, parts=PARTS)
    layout = Layout(("lmu_memory", "", "lmu_hidden"), ("aAacB", "bc--."))
    placed = Placement(
        "lmu", "up5k", "p", "t", "1", 9.0, (SeedRun(4, 12.0),), {}, {}, True, layout=layout, step_cycles=1
    )
    report = dataclasses.replace(BASIS, resources=(item,), placements=(placed,))
    colors = parts.part_colors(report)
    assert colors == {"lmu_hidden": "a", "lmu_memory": "b"}
    assert parts.part_colors(dataclasses.replace(report, resources=())) == {"lmu_hidden": "b", "lmu_memory": "a"}
    bar = parts.part_bars("bars", [item], {"LUT", "FF", "DSP"}, colors)
    assert "LUT 312 (lmu_hidden 200, lmu_memory 100, the top 12)" in bar.text
    lut = [shape for shape in bar.shapes if isinstance(shape, drawing.Rect) and shape.title.endswith(" LUT")]
    assert [shape.title for shape in lut] == ["lmu_hidden: 200 LUT", "lmu_memory: 100 LUT", "other parts: 12 LUT"]
    assert sum(shape.width for shape in lut) == pytest.approx(drawing.WIDTH - parts.LEFT - parts.RIGHT)
    assert [shape.fill for shape in lut] == ["a", "b", "muted"] and "FF" in labels(bar)
    chip = parts.layout_map("chip", placed, layout, colors)
    areas = {shape.title: shape for shape in chip.shapes if isinstance(shape, drawing.Area)}
    assert {title: (area.fill, len(area.rects)) for title, area in areas.items()} == {
        "the harness": ("grid", 1), "lmu_memory": ("b", 2), "lmu_memory, multipliers and block RAM": ("b", 1),
        "the top": ("muted", 1), "the top, multipliers and block RAM": ("muted", 1), "lmu_hidden": ("a", 2),
    }  # fmt: skip
    assert "7 of 10 tiles, of seed 4" in chip.note and "lmu_memory 3, the top 2, lmu_hidden 2" in chip.text
    assert {"bars", "chip"} == {picture.name for picture in (bar, chip) if drawing.png(picture)}
    names = {picture.name for group in pictures_of(report).values() for picture in group}
    assert {"resources-xc7", "layout-0"} <= names


def test_a_unit_in_a_corner_is_drawn_large_with_the_chip_beside():
    placed = Placement("lmu", "up5k", "p", "t", "1", 9.0, (SeedRun(1, 12.0),), {}, {}, True)
    rows = ("-" + "." * 9, *["." * 10] * 8, "........aB")
    chip = parts.layout_map("chip", placed, Layout(("p", "q"), rows), {})
    first, *_ = [shape for shape in chip.shapes if isinstance(shape, drawing.Rect)]
    areas = [shape for shape in chip.shapes if isinstance(shape, drawing.Area)]
    assert len(areas) == 2 and areas[0].rects[0][2] == pytest.approx((first.width - 2) / 3)
    assert "of the chip" in labels(chip) and "2 of 100 tiles" in chip.note
    whole = parts.layout_map("chip", placed, Layout(("p",), ("a.", ".a")), {})
    assert "of the chip" not in labels(whole)


def test_counts_without_parts_are_whole_bars():
    bar = parts.part_bars("bars", RESOURCES, {"LUT"}, {})
    assert "LUT 312;" in bar.text and "other parts" not in labels(bar)
    assert parts.part_colors(BASIS) == {}


def test_types_take_ranges_that_are_unknown_unbounded_or_zero():
    def row(observed, proven):
        kind = FixedType(16, 6)
        return TensorPrecision("l", "t", kind, 1, False, observed, proven, 1.0, 0, None, None)

    picture = types.chosen_types([row(0.0, None), row(3.0, float("inf")), row(1e-9, 40.0)])
    assert sum(isinstance(shape, drawing.Dot) for shape in picture.shapes) == 3 + 2  # and the legend


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 7.9), (1e-9, 2e-9), (0, 544), (5, 5)])
def test_ticks_are_round_and_inside(low, high):
    found = ticks(low, high)
    assert found and all(low - 1e-12 <= value <= high + 1e-9 * abs(high) for value in found) and len(found) <= 11


def test_values_that_are_all_the_same_have_a_plane():
    plane = Plane.around([0, 1], [2.0, 2.0])
    assert plane.at(0, 2.0)[1] == plane.y + plane.height / 2


def test_text_in_a_picture_is_escaped_and_cut():
    text = drawing.svg(drawing.Picture("p", "<t>", "&", 10, (drawing.Text(0, 5, "<script>"),)))
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert drawing.fitting("a" * 100, 60).endswith("…") and len(drawing.fitting("a" * 100, 60)) < 12


def test_every_colour_is_legible_on_paper_in_light_and_dark():
    """Contrast of 4.5 to 1 for text, and 3 to 1 for what is drawn (WCAG 2.1)."""

    def luminance(color):
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for colors in (drawing.LIGHT, drawing.DARK):
        for ground in ("paper", "panel"):
            for role in ("ink", "muted", *drawing.SERIES, "bad", "warn"):
                pair = sorted(luminance(colors[name]) for name in (role, ground))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (role, ground)
    assert set(re.findall(r"--(\w+):", drawing.css())) == set(drawing.LIGHT) == set(drawing.DARK)


def test_energy_has_a_card_and_a_bar_for_each_operation_and_is_called_an_estimate():
    kinds = (OperationEnergy("multiply", 100.0, 1600.0, 2000.0, "formula"),)
    energy = Energy("operations", 22, 0.8, 20.0, 0.5, 2.0, 0.1, 29, 96, 4, 2784, 100, kinds, (), ("a",))
    report = dataclasses.replace(BASIS, energy=energy)
    picture = next(p for group in pictures_of(report).values() for p in group if p.name == "energy")
    assert "2 nJ" in labels(picture) and "estimate" in picture.title
    (card,) = [card for card in cards(report) if card.title == "An inference"]
    assert card.value == "2 nJ" and "estimate" in card.note
    assert not any("nJ" in card.value for card in cards(BASIS))
