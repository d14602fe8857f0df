"""``lmu-hls convert --axi-lite``: the project has registers and their software, and the other commands know of them."""

import json
from pathlib import Path

import pytest

from lmu_hls import cli, flow
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.records.folder import OutputFolder
from lmu_hls.spec import store


@pytest.fixture(scope="module")
def with_registers(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> OutputFolder:
    root = tmp_path_factory.mktemp("registers") / "out"
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(saved), str(root), "--axi-lite"])
    assert stop.value.code == 0
    return OutputFolder(root)


def test_the_project_has_registers_and_software(with_registers: OutputFolder) -> None:
    written = json.loads(with_registers.project.read_text())
    assert written["axi_lite"] and written["counters"]
    assert {"sw/lmu_small.h", "sw/lmu_small.c", "sw/lmu_small.rdl", "sw/pynq_driver.py"} <= set(written["files"])
    assert "rtl/small_lmu_registers.v" in written["files"]
    assert "--axi-lite" in json.loads(with_registers.conversion.read_text())["evidence"]["command"]
    design = written_accelerator(with_registers, store.load(with_registers.spec))
    assert all(source.is_file() for source in design.sources(with_registers.verilog)) and design.interface.tied


def test_without_the_option_there_are_none(converted: Path) -> None:
    folder = OutputFolder(converted)
    assert not (folder.verilog / "sw").exists()
    assert not written_accelerator(folder, store.load(folder.spec)).interface.tied


def test_verify_simulates_what_was_written(with_registers: OutputFolder, icarus: str) -> None:
    data = flow.random_data(store.load(with_registers.spec), 2)
    found = flow.verify(with_registers, data, csim=False, simulators=[icarus])
    assert [(check.comparison.exact, check.comparison.samples) for check in found.checks] == [(2, 2)]
