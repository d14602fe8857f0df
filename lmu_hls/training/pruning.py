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

    Raises LmuHlsError for a sparsity, epochs or lanes that cannot be, when training begins.
    """

    def __init__(self, sparsity: float, begin: int = 0, end: int | None = None, lanes: int = 1) -> None:
        super().__init__()
        self.sparsity, self.begin, self.end, self.lanes = sparsity, begin, end, lanes
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
        self._masks = [(variable, self._pruned(variable, mask, share)) for variable, mask in self._masks]

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

    def _pruned(self, variable: Any, mask: Mask, share: float) -> Mask:
        """More of the weakest blocks, up to ``share``; the variable has zeros there."""
        count = int(np.floor(share * mask.size + 1e-9))
        if count > mask.sum():
            strengths = np.where(mask, -1.0, self._strengths(variable))
            mask = np.zeros(mask.shape, bool)
            mask.flat[np.argsort(strengths, axis=None, kind="stable")[:count]] = True
        if mask.any():
            values = np.array(keras.ops.convert_to_numpy(variable))
            values[np.repeat(mask, self.lanes, axis=0)] = 0
            variable.assign(values)
        return mask


def prune(sparsity: float, begin: int = 0, end: int | None = None, lanes: int = 1) -> Pruning:
    """A callback for ``fit`` of a float or a quantized model; arguments as of :class:`Pruning`."""
    return Pruning(sparsity, begin, end, lanes)


def kernels(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """The trained kernels of a model, (inputs, outputs), each with its path."""
    for layer in float_model_of(model)._flatten_layers():
        for name in KERNELS:
            variable = getattr(layer, name, None)
            if variable is not None and len(variable.shape) == 2 and variable.trainable:
                yield variable.path, variable
