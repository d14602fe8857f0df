"""What hls4ml is taught: to read an LMU, and to settle every type of a graph that has one.

entrance, handler, keras_lmu   in front of hls4ml's functions, and from Keras layers to attributes
layers/                        one file a kind of layer: how its types are settled, and how the contract reads it
layer, update, accumulators    the LMU in the graph, and the types of what it computes
node_names                     layers may have the name of anything in their node
settle                         the pass that settles the types of all layers
"""

from __future__ import annotations

from typing import Any

__all__ = ["insert_pass", "register"]


def register() -> None:
    """Teach hls4ml to read an LMU: handlers, layers of the graph, and the pass that settles the types.

    May be called any number of times.
    """
    from hls4ml.model.layers import layer_map, register_layer

    from lmu_hls.front.graph import entrance, handler, node_names, profiling, settle
    from lmu_hls.front.graph import keras_lmu as keras_lmu  # its handlers register themselves
    from lmu_hls.front.graph.layers import readers

    if "LMU" in layer_map:
        return
    entrance.check_before_reading()
    profiling.change_when_imported()
    node_names.let_nodes_have_any_name()
    handler.wrap_handlers()
    for name, layer in ((name, layer) for reader in readers() for name, layer in reader.own.items()):
        register_layer(name, layer)
    insert_pass(settle.SettleTypes(), "convert", before="replace_multidimensional_dense_with_conv")


def insert_pass(optimizer: Any, flow: str, before: str) -> None:
    """Register an optimizer pass with hls4ml, as a part of ``flow`` that comes before another one.

    The same pass may become a part of several flows.
    """
    from hls4ml.model.flow import get_flow
    from hls4ml.model.optimizer import get_available_passes, register_pass

    if optimizer.name not in get_available_passes():
        register_pass(optimizer.name, optimizer)
    optimizers = get_flow(flow).optimizers
    optimizers.insert(optimizers.index(before), optimizer.name)


# Last, and for its own sake: hls4ml calls register() above when it is imported. Were a module of this package what
# imports hls4ml first, register() would find that module half made, and the plugin would be left out.
import hls4ml  # noqa: E402, F401
