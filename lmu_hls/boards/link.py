"""The serial line to a board, as its host sees it: packets, the network that must answer, sequences and results.

The protocol is that of docs/boards.md.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lmu_hls.fixed import Ints

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
    """What network.json says: the network that must answer, and its values. Types as text, sizes in bytes a value.

    ``steps`` are those of a sequence; 0: any number. All inputs have values of one size on the line, all outputs too.
    """

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
