"""What the generated C++ says about a cell over the sequence itself: the layer of an LMU without a memory."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.accumulators import CELL_ACCUMULATORS
from lmu_hls.front.graph.cell import CELL_TENSORS, INDEXES, TABLE_NAMES
from lmu_hls.front.graph.layer import WEIGHTS as OF_LMU
from lmu_hls.front.graph.layers.recurrent import WEIGHTS, LMURecurrent
from lmu_hls.front.node import Node
from lmu_hls.hls.layers import lmu
from lmu_hls.hls.layers.lmu import CELL_CONFIG, cell_values, layer_call, recurrent_pace, tile, weight_size
from lmu_hls.hls.strategy import schedule_of

CPP = {"hidden_x": "hidden_mem"}  # weights by another name in C++: x stands in the place of mem

_CONFIG = (
    """struct config{index} : nnet::lmu_recurrent_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_timesteps = {n_timesteps};
    static const unsigned memory_d = {n_in};
    static const unsigned units = {units};
    static const unsigned n_out = {n_out};
    static const bool return_sequences = {return_sequences};

"""
    + CELL_CONFIG
    + """    static const unsigned unit_tile = {unit_tile};
    static const unsigned unit_interval = {unit_interval};
{tiles}

{weights}

    template <class x_T, class h_T, class CONFIG_T> using cell = nnet::lmu_{cell}_cell<x_T, h_T, CONFIG_T>;

{typedefs}
}};
"""
)


class RecurrentConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMURecurrent)

    def format(self, node: Node) -> str:
        plan = schedule_of(node)
        types = ("mem", *CELL_TENSORS, *CELL_ACCUMULATORS, *WEIGHTS, *TABLE_NAMES, *INDEXES)
        sizes = {_cpp(name): weight_size(node, name) for name in WEIGHTS}
        tiles = [name for name in WEIGHTS if not name.endswith("_bias")]
        return _CONFIG.format(
            **cell_values(node, plan),
            tiles="\n".join(tile(_cpp(name), plan.loops.get(name)) for name in tiles),
            weights="\n".join(f"    static const unsigned n_{name} = {size};" for name, size in sizes.items()),
            typedefs="\n".join(f"    typedef {node.types[f'{name}_t'].name} {_cpp(name)}_t;" for name in types),
        )


class RecurrentFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu``; what an LMU has beside its cell is passed as ``nnet::lmu_none``."""

    def __init__(self) -> None:
        super().__init__(LMURecurrent, include_header=[lmu.HEADER])

    def format(self, node: Node) -> str:
        own = {_cpp(name): name for name in WEIGHTS}
        return layer_call(node, self._default_function_params(node), [own.get(name, "") for name in OF_LMU])


def _cpp(name: str) -> str:
    return CPP.get(name, name)


TEMPLATES = (RecurrentConfigTemplate, RecurrentFunctionTemplate)
PACES = {"LMURecurrent": recurrent_pace}
