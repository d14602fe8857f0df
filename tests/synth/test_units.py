"""synth.json has an entry for each target: a run replaces its own, keeps the others, and report judges each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls import cli
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import (
    Conversion,
    Manifest,
    ModelSummary,
    Resources,
    Synthesis,
    TargetSynthesis,
    Unit,
    dump,
    load,
)
from lmu_hls.records.evidence import Evidence, digests, of_topics
from lmu_hls.report import build_report, to_markdown, write_report
from lmu_hls.synth import families as package
from lmu_hls.synth import synthesize_units
from lmu_hls.synth.families import families, family_of
from tests.synth.test_yosys import write_project_manifest

TOY = """\
from lmu_hls.synth.family import Family, Resource
FAMILY = Family("toy", "a toy", ("synth",), (Resource("gate", "gates, all alike", True),), {"AND": {"gate": 1}})
"""
CELLS = {"xc7": {"FDRE": 2, "SRL16E": 1}, "toy": {"AND": 3}}


@pytest.fixture
def planted(tmp_path: Path, monkeypatch):
    """One file more in the folder of the targets, and a synthesis that knows its result."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "toy.py").write_text(TOY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "more")])
    families.cache_clear()
    monkeypatch.setattr("lmu_hls.synth.units.synthesize", stub)
    yield
    families.cache_clear()


def stub(sources, top, parameters, work, target, *, unit, data_dir, data) -> Resources:
    if "broken" in sources[0].read_text():
        raise LmuHlsError(f"{target} has no primitive")
    return Resources(unit, target, "yosys", "0.70", family_of(target).count(CELLS[target]), CELLS[target])


@pytest.fixture
def outdir(tmp_path: Path, planted: None) -> Path:
    root = tmp_path / "out"
    for name in ("verilog/rtl/unit.v", "verilog/rom/a.hex"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1\n")
    write_project_manifest(root / "verilog", "rom/a.hex", 1)
    unit = Unit("net", "unit", {}, ("verilog/rtl/unit.v",), "verilog")
    dump(root / "manifest.json", Manifest(ModelSummary("m", ()), "Vitis", "io_parallel", (unit,), {}))
    dump(root / "convert.json", Conversion(Evidence(of_topics(("conversion", "project"), digests(root)))))
    return root


def entries(outdir: Path) -> dict[str, TargetSynthesis]:
    return {entry.target: entry for entry in load(outdir / "synth.json", Synthesis).targets}


def states(outdir: Path) -> dict[str, str]:
    return {item.record: item.state for item in build_report(outdir).standings if item.record.startswith("synthesis")}


def test_targets_stand_side_by_side(outdir: Path) -> None:
    assert states(outdir) == {"synthesis": "not run"}
    (xc7,) = synthesize_units(outdir)
    assert xc7.counts["LUT"] == 1 and xc7.counts["FF"] == 2
    before = entries(outdir)["xc7"]
    (toy,) = synthesize_units(outdir, ["toy"])
    assert toy.counts == {"gate": 3} and list(entries(outdir)) == ["toy", "xc7"]
    assert entries(outdir)["xc7"] == before
    assert before.evidence.command == "lmu-hls synth OUTDIR --target xc7"
    assert synthesize_units(outdir, ["xc7", "toy", "xc7"]) == (xc7, toy)
    report = write_report(outdir)
    assert report.resources == (toy, xc7) and report.tools["yosys"] == "0.70"
    rows = {row.name: (row.value, row.source) for row in report.rows() if row.section == "Resources"}
    assert rows["net, gate"] == ("3", "synth (yosys, toy)") and rows["net, LUT"] == ("1", "synth (yosys, xc7)")
    page = to_markdown(report)
    assert "Target toy, a toy:\n\n| Unit | gate | Source |\n|---|---:|---|\n| net | 3 | synth, yosys 0.70 |\n" in page
    assert "- gate: gates, all alike\n\nTarget xc7, AMD 7 series:\n\n| Unit | LUT | LUTRAM |" in page
    assert "\n\n\n" not in page


def test_what_changed_since_is_stale_by_target(outdir: Path) -> None:
    synthesize_units(outdir, ["xc7", "toy"])
    (outdir / "verilog" / "rtl" / "unit.v").write_text("edited")
    assert states(outdir) == {"synthesis toy": "stale", "synthesis xc7": "stale"}
    synthesize_units(outdir, ["toy"])
    assert states(outdir) == {"synthesis toy": "current", "synthesis xc7": "stale"}
    assert {item.target for item in write_report(outdir).resources} == {"toy"}


def test_a_run_that_fails_takes_its_own_entry_only(outdir: Path) -> None:
    synthesize_units(outdir, ["xc7", "toy"])
    write_report(outdir)
    (outdir / "verilog" / "rtl" / "unit.v").write_text("broken")
    with pytest.raises(LmuHlsError, match="toy has no primitive"):
        synthesize_units(outdir, ["toy"])
    assert list(entries(outdir)) == ["xc7"] and not (outdir / "report.json").exists()
    with pytest.raises(LmuHlsError, match="xc7 has no primitive"):
        synthesize_units(outdir, ["xc7"])
    assert not (outdir / "synth.json").exists()


def test_what_was_done_before_a_failure_stays(outdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_toy(*arguments, **options):
        made = stub(*arguments, **options)
        if made.target != "toy":
            raise LmuHlsError("interrupted")
        return made

    monkeypatch.setattr("lmu_hls.synth.units.synthesize", only_toy)
    with pytest.raises(LmuHlsError, match="interrupted"):
        synthesize_units(outdir, ["toy", "xc7"])
    assert states(outdir) == {"synthesis toy": "current"}


def test_an_unknown_target_touches_nothing(outdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synthesize_units(outdir)
    before = (outdir / "synth.json").read_bytes()
    with pytest.raises(SystemExit) as stop:
        cli.main(["synth", str(outdir), "--target", "toy", "--target", "xc8"])
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert (
        f"Error: synthesis target 'xc8' is none of {', '.join(families())}, nor of " in said
        and "did you mean 'xc7'?" in said
    )
    assert (outdir / "synth.json").read_bytes() == before


def test_the_command_takes_several_targets(outdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["synth", str(outdir), "--target", "toy", "--target", "xc7"])
    assert stop.value.code == 0 and set(entries(outdir)) == {"toy", "xc7"}
    assert "net, gate" in capsys.readouterr().out


@pytest.mark.parametrize("counts", [{"gate": 3}, {}])
def test_an_entry_with_other_resources_is_stale(outdir: Path, counts: dict[str, int]) -> None:
    """As another version, or one with another file of targets, would have written it."""
    synthesize_units(outdir)
    entry = entries(outdir)["xc7"]
    other = replace(entry, resources=tuple(replace(item, counts=counts) for item in entry.resources))
    foreign = replace(entry, target="gone", resources=tuple(replace(i, target="gone") for i in entry.resources))
    dump(outdir / "synth.json", Synthesis((foreign, other)))
    report = write_report(outdir)
    assert states(outdir) == {"synthesis gone": "stale", "synthesis xc7": "stale"} and not report.resources
    assert report.verdict == "not verified"


def test_the_projects_are_made_for_the_default_target() -> None:
    """The Makefile of a written project names its passes, because it needs no Python."""
    template = Path(package.__file__).parents[2] / "rtl" / "templates" / "Makefile.jinja"
    assert f"SYNTH ?= {'; '.join(family_of(package.DEFAULT).passes)}\n" in template.read_text()
