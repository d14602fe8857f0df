"""A folder, a path or a model that is not to be trusted: nothing leaves the folder, nothing of a path becomes code."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls import flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import OutputFolder
from lmu_hls.records import Manifest, dump, load
from lmu_hls.report import to_markdown, to_table, write_report
from lmu_hls.rtl.manifest import Project
from lmu_hls.spec import store
from lmu_hls.synth import synthesize_units
from tests.hls.test_names import small

PLACE = '-a "b" $(touch PWN) `touch PWN` \\x; \u00e9 #\n%s*[]'


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder in a place whose name means something in every language; its own name does, too."""
    root = tmp_path_factory.mktemp("outer") / PLACE / PLACE
    flow.convert(small(), root)
    return root


@pytest.fixture
def copy(converted: Path, tmp_path: Path) -> Path:
    shutil.copytree(converted, tmp_path / "out", ignore=shutil.ignore_patterns("work"))  # of an earlier test
    return tmp_path / "out"


def test_every_tool_works_in_a_folder_of_any_name(converted: Path) -> None:
    folder = OutputFolder(converted)
    network = store.load(folder.spec)
    result = flow.verify(folder, flow.random_data(network, 4), simulators=["icarus"])
    assert result.passed and len(result.comparisons) == 2
    assert synthesize_units(converted)[0].counts["FF"] > 0
    subprocess.run(["make", "sim"], cwd=folder.verilog, check=True, capture_output=True)
    assert not list(converted.parents[1].rglob("PWN*"))
    assert "draft" not in (folder.hls / "hls4ml_config.yml").read_text()


OUTSIDE = ("../../x", "/tmp/x", "", "a/../../x", "link/x")


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("field", ["name", "sources", "folder"])
def test_a_manifest_that_leads_outside(copy: Path, field: str, name: str) -> None:
    (copy / "link").symlink_to(copy.parent)
    manifest = load(copy / "manifest.json", Manifest)
    unit = replace(manifest.units[0], **{field: (name,) if field == "sources" else name})
    dump(copy / "manifest.json", replace(manifest, units=(unit,)))
    before = sorted(copy.parent.iterdir())
    with pytest.raises(LmuHlsError, match=r"manifest\.json (names|has a unit)"):
        synthesize_units(copy)
    assert sorted(copy.parent.iterdir()) == before and not (copy / "work").exists()


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_manifest_of_roms_that_leads_outside(copy: Path, name: str) -> None:
    (copy / "verilog" / "link").symlink_to(copy.parent)
    path = copy / "verilog" / "manifest.json"
    dump(path, replace(load(path, Project), words={name: 1}))
    with pytest.raises(LmuHlsError, match=r"verilog/manifest\.json names"):
        synthesize_units(copy)


def test_a_report_shows_names_as_text(tmp_path: Path) -> None:
    """No control character reaches the file or the screen, and a cell stays a cell."""
    name = "x|y\n# <script>\x1b[31m[red]`$(id)`"
    flow.convert(small(f"{name}l", f"{name}h", f"{name}i", name), tmp_path / "out")
    report = write_report(tmp_path / "out")
    text = to_markdown(report)
    assert text.startswith("# x\\|y\\\\n\\# \\<script>\\\\x1b")
    rows = [line.replace("\\|", "") for line in text.splitlines() if "script" in line and line.startswith("|")]
    assert {line.count("|") for line in rows if " LMU " in line} == {5}
    assert "\x1b" not in text and "[red]" in str(to_table(report).title)
