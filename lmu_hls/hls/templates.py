"""What the generated C++ says about an LMU layer: its struct in parameters.h and its call in the top function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.hls.layer import ACCUMULATORS, LMU, TENSORS, WEIGHTS

HEADER = Path(__file__).with_name("firmware") / "nnet_lmu.h"

ARRAYS = (*WEIGHTS, "table")  # in the order of the parameters of nnet::lmu
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
    static const bool hidden_cell = {hidden_cell};
    static const bool input_to_hidden = {input_to_hidden};
    static const bool hidden_bias = {hidden_bias};
    static const bool return_sequences = {return_sequences};
    static const unsigned activation = nnet::lmu_{activation};

    static const unsigned reuse_factor = {reuse_factor};
    static const unsigned multiplier_limit = DIV_ROUNDUP({multiplications}, reuse_factor);

{typedefs}
}};
"""


class LMUConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMU)

    def format(self, node: Any) -> str:
        function = node.get_attr("hidden_activation")
        flags = {
            "hidden_to_memory": "encoder_h" in node.weights,
            "memory_to_memory": "encoder_mem" in node.weights,
            "encoder_bias": "encoder_bias" in node.weights,
            "hidden_cell": node.get_attr("hidden_cell") == "dense",
            "input_to_hidden": "hidden_x" in node.weights,
            "hidden_bias": "hidden_bias" in node.weights,
            "return_sequences": node.get_attr("return_sequences"),
        }
        types = (*TENSORS, *ACCUMULATORS, *WEIGHTS, "table", "table_index")
        typedefs = "\n".join(f"    typedef {node.types[f'{name}_t'].name} {name}_t;" for name in types)
        sizes = ("index", "n_in", "n_timesteps", "memory_d", "order", "units", "reuse_factor")
        return _CONFIG.format(
            **{name: node.get_attr(name) for name in sizes},
            **{name: str(bool(value)).lower() for name, value in flags.items()},
            n_out=node.get_output_variable().size(),
            activation=function if function in ("linear", "relu") else "table",
            multiplications=multiplications(node),
            typedefs=typedefs,
        )


class LMUFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu``; a weight that the layer lacks is passed as ``nnet::lmu_none``."""

    def __init__(self) -> None:
        super().__init__(LMU, include_header=[f"nnet_utils/{HEADER.name}"])

    def format(self, node: Any) -> str:
        params = self._default_function_params(node)
        arrays = [node.weights[name].name if name in node.weights else "nnet::lmu_none" for name in ARRAYS]
        call = "nnet::lmu<{input_t}, {output_t}, {config}>({input}, {output}, {arrays});"
        return call.format(**params, arrays=", ".join(arrays))


def multiplications(node: Any) -> int:
    """Multiplications in one time step of an LMU node."""
    total = 0
    for name in WEIGHTS:
        if name in node.weights and not name.endswith("_bias"):
            channels = node.get_attr("memory_d") if name in ("a", "b") else 1
            total += channels * int(node.weights[name].data.size)
    return total
