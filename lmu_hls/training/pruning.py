"""Pruning by magnitude while a model trains, in the blocks that hardware can leave out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.own_types import float_model_of

Mask = NDArray[np.bool_]
KERNELS = ("kernel", "recurrent_kernel")
FEWEST = 1 / 500  # of all blocks: fewer are ranked later, since a ranking takes longer than a step of a small network


class Pruning(keras.callbacks.Callback):
    """Sets the weakest blocks of each kernel to zero, and keeps them there.

    A block is one input of ``lanes`` outputs that the Verilog works on together: outputs that follow one another, of an
    LSTM the gates of one unit after those of another. A kernel whose outputs ``lanes`` does not divide has blocks
    of the largest number that divides both. The strength of a block is its mean magnitude. With one lane pruning is
    unstructured. After each batch the share of zeros is ``sparsity`` (1 - (1 - p)^3), where p goes from 0 to 1 over the
    epochs ``begin`` .. ``end``; a block that is zero stays so. A kernel that has zeros already, of an earlier pruning,
    keeps them, so that masks go with saved weights.

    Each kernel gets that share of zeros; ``together`` all kernels do, and a block's strength is its square over the sum
    of the squares that are not smaller in its kernel (Lee, Park, Mo, Ahn, Shin, "Layer-adaptive Sparsity for the
    Magnitude-based Pruning", 2021), so that small kernels, an encoder's for one, keep more of theirs.

    Raises LmuHlsError for a sparsity, epochs or lanes that cannot be, and for lanes of which no kernel has blocks of
    more than one output, when training begins.
    """

    def __init__(
        self, sparsity: float, begin: int = 0, end: int | None = None, lanes: int = 1, together: bool = False
    ) -> None:
        super().__init__()
        self.sparsity, self.begin, self.end, self.lanes, self.together = sparsity, begin, end, lanes, together
        self._masks: list[tuple[_Blocks, Mask]] = []
        self._batch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        epochs = self.params.get("epochs") or 1
        self._last = epochs if self.end is None else self.end
        self._check(epochs)
        kernels = [_Blocks(variable, _blocks(layer, name, self.lanes)) for layer, name, variable in _found(self.model)]
        self._masks = [(blocks, blocks.strengths() == 0) for blocks in kernels]
        if not self._masks:
            raise LmuHlsError(f"model {self.model.name!r} has no kernel to prune")
        if self.lanes > 1 and not any(blocks.several for blocks in kernels):
            outputs = ", ".join(str(len(blocks.blocks)) for blocks in kernels)
            raise LmuHlsError(
                f"lanes={self.lanes} fits no kernel of model {self.model.name!r}: it has no divisor in common with "
                f"their outputs ({outputs}), so that no block of several outputs can become zero; give another number, "
                "or lanes=1 for single weights"
            )
        self._batch = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batch += 1
        _ = self.model  # with JAX its variables get, and give, the values of a step where a callback asks for the model
        share = self.share(self._batch / max(1, self.params.get("steps") or 1))
        groups = [self._masks] if self.together else [[item] for item in self._masks]
        self._masks = [item for group in groups for item in self._pruned(group, share)]
        for blocks, mask in self._masks:
            if mask.any():
                blocks.clear(mask)

    def share(self, epoch: float) -> float:
        """The share of zeros that is wanted after so many epochs."""
        progress = min(1.0, max(0.0, (epoch - self.begin) / max(self._last - self.begin, 1e-9)))
        return float(self.sparsity * (1.0 - (1.0 - progress) ** 3))

    def _check(self, epochs: int) -> None:
        if not 0.0 <= self.sparsity < 1.0:
            raise LmuHlsError(
                f"sparsity={self.sparsity!r} is not possible; give a share of zeros, 0 or more and below 1"
            )
        if not 0 <= self.begin <= self._last <= epochs:
            raise LmuHlsError(
                f"begin={self.begin} and end={self._last} do not lie in the {epochs} epochs of the training; the full "
                "sparsity would not be reached"
            )
        if isinstance(self.lanes, bool) or not isinstance(self.lanes, int) or self.lanes < 1:
            raise LmuHlsError(f"lanes={self.lanes!r} is not possible; give a whole number from 1 on")

    def _pruned(self, group: list[tuple[_Blocks, Mask]], share: float) -> list[tuple[_Blocks, Mask]]:
        """The kernels of ``group`` with more of the weakest blocks in their masks, up to ``share`` of all."""
        whole = np.concatenate([mask.ravel() for _, mask in group])
        count = int(np.floor(share * whole.size + 1e-9))
        more = count - int(whole.sum())
        if more <= 0 or (more < FEWEST * whole.size and share < self.sparsity):
            return group
        ranks = [blocks.strengths() for blocks, _ in group]
        strengths = np.concatenate([(_adaptive(rank) if self.together else rank).ravel() for rank in ranks])
        strengths[whole] = -1.0
        whole[np.argsort(strengths, kind="stable")[:count]] = True
        parts = np.split(whole, np.cumsum([mask.size for _, mask in group])[:-1])
        return [(blocks, part.reshape(mask.shape)) for (blocks, mask), part in zip(group, parts, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """A kernel (inputs, outputs) and the block, from 0, that each output is in, (outputs)."""

    variable: Any
    blocks: NDArray[np.int64]

    @property
    def several(self) -> bool:
        """Whether a block has more than one output."""
        return bool(self.blocks.max(initial=0) + 1 < len(self.blocks))

    def strengths(self) -> NDArray[np.float64]:
        """Of each block of each input, (inputs, blocks)."""
        values = np.abs(ops.convert_to_numpy(self.variable), dtype=np.float64)
        sizes = np.bincount(self.blocks)
        if len(sizes) == len(self.blocks):  # a block an output: no sums
            return np.asarray(values[:, np.argsort(self.blocks)])
        ordered = values[:, np.argsort(self.blocks, kind="stable")]
        return np.asarray(np.add.reduceat(ordered, np.cumsum(sizes) - sizes, axis=1) / sizes)

    def clear(self, mask: Mask) -> None:
        """Set the blocks of ``mask`` (inputs, blocks) to zero."""
        values = self.variable.value
        self.variable.assign(ops.where(mask[:, self.blocks], ops.zeros_like(values), values))


def _blocks(layer: Any, name: str, lanes: int) -> NDArray[np.int64]:
    """The block that each output of the kernel ``name`` of ``layer`` is in."""
    blocks, count = np.empty(int(getattr(layer, name).shape[-1]), np.int64), 0
    for rows in _rows(layer, name, len(blocks), lanes):
        for group in rows.reshape(-1, math.gcd(lanes, len(rows))):
            outputs = group[group >= 0]
            blocks[outputs] = count
            count += bool(len(outputs))
    return blocks


def _rows(layer: Any, name: str, outputs: int, lanes: int) -> list[NDArray[np.int64]]:
    """The rows of each matrix of the Verilog as outputs of the kernel, -1 for a row of zeros.

    Keras has all units of a gate together; the Verilog has the gates of unit 0, then of unit 1, ..., each in the
    order in which its module takes them (``lmu_lstm``: g, i, f, o; ``lmu_gru``: r, z, then the candidate's two). A GRU
    whose units can be worked on gate by gate has no such order within a block.
    """
    gates = np.arange(outputs).reshape(-1, getattr(layer, "units", outputs))
    if len(gates) == 4:
        i, f, g, o = gates
        return [np.array([g, i, f, o]).T.ravel()]
    if len(gates) != 3:
        return [gates.T.ravel()]
    z, r, g = gates
    if not layer.reset_after:
        return [np.array([z, r]).T.ravel(), g]
    if len(z) % lanes == 0:
        return [z, r, g]
    none = np.full_like(g, -1)
    return [np.array([r, z, *((g, none) if name == "recurrent_kernel" else (none, g))]).T.ravel()]


def _adaptive(strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squares over the sum of those that are not smaller: a strength that can be compared between kernels."""
    squares = strengths.ravel() ** 2
    order = np.argsort(squares, kind="stable")
    sums = np.empty_like(squares)
    sums[order] = np.cumsum(squares[order][::-1])[::-1]
    return np.asarray(squares / np.maximum(sums, 1e-300)).reshape(strengths.shape)


def prune(sparsity: float, begin: int = 0, end: int | None = None, lanes: int = 1, together: bool = False) -> Pruning:
    """A callback for ``fit`` of a float or a quantized model; arguments as of :class:`Pruning`."""
    return Pruning(sparsity, begin, end, lanes, together)


def kernels(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """The trained kernels of a model, (inputs, outputs), each with its path."""
    for _, _, variable in _found(model):
        yield variable.path, variable


def _found(model: keras.Model) -> Iterator[tuple[Any, str, Any]]:
    """The layers, or cells, that have kernels which ``model`` trains, their names and the kernels, each once."""
    waiting = {id(variable) for variable in model.trainable_variables}
    for layer in float_model_of(model)._flatten_layers():
        for name in KERNELS:
            variable = getattr(layer, name, None)  # a layer may also name what is its cell's
            if variable is not None and len(variable.shape) == 2 and id(variable) in waiting:
                waiting.remove(id(variable))
                yield layer, name, variable
