"""What synthesis makes of a whole network equals golden in every family; a flipped bit of a table is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import flow, golden
from lmu_hls.backend.design import Design, design
from lmu_hls.configurations import DEMO
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.flow import netlists, verification
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.records import Comparison
from lmu_hls.records.folder import OutputFolder
from lmu_hls.report import build_report
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network, store
from lmu_hls.synth.gates import Gates, gates
from lmu_hls.toolchain import find
from lmu_hls.verify import verilated
from lmu_hls.verify.compare import compare
from tests.support.board_project import draw, write_output
from tests.support.flipped_tables import flipped_tables
from tests.support.random_networks import random_spec_network

pytestmark = pytest.mark.skipif(
    not all(find(name).found for name in netlists.TOOLS["icarus"]), reason="pyosys, cocotb or Icarus is not installed"
)
SMALLEST = random_spec_network(90, 4)  # of a few hundred cells
TABLES = 12  # that are tried


def accelerator(network: Network) -> Design:
    return design(network, RtlOptions(), 40)


@pytest.mark.parametrize("target", ["ecp5-25k", "gw1nr-9", "up5k", "xc7a35t"])
def test_the_netlist_and_a_flipped_bit_of_a_table(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, x = OutputFolder(write_output(tmp_path, SMALLEST)), draw(SMALLEST, 2)
    found = netlists.compare_netlist(folder, accelerator(SMALLEST), x, target)
    assert (found.name, found.exact, found.samples) == (f"netlist {target}", 2, 2)
    right = (folder.work("netlist") / target / "netlist.v").read_text()

    def noticed(text: str) -> bool:
        def faulty(*given: object) -> Gates:
            made = gates(*given)
            made.netlist.write_text(text)
            return made

        monkeypatch.setattr(netlists, "gates", faulty)
        try:
            return not netlists.compare_netlist(folder, accelerator(SMALLEST), x, target).passed
        except LmuHlsError as error:  # it stands still, or breaks the rules of the stream
            return "random_90_top" in str(error)

    assert not noticed(right)
    assert any(noticed(text) for text in flipped_tables(right, TABLES))


def test_the_check_is_kept(converted: Path, tmp_path: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What verify does with what is found of a netlist, here on golden's own integers."""

    def compare_netlist(
        folder: OutputFolder,
        made: Design,
        x: Mapping[str, Ints],
        target: str,
        simulator: str,
        lengths: Ints | None,
        progress: Callable[[int], None],
    ) -> Comparison:
        assert simulator == "verilator"
        (y,) = golden.run_samples(made.network, x, lengths=lengths).outputs.values()
        progress(len(y))
        return compare(netlists.title(target), "rtl_sim", "output", y, y)

    monkeypatch.setattr(verification, "compare_netlist", compare_netlist)
    folder = OutputFolder(Path(shutil.copytree(converted, tmp_path / "copy")))
    data = flow.load_data(speech, store.load(folder.spec))
    record = flow.verify(
        folder, data, csim=False, simulators=(), netlists=("ecp5",), netlist_samples=1,
        netlist_simulator="verilator",
    )  # fmt: skip
    (check,) = record.checks
    assert check.comparison is not None and (check.name, check.comparison.samples) == ("netlist ecp5", 1)
    assert "--netlist ecp5 --netlist-samples 1 --netlist-simulator verilator" in check.evidence.command
    assert {"pyosys", "verilator"} <= set(check.evidence.tools)
    assert "netlist ecp5" in str(build_report(folder.root))


def test_targets_without_models_are_refused_before_any_work(converted: Path, speech: Path) -> None:
    folder = OutputFolder(converted)
    data = flow.load_data(speech, store.load(folder.spec))
    with pytest.raises(
        LmuHlsError,
        match=r"no simulation models .* AMD UltraScale.*: .* for ecp5, gowin, ice40, xc7 .* leave --netlist out",
    ):
        flow.verify(folder, data, simulators=(), netlists=("xcup",))
    with pytest.raises(LmuHlsError, match="not simulated with 'none'; take icarus or verilator"):
        flow.verify(folder, data, simulators=(), netlists=("ecp5",), netlist_simulator="none")


@pytest.mark.slow
def test_the_whole_demo_on_ecp5_in_verilator(tmp_path: Path) -> None:
    """One utterance of the network of `make demo`, 5,000 look-up tables; and a flipped bit of one of them."""
    import keras

    keras.utils.set_random_seed(0)
    flow.convert(DEMO.keras_model(), tmp_path, precision="fixed<16,6>", reuse_factor=96)
    folder = OutputFolder(tmp_path)
    network = store.load(folder.spec)
    x, made = draw(network, 1), written_accelerator(folder, network)
    assert netlists.compare_netlist(folder, made, x, "ecp5-85k", "verilator").exact == 1
    work = folder.work("netlist") / "ecp5-85k"
    right = (work / "netlist.v").read_text()
    interface, expected = replace(made.interface, probes=()), golden.run_samples(network, x).output
    for text in flipped_tables(right, 3):  # of a few no bit is looked up
        (work / "netlist.v").write_text(text)
        faulty = verilated.build([work / "netlist.v", work / "cells.v"], interface, folder.verilog, work)
        try:
            if not np.array_equal(faulty.run(x).outputs, expected):
                return
        except LmuHlsError:  # it stands still
            return
    pytest.fail("no flipped bit was noticed")
