"""The host's side of a board: sends sequences over a serial line and gets the network's values.

    python host.py /dev/ttyUSB1 test.npz
    python host.py /dev/ttyUSB1 test.npz --golden golden.npz

``test.npz`` holds x (sequences, steps, n_in), real numbers or, as an integer array, the network's own integers; y, the
classes, is used for the accuracy where it is there. ``golden.npz`` holds the integers that must come, as array y.
Needs NumPy and pyserial. The protocol is that of docs/boards.md; network.json, beside this file, says which network
must answer.
"""

from __future__ import annotations

import argparse
import binascii
import json
import sys
import time
from collections.abc import Callable
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
class Network:
    """What network.json says: the network that must answer, and its values."""

    network: str
    board: str
    contract: str
    baud: int
    buffer: int
    steps: int
    n_in: int
    input_type: str
    input_bytes: int
    n_out: int
    output_type: str
    output_bytes: int
    every_step: bool

    @classmethod
    def read(cls, path: Path) -> Network:
        """Raises HostError for a file that is not there, or not of this kind."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
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
        """The integers that the network gives for one sequence x (steps, n_in): (n_out,) or (steps, n_out).

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

    def _run(self, x: Ints) -> Ints:
        size = self.network.input_bytes
        data = _bytes(x, size)
        chunk = self.network.buffer // size * size
        results: list[Ints] = []
        ended = False
        for first in range(0, len(data), chunk):
            last = first + chunk >= len(data)
            self.line.write(packet("L" if last else "D", data[first : first + chunk]))
            kind = ""
            while kind != "A":
                kind, payload = self._receive()
                ended = self._take(kind, payload, results) or ended
        while not ended:
            kind, payload = self._receive()
            ended = self._take(kind, payload, results)
        found = np.stack(results)
        return found if self.network.every_step else found[0]

    def _take(self, kind: str, payload: bytes, results: list[Ints]) -> bool:
        """Whether the payload is the last result of the sequence."""
        if kind == "A":
            return False
        if kind != "R":
            raise LineError(f"the board sent {kind!r} instead of a result")
        if len(payload) != self.network.n_out * self.network.output_bytes + 1:
            raise HostError(f"a result has {len(payload)} bytes; the board has another network")
        results.append(_integers(payload[:-1], self.network.output_bytes))
        if payload[-1] & 2:
            raise HostError(
                f"the network met its last value at the wrong place: it takes {self.network.steps} steps of "
                f"{self.network.n_in} values"
            )
        return bool(payload[-1] & 1)

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
        if length > 2 + max(12, self.network.n_out * self.network.output_bytes):
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


def sequences(x: np.ndarray, network: Network) -> Ints:
    """The network's integers for x (sequences, steps, n_in), or one sequence (steps, n_in). HostError if it is not."""
    x = x[None] if x.ndim == 2 else x
    steps = network.steps or "any number of"  # 0: the host says by the length of a sequence where it ends
    if x.ndim != 3 or x.shape[1:] != (network.steps or x.shape[1], network.n_in) or not x.size:
        raise HostError(f"x has the shape {x.shape}; {network.network} takes (..., {steps}, {network.n_in})")
    kind = FixedType.parse(network.input_type)
    if x.dtype.kind in "iu":
        if x.min() < kind.min_int or x.max() > kind.max_int:
            raise HostError(
                f"x has integers {x.min()}..{x.max()}, which do not fit {kind}; give real numbers as floats"
            )
        return x.astype(np.int64)
    try:
        return quantize(x, kind)
    except ValueError as error:
        raise HostError(f"x: {error}") from error


def predict(
    host: Host,
    x: np.ndarray,
    tell: Callable[[int, Ints], None] = lambda number, values: None,
    lengths: np.ndarray | None = None,
) -> Ints:
    """The integers for every sequence; ``tell`` gets each as it comes.

    ``lengths`` are the steps of each sequence that are sent; behind their outputs the last one stands again.
    """
    values = sequences(x, host.network)
    each = _lengths(lengths, values, host.network)
    found = []
    for number, (sequence, steps) in enumerate(zip(values, each, strict=True)):
        came = host.run(sequence[:steps])
        tell(number, came)
        if host.network.every_step:
            came = np.concatenate([came, np.repeat(came[-1:], len(sequence) - steps, axis=0)])
        found.append(came)
    return np.stack(found)


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


def compare(values: Ints, golden: np.ndarray) -> str:
    """That all integers are equal, in words. HostError with the first difference."""
    golden = golden[: len(values)]
    if golden.shape != values.shape:
        raise HostError(f"the golden values have the shape {golden.shape}, those of the board {values.shape}")
    different = np.argwhere(golden != values)
    if len(different):
        place = tuple(int(k) for k in different[0])
        raise HostError(
            f"{len(different)} of {values.size} values differ from golden; the first at {place}: {values[place]} "
            f"instead of {golden[place]}"
        )
    return f"all {values.size} values equal golden"


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


def _session(arguments: argparse.Namespace, connect: Callable[[str, int, float], Line]) -> int:
    network = Network.read(arguments.network)
    x, y, lengths = read_array(arguments.data, "x"), None, None
    if arguments.data.suffix == ".npz":
        y, lengths = read_array(arguments.data, "y"), read_array(arguments.data, "lengths")
    if x is None:
        raise HostError(f"{arguments.data} has no array x")
    golden = read_array(arguments.golden, "y") if arguments.golden else None
    if arguments.golden and golden is None:
        raise HostError(f"{arguments.golden} has no array y")
    x = x[: arguments.count] if x.ndim == 3 else x
    host = Host(connect(arguments.port, network.baud, arguments.timeout), network)
    host.identify()
    kind = FixedType.parse(network.output_type)

    def tell(number: int, values: Ints) -> None:
        last = to_float(values.reshape(-1, network.n_out)[-1], kind)
        text = f"class {int(last.argmax())}  " if network.n_out > 1 else ""
        print(f"{number}: {text}{' '.join(f'{value:g}' for value in last)}")

    start = time.monotonic()
    found = predict(host, x, tell, lengths)
    took = time.monotonic() - start
    print(f"{len(found)} sequences in {took:.2f} s, {host.retries} sent again")
    if y is not None and network.n_out > 1 and y.dtype.kind in "iu":
        print(accuracy(found, y))
    if golden is not None:
        print(compare(found, golden))
    return 0


if __name__ == "__main__":
    sys.exit(main())
