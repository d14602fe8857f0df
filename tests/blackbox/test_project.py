"""A Vitis HLS project with the hand-written memory units in it: its files, its C simulation, and what is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.toolchain import need
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import config, convert, lmu, model, random_input
from tests.support.mutants import change

STEP = "firmware/blackbox/lmu{}_memory_step.{}"


def stack() -> keras.Model:
    """A tridiagonal memory and a dense one, one that feeds back and one that returns sequences."""
    return model(
        lmu("relu", name="first", discretizer="bilinear"),
        lmu(None, (False, True, True), name="second", return_sequences=False),
        keras.layers.Dense(3, name="head"),
    )


def settings(built: keras.Model, **more: Any) -> dict[str, Any]:
    made = config(built)
    for name in ("first", "second"):
        made["LayerName"][name] |= {"MemoryUpdateRtl": True, "MemoryUpdate": "auto", "ReuseFactor": 4, **more}
    return made


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_csim_equals_golden_and_a_fault_of_the_model_is_seen(io_type: str, tmp_path: Path) -> None:
    built = stack()
    graph = convert(built, tmp_path / "p", settings(built), io_type=io_type)
    graph.write()
    network = network_spec(graph)
    x = random_input(network, 12)
    expected = golden.run(network, x).output
    assert np.array_equal(compile_project(tmp_path / "p").run(x, network), expected)
    header = tmp_path / "p" / "firmware" / "nnet_utils" / "nnet_lmu_blackbox.h"
    change(header, "word[CONFIG_T::u_t::width] = fresh;", "")
    assert not np.array_equal(compile_project(tmp_path / "p").run(x, network), expected)


def test_files(tmp_path: Path) -> None:
    """Each model compiles for itself, as Vitis HLS does it; the script adds each description, whose files are there."""
    built = stack()
    convert(built, tmp_path, settings(built)).write()
    tcl = (tmp_path / "build_prj.tcl").read_text()
    for number in (2, 3):
        assert f"\nadd_files -blackbox lmu{number}_memory_step.json\n" in tcl
        made = json.loads((tmp_path / f"lmu{number}_memory_step.json").read_text())
        files = [*made["rtl_files"], *(item["c_file"] for item in made["c_files"])]
        assert len(files) > 5 and all((tmp_path / file).is_file() for file in files)
        flags = ["-std=c++11", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-label"]
        command = [str(need("g++").path), *flags, "-isystem", "firmware/ap_types", STEP.format(number, "cpp")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "lmu_resource strategy" in (tmp_path / "firmware" / "parameters.h").read_text()
    convert(built, tmp_path, config(built)).write()
    assert not (tmp_path / "lmu2_memory_step.json").exists() and not (tmp_path / "firmware" / "blackbox").exists()
    assert "blackbox" not in (tmp_path / "build_prj.tcl").read_text()


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    built = stack()
    with pytest.raises(
        LmuHlsError, match="'first': MemoryUpdateRtl needs an RTL blackbox, which Quartus has no form of"
    ):
        convert(built, tmp_path, settings(built), backend="Quartus")
    with pytest.raises(LmuHlsError, match="MemoryUpdateRtl='yes' is not possible; give True or False"):
        convert(built, tmp_path, settings(built, MemoryUpdateRtl="yes"))
    with pytest.raises(LmuHlsError, match="'first': Strategy 'Latency' pipelines the steps"):
        convert(built, tmp_path, settings(built, Strategy="Latency"))
    unsigned = settings(built)
    unsigned["LayerName"]["first"]["Precision"]["u"] = "ufixed<16,6>"
    with pytest.raises(LmuHlsError, match="u has the unsigned type"):
        convert(built, tmp_path, unsigned).write()
