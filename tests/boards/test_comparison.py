"""The simulated board against golden: the Verilog, and the netlist that synthesis made of it; with faults."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import cli
from lmu_hls.backend.design import random_inputs
from lmu_hls.boards import BOARDS, check, write_board
from lmu_hls.boards.comparison import board_gates
from lmu_hls.boards.host import predict
from lmu_hls.boards.link import Host, HostError, Network
from lmu_hls.boards.project import BoardProject
from lmu_hls.boards.simulation import simulated_netlist
from lmu_hls.fixed import Ints, quantize
from lmu_hls.synth.gates import Gates
from lmu_hls.toolchain import find
from tests.support.board_project import any_length_network, draw, expected, named, write_output
from tests.support.ends import fusion
from tests.support.flipped_tables import flipped_tables
from tests.support.random_networks import random_spec_network

pytestmark = pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
SMALLEST = random_spec_network(90, 4)  # of a few hundred cells
X = draw(SMALLEST, 2)


def board(tmp_path: Path, name: str = "icebreaker") -> BoardProject:
    return write_board(write_output(tmp_path, SMALLEST), BOARDS[name], baud=int(BOARDS[name].clock_mhz * 1e6 // 4))


def test_the_verilog_and_a_fault_in_it(tmp_path: Path) -> None:
    project = board(tmp_path)
    found = check(project, SMALLEST, named(X))
    assert (found.exact, found.samples, found.values_compared) == (2, 2, 4)
    for rom in project.data_dir.glob("rom/*.hex"):
        rom.write_text(re.sub(r"\w", "0", rom.read_text()))
    assert check(project, SMALLEST, named(X)).first_difference


def test_no_sequence_has_the_most_steps(tmp_path: Path) -> None:
    """Every other step comes out, of the longest one here fewer than of the longest that there may be."""
    network = any_length_network(2, 4, stride=2)
    x, project = draw(network, 2), write_board(write_output(tmp_path, network), BOARDS["icebreaker"])
    found = check(project, network, named(x, network), lengths=np.array([2, 1]))
    (width,) = (network.values[name].width for name in network.outputs)
    assert (found.exact, found.values_compared) == (2, 2 * width)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["board", str(write_output(tmp_path, SMALLEST)), "icebreaker", "--simulate", "1"]
    with pytest.raises(SystemExit) as stop:
        cli.main(given)
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert "Verilog of iCEBreaker icarus: 1 of 1 sequences equal golden, 2 values" in told
    assert (tmp_path / "boards/icebreaker/golden.npz").is_file()


def run(project: BoardProject, gates: Gates, x: Ints) -> Ints:
    with simulated_netlist(project, gates) as line:
        host = Host(line, Network.read(project.folder / "network.json"))
        host.identify()
        return predict(host, x)


@pytest.mark.slow
@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
@pytest.mark.parametrize("name", ["ulx3s", "tangnano9k"])
def test_the_netlist_of_a_board(tmp_path: Path, name: str) -> None:
    project = board(tmp_path, name)
    assert np.array_equal(run(project, board_gates(project), X[:1]), expected(SMALLEST, X[:1]))


@pytest.mark.slow
@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
@pytest.mark.parametrize("name", ["icebreaker", "ulx3s", "tangnano9k"])
def test_the_netlist_of_a_board_with_two_inputs_and_two_outputs(tmp_path: Path, name: str) -> None:
    network, chosen = fusion(), BOARDS[name]
    project = write_board(write_output(tmp_path, network, 8), chosen, baud=int(chosen.clock_mhz * 1e6 // 4))
    x = {name: values[:1] for name, values in random_inputs(network).items()}
    found = check(project, network, x, netlist=True)
    assert (found.exact, found.samples) == (1, 1) and found.values_compared > 2


@pytest.mark.slow
@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_the_netlist_and_a_flipped_bit_of_a_table(tmp_path: Path) -> None:
    project = board(tmp_path)
    gates = board_gates(project)
    right = expected(SMALLEST, X)
    assert np.array_equal(run(project, gates, X), right)

    def noticed(text: str) -> bool:
        gates.netlist.write_text(text)
        try:
            return not np.array_equal(run(project, gates, X), right)
        except HostError:
            return True

    assert any(noticed(text) for text in flipped_tables(gates.netlist.read_text(), 12))


@pytest.mark.slow
def test_twenty_utterances_of_the_demo(tmp_path: Path) -> None:
    """The network of `make demo`, untrained, with 8 bits, on real speech through the pins of an iCEBreaker."""
    pytest.importorskip("aeon")
    from lmu_hls import demo, flow
    from lmu_hls.spec import store

    flow.convert(demo.build_model(), tmp_path / "out", precision="fixed<8,3,RND_CONV,SAT>", reuse_factor=1000)
    network = store.load(tmp_path / "out/spec.npz")
    x = quantize(demo.load_speech("test").x[::18][:20], network.x)
    found = check(write_board(tmp_path / "out", BOARDS["icebreaker"]), network, named(x, network))
    assert (found.exact, found.samples, found.values_compared) == (20, 20, 180)
