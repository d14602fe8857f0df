"""`lmu-hls build`: the tool's figures are kept, stand beside the estimate, and are gone when the C++ has changed."""

import json
import os
import shutil

import pytest

from lmu_hls import cli
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import synthesize_hls
from lmu_hls.records import HlsSynthesis, load, text_of
from lmu_hls.records.folder import OutputFolder
from lmu_hls.report import build_report, from_json, to_html, to_json, to_markdown
from tests.support.hls_reports import VITIS, write_project, write_reports, write_stub


def test_the_report_has_estimate_and_tool_side_by_side(converted, tmp_path, monkeypatch, capsys):
    folder = OutputFolder(tmp_path / "out")
    shutil.copytree(converted, folder.root)
    reports = write_project(tmp_path / "reports")
    write_reports(reports, VITIS)
    write_stub(tmp_path / "bin", VITIS, source=reports)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SystemExit) as stop:
        cli.main(["build", str(folder.root), "--json"])
    assert not stop.value.code
    kept = load(folder.hls_synthesis, HlsSynthesis)
    assert json.loads(capsys.readouterr().out)["figures"] == json.loads(text_of(kept))["figures"]
    report = build_report(folder.root)
    estimate, tool = (item.layers[0] for item in report.hls_figures)
    assert estimate.name == tool.name == "lmu" and estimate.lut is None and tool.lut == 4000
    rows = {(row.section, row.name): row for row in report.rows() if row.section.startswith("HLS")}
    assert rows["HLS, estimate", "total"].value.endswith("; without head")
    assert rows["HLS", "total"].value == "a sequence 350; 21 DSP, 7 BRAM18, 4100 FF, 5200 LUT"
    assert rows["HLS", "lmu"].source == "csynth (Vitis HLS 2023.1)"
    lines = [line for line in to_markdown(report).splitlines() if line.startswith("| lmu | ")]
    assert any("| estimate | latency | 1 |" in line and line.endswith("| - | - |") for line in lines)
    assert "| lmu | Vitis HLS 2023.1 |  | - | 64 | 64 | 322 | - | 15 | 6 | 3000 | 4000 |" in lines
    assert "csynth (Vitis HLS 2023.1)" in to_html(report)
    assert from_json(to_json(report)) == report and report.commands == ("lmu-hls build OUTDIR",)
    assert report.tools["vitis_hls"] == "2023.1"
    header = folder.hls / "firmware" / "parameters.h"
    header.write_text(header.read_text() + "\n")
    assert build_report(folder.root).hls is None
    with pytest.raises(LmuHlsError, match="vitis_hls failed"):
        write_stub(tmp_path / "bin", VITIS, "sys.exit(1)")
        synthesize_hls(folder)
    assert not folder.hls_synthesis.exists()
