"""A network whose weights are still float: it makes the integer contract for any choice of types, without hls4ml.

The model is converted once for its structure; :func:`lmu_hls.front.extract.network_of` then makes the contract of that
structure with any types, and with the float weights put on the grids of these types. So the contract is the one that a
conversion with these types gives, weight for weight.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.config import full_config
from lmu_hls.front.extract import CLONE, network_of
from lmu_hls.front.flat import flat
from lmu_hls.front.hidden import table_index
from lmu_hls.front.lengths import asked_steps, with_lengths
from lmu_hls.front.node import RECURRENT, Graph, Node, counts_steps
from lmu_hls.front.notes import float_weights
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec import Network

if TYPE_CHECKING:
    import keras

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

    nodes: tuple[Node, ...]
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
        return network_of(self.project, retyped(self, types))

    def table_index(self, layer: str, function: str, source: FixedType) -> FixedType:
        """The index type that the configuration gives the tables of ``function`` in an LMU layer, for arguments of the
        type ``source``."""
        index = table_index(Reading(next(node for node in self.nodes if node.name == layer)), function, lambda: source)
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


def retyped(source: Draft, types: Types) -> list[Reading]:
    """The layers of a draft with ``types``, for :func:`lmu_hls.front.extract.network_of`."""
    return [_Retyped(*pair, source, types) for pair in _types_before(source.nodes)]


def draft(
    model: keras.Model,
    config: Mapping[str, Any] | None = None,
    backend: str = "Vitis",
    io_type: str = "io_parallel",
    reuse_factor: int | None = None,
) -> Draft:
    """Convert a Keras model for its structure. ``config`` has hls4ml's keys; its precisions do not matter.

    Raises LmuHlsError for a model that cannot be converted.
    """
    model = with_lengths(flat(model), asked_steps(config))
    with contextlib.redirect_stdout(io.StringIO()):
        settings = full_config(model, config or {}, backend, _WIDE, reuse_factor)
    graph = _convert(model, without_precision(settings), backend, io_type)
    nodes = tuple(graph.get_layers())
    keys: dict[Key, None] = {}
    network_of("lmu", [_Recorded(*pair, keys) for pair in _types_before(nodes)])
    weights = {key: values for key, values in float_weights(graph).items() if key in keys}
    recurrent = [node for node in nodes if node.class_name in RECURRENT]
    own = frozenset(node.name for node in recurrent if not _writes_table(config or {}, node))
    return Draft(nodes, graph.config.get_project_name(), tuple(keys), weights, settings, own)


def _writes_table(config: Mapping[str, Any], node: Node) -> bool:
    """Whether a configuration says TableSize or TableRange for a recurrent layer, by its name or by the type.

    Both together at their defaults are what hls4ml prints by itself, and no wish.
    """
    from lmu_hls.front.graph.cell import SETTINGS  # late, because importing it registers with hls4ml, which imports us

    defaults = {"TableSize": SETTINGS["table_size"], "TableRange": SETTINGS["table_range"]}
    given = config.get("HLSConfig", config)
    entries = [(given.get("LayerName") or {}).get(node.name)]
    entries += [
        entry for kind, entry in (given.get("LayerType") or {}).items() if kind.lower() == node.class_name.lower()
    ]
    for entry in entries:
        written = {key: entry[key] for key in defaults if key in entry} if isinstance(entry, Mapping) else {}
        if written and written != defaults:
            return True
    return False


def configured_types(model: keras.Model, source: Draft, config: Mapping[str, Any] | None) -> dict[Key, FixedType]:
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


def _convert(
    model: keras.Model, settings: dict[str, Any], backend: str = "Vitis", io_type: str = "io_parallel"
) -> Graph:
    """hls4ml's graph of the model; nothing is written."""
    import hls4ml

    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        graph: Graph = hls4ml.converters.convert_from_keras_model(
            model,
            output_dir=str(Path(folder) / "project"),
            project_name="lmu",
            backend=backend,
            io_type=io_type,
            hls_config=settings,
            allow_v2_fallback=True,
        )
        return graph


def without_precision(settings: dict[str, Any]) -> dict[str, Any]:
    """The same settings with every type left to the converter, so that the user's types cannot stop it."""
    names, types = (
        {name: {k: v for k, v in layer.items() if k != "Precision"} for name, layer in settings.get(level, {}).items()}
        for level in ("LayerName", "LayerType")
    )
    model = {**settings["Model"], "Precision": {"default": _WIDE}}
    return {**settings, "Model": model, "LayerName": names, "LayerType": types}


class _Recorded(Reading):
    """A node with its own types; it notes which tensors the contract asks for, by layer and name, in their order."""

    def __init__(self, node: Node, before: tuple[str, ...], keys: dict[Key, None]) -> None:
        super().__init__(node)
        self._before, self._keys = before, keys

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        self._keys.update(dict.fromkeys((name, "result") for name in self._before))
        return super().inputs

    def type(self, tensor: str) -> FixedType:
        self._keys[self.name, tensor] = None
        return super().type(tensor)


class _Retyped(Reading):
    """A node with other types, and with its float weights on their grids."""

    def __init__(self, node: Node, before: tuple[str, ...], source: Draft, types: Types) -> None:
        super().__init__(node)
        self._before, self._source, self._types = before, source, types

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        return tuple(self._types[name, "result"] for name in self._before)

    def type(self, tensor: str) -> FixedType:
        return self._types[self.name, tensor]

    @property
    def table_index(self) -> FixedType | None:
        return self._types.get((self.name, TABLE))

    def values(self, weight: str, attribute: str | None = None) -> Floats:
        return self._source.on_grid((self.name, weight), self._types[self.name, weight])


def _types_before(nodes: tuple[Node, ...]) -> list[tuple[Node, tuple[str, ...]]]:
    """Each node with the names of those whose types it reads; some nodes hand on what they read."""
    pairs: list[tuple[Node, tuple[str, ...]]] = []
    names: dict[str, str] = {}  # by the tensors of the graph
    for node in nodes:
        before = () if node.class_name == "Input" else tuple(names[t] for t in node.inputs if t in names)
        if counts_steps(node) or (node.class_name == CLONE and not before):  # the number of steps has no type to choose
            pairs.append((node, before))
            continue
        keeps = getattr(node, "keeps_type", False) or node.class_name == CLONE
        names.update(dict.fromkeys(node.outputs, before[0] if keeps else node.name))
        pairs.append((node, before))
    return pairs
