"""What the generated C++ says about an LMU layer: its struct in parameters.h and its call in the top function."""

from __future__ import annotations

from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.activations import FUNCTIONS
from lmu_hls.front.graph.accumulators import ACCUMULATORS
from lmu_hls.front.graph.layer import CELL_OPTIONS, COEFFICIENTS, INDEXES, LMU, TABLE_NAMES, TENSORS, WEIGHTS
from lmu_hls.front.graph.update import update_multiplications
from lmu_hls.spec import HIDDEN_CELLS

HEADERS = ("nnet_lmu.h", "nnet_lmu_cells.h")  # the first includes the second

_CONFIG = """struct config{index} : nnet::lmu_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_timesteps = {n_timesteps};
    static const unsigned memory_d = {memory_d};
    static const unsigned order = {order};
    static const unsigned units = {units};
    static const unsigned n_out = {n_out};

    static const bool hidden_to_memory = {hidden_to_memory};
    static const bool memory_to_memory = {memory_to_memory};
    static const bool encoder_bias = {encoder_bias};
    static const bool return_sequences = {return_sequences};

    static const bool input_to_hidden = {input_to_hidden};
    static const bool hidden_recurrent = {hidden_recurrent};
    static const bool hidden_bias = {hidden_bias};
    static const bool hidden_recurrent_bias = {hidden_recurrent_bias};
{options}
    static const unsigned activation = nnet::lmu_{activation};
    static const unsigned gate_activation = nnet::lmu_{gate_activation};

    static const unsigned reuse_factor = {reuse_factor};
    static const unsigned multiplier_limit = DIV_ROUNDUP({multiplications}, reuse_factor);

    template <class CONFIG_T> using update = nnet::lmu_{update}_update<CONFIG_T>;
    template <class x_T, class h_T, class CONFIG_T> using cell = nnet::lmu_{cell}_cell<x_T, h_T, CONFIG_T>;

{typedefs}
}};
"""


class LMUConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMU)

    def format(self, node: Any) -> str:
        flags = {
            "hidden_to_memory": "encoder_h" in node.weights,
            "memory_to_memory": "encoder_mem" in node.weights,
            "encoder_bias": "encoder_bias" in node.weights,
            "input_to_hidden": "hidden_x" in node.weights,
            "hidden_recurrent": "hidden_h" in node.weights,
            "hidden_bias": "hidden_bias" in node.weights,
            "hidden_recurrent_bias": "hidden_recurrent_bias" in node.weights,
            "return_sequences": node.get_attr("return_sequences"),
        }
        types = (*TENSORS, *ACCUMULATORS, *WEIGHTS, *TABLE_NAMES, *INDEXES)
        typedefs = "\n".join(f"    typedef {node.types[f'{name}_t'].name} {name}_t;" for name in types)
        options = "\n".join(f"    static const bool {name} = {_flag(node.get_attr(name))};" for name in CELL_OPTIONS)
        kind = node.get_attr("hidden_cell")
        sizes = ("index", "n_in", "n_timesteps", "memory_d", "order", "units", "reuse_factor")
        return _CONFIG.format(
            **{name: node.get_attr(name) for name in sizes},
            **{name: _flag(value) for name, value in flags.items()},
            n_out=node.get_output_variable().size(),
            activation=_function(node.get_attr("hidden_activation")),
            gate_activation=_function(node.get_attr("hidden_recurrent_activation")),
            update=node.get_attr("memory_update"),
            cell="no" if kind == "none" else kind,
            options=options,
            multiplications=multiplications(node),
            typedefs=typedefs,
        )


class LMUFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu``; a weight that the layer lacks is passed as ``nnet::lmu_none``."""

    def __init__(self) -> None:
        super().__init__(LMU, include_header=[f"nnet_utils/{HEADERS[0]}"])

    def format(self, node: Any) -> str:
        params = self._default_function_params(node)
        names = [*WEIGHTS, *(node.get_attr(f"{name}_array", name) for name in TABLE_NAMES)]
        arrays = [node.weights[name].name if name in node.weights else "nnet::lmu_none" for name in names]
        call = "nnet::lmu<{input_t}, {output_t}, {config}>({input}, {output}, {arrays});"
        return call.format(**params, arrays=", ".join(arrays))


def multiplications(node: Any) -> int:
    """Multiplications in one time step of an LMU node."""
    total = node.get_attr("memory_d") * update_multiplications(node.get_attr("memory_update"), node.get_attr("order"))
    for name in WEIGHTS:
        if name in node.weights and name not in COEFFICIENTS and not name.endswith("_bias"):
            total += int(node.weights[name].data.size)
    cell = HIDDEN_CELLS.get(node.get_attr("hidden_cell"))
    return total + (cell.products if cell is not None else 0) * node.get_attr("units")


def _flag(value: Any) -> str:
    return str(bool(value)).lower()


def _function(name: str) -> str:
    """An activation as nnet_lmu_cells.h knows it."""
    return "table" if FUNCTIONS[name].by_table else name


TEMPLATES = (LMUConfigTemplate, LMUFunctionTemplate)
