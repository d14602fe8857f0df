"""The host's side of a board: sends sequences over a serial line and gets the network's values.

    python host.py /dev/ttyUSB1 test.npz
    python host.py /dev/ttyUSB1 test.npz --golden golden.npz

``test.npz`` holds x (sequences, steps, n_in), real numbers or, as an integer array, the network's own integers; y, the
classes, is used for the accuracy where it is there. ``golden.npz`` holds the integers that must come, as array y. Of
several inputs or outputs each has an array under its name in network.json.
Needs NumPy and pyserial. The protocol is that of docs/boards.md; network.json, beside this file, says which network
must answer.
"""

from __future__ import annotations

import argparse
import binascii
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lmu_hls.fixed import FixedType, Ints, quantize, to_float

SYNC, VERSION = 0xA5, 1
HEADER, SUM = 4, 2  # bytes before and after a payload
RETRIES = 2  # of a sequence, after an error on the line
ERRORS = {
    1: "a wrong checksum",
    2: "an unknown kind of packet",
    3: "a length that is not possible",
    4: "a packet that did not end",
    5: "a byte outside of a packet",
    6: "a stream that there is not",
}


class HostError(Exception):
    """What went wrong, and what to do; it will not go away by itself."""


class LineError(HostError):
    """A packet was lost or damaged on its way: it may go well the next time."""


class Line(Protocol):
    """A serial line, such as serial.Serial with a timeout: ``read`` gives fewer bytes when no more come in time."""

    def read(self, size: int) -> bytes: ...

    def write(self, data: bytes) -> Any: ...


def packet(kind: str, payload: bytes = b"") -> bytes:
    """A packet as it goes over the line, both ways."""
    body = kind.encode() + len(payload).to_bytes(2, "little") + payload
    return bytes([SYNC]) + body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


@dataclass(frozen=True)
class Stream:
    """An input or an output: ``values`` of a step, or of a sequence where it does not give every step."""

    name: str
    values: int
    type: str
    every_step: bool = True


@dataclass(frozen=True)
class Network:
    """What network.json says: the network that must answer, and its values."""

    network: str
    board: str
    contract: str
    baud: int
    buffer: int
    steps: int
    input_bytes: int
    output_bytes: int
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]

    @property
    def in_marks(self) -> int:
        """Bytes before the values of a packet to the board."""
        return int(len(self.inputs) > 1)

    @property
    def out_marks(self) -> int:
        """Bytes before the values of a result."""
        return int(len(self.outputs) > 1)

    @classmethod
    def read(cls, path: Path) -> Network:
        """Raises HostError for a file that is not there, or not of this kind."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            streams = {ends: tuple(Stream(**each) for each in told[ends]) for ends in ("inputs", "outputs")}
            return cls(**{**told, **streams})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise HostError(
                f"{path} is no description of a network ({error}); write the board's folder again"
            ) from error


@dataclass
class Host:
    """A line to a board. ``retries`` counts the sequences that had to be sent again, over all of its life."""

    line: Line
    network: Network
    retries: int = 0

    def identify(self) -> None:
        """Raises HostError unless the board answers and has this network."""
        self.start()
        self.line.write(packet("I"))
        answer = self._expect("I")
        wanted = bytes.fromhex(self.network.contract)[:8]
        if answer[:3] != b"LMU" or answer[3:4] != bytes([VERSION]):
            raise HostError(f"the board speaks version {answer[3:4].hex()} of the protocol, this script {VERSION:02x}")
        if answer[4:] != wanted:
            raise HostError(
                f"the board has another network: contract {answer[4:].hex()}, and {self.network.network} has "
                f"{wanted.hex()}; program it with this folder's bitstream, or use the script of the other folder"
            )

    def start(self) -> None:
        """Bring board and host to the beginning of a sequence, whatever was before."""
        for attempt in range(RETRIES + 1):
            self.line.write(packet("S"))
            try:
                self._expect("S", skip=True)
                return
            except LineError:
                if attempt == RETRIES:
                    raise

    def run(self, x: Ints) -> Ints:
        """As :meth:`run_all`, of a network with one input and one output."""
        (found,) = self.run_all([x])
        return found

    def run_all(self, x: Sequence[Ints]) -> list[Ints]:
        """The integers of each output for one sequence, of each input (steps, n_in): (n_out,) or (steps, n_out).

        A sequence in which a packet was damaged is sent again, from its start. Raises LineError when that does not
        help, HostError when the network's own framing was not met.
        """
        for attempt in range(RETRIES + 1):
            try:
                return self._run(x)
            except LineError:
                if attempt == RETRIES:
                    raise
                self.retries += 1
                self.start()
        raise AssertionError

    def _run(self, x: Sequence[Ints]) -> list[Ints]:
        results: list[list[Ints]] = [[] for _ in self.network.outputs]
        ended: set[int] = set()
        for request in self._packets(x):
            self.line.write(request)
            kind = ""
            while kind != "A":
                kind, payload = self._receive()
                ended |= self._take(kind, payload, results)
        while len(ended) < len(results):
            kind, payload = self._receive()
            ended |= self._take(kind, payload, results)
        pairs = zip(results, self.network.outputs, strict=True)
        return [np.stack(each) if stream.every_step else each[0] for each, stream in pairs]

    def _packets(self, x: Sequence[Ints]) -> Iterator[bytes]:
        """The values of a sequence. Of several inputs step by step: the board keeps one step of each."""
        size = self.network.input_bytes
        room = self.network.buffer // size * size
        pieces = [x] if len(x) == 1 else [[each[k : k + 1] for each in x] for k in range(len(x[0]))]
        for number, piece in enumerate(pieces, 1):
            for stream, values in enumerate(piece):
                data, mark = _bytes(values, size), bytes([stream][: self.network.in_marks])
                for first in range(0, len(data), room):
                    last = number == len(pieces) and first + room >= len(data)
                    yield packet("L" if last else "D", mark + data[first : first + room])

    def _take(self, kind: str, payload: bytes, results: list[list[Ints]]) -> set[int]:
        """The number of the output whose last result of the sequence the payload is."""
        if kind == "A":
            return set()
        if kind != "R":
            raise LineError(f"the board sent {kind!r} instead of a result")
        marks, size = self.network.out_marks, self.network.output_bytes
        number = payload[0] if marks else 0
        expected = self.network.outputs[number].values * size + 1 + marks if number < len(results) else None
        if len(payload) != expected:
            raise HostError(f"a result has {len(payload)} bytes; the board has another network")
        results[number].append(_integers(payload[marks:-1], size))
        if payload[-1] & 2:
            values = " and ".join(str(stream.values) for stream in self.network.inputs)
            raise HostError(
                f"the network met its last value at the wrong place: it takes {self.network.steps} steps of "
                f"{values} values"
            )
        return {number} if payload[-1] & 1 else set()

    def _expect(self, kind: str, skip: bool = False) -> bytes:
        """The payload of the reply ``kind``; with ``skip``, what is left of an earlier sequence is passed over."""
        while True:
            found, payload = self._receive(skip)
            if found == kind:
                return payload
            if not skip:
                raise LineError(f"the board sent {found!r} instead of {kind!r}")

    def _receive(self, skip: bool = False) -> tuple[str, bytes]:
        """Kind and payload of the next packet. Raises LineError for a damaged one, an error reply, and silence."""
        while (first := self._read(1)) != bytes([SYNC]):
            if not skip:
                raise LineError(f"the board sent {first.hex()} where a packet begins; is the rate right?")
        header = self._read(HEADER - 1)
        length = int.from_bytes(header[1:], "little")
        longest = max(stream.values for stream in self.network.outputs) * self.network.output_bytes
        if length > 2 + self.network.out_marks + max(12, longest):
            return self._damaged("an impossible length", skip)
        rest = self._read(length + SUM)
        if binascii.crc_hqx(header + rest, 0xFFFF):
            return self._damaged("a wrong checksum", skip)
        kind, payload = chr(header[0]), rest[:length]
        if kind == "E" and not skip:
            raise LineError(f"the board received {ERRORS.get(payload[0], f'error {payload[0]}')}")
        return kind, payload

    def _damaged(self, what: str, skip: bool) -> tuple[str, bytes]:
        if not skip:
            raise LineError(f"a packet with {what} came")
        return "", b""

    def _read(self, size: int) -> bytes:
        data = self.line.read(size)
        if len(data) < size:
            raise LineError("the board does not answer: is it programmed, is this its port, is the rate right?")
        return data


def _bytes(values: Ints, size: int) -> bytes:
    words = np.asarray(values, np.int64).reshape(-1, 1).astype("<i8").view(np.uint8).reshape(-1, 8)
    return words[:, :size].tobytes()


def _integers(data: bytes, size: int) -> Ints:
    """Signed integers of ``size`` bytes, the low one first."""
    words = np.frombuffer(data, np.uint8).reshape(-1, size)
    sign = np.where(words[:, -1:] >= 128, 255, 0).astype(np.uint8)
    full = np.concatenate([words, np.repeat(sign, 8 - size, axis=1)], axis=1)
    return np.ascontiguousarray(full).view("<i8").ravel().astype(np.int64)


def sequences(x: np.ndarray, network: Network, number: int = 0) -> Ints:
    """An input's integers for x (sequences, steps, n_in), or one sequence (steps, n_in). HostError if it is not."""
    x, stream = x[None] if x.ndim == 2 else x, network.inputs[number]
    name = "x" if len(network.inputs) == 1 else stream.name
    steps = network.steps or "any number of"  # 0: the host says by the length of a sequence where it ends
    if x.ndim != 3 or x.shape[1:] != (network.steps or x.shape[1], stream.values) or not x.size:
        raise HostError(f"{name} has the shape {x.shape}; {network.network} takes (..., {steps}, {stream.values})")
    kind = FixedType.parse(stream.type)
    if x.dtype.kind in "iu":
        if x.min() < kind.min_int or x.max() > kind.max_int:
            raise HostError(
                f"{name} has integers {x.min()}..{x.max()}, which do not fit {kind}; give real numbers as floats"
            )
        return x.astype(np.int64)
    try:
        return quantize(x, kind)
    except ValueError as error:
        raise HostError(f"{name}: {error}") from error


def predict(
    host: Host,
    x: np.ndarray,
    tell: Callable[[int, list[Ints]], None] = lambda number, values: None,
    lengths: np.ndarray | None = None,
) -> Ints:
    """As :func:`predict_all`, of a network with one input and one output."""
    (found,) = predict_all(host, [x], tell, lengths)
    return found


def predict_all(
    host: Host,
    x: Sequence[np.ndarray],
    tell: Callable[[int, list[Ints]], None] = lambda number, values: None,
    lengths: np.ndarray | None = None,
) -> list[Ints]:
    """The integers of each output for every sequence, x of each input; ``tell`` gets those of each as they come.

    ``lengths`` are the steps of each sequence that are sent; behind their outputs the last one stands again.
    """
    network = host.network
    values = [sequences(each, network, number) for number, each in enumerate(x)]
    if len({each.shape[:2] for each in values}) > 1:
        shapes = ", ".join(
            f"{stream.name} {each.shape[:2]}" for stream, each in zip(network.inputs, values, strict=True)
        )
        raise HostError(f"the inputs have different numbers of sequences or steps: {shapes}")
    found: list[list[Ints]] = [[] for _ in network.outputs]
    for number, steps in enumerate(_lengths(lengths, values[0], network)):
        came = host.run_all([each[number, :steps] for each in values])
        tell(number, came)
        for each, stream, kept in zip(came, network.outputs, found, strict=True):
            more = values[0].shape[1] - steps if stream.every_step else 0
            kept.append(np.concatenate([each, np.repeat(each[-1:], more, axis=0)]) if more else each)
    return [np.stack(each) for each in found]


def _lengths(lengths: np.ndarray | None, x: Ints, network: Network) -> list[int]:
    """The steps of each sequence of x. HostError for such that cannot be."""
    if lengths is None:
        return [x.shape[1]] * len(x)
    each = np.asarray(lengths).ravel()[: len(x)]
    if each.dtype.kind not in "iu" or len(each) != len(x) or each.min() < 1 or each.max() > x.shape[1]:
        raise HostError(f"lengths must be {len(x)} whole numbers from 1 to {x.shape[1]}, the steps of each sequence")
    if network.steps and each.min() < network.steps:
        raise HostError(f"{network.network} takes {network.steps} steps a sequence; leave lengths out")
    return [int(steps) for steps in each]


def read_array(path: Path, name: str) -> np.ndarray | None:
    """The array ``name`` of an .npz file (None without it), or what an .npy file holds. HostError if it cannot be."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return loaded.get(name)
    except (OSError, ValueError, EOFError) as error:
        raise HostError(f"{path} cannot be read ({error}); save it with np.savez(path, {name}=...)") from error


def compare(values: Ints, golden: np.ndarray, name: str = "") -> str:
    """That all integers are equal, in words. HostError with the first difference; ``name`` is that of the output."""
    golden, of = golden[: len(values)], f" of {name}" if name else ""
    if golden.shape != values.shape:
        raise HostError(f"the golden values{of} have the shape {golden.shape}, those of the board {values.shape}")
    different = np.argwhere(golden != values)
    if len(different):
        place = tuple(int(k) for k in different[0])
        raise HostError(
            f"{len(different)} of {values.size} values{of} differ from golden; the first at {place}: {values[place]} "
            f"instead of {golden[place]}"
        )
    return f"all {values.size} values{of} equal golden"


def accuracy(values: Ints, y: np.ndarray) -> str:
    """The share of right classes, in words; y: classes, or one-hot."""
    classes = y[: len(values)].argmax(-1) if y.ndim > 1 and y.shape[-1] == values.shape[-1] else y[: len(values)]
    right = int(np.count_nonzero(values.argmax(-1) == classes.reshape(values.shape[:-1])))
    return f"{right} of {classes.size} classes right ({100 * right / classes.size:.2f} %)"


def open_line(port: str, baud: int, timeout: float) -> Line:
    """The serial port. Raises HostError when there is no pyserial, or the port cannot be opened."""
    try:
        import serial
    except ImportError as error:
        raise HostError("pyserial is not installed; install it with: pip install pyserial") from error
    try:
        line: Line = serial.Serial(port, baud, timeout=timeout)
    except (OSError, ValueError) as error:
        raise HostError(
            f"{port} cannot be opened ({error}); python -m serial.tools.list_ports lists the ports"
        ) from error
    return line


def main(arguments: list[str] | None = None, connect: Callable[[str, int, float], Line] = open_line) -> int:
    """The command; 0, 1 for an error, 3 for values that differ from golden."""
    parser = argparse.ArgumentParser(description="Run sequences through the network on a board.")
    parser.add_argument("port", help="serial port, such as /dev/ttyUSB1 or COM5")
    parser.add_argument("data", type=Path, help=".npz with x and, if you like, y and lengths; or .npy with x")
    parser.add_argument("--golden", type=Path, help=".npz with the integers y that must come")
    parser.add_argument("--count", type=int, help="only so many sequences")
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds that an answer may take (default 1)")
    parser.add_argument(
        "--network", type=Path, default=Path(__file__).with_name("network.json"), help=argparse.SUPPRESS
    )
    given = parser.parse_args(arguments)
    try:
        return _session(given, connect)
    except HostError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 3 if "differ from golden" in str(error) else 1


def _arrays(path: Path, streams: Sequence[Stream], only: str) -> list[np.ndarray]:
    """The array of each stream: ``only``, or of several those with their names. HostError without one."""
    names = [only] if len(streams) == 1 else [stream.name for stream in streams]
    found = [read_array(path, name) for name in names]
    absent = [name for name, array in zip(names, found, strict=True) if array is None]
    if absent:
        raise HostError(f"{path} has no array {', '.join(absent)}")
    return [array for array in found if array is not None]


def _session(arguments: argparse.Namespace, connect: Callable[[str, int, float], Line]) -> int:
    network = Network.read(arguments.network)
    x, y, lengths = _arrays(arguments.data, network.inputs, "x"), None, None
    several = len(network.outputs) > 1
    if arguments.data.suffix == ".npz":
        y, lengths = read_array(arguments.data, "y"), read_array(arguments.data, "lengths")
    golden = _arrays(arguments.golden, network.outputs, "y") if arguments.golden else None
    x = [each[: arguments.count] if each.ndim == 3 else each for each in x]
    host = Host(connect(arguments.port, network.baud, arguments.timeout), network)
    host.identify()

    def tell(number: int, values: list[Ints]) -> None:
        for stream, each in zip(network.outputs, values, strict=True):
            last = to_float(each.reshape(-1, stream.values)[-1], FixedType.parse(stream.type))
            text = f"class {int(last.argmax())}  " if stream.values > 1 else ""
            name = f" {stream.name}" if several else ""
            print(f"{number}{name}: {text}{' '.join(f'{value:g}' for value in last)}")

    start = time.monotonic()
    found = predict_all(host, x, tell, lengths)
    took = time.monotonic() - start
    print(f"{len(found[0])} sequences in {took:.2f} s, {host.retries} sent again")
    if y is not None and not several and network.outputs[0].values > 1 and y.dtype.kind in "iu":
        print(accuracy(found[0], y))
    for stream, each, right in zip(network.outputs, found, golden or (), strict=golden is not None):
        print(compare(each, right, stream.name if several else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
