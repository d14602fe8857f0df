"""The report says what the records say, the same way every time, and passes only when everything agrees."""

import dataclasses
import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from lmu_hls.errors import LmuHlsError, NotVerified, VerificationFailed
from lmu_hls.records import SCHEMA, Number
from lmu_hls.report import Report, build_report, from_json, to_json, to_markdown, to_table, write_report
from tests.support.sample_records import (
    BASIS,
    MANIFEST,
    MODEL,
    RESOURCES,
    TIMING,
    WRONG,
    checks,
    reference,
    write_folder,
)


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    return write_folder(tmp_path)


def screen(report: Report) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(to_table(report))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_records_of_a_folder_come_together(outdir: Path) -> None:
    tools = {"hls4ml": "1.3.0", "verilator": "5.052", "yosys": "0.70"}
    made = build_report(outdir)
    assert made.checks == checks(outdir) and made.references == (reference(outdir),) and made.resources == RESOURCES
    assert made.manifest == MANIFEST
    assert made.tools == tools and list(made.tools) == sorted(tools)
    assert made.passed and {item.state for item in made.standings} == {"current"}


def test_json_comes_back_equal(outdir: Path) -> None:
    report = write_report(outdir)
    text = (outdir / "report.json").read_text()
    assert from_json(text) == report
    assert to_json(from_json(text)) == text


def test_the_files_depend_on_nothing_but_the_records(outdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(outdir)
    first = [(outdir / name).read_bytes() for name in ("report.json", "report.md")]
    monkeypatch.chdir("/")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    os.utime(outdir / "verify.json", (0, 0))
    write_report(outdir)
    assert [(outdir / name).read_bytes() for name in ("report.json", "report.md")] == first
    assert str(outdir).encode() not in b"".join(first)


def test_markdown_shows_every_section() -> None:
    text = to_markdown(BASIS)
    for line in (
        "# vowels",
        "Verification: **passed**.",
        "1037 parameters, hls4ml backend Vitis, io_parallel.",
        "| lmu | LMU | 29 x 24 | 812 |",
        "| a\\|b | Dense | 9 | 225 |",
        "Layer a\\|b: folded into \\| 'lmu'.",
        "| lmu | mem | `fixed<16,2,RND_CONV,SAT>` |",
        "| lmu | u | `fixed<16,4,RND_CONV,SAT>` |",
        "| test.npz | fixed\\<16,6> | 360 | 370 | 97.30 % | golden |",
        "| csim | test.npz | 370 | 370 | 3330 | none |",
        "| lmu | verilator | 64 | 150 | 150 | 158 | 158 | yes |",
        "| lmu | hidden | 20 | 1920 | 96 |",
        "27 in all; the products need 93.8 % of their cycles. By formula.",
        "Target xc7, AMD 7 series:",
        "| Unit | LUT | LUTRAM | SRL | FF | CARRY4 | DSP | BRAM18 | Source |",
        "| lmu | 312 | 8 | 4 | 352 | 20 | 1 | 3 | synth, yosys 0.70 |",
        "- BRAM18: block RAMs of 18 Kbit; a RAMB36E1 is two",
    ):
        assert line in text.splitlines()
    assert "\n\n\n" not in text
    assert text.endswith("is two\n")


def test_the_screen_shows_what_the_demo_promises() -> None:
    text = screen(BASIS)
    for part in ("97.57 % (361 of 370)", "97.30 %", "370 of 370 samples", "40 of 40", "150 cycles in 64 steps"):
        assert part in text
    for line, value in (("lmu, LUT", "312"), ("lmu, FF", "352"), ("lmu, DSP", "1"), ("lmu, BRAM18", "3")):
        assert any(line in row and value in row and "synth (yosys, xc7)" in row for row in text.splitlines())
    assert "27, 93.8 % of their cycles needed" in text
    assert "vowels: passed" in text
    assert "fixed<16,6>" in text


def test_one_difference_fails_the_report() -> None:
    wrong = dataclasses.replace(BASIS.checks[0], comparison=WRONG)
    report = dataclasses.replace(BASIS, checks=(wrong, *BASIS.checks[1:]))
    with pytest.raises(VerificationFailed, match="csim differs from the integer reference in 1 of 370 samples"):
        report.require()
    assert not report.passed
    assert "first difference output[7, 2]: expected 12, got 13" in screen(report)
    assert "vowels: failed" in screen(report)
    assert "| csim | test.npz | 369 | 370 | 3330 | `output[7, 2]: expected 12, got 13` |" in to_markdown(report)


@pytest.mark.parametrize("name", ["ii_measured", "latency_measured"])
def test_one_cycle_off_the_formula_fails_the_report(name: str) -> None:
    timing = dataclasses.replace(TIMING, **{name: Number(159, "cycles", "rtl_sim")})
    report = dataclasses.replace(BASIS, checks=(dataclasses.replace(BASIS.checks[1], timing=timing),))
    with pytest.raises(VerificationFailed, match="differ from the formulas, the values do not"):
        report.require()
    assert "159 cycles, by formula" in screen(report)
    assert "**failed**" in to_markdown(report)


def test_nothing_compared_is_not_a_pass(outdir: Path) -> None:
    (outdir / "verify.json").unlink()
    report = build_report(outdir)
    assert not report.passed
    assert report.verdict == "not verified"
    with pytest.raises(NotVerified, match="nothing was compared; run: lmu-hls verify"):
        report.require()
    assert "## Bit for bit" not in to_markdown(report)


def test_a_folder_without_a_converted_model_is_refused(outdir: Path) -> None:
    write_report(outdir)
    (outdir / "manifest.json").unlink()
    with pytest.raises(LmuHlsError, match="holds no converted model"):
        build_report(outdir)
    model = outdir / "small.keras"
    model.write_bytes(b"a model")
    with pytest.raises(LmuHlsError, match=r"is a file; run 'lmu-hls convert .*small.keras OUTDIR' first"):
        build_report(model)


@pytest.mark.parametrize("name", ["verify.json", "synth.json"])
def test_a_broken_record_is_stale_and_the_rest_stands(outdir: Path, name: str) -> None:
    write_report(outdir)
    (outdir / name).write_text('{"checks": [')
    report = write_report(outdir)
    (damaged,) = [item for item in report.standings if item.state == "stale"]
    assert f"{name} does not hold a" in damaged.reason and "lmu-hls" in damaged.remedy
    assert report.verdict == ("stale" if name == "verify.json" else "passed")
    assert report.manifest == MANIFEST and bool(report.resources) == (name == "verify.json")


def test_a_broken_manifest_leaves_no_old_report(outdir: Path) -> None:
    write_report(outdir)
    (outdir / "manifest.json").write_text("[]")
    with pytest.raises(LmuHlsError, match=r"manifest\.json does not hold a Manifest"):
        write_report(outdir)
    assert not list(outdir.glob("report.*"))


def test_timing_that_was_not_measured_says_why_and_is_not_judged() -> None:
    timing = dataclasses.replace(TIMING, steps=0, ii_measured=None, unmeasured="2 steps only")
    report = dataclasses.replace(BASIS, checks=(dataclasses.replace(BASIS.checks[1], timing=timing),))
    assert report.passed
    assert "not measured: 2 steps only; by formula 150 cycles" in screen(report)
    assert "| lmu | verilator | 0 | 150 | not measured | 158 | 158 | 2 steps only |" in to_markdown(report)


def test_an_edited_report_is_refused(outdir: Path) -> None:
    text = to_json(write_report(outdir))
    with pytest.raises(LmuHlsError, match="it was changed after lmu_hls wrote it"):
        from_json(text.replace('"verdict": "passed"', '"verdict": "failed"'))


def test_text_that_is_no_report_is_refused() -> None:
    with pytest.raises(LmuHlsError, match="this is no report"):
        from_json("[]")
    with pytest.raises(LmuHlsError, match="this report was written by an older lmu-hls: no schema"):
        from_json("{}")


@pytest.mark.parametrize(("found", "age"), [(SCHEMA - 1, "an older"), (SCHEMA + 1, "a newer")])
def test_a_folder_of_another_version_is_refused_or_stale(outdir: Path, found: int, age: str) -> None:
    """A manifest of another schema is an error; another record stands among the stale ones, and no number of it."""

    def age_of(name: str) -> str:
        text = (outdir / name).read_text()
        (outdir / name).write_text(text.replace(f'"schema": {SCHEMA}', f'"schema": {found}'))
        return text

    said = f"{age} lmu-hls: schema {found}, this one reads {SCHEMA}; .*convert again with: lmu-hls convert MODEL.keras"
    text = age_of("manifest.json")
    with pytest.raises(LmuHlsError, match=rf"manifest\.json was written by {said}"):
        build_report(outdir)
    (outdir / "manifest.json").write_text(text)
    assert build_report(outdir).resources
    age_of("synth.json")
    report = build_report(outdir)
    (stale,) = [item for item in report.standings if item.state == "stale"]
    assert re.search(rf"synth\.json was written by {said}", stale.reason) and not report.resources


def test_rich_markup_in_names_is_shown_as_it_is() -> None:
    model = dataclasses.replace(MODEL, name="[red]x[/red]")
    assert "[red]x[/red]: passed" in screen(
        dataclasses.replace(BASIS, manifest=dataclasses.replace(MANIFEST, model=model))
    )


def test_what_zeros_save_has_a_row() -> None:
    assert BASIS.manifest is not None
    hardware = BASIS.manifest.hardware
    assert hardware is not None
    layer = hardware.layers[0]
    parts = (*layer.parts[:-1], dataclasses.replace(layer.parts[-1], all_cycles=960))
    sparse = dataclasses.replace(hardware, layers=(dataclasses.replace(layer, parts=parts), *hardware.layers[1:]))
    before = {row.name for row in BASIS.rows()}
    manifest = dataclasses.replace(BASIS.manifest, hardware=sparse)
    (row,) = [row for row in dataclasses.replace(BASIS, manifest=manifest).rows() if row.name not in before]
    assert (row.section, row.name, row.source) == ("Resources", f"{layer.name}, hidden", "formula")
    assert row.value == "96 cycles a step, 10.0 % of the 960 with its zeros"
