"""What the front end knows of each kind of layer: one file a kind, found because it is here."""

from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.front.graph.layers.base import LayerReader, readers

__all__ = ["LayerReader", "readers"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
