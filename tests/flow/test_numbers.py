"""Types from the command line: search, profile, what verify says of data beyond the calibration, rediscretizing."""

import json
import math
import re

import numpy as np
import pytest

from lmu_hls import cli
from lmu_hls.records import Precision, Verification, load
from lmu_hls.spec import store
from tests.support.small_model import small_model


@pytest.fixture
def run(capsys):
    """Run a command line; (exit status, stdout, stderr)."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def chosen(run, saved, speech, tmp_path):
    """A folder whose types were searched for on the test data."""
    out = tmp_path / "auto"
    status, _, said = run("convert", saved, out, "--precision", "auto", "--calibration", speech, "--target-snr-db", 25)
    assert status == 0, said
    return out


def test_search_reaches_the_contract_and_the_report(run, chosen, speech):
    found = load(chosen / "precision.json", Precision)
    types = {(item.layer, item.tensor): item.type for item in found.tensors}
    manifest = json.loads((chosen / "manifest.json").read_text())
    (layer,) = [item for item in manifest["model"]["layers"] if item["name"] == "lmu"]
    assert found.snr_db >= 25 and found.bits < found.start_bits
    assert layer["precision"]["mem"] == str(types["lmu", "mem"])
    status, _, said = run("verify", chosen, "--simulator", "none", "--data", speech)
    assert status == 0, said
    result = load(chosen / "verify.json", Verification)
    assert result.passed and [item.overruns for item in result.references] == [()]
    assert run("report", chosen)[0] == 0
    assert "25 dB" in (chosen / "report.md").read_text()
    svg = (chosen / "plots" / "types.svg").read_bytes()
    assert svg.startswith(b"<svg") and run("report", chosen)[0] == 0
    assert (chosen / "plots" / "types.svg").read_bytes() == svg


def test_data_beyond_the_calibration_is_reported(run, chosen, speech, tmp_path):
    louder = tmp_path / "louder.npz"
    np.savez(louder, x=40 * np.load(speech)["x"])
    status, _, _ = run("verify", chosen, "--simulator", "none", "--data", louder)
    (reference,) = load(chosen / "verify.json", Verification).references
    overruns = {(item.layer, item.tensor): item for item in reference.overruns}
    assert status == 0  # bit-exact all the same
    assert overruns["input", "x"].overflows > 0
    assert any(item.calibrated is not None and item.seen > item.calibrated for item in overruns.values())


def test_profile_counts_what_does_not_fit(run, saved, speech):
    status, text, _ = run("profile", saved, speech, "--precision", "fixed<8,1>", "--json")
    tensors = {(item["layer"], item["tensor"]): item for item in json.loads(text)}
    assert status == 0
    assert tensors["lmu", "u"]["type"] == "fixed<8,1,RND_CONV,SAT>"
    assert tensors["head", "result"]["overflows"] > 0
    status, table, _ = run("profile", saved, speech)
    assert status == 0 and "Headroom" in table


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--precision", "auto"), "--calibration"),
        (("--calibration", "DATA"), "--precision auto"),
        (("--precision", "auto", "--calibration", "none.npz"), "does not exist"),
        (("--precision", "auto", "--calibration", "DATA", "--target-snr-db", "25", "--max-bits", "9"), "not several"),
        (("--precision", "auto", "--calibration", "DATA", "--max-accuracy-drop", "few"), "'few' is not a target"),
        (("--precision", "auto", "--calibration", "DATA", "--max-bits", "10"), "out of reach; the best found"),
        (("--precision", "auto", "--calibration", "ZERO"), "zero throughout"),
        (("--precision", "auto", "--calibration", "SHAPE"), "shape"),
        (("--precision", "auto", "--calibration", "NAN"), "NaN"),
        (("--rediscretize", "bilinear"), "--data"),
        (("--rediscretize", "tustin", "--data", "DATA"), "tustin"),
    ],
)
def test_bad_requests(run, saved, speech, tmp_path, options, part):
    arrays = {"ZERO": np.zeros((3, 5, 2)), "SHAPE": np.zeros((3, 4, 2)), "NAN": np.full((3, 5, 2), np.nan)}
    paths = {"DATA": speech}
    for name, x in arrays.items():
        paths[name] = tmp_path / f"{name}.npz"
        np.savez(paths[name], x=x)
    status, _, said = run("convert", saved, tmp_path / "out", *(paths.get(option, option) for option in options))
    assert status != 0 and part in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_another_discretizer_is_measured_and_said(run, speech, tmp_path):
    path = tmp_path / "zoh.keras"
    small_model().save(path)
    status, _, said = run("convert", path, tmp_path / "out", "--rediscretize", "bilinear", "--data", speech)
    assert status == 0
    assert "discretizer zoh -> bilinear, 6 samples" in said and "accuracy" in said
    assert store.load(tmp_path / "out" / "spec.npz").lmus[0].discretizer == "bilinear"


def test_a_range_without_bound_is_recorded_and_said(run, speech, tmp_path, monkeypatch):
    """h feeds back through relu: nothing bounds u. The search says now and then how far it is."""
    monkeypatch.setattr("lmu_hls.cli.terminal.SAY_EVERY", 0.0)
    path, out = tmp_path / "relu.keras", tmp_path / "out"
    small_model(hidden_to_memory=True).save(path)
    status, _, said = run("convert", path, out, "--precision", "auto", "--calibration", speech, "--target-snr-db", 12)
    assert status == 0, said
    assert re.search(r"types: runs of golden: \d+ of 4000", said)
    tensors = {(item.layer, item.tensor): item for item in load(out / "precision.json", Precision).tensors}
    assert tensors["lmu", "u"].proven == math.inf and tensors["lmu", "mem"].proven < math.inf
    assert run("report", out)[0] == 4  # nothing was verified
    assert "| unbounded |" in (out / "report.md").read_text() and (out / "plots" / "types.svg").is_file()
    status, text, _ = run("profile", path, speech, "--json")
    assert status == 0 and any(item["proven"] == "inf" for item in json.loads(text))
    assert "unbounded" in run("profile", path, speech)[1]


@pytest.mark.parametrize(
    ("options", "part"), [(("--backend", "oneAPI"), "not supported"), (("--io-type", "io_serial"), "io_serial")]
)
def test_what_no_types_can_cure_fails_before_the_search(run, saved, speech, tmp_path, monkeypatch, options, part):
    monkeypatch.setattr("lmu_hls.flow.numbers.tune", lambda *_, **__: pytest.fail("searched"))
    given = ("--precision", "auto", "--calibration", speech, *options)
    status, _, said = run("convert", saved, tmp_path / "out", *given)
    assert status == 1 and part in said
