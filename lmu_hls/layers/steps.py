"""Slices as layers: what operators such as ``h[:, -1]`` and ``h[..., 2:]`` become for the conversion."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="lmu_hls")
class Steps(keras.layers.Layer):
    """x[:, start:stop:step] of x (batch, steps, features); with ``vector`` the only step of it, without its axis."""

    def __init__(self, start: int | None, stop: int | None, step: int = 1, vector: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start, self.stop, self.step, self.vector = start, stop, step, vector

    def call(self, x: Any) -> Any:
        start, stop, step = self.start, self.stop, self.step
        if step < 0:  # PyTorch has no slices backwards: step k from the front is step ~k of the reversed sequence
            x, step = ops.flip(x, axis=1), -step
            start, stop = (None if end is None else ~end for end in (start, stop))
        kept = x[:, start:stop:step]
        return kept[:, 0] if self.vector else kept

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("start", "stop", "step", "vector")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="lmu_hls")
class Features(keras.layers.Layer):
    """x[..., start:stop:step] of x (batch, steps, features) or (batch, features)."""

    def __init__(self, start: int | None, stop: int | None, step: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start, self.stop, self.step = start, stop, step

    @property
    def kept(self) -> slice:
        return slice(self.start, self.stop, self.step)

    def call(self, x: Any) -> Any:
        return ops.take(x, list(range(x.shape[-1])[self.kept]), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: getattr(self, name) for name in ("start", "stop", "step")}}
