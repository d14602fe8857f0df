"""Tools are found where they are, refused when too old, and named with their remedy when absent."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lmu_hls import toolchain
from lmu_hls.errors import LmuHlsError

SKIP_VERILATOR = pytest.mark.skipif(not toolchain.find("verilator").found, reason="Verilator >= 5.036 is not installed")
SKIP_ICARUS = pytest.mark.skipif(not toolchain.find("icarus").found, reason="Icarus Verilog is not installed")


def fake(folder: Path, name: str, text: str) -> Path:
    """A program that prints `text` whatever it is asked."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where only tmp_path/bin is on PATH, and no tool is in this Python's bin or packages."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(toolchain, "_own_bin", lambda: tmp_path / "nowhere")
    monkeypatch.setattr(toolchain, "_SHARED", ())
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    return folder


def test_a_tool_in_a_key_is_its_version_else_its_program(bare: Path) -> None:
    def identity(text: str) -> str:
        fake(bare, "nextpnr-ecp5", text)
        return toolchain.need("nextpnr-ecp5").identity

    assert identity("nextpnr-0.9") == identity("again nextpnr-0.9") == "0.9"
    first, second = identity("nextpnr"), identity("another nextpnr")
    assert (len(first), len(second)) == (64, 64) and first != second
    assert toolchain.find("ecppack").identity == ""  # it is not there


def test_no_module_that_keeps_results_reads_a_version_but_for_its_record() -> None:
    """A key has Tool.identity; in synth/yosys.py the version goes into the record, too."""
    texts = [path.read_text(encoding="utf-8") for path in Path(toolchain.__file__).parent.rglob("*.py")]
    keeping = [text for text in texts if re.search(r"\bbuilt\(.*, (make|compile|lambda)", text)]
    lines = [line for text in keeping for line in text.splitlines() if ".version" in line]
    assert len(keeping) > 8 and [line for line in lines if "Resources(" not in line] == []


@SKIP_VERILATOR
def test_verilator_is_new_enough_for_cocotb() -> None:
    tool = toolchain.need("verilator")
    assert tool.path is not None
    assert tool.path.is_file()
    assert tuple(map(int, tool.version.split("."))) >= toolchain.VERILATOR_MIN


def test_an_old_verilator_on_path_is_not_taken(bare: Path) -> None:
    fake(bare, "verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)")
    tool = toolchain.find("verilator")
    assert (tool.found, tool.version) == (False, "5.006")
    with pytest.raises(
        LmuHlsError,
        match=r"verilator \(.*\) is not usable: version 5\.006 is too old, 5\.36 is needed\. Ins",
    ):
        toolchain.need("verilator")


def test_a_new_verilator_on_path_is_taken(bare: Path) -> None:
    path = fake(bare, "verilator", "Verilator 5.036 2025-04-27 rev v5.036")
    tool = toolchain.find("verilator")
    assert (tool.found, tool.version, tool.path) == (True, "5.036", path)


def test_a_verilator_without_a_version_is_not_taken(bare: Path) -> None:
    fake(bare, "verilator", " rev vUNKNOWN-built20260516")
    assert not toolchain.find("verilator").found


UNUSABLE = {
    "garbage": ("echo hello", "does not tell its version but 'hello'"),
    "silent": ("true", "does not tell its version but 'nothing'"),
    "failing": ("echo version 12.0; exit 3", "ends with exit status 3"),
    "crashing": ("kill -SEGV $$", "ends with exit status -11"),
    "hanging": ("sleep 60", "does not answer within 0.2 s"),
    "old": ("echo version 10.3 4.1; echo 4.9", "too old"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("name", ["icarus", "g++"])
def test_what_is_there_and_does_not_work_is_unusable(
    bare: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    body, reason = UNUSABLE[kind]
    if kind == "old" and name == "g++":
        body = "echo 4.9.2"
    monkeypatch.setattr(toolchain, "ASK_LIMIT_S", 0.2 if kind == "hanging" else 30.0)
    for program in ("iverilog", "vvp") if name == "icarus" else ("g++",):
        fake(bare, program, "").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
    tool = toolchain.find(name)
    assert tool.state == "unusable" and reason in tool.reason
    with pytest.raises(LmuHlsError, match=rf"{re.escape(name)} \(.*\) is not usable: (?s:.*)Install it with: apt-get"):
        toolchain.need(name)


def test_a_program_that_cannot_be_started_is_unusable(bare: Path) -> None:
    fake(bare, "g++", "").write_text("#!/nowhere/sh\n")
    assert "cannot be started" in toolchain.find("g++").reason


@pytest.mark.parametrize("version", ["1.2.0", "1.4.0", "2.0"])
def test_other_versions_of_a_package_are_unusable(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(toolchain.importlib.metadata, "version", lambda name: version)
    tool = toolchain.find("hls4ml")
    assert tool.state == "unusable" and ("too old" if version == "1.2.0" else "too new") in tool.reason


def test_icarus_needs_compiler_and_runtime(bare: Path) -> None:
    fake(bare, "iverilog", "Icarus Verilog version 11.0 (stable) ()")
    assert not toolchain.find("icarus").found
    fake(bare, "vvp", "Icarus Verilog runtime version 11.0 (stable) ()")
    assert toolchain.find("icarus").version == "11.0"


@pytest.mark.parametrize("name", list(toolchain.TOOLS))
def test_every_absent_tool_has_a_remedy(bare: Path, name: str) -> None:
    tool = toolchain.find(name)
    assert (tool.name, tool.found, tool.path) == (name, False, None)
    assert "install" in tool.remedy
    with pytest.raises(LmuHlsError) as caught:
        toolchain.need(name)
    assert tool.remedy in str(caught.value)


def test_an_unknown_name_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="tool 'modelsim' is none of"):
        toolchain.find("modelsim")


def test_the_version_of_a_vendor_tool_comes_from_its_path(bare: Path, tmp_path: Path) -> None:
    fake(tmp_path / "2024.2", "vitis-run", "slow")
    (bare / "vitis-run").symlink_to(tmp_path / "2024.2" / "vitis-run")
    tool = toolchain.find("vitis_hls")
    assert (tool.found, tool.version, tool.required) == (True, "2024.2", False)


@pytest.mark.parametrize("name", ["hls4ml", "keras", "tensorflow", "cocotb", "pyosys"])
def test_packages_are_found_without_being_imported(name: str) -> None:
    script = (
        "import sys\n"
        "from lmu_hls import toolchain\n"
        f"tool = toolchain.need({name!r})\n"
        f"assert {name!r} not in sys.modules and tool.version\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@SKIP_VERILATOR
def test_the_verilator_environment_starts_with_our_own_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "-j8 --jobserver-auth=3,4")
    monkeypatch.setenv("VERILATOR_ROOT", "/nowhere")
    monkeypatch.setenv("OBJCACHE", "mine")
    env = toolchain.simulator_env("verilator")
    folders = env["PATH"].split(os.pathsep)
    verilator = toolchain.need("verilator").path
    assert verilator is not None
    assert folders[:2] == [str(Path(sys.executable).parent), str(verilator.parent)]
    assert "MAKEFLAGS" not in env
    assert "VERILATOR_ROOT" not in env
    assert env["OBJCACHE"] == "mine"
    answer = subprocess.run(["verilator", "--version"], env=env, capture_output=True, text=True, check=True)
    assert toolchain.need("verilator").version in answer.stdout


def test_ccache_is_used_only_where_it_is(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBJCACHE", raising=False)
    here = toolchain.Tool("any", bare / "x", "1", True, "")
    monkeypatch.setattr(toolchain, "need", lambda name: here)
    assert "OBJCACHE" not in toolchain.simulator_env("icarus")
    fake(bare, "ccache", "ccache version 4.8")
    assert toolchain.simulator_env("icarus")["OBJCACHE"] == "ccache"


def test_a_missing_simulator_is_named_with_its_remedy(bare: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"icarus is not installed\. Install it with: apt-get install iverilog"):
        toolchain.simulator_env("icarus")


def test_an_unknown_simulator_is_refused() -> None:
    with pytest.raises(LmuHlsError, match=r"simulator 'questa' is not supported\. Use one of: verilator, icarus"):
        toolchain.simulator_env("questa")


COUNTER = """\
module counter (input clk, input rst, output reg [7:0] q);
  initial q = 0;
  always @(posedge clk) q <= rst ? 8'd0 : q + 8'd1;
endmodule
"""
BENCH = """\
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles


@cocotb.test()
async def counts(dut):
    Clock(dut.clk, 10, "ns").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 6)
    assert int(dut.q.value) == 5
"""
RUN = """\
import sys
from cocotb_tools.runner import get_runner
runner = get_runner(sys.argv[1])
runner.build(sources=["counter.v"], hdl_toplevel="counter", build_dir="build", timescale=("1ns", "1ps"))
runner.test(hdl_toplevel="counter", test_module="bench", build_dir="build", results_xml="results.xml")
"""


@pytest.mark.parametrize(
    "simulator", [pytest.param("verilator", marks=SKIP_VERILATOR), pytest.param("icarus", marks=SKIP_ICARUS)]
)
def test_cocotb_runs_in_the_environment(tmp_path: Path, simulator: str) -> None:
    for name, text in (("counter.v", COUNTER), ("bench.py", BENCH), ("run.py", RUN)):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "run.py", simulator],
        cwd=tmp_path,
        env=toolchain.simulator_env(simulator),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS=1" in done.stdout
