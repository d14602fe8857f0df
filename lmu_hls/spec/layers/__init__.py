"""The layers of the contract: one file a kind of layer, found because it is here."""

from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.spec.layers.base import LAYERS, Layer

__all__ = ["LAYERS", "Layer"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
