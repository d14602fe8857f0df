"""The integer contract that golden, HLS and RTL share."""

from lmu_hls.spec.network import (
    LMU,
    Activation,
    Dense,
    DenseCell,
    DenseUpdate,
    Elementwise,
    Layer,
    Network,
    Table,
    TridiagonalUpdate,
    Weight,
    table_index_type,
)
from lmu_hls.spec.tables import make_activation

__all__ = [
    "LMU",
    "Activation",
    "Dense",
    "DenseCell",
    "DenseUpdate",
    "Elementwise",
    "Layer",
    "Network",
    "Table",
    "TridiagonalUpdate",
    "Weight",
    "make_activation",
    "table_index_type",
]
