"""What the generated C++ says about an LMU layer: its struct in parameters.h and its call in the top function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.accumulators import ACCUMULATORS
from lmu_hls.front.graph.cell import CELL_OPTIONS, INDEXES, TABLE_NAMES
from lmu_hls.front.graph.layer import COEFFICIENTS, LMU, TENSORS, WEIGHTS
from lmu_hls.front.hidden import cell_activations
from lmu_hls.front.node import Graph, Node
from lmu_hls.front.reading import Reading
from lmu_hls.hls.adders import memory_fraction
from lmu_hls.hls.dataflow import Pace
from lmu_hls.hls.estimate import step_cycles
from lmu_hls.hls.layers.function import cpp_function
from lmu_hls.hls.lengths import counted
from lmu_hls.hls.strategy import adders_of, has_adders, in_rtl, recurrent_layer, schedule_of
from lmu_hls.hls.streams import function_name
from lmu_hls.hls.tiles import Loop, Schedule
from lmu_hls.spec import LMU as Layer
from lmu_hls.spec import DenseUpdate

HEADER = "nnet_utils/nnet_lmu_stream.h"
BLACKBOX = "blackbox"  # below firmware/: what belongs to the hand-written units
MATRICES = tuple(name for name in WEIGHTS if name not in COEFFICIENTS and not name.endswith("_bias"))

# The part of the struct about the hidden cell, which :func:`cell_values` fills in
CELL_CONFIG = """    static const bool hidden_recurrent = {hidden_recurrent};
    static const bool hidden_bias = {hidden_bias};
    static const bool hidden_recurrent_bias = {hidden_recurrent_bias};
{options}
    typedef nnet::lmu_{activation} activation;
    typedef nnet::lmu_{gate_activation} gate_activation;
    typedef nnet::lmu_{squash_activation} squash_activation;

    typedef nnet::lmu_{strategy} strategy;
    static const unsigned reuse_factor = {reuse_factor};
    static const unsigned multiplier_limit = DIV_ROUNDUP({multiplications}, reuse_factor);
"""

_CONFIG = (
    """struct config{index} : nnet::lmu_config {{
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
"""
    + CELL_CONFIG
    + """    static const unsigned state_tile = {states};
    static const unsigned channel_tile = {channels};
    static const unsigned unit_tile = {unit_tile};
    static const unsigned unit_interval = {unit_interval};
{tiles}

{weights}

    template <class CONFIG_T> using update = nnet::lmu_{update}_update<CONFIG_T>;
    template <class x_T, class h_T, class CONFIG_T> using cell = nnet::lmu_{cell}_cell<x_T, h_T, CONFIG_T>;

{typedefs}
{memory_step}}};
"""
)

_MEMORY_SUMS = """
    // B u + A mem of a channel, in units of 2^-{fraction}, by {adders} additions
    template <class u_T, class mem_T, class sum_T>
    static void memory_sums(const u_T &u, const mem_T mem[order], sum_T sums[order]) {{
        #pragma HLS INLINE
{lines}
    }}
"""

_MEMORY_STEP = """
    static const bool degrees_descending = {descending};
    static void memory_step({streams}) {{
        #pragma HLS INLINE
        {name}(words, states);
    }}
"""


class LMUConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMU)

    def format(self, node: Node) -> str:
        flags = {
            "hidden_to_memory": "encoder_h" in node.weights,
            "memory_to_memory": "encoder_mem" in node.weights,
            "encoder_bias": "encoder_bias" in node.weights,
            "input_to_hidden": "hidden_x" in node.weights,
        }
        types = (*TENSORS, *ACCUMULATORS, *WEIGHTS, *TABLE_NAMES, *INDEXES)
        plan = schedule_of(node)
        states, channels = plan.loops["update"].tile if "update" in plan.loops else (1, 1)
        return _CONFIG.format(
            **cell_values(node, plan),
            **{name: node.get_attr(name) for name in ("memory_d", "order")},
            **{name: flag(value) for name, value in flags.items()},
            update=_update(node),
            states=states,
            channels=channels,
            tiles="\n".join(tile(name, plan.loops.get(name)) for name in MATRICES),
            weights="\n".join(f"    static const unsigned n_{name} = {weight_size(node, name)};" for name in WEIGHTS),
            typedefs="\n".join(f"    typedef {node.types[f'{name}_t'].name} {name}_t;" for name in types),
            memory_step=_memory_step(node) if in_rtl(node) else _memory_sums(node) if has_adders(node) else "",
        )


def cell_values(node: Node, plan: Schedule) -> dict[str, Any]:
    """What the struct of any layer with a hidden cell says, beside its tiles, weights and types."""
    functions = {name: cpp_function(made) for name, made in cell_activations(Reading(node)).items()}
    kind, unit = node.get_attr("hidden_cell"), plan.loops.get("unit")
    options = [f"    static const bool {name} = {flag(node.get_attr(name))};" for name in CELL_OPTIONS]
    flags = {
        "hidden_recurrent": "hidden_h" in node.weights,
        "hidden_bias": "hidden_bias" in node.weights,
        "hidden_recurrent_bias": "hidden_recurrent_bias" in node.weights,
        "return_sequences": node.get_attr("return_sequences"),
    }
    return {
        **{name: node.get_attr(name) for name in ("index", "n_in", "n_timesteps", "units", "reuse_factor")},
        **{name: flag(value) for name, value in flags.items()},
        "n_out": node.get_output_variable().size(),
        "activation": functions.get("table", "linear"),
        "gate_activation": functions.get("gate_table", "linear"),
        "squash_activation": functions.get("squash_table", "linear"),
        "cell": "no" if kind == "none" else kind,
        "options": "\n".join([*options, *filter(None, [counted(node)])]),
        "strategy": plan.strategy,
        "multiplications": plan.multiplications,
        "unit_interval": 1 if unit is None else unit.interval,
        "unit_tile": node.get_attr("units") if unit is None else unit.tile[1],
    }


class LMUFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu``; a weight that the layer lacks is passed as ``nnet::lmu_none``."""

    def __init__(self) -> None:
        super().__init__(LMU, include_header=[HEADER])

    def transform(self, model: Graph, node: Node) -> Any:
        changed = super().transform(model, node)
        if in_rtl(node):
            node.set_attr("include_header", [*self.include_header, f"{BLACKBOX}/{memory_step_name(node)}.h"])
        return changed

    def format(self, node: Node) -> str:
        return layer_call(node, self._default_function_params(node), WEIGHTS)


def layer_call(node: Node, params: Mapping[str, Any], weights: Sequence[str]) -> str:
    """The call of ``nnet::lmu``, or the function that keeps its state; ``weights`` are names in its order."""
    names = [*weights, *(node.get_attr(f"{name}_array", name) for name in TABLE_NAMES)]
    arrays = [node.weights[name].name if name in node.weights else "nnet::lmu_none" for name in names]
    arguments, name = [params["input"], params["output"], *arrays], "lmu"
    if node.get_attr("stateful"):
        name = "lmu_stateful"
    elif len(node.inputs) > 1:
        name = "lmu_any_length"
        arguments.insert(1, node.get_input_variable(node.inputs[1]).name)
    call = "nnet::{function}<{input_t}, {output_t}, {config}>({arguments});"
    return call.format(**params, function=function_name(name, node), arguments=", ".join(arguments))


def memory_step_name(node: Node) -> str:
    """The C++ function, and Verilog module, that does a step of the memory of an LMU node in the hand-written unit."""
    return f"lmu{node.index}_memory_step"


def memory_step_streams(node: Node) -> str:
    """The parameters of that function."""
    u, mem = (node.types[f"{name}_t"].precision.width for name in ("u", "mem"))
    return f"hls::stream<ap_uint<{u + 1}> > &words, hls::stream<ap_uint<{mem}> > &states"


def _memory_step(node: Node) -> str:
    descending = flag(node.get_attr("memory_update") == "tridiagonal")
    return _MEMORY_STEP.format(descending=descending, streams=memory_step_streams(node), name=memory_step_name(node))


def _update(node: Node) -> str:
    """Which update of the memory a node has, as the struct in C++ is called."""
    return "rtl" if in_rtl(node) else "adders" if has_adders(node) else str(node.get_attr("memory_update"))


def _memory_sums(node: Node) -> str:
    layer, graph = recurrent_layer(node), adders_of(node)
    assert isinstance(layer, Layer) and isinstance(layer.update, DenseUpdate)
    widths = graph.widths((layer.u, *[layer.mem] * layer.order))
    accum, fraction = node.types["mem_accum_t"].precision, memory_fraction(layer.update, layer.u, layer.mem)
    lines = [f"const nnet::lmu_int<{widths[0]}> v0 = nnet::lmu_raw(u);"]
    lines += [f"const nnet::lmu_int<{widths[k + 1]}> v{k + 1} = nnet::lmu_raw(mem[{k}]);" for k in range(layer.order)]
    for k, item in enumerate(graph.sums, graph.inputs):
        first, second = (
            f"nnet::lmu_shifted<{widths[k]}, {shift}>(v{value})"
            for value, shift in ((item.first, item.first_shift), (item.second, item.second_shift))
        )
        lines.append(f"const nnet::lmu_int<{widths[k]}> v{k} = {first} {'-' if item.minus else '+'} {second};")
    for k, out in enumerate(graph.outputs):
        shift = out.shift + accum.width - accum.integer - fraction
        value = "0" if out.value is None else f"nnet::lmu_shifted<{accum.width}, {shift}>(v{out.value})"
        lines.append(f"sums[{k}] = nnet::lmu_of_raw<sum_T>({'-' if out.minus else ''}{value});")
    body = "\n".join(f"        {line}" for line in lines)
    return _MEMORY_SUMS.format(fraction=fraction, adders=graph.adders, lines=body)


def tile(name: str, loop: Loop | None) -> str:
    """The tile of a matrix; one that the layer does not have is a single weight, which is never read."""
    sizes = (1, 1, 1) if loop is None else (*loop.tile, loop.word)
    return f"    typedef nnet::lmu_tile<{', '.join(map(str, sizes))}> {name}_tile;"


def weight_size(node: Node, name: str) -> int:
    return int(node.weights[name].data.size) if name in node.weights else 1


def flag(value: Any) -> str:
    return str(bool(value)).lower()


TEMPLATES = (LMUConfigTemplate, LMUFunctionTemplate)


def recurrent_pace(node: Node) -> Pace:
    """A step is as long as the estimate says; one of the hand-written memory takes a cycle for each state, twice."""
    latency, interval = step_cycles(recurrent_layer(node), schedule_of(node))
    rtl = 2 * node.get_attr("order") * node.get_attr("memory_d") if in_rtl(node) else 0
    return Pace(interval=interval + rtl, latency=latency + rtl)


PACES = {"LMU": recurrent_pace}
