"""The entry point of the group ``hls4ml.backends``: hls4ml calls :func:`register` when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def register(*, register_backend: Callable[..., Any], register_writer: Callable[..., Any]) -> None:
    """Make the LMU and the backend ``Verilog`` known to hls4ml, so that ``import hls4ml`` is enough for the user."""
    from lmu_hls import backend, blackbox, hls

    hls.register()
    blackbox.register()
    backend.register(register_backend, register_writer)
