"""The hidden cells of the contract: how h comes from mem, x and the h of the step before.

One file a cell, found because it is here.
"""

from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.spec.cells.base import HIDDEN_CELLS, HiddenCell, no_cell

__all__ = ["HIDDEN_CELLS", "HiddenCell", "no_cell"]

for _module in sorted((module.name for module in iter_modules(__path__)), reverse=True):  # the order of C++'s types
    import_module(f"{__name__}.{_module}")
