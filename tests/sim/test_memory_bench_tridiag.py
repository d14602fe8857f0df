"""rtlsim on a written tridiagonal unit: agrees with golden, and finds every seeded fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.spec import LMU, DenseUpdate, Network, TridiagonalUpdate, Weight, chain, store
from tests.support.hdl.memory_project import write_rtl
from tests.support.hdl.memory_sim import RtlResult, simulate_memory
from tests.support.hdl.packed import with_overflow, with_rounding
from tests.support.mutants import change

ORDER, STEPS, SAMPLES = 5, 6, 10
FINE, COARSE = FixedType(12, 1), FixedType(6, 1)  # of the coefficients


def _network(memory_d: int) -> Network:
    """The real factors of order 5 and theta 11, and a second layer with a dense update.

    A single channel has coarse types, so that ties and saturation are frequent.
    """
    rng = np.random.default_rng(5)
    coef, u, mem, sweep = FINE, FixedType(10, 2), FixedType(12, 2), FixedType(14, 2)
    if memory_d == 1:
        coef, u, mem, sweep = COARSE, FixedType(6, 2), FixedType(6, 0), FixedType(8, 2)
    factors = tridiagonal_factors(ORDER, 11.0)
    weights = (Weight(quantize(getattr(factors, name), coef), coef) for name in ("lam", "gam", "kap", "bet"))
    x = FixedType(10, 2)
    first = LMU(
        name="speech/lmu",
        steps=STEPS,
        x=x,
        encoder_x=Weight(rng.integers(-128, 128, (3, memory_d)), FixedType(8, 1)),
        encoder_h=None,
        encoder_mem=None,
        encoder_bias=None,
        u=u,
        update=TridiagonalUpdate(*weights, sweep),
        mem=mem,
        hidden=None,
        h=mem,
        return_sequences=True,
        reuse_factor=1,
        theta=11.0,
        discretizer="bilinear",
        basis="orthonormal",
    )
    a, b = (Weight(rng.integers(-600, 600, shape), FINE) for shape in ((2, 2), (2,)))
    encoder = Weight(rng.integers(-100, 100, (ORDER * memory_d, 1)), FixedType(8, 1))
    second = dataclasses.replace(first, name="dense", x=mem, encoder_x=encoder, update=DenseUpdate(a, b))
    return chain("net", x, STEPS, 3, (first, second))


NETWORKS = {memory_d: _network(memory_d) for memory_d in (1, 3)}


def _trace(memory_d: int, layer: str = "speech/lmu") -> tuple[Ints, Ints]:
    network = NETWORKS[memory_d]
    x = np.random.default_rng(6).integers(network.x.min_int, network.x.max_int + 1, (SAMPLES, STEPS, 3))
    x[::2] = x[::2, :1]  # every second sequence is constant, which drives the state furthest
    tensors = golden.run(network, x)[layer].tensors
    return tensors["u"], tensors["mem"]


def _written(folder: Path, memory_d: int) -> Path:
    write_rtl(NETWORKS[memory_d].lmus, folder / "rtl")
    return folder / "rtl"


def _simulate(rtl: Path, memory_d: int, simulator: str, workdir: Path, stall: float = 0.0) -> RtlResult:
    u, mem = _trace(memory_d)
    return simulate_memory(rtl, "speech/lmu", u, mem, simulator, workdir, stall=stall)


def test_agrees_with_golden(tmp_path: Path, simulator: str, workdir: Path) -> None:
    rtl = _written(tmp_path, 3)
    result = _simulate(rtl, 3, simulator, workdir)
    assert result.passed, result
    assert (result.comparison.samples, result.comparison.exact) == (SAMPLES, SAMPLES)
    assert result.comparison.values_compared == SAMPLES * STEPS * 3 * ORDER
    assert result.timing is not None
    assert result.timing.ii_measured.value == 2 * ORDER * 3 + 1 + 4


def test_dense_layer_beside_it(tmp_path: Path, icarus: str, workdir: Path) -> None:
    assert simulate_memory(_written(tmp_path, 3), "dense", *_trace(3, "dense"), icarus, workdir).passed


def test_one_channel_agrees(tmp_path: Path, icarus: str, workdir: Path) -> None:
    rtl = _written(tmp_path, 1)
    result = _simulate(rtl, 1, icarus, workdir)
    assert result.passed, result
    assert result.timing is not None
    assert result.timing.ii_measured.value == 2 * ORDER + 1 + 1 + 2
    assert _simulate(rtl, 1, icarus, workdir, stall=0.5).passed


def test_survives_being_stored(tmp_path: Path, icarus: str, workdir: Path) -> None:
    """The unit that a stored network gives is the same one."""
    store.save(NETWORKS[3], tmp_path / "spec.npz")
    write_rtl(store.load(tmp_path / "spec.npz").lmus, tmp_path / "again")
    rtl = _written(tmp_path, 3)
    for path in (path for path in rtl.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(rtl)).read_bytes()


def test_index_of_a_difference(tmp_path: Path, icarus: str, workdir: Path) -> None:
    """The stream runs down the degrees; what is reported is the place in mem."""
    u, mem = _trace(3)
    wrong = mem.copy()
    wrong[2, 4, 2 * ORDER + 1] += 1  # channel 2, degree 1
    result = simulate_memory(_written(tmp_path, 3), "speech/lmu", u, wrong, icarus, workdir)
    difference = result.comparison.first_difference
    assert difference is not None
    assert difference.index == (2, 4, 2 * ORDER + 1)
    assert (difference.expected, difference.actual) == (wrong[2, 4, 2 * ORDER + 1], mem[2, 4, 2 * ORDER + 1])


FIELDS = ("lam", "bet", "gam", "kap")  # of a ROM word, from the low bits up
HALF = "(1 << (SUM_F - SWEEP_F - 1))"  # taken off before rounding to nearest, it gives the floor but for ties
# memory_d, original, mutant, probability of a stall with which it is found
MUTANTS = {
    "rounding of f": (3, ".in_data(sum),", f".in_data(back_q[SWEEP_STAGE-1] ? sum : sum - {HALF}),", 0),
    "rounding of z": (3, ".in_data(sum),", f".in_data(back_q[SWEEP_STAGE-1] ? sum - {HALF} : sum),", 0),
    "minus without its carry": (1, "wire carry = !back_q[X_STAGE+1];", "wire carry = 1'b0;", 0),
    "lam of the next degree": (3, ".rd_addr(row_q)", ".rd_addr(back_q || row_q == ORDER - 1 ? row_q : row_q + 1)", 0),
    "f not yet in its memory": (1, "turn_q <= top && MEMORY_D == 1;", "turn_q <= 1'b0;", 0),
    "reset_state in the forward sweep only": (3, "old1 = clear ?", "old1 = clear && !back_q[1] ?", 0),
    "dropped beats": (3, "assign run = !(", "assign run = 1'b1 || !(", 0.5),
    "next step too early": (3, "(back_q || wait_q == 0)", "1'b1", 0.5),
}  # fmt: skip
MORE_MUTANTS = {
    "next beat too early": (3, "wait_q <= FREE[2:0] &&", "", 0),
    "first z from an old f": (3, "x_top ? {X_W{1'b0}} : gain_part", "gain_part", 0),
    "overflow of mem": (1, *with_overflow("OUT_TYPE", "MEM_TYPE", 2), 0),
    "rounding of mem": (3, *with_rounding("OUT_TYPE", "MEM_TYPE", 0), 0),
    "kap in both sweeps": (3, "back_q[1] ? kap_coef : lam_coef", "kap_coef", 0),
    "f of another channel": (3, ".DEPTH(MEMORY_D - PIPELINE)", ".DEPTH(MEMORY_D - PIPELINE + 1)", 0),
    "z once": (3, "TWICE_F = SWEEP_F - 1", "TWICE_F = SWEEP_F", 0),
    "half of bet u in both sweeps": (3, "back_q[1] ? {state[MEM_W-1], state} :", "", 0),
    "u of another channel": (3, ".rd_addr(channel_q)", ".rd_addr(load_q)", 0),
    "reset_state in the backward sweep only": (1, "old1 = clear ?", "old1 = clear && back_q[1] ?", 0),
    "reset_state of any beat": (3, "load_q == 0 ? s_axis_tuser[0] || fresh_q", "1 ? s_axis_tuser[0] || fresh_q", 0),
    "row address": (3, "1 - 2 * MEMORY_D", "2 - 2 * MEMORY_D", 0),
    "tlast at every degree": (3, "last && bottom_q[MEM_STAGE]", "last", 0),
    "next beat too late": (1, "wait_q <= FREE[2:0] &&", "wait_q == 0 &&", 0),
}  # fmt: skip


def _slow(names: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", [*MUTANTS, *_slow(MORE_MUTANTS)])
def test_mutant_is_caught(tmp_path: Path, icarus: str, workdir: Path, name: str) -> None:
    memory_d, old, new, stall = {**MUTANTS, **MORE_MUTANTS}[name]
    folder = _written(tmp_path, memory_d)
    designs = {path: path.read_text().partition("`ifdef FORMAL")[0] for path in folder.glob("lmu_*tridiag*.v")}
    (unit,) = (path for path, design in designs.items() if old in design)
    change(unit, old, new)
    assert not _simulate(folder, memory_d, icarus, workdir, stall).passed


@pytest.mark.parametrize("field", ["kap last", *_slow(f"{name} {k}" for name in FIELDS for k in ("first", "last"))])
def test_changed_rom_word_is_caught(tmp_path: Path, icarus: str, workdir: Path, field: str) -> None:
    """A bit of every coefficient, at both ends; only the last gam is never used, because kap has it."""
    rtl = _written(tmp_path, 3)
    rom = rtl / "rom" / "speech_lmu.hex"
    words = rom.read_text().splitlines()
    name, end = field.split()
    word, place = {"first": 0, "last": -1}[end], FIELDS.index(name) * FINE.width
    words[word] = f"{int(words[word], 16) ^ (1 << (place + FINE.width - 2)):0{len(words[word])}x}"
    rom.write_text("\n".join(words) + "\n")
    assert _simulate(rtl, 3, icarus, workdir).comparison.passed == (field == "gam last")


def test_missing_rom_file(tmp_path: Path, icarus: str, workdir: Path) -> None:
    rtl = _written(tmp_path, 3)
    (rtl / "rom" / "speech_lmu.hex").unlink()
    with pytest.raises(LmuHlsError, match=r"lmu_rom: file rom/speech_lmu.hex holds 0 words, expected 5"):
        _simulate(rtl, 3, icarus, workdir)
