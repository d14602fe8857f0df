"""The hls4ml backend ``Verilog``: the whole network as hand-written Verilog, in hls4ml's own interface.

    hls_model = hls4ml.converters.convert_from_keras_model(model, backend="Verilog", hls_config=config)
    hls_model.compile()
    y = hls_model.predict(x)

The functions here take such a model: :func:`predict`, :func:`trace`, :func:`verify`, :func:`build` and
:func:`reuse_factors`. :func:`reference` takes a model of any backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lmu_hls.backend.hls4ml_form import reference
from lmu_hls.backend.project import NAME, build, compile, design_of, predict, reuse_factors, trace, verify, write

__all__ = [
    "build",
    "compile",
    "design_of",
    "predict",
    "reference",
    "register",
    "reuse_factors",
    "trace",
    "verify",
    "write",
]


def register(register_backend: Callable[..., Any], register_writer: Callable[..., Any]) -> None:
    """Give hls4ml the backend, once; its plugin entry point calls this while hls4ml is being imported."""
    from hls4ml.backends.backend import get_available_backends

    from lmu_hls.backend.verilog import VerilogBackend, VerilogWriter

    if NAME.lower() not in get_available_backends():
        register_writer(NAME, VerilogWriter)  # the backend looks for it when it is made
        register_backend(NAME, VerilogBackend)


# Last, and for its own sake: hls4ml calls register() above when it is imported. Were a module of this package what
# imports hls4ml first, register() would find that module half made, and the plugin would be left out.
import hls4ml  # noqa: E402, F401
