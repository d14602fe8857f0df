"""Bitstreams of a small network on every board, and what gets none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.boards import BOARDS, build, write_board
from lmu_hls.boards import bitstream as module
from lmu_hls.boards.bitstream import RECORD, Built, words
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import load
from lmu_hls.records.placement import Usage
from lmu_hls.spec import Network
from lmu_hls.synth.families import target_of
from lmu_hls.synth.route import DoesNotFit
from lmu_hls.synth.timing import Timing
from lmu_hls.toolchain import Tool, find
from tests.support.board_project import write_output
from tests.support.ends import pair
from tests.support.random_networks import random_spec_network

NETWORK = random_spec_network(90, 4)


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Synthesis and place and route that take no time; the clock that they reach is 10 MHz."""
    monkeypatch.setattr(module, "need", lambda name: Tool(name, tmp_path, "1", True, ""))
    monkeypatch.setattr(module, "synthesise", lambda project: tmp_path)
    monkeypatch.setattr(module, "read_scopes", lambda path: {})
    monkeypatch.setattr(module, "route", lambda *_: tmp_path)
    monkeypatch.setattr(module, "read_timing", lambda *_: Timing(10.0, None))


def test_what_is_too_slow_gets_no_bitstream(no_tools: None, tmp_path: Path) -> None:
    project = write_board(write_output(tmp_path / "out", NETWORK), BOARDS["icebreaker"])
    with pytest.raises(LmuHlsError, match=r"reaches 10\.0 of the 12 MHz of iCEBreaker"):
        build(project)
    assert not (project.folder / RECORD).exists()


def test_what_does_not_fit_gets_no_bitstream(no_tools: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise DoesNotFit("it does not fit up5k: 6000 of 5280 LC", {"LC": Usage(6000, 5280)})

    monkeypatch.setattr(module, "route", full)
    project = write_board(write_output(tmp_path / "out", NETWORK), BOARDS["icebreaker"])
    with pytest.raises(LmuHlsError, match=r"does not fit iCEBreaker: .*6000 of 5280 LC.*a larger --reuse-factor"):
        build(project)


@pytest.mark.slow
@pytest.mark.parametrize("network", [NETWORK, pair()], ids=["one stream each", "two inputs, two outputs"])
@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_a_bitstream(tmp_path: Path, name: str, network: Network) -> None:
    router = target_of(BOARDS[name].target).routable[1]
    if not all(find(tool).found for tool in ("pyosys", router.tool, router.packer)):
        pytest.skip("place and route is not installed")
    project = write_board(write_output(tmp_path, network), BOARDS[name])
    found = build(project)
    assert found.met and (project.folder / found.bitstream).stat().st_size > 10_000
    assert load(project.folder / RECORD, Built) == found
    assert f"{found.step_cycles} cycles a step" in " ".join(words(None, found))
    assert not replace(found, fmax_mhz=1.0).met
