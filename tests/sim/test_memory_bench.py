"""rtlsim on a written folder: agrees with golden, and finds every seeded fault."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import builds, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints, quantize
from lmu_hls.spec import LMU, DenseUpdate, Network, Weight, chain
from tests.support.hdl.memory_project import write_rtl
from tests.support.hdl.memory_sim import RtlResult, simulate_memory
from tests.support.interrupts import heed_interrupts
from tests.support.mutants import change

ORDER, MEMORY_D, LANES_BY_REUSE = 6, 2, 28  # 84 multiply-accumulates / 28 = 3 lanes
MEM = FixedType.parse("fixed<12,1,RND_CONV,SAT>")
COEF = FixedType(14, 1)


def _weight(rng: np.random.Generator, shape: tuple[int, ...], scale: float, of: FixedType = COEF) -> Weight:
    return Weight(quantize(rng.uniform(-scale, scale, shape), of), of)


def _network() -> Network:
    rng = np.random.default_rng(5)
    x = FixedType(10, 2)
    layer = LMU(
        name="speech/lmu",
        steps=8,
        x=x,
        encoder_x=_weight(rng, (3, MEMORY_D), 0.9),
        encoder_h=None,
        encoder_mem=None,
        encoder_bias=None,
        u=FixedType(12, 2),
        update=DenseUpdate(_weight(rng, (ORDER, ORDER), 0.6), _weight(rng, (ORDER,), 0.9)),
        mem=MEM,
        hidden=None,
        h=MEM,
        return_sequences=True,
        reuse_factor=LANES_BY_REUSE,
        theta=8.0,
        discretizer="zoh",
        basis="orthonormal",
    )
    return chain("net", x, 8, 3, (layer,))


NETWORK = _network()


def _trace() -> tuple[Ints, Ints]:
    x = np.random.default_rng(6).integers(NETWORK.x.min_int, NETWORK.x.max_int + 1, (12, 8, 3))
    tensors = golden.run(NETWORK, x)["speech/lmu"].tensors
    return tensors["u"], tensors["mem"]


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    write_rtl(NETWORK.lmus, tmp_path / "rtl")
    return tmp_path / "rtl"


def _simulate(rtl: Path, simulator: str, workdir: Path, stall: float = 0.0, seed: int = 0) -> RtlResult:
    u, mem = _trace()
    return simulate_memory(rtl, NETWORK.lmus[0], u, mem, simulator, workdir, stall=stall, seed=seed)


def test_agrees_with_golden(rtl: Path, simulator: str, workdir: Path) -> None:
    result = _simulate(rtl, simulator, workdir)
    assert result.passed, result
    assert result.comparison.name == f"rtlsim {simulator} speech_lmu"
    assert (result.comparison.samples, result.comparison.exact) == (12, 12)
    assert result.comparison.values_compared == 12 * 8 * MEMORY_D * ORDER
    assert result.timing is not None
    assert result.timing.ii_measured.value == MEMORY_D * ORDER * (ORDER + 1) // 3
    assert result.timing.latency_measured.value == ORDER * (ORDER + 1) // 3 + 5
    assert result.timing.steps == 12 * 8


def test_gaps_and_stalls(rtl: Path, simulator: str, workdir: Path) -> None:
    u, mem = _trace()
    result = simulate_memory(rtl, "speech/lmu", u, mem, simulator, workdir, gap=0.4, stall=0.6, seed=3)
    assert result.passed, result
    assert result.timing is None


def test_state_runs_on_without_reset_state(rtl: Path, simulator: str, workdir: Path) -> None:
    """Sequences without reset_state are the pieces of a single long one."""
    x = np.random.default_rng(6).integers(NETWORK.x.min_int, NETWORK.x.max_int + 1, (1, 96, 3))
    tensors = golden.run_lmu(NETWORK.lmus[0], x).tensors
    u, mem = (tensors[name].reshape(12, 8, -1) for name in ("u", "mem"))
    nowhere = np.zeros(u.shape[:2], np.int64)
    result = simulate_memory(rtl, "speech/lmu", u, mem, simulator, workdir, reset_state=nowhere)
    assert result.passed, result


def test_wrong_expectation_is_located(rtl: Path, icarus: str, workdir: Path) -> None:
    u, mem = _trace()
    mem = mem.copy()
    mem[7, 3, 8] ^= 1
    result = simulate_memory(rtl, "speech/lmu", u, mem, icarus, workdir)
    assert not result.passed
    assert (result.comparison.samples, result.comparison.exact) == (12, 11)
    first = result.comparison.first_difference
    assert first is not None
    assert first.index == (7, 3, 8)
    assert (first.expected, first.actual) == (mem[7, 3, 8], mem[7, 3, 8] ^ 1)


MUTANTS = {
    "changed rounding": ("lmu_round_sat.v", "up = half && (below || floor[0]);", "up = half;"),
    "saturation off by one": ("lmu_round_sat.v", "HIGHEST = ~LOWEST", "HIGHEST = ~LOWEST - ONE"),
    "lost beat": ("lmu_memory_dense.v", "wire run = !(m_axis_tvalid && beat_due_q);", "wire run = 1'b1;"),
    "beat given twice": ("lmu_memory_dense.v", "if (m_axis_tready) m", "if (m_axis_tready && !lasts_q[4]) m"),
    "reset_state ignored": ("lmu_memory_dense.v", "clear_q <= s_axis_tuser[0] || fresh_q;", "clear_q <= fresh_q;"),
    "reset_state of any beat": ("lmu_memory_dense.v", "if (channel_d == 0) begin", "if (channel_d >= 0) begin"),
    "wrong lane": ("lmu_memory_dense.v", "lane1_q <= lane_q;", "lane1_q <= lane_q + 1'b1;"),
    "wrong slot": ("lmu_memory_dense.v", "slot_q <= GROUPS[RAM_AW-1:0];", "slot_q <= {RAM_AW{1'b0}};"),
    "tlast too early": ("lmu_memory_dense.v", "last_group && last_q};", "last_q};"),
    "sum not cleared": ("lmu_mac.v", "(product_first_q ? {ACC_W{1'b0}} : acc)", "acc"),
    "one cycle late": ("lmu_memory_dense.v", "WAIT == 0 || !last_channel", "1'b0"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(rtl: Path, icarus: str, workdir: Path, name: str) -> None:
    file, old, new = MUTANTS[name]
    change(rtl / file, old, new)
    quiet = _simulate(rtl, icarus, workdir)
    assert not quiet.passed or not _simulate(rtl, icarus, workdir, stall=0.5).passed


def test_changed_rom_word_is_caught(rtl: Path, simulator: str, workdir: Path) -> None:
    rom = rtl / "rom" / "speech_lmu.hex"
    words = rom.read_text().splitlines()
    words[4] = f"{int(words[4], 16) ^ 1:0{len(words[4])}x}"
    rom.write_text("\n".join(words) + "\n")
    result = _simulate(rtl, simulator, workdir)
    assert not result.comparison.passed
    assert result.comparison.first_difference is not None


def test_missing_rom_file(rtl: Path, simulator: str, workdir: Path) -> None:
    (rtl / "rom" / "speech_lmu.hex").unlink()
    with pytest.raises(LmuHlsError, match=r"lmu_rom: file rom/speech_lmu.hex holds 0 words, expected 14"):
        _simulate(rtl, simulator, workdir)


def test_broken_verilog(rtl: Path, icarus: str, workdir: Path) -> None:
    change(rtl / "lmu_mac.v", "endmodule", "endmodul")
    with pytest.raises(LmuHlsError, match=r"icarus could not compile speech_lmu_memory.*build.log\n.*lmu_mac.v"):
        _simulate(rtl, icarus, workdir)


def test_waves(rtl: Path, simulator: str, workdir: Path) -> None:
    u, mem = _trace()
    result = simulate_memory(rtl, "speech/lmu", u[:2], mem[:2], simulator, workdir, waves=True)
    assert result.passed
    assert result.waves is not None
    assert result.waves.stat().st_size > 1000


def test_unknown_unit_and_absent_manifest(rtl: Path, workdir: Path) -> None:
    u, mem = _trace()
    with pytest.raises(LmuHlsError, match=r"names no unit 'other'; it has speech_lmu"):
        simulate_memory(rtl, "other", u, mem, "icarus", workdir)
    (rtl / "manifest.json").unlink()
    with pytest.raises(LmuHlsError, match=r"manifest.json does not exist"):
        simulate_memory(rtl, "speech/lmu", u, mem, "icarus", workdir)


def test_absent_simulator(rtl: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    u, mem = _trace()
    with pytest.raises(LmuHlsError, match="not supported"):
        simulate_memory(rtl, "speech/lmu", u, mem, "questa", workdir)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LmuHlsError, match=r"icarus is not installed\. Install it with: "):
        simulate_memory(rtl, "speech/lmu", u, mem, "icarus", workdir)


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


def test_interrupted_build_is_made_again(
    rtl: Path, icarus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))
    with monkeypatch.context() as patch:
        patch.setattr("lmu_hls.verify.simulator.execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _simulate(rtl, icarus, tmp_path / "work")
    assert _simulate(rtl, icarus, tmp_path / "work").passed
