"""csim with the Verilog of its blackboxes in it: golden's integers, and a fault of the Verilog is seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from lmu_hls import demo, golden
from lmu_hls.cli import app
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize
from lmu_hls.flow import OutputFolder, no_progress
from lmu_hls.flow import convert as convert_all
from lmu_hls.records import Verification, load
from lmu_hls.spec import store
from lmu_hls.toolchain import find
from lmu_hls.verify import cosim
from tests.blackbox.test_project import settings, stack
from tests.support.lmu_models import convert, network_spec, random_input
from tests.support.mutants import change
from tests.support.small_model import small_model

needs_verilator = pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
BLACKBOX = {"LayerName": {"lmu": {"MemoryUpdateRtl": True, "MemoryUpdate": "tridiagonal"}}}


def converted(folder: Path, **more: Any) -> OutputFolder:
    convert_all(small_model(discretizer="bilinear"), folder, config=BLACKBOX, **more)
    return OutputFolder(folder)


@needs_verilator
def test_verify_records_it_and_a_fault_is_seen(tmp_path: Path) -> None:
    """By the command line; then a ROM word of the Verilog, which the C++ model does not have, is another."""
    out = converted(tmp_path / "out")
    command = ["verify", str(out.root), "--simulator", "blackbox", "--samples", "6"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    (check,) = (item for item in load(out.verification, Verification).checks if item.name == "cosim blackbox")
    assert check.comparison is not None and check.comparison.exact == check.comparison.samples == 6
    assert "hls/firmware/blackbox/lmu2_memory_step.v" in check.evidence.files and "verilator" in check.evidence.tools
    (rom,) = (out.hls / "firmware" / "blackbox").glob("*_lmu_rom.v")
    word = re.search(r"contents\[1\] = (\d+'h)(\w+);", rom.read_text())
    assert word is not None
    change(rom, word[0], f"contents[1] = {word[1]}{int(word[2], 16) ^ 64:x};")
    network = store.load(out.spec)
    x = random_input(network, 6)
    assert not np.array_equal(cosim.build(out.hls, out.work("x")).run(x, network), golden.predict(network, x))


@needs_verilator
@pytest.mark.thorough
def test_a_stack_of_both_kinds_of_memory(tmp_path: Path) -> None:
    built = stack()
    graph = convert(built, tmp_path / "p", settings(built), io_type="io_stream")
    graph.write()
    network = network_spec(graph)
    x = random_input(network, 12)
    found = cosim.build(tmp_path / "p", tmp_path / "work").run(x, network)
    assert np.array_equal(found, golden.predict(network, x))


@needs_verilator
@pytest.mark.slow
@pytest.mark.parametrize("discretizer", ["zoh", "bilinear"])
def test_all_utterances_of_the_demo(discretizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's network as it is trained, with the dense unit; and with a bilinear memory, in the tridiagonal one."""
    monkeypatch.setattr(demo, "DEMO", replace(demo.DEMO, discretizer=discretizer))
    test = demo.load_speech("test")
    model = demo.train(demo.load_speech("train"), no_progress)
    of_layer = {"MemoryUpdateRtl": True, "MemoryUpdate": "auto", "ReuseFactor": demo.REUSE_FACTOR}
    convert_all(model, tmp_path / "out", config={"LayerName": {"lmu": of_layer}}, precision=demo.PRECISION)
    out = OutputFolder(tmp_path / "out")
    network = store.load(out.spec)
    x = quantize(test.x, network.x)
    expected = golden.predict(network, x)
    assert len(x) == 370 and len(np.unique(expected)) > 1000
    assert np.array_equal(cosim.build(out.hls, out.work("x")).run(x, network), expected)


def test_what_cannot_be_simulated_is_said(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match="has no RTL blackbox; convert with MemoryUpdateRtl: True"):
        cosim.blackboxes(tmp_path)
    out = converted(tmp_path / "out")
    description = out.hls / "lmu2_memory_step.json"
    change(description, "firmware/blackbox/lmu2_memory_step.v", "../lmu2_memory_step.v")
    with pytest.raises(LmuHlsError, match="which is no path below"):
        cosim.blackboxes(out.hls)
    description.write_text(description.read_text().replace("../", "firmware/blackbox/").replace("latency", "late"))
    with pytest.raises(LmuHlsError, match="is not as lmu_hls wrote it"):
        cosim.blackboxes(out.hls)
