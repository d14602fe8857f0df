"""The commands in sequence on a small model, and the seeded faults that verify must see."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import cli, toolchain
from lmu_hls.errors import NOT_VERIFIED
from lmu_hls.records import Verification, load
from lmu_hls.synth import synthesize_units
from lmu_hls.toolchain import find
from tests.support.interrupts import heed_interrupts
from tests.support.mutants import change
from tests.support.process_tree import MARK, all_gone, names, new_mark, wait_for


@pytest.fixture
def folder(converted, tmp_path):
    """A copy of the converted folder in another place."""
    return Path(shutil.copytree(converted, tmp_path / "copy"))


@pytest.fixture
def command(capsys):
    """Run a command line and return (exit status, stdout)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        return stop.value.code or 0, capsys.readouterr().out

    return run


def lanes(folder):
    """Lanes of each part of the first layer, in the Verilog."""
    layer = json.loads((folder / "verilog" / "manifest.json").read_text())["hardware"]["layers"][0]
    return {part["name"]: part["lanes"] for part in layer["parts"]}


def simulator():
    """The quicker one to build."""
    return "icarus" if find("icarus").found else "verilator"


def test_a_simulator_gets_the_first_samples(command, folder, speech, monkeypatch):
    """As many as are named, which the command of the record names, too; it says meanwhile how far it is."""
    heard = []
    module = importlib.import_module("lmu_hls.cli.commands.verify")
    monkeypatch.setattr(module, "progress_bar", lambda: nullcontext(lambda *told: heard.append(told)))
    np.savez(speech, x=np.random.default_rng(0).normal(size=(12, 5, 2)))
    status, text = command("verify", folder, "--simulator", f"{simulator()}:9", "--data", speech, "--json")
    *_, check = json.loads(text)["checks"]
    assert (status, check["name"], check["comparison"]["samples"]) == (0, f"rtlsim {simulator()}", 9)
    assert any(task == check["name"] and 0 < done < total == 9 for task, done, total in heard)
    again = f"lmu-hls verify OUTDIR --simulator {simulator()}:9 --data {speech.name}"
    assert check["evidence"]["command"] == again


def test_verify_synth_report(command, folder, speech):
    steps = (8, 5, 2)  # more than fill the buffers, so that there is a pace
    np.savez(speech, x=np.random.default_rng(0).normal(size=steps), y=np.arange(8) % 3)
    status, text = command("verify", folder, "--simulator", simulator(), "--data", speech, "--json")
    result = json.loads(text)
    assert status == 0
    compared = [item["comparison"] for item in result["checks"]]
    assert [(item["samples"], item["exact"]) for item in compared] == [(8, 8), (8, 8)]
    (timing,) = [item["timing"] for item in result["checks"] if item["timing"]]
    assert timing["ii_measured"]["value"] == timing["ii_formula"]["value"]
    assert [len(item["accuracy"]) for item in result["references"]] == [2]

    status, text = command("synth", folder, "--json")
    (resources,) = json.loads(text)
    multipliers = json.loads((folder / "verilog" / "manifest.json").read_text())["hardware"]["multipliers"]
    assert status == 0 and resources["counts"]["DSP"] == multipliers and resources["counts"]["FF"] > 0

    status, text = command("report", folder, "--json")
    assert status == 0 and json.loads(text) == json.loads((folder / "report.json").read_text())
    assert "csim" in (folder / "report.md").read_text()
    assert str(folder.parent) not in (folder / "report.json").read_text()


def test_the_same_model_gives_the_same_files(command, saved, folder, tmp_path):
    assert command("convert", saved, tmp_path / "again")[0] == 0
    for name in ("spec.npz", "manifest.json", "config.yml", "verilog/manifest.json"):  # with the hash of every file
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_settings_reach_the_contract(command, saved, tmp_path):
    config = tmp_path / "c.yml"
    config.write_text(
        "HLSConfig:\n  Model: {Precision: 'fixed<18,5>', ReuseFactor: 2}\n"
        "  LayerName:\n    lmu: {Precision: {u: 'fixed<11,3,RND,SAT_SYM>'}, ReuseFactor: 20}\n"
    )
    status, text = command("convert", saved, tmp_path / "out", "--config", config, "--json")
    (layer,) = [item for item in json.loads(text)["model"]["layers"] if item["name"] == "lmu"]
    assert status == 0
    assert layer["precision"]["u"] == "fixed<11,3,RND,SAT_SYM>"
    assert layer["precision"]["mem"] == "fixed<18,5,RND_CONV,SAT>"
    assert lanes(tmp_path / "out") == {"encoder": 1, "memory": 2, "hidden": 2}  # 2 * 4 * 5 products over 20 cycles


def test_settings_by_type_win_over_defaults_and_names_over_types(command, saved, tmp_path):
    config = tmp_path / "c.yml"
    config.write_text(
        "LayerType:\n  LMU: {Precision: {u: 'fixed<11,3,RND,SAT>', mem: 'fixed<13,3,RND,SAT>'}, ReuseFactor: 20}\n"
        "LayerName:\n  lmu: {Precision: {mem: 'fixed<14,3,RND,SAT>'}}\n"
    )
    status, text = command("convert", saved, tmp_path / "out", "--config", config, "--json")
    (layer,) = [item for item in json.loads(text)["model"]["layers"] if item["name"] == "lmu"]
    assert status == 0
    assert layer["precision"]["u"] == "fixed<11,3,RND,SAT>"
    assert layer["precision"]["mem"] == "fixed<14,3,RND,SAT>"
    assert lanes(tmp_path / "out") == {"encoder": 1, "memory": 2, "hidden": 2}


def change_rom_word(folder):
    (path,) = (folder / "verilog" / "rom").glob("small_lmu_memory_*.hex")
    words = path.read_text().split()
    words[1] = f"{int(words[1], 16) ^ 0x100:0{len(words[1])}x}"
    path.write_text("\n".join(words) + "\n")


def change_rounding(folder):
    change(folder / "verilog" / "rtl" / "small_top.v", ".U_TYPE(32'h16_", ".U_TYPE(32'h10_", several=True)


def change_header(folder):
    change(folder / "hls" / "firmware" / "nnet_utils" / "nnet_lmu_matrix.h", "sum[k] = 0;", "sum[k] = 1;")


def change_relu(folder):
    change(folder / "hls" / "firmware" / "nnet_utils" / "nnet_lmu_function.h", "lmu_is_positive(value)", "value > 1")


@pytest.mark.parametrize("fault", [change_rom_word, change_rounding, change_header, change_relu])
def test_seeded_fault_is_seen(command, folder, speech, fault):
    fault(folder)
    in_verilog = fault in (change_rom_word, change_rounding)
    chosen = simulator() if in_verilog else "none"
    status, _ = command("verify", folder, "--simulator", chosen, "--data", speech, "--json")
    assert status == 3
    comparisons = {item.name.split()[0]: item for item in load(folder / "verify.json", Verification).comparisons}
    assert not comparisons["rtlsim" if in_verilog else "csim"].passed
    assert comparisons["csim"].passed == in_verilog


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_verify_is_not_finished(command, folder, number):
    """And ends the compiler with all its parts."""
    (folder / "report.md").write_text("Verification: **passed**")
    mark = new_mark()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", MARK: mark}
    process = subprocess.Popen(
        [sys.executable, "-m", "lmu_hls.cli", "verify", str(folder), "--simulator", "none"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=heed_interrupts,
    )
    assert wait_for(lambda: "cc1plus" in names(mark) or process.poll() is not None, 300)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert ("Interrupted" if number == signal.SIGINT else "Ended by SIGTERM") in said and "Traceback" not in said
    assert all_gone(mark)
    (check,) = load(folder / "verify.json", Verification).checks
    assert check.comparison is None and not (folder / "report.md").exists()
    status, text = command("report", folder, "--json")
    assert status == 4 and json.loads(text)["verdict"] == "not verified"
    assert "csim, random, seed 0, 32 samples is not finished" in json.loads(text)["because"]


def test_a_compiler_that_hangs_is_stopped_at_the_limit(folder, tmp_path, monkeypatch, capsys):
    compiler = tmp_path / "bin" / "g++"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\n[ $1 = -dumpfullversion ] && echo 12.2.0 || sleep 60\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(toolchain, "_own_bin", lambda: compiler.parent)
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    with pytest.raises(SystemExit) as stop:
        cli.main(["verify", str(folder), "--simulator", "none", "--tool-timeout", "0.5"])
    said = capsys.readouterr().err
    assert stop.value.code == 1 and "g++ did not end within 0.5 s" in said and "--tool-timeout SECONDS" in said
    assert all_gone(mark)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_interrupted_conversion_leaves_nothing(saved, tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "lmu_hls.cli", "convert", str(saved), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    for _ in range(1200):
        if any(tmp_path.glob(".out.lmu_hls-draft")) or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert ("Interrupted" if number == signal.SIGINT else "Ended by SIGHUP") in said and "Traceback" not in said
    assert not any(tmp_path.iterdir())


def test_full_disk_is_one_message(saved, tmp_path, monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device", "spec.npz")

    monkeypatch.setattr("lmu_hls.spec.store.write_bytes", full)
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(saved), str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert stop.value.code == 1 and "No space left" in said and "free some space" in said
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_synth_imports_nothing_from_the_output_folder(folder, monkeypatch):
    """S2."""
    for place in (folder, folder / "verilog", folder / "work", folder / "work" / "synth"):
        for name in ("pyosys", "json", "sitecustomize", "runpy"):
            (place / name).mkdir(parents=True)
            (place / name / "__init__.py").write_text(f"open({str(folder / 'PWN')!r}, 'w')\n")
    monkeypatch.chdir(folder / "verilog")
    monkeypatch.setenv("PYTHONPATH", os.pathsep)  # an empty entry is the current folder
    assert synthesize_units(folder)
    assert not (folder / "PWN").exists()


@pytest.mark.slow
def test_two_verifications_at_once_wait_for_each_other(folder):
    command = [sys.executable, "-m", "lmu_hls.cli", "verify", str(folder), "--simulator", "none", "--samples", "4"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] in ([0, 0], [NOT_VERIFIED] * 2), said
    assert "".join(said).count("is in use by 'lmu-hls verify'") == 1
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
