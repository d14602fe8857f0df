"""The script of the host against the simulated board, through the pins of its serial line: answers, and faults."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.backend.design import random_inputs
from lmu_hls.boards import BOARDS, write_board, write_golden
from lmu_hls.boards.host import main, predict, predict_all
from lmu_hls.boards.link import Host, HostError, LineError, Network, packet
from lmu_hls.boards.project import BoardProject
from lmu_hls.boards.simulation import SimulatedLine, simulated
from lmu_hls.fixed import Ints, to_float
from lmu_hls.toolchain import find
from tests.support.board_project import any_length_network, draw, expected, named, small_network, write_output
from tests.support.ends import fusion

pytestmark = pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
LAST, EVERY, SINGLE = 32, 2, 25  # one result a sequence; one a step; one value


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> BoardProject:
    return write_board(write_output(tmp_path_factory.mktemp("board"), small_network(LAST)), BOARDS["icebreaker"])


@pytest.fixture
def line(project: BoardProject) -> Iterator[SimulatedLine]:
    with simulated(project) as line:
        yield line


@pytest.fixture
def network(project: BoardProject) -> Network:
    return Network.read(project.folder / "network.json")


X = draw(small_network(LAST), 2)
Y = expected(small_network(LAST), X)


@pytest.mark.parametrize(("seed", "board"), [(LAST, "ulx3s"), (EVERY, "tangnano9k"), (SINGLE, "upduino")])
def test_every_integer_is_goldens(tmp_path: Path, seed: int, board: str) -> None:
    network = small_network(seed)
    project = write_board(write_output(tmp_path, network), BOARDS[board])
    x = draw(network, 2, seed=1)
    with simulated(project) as line:
        host = Host(line, Network.read(project.folder / "network.json"))
        host.identify()
        assert np.array_equal(predict(host, x), expected(network, x)) and host.retries == 0


@pytest.mark.parametrize("stride", [1, 2])
def test_sequences_of_different_lengths(tmp_path: Path, stride: int) -> None:
    """The host ends each where it does; behind its outputs the last one stands again, as in golden. So it is where
    every other step comes out."""
    network = any_length_network(EVERY, 4, stride)
    project = write_board(write_output(tmp_path, network), BOARDS["icebreaker"])
    x, lengths = draw(network, 3, seed=1), np.array([2, 4, 1])
    y = golden.run(network, x, lengths=lengths).output
    with simulated(project) as line:
        host = Host(line, Network.read(project.folder / "network.json"))
        host.identify()
        assert host.network.steps == 0
        assert np.array_equal(predict(host, x, lengths=lengths), y) and host.retries == 0
        assert not np.array_equal(predict(host, x), y)
        with pytest.raises(HostError, match="3 whole numbers from 1 to 4"):
            predict(host, x, lengths=np.array([2, 5, 1]))


@dataclass
class Damage:
    """Changes the byte number ``at`` of all that is written, once or ``always``."""

    at: int
    change: Callable[[int], bytes]
    always: bool = False
    seen: int = 0

    def __call__(self, data: bytes) -> bytes:
        first, self.seen = self.seen, self.seen + len(data)
        if not first <= self.at < self.seen:
            return data
        place = self.at - first
        if self.always:
            self.at += len(data) + len(packet("S"))
        return data[:place] + self.change(data[place]) + data[place + 1 :]


FAULTS = {
    "flipped": lambda byte: bytes([byte ^ 4]),
    "lost": lambda byte: b"",
    "doubled": lambda byte: bytes([byte, byte]),
    "stray": lambda byte: bytes([0x55, byte]),
}


@pytest.mark.parametrize(
    ("fault", "place"), [("stray", 0), ("flipped", 1), ("flipped", 3), ("flipped", 6), ("doubled", 6), ("lost", 6)]
)
def test_a_damaged_packet_is_noticed_and_the_sequence_sent_again(
    line: SimulatedLine, network: Network, fault: str, place: int
) -> None:
    host = Host(line, network)
    host.identify()
    line.damage = Damage(place, FAULTS[fault])
    assert np.array_equal(host.run(X[0]), Y[0])
    assert host.retries == 1
    assert np.array_equal(host.run(X[1]), Y[1])


def test_a_line_that_damages_every_packet_is_given_up(line: SimulatedLine, network: Network) -> None:
    host = Host(line, network)
    line.damage = Damage(6, FAULTS["flipped"], always=True)
    with pytest.raises(LineError, match="the board received a wrong checksum"):
        host.run(X[0])


@dataclass
class BadEars:
    """A line on which the byte number ``at`` comes in wrong."""

    line: SimulatedLine
    at: int
    seen: int = 0

    def write(self, data: bytes) -> int:
        return self.line.write(data)

    def read(self, size: int) -> bytes:
        data = bytearray(self.line.read(size))
        if self.seen <= self.at < self.seen + len(data):
            data[self.at - self.seen] ^= 1
        self.seen += len(data)
        return bytes(data)


@pytest.mark.parametrize("at", [0, 2, 8])
def test_a_damaged_answer_is_noticed(line: SimulatedLine, network: Network, at: int) -> None:
    host = Host(BadEars(line, at), network)
    assert np.array_equal(host.run(X[0]), Y[0]) and host.retries == 1


def test_another_network_is_refused(line: SimulatedLine, network: Network) -> None:
    other = replace(network, contract="00" * 32)
    with pytest.raises(HostError, match="the board has another network: contract "):
        Host(line, other).identify()


def test_a_wrong_number_of_steps_is_told(line: SimulatedLine, network: Network) -> None:
    host = Host(line, network)
    with pytest.raises(HostError, match="its last value at the wrong place: it takes 6 steps of 1 values"):
        host.run(X[0][:-1])
    assert np.array_equal(host.run(X[1]), Y[1])


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (packet("D", b"\1\0")[:-1] + b"\0", 1),
        (packet("Q"), 2),
        (packet("D"), 3),
        (packet("I", b"\0\0"), 3),
        (packet("D", b"\1\0\2"), 3),
        (packet("D", bytes(258)), 3),
        (packet("D", b"\1\0")[:-1], 4),
        (b"\0", 5),
    ],
)
def test_what_is_wrong_is_answered(line: SimulatedLine, sent: bytes, code: int) -> None:
    line.write(sent)
    answer = packet("E", bytes([code]))
    assert line.read(len(answer)) == answer
    line.write(packet("S"))
    assert line.read(len(packet("S"))) == packet("S")


def command(project: BoardProject, line: object, *arguments: object) -> int:
    return main(["port", *map(str, arguments), "--network", str(project.folder / "network.json")], lambda *_: line)


def test_the_command(project: BoardProject, line: SimulatedLine, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    kind = small_network(LAST).x
    write_golden(project, small_network(LAST), named(X))
    np.savez(tmp_path / "test.npz", x=to_float(X, kind), y=Y.argmax(-1))
    assert command(project, line, tmp_path / "test.npz", "--golden", project.folder / "golden.npz") == 0
    told = capsys.readouterr().out
    assert (
        "all 12 values equal golden" in told and "2 of 2 classes right" in told and f"0: class {Y[0].argmax()}" in told
    )
    np.savez(tmp_path / "wrong.npz", y=Y ^ (np.arange(Y.size).reshape(Y.shape) == 7))
    assert command(project, line, project.folder / "golden.npz", "--golden", tmp_path / "wrong.npz") == 3
    assert "1 of 12 values differ from golden; the first at (1, 1)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"z": X}, "has no array x"),
        ({"x": X[:, :-1]}, r"x has the shape \(2, 5, 1\); .* takes \(..., 6, 1\)"),
        ({"x": X * 1000}, "which do not fit fixed<9,2,RND,SAT>"),
        ({"x": X * np.nan}, "NaN or infinity"),
    ],
)
def test_bad_data(
    project: BoardProject, line: SimulatedLine, tmp_path: Path, capsys: pytest.CaptureFixture, arrays: dict, said: str
) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    assert command(project, line, tmp_path / "bad.npz") == 1
    error = capsys.readouterr().err
    assert re.search(said, error), error


def test_a_silent_board_and_a_missing_port(
    project: BoardProject, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    class Silent:
        def read(self, size: int) -> bytes:
            return b""

        def write(self, data: bytes) -> None:
            pass

    np.savez(tmp_path / "test.npz", x=X)
    assert command(project, Silent(), tmp_path / "test.npz") == 1
    assert "the board does not answer: is it programmed" in capsys.readouterr().err
    pytest.importorskip("serial")
    given = [str(tmp_path / "no port"), str(tmp_path / "test.npz"), "--network", str(project.folder / "network.json")]
    assert main(given) == 1
    assert "cannot be opened" in capsys.readouterr().err


@contextlib.contextmanager
def as_port(line: SimulatedLine) -> Iterator[str]:
    """The line as a pseudo-terminal."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    over = threading.Event()

    def carry() -> None:
        while not over.is_set():
            if select.select([ours], [], [], 0.001)[0]:
                line.write(os.read(ours, 4096))
            if data := line.read(1):
                os.write(ours, data)

    line.patience = 2000
    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        over.set()
        thread.join()
        os.close(ours)
        os.close(theirs)


def test_the_written_script_alone(project: BoardProject, line: SimulatedLine) -> None:
    """As a program of its own, with nothing of lmu_hls on its path, on a serial port."""
    pytest.importorskip("serial")
    write_golden(project, small_network(LAST), named(X))
    with as_port(line) as port:
        given = ["host.py", port, "golden.npz", "--golden", "golden.npz", "--timeout", "30"]
        code = "import sys, runpy; sys.path = [p for p in sys.path if p != %r]; sys.modules['lmu_hls'] = None; "
        code += "sys.path.insert(0, '.'); sys.argv = sys.argv[1:]; runpy.run_path('host.py', run_name='__main__')"
        done = subprocess.run(
            [sys.executable, "-c", code % str(Path(__file__).parents[2]), *given],
            cwd=project.folder, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "all 12 values equal golden" in done.stdout


def test_a_description_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text(json.dumps({"network": "x"}))
    with pytest.raises(HostError, match="is no description of a network"):
        Network.read(tmp_path / "network.json")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> BoardProject:
    """Two inputs of different widths, an output each step and one a sequence."""
    return write_board(write_output(tmp_path_factory.mktemp("several"), fusion(), 8), BOARDS["ulx3s"])


def each_output(project: BoardProject, x: Mapping[str, Ints]) -> dict[str, Ints]:
    """What comes from the simulated board, by output."""
    with simulated(project) as line:
        host = Host(line, Network.read(project.folder / "network.json"))
        host.identify()
        came = predict_all(host, [x[stream.name] for stream in host.network.inputs])
        assert host.retries == 0
    return {stream.name: values for stream, values in zip(host.network.outputs, came, strict=True)}


def test_several_streams_and_their_numbers_exchanged(several: BoardProject, tmp_path: Path) -> None:
    x = {name: values[:2] for name, values in random_inputs(fusion()).items()}
    right = golden.predict_all(fusion(), x)
    assert all(np.array_equal(values, right[name]) for name, values in each_output(several, x).items())
    top = several.folder / f"rtl/{several.top}.v"
    text = top.read_text()
    swapped = text.replace("x0_chosen = x_tdest == 8'd0", "x0_chosen = x_tdest == 8'd1")
    swapped = swapped.replace("x1_chosen = x_tdest == 8'd1", "x1_chosen = x_tdest == 8'd0")
    top.write_text(swapped)
    try:
        with pytest.raises((HostError, AssertionError)):
            assert all(np.array_equal(values, right[name]) for name, values in each_output(several, x).items())
    finally:
        top.write_text(text)


def test_several_streams_on_a_bad_line_and_a_stream_that_there_is_not(several: BoardProject) -> None:
    x = {name: values[0] for name, values in random_inputs(fusion()).items()}
    right = golden.predict_all(fusion(), {name: values[None] for name, values in x.items()})
    with simulated(several) as line:
        host = Host(line, Network.read(several.folder / "network.json"))
        line.damage = Damage(4, FAULTS["flipped"])  # the number of the stream
        came = host.run_all([x[stream.name] for stream in host.network.inputs])
        assert host.retries == 1
        for stream, values in zip(host.network.outputs, came, strict=True):
            assert np.array_equal(values, right[stream.name][0])
        line.write(packet("D", b"\2\1\0"))
        answer = packet("E", b"\6")
        assert line.read(len(answer)) == answer


def test_the_command_with_several_streams(several: BoardProject, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_golden(several, fusion(), {name: values[:1] for name, values in random_inputs(fusion()).items()})
    with simulated(several) as line:
        file = several.folder / "golden.npz"
        assert command(several, line, file, "--golden", file) == 0
        told = capsys.readouterr().out
        assert "all 20 values of both equal golden" in told and "0 a+b: class" in told
        np.savez(tmp_path / "half.npz", **{"left ear": np.zeros((1, 4, 2))})
        assert command(several, line, tmp_path / "half.npz") == 1
        assert "has no array s_axis" in capsys.readouterr().err
