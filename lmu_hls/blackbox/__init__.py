"""The hand-written memory unit inside a Vitis HLS project: MemoryUpdateRtl makes the memory update an RTL blackbox."""

from __future__ import annotations

__all__ = ["register"]

BACKENDS = ("Vitis",)


def register() -> None:
    """Let the backends that know RTL blackboxes write them; after lmu_hls.hls.register, any number of times."""
    from hls4ml.backends.backend import get_backend
    from hls4ml.model.optimizer.optimizer import optimizer_map

    from lmu_hls.blackbox.project import WriteBlackboxes

    for name in BACKENDS:
        backend = get_backend(name)
        if not getattr(backend, "rtl_blackbox", False):
            backend.rtl_blackbox = True  # asked by the layer of the graph
            write = f"{name.lower()}:write_hls"
            optimizer_map[write] = WriteBlackboxes(optimizer_map[write])


# Last, and for its own sake: hls4ml calls register() above when it is imported. Were a module of this package what
# imports hls4ml first, register() would find that module half made, and the plugin would be left out.
import hls4ml  # noqa: E402, F401
