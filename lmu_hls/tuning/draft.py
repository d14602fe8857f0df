"""A network whose weights are still float: it makes the integer contract for any choice of types, without hls4ml.

The model is converted once; what hls4ml made of it is then shown to :func:`lmu_hls.front.extract.network_spec` with
other types and with the float weights put on the grids of these types. So the contract is the one that a conversion
with these types gives, weight for weight.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.config import full_config
from lmu_hls.front.extract import fixed_type, network_spec, table_index
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec import Network

Floats = NDArray[np.float64]
Key = tuple[str, str]  # layer and tensor, with hls4ml's names: ("lmu", "hidden_mem"), ("logits", "result")
Types = Mapping[Key, FixedType]

TABLE = "table_index"  # "tensor" of a layer whose type is the index of its activation tables
_WIDE = "fixed<18,8>"  # types of the one conversion; they are replaced


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """The layers of a converted model, the keys of all its tensors, and the float values of those that are weights.

    ``own_tables`` names the layers for whose activation tables the configuration says neither size nor range.
    """

    nodes: tuple[Any, ...]
    project: str
    keys: tuple[Key, ...]
    weights: dict[Key, Floats]
    config: dict[str, Any]
    own_tables: frozenset[str] = frozenset()
    _cache: dict[tuple[Key, FixedType], Floats] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        return int(self.nodes[0].get_output_variable().shape[0])

    @property
    def n_in(self) -> int:
        return int(self.nodes[0].get_output_variable().shape[1])

    def network(self, types: Types) -> Network:
        """The contract with ``types`` for its tensors. Raises KeyError when one has no type.

        A type for :data:`TABLE` of a layer goes over the TableSize and TableRange of the configuration.
        """
        return network_spec(_View(self, types))

    def table_index(self, layer: str, function: str) -> FixedType:
        """The index type that the configuration gives the tables of ``function`` in an LMU layer."""
        index = table_index(next(node for node in self.nodes if node.name == layer), function)
        assert index is not None, f"{function} has no table"
        return index

    def on_grid(self, key: Key, to: FixedType) -> Floats:
        """A weight's values after assignment to ``to``."""
        known = self._cache.get((key, to))
        if known is None:
            if len(self._cache) > 4096:
                self._cache.clear()
            known = self._cache[key, to] = to_float(quantize(self.weights[key], to), to)
        return known


def draft(
    model: Any,
    config: Mapping[str, Any] | None = None,
    backend: str = "Vitis",
    io_type: str = "io_parallel",
    reuse_factor: int | None = None,
) -> Draft:
    """Convert a Keras model for its structure. ``config`` has hls4ml's keys; its precisions do not matter.

    Raises LmuHlsError for a model that cannot be converted.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        settings = full_config(model, config or {}, backend, _WIDE, reuse_factor)
    graph = _convert(model, without_precision(settings), backend, io_type)
    nodes = tuple(graph.get_layers())
    keys: dict[Key, None] = {}
    network_spec(_View(None, None, nodes, keys))
    layers = {layer.name: layer for layer in model.layers}
    by_name = {node.name: node for node in nodes}
    weights = {key: _float_weight(by_name[key[0]], layers, key) for key in keys if key[1] in by_name[key[0]].weights}
    lmus = [node.name for node in nodes if node.class_name == "LMU"]
    own = frozenset(name for name in lmus if not _writes_table(config or {}, name))
    return Draft(nodes, graph.config.get_project_name(), tuple(keys), weights, settings, own)


def _writes_table(config: Mapping[str, Any], layer: str) -> bool:
    """Whether a configuration says TableSize or TableRange for an LMU layer, by its name or by the type.

    Both together at their defaults are what hls4ml prints by itself, and no wish.
    """
    from lmu_hls.front.graph.layer import SETTINGS  # late, because importing it registers with hls4ml, which imports us

    defaults = {"TableSize": SETTINGS["table_size"], "TableRange": SETTINGS["table_range"]}
    given = config.get("HLSConfig", config)
    entries = [(given.get("LayerName") or {}).get(layer)]
    entries += [entry for kind, entry in (given.get("LayerType") or {}).items() if kind.lower() == "lmu"]
    for entry in entries:
        written = {key: entry[key] for key in defaults if key in entry} if isinstance(entry, Mapping) else {}
        if written and written != defaults:
            return True
    return False


def configured_types(model: Any, source: Draft, config: Mapping[str, Any] | None) -> dict[Key, FixedType]:
    """The types that a conversion with hls4ml's ``config`` gives every tensor; ``fixed<16,6>`` is the default.

    Raises LmuHlsError for a configuration that cannot be converted.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        settings = full_config(model, config or {})
    nodes = {node.name: node for node in _convert(model, settings).get_layers()}
    return {
        (layer, tensor): fixed_type(nodes[layer].types[f"{tensor}_t"].precision, f"layer {layer!r}: {tensor!r}")
        for layer, tensor in source.keys
    }


def _convert(model: Any, settings: dict[str, Any], backend: str = "Vitis", io_type: str = "io_parallel") -> Any:
    """hls4ml's graph of the model; nothing is written."""
    import hls4ml

    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        return hls4ml.converters.convert_from_keras_model(
            model,
            output_dir=str(Path(folder) / "project"),
            project_name="lmu",
            backend=backend,
            io_type=io_type,
            hls_config=settings,
            allow_v2_fallback=True,
        )


def without_precision(settings: dict[str, Any]) -> dict[str, Any]:
    """The same settings with every type left to the converter, so that the user's types cannot stop it."""
    names, types = (
        {name: {k: v for k, v in layer.items() if k != "Precision"} for name, layer in settings.get(level, {}).items()}
        for level in ("LayerName", "LayerType")
    )
    model = {**settings["Model"], "Precision": {"default": _WIDE}}
    return {**settings, "Model": model, "LayerName": names, "LayerType": types}


def _float_weight(node: Any, layers: Mapping[str, Any], key: Key) -> Floats:
    """A weight before it was put on a grid: from the handler's data, or for a Dense layer from the Keras layer."""
    layer, name = key
    if node.class_name == "LMU":
        return np.asarray(node.get_attr(f"{name}_data"), np.float64)
    if layer not in layers:
        raise LmuHlsError(f"layer {layer!r} of the converted model is not a layer of the Keras model; rename the layer")
    values = layer_weight(layers[layer], "kernel" if name == "weight" else "bias")
    assert values is not None
    return values


class _View:
    """What network_spec reads of an hls4ml ModelGraph. Without a draft the real types are shown and keys recorded."""

    def __init__(
        self,
        source: Draft | None,
        types: Types | None,
        nodes: tuple[Any, ...] = (),
        keys: dict[Key, None] | None = None,
    ) -> None:
        nodes = source.nodes if source is not None else nodes
        self.config = SimpleNamespace(get_project_name=lambda: source.project if source is not None else "lmu")
        self._layers: list[_Layer] = []
        for node in nodes:
            self._layers.append(_Layer(node, source, types, self._layers[-1] if self._layers else None, keys))

    def get_layers(self) -> list[_Layer]:
        return self._layers


class _Layer:
    """One layer of the view: its own attributes, other types, weights on their grids."""

    def __init__(
        self, node: Any, source: Draft | None, types: Types | None, before: _Layer | None, keys: dict[Key, None] | None
    ) -> None:
        self.name, self.class_name, self.model = node.name, node.class_name, node.model
        self._node, self._source, self._before, self._keys = node, source, before, keys
        self._types = types
        self.types = _Lookup(self._type)
        self.weights = _Lookup(self._weight, node.weights)

    def get_attr(self, name: str, default: Any = None) -> Any:
        if name in ("table_size", "table_range") and self._types is not None and (self.name, TABLE) in self._types:
            index = self._types[self.name, TABLE]
            return 2**index.width if name == "table_size" else 2.0 ** (index.integer - 1)
        weight = name.removesuffix("_data")
        key = (self.name, weight)
        if self._source is not None and weight != name and key in self._source.weights and self.class_name != "LMU":
            assert self._types is not None
            return self._source.on_grid(key, self._types[key])
        return self._node.get_attr(name, default)

    def get_output_variable(self) -> Any:
        return self._node.get_output_variable()

    def get_input_variable(self) -> Any:
        assert self._before is not None
        return SimpleNamespace(type=self._before.types["result_t"])

    def _type(self, name: str) -> Any:
        key = (self.name, name.removesuffix("_t"))
        if self._types is None:
            if self._keys is not None:
                self._keys[key] = None
            return self._node.types[name]
        return SimpleNamespace(precision=_precision(self._types[key]))

    def _weight(self, name: str) -> Any:
        if self._source is None or self._types is None:
            return self._node.weights[name]
        key = (self.name, name)
        return SimpleNamespace(data=self._source.on_grid(key, self._types[key]))


class _Lookup:
    """A read-only mapping that asks a function."""

    def __init__(self, ask: Any, known: Any = ()) -> None:
        self._ask, self._known = ask, known

    def __getitem__(self, name: str) -> Any:
        return self._ask(name)

    def __contains__(self, name: object) -> bool:
        return name in self._known


def _precision(kind: FixedType) -> SimpleNamespace:
    """``kind`` with the attribute names of hls4ml's precisions."""
    return SimpleNamespace(
        width=kind.width,
        integer=kind.integer,
        signed=kind.signed,
        rounding_mode=kind.rounding,
        saturation_mode=kind.overflow,
        saturation_bits=0,
    )
