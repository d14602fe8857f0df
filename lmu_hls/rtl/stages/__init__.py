"""The layers of the contract in Verilog: one file a kind of layer, found because it is here."""

from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.rtl.stages.base import Part, Stage, matrix_part, stage_of, stages

__all__ = ["Part", "Stage", "matrix_part", "stage_of", "stages"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
