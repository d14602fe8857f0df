"""`lmu-hls estimate` on a Keras file: nothing is converted, and what cannot be is refused as by convert."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lmu_hls import cli
from lmu_hls.flow.convert import design_of_model
from lmu_hls.flow.estimate import DEVICE
from lmu_hls.rtl.standalone import modules
from lmu_hls.synth.estimate.model import load, mostly_older
from tests.support.small_model import small_model


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.keras"
    small_model().save(path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(["estimate", *map(str, arguments)])
    said = capsys.readouterr()
    return int(stop.value.code or 0), said.out, said.err


def test_the_command(saved_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(capsys, saved_model, "--reuse-factor", 30, "--target", "ecp5-25k", "--json")
    (made,) = json.loads(text)
    plan = design_of_model(small_model(), reuse_factor=30).plan
    assert status == 0 and (made["multipliers"], made["step_cycles"]) == (plan.multipliers, plan.cycles.ii)
    told = [] if mostly_older(load(), "ecp5-25k", modules(plan)) else ["MHz"]
    assert [figure["resource"] for figure in made["targets"][0]["figures"]] == ["LUT", "FF", "DSP", "DP16KD", *told]
    status, text, _ = run(capsys, saved_model)
    assert status == 0 and "held-out error: median" in text and "cycles a step" in text and "ecp5 (Lattice" in text
    assert list(saved_model.parent.iterdir()) == [saved_model]


def test_convert_says_what_it_will_take(saved_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In its last line, for a device that it names, with the errors; registers and inline ROMs change nothing of it."""
    lines = []
    for name, options in (("plain", ()), ("other", ("--axi-lite", "--rom", "inline"))):
        with pytest.raises(SystemExit):
            cli.main(["convert", str(saved_model), str(tmp_path / name), *options])
        *_, hls, beside, line = capsys.readouterr().out.splitlines()
        assert hls.startswith("Estimate for HLS, layer 'lmu") and hls.endswith("BRAM18")
        assert beside.startswith("Not in the estimate: ")
        lines.append(line)
    _, text, _ = run(capsys, saved_model, "--target", DEVICE)
    assert lines[0].startswith(f"Estimate for {DEVICE} (fits): ") and lines[0] == lines[1]
    figures = [line.strip() for line in text.splitlines()[2:-1]]
    assert lines[0].endswith(": " + "; ".join(figures))
    assert all("held-out error: median" in figure or "exact in" in figure for figure in figures)


def test_bad_input(saved_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, why in (
        ((tmp_path / "absent.keras",), "absent.keras"),
        ((saved_model, "--target", "ecp5-26k"), "did you mean 'ecp5-25k'"),
        ((saved_model, "--precision", "auto"), "go together"),
        ((saved_model, "--precision", "fixed<0,0>"), "width 0 is outside"),
    ):
        status, _, said = run(capsys, *arguments)
        assert status == 1 and why in said
