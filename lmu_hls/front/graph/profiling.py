"""hls4ml's ``model.profiling`` for models with an LMU: it has names for two weights of a layer, and an LMU has more.

To its functions each weight of an LMU is shown as a layer of its own, "lmu/encoder_x"; tables are left out. That module
needs seaborn and is imported by few, so it is changed when it is imported.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

MODULE = "hls4ml.model.profiling"
FUNCTIONS = ("weights_hlsmodel", "types_hlsmodel")  # those that go through the weights of layers
LAYERS = ("LMU", "LMUSoftmax")


def change_when_imported() -> None:
    """Change hls4ml's module now, or as soon as it is imported; once."""
    if MODULE in sys.modules:
        _change(sys.modules[MODULE])
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds that one module as Python would, and changes it after it has run."""

    searching = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != MODULE or self.searching:
            return None
        self.searching = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.searching = False
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            run = loader.exec_module

            def run_and_change(module: ModuleType) -> None:
                run(module)
                _change(module)

            loader.exec_module = run_and_change
        return spec


def _change(module: ModuleType) -> None:
    for name in FUNCTIONS:
        original = getattr(module, name)
        if not hasattr(original, "__wrapped__"):
            setattr(module, name, _with_parts(original))


def _with_parts(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def changed(model: Any, *args: Any, **kwargs: Any) -> Any:
        return original(SimpleNamespace(config=model.config, get_layers=lambda: _parts(model)), *args, **kwargs)

    return changed


def _parts(model: Any) -> Iterator[Any]:
    """The layers of a model, those of ours as one part for each weight."""
    for layer in model.get_layers():
        if layer.class_name not in LAYERS:
            yield layer
            continue
        for key, weight in layer.weights.items():
            if not key.endswith("table"):
                yield SimpleNamespace(name=f"{layer.name}/{key}", get_weights=functools.partial(list, (weight,)))
