"""Which elements of Keras's weights a weight of the contract is: found by converting the model with numbered weights.

So nothing here knows how a layer is read, and a layer that can be converted can be trained. A weight of the contract
that does not depend on any of the model's trained weights is a constant; one that is made of several of them, as a
folded batch normalization makes them, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.extract import network_of
from lmu_hls.front.reading import Reading
from lmu_hls.keras_weights import take_weights
from lmu_hls.spec import Network, Weight
from lmu_hls.training.arithmetic import Assigned
from lmu_hls.training.weights import Trained, Weights
from lmu_hls.tuning.draft import Draft, Key, Types, draft, retyped

FIRST = 1024  # the first number: no constant of the contract is as large
MOST = 1 << 24  # whole numbers up to here are exact in float32
FROZEN = (keras.layers.BatchNormalization,)


def trained_variables(model: keras.Model) -> list[Any]:
    """The variables of a float model that quantized training changes: all but a batch normalization's, and theta's."""
    frozen = {id(w) for layer in model._flatten_layers() if isinstance(layer, FROZEN) for w in layer.weights}
    return [w for w in model.trainable_variables if id(w) not in frozen and w.name != "log_theta_ratio"]


def network_and_weights(
    model: keras.Model, source: Draft, types: Types, learned: Mapping[Key, Assigned] | None = None
) -> tuple[Network, Weights]:
    """The contract of ``model`` with ``types``, in which every trained weight has its places in the model's variables.

    ``source`` is the draft of the model; ``learned`` says how some weights are assigned.
    Raises LmuHlsError for a weight that is made of several.
    """
    numbered = draft(_numbered(model), source.config)
    trained = {
        key: Trained(key, *found, types[key], (learned or {}).get(key))
        for key, values in source.weights.items()
        if (found := _found(key, values, numbered.weights[key], trained_variables(model))) is not None
    }
    weights, order = Weights(trained.values()), {key: k for k, key in enumerate(trained)}
    readings = [_Numbered(reading, weights, order) for reading in retyped(source, types)]
    return network_of(source.project, readings), weights


def _numbered(model: keras.Model) -> Any:
    """A copy of the model in which every element of every trained weight is another whole number."""
    twin = keras.models.clone_model(model)
    take_weights(twin, model)
    first = FIRST
    for variable in trained_variables(twin):
        size = int(np.prod(variable.shape))
        variable.assign(np.arange(first, first + size, dtype=np.float64).reshape(variable.shape))
        first += size
    if first > MOST:
        raise LmuHlsError(f"model {model.name!r} has {first - FIRST} trained weights; at most {MOST} can be quantized")
    return twin


def _found(key: Key, values: Any, numbers: Any, variables: list[Any]) -> tuple[Any, Any] | None:
    """The variable and the places in it, from a weight of the numbered model; None for a constant."""
    if np.array_equal(values, numbers):
        return None
    ends = np.cumsum([FIRST, *(int(np.prod(variable.shape)) for variable in variables)])
    k = int(np.searchsorted(ends, numbers.flat[0], side="right")) - 1
    places = np.asarray(numbers, np.float64) - (ends[k] if 0 <= k < len(variables) else 0)
    inside = 0 <= k < len(variables) and np.all((places >= 0) & (places < ends[k + 1] - ends[k]))
    if not inside or np.any(places != np.rint(places)):
        raise LmuHlsError(
            f"layer {key[0]!r}: {key[1]!r} is made of several weights of the model, so that it cannot be trained on "
            "its grid; quantize the model without quantization by Keras, and with Fold: False for batch normalizations"
        )
    return variables[k], places.astype(np.int64)


class _Numbered(Reading):
    """A node with other types, whose trained weights hold numbers."""

    def __init__(self, inner: Reading, weights: Weights, order: Mapping[Key, int]) -> None:
        super().__init__(inner.node)
        self._inner, self._weights, self._order = inner, weights, order

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        return self._inner.inputs

    @property
    def table_index(self) -> FixedType | None:
        return self._inner.table_index

    def type(self, tensor: str) -> FixedType:
        return self._inner.type(tensor)

    def weight(self, name: str, shape: tuple[int, ...] | None = None, attribute: str | None = None) -> Weight:
        k = self._order.get((self.name, name))
        if k is None:
            return self._inner.weight(name, shape, attribute)
        weight = self._weights.numbered(k)
        return weight if shape is None else Weight(weight.values.reshape(shape), weight.type)
