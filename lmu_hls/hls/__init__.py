"""The HLS road: LMU layers of a Keras model become C++ in a Vitis or Vivado project of hls4ml."""

from __future__ import annotations

__all__ = ["register"]


def register() -> None:
    """Teach hls4ml the LMU: handlers, IR layers, templates, headers and the pass that settles the types.

    May be called any number of times. hls4ml calls it through its plugin entry point when it is imported.
    """
    from hls4ml.backends.backend import get_backend
    from hls4ml.model.flow import get_flow
    from hls4ml.model.layers import layer_map, register_layer
    from hls4ml.model.optimizer import register_pass
    from hls4ml.model.optimizer.optimizer import optimizer_map

    from lmu_hls.hls import entrance, handler, layer, profiling, settle, softmax, templates
    from lmu_hls.hls import keras_lmu as keras_lmu  # its handlers register themselves

    if "LMU" in layer_map:
        return
    entrance.check_before_reading()
    profiling.change_when_imported()
    handler.wrap_handlers()
    register_layer("LMU", layer.LMU)
    register_layer("LMUSoftmax", softmax.LMUSoftmax)
    for name in layer.BACKENDS:
        for header in templates.HEADERS:
            get_backend(name).register_source(header)
    vivado = get_backend("Vivado")  # Vitis builds on its templates and flows
    for template in (
        templates.LMUConfigTemplate,
        templates.LMUFunctionTemplate,
        softmax.SoftmaxConfigTemplate,
        softmax.SoftmaxFunctionTemplate,
    ):
        vivado.register_template(template)
    for pass_class, flow, before in (
        (settle.SettleTypes, "convert", "replace_multidimensional_dense_with_conv"),
        (settle.NameTypes, "vivado:specific_types", "vivado:transform_types"),
    ):
        optimizers = get_flow(flow).optimizers
        optimizers.insert(optimizers.index(before), register_pass(pass_class().name, pass_class))
    for name in layer.BACKENDS:
        write = f"{name.lower()}:write_hls"
        optimizer_map[write] = settle.WriteSafely(optimizer_map[write])
