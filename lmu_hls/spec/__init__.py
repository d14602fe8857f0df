"""The integer contract that golden, HLS and RTL share."""

from lmu_hls.spec.hidden import DenseCell, GRUCell, HiddenCell, LSTMCell
from lmu_hls.spec.memory import DenseUpdate, TridiagonalUpdate
from lmu_hls.spec.network import LMU, Dense, Elementwise, Layer, Network
from lmu_hls.spec.tables import make_activation
from lmu_hls.spec.weight import Activation, Table, Weight, table_index_type

__all__ = [
    "LMU",
    "Activation",
    "Dense",
    "DenseCell",
    "DenseUpdate",
    "Elementwise",
    "GRUCell",
    "HiddenCell",
    "LSTMCell",
    "Layer",
    "Network",
    "Table",
    "TridiagonalUpdate",
    "Weight",
    "make_activation",
    "table_index_type",
]
