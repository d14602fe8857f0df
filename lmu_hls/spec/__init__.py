"""The integer contract that golden, HLS and RTL share."""

from lmu_hls.spec.assign import Assign, Read, Tensor, Term, VectorFunction, assigned, carried
from lmu_hls.spec.cells import HIDDEN_CELLS, HiddenCell
from lmu_hls.spec.cells.dense import DenseCell
from lmu_hls.spec.cells.gru import GRUCell
from lmu_hls.spec.cells.lstm import LSTMCell
from lmu_hls.spec.equality import same
from lmu_hls.spec.layers import Layer
from lmu_hls.spec.layers.argmax import ArgMax
from lmu_hls.spec.layers.dense import Dense
from lmu_hls.spec.layers.elementwise import Elementwise
from lmu_hls.spec.layers.lmu import LMU
from lmu_hls.spec.layers.merge import Merge
from lmu_hls.spec.layers.pool import Pool
from lmu_hls.spec.layers.recurrent import Recurrent, RecurrentLayer
from lmu_hls.spec.layers.select import Select
from lmu_hls.spec.layers.softmax import Softmax
from lmu_hls.spec.memory import DenseUpdate, MemoryUpdate, TridiagonalUpdate
from lmu_hls.spec.network import Input, Network, Node, Value, chain
from lmu_hls.spec.output import streaming, with_argmax, with_logits
from lmu_hls.spec.tables import make_activation, make_exp
from lmu_hls.spec.weight import GUARD, Activation, Table, Weight, table_index_type
from lmu_hls.spec.window import Window

__all__ = [
    "GUARD",
    "HIDDEN_CELLS",
    "LMU",
    "Activation",
    "ArgMax",
    "Assign",
    "Dense",
    "DenseCell",
    "DenseUpdate",
    "Elementwise",
    "GRUCell",
    "HiddenCell",
    "Input",
    "LSTMCell",
    "Layer",
    "MemoryUpdate",
    "Merge",
    "Network",
    "Node",
    "Pool",
    "Read",
    "Recurrent",
    "RecurrentLayer",
    "Select",
    "Softmax",
    "Table",
    "Tensor",
    "Term",
    "TridiagonalUpdate",
    "Value",
    "VectorFunction",
    "Weight",
    "Window",
    "assigned",
    "carried",
    "chain",
    "make_activation",
    "make_exp",
    "same",
    "streaming",
    "table_index_type",
    "with_argmax",
    "with_logits",
]
