"""The report says what the records say, the same way every time, and passes only when everything agrees."""

import dataclasses
import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import (
    Accuracy,
    Comparison,
    Difference,
    LayerSummary,
    Manifest,
    ModelSummary,
    Number,
    Part,
    Resources,
    Timing,
    Verification,
    dump,
)
from lmu_hls.report import Report, build_report, from_json, to_json, to_markdown, to_table, write_report

MODEL = ModelSummary(
    "vowels",
    (
        LayerSummary("lmu", "LMU", (29, 24), 812, {"mem": "fixed<16,2>", "u": "fixed<16,4>"}),
        LayerSummary("a|b", "Dense", (9,), 225, {}),
    ),
)
TIMING = Timing(
    "lmu",
    "verilator",
    64,
    Number(150, "cycles", "formula"),
    Number(150, "cycles", "rtl_sim"),
    Number(158, "cycles", "formula"),
    Number(158, "cycles", "rtl_sim"),
)
VERIFICATION = Verification(
    (Comparison("csim", 370, 370, 3330, None), Comparison("rtlsim verilator", 40, 40, 9999, None)),
    (TIMING,),
    {"verilator": "5.052"},
)
ACCURACY = (Accuracy("float", 361, 370, "keras"), Accuracy("fixed<16,6>", 360, 370, "golden"))
RESOURCES = (Resources("lmu", "xc7", "yosys", "0.70", 300, 352, 20, 1, 3, 8, 4, {"DSP48E1": 1}),)
WRONG = Comparison("csim", 370, 369, 3330, Difference("output", (7, 2), 12, 13))
PARTS = (Part("lmu", "encoder", 1, 72, 72), Part("lmu", "hidden", 20, 1920, 96))
BASIS = dataclasses.replace(
    Report(MODEL, "Vitis", "io_parallel", ACCURACY, VERIFICATION.comparisons, VERIFICATION.timing, RESOURCES),
    parts=PARTS,
    multipliers=27,
    utilisation=0.9375,
)


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    manifest = Manifest(MODEL, "Vitis", "io_parallel", (), {"hls4ml": "1.3.0"}, PARTS, 27, 0.9375)
    dump(tmp_path / "manifest.json", manifest)
    dump(tmp_path / "verify.json", VERIFICATION)
    dump(tmp_path / "accuracy.json", ACCURACY)
    dump(tmp_path / "synth.json", RESOURCES)
    return tmp_path


def screen(report: Report) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(to_table(report))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_records_of_a_folder_come_together(outdir: Path) -> None:
    tools = {"hls4ml": "1.3.0", "verilator": "5.052", "yosys": "0.70"}
    assert build_report(outdir) == dataclasses.replace(BASIS, tools=tools)
    assert list(build_report(outdir).tools) == sorted(tools)
    assert build_report(outdir).passed


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
        "| lmu | mem | `fixed<16,2>` |",
        "| lmu | u | `fixed<16,4>` |",
        "| fixed\\<16,6> | 360 | 370 | 97.30 % | golden |",
        "| csim | 370 | 370 | 3330 | none |",
        "| lmu | verilator | 64 | 150 | 150 | 158 | 158 | yes |",
        "| lmu | hidden | 20 | 1920 | 96 |",
        "27 in all; the products need 93.8 % of their cycles. By formula.",
        "| lmu | xc7 | 300 | 8 | 4 | 352 | 20 | 1 | 3 | synth, yosys 0.70 |",
    ):
        assert line in text.splitlines()
    assert "\n\n\n" not in text
    assert text.endswith("|\n")


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
    report = dataclasses.replace(BASIS, comparisons=(WRONG, *BASIS.comparisons[1:]))
    assert not report.passed
    assert "first difference output[7, 2]: expected 12, got 13" in screen(report)
    assert "vowels: failed" in screen(report)
    assert "| csim | 369 | 370 | 3330 | `output[7, 2]: expected 12, got 13` |" in to_markdown(report)


@pytest.mark.parametrize("name", ["ii_measured", "latency_measured"])
def test_one_cycle_off_the_formula_fails_the_report(name: str) -> None:
    timing = dataclasses.replace(TIMING, **{name: Number(159, "cycles", "rtl_sim")})
    report = dataclasses.replace(BASIS, timing=(timing,))
    assert not report.passed
    assert "159 cycles, by formula" in screen(report)
    assert "**failed**" in to_markdown(report)


def test_nothing_compared_is_not_a_pass(outdir: Path) -> None:
    (outdir / "verify.json").unlink()
    report = build_report(outdir)
    assert not report.passed
    assert report.verdict == "not verified"
    assert "## Bit for bit" not in to_markdown(report)


def test_a_single_record_is_enough(tmp_path: Path) -> None:
    dump(tmp_path / "synth.json", RESOURCES)
    report = build_report(tmp_path)
    assert report.model is None
    assert to_markdown(report).startswith("# Results\n")
    assert "Results: not verified" in screen(report)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match="holds no results"):
        build_report(tmp_path)


def test_a_broken_record_is_named_and_the_old_report_stays(outdir: Path) -> None:
    write_report(outdir)
    before = (outdir / "report.json").read_bytes()
    (outdir / "verify.json").write_text('{"comparisons": [')
    with pytest.raises(LmuHlsError, match=r"verify\.json does not hold a Verification"):
        write_report(outdir)
    assert (outdir / "report.json").read_bytes() == before


def test_text_that_is_no_report_is_refused() -> None:
    with pytest.raises(LmuHlsError, match="this is no report"):
        from_json("{}")


def test_rich_markup_in_names_is_shown_as_it_is() -> None:
    model = dataclasses.replace(MODEL, name="[red]x[/red]")
    assert "[red]x[/red]: passed" in screen(dataclasses.replace(BASIS, model=model))
