"""What verify.json keeps of earlier runs: each row has its own evidence, and no two data sets are shown as one.

The implementations are not run here: csim and rtlsim "agree" at once, so that many runs fit in a second.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import cli
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import verification
from lmu_hls.records import Comparison, Number, Timing, Verification, load

PASSED, ERROR, FAILED, NOT_VERIFIED = 0, 1, 3, 4


@pytest.fixture
def folder(converted, tmp_path):
    return Path(shutil.copytree(converted, tmp_path / "out"))


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command on agreeing implementations; (exit status, stdout, stderr). ``run.csim``: what happens in csim."""

    def agree(name, source, samples):
        return Comparison(name, source, samples, samples, samples, None)

    def samples(x):
        (values,) = x.values()
        return len(values)

    def csim(folder, network, x, lengths, reference, progress):
        call.csim()
        return agree("csim", "csim", samples(x))

    def rtlsim(folder, design, sequences, simulator, waves, progress):
        cycles = [Number(4, "cycles", source) for source in ("formula", "rtl_sim")]
        return (
            agree(f"rtlsim {simulator}", "rtl_sim", samples(sequences[0])),
            Timing("small", simulator, 9, *cycles, *cycles),
            None,
        )

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    call.csim = lambda: None
    monkeypatch.setattr(verification, "_csim", csim)
    monkeypatch.setattr(verification, "_rtlsim", rtlsim)
    monkeypatch.setattr(verification.toolchain, "simulator_env", lambda simulator: {})
    return call


def save(path, seed, y=None, scale=1.0):
    x = scale * np.random.default_rng(seed).normal(size=(6, 5, 2))
    np.savez(path, x=x, **({} if y is None else {"y": np.array(y)}))
    return path


def rows(folder):
    """{(name, label)} of the checks, the same of the accuracies and overruns."""
    found = load(folder / "verify.json", Verification)
    checks = [(check.name, check.evidence.data.label) for check in found.checks]
    right = [item.evidence.data.label for item in found.references if item.accuracy]
    over = [item.evidence.data.label for item in found.references if item.overruns]
    return checks, right, over


def states(run, folder):
    status, text, _ = run("report", folder, "--json")
    return status, {(item["record"], item["data"]): item["state"] for item in json.loads(text)["standings"]}


def test_one_simulator_does_not_erase_the_other(run, folder, speech):
    for simulator in ("verilator", "icarus", "none"):
        assert run("verify", folder, "--data", speech, "--simulator", simulator)[0] == PASSED
    checks, right, _ = rows(folder)
    assert sorted(checks) == [(name, "data.npz") for name in ("csim", "rtlsim icarus", "rtlsim verilator")]
    assert right == ["data.npz"]


def test_a_run_without_labels_takes_the_accuracy_of_its_data_along(run, folder, tmp_path):
    with_y, without = save(tmp_path / "a.npz", 1, [0, 1, 2, 0, 1, 2]), save(tmp_path / "b.npz", 1)
    run("verify", folder, "--data", with_y, "--simulator", "none")
    assert rows(folder)[1] == ["a.npz"]
    status, table, _ = run("verify", folder, "--data", without, "--simulator", "none")
    assert status == PASSED and rows(folder) == ([("csim", "b.npz")], [], []) and "Accuracy" not in table


def test_data_sets_are_told_apart(run, folder, tmp_path):
    """The accuracy of one and the comparisons of another each name their data."""
    first = save(tmp_path / "a.npz", 1, [0, 1, 2, 0, 1, 2])
    run("verify", folder, "--data", first, "--simulator", "icarus")
    status, table, _ = run("verify", folder, "--simulator", "none", "--samples", 3)
    assert status == PASSED
    for part in ("on a.npz", "on random, seed 0, 3 samples"):
        assert part in table
    lines = [" ".join(line.split()) for line in table.splitlines()]
    assert not any("Accuracy" in line and "random" in line for line in lines)
    run("report", folder)
    page = (folder / "report.md").read_text()
    assert "| a.npz | float |" in page and "| random, seed 0, 3 samples | float |" not in page
    assert "| csim | random, seed 0, 3 samples | 3 |" in page and "| rtlsim icarus | a.npz | 6 |" in page


def test_data_of_the_same_name_are_told_apart_by_their_hash(run, folder, tmp_path):
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        run("verify", folder, "--data", save(tmp_path / str(number) / "a.npz", number), "--simulator", "none")
    ids = {check.evidence.data.x.sha256[:8] for check in load(folder / "verify.json", Verification).checks}
    status, found = states(run, folder)
    assert status == PASSED and len(ids) == 2
    assert {("csim", f"a.npz ({sha})") for sha in ids} <= set(found)


def test_overruns_of_one_data_set_outlive_a_run_on_another(run, folder, tmp_path):
    loud, quiet = save(tmp_path / "loud.npz", 1, scale=40), save(tmp_path / "quiet.npz", 2)
    for path in (loud, quiet):
        assert run("verify", folder, "--data", path, "--simulator", "none")[0] == PASSED
    assert rows(folder)[2] == ["loud.npz"]


def test_a_row_of_files_that_changed_goes_when_its_implementation_runs_again(run, folder, tmp_path):
    first, second = save(tmp_path / "a.npz", 1), save(tmp_path / "b.npz", 2)
    for simulator in ("icarus", "verilator"):
        run("verify", folder, "--data", first, "--simulator", simulator)
    rom = sorted((folder / "verilog" / "rom").glob("*head*.hex"))[0]
    rom.write_text(rom.read_text() + "0\n")
    status, found = states(run, folder)
    assert status == NOT_VERIFIED
    assert found["rtlsim icarus", "a.npz"] == found["rtlsim verilator", "a.npz"] == "stale"
    assert found["csim", "a.npz"] == "current"
    # Verilator looks at the files as they are now; that Icarus did not is still said.
    status, _, said = run("verify", folder, "--data", second, "--simulator", "verilator")
    assert status == NOT_VERIFIED and f"rtlsim icarus, a.npz is stale (verilog/rom/{rom.name} has changed)" in said
    assert ("rtlsim verilator", "a.npz") not in rows(folder)[0]
    assert run("verify", folder, "--data", second, "--simulator", "none")[0] == NOT_VERIFIED
    assert run("verify", folder, "--data", second, "--simulator", "icarus")[0] == PASSED


def test_a_check_that_ends_in_an_error_is_not_finished(run, folder, speech):
    assert run("verify", folder, "--data", speech, "--simulator", "icarus")[0] == PASSED
    run("report", folder)

    def crash():
        raise LmuHlsError("the compiler crashed")

    run.csim = crash
    assert run("verify", folder, "--data", speech, "--simulator", "icarus")[0] == ERROR
    assert not list(folder.glob("report.*"))
    status, found = states(run, folder)
    assert status == NOT_VERIFIED
    assert found["csim", "data.npz"] == found["rtlsim icarus", "data.npz"] == "not finished"
    assert "**passed**" not in (folder / "report.md").read_text()
    run.csim = lambda: None
    assert run("verify", folder, "--data", speech, "--simulator", "icarus")[0] == PASSED


@pytest.mark.parametrize("name", ["hls/firmware/lmu.cpp", "hls/more.h", "spec.npz"])
def test_a_file_that_changes_while_it_is_verified_is_no_pass(run, folder, name):
    path = folder / name

    def edit():
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b" ")

    run.csim = edit
    status, _, said = run("verify", folder, "--simulator", "none", "--samples", 3)
    assert status == ERROR and name in said and "while" in said and "run the command again" in said
    assert states(run, folder)[0] == NOT_VERIFIED


@pytest.mark.parametrize("name", ["model.keras", "spec.npz", "config.yml", "manifest.json"])
def test_another_network_is_not_verified_in_its_place(run, folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    status, _, said = run("verify", folder, "--simulator", "none", "--samples", 3)
    assert status == NOT_VERIFIED and f"{name} has changed" in said and "convert" in said


def test_a_damaged_record_is_replaced(run, folder):
    (folder / "verify.json").write_text("{")
    assert run("report", folder)[0] == NOT_VERIFIED
    assert run("verify", folder, "--simulator", "none", "--samples", 3)[0] == PASSED


def test_a_wrong_cycle_count_has_its_own_words(run, folder, monkeypatch):
    def slow(folder, network, x, simulator, waves, progress):
        ii, latency = (Number(value, "cycles", "formula") for value in (4, 9))
        measured = Number(5, "cycles", "rtl_sim")
        timing = Timing("s", "icarus", 9, ii, measured, latency, latency)
        return Comparison("rtlsim icarus", "rtl_sim", 3, 3, 3, None), timing, None

    monkeypatch.setattr(verification, "_rtlsim", slow)
    status, _, said = run("verify", folder, "--simulator", "icarus", "--samples", 3)
    assert status == FAILED and "the cycles a step that rtlsim icarus measured differ from the formulas" in said
    assert "integer reference" not in said
    assert run("report", folder)[0] == FAILED


@pytest.mark.parametrize("command", ["verify", "report", "demo"])
def test_help_tells_the_exit_statuses(run, command):
    text = " ".join(run(command, "--help")[1].split())
    for part in ("0 passed", "1 error", "2 wrong usage", "3 failed", "4 not verified"):
        assert part in text
