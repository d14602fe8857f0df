"""Pruning by magnitude while a model trains, in the blocks that hardware can leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.own_types import float_model_of

Mask = NDArray[np.bool_]
KERNELS = ("kernel", "recurrent_kernel")


class Pruning(keras.callbacks.Callback):
    """Sets the weakest blocks of each kernel to zero, and keeps them there.

    A block is ``lanes`` inputs of one output; its strength is its sum of magnitudes. With one lane pruning is
    unstructured. After each batch the share of zeros is ``sparsity`` (1 - (1 - p)^3), where p goes from 0 to 1 over the
    epochs ``begin`` .. ``end``; a block that is zero stays so. A kernel that has zeros already, of an earlier pruning,
    keeps them, so that masks go with saved weights.

    Each kernel gets that share of zeros; ``together`` all kernels do, and a block's strength is its square over the sum
    of the squares that are not smaller in its kernel (Lee, Park, Mo, Ahn, Shin, "Layer-adaptive Sparsity for the
    Magnitude-based Pruning", 2021), so that small kernels, an encoder's for one, keep more of theirs.

    Raises LmuHlsError for a sparsity, epochs or lanes that cannot be, when training begins.
    """

    def __init__(
        self, sparsity: float, begin: int = 0, end: int | None = None, lanes: int = 1, together: bool = False
    ) -> None:
        super().__init__()
        self.sparsity, self.begin, self.end, self.lanes, self.together = sparsity, begin, end, lanes, together
        self._masks: list[tuple[Any, Mask]] = []
        self._batch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        if keras.backend.backend() == "jax":
            raise LmuHlsError(
                "pruning is not possible with JAX, where Keras keeps the weights out of reach of callbacks while it "
                "trains; use the TensorFlow backend (KERAS_BACKEND=tensorflow)"
            )
        epochs = self.params.get("epochs") or 1
        self._last = epochs if self.end is None else self.end
        self._check(epochs)
        self._masks = [(variable, self._zeros(path, variable)) for path, variable in kernels(self.model)]
        if not self._masks:
            raise LmuHlsError(f"model {self.model.name!r} has no kernel to prune")
        self._batch = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batch += 1
        share = self.share(self._batch / max(1, self.params.get("steps") or 1))
        groups = [self._masks] if self.together else [[item] for item in self._masks]
        self._masks = [item for group in groups for item in self._pruned(group, share)]
        for variable, mask in self._masks:
            if mask.any():
                values = np.array(keras.ops.convert_to_numpy(variable))
                values[np.repeat(mask, self.lanes, axis=0)] = 0
                variable.assign(values)

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

    def _zeros(self, path: str, variable: Any) -> Mask:
        """The blocks of a kernel that are zero, (blocks of inputs, outputs)."""
        if variable.shape[0] % self.lanes:
            raise LmuHlsError(
                f"{path}: blocks of {self.lanes} lanes do not fit its {variable.shape[0]} inputs; give a divisor of it"
            )
        return self._strengths(variable) == 0

    def _strengths(self, variable: Any) -> NDArray[np.float64]:
        values = np.abs(keras.ops.convert_to_numpy(variable), dtype=np.float64)
        strengths: NDArray[np.float64] = values.reshape(-1, self.lanes, values.shape[-1]).sum(axis=1)
        return strengths

    def _pruned(self, group: list[tuple[Any, Mask]], share: float) -> list[tuple[Any, Mask]]:
        """The kernels of ``group`` with more of the weakest blocks in their masks, up to ``share`` of all."""
        whole = np.concatenate([mask.ravel() for _, mask in group])
        count = int(np.floor(share * whole.size + 1e-9))
        if count <= whole.sum():
            return group
        ranks = [self._strengths(variable) for variable, _ in group]
        strengths = np.concatenate([(_adaptive(rank) if self.together else rank).ravel() for rank in ranks])
        strengths[whole] = -1.0
        whole[np.argsort(strengths, kind="stable")[:count]] = True
        parts = np.split(whole, np.cumsum([mask.size for _, mask in group])[:-1])
        return [(variable, part.reshape(mask.shape)) for (variable, mask), part in zip(group, parts, strict=True)]


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
    for layer in float_model_of(model)._flatten_layers():
        for name in KERNELS:
            variable = getattr(layer, name, None)
            if variable is not None and len(variable.shape) == 2 and variable.trainable:
                yield variable.path, variable
