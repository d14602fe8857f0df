"""Input data for verification: the user's own from an ``.npz`` file, or seeded random values."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls import limits
from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import Head, Targets, check_inputs, check_targets
from lmu_hls.fixed import Ints, to_float
from lmu_hls.records.evidence import ArrayId, DataSet
from lmu_hls.spec import Elementwise, Network, RecurrentLayer, Softmax
from lmu_hls.spec.cells.dense import DenseCell
from lmu_hls.spec.lengths import check_lengths, counting, filled, masked_lengths

Floats = NDArray[np.float64]
LENGTHS = "lengths"  # the array of a file with the steps of each sequence that count
Given = NDArray[Any] | Mapping[str, NDArray[Any]] | Sequence[NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """x (samples, steps, n_in) as float64 and, where known, the targets ``y``: see :mod:`lmu_hls.figures`.

    Of several inputs x is an array for each, by name or in the order of the model, as Keras takes them; so is y of
    several outputs, where those without targets may be left out. ``drawn`` says that x is random: it covers the input
    type, and is like no real data. Of a network that takes sequences of any length ``lengths`` (samples,) are the steps
    of each that count; without them those up to steps in which every value is ``mask_value``, else all. ``label`` says
    where they came from, ``option`` is the one of `lmu-hls verify` that gives them, ``path`` is the file.
    """

    x: Given
    y: Given | None = None
    drawn: bool = False
    label: str = "arrays"
    option: str = "--data FILE.npz"
    path: Path | None = None
    lengths: NDArray[Any] | None = None
    mask_value: float | None = None

    def counts(self, network: Network) -> Ints | None:
        """The steps of each sequence that count; None of a network of one length. LmuHlsError for impossible ones."""
        if not network.any_length:
            if self.lengths is None:
                return None
            raise LmuHlsError(
                f"there are lengths of sequences, but the model takes {network.steps} steps each; leave them out, or "
                f"convert with --steps {network.steps}"
            )
        arrays = self._arrays(network)
        for item in network.inputs:
            check_inputs(arrays[item.name], (None, item.width), _title("x", item.name, list(arrays)))
        shapes = {name: values.shape[:2] for name, values in arrays.items()}
        if len(set(shapes.values())) > 1:
            words = ", ".join(f"{name!r} {samples} of {steps} steps" for name, (samples, steps) in shapes.items())
            raise LmuHlsError(
                f"the inputs have different numbers of samples or steps: {words}; a sequence has as many steps in "
                "each: cut the longer ones, or fill the shorter ones up"
            )
        x = arrays[network.inputs[0].name]
        lengths = self.lengths
        if lengths is None:
            told = self.mask_value is not None
            lengths = masked_lengths(x, float(self.mask_value or 0)) if told else np.full(len(x), x.shape[1])
        check_lengths(lengths, len(x), x.shape[1])
        return check_lengths(lengths, len(x), network.steps, least=network.least_steps)

    def _arrays(self, network: Network) -> dict[str, NDArray[Any]]:
        """What is given for each input, by name, in the order of the network. LmuHlsError where one has nothing."""
        names = [item.name for item in network.inputs]
        arrays = _by_name(self.x, {name: name for name in names}, "x", "input")
        missing = [name for name in names if name not in arrays]
        if missing:
            raise LmuHlsError(f"there are no values of the input {missing[0]!r}; the model takes {', '.join(names)}")
        return {name: arrays[name] for name in names}

    def inputs(self, network: Network) -> dict[str, Floats]:
        """x of each input, by name; LmuHlsError for arrays that do not fit."""
        arrays = self._arrays(network)
        names = list(arrays)
        counts = self.counts(network)
        if counts is not None:
            arrays = {name: filled(values, counts, network.steps) for name, values in arrays.items()}
        found = {
            item.name: check_inputs(arrays[item.name], (network.steps, item.width), _title("x", item.name, names))
            for item in network.inputs
        }
        samples = {len(values) for values in found.values()}
        if len(samples) > 1:
            raise LmuHlsError(f"the inputs have different numbers of samples: {sorted(samples)}; give each the same")
        return found

    def targets(self, network: Network) -> dict[str, Targets]:
        """Checked targets of each output that has some; LmuHlsError for such that do not fit."""
        if self.y is None:
            return {}
        names = list(network.outputs)
        found = _by_name(self.y, {keras_name(network, name): name for name in names}, "y", "output")
        samples, lengths = len(next(iter(self.inputs(network).values()))), self.counts(network)
        if lengths is None:
            sizes = dict.fromkeys(found, samples)
        else:  # a row for each step that counts
            found = {name: self._rows(network, name, y, lengths) for name, y in found.items()}
            steps = int(lengths.sum())
            sizes = {name: samples if network.values[name].steps is None else steps for name in found}
        for name, y in found.items():  # of a vector that the Keras model gives another form at the end
            value = network.values[name]
            if value.steps is None and y.ndim > 2 and prod(y.shape[1:]) == value.width:
                found[name] = y.reshape(len(y), value.width)
        return {
            name: check_targets(y, head_of(network, name), sizes[name], _title("y", name, names))
            for name, y in found.items()
        }

    def _rows(self, network: Network, name: str, y: NDArray[Any], lengths: Ints) -> NDArray[Any]:
        """The targets of the steps that count, where an output has some for each step."""
        if network.values[name].steps is None:
            return y
        if y.ndim < 2 or len(y) != len(lengths) or y.shape[1] < lengths.max():
            raise LmuHlsError(
                f"y has the shape {y.shape}; give targets for each of {len(lengths)} samples and {int(lengths.max())} "
                "steps"
            )
        return y[counting(lengths, y.shape[1])]

    def identity(self, root: Path) -> DataSet:
        """What a record in the output folder ``root`` says of these data."""
        y = None if self.y is None else _side_by_side(self.y)
        return data_set(_side_by_side(self.x), y, self.label, self.path, root)


def _title(what: str, name: str, names: Sequence[str]) -> str:
    return what if len(names) == 1 else f"{what} of {name!r}"


def _by_name(arrays: Given, names: Mapping[str, str], what: str, end: str) -> dict[str, NDArray[Any]]:
    """Arrays by the network's names, which ``names`` has by those of the model."""
    own = list(names.values())
    if isinstance(arrays, Mapping):
        unknown = [name for name in arrays if name not in names and name not in own]
        if unknown:
            raise LmuHlsError(
                f"{what} has values of {unknown[0]!r}, which is no {end} of the model: {', '.join(names)}"
            )
        return {names.get(name, name): np.asarray(values) for name, values in arrays.items()}
    if isinstance(arrays, list | tuple):
        if len(arrays) != len(own):
            raise LmuHlsError(f"{what} is a list of {len(arrays)} arrays; the model has {len(own)} {end}s")
        return dict(zip(own, map(np.asarray, arrays), strict=True))
    if len(own) != 1:
        raise LmuHlsError(
            f"{what} is one array, but the model has {len(own)} {end}s; give one array for each, by name: "
            f"{', '.join(names)}"
        )
    return {own[0]: np.asarray(arrays)}


def _side_by_side(arrays: Given) -> NDArray[Any]:
    """The values of several arrays as one, each sample in a row, in the order of the names."""
    if isinstance(arrays, Mapping):
        arrays = [values for _, values in sorted(arrays.items())]
    if not isinstance(arrays, list | tuple):
        return np.asarray(arrays)
    if len(arrays) == 1:
        return np.asarray(arrays[0])
    return np.concatenate([np.asarray(values).reshape(len(values), -1) for values in arrays], axis=1)


def data_set(
    x: NDArray[Any], y: NDArray[Any] | None, label: str, path: Path | None = None, root: Path | None = None
) -> DataSet:
    """Label and SHA-256 of arrays; the path of their file, too, where it lies below ``root``."""
    inside = path is not None and root is not None and path.resolve().is_relative_to(root.resolve())
    file = path.resolve().relative_to(root.resolve()).as_posix() if inside and path and root else ""
    return DataSet(label, ArrayId.from_values(x), None if y is None else ArrayId.from_values(y), file)


def keras_name(network: Network, output: str) -> str:
    """The name of an output's layer in Keras: that of a Dense layer whose activation is a layer of its own here."""
    node = network.node(output)
    before = node.inputs[0]
    activation = isinstance(node.layer, Softmax | Elementwise) and output.startswith(f"{before}_")
    return before if activation else output


def head_of(network: Network, output: str = "") -> Head:
    """What the integers of an output stand for, the only one unless it is named, sample by sample."""
    if not output:
        (output,) = network.outputs
    last, value = network.node(output).layer, network.values[output]
    hidden = last.hidden if isinstance(last, RecurrentLayer) else None
    made = hidden if isinstance(hidden, DenseCell) else last
    sigmoid = isinstance(made, DenseCell | Elementwise) and FUNCTIONS[made.activation.function].is_probability
    # Of any length each step that counts is a row
    steps = () if value.steps is None or network.any_length else (value.steps,)
    return Head((*steps, value.width), sigmoid)


def load_data(path: Path, network: Network, mask_value: float | None = None) -> Data:
    """Read ``x`` and, if present, ``y`` from an ``.npz`` file (or ``x`` alone from an ``.npy`` file).

    Of a network with several inputs the file has an array for each, by name; targets of several outputs are arrays with
    the names of their layers. Raises LmuHlsError when the file is absent or damaged, when x does not have the network's
    shape or holds NaN, and when y are no targets for the network's output. Sequences of different lengths are filled up
    with ``mask_value``, or the file has the array ``lengths``.
    """
    x, y = read_ends(path, network)
    lengths = read_all(path).get(LENGTHS) if network.any_length else None
    made = Data(x, y, False, path.name, f"--data {shlex.quote(path.name)}", path, lengths, mask_value)
    try:
        values = made.inputs(network)
        made.targets(network)
    except LmuHlsError as error:
        raise type(error)(f"{path}: {error}") from None
    counts = made.counts(network)
    return replace(made, x=values if len(values) > 1 else next(iter(values.values())), lengths=counts)


def read_ends(path: Path, network: Network) -> tuple[Given, Given | None]:
    """The arrays for the inputs and outputs of a network in a file: x and y of one, by name those of several."""
    several_in, several_out = len(network.inputs) > 1, len(network.outputs) > 1
    if not several_in and not several_out:
        return read_arrays(path)
    arrays = read_all(path)
    inputs = {item.name for item in network.inputs} if several_in else {"x"}
    x = {name: values for name, values in arrays.items() if name in inputs}
    if set(x) != inputs:
        raise LmuHlsError(
            f"{path} has no array {sorted(inputs - set(x))[0]!r}, only {', '.join(arrays) or 'nothing'}; save it with "
            f"np.savez(path, {', '.join(f'{name}=...' for name in sorted(inputs))}), or np.savez(path, **arrays)"
        )
    y = {name: values for name, values in arrays.items() if name not in (*inputs, LENGTHS)}
    return (x if several_in else x["x"]), (y if several_out else y.get("y")) or None


def data_or_random(path: Path | None, network: Network, samples: int, mask_value: float | None = None) -> Data:
    """What the file holds, as :func:`load_data`; without a file ``samples`` random sequences."""
    return random_data(network, samples) if path is None else load_data(path, network, mask_value)


def read_arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """The arrays x and, if present, y of an ``.npz`` file, or x alone from an ``.npy`` file, whatever they hold."""
    arrays = read_all(path)
    if "x" not in arrays:
        names = ", ".join(arrays) or "nothing"
        raise LmuHlsError(f"{path} has no array 'x', only {names}; save it with np.savez(path, x=x)")
    return arrays["x"], arrays.get("y")


def read_whole(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """:func:`read_arrays` of sequences that have all steps. LmuHlsError where the file has lengths of shorter ones."""
    x, y = read_arrays(path)
    lengths = read_lengths(path)
    if lengths is not None and x.ndim == 3:
        shorter = np.flatnonzero(check_lengths(lengths, len(x), x.shape[1]) < x.shape[1])
        if len(shorter):
            raise LmuHlsError(
                f"{path}: sample {shorter[0]} has fewer than {x.shape[1]} steps, and a discretizer is changed on whole "
                "sequences; give samples of the most steps"
            )
    return x, y


def read_lengths(path: Path) -> NDArray[np.generic] | None:
    """How many steps of each sequence count, where the file says it."""
    return read_all(path).get(LENGTHS)


def read_all(path: Path) -> dict[str, NDArray[np.generic]]:
    """All arrays of an ``.npz`` file by name, or that of an ``.npy`` file as x, whatever they hold."""
    limits.check_archive(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"x": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist; give the path of an .npz file with an array x") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        # what NumPy says of any file that does not begin as one of its own
        why = "it is of another form" if "allow_pickle=" in str(error) else error
        raise LmuHlsError(
            f"{path} is not a readable .npz or .npy file ({why}); save it with np.savez(path, x=x)"
        ) from error


def random_data(network: Network, samples: int, seed: int = 0) -> Data:
    """Uniform values on the grid of each input's type, in turn over its whole range and over an eighth of it."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for item in network.inputs:
        shape = (samples, network.steps, item.width)
        integers = rng.integers(item.type.min_int, item.type.max_int + 1, shape)
        integers[1::2] >>= 3
        drawn[item.name] = to_float(integers, item.type)
    label = f"random, seed {seed}, {samples} samples"
    x = drawn if len(drawn) > 1 else next(iter(drawn.values()))
    lengths = rng.integers(network.least_steps, network.steps + 1, samples) if network.any_length else None
    if lengths is not None:
        lengths[0] = network.steps
    return Data(x, drawn=True, label=label, option=f"--samples {samples}", lengths=lengths)
