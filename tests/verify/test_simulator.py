"""Building and running a cocotb bench: waveforms, what is reported, and what an interruption leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import builds
from lmu_hls.errors import LmuHlsError
from lmu_hls.verify import simulator as sim
from tests.support.interrupts import heed_interrupts

TOP = """
module top (input wire [3:0] in_data, output wire [3:0] out_0);
    localparam [31:0] COUNT = 1;
    assign out_0 = ~in_data;
endmodule
"""


def build(simulator: str, folder: Path, text: str = TOP, waves: bool = False) -> Path:
    (folder / "top.v").write_text(text)
    return sim.build(simulator, [folder / "top.v"], "top", folder / "build", waves)


def check(built: Path, folder: Path, waves: bool = False) -> None:
    """Run the bench of all values."""
    assert sim.run(built, "table_bench", folder / "run", {"LMU_TABLE": str(folder / "table.npy")}, waves)
    assert (np.load(folder / "table.npy")[:, 0] == np.arange(7, -9, -1)).all()


def test_waves(simulator: str, tmp_path: Path) -> None:
    check(build(simulator, tmp_path, waves=True), tmp_path, waves=True)
    (dump,) = (path for path in (tmp_path / "run").iterdir() if path.suffix in (".fst", ".vcd"))
    assert dump.stat().st_size > 200


def test_broken_verilog(simulator: str, tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=rf"{simulator} could not compile top.*build.log\n(.*\n)*.*top.v"):
        build(simulator, tmp_path, TOP.replace("endmodule", "endmodul"))


def test_absent_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LmuHlsError, match="not supported"):
        build("questa", tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LmuHlsError, match=r"icarus is not installed\. Install it with: "):
        build("icarus", tmp_path)


ENDLESS_BENCH = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("pid").write_text(str(child.pid))
child.wait()
"""
RUN_IT = """
import pathlib, sys
from lmu_hls.verify import simulator
folder = pathlib.Path(sys.argv[1])
simulator.sim_dir = lambda: folder
simulator.execute({"simulator": "icarus"}, folder, {}, folder / "log")
"""


def test_interrupt_ends_the_simulator(tmp_path: Path) -> None:
    """SIGINT in mid-run: neither the bench nor the simulator that it started is left."""
    (tmp_path / "run_bench.py").write_text(ENDLESS_BENCH)
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_IT, str(tmp_path)], cwd=root, stderr=subprocess.DEVNULL, preexec_fn=heed_interrupts
    )
    pid_file = tmp_path / "pid"
    deadline = time.monotonic() + 30
    while not (pid_file.is_file() and pid_file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    stat = Path("/proc", pid_file.read_text(), "stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_interrupted_build_is_made_again(icarus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))
    with monkeypatch.context() as patch:
        patch.setattr("lmu_hls.verify.simulator.execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(icarus, tmp_path)
    check(build(icarus, tmp_path), tmp_path)
