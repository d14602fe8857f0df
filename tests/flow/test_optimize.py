"""The best of all settings by the estimate, and what is said where no setting keeps to the limits."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import keras
import pytest

from lmu_hls import cli, flow
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow.convert import network_of_model
from lmu_hls.flow.optimize import FORMS, GOALS, Candidate, Settings, choose, optimize
from lmu_hls.layers import LMU
from lmu_hls.records.placement import Usage
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import asking, requests, settle
from lmu_hls.synth.estimate import estimate, unknown_units
from lmu_hls.synth.families import target_of
from tests.support.small_model import small_model

DEVICE = "ecp5-25k"
module = sys.modules[optimize.__module__]  # the package has the function by that name


def bilinear_model():
    keras.utils.set_random_seed(0)
    memory = LMU(1, 3, theta=8, hidden_cell=keras.layers.Dense(2), discretizer="bilinear", name="lmu")
    return keras.Sequential([keras.Input((4, 2)), memory, keras.layers.Dense(2, name="head")], name="tiny")


def counted(plan, targets):
    """In the place of the estimate, for speed: what is there is counted."""
    roms = sum(rom.width * len(rom.words) for rom in plan.net.roms.values())
    counts = {"LUT": 100 * len(plan.net.instances) + roms // 8, "FF": roms // 16, "DSP": plan.multipliers}
    figures = [SimpleNamespace(resource=name, count=count) for name, count in counts.items()]
    return SimpleNamespace(targets=[SimpleNamespace(figures=figures)])


def everything(judge) -> dict[tuple[int, float], str]:
    """Cycles and area of every ReuseFactor that there is, from 1 to more than any is good for, in all forms of the
    memory and with both kinds of beats, where it fits; of equal networks one."""
    model, found, seen = bilinear_model(), {}, set()
    has = target_of(DEVICE).device.available
    for form, keys in FORMS.items():
        network, was = network_of_model(model, {"LayerName": {"lmu": keys}})
        for beat in (1, 0):
            for request in range(1, 60):
                settled = settle(asking(network, request, was), request, ports=RtlOptions(values_per_beat=beat).ports)
                key = (form, beat, *(getattr(node.layer, "reuse_factor", None) for node in settled.network.nodes))
                if key in seen:
                    continue
                seen.add(key)
                plan = design(settled.network, RtlOptions(values_per_beat=beat), request).plan
                if judge is estimate and unknown_units(plan, [DEVICE]):
                    continue
                (target,) = judge(plan, [DEVICE]).targets
                counts = {figure.resource: figure.count for figure in target.figures}
                if all(counts[name] <= has[name] for name in has if name in counts):
                    area = sum(counts[name] / has[name] for name in has if name in counts)
                    found[settled.cycles, area] = f"{form} {request} {beat}"
    return found


@pytest.mark.parametrize("judge", [counted, estimate], ids=["counted", "estimate"])
def test_the_best_of_all(judge, monkeypatch):
    monkeypatch.setattr(module, "estimate", judge)
    if judge is counted:
        monkeypatch.setattr(module, "unknown_units", lambda plan, targets: "")
    candidates = everything(judge)
    ranks = {"area": lambda pair: pair[::-1], "speed": lambda pair: pair, "balanced": lambda pair: pair[0] * pair[1]}
    for goal, limit in (("area", 30), ("speed", None), ("balanced", None)):
        best = optimize(bilinear_model(), goal, DEVICE, cycles=limit).candidate
        cycles, area = min((pair for pair in candidates if limit is None or pair[0] <= limit), key=ranks[goal])
        assert (best.cycles, best.area) == pytest.approx((cycles, area)), candidates[cycles, area]


def test_a_candidate_that_is_forgotten_is_missed(monkeypatch):
    """A fault: half of the ReuseFactors."""
    monkeypatch.setattr(module, "estimate", counted)
    best = optimize(bilinear_model(), "area", DEVICE, cycles=30).candidate
    monkeypatch.setattr(
        module, "requests", lambda *a: tuple(r for r in requests(*a) if r != best.settings.reuse_factor)
    )
    assert optimize(bilinear_model(), "area", DEVICE, cycles=30).candidate.area > best.area


def candidate(cycles, lut, mhz=None, factor=1):
    return Candidate(Settings(factor, 1), cycles, {"LUT": Usage(lut, 100), "DSP": Usage(1, 10)}, mhz)


def test_choice():
    small, middle, fast = candidate(100, 10), candidate(20, 30), candidate(10, 90)
    chosen = [choose([fast, middle, small], goal, "it") for goal in GOALS]
    assert chosen == [small, fast, middle]
    large = candidate(1, 110)
    assert choose([large, small], "speed", "it") is small
    slow = replace(fast, mhz=50.0)
    assert choose([slow, replace(small, mhz=80.0)], "speed", "it", 60.0).cycles == 100


def test_what_cannot_be_met():
    with pytest.raises(LmuHlsError, match=r"nothing within the limits fits it; the nearest, .* needs 110 of 100 LUT"):
        choose([candidate(1, 110), candidate(2, 120)], "area", "it")
    with pytest.raises(LmuHlsError, match=r"90.0 MHz is out of reach on it: the estimate has 60 MHz at most"):
        choose([candidate(1, 10, 50.0), candidate(2, 10, 60.0)], "area", "it", 90.0)
    with pytest.raises(LmuHlsError, match="no clock is estimated for it: leave --clock out"):
        choose([candidate(1, 10)], "area", "it", 90.0)
    with pytest.raises(LmuHlsError, match="use one of area, speed, balanced"):
        optimize(bilinear_model(), "size")


def test_cycles_out_of_reach(monkeypatch):
    """With the nearest that can be met: of the network, and of the device."""
    monkeypatch.setattr(module, "estimate", counted)
    narrow = RtlOptions(values_per_beat=2)
    with pytest.raises(LmuHlsError, match=r"--cycles 0 is out of reach: a step takes (\d+) cycles or more; allow \1"):
        optimize(small_model(), "area", cycles=0, options=narrow)
    monkeypatch.setattr(module, "usage_of", lambda target, counts: {"DSP": Usage(counts["DSP"], 1)})
    with pytest.raises(LmuHlsError, match=r"nothing of at most 8 cycles a step fits ecp5-25k; allow \d+ \(Reuse"):
        optimize(bilinear_model(), "area", cycles=8)


def test_it_reaches_the_configuration_and_the_report(tmp_path, monkeypatch):
    model = bilinear_model()
    monkeypatch.setattr(module, "estimate", counted)
    best = optimize(model, "area", DEVICE, cycles=30)
    chosen = best.candidate.settings
    manifest = flow.convert(
        model,
        tmp_path / "out",
        config=chosen.over(None),
        reuse_factor=chosen.reuse_factor,
        values_per_beat=chosen.values_per_beat or "auto",
        optimized=best.text,
    )
    assert manifest.hardware.reuse.cycles == best.candidate.cycles <= 30
    assert -(-manifest.hardware.sequence_cycles // 4) == best.candidate.cycles  # the last of four steps takes longer
    assert manifest.optimized == best.text
    assert chosen.forms["lmu"] in (tmp_path / "out/config.yml").read_text()
    assert f"ReuseFactor {chosen.reuse_factor}" in best.text


def test_a_form_that_is_said_is_kept(monkeypatch):
    monkeypatch.setattr(module, "network_of_model", lambda model, config, *_: pytest.fail(str(config["LayerName"])))
    settings = {"LayerName": {"lmu": {"MemoryUpdate": "dense"}}}
    with pytest.raises(pytest.fail.Exception, match=r"^\{'lmu': \{'MemoryUpdate': 'dense'\}\}$"):
        optimize(bilinear_model(), "area", config=settings)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--cycles", "9"], "--cycles is for --optimize area, speed or balanced"),
        (["--target", "up5k"], "--target is for --optimize area, speed or balanced"),
        (["--optimize", "area", "--reuse-factor", "9"], "--optimize chooses the ReuseFactor; leave --reuse-factor out"),
    ],
)
def test_what_does_not_go_together(asked, message, tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(["convert", str(tmp_path / "model.keras"), str(tmp_path / "out"), *asked])
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "estimate", counted)
    bilinear_model().save(tmp_path / "model.keras")
    asked = ["--optimize", "area", "--cycles", "30", "--target", "ecp5"]
    with pytest.raises(SystemExit):
        cli.main(["convert", str(tmp_path / "model.keras"), str(tmp_path / "out"), *asked])
    text = capsys.readouterr().out
    assert "--optimize area for ecp5, at most 30 cycles a step: ReuseFactor" in text
    assert "--optimize area" in (tmp_path / "out/manifest.json").read_text()
