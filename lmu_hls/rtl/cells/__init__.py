"""The hidden cells in Verilog: one file a cell of the contract, found because it is here."""

from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.rtl.cells.base import (
    HIDDEN,
    HIDDEN2,
    Cell,
    CellSizes,
    GatedCell,
    GateRows,
    Lanes,
    Parameters,
    SecondMatrix,
    SharedCell,
    WholeForm,
    arriving,
    cell_sizes,
    gated_cell,
    hidden_cell,
    shared_cell,
)

__all__ = [
    "HIDDEN",
    "HIDDEN2",
    "Cell",
    "CellSizes",
    "GateRows",
    "GatedCell",
    "Lanes",
    "Parameters",
    "SecondMatrix",
    "SharedCell",
    "WholeForm",
    "arriving",
    "cell_sizes",
    "gated_cell",
    "hidden_cell",
    "shared_cell",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
