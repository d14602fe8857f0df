"""Designs side by side: every figure of each, and how it compares with the first."""

import dataclasses
import re

import pytest

from lmu_hls import cli
from lmu_hls.records.jsonfile import parse
from lmu_hls.report import compare, comparison_html, comparison_markdown, names_of
from tests.support.browser import look
from tests.support.sample_records import BASIS, write_folder


@pytest.fixture(scope="module")
def compared():
    hardware = dataclasses.replace(BASIS.manifest.hardware, ii_cycles=48, multipliers=54)
    resources = (dataclasses.replace(BASIS.resources[0], counts={**BASIS.resources[0].counts, "LUT": 624}),)
    faster = dataclasses.replace(BASIS, manifest=dataclasses.replace(BASIS.manifest, hardware=hardware))
    return compare([BASIS, dataclasses.replace(faster, resources=resources), dataclasses.replace(BASIS, resources=())],
                   ["a", "b<i>", "c"])  # fmt: skip


def figure(compared, name):
    (found,) = [item for item in compared.figures if item.name == name]
    return found


def test_ratios_are_to_the_first_and_say_which_is_better(compared):
    cycles, lut = figure(compared, "cycles a step"), figure(compared, "xc7, LUT")
    assert [cycles.text(k) for k in range(3)] == ["96", "48 (0.5x)", "96 (1x)"]
    assert [cycles.better_than_first(k) for k in range(3)] == [None, True, None]
    assert [lut.text(k) for k in range(3)] == ["312", "624 (2x)", "-"] and lut.better_than_first(1) is False


def test_percent_and_decibels_are_differences():
    worse = dataclasses.replace(BASIS.references[0].accuracy[-1], correct=356)
    reference = dataclasses.replace(BASIS.references[0], accuracy=(worse,))
    found = figure(
        compare([BASIS, dataclasses.replace(BASIS, references=(reference,))], "ab"), "accuracy in fixed point"
    )
    assert found.text(1) == "96.2162 (-1.08)" and found.better_than_first(1) is False


def test_the_pages_hold_every_figure_and_escape_names(compared):
    text, page = comparison_markdown(compared), comparison_html(compared)
    for part in ("48 (0.5x)", "624 (2x)"):
        assert part in text and part in page
    assert "b<i>" not in page and "b&lt;i&gt;" in page and "b\\<i>" in text


def test_the_page_has_the_colours_of_better_and_worse(compared):
    classes = re.findall(r'<td class="([^"]*)">([^<]*)', comparison_html(compared))
    assert ("n good", "48 (0.5x)") in classes and ("n bad", "624 (2x)") in classes and ("n same", "312") in classes
    assert {name for name, _ in classes} == {"n good", "n bad", "n same"}


def test_what_one_design_alone_was_made_for_is_left_out():
    counts = {**BASIS.resources[0].counts, "SRL": 0}
    mine = dataclasses.replace(BASIS, resources=(dataclasses.replace(BASIS.resources[0], counts=counts),))
    more = (*mine.resources, dataclasses.replace(mine.resources[0], target="ecp5"))
    other = dataclasses.replace(mine, resources=more)
    names = {item.name for item in compare([mine, other], "ab").figures}
    assert "xc7, LUT" in names and not {"xc7, SRL", "ecp5, LUT"} & names


def test_the_page_fits_a_telephone(compared, tmp_path):
    (tmp_path / "comparison.html").write_text(comparison_html(compared), encoding="utf-8")
    seen = look(tmp_path / "comparison.html", 400, tmp_path / "browser")
    assert (seen.page, seen.wide, seen.console, seen.requests) == (400, [], [], [])


def test_the_command_compares_folders_and_writes_nothing_into_them(tmp_path, capsys):
    folders = [write_folder(tmp_path / name) for name in ("one", "two")]
    before = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    out = tmp_path / "pages"
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", *map(str, folders), "--output", str(out), "--json"])
    assert stop.value.code == 0
    assert parse(capsys.readouterr().out)["names"] == ["one", "two"]
    assert {path.name for path in out.iterdir()} == {"comparison.md", "comparison.html"}
    after = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert {path: text for path, text in after.items() if path.name[0] != "."} == before


def test_one_folder_with_output_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", str(folder), "--output", str(tmp_path / "x")])
    assert stop.value.code == 1


def test_folders_of_one_name_have_their_paths(tmp_path):
    assert names_of([tmp_path / "a", tmp_path / "b"]) == ["a", "b"]
    assert names_of([tmp_path / "1" / "a", tmp_path / "2" / "a"]) == [f"{tmp_path}/1/a", f"{tmp_path}/2/a"]
