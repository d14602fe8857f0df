"""The memory unit as an RTL blackbox: every state against the definition, every call against its cycles and rules."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.blackbox import Blackbox, blackbox, blackbox_sources
from lmu_hls.rtl.unit import DEGREES_DESCENDING
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.verify import simulator as sim
from tests.support.mutants import changed
from tests.support.networks import define_update, random_lmu, random_type, random_weight

CALLS = 9
CONFIGS = {  # memory_d, order, tridiagonal, reuse factor
    "channels": (3, 3, True, 1),
    "one": (1, 2, True, 1),
    "one state": (1, 1, True, 1),
    "dense": (3, 3, False, 100),
    "dense in rows": (2, 4, False, 10),
}


def box_of(name: str, number: int = 2) -> Blackbox:
    memory_d, order, tridiagonal, reuse = CONFIGS[name]
    rng = np.random.default_rng(memory_d * order + reuse)
    layer = replace(random_lmu(rng, memory_d=memory_d, order=order, units=None), reuse_factor=reuse)
    if tridiagonal:
        lam, gam, kap, bet = (random_weight(rng, order) for _ in range(4))
        lam, kap = (
            Weight(np.where(np.arange(order) == k, 0, w.values), w.type) for w, k in ((lam, 0), (kap, order - 1))
        )
        layer = replace(layer, update=TridiagonalUpdate(lam, gam, kap, bet, random_type(rng)))
    return blackbox(f"lmu{number}_memory_step", layer)


def random_calls(layer: LMU) -> tuple[list[list[int]], list[int]]:
    """Words of some calls, of which the first and some others begin anew, and the states by the definition."""
    rng = np.random.default_rng(5)
    scale = [Fraction(1, 1) / Fraction(2) ** kind.fraction for kind in (layer.u, layer.mem)]
    mem = np.full((layer.memory_d, layer.order), Fraction(0), object)
    words, states = [], []
    for call in range(CALLS):
        u = rng.integers(layer.u.min_int, layer.u.max_int, layer.memory_d, endpoint=True)
        fresh = int(call == 0 or call % 4 == 3)
        mem = mem * (1 - fresh)
        mem = np.array([define_update(layer, mem[c], int(u[c]) * scale[0]) for c in range(layer.memory_d)], object)
        words.append([(fresh << layer.u.width) | (int(value) & ((1 << layer.u.width) - 1)) for value in u])
        integers = (mem / scale[1]).astype(np.int64) & ((1 << layer.mem.width) - 1)
        states += (integers.T[::-1] if isinstance(layer.update, TridiagonalUpdate) else integers).ravel().tolist()
    return words, states


def exercise(box: Blackbox, files: dict[str, str], simulator: str, folder: Path) -> tuple[list[str], bool]:
    """The problems that the bench finds, and whether all states are right, both times."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    words, states = random_calls(box.layer)
    job = {"calls": words, "latency": box.latency_cycles, "seed": 3}
    (folder / "jobs.json").write_text(json.dumps(job))
    built = sim.build(simulator, [folder / name for name in files], box.name, folder / "work")
    results = folder / "results.json"
    sim.run(built, "blackbox_bench", folder, {"LMU_JOBS": str(folder / "jobs.json"), "LMU_RESULTS": str(results)})
    found = json.loads(results.read_text())
    return found["problems"], found.get("calm") == found.get("disturbed") == states


@pytest.mark.parametrize("name", CONFIGS)
def test_states_cycles_and_rules(name: str, icarus: str, tmp_path: Path) -> None:
    box = box_of(name)
    assert (box.unit.sizes.lanes > 1) == (name == "dense in rows")
    assert (box.unit.sizes.stream == DEGREES_DESCENDING) == CONFIGS[name][2]
    assert exercise(box, blackbox_sources([box], "net"), icarus, tmp_path) == ([], True)


@pytest.mark.thorough
def test_under_verilator(tmp_path: Path) -> None:
    box = box_of("channels")
    assert exercise(box, blackbox_sources([box], "net"), "verilator", tmp_path) == ([], True)


MUTANTS = {
    "reads without ap_ce": ("ap_start && ap_ce && !done_q", "ap_start && !done_q"),
    "writes without ap_ce": ("full_q && out_full_n && ap_ce", "full_q && out_full_n"),
    "writes when full": ("full_q && out_full_n && ap_ce", "full_q && ap_ce"),
    "word lost": ("&& (!m_axis_tvalid || m_axis_tready);", ";"),
    "state lost": ("s_axis_tready = !full_q || out_write", "s_axis_tready = 1'b1"),
    "done too early": ("N_OUT[OUT_CW-1:0] - 1'b1", "N_OUT[OUT_CW-1:0] - 2'd2"),
    "done for one cycle": ("done_q <= !ap_continue;", "done_q <= 1'b0;"),
    "ready twice": ("told_q <= !ap_continue;", "told_q <= 1'b0;"),
    "a cycle late": ("s_axis_tready = !full_q || out_write", "s_axis_tready = !full_q"),
    "stuck": ("{read_q, written_q} <= 0;\n        end", "written_q <= 0;\n        end"),
    "never idle": ("!ap_start && !done_q", "1'b0"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutant_is_caught(mutant: str, icarus: str, tmp_path: Path) -> None:
    # The dense unit is not always ready, the other one gives a state every cycle
    box = box_of("channels" if mutant == "a cycle late" else "dense")
    files = blackbox_sources([box], "net")
    files["net_lmu_ap_call.v"] = changed(files["net_lmu_ap_call.v"], *MUTANTS[mutant])
    problems, equal = exercise(box, files, icarus, tmp_path)
    assert problems or not equal


def test_a_gam_of_the_last_degree_stops_the_elaboration(icarus: str, tmp_path: Path) -> None:
    """The unit would add a z that is not there, or not, as its sink stalls."""
    box = box_of("channels")
    files = blackbox_sources([box], "net")
    place, mask = box.unit.rom.zero or (0, 0)
    word = box.unit.rom.words[place]
    assert place == 2 and mask and not word & mask
    old, new = (f"LAST = {box.unit.rom.width}'h{value:x};" for value in (word, word | (mask & -mask)))
    files["net_lmu_rom.v"] = changed(files["net_lmu_rom.v"], old, new)
    with pytest.raises(LmuHlsError, match="PARAM_ERROR_gam_of_the_last_degree_must_be_zero"):
        exercise(box, files, icarus, tmp_path)


def test_blackboxes_of_one_project_share_their_modules() -> None:
    boxes = [box_of("channels", 2), box_of("one", 3)]
    files = blackbox_sources(boxes, "net")
    assert {f"{box.name}.v" for box in boxes} < set(files)
    assert "g_2" in files["net_lmu_rom.v"] and ".ROM_FILE(2)" in files["lmu3_memory_step.v"]
    assert not any("$readmemh(" in text or "`timescale" in text for text in files.values())
    others = [name for name in files if not name.startswith(("net_lmu_", "lmu2_memory_step", "lmu3_memory_step"))]
    assert not others
