"""The host's side of a board: sends sequences over a serial line and gets the network's values.

    python host.py /dev/ttyUSB1 test.npz
    python host.py /dev/ttyUSB1 test.npz --golden golden.npz

``test.npz`` holds x (sequences, steps, n_in), real numbers or, as an integer array, the network's own integers; y, the
classes, is used for the accuracy where it is there. ``golden.npz`` holds the integers that must come, as array y. Of
several inputs or outputs each has an array under its name in network.json.
Needs NumPy and pyserial, and beside this file link.py and fixed.py, and network.json, which says which network must
answer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lmu_hls.boards.link import Host, HostError, Line, Network, Stream
from lmu_hls.fixed import FixedType, Ints, quantize, to_float


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

    ``lengths`` are the steps of each sequence that are sent; behind their outputs the last one stands again, up to the
    steps of x, or those of the longest outputs where a network gives other numbers of steps than come in.
    """
    network = host.network
    values = [sequences(each, network, number) for number, each in enumerate(x)]
    if len({each.shape[:2] for each in values}) > 1:
        shapes = ", ".join(
            f"{stream.name} {each.shape[:2]}" for stream, each in zip(network.inputs, values, strict=True)
        )
        raise HostError(f"the inputs have different numbers of sequences or steps: {shapes}")
    found: list[list[Ints]] = [[] for _ in network.outputs]
    each_steps = _lengths(lengths, values[0], network)
    for number, steps in enumerate(each_steps):
        came = host.run_all([each[number, :steps] for each in values])
        tell(number, came)
        for each, kept in zip(came, found, strict=True):
            kept.append(each)
    most = values[0].shape[1]
    return [
        _held(each, each_steps, most) if stream.every_step else np.stack(each)
        for each, stream in zip(found, network.outputs, strict=True)
    ]


def _held(sequences: list[Ints], steps: list[int], most: int) -> Ints:
    """All with ``most`` steps, or with those of the longest one where other numbers of them come out than the ``steps``
    that went in: behind each its last one stands again."""
    sizes = list(map(len, sequences))
    most = most if sizes == steps else max(sizes)
    return np.stack([np.concatenate([each, np.repeat(each[-1:], most - len(each), axis=0)]) for each in sequences])


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
