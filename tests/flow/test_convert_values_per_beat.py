"""``lmu-hls convert --values-per-beat``: the project has wide streams, and the other commands know of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls import boards, cli, flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.records import load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.rtl.manifest import Project
from lmu_hls.spec import store


@pytest.fixture(scope="module")
def wide(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> OutputFolder:
    root = tmp_path_factory.mktemp("wide") / "out"
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(saved), str(root), "--reuse-factor", "1", "--values-per-beat", "auto"])
    assert stop.value.code == 0
    return OutputFolder(root)


def test_the_project_has_wide_streams(wide: OutputFolder, icarus: str) -> None:
    written = load(wide.project, Project)
    assert written.values_per_beat == 0 and written.inputs[0].together == 2
    assert written.hardware.ii_cycles == 1
    command = json.loads(wide.conversion.read_text())["evidence"]["command"]
    assert command.endswith("--values-per-beat auto")
    network = store.load(wide.spec)
    assert written_accelerator(wide, network).plan.cycles.ii == 1
    found = flow.verify(wide, flow.random_data(network, 2), csim=False, simulators=[icarus])
    assert [(check.comparison.exact, check.comparison.samples) for check in found.checks] == [(2, 2)]


def test_power_and_boards_take_one_value_a_beat(wide: OutputFolder) -> None:
    written = load(wide.project, Project)
    assert replace(written, inputs=(replace(written.inputs[0], together=1),)).input
    with pytest.raises(LmuHlsError, match="have 2 values a beat, and power estimates take one; convert it"):
        _ = written.input
    with pytest.raises(LmuHlsError, match="has 2 values a beat, and boards take one; convert the model"):
        boards.write_board(wide.root, boards.board_of("icebreaker"))


def test_what_is_no_number_is_refused(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(saved), str(tmp_path / "out"), "--values-per-beat", "3"])
    assert stop.value.code != 0
    assert "ValuesPerBeat=3 is not possible" in capsys.readouterr().err
