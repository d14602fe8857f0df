"""A Keras model whose forward pass is the integer contract."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.layers import LMUCell
from lmu_hls.layers.discretize import working_dtype
from lmu_hls.training.masked import Counted, mask_of, mask_value_of

TYPES = "types"  # beside the variables of a quantized model in a file of weights: its configuration


@keras.saving.register_keras_serializable(package="lmu_hls")
class QuantizedModel(keras.Model):
    """A float model, computed on the integers of the contract with the types of ``own_config``.

    Every named tensor and every weight lies on its grid; gradients go straight through roundings, and are zero where a
    value saturates. The trainable weights are those of ``float_model``, as floats; theta and batch normalizations stay
    as they are. x and the output are (batch, steps, features) and as of the float model, real values; x is float32, as
    Keras hands it on. Steps that a Masking layer masks are left out, of a loss as well. Dropout acts in training as in
    the float model, between layers and at the encoder.

    ``own_config`` has hls4ml's keys, with a type for every tensor by the name of its layer.
    """

    def __init__(self, float_model: Any, own_config: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**{"name": float_model.name, "dtype": working_dtype(), **kwargs})
        self.float_model = float_model
        self._config_text = json.dumps(own_config)  # a dictionary would be tracked by Keras
        self._program: Any = None
        self._loaded_text: str | None = None  # that of weights that were loaded
        self._freeze()
        self.built = True

    @property
    def own_config(self) -> dict[str, Any]:
        """hls4ml's configuration with all types. LmuHlsError where loaded weights were trained with others."""
        config: dict[str, Any] = json.loads(self._config_text)
        if self._loaded_text is not None and (loaded := json.loads(self._loaded_text)) != config:
            raise _other_types(self.name, loaded, config)
        return config

    @property
    def input_shape(self) -> Any:
        return self.float_model.input_shape

    @property
    def output_shape(self) -> Any:
        return self.float_model.output_shape

    def _freeze(self) -> None:
        for layer in self.float_model._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
            if isinstance(layer, LMUCell) and layer.log_theta_ratio is not None:
                layer.log_theta_ratio.trainable = False

    def build(self, input_shape: Any = None) -> None:
        """The float model was built before."""

    def save_own_variables(self, store: Any) -> None:
        """Types go with the weights, so that a training is not resumed with others."""
        super().save_own_variables(store)
        store[TYPES] = np.frombuffer(self._config_text.encode(), np.uint8)

    def load_own_variables(self, store: Any) -> None:
        """Keras goes on after an error of one part of a model; so :attr:`own_config` says what does not fit."""
        kept = {name: store[name] for name in [*store.keys()]}  # Keras's store is no mapping
        found = kept.pop(TYPES, None)
        self._loaded_text = None if found is None else np.asarray(found, np.uint8).tobytes().decode()
        super().load_own_variables(kept)

    @property
    def program(self) -> Any:
        """The contract in keras.ops; made when it is first needed, because that takes a conversion.

        Raises LmuHlsError where weights of a model with other types were loaded.
        """
        _ = self.own_config
        if self._program is None:
            with _outside_of_graphs():
                self._program = self.make_program()
        return self._program

    def make_program(self, learned: Mapping[tuple[str, str], Any] | None = None) -> Any:
        """The contract in keras.ops. ``learned`` says how some tensors are assigned, by layer and hls4ml's name."""
        from lmu_hls.training.places import network_and_weights
        from lmu_hls.training.program import Program
        from lmu_hls.tuning.draft import draft

        config = self.own_config
        source = draft(self.float_model, config)
        types = types_of(config, source.keys)
        network, weights = network_and_weights(self.float_model, source, types, learned)
        return Program(network, weights, dict(_cells(self.float_model)), _by_tensor(network, source, learned or {}))

    # Keras calls these before it traces a step, in which weights have no values that a conversion could read

    def make_train_function(self, *args: Any, **kwargs: Any) -> Any:
        _ = self.program
        return super().make_train_function(*args, **kwargs)

    def make_test_function(self, *args: Any, **kwargs: Any) -> Any:
        _ = self.program
        return super().make_test_function(*args, **kwargs)

    def make_predict_function(self, *args: Any, **kwargs: Any) -> Any:
        _ = self.program
        return super().make_predict_function(*args, **kwargs)

    def call(self, x: Any, training: bool = False) -> Any:
        """The output for x (batch, steps, features)."""
        return self.compute(self.program, x, training)

    def compute(self, program: Any, x: Any, training: bool) -> Any:
        """The output of ``program``, this model's or one with other types; with dropout in ``training``."""
        value = mask_value_of(self.float_model)
        counted = None if value is None else Counted(x, value)
        if not training:
            return program(x, counted=counted)
        masks = {name: _masks(cell, ops.shape(x)[0]) for name, cell in _cells(self.float_model)}
        return program(x, self.dropouts(), masks, counted)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The steps that a loss reads; None for all."""
        return mask_of(inputs, self.float_model)

    def dropouts(self) -> Callable[[str, str, Any], Any]:
        """What the Dropout layers make, in training, of what goes from layer to layer."""
        dropouts = dropouts_before({node.name for node in self.program.network.nodes}, self.float_model)

        def between(node: str, source: str, values: Any) -> Any:
            for layer in dropouts.get(node, []):
                values = layer(values, training=True)
            return values

        return between

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.float_model.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The float model and the configuration."""
        return {
            "name": self.name,
            "float_model": keras.saving.serialize_keras_object(self.float_model),
            "own_config": self.own_config,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> QuantizedModel:
        """The model that `get_config` described, with fresh weights."""
        inner = keras.saving.deserialize_keras_object(config["float_model"], custom_objects=custom_objects)
        return cls(inner, config["own_config"], name=config["name"])


def _other_types(name: str, loaded: Mapping[str, Any], own: Mapping[str, Any]) -> LmuHlsError:
    """Names the first setting in which the configurations differ."""
    texts = [dict(_flat(config.get("LayerName") or {})) for config in (loaded, own)]
    first = next((key for key in {**texts[0], **texts[1]} if texts[0].get(key) != texts[1].get(key)), ())
    theirs, ours = (text.get(first, "not there") for text in texts)
    return LmuHlsError(
        f"model {name!r}: the weights that were loaded were trained with other types ({': '.join(first)} is {theirs}, "
        f"here {ours}); load them into a model with their types, or quantize the float_model of that one again"
    )


def _flat(config: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*path, key))
        else:
            yield (*path, key), str(value)


def _by_tensor(network: Any, source: Any, learned: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """``learned`` by the contract's names of tensors, "" of an input; a layer without a type has that of its input."""
    from lmu_hls.tuning.calibration import value_keys

    found = {name: learned[key] for name, key in value_keys(network, source).items() if key in learned}
    results = {item.name: (source.nodes[0].name, "result") for item in network.inputs}
    for node in network.nodes:
        own = (node.name, "result")
        results[node.name] = own if own in source.keys else results[node.inputs[0]]
        if results[node.name] != own and results[node.name] in learned:
            found[node.name, "out"] = learned[results[node.name]]
    return found


def _outside_of_graphs() -> Any:
    """Where values can be read although TensorFlow traces a function."""
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.init_scope()


def types_of(config: Mapping[str, Any], keys: Any) -> dict[tuple[str, str], FixedType]:
    """The types of a configuration in which every tensor of ``keys`` has one; LmuHlsError for one that has none."""
    found = {}
    for layer, tensor in keys:
        text = ((config.get("LayerName") or {}).get(layer) or {}).get("Precision", {}).get(tensor)
        if text is None:
            raise LmuHlsError(f"layer {layer!r}: {tensor!r} has no type; quantize the float model again")
        found[layer, tensor] = FixedType.parse(text)
    return found


def dropouts_before(names: set[str], model: keras.Model) -> dict[str, list[Any]]:
    """The Dropout layers between a layer of the contract, by its name, and what it reads."""
    found: dict[str, list[Any]] = {}
    for layer in model.layers:
        if layer.name in names:
            found[layer.name] = list(_dropouts(layer, names))
    return found


def _dropouts(layer: Any, names: set[str]) -> Iterator[Any]:
    while len(tensors := layer._inbound_nodes[0].input_tensors) == 1:
        layer = tensors[0]._keras_history.operation
        if layer.name in names or not layer._inbound_nodes:
            return
        if isinstance(layer, keras.layers.Dropout):
            yield layer


def _cells(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        if isinstance(getattr(layer, "cell", None), LMUCell):
            yield layer.name, layer.cell


def _masks(cell: Any, batch: Any) -> dict[str, Any]:
    """The masks of a cell's dropout at the encoder, by the tensor that they are for."""
    masks = {}
    if cell.dropout:
        width = cell._encoder_width - (cell.output_size if cell.hidden_to_memory else 0)
        whole = _mask(cell, (batch, cell._encoder_width), cell.dropout)
        masks = {"x": whole[:, :width], "h": whole[:, width:]}
    if cell.recurrent_dropout:
        masks["mem"] = _mask(cell, (batch, cell.memory_size), cell.recurrent_dropout)
    return masks


def _mask(cell: Any, shape: Any, rate: float) -> Any:
    return keras.random.dropout(ops.ones(shape, dtype=working_dtype()), rate, seed=cell.seed_generator)
