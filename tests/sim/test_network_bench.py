"""Generated tops under both simulators between cocotbext-axi sources and sinks: right and wrong sequences of every
length, rst anywhere, and a restart through AXI4-Lite, each output beat against golden."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.registers import ADDRESS, MAGIC
from lmu_hls.spec import Window, chain
from lmu_hls.spec.layers.mean import Mean
from tests.support.hdl.stream_grid import Stream, Unit, problems, run_streams
from tests.support.network_case import CYCLES_PER_STEP, Case, Job, jobs, make_case
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import with_reuse_factors

ID, CONTROL, STATUS, COUNTERS, SEQUENCES, FRAMING, CLIPPED = (
    ADDRESS[name] for name in ("ID", "CONTROL", "STATUS", "COUNTERS", "SEQUENCES", "FRAMING", "CLIPPED")
)
# Seeds of random networks by the way their tops are built
CHECKED, ANY_STEPS, STREAMING = (12, 9, 22), (16, 28), (17, 29)


@cache
def cases() -> tuple[Case, ...]:
    """Hidden cells and heads go round with the seed."""
    return (
        *(make_case(seed, RtlOptions()) for seed in CHECKED),
        *(make_case(seed, RtlOptions(check_steps=False)) for seed in ANY_STEPS),
        *(make_case(seed, RtlOptions(streaming=True)) for seed in STREAMING),
    )


def write(chosen: list[Case], folder: Path) -> dict[str, str]:
    """Write the Verilog of all into one folder, and return their ROM files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    for case in chosen:
        files |= case.files()
    for file, text in files.items():
        if file.startswith("rtl/"):
            (folder / file.removeprefix("rtl/")).write_text(text)
    return {file: text for file, text in files.items() if not file.startswith("rtl/")}


def judge(chosen: list[Case], simulator: str, folder: Path, todo: list[Job], units: dict[str, Unit]) -> dict[str, Any]:
    """{unit: problems}, without the units that have none."""
    roms = write(chosen, folder / "hdl")
    results = run_streams(units, todo, simulator, folder, folder / "run", roms, folder / "hdl")
    assert all(results), "the bench has ended before all was judged"
    found = [(job["unit"], problem) for job, result in zip(todo, results, strict=True) for problem in problems(result)]
    return {name: [problem for unit, problem in found if unit == name] for name, _ in found}


def check(chosen: list[Case], with_registers: Case | None, simulator: str, folder: Path) -> None:
    """No problem in any job."""
    units = {case.name: case.unit() for case in chosen}
    todo = [job for case in chosen for job in jobs(case)]
    if with_registers:
        units[with_registers.name] = axi_lite_unit(with_registers)
        plain = [{**job, "phases": [data(phase) for phase in job["phases"]]} for job in jobs(with_registers)]
        todo += plain + restart_jobs(with_registers)
        chosen = [*chosen, with_registers]
    assert judge(chosen, simulator, folder, todo, units) == {}


def test_streams_framing_and_restart(simulator: str, tmp_path: Path) -> None:
    """One of each kind of top; Verilator takes long to compile and gets a single one."""
    with_registers = make_case(CHECKED[0], RtlOptions(axi_lite=True), "axi")
    check(list(cases()[3:7:3]) if simulator == "icarus" else [], with_registers, simulator, tmp_path)


@pytest.mark.slow
def test_more_networks(simulator: str, tmp_path: Path) -> None:
    check(list(cases()), None, simulator, tmp_path)


def averaged(fault: tuple[str, str] = ("", ""), name: str = "mean") -> Case:
    """The average of sequences of any length, whose sum has room for so many steps and no more."""
    drawn = random_spec_network(13, 12).with_steps(4)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    mean = Mean("mean", lmu.h, Window(4, 1, size=4, vector=True), FixedType(12, 4, True, "RND_CONV", "SAT"))
    network = replace(chain(name, drawn.x, 4, drawn.n_in, [lmu, mean]), any_length=True)
    network = with_reuse_factors(np.random.default_rng(8), network, CYCLES_PER_STEP)
    return Case(name, plan_network(network, RtlOptions()), fault)


def test_no_sequence_is_longer_than_a_layer_has_room_for(icarus: str, tmp_path: Path) -> None:
    """What is more is dropped, with an error; fewer steps are right, and each has its own average."""
    case = averaged()
    assert any(item.parameters.get("FEWER") for item in case.plan.net.instances)
    assert max(case.lengths(4, seed=1)[1]) > case.network.n_in * case.network.steps
    assert judge([case], icarus, tmp_path, jobs(case)[2:4], {case.name: case.unit()}) == {}


@pytest.mark.parametrize("fault", [(".FEWER(1)", ".FEWER(0)"), (".N(4), .STEPS(4)", ".N(4), .STEPS(5)")])
def test_a_sequence_that_is_too_long_is_seen(fault: tuple[str, str], icarus: str, tmp_path: Path) -> None:
    case = averaged(fault)
    assert judge([case], icarus, tmp_path, jobs(case)[2:3], {case.name: case.unit()})


def test_stimuli_are_varied() -> None:
    """Whole and broken framing in both kinds of networks, every step and the last one, all kinds of outputs."""
    kinds = {(case.plan.every_step, case.steps > 0) for case in cases()}
    assert kinds == {(True, True), (False, True), (True, False), (False, False)}
    for case in cases():
        right, wrong = case.lengths(4, seed=1)
        outputs = case.phase(right, 20)["outputs"]["m_axis"]
        assert not any(user for _, _, user in outputs)
        assert any(user for _, _, user in case.phase(wrong, 22)["outputs"]["m_axis"]) or case.network.n_in == 1
        assert len({value for value, _, _ in outputs}) > 1


def axi_lite_unit(case: Case) -> Unit:
    """The five channels as streams: aw and ar carry the address, w {wstrb, wdata}, b the response, r {rresp, rdata}."""
    width = case.plan.ADDRESS_WIDTH
    ports = ["clk(clk)", "rst(@_rst)"]
    ports += [f"{s}_axis_t{x}(@_{s}_axis_t{x})" for s in "sm" for x in ("data", "valid", "ready", "last")]
    ports += ["m_axis_tuser(@_m_axis_tuser)"]
    payload = {
        "aw": "awaddr(@_aw_tdata)", "w": "wdata(@_w_tdata[31:0]), .s_axil_wstrb(@_w_tdata[35:32])",
        "b": "bresp(@_b_tdata)", "ar": "araddr(@_ar_tdata)",
        "r": "rdata(@_r_tdata[31:0]), .s_axil_rresp(@_r_tdata[33:32])",
    }  # fmt: skip
    for channel, data in payload.items():
        ports += [f"s_axil_{data}", f"s_axil_{channel}valid(@_{channel}_tvalid)"]
        ports += [f"s_axil_{channel}ready(@_{channel}_tready)"]
    body = f"    {case.plan.top} @ (" + ", ".join(f".{port}" for port in ports) + ");"
    inputs = [Stream(name, size, last=False) for name, size in (("aw", width), ("w", 36), ("ar", width))]
    outputs = [Stream(name, size, last=False) for name, size in (("b", 2), ("r", 34))]
    plain = case.unit()
    return Unit(case.plan.top, {}, (*plain.inputs, *inputs), (*plain.outputs, *outputs), body=body)


def command(writes: list[tuple[int, int]] = (), reads: list[tuple[int, int | None]] = ()) -> dict[str, Any]:
    """A phase of accesses without a beat of data: (address, data) written, (address, expected) read."""
    inputs = {"s_axis": [], "aw": [[a, 0, 0] for a, _ in writes], "w": [[0xF << 32 | d, 0, 0] for _, d in writes]}
    outputs = {"m_axis": [], "b": [[0, 0, 0] for _ in writes], "r": [[data, 0, 0] for _, data in reads]}
    return {"inputs": {**inputs, "ar": [[a, 0, 0] for a, _ in reads]}, "outputs": outputs}


def data(phase: dict[str, Any]) -> dict[str, Any]:
    """A phase without accesses."""
    return {
        "inputs": {**phase["inputs"], "aw": [], "w": [], "ar": []},
        "outputs": {**phase["outputs"], "b": [], "r": []},
    }


def restart_jobs(case: Case) -> list[Job]:
    """A restart in the middle of a sequence: its packet ends with an error, its rest is swallowed, what follows is as
    after rst, and the registers begin again."""
    right, _ = case.lengths(3, seed=1)
    n_in = case.network.n_in
    assert case.plan.every_step and case.steps > 2
    begun = case.phase([n_in * (case.steps - 1)], 5)  # its tlast is left out, and its last beat with it
    rest = begun["inputs"]["s_axis"].pop()
    begun["outputs"]["m_axis"] = [[v, 0, 0] for v, _, _ in begun["outputs"]["m_axis"][: -case.plan.out.count]]
    restart = command([(CONTROL, 1)])
    restart["outputs"]["m_axis"] = [[0, 1, 1]]
    after = case.phase([*right, right[0] - 1], 4)
    after["inputs"]["s_axis"] = [[value, 0, user] for value, _, user in begun["inputs"]["s_axis"][:3]] + [
        rest, *after["inputs"]["s_axis"]
    ]  # fmt: skip
    counters = len(case.plan.net.clips)
    phases = [
        data(case.phase(right, 3)),
        command(reads=[(ID, MAGIC), (SEQUENCES, 3), (STATUS, 0), (COUNTERS, counters)]),
        data(begun),
        command(reads=[(STATUS, 2)]),
        restart,
        command(reads=[(STATUS, 2), (SEQUENCES, 0)]),
        data(after),
        command(reads=[(SEQUENCES, 4), (STATUS, 1), (FRAMING, 1)]),
        command([(STATUS, 1)]),
        command(reads=[(STATUS, 0), (FRAMING, 0), (CONTROL, 0), (CLIPPED + 4 * counters, 2 << 32)]),
    ]
    patience = 500 + 8 * max(case.plan.cycles.ii, case.plan.cycles.latency)
    return [
        {"unit": case.name, "phases": phases, "patience": patience, "seed": k, "gap": gap, "stall": gap}
        for k, gap in enumerate((0.0, 0.4))
    ]


FAULTS = {
    "error flag lost": ("assign m_axis_tuser = ", "assign m_axis_tuser = 1'b0 && "),
    "error flag on every beat": ("= head_relu_out_tlast && framing_tdata", "= framing_tdata"),
    "error flag taken without ready": ("assign framing_tready = m_axis_tready && ", "assign framing_tready = "),
    "one step too few": (".STEPS(4)", ".STEPS(3)"),
    "tlast lost": ("assign m_axis_tlast = ", "assign m_axis_tlast = 1'b0 && "),
    "state goes on": (".N(4), .STREAMING(0)", ".N(4), .STREAMING(1)"),
    "beats lost under pressure": (".m_axis_tready(head_out_tready)", ".m_axis_tready(1'b1)"),
}  # fmt: skip


def test_faults_are_caught(icarus: str, tmp_path: Path) -> None:
    chosen = {f"m{k}": make_case(12, RtlOptions(), f"m{k}", fault) for k, fault in enumerate(FAULTS.values())}
    todo = [job for case in chosen.values() for job in jobs(case)[3:4]]
    found = judge(list(chosen.values()), icarus, tmp_path, todo, {name: case.unit() for name, case in chosen.items()})
    assert set(found) == set(chosen), [name for k, name in enumerate(FAULTS) if f"m{k}" not in found]


@pytest.mark.parametrize("simulator", ["verilator"], indirect=True)
def test_one_fault_and_nothing_else_is_seen(simulator: str, tmp_path: Path) -> None:
    """Verilator takes long to compile: a single network, of which all but tlast is right."""
    case = make_case(CHECKED[0], RtlOptions(), "faulty", FAULTS["tlast lost"])
    found = judge([case], simulator, tmp_path, jobs(case)[3:4], {case.name: case.unit()})
    (problem,) = found[case.name]
    assert " tlast (" in problem


def test_restart_that_is_not_wired_is_caught(icarus: str, tmp_path: Path) -> None:
    case = make_case(
        CHECKED[0],
        RtlOptions(axi_lite=True),
        fault=(".restart(restart),\n        .core_rst", ".restart(1'b0),\n        .core_rst"),
    )
    assert judge([case], icarus, tmp_path, restart_jobs(case), {case.name: axi_lite_unit(case)})
