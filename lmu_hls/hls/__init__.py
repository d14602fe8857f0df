"""The HLS road: an LMU in hls4ml's graph becomes C++ in a project of hls4ml. What makes the graph is lmu_hls.front."""

from __future__ import annotations

__all__ = ["register"]


def register() -> None:
    """Teach hls4ml the LMU: all of :func:`lmu_hls.front.graph.register`, and the templates and headers of the C++.

    May be called any number of times. hls4ml calls it through its plugin entry point when it is imported.
    """
    from hls4ml.backends.backend import get_backend
    from hls4ml.model.optimizer.optimizer import optimizer_map

    from lmu_hls.front import graph
    from lmu_hls.hls import fifos, layers, names, pointwise, strategy
    from lmu_hls.hls.targets import TARGETS
    from lmu_hls.hls.vendor import checked_build

    graph.register()
    if getattr(get_backend(TARGETS[0].name), "supports_lmu", False):
        return
    for target in TARGETS:
        backend = get_backend(target.name)
        backend.supports_lmu = True  # asked by the layer of the graph
        backend.lmu_io_types = target.io_types
        if target.is_amd:
            backend.build = checked_build(backend.build)
        if target.templates_of == target.name:
            passes = target.name.lower()
            for settling in (strategy.SettleStrategies(), pointwise.PossibleReuse(), names.NameTypes()):
                graph.insert_pass(settling, f"{passes}:specific_types", before=f"{passes}:transform_types")
            graph.insert_pass(fifos.SettleFifos(), f"{passes}:specific_types", before=f"{passes}:register_bram_weights")
            for template in layers.TEMPLATES:
                backend.register_template(template)
        write = f"{target.name.lower()}:write_hls"
        optimizer_map[write] = names.WriteSafely(optimizer_map[write], target)


# Last, and for its own sake: hls4ml calls register() above when it is imported. Were a module of this package what
# imports hls4ml first, register() would find that module half made, and the plugin would be left out.
import hls4ml  # noqa: E402, F401
