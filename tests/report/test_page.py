"""report.html says what the records say, to anyone, on any screen, and asks nothing of anybody."""

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from lmu_hls.records import Manifest
from lmu_hls.report import build_report, to_html, write_report
from lmu_hls.report.cards import cards
from tests.support.browser import look
from tests.support.sample_records import BASIS, MANIFEST, MODEL, PLACED, TRACES, write_folder

EVIL = "<script>alert(1)</script>\"'&{{ 7*7 }}\u202e"
VOID = {"meta", "br", "img", "input", "hr", "link"}


class Balanced(HTMLParser):
    """Tags that were not closed, headings, and pictures without words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.wordless = 0

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg" and "aria-labelledby" not in dict(attributes):
            self.wordless += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        pass


def test_the_page_has_the_figures_and_is_well_formed(tmp_path):
    report = write_report(write_folder(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for part in ("97.30 %", "360 of 370", "passed", "150 cycles", "312", "lmu-hls synth OUTDIR", "5.052", "hidden"):
        assert part in text
    page = Balanced()
    page.feed(text)
    assert not page.open and not page.wordless and page.headings[0] == 1 and set(page.headings[1:]) == {2}
    assert to_html(report) == text == to_html(build_report(tmp_path))


def test_the_page_names_nothing_outside(tmp_path):
    write_report(write_folder(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|src=|@import|url\(|<link|<script|<iframe", text) and str(tmp_path) not in text


def test_text_of_a_model_is_escaped(tmp_path):
    layers = tuple(dataclasses.replace(layer, name=EVIL, kind=EVIL, remark=EVIL) for layer in MODEL.layers)
    plans = tuple(dataclasses.replace(layer, name=EVIL, kind=EVIL) for layer in MANIFEST.hardware.layers)
    hardware = dataclasses.replace(MANIFEST.hardware, layers=plans)
    manifest: Manifest = dataclasses.replace(
        MANIFEST, model=dataclasses.replace(MODEL, name=EVIL, layers=layers), hardware=hardware
    )
    text = to_html(dataclasses.replace(BASIS, manifest=manifest, tools={EVIL: EVIL}))
    assert "<script" not in text and "\u202e" not in text and "{{ 7*7 }}" in text and "&lt;script&gt;" in text
    page = Balanced()
    page.feed(text)
    assert not page.open


@pytest.mark.parametrize(
    ("name", "title", "value"), [("verify.json", "Bit-exact", "not run"), ("verilog/rtl/top.v", "Bit-exact", "yes")]
)
def test_what_is_missing_or_stale_says_so(tmp_path, name, title, value):
    (write_folder(tmp_path) / name).unlink()
    report = write_report(tmp_path)
    (card,) = [card for card in cards(report) if card.title == title]
    assert card.value == value
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    if name == "verify.json":
        assert "run: lmu-hls verify OUTDIR" in card.note
    else:
        assert "verilog/rtl/top.v is gone" in text and ">312<" not in text


def test_an_option_of_a_command_is_not_broken_after_its_hyphens(tmp_path):
    (write_folder(tmp_path) / "place.json").unlink(missing_ok=True)
    assert 'OUTDIR <span class="option">--route</span> <span class="option">--target</span>' in to_html(
        build_report(tmp_path)
    )


def test_pictures_are_files_too_and_those_of_before_go(tmp_path):
    plots = write_folder(tmp_path) / "plots"
    plots.mkdir()
    (plots / "old.svg").write_text("<svg/>")
    write_report(tmp_path)
    names = {path.name for path in plots.iterdir()}
    assert {
        "blocks.svg",
        "blocks.png",
        "pace.svg",
        "types.svg",
        "resources-xc7.png",
    } <= names and "old.svg" not in names
    assert (plots / "blocks.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("width", "dark"), [(400, False), (400, True), (1280, False), (1280, True)])
def test_a_browser_has_nothing_to_complain_of(width, dark, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(to_html(dataclasses.replace(BASIS, placements=(PLACED,), traces=TRACES)), encoding="utf-8")
    seen = look(page, width, tmp_path / "browser", dark)
    assert (seen.inner, seen.page, seen.wide) == (width, width, [])
    red, green, blue = map(int, re.findall(r"\d+", seen.background)[:3])
    assert seen.dark == dark == (red + green + blue < 300)
    assert seen.console == [] and seen.requests == [] and seen.text >= 10


def test_the_browser_sees_a_page_that_is_too_wide_loud_and_curious(tmp_path):
    """A seeded fault of each kind that the test above is about."""
    page = tmp_path / "bad.html"
    faults = (
        '<p style="width:900px">wide</p><img src="https://127.0.0.1:9/x.png"><script>console.error("loud")</script>'
    )
    page.write_text(f"<!DOCTYPE html><html><head><title>x</title></head><body>{faults}</body></html>")
    seen = look(page, 400, tmp_path / "browser")
    assert seen.page > 400 and seen.wide == ["P."] and any("loud" in line for line in seen.console)
    assert seen.requests == ["https://127.0.0.1:9/x.png"]
