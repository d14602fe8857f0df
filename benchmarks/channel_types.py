"""What types per channel of weights would bring: error over the bits that a word of the ROM has for each weight.

    python -m benchmarks.channel_types MODEL.keras [MODEL.keras ...] [--bits 4]

For each trained kernel: the ratio of its weights to their error, in dB, with one type of so many bits for all, with one
type for each output, and with one type for all of as many bits as a common type of these has. A ROM holds weights of
many outputs in words of one width, so that types per channel take the bits of their common type.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hls.fixed import FixedType, quantize, to_float

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A kernel; signal-to-error ratios in dB with one type, one a channel, and one that is ``common`` bits wide."""

    kernel: str
    tensor: float
    channel: float
    common: int
    widened: float


def row(kernel: str, values: Floats, bits: int) -> Row:
    """The row of a kernel (inputs, outputs)."""
    from lmu_hls.training.types import fitted

    types = [fitted(column, bits) for column in values.T]
    common = max(kind.integer for kind in types) + max(kind.fraction for kind in types)
    by_channel = np.stack([_on(column, kind) for column, kind in zip(values.T, types, strict=True)], axis=1)
    made = (_on(values, fitted(values, bits)), by_channel, _on(values, fitted(values, common)))
    tensor, channel, widened = (_ratio(values, each) for each in made)
    return Row(kernel, tensor, channel, common, widened)


def rows(model: Path, bits: int) -> Iterator[Row]:
    """The rows of all kernels that a model trains."""
    from keras import ops

    from lmu_hls.flow import load_model
    from lmu_hls.training.pruning import kernels

    for name, variable in kernels(load_model(model)):
        yield row(f"{model.stem} {name}", np.asarray(ops.convert_to_numpy(variable), np.float64), bits)


def _on(values: Floats, kind: FixedType) -> Floats:
    return to_float(quantize(values, kind), kind)


def _ratio(values: Floats, made: Floats) -> float:
    error = float(np.sum((made - values) ** 2))
    return float(10 * np.log10(np.sum(values**2) / error)) if error else float("inf")


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--bits", type=int, default=4)
    arguments = parser.parse_args()
    print(f"| Kernel | {arguments.bits} bits | {arguments.bits} bits a channel | common type | so many bits |")
    print("|---|---:|---:|---:|---:|")
    for path in arguments.models:
        for each in rows(path, arguments.bits):
            ratios = f"{each.tensor:.1f} dB | {each.channel:.1f} dB | {each.common} bits | {each.widened:.1f} dB"
            print(f"| {each.kernel} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
