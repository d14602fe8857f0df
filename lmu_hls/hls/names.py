"""What stands in the C++ of a model with an LMU in place of the names of its layers. Other models are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hls4ml.model.optimizer import ModelOptimizerPass
from hls4ml.model.types import NamedType, Variable

from lmu_hls.front.graph.settle import has_lmu
from lmu_hls.front.node import Graph, Node
from lmu_hls.hls.checks import check_target
from lmu_hls.hls.stateful import start_calls_from_zero
from lmu_hls.hls.targets import Target
from lmu_hls.naming import cpp_parameter, is_identifier, source_text


class NameTypes(ModelOptimizerPass):
    """Gives C++ names to types and inputs that layer names made illegal or ambiguous.

    hls4ml takes them from the names of the Keras layers, and of two types with one name it writes the first only.
    """

    def __init__(self) -> None:
        self.name = "lmu_name_types"

    def transform(self, model: Graph) -> bool:
        if not has_lmu(model):
            return False
        taken: dict[str, str] = {}
        for node in model.get_layers():
            for key, named in node.types.items():
                precision = str(named.precision)
                if not is_identifier(named.name) or taken.get(named.name, precision) != precision:
                    named.name = f"layer{node.index}_{key}"
                taken[named.name] = precision
        inputs = model.get_input_variables()
        words = words_of_cpp(model)
        for variable in inputs:
            variable.name = cpp_parameter(variable.name, words)
        return True


class WriteSafely(ModelOptimizerPass):
    """Stands before hls4ml's pass that writes the project: the layers' names go out as harmless text.

    hls4ml copies them into comments and, for a trace, into string literals of the C++, which give them back as they
    are. The project also gets those of our headers that its C++ includes: hls4ml has one list for all projects, those
    of models without an LMU, too.
    """

    def __init__(self, write: Any, target: Target) -> None:
        self.name = write.name
        self.write = write
        self.target = target

    def transform(self, model: Graph) -> bool:
        if not has_lmu(model):
            return bool(self.write.transform(model))
        check_target(model, self.target)
        nodes = list(model.get_layers())
        names = [node.name for node in nodes]
        try:
            for node, name in zip(nodes, names, strict=True):
                node.name = source_text(name)
            with _copied(self.target.headers(_included(nodes)), model.config.backend):
                written = bool(self.write.transform(model))
            start_calls_from_zero(model)
            return written
        finally:
            for node, name in zip(nodes, names, strict=True):
                node.name = name


def _included(nodes: Iterable[Node]) -> frozenset[str]:
    """The names of the headers that the C++ of these layers includes."""
    return frozenset(Path(header).name for node in nodes for header in node.get_attr("include_header") or ())


@contextmanager
def _copied(headers: Iterable[Path], backend: Any) -> Iterator[None]:
    """While this holds, ``backend`` copies these files into a project."""
    sources = backend.get_custom_source()
    before = dict(sources)
    for header in headers:
        backend.register_source(header)
    try:
        yield
    finally:
        sources.clear()
        sources.update(before)


def words_of_cpp(model: Graph) -> set[str]:
    """Names in the C++ of a model that are not always there: the top function, types, tensors, weights, structs."""
    top, inputs = model.config.get_project_name(), model.get_input_variables()
    words = {top, f"{top}_float", f"{top}_double"}
    for node in model.get_layers():
        words |= {f"{kind}{node.index}" for kind in ("config", "relu_config")} | {
            f"layer{node.index}_index",
            f"lmu{node.index}_memory_step",
        }
        for value in node.attributes.values():
            if isinstance(value, NamedType):
                words.add(value.name)
            elif isinstance(value, Variable) and value not in inputs:
                words.add(value.name.rpartition(".")[2])  # Quartus: members of structs
    return words
