"""hls4ml's ``model.profiling`` for models with an LMU: it has names for two weights of a layer, and an LMU has more.

To its functions each weight of an LMU is shown as a layer of its own, "lmu/encoder_x"; tables are left out. That module
needs seaborn and is imported by few, so it is changed when it is imported.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from lmu_hls.front.node import RECURRENT, Graph
from lmu_hls.imports import when_imported

MODULE = "hls4ml.model.profiling"
FUNCTIONS = ("weights_hlsmodel", "types_hlsmodel")  # those that go through the weights of layers
LAYERS = (*RECURRENT, "LMUSoftmax", "LMUActivation")


def change_when_imported() -> None:
    """Change hls4ml's module now, or as soon as it is imported; once."""
    when_imported(MODULE, _change)


def _change(module: ModuleType) -> None:
    for name in FUNCTIONS:
        original = getattr(module, name)
        if not hasattr(original, "__wrapped__"):
            setattr(module, name, _with_parts(original))


def _with_parts(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def changed(model: Graph, *args: Any, **kwargs: Any) -> Any:
        return original(SimpleNamespace(config=model.config, get_layers=lambda: _parts(model)), *args, **kwargs)

    return changed


def _parts(model: Graph) -> Iterator[Any]:
    """The layers of a model, those of ours as one part for each weight."""
    for layer in model.get_layers():
        if layer.class_name not in LAYERS:
            yield layer
            continue
        for key, weight in layer.weights.items():
            if not key.endswith("table"):
                yield SimpleNamespace(name=f"{layer.name}/{key}", get_weights=functools.partial(list, (weight,)))
