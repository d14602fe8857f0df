"""The software of a network with several inputs and outputs: every stream through its registers, and through DMAs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.backend.design import Design, design
from lmu_hls.fixed import quantize, to_float
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.software import all_registers, constants, software_files
from lmu_hls.toolchain import find
from tests.support.ends import STEPS, fusion, pair
from tests.support.host import C_FLAGS, Server, build_server, mock_pynq, run_driver, serving
from tests.support.mutants import change

pytestmark = pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
OPTIONS = RtlOptions(axi_lite=True, inline_roms=True)
SEQUENCES = 3


@dataclass(frozen=True)
class Case:
    """A design, its project, the program that simulates it, numbers for each input and those that must come out."""

    made: Design
    folder: Path
    numbers: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def software(self) -> Path:
        return self.folder / "project" / "sw"

    @property
    def server(self) -> Path:
        return self.folder / "server"


@pytest.fixture(scope="module")
def case(once: Callable[[str, Callable[[Path], None]], Path]) -> Case:
    network = fusion()
    made = design(network, OPTIONS, 8)

    def make(folder: Path) -> None:
        made.write(folder / "project")
        build_server(folder / "project", made.plan.top, folder)

    folder = once("host-streams", make)
    rng = np.random.default_rng(3)
    numbers = {
        item.name: rng.uniform(item.type.min_int, item.type.max_int, (SEQUENCES, STEPS, item.width)) * item.type.lsb
        for item in network.inputs
    }
    came = golden.predict_all(network, {k.name: quantize(numbers[k.name], k.type) for k in network.inputs})
    outputs = {end.name: to_float(came[end.name], end.type) for end in made.plan.outputs}
    return Case(made, folder, numbers, outputs)


@pytest.fixture
def server(case: Case) -> Iterator[Server]:
    with serving(case.server) as running:
        yield running


def wrong_in(software: Path, case: Case, folder: Path) -> set[str]:
    """What streams.c found that is not as it should be."""
    each = [case.numbers[name].reshape(SEQUENCES, -1) for name in case.numbers]
    found = run_driver(software, case.server, np.concatenate(each, axis=1), folder, bench="streams")
    values = np.array(found["values"].split(), float)
    right = np.concatenate([case.outputs[name].reshape(SEQUENCES, -1) for name in case.outputs], axis=1)
    right = np.concatenate([np.zeros((SEQUENCES, 1)), right], axis=1)
    again = found["again"].split()
    checks = {
        "probe": found["probe"] == "0",
        "ports": found["ports"] == "6",
        "values": values.size == right.size and np.array_equal(values, right.ravel()),
        "counts": found["counts"].split()[0] == str(SEQUENCES) and found["counts"].split()[2] == "0",
        "nothing": found["nothing"] == "4",
        "alone": found["alone"] == "0 1 0 0 0",
        "again": again[:2] == ["0", "0"] and np.array_equal(np.array(again[2:], float), right[-1, -2:]),
    }
    return {name for name, good in checks.items() if not good}


@needs_gcc
def test_a_sequence_through_registers(case: Case, tmp_path: Path) -> None:
    assert wrong_in(case.software, case, tmp_path) == set()


# What the header says and what takes its place -> what is noticed
FAULTS = {
    "wrong address": ((("OUT_A_B_DATA 0x860u", "OUT_A_B_DATA 0x840u"),), "values"),
    "inputs exchanged": (
        (("IN_LEFT_EAR_DATA 0x800u", "IN_LEFT_EAR_DATA 0x820u"), ("IN_S_AXIS_DATA 0x820u", "IN_S_AXIS_DATA 0x800u")),
        "values",
    ),
    "other state": ((("OUT_BOTH_STATE 0x848u", "OUT_BOTH_STATE 0x804u"),), "values"),
    "other type": ((("OUT_A_B_TYPE_VALUE 0x000107", "OUT_A_B_TYPE_VALUE 0x000106"),), "probe"),
    "no last": ((("IN_S_AXIS_LAST 0x824u", "IN_S_AXIS_LAST 0x820u"),), "values"),
}


@needs_gcc
@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_header_are_noticed(name: str, case: Case, tmp_path: Path) -> None:
    edits, noticed = FAULTS[name]
    software = Path(shutil.copytree(case.software, tmp_path / "sw"))
    for before, after in edits:
        change(software / "lmu_fusion.h", f"#define LMU_FUSION_{before}", f"#define LMU_FUSION_{after}")
    try:
        assert noticed in wrong_in(software, case, tmp_path / "run")
    except AssertionError as stopped:  # a write that the accelerator refuses ends the program
        assert "the program ended with 4" in str(stopped)


def test_the_verilog_decodes_every_stream(case: Case, server: Server) -> None:
    """Constants, and what can be read and written with nothing under way: without MAPPED, and with it."""
    listed = {register.name: register.address for register in all_registers(case.made.plan)}
    for name, value in constants(case.made.plan).items():
        assert server.read(listed[name]) == (value, 0), name
    top = max(listed.values()) + 4
    inputs = [listed[f"{end.register_prefix}_{name}"] for end in case.made.plan.inputs for name in ("DATA", "LAST")]
    beats = {listed[f"{end.register_prefix}_DATA"] for end in case.made.plan.outputs}
    for mapped in (0, 1):
        assert server.write(listed["CONTROL"], 1 | 2 * mapped) == 0
        assert server.read(listed["CONTROL"]) == (2 * mapped, 0)
        read = {address for address in range(0x800, top + 64, 4) if server.read(address)[1] == 0}
        assert read == {address for address in listed.values() if address >= 0x800} - beats
        states = [server.read(listed[f"{end.register_prefix}_STATE"])[0] for end in case.made.plan.inputs]
        assert states == [mapped] * 2
        answers = [server.write(address, 1) for address in range(0x800, top + 64, 4)]
        assert [answer == 0 for answer in answers] == [mapped and at in inputs for at in range(0x800, top + 64, 4)]
    assert server.read(listed["IN_S_AXIS_STATE"])[0] == 1


@pytest.fixture
def accelerator(server: Server, case: Case, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class for PYNQ; PYNQ's own is replaced, the accelerator is the Verilog."""
    monkeypatch.setitem(sys.modules, "pynq", mock_pynq(server, case.made.plan.top, dmas=2))
    names: dict[str, Any] = {"__name__": "pynq_driver"}
    exec(compile((case.software / "pynq_driver.py").read_text(), "pynq_driver", "exec"), names)
    return names


def test_pynq_class_with_a_dma_for_each_stream(accelerator: Any, case: Case) -> None:
    board = accelerator["Accelerator"]("design.bit")
    for given in (list(case.numbers.values()), case.numbers):
        found = board.predict(given)
        assert all(np.array_equal(*each) for each in zip(found, case.outputs.values(), strict=True))
    one = board.predict([values[0] for values in case.numbers.values()])
    assert all(np.array_equal(each, values[0]) for each, values in zip(one, case.outputs.values(), strict=True))
    assert board.counters["sequences"] == 2 * SEQUENCES + 1 and not board.busy
    swapped = {"s_axis_left_ear": "axi_dma_1", "s_axis_s_axis": "axi_dma_0"}
    swapped |= {"m_axis_both": "axi_dma_0", "m_axis_a_b": "axi_dma_1"}
    other = accelerator["Accelerator"]("design.bit", dma=swapped, timeout_s=0.2)
    with pytest.raises(accelerator["AcceleratorError"]):
        other.predict(case.numbers)


def test_pynq_class_says_what_is_wrong(accelerator: Any, case: Case) -> None:
    with pytest.raises(accelerator["AcceleratorError"], match="dma names no block for s_axis_s_axis, m_axis_both, m_a"):
        accelerator["Accelerator"]("design.bit", dma={"s_axis_left_ear": "axi_dma_0"})
    board, (left, other) = accelerator["Accelerator"]("design.bit"), case.numbers.values()
    for wrong, said in (
        (left, "a list of 2 arrays, for left ear, s_axis"),
        ([left], "a list of 2 arrays"),
        ({"left ear": left, "right ear": other}, "left ear, s_axis are needed"),
        ([left, other[:2]], r"x has \(2, 4\) sequences and steps of s_axis, and \(3, 4\) of the first input"),
        ([other, left], "sequences of 4 steps of 2 values are needed"),
    ):
        with pytest.raises(ValueError, match=said):
            board.predict(wrong)


@pytest.mark.parametrize("per_beat", [1, 4])
def test_files_for_any_streams(per_beat: int, tmp_path: Path) -> None:
    """One value a beat and several: the driver compiles without a warning, and the class is Python."""
    plan = design(pair(), RtlOptions(axi_lite=True, values_per_beat=per_beat), 8).plan
    for name, text in software_files(plan).items():
        (tmp_path / Path(name).name).write_text(text)
    compile((tmp_path / "pynq_driver.py").read_text(), "pynq_driver", "exec")
    if shutil.which("gcc"):
        flags = [*C_FLAGS, "-ffreestanding", "-c", str(tmp_path / "lmu_pair.c"), "-o", str(tmp_path / "pair.o")]
        done = subprocess.run(["gcc", *flags], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
