"""Input data for verification: the user's own from an ``.npz`` file, or seeded random values."""

from __future__ import annotations

import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls import limits
from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import Head, check_inputs, check_targets
from lmu_hls.fixed import to_float
from lmu_hls.records.evidence import ArrayId, DataSet
from lmu_hls.spec import Elementwise, Network, RecurrentLayer
from lmu_hls.spec.cells.dense import DenseCell


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """x (samples, steps, n_in) as float64 and, where known, the targets ``y``: see :mod:`lmu_hls.figures`.

    ``drawn`` says that x is random: it covers the input type, and is like no real data. ``label`` says where they came
    from, ``option`` is the one of `lmu-hls verify` that gives them, ``path`` is the file.
    """

    x: NDArray[np.float64]
    y: NDArray[np.generic] | None = None
    drawn: bool = False
    label: str = "arrays"
    option: str = "--data FILE.npz"
    path: Path | None = None

    def identity(self, root: Path) -> DataSet:
        """What a record in the output folder ``root`` says of these data."""
        return data_set(self.x, self.y, self.label, self.path, root)


def data_set(
    x: NDArray[Any], y: NDArray[Any] | None, label: str, path: Path | None = None, root: Path | None = None
) -> DataSet:
    """Label and SHA-256 of arrays; the path of their file, too, where it lies below ``root``."""
    inside = path is not None and root is not None and path.resolve().is_relative_to(root.resolve())
    file = path.resolve().relative_to(root.resolve()).as_posix() if inside and path and root else ""
    return DataSet(label, ArrayId.from_values(x), None if y is None else ArrayId.from_values(y), file)


def head_of(network: Network) -> Head:
    """What the integers of ``network`` stand for, sample by sample."""
    last, (output,) = network.layers[-1], network.outputs
    value = network.values[output]
    hidden = last.hidden if isinstance(last, RecurrentLayer) else None
    made = hidden if isinstance(hidden, DenseCell) else last
    sigmoid = isinstance(made, DenseCell | Elementwise) and FUNCTIONS[made.activation.function].is_probability
    return Head((*([] if value.steps is None else [value.steps]), value.width), sigmoid)


def load_data(path: Path, network: Network) -> Data:
    """Read ``x`` and, if present, ``y`` from an ``.npz`` file (or ``x`` alone from an ``.npy`` file).

    Raises LmuHlsError when the file is absent or damaged, when x does not have the network's shape or holds NaN, and
    when y are no targets for the network's output.
    """
    x, y = read_arrays(path)
    values = check_inputs(x, (network.steps, network.n_in), f"{path}: x")
    if y is not None:
        check_targets(y, head_of(network), len(x), f"{path}: y")
    return Data(values, y, label=path.name, option=f"--data {shlex.quote(path.name)}", path=path)


def data_or_random(path: Path | None, network: Network, samples: int) -> Data:
    """What the file holds, as :func:`load_data`; without a file ``samples`` random sequences.

    LmuHlsError for a network of several inputs or outputs.
    """
    ends = len(network.inputs), len(network.outputs)
    if ends != (1, 1):
        raise LmuHlsError(
            f"network {network.name!r} has {ends[0]} inputs and {ends[1]} outputs, and data are for one of each; run "
            "make sim in OUTDIR/verilog, which compares the Verilog with golden on stored vectors"
        )
    return random_data(network, samples) if path is None else load_data(path, network)


def read_arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """The arrays x and, if present, y of an ``.npz`` file, or x alone from an ``.npy`` file, whatever they hold."""
    limits.check_archive(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded, None
        with loaded:
            if "x" not in loaded:
                found = ", ".join(loaded.files) or "nothing"
                raise LmuHlsError(f"{path} has no array 'x', only {found}; save it with np.savez(path, x=x)")
            return loaded["x"], loaded.get("y")
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist; give the path of an .npz file with an array x") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise LmuHlsError(
            f"{path} is not a readable .npz or .npy file ({error}); save it with np.savez(path, x=x)"
        ) from error


def random_data(network: Network, samples: int, seed: int = 0) -> Data:
    """Uniform values on the grid of the input type, in turn over its whole range and over an eighth of it."""
    rng = np.random.default_rng(seed)
    shape = (samples, network.steps, network.n_in)
    integers = rng.integers(network.x.min_int, network.x.max_int + 1, shape)
    integers[1::2] >>= 3
    label = f"random, seed {seed}, {samples} samples"
    return Data(to_float(integers, network.x), drawn=True, label=label, option=f"--samples {samples}")
