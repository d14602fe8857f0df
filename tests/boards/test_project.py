"""The folder of a board: its files, its pins, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lmu_hls.boards import BOARDS, board_of, write_board
from lmu_hls.boards.project import divisor
from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.constraints import check_constraints
from lmu_hls.synth.families import target_of
from lmu_hls.toolchain import find
from tests.support.board_project import small_network, write_output
from tests.support.ends import fusion
from tests.support.hdl.elaboration import lint


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_output(tmp_path_factory.mktemp("out"), small_network(32))


@pytest.mark.parametrize("name", BOARDS)
def test_the_folder(outdir: Path, name: str) -> None:
    board = board_of(name)
    project = write_board(outdir, board)
    top = (project.folder / f"rtl/{project.top}.v").read_text()
    ports = set(board.pins)
    declared = re.findall(r"^ +(?:input|output) +wire (?:\[\d+:0\] )?(\w+)", top, re.MULTILINE)
    assert set(declared) == {port.partition("[")[0] for port in ports}
    language = target_of(board.target).routable[1].constraints
    check_constraints(language, project.constraints, ports)
    with pytest.raises(LmuHlsError, match="names no port"):
        check_constraints(language, project.constraints.replace("rx", "rxd"), ports)
    assert all(path.is_file() for path in (*project.sources, project.bench))
    assert f"64'h{project.facts.contract[:16]}" in top
    assert len({path.stem for path in project.sources}) == len(project.sources)


@pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
def test_lint(tmp_path: Path) -> None:
    """Two inputs and two outputs, and fewer LEDs than classes have bits."""
    project = write_board(write_output(tmp_path, fusion(), 8), BOARDS["upduino"])
    assert lint(project.top, project.sources) == (0, "")
    top = project.folder / f"rtl/{project.top}.v"
    top.write_text(top.read_text().replace("unused_places", "places"))
    code, said = lint(project.top, project.sources)
    assert code and "UNUSEDSIGNAL" in said


def test_the_rate() -> None:
    assert divisor(12.0, 1_000_000) == 12 and divisor(27.0, 115200) == 234
    for mhz, baud in ((12.0, 4_000_000), (12.0, 2_600_000), (12.0, 0)):
        with pytest.raises(LmuHlsError, match=f"{baud} baud cannot be made of 12 MHz; use 115200"):
            divisor(mhz, baud)


def test_what_is_refused(outdir: Path, tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"board 'icebraker' is none of .*; did you mean 'icebreaker'\?"):
        board_of("icebraker")
    with pytest.raises(LmuHlsError, match="iCEBreaker has no hx8k; it has up5k"):
        write_board(outdir, BOARDS["icebreaker"], device="hx8k")
    with pytest.raises(LmuHlsError, match="holds no converted model"):
        write_board(tmp_path, BOARDS["icebreaker"])
