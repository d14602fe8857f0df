"""`lmu-hls energy` on a small network: counts that numpy and the formulas know, stale records, and seeded faults."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import flow
from lmu_hls.energy.saif import read_saif
from lmu_hls.errors import LmuHlsError, NotVerified, VerificationFailed
from lmu_hls.fixed import quantize
from lmu_hls.records import Energy, load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.report import build_report, from_json, to_json, to_markdown
from lmu_hls.report.cards import cards
from lmu_hls.spec import store
from tests.conftest import _installed
from tests.support.mutants import change

SEQUENCES = 3


@pytest.fixture(scope="module")
def data() -> flow.Data:
    return flow.Data(np.random.default_rng(3).normal(size=(4, 5, 2)), label="data.npz")


@pytest.fixture(scope="module")
def measured(converted: Path, data: flow.Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    _installed("verilator")
    root = tmp_path_factory.mktemp("energy") / "out"
    shutil.copytree(converted, root)
    flow.energy(OutputFolder(root), data, sequences=SEQUENCES)
    return root


@pytest.fixture
def outdir(measured: Path, tmp_path: Path) -> Path:
    shutil.copytree(measured, tmp_path / "out")
    return tmp_path / "out"


def test_toggles_of_the_input_are_those_of_the_data(measured: Path, data: flow.Data) -> None:
    """Seeded fault: one sample that is another changes them."""
    network = store.load(OutputFolder(measured).spec)
    saif = read_saif(OutputFolder(measured).work("energy") / "activity.saif")

    def changes(x: np.ndarray) -> list[int]:
        sent = quantize(x[:SEQUENCES], network.x).ravel()
        bits = (sent[:, None] >> np.arange(network.x.width)) & 1
        return [int(count) for count in (np.diff(bits, axis=0) != 0).sum(axis=0) + bits[0]]

    counted = [saif.nets[f"TOP.in0_tdata[{bit}]"].changes for bit in range(network.x.width)]
    assert counted == changes(data.x)
    assert counted != changes(-data.x)


def test_accesses_are_those_of_the_formulas(measured: Path) -> None:
    """Every row of a matrix is read once a step."""
    found = load(OutputFolder(measured).energy, Energy)
    network = store.load(OutputFolder(measured).spec)
    saif = read_saif(OutputFolder(measured).work("energy") / "activity.saif")
    read = network.lmus[0].order * network.lmus[0].memory_d + network.n_in  # by the hidden cell, in a step
    rom = "TOP.harness.dut.lmu_hidden.affine.g_all.columns.rom.g_part[0].rom"
    assert saif.nets[f"{rom}.rd_en"].high == SEQUENCES * network.steps * read
    assert found.cycles == saif.duration
    assert {row.name: row.count for row in found.operations}["products of 16 x 16 bits"] == 432
    assert found.energy_per_inference_nj == pytest.approx(5 * found.energy_per_step_nj) and found.power_uw > 0
    assert (found.method, found.estimate, found.sequences) == ("operation model", True, SEQUENCES)


def test_the_report_says_estimate_beside_each_figure(measured: Path) -> None:
    made = build_report(measured)
    assert from_json(to_json(made)) == made and made.energy is not None
    rows = [row for row in made.rows() if row.section == "Energy"]
    assert len(rows) == 2 and all("estimate" in row.name and "estimate" in row.source for row in rows)
    page = to_markdown(made)
    assert "## Energy (estimate)" in page and "8.79 uW" in page and "Horowitz" in page
    assert "verilator" in made.tools
    (card,) = [card for card in cards(made) if card.title == "An inference"]
    assert card.value.endswith(" nJ") and card.note.startswith("estimate") and "22 nm" in card.note


def test_activity_is_stale_when_the_verilog_changes(outdir: Path) -> None:
    change(outdir / "verilog" / "rtl" / "small_lmu_mac.v", "coef_q * operand_q", "operand_q * coef_q")
    made = build_report(outdir)
    (standing,) = [item for item in made.standings if item.record == "energy"]
    assert made.energy is None
    assert (standing.state, standing.reason) == ("stale", "verilog/rtl/small_lmu_mac.v has changed")
    assert standing.remedy == "lmu-hls energy OUTDIR --data FILE.npz --samples 3 --node 22 --step-ms 20"


def test_the_activity_of_wrong_values_is_refused(outdir: Path, data: flow.Data) -> None:
    (rom,) = (outdir / "verilog" / "rom").glob("*hidden_????????.hex")
    rom.write_text(rom.read_text().replace("1", "2"))
    with pytest.raises(VerificationFailed, match="activity is that of wrong values"):
        flow.energy(OutputFolder(outdir), data, sequences=1)
    assert not OutputFolder(outdir).energy.exists()


def test_another_model_or_node_is_refused_before_any_work(outdir: Path, data: flow.Data) -> None:
    with pytest.raises(LmuHlsError, match="no supply voltage is known for 7 nm; give one of 180"):
        flow.energy(OutputFolder(outdir), data, node_nm=7)
    (outdir / "model.keras").write_bytes(b"another")
    with pytest.raises(NotVerified, match=r"model\.keras has changed since the conversion"):
        flow.energy(OutputFolder(outdir), data)
