"""The whole network in Verilog, as the commands make it."""

from __future__ import annotations

from lmu_hls.backend.design import Design, design
from lmu_hls.backend.options import Options
from lmu_hls.spec import Network


def accelerator(network: Network, reuse_factor: int = 1, rom: str = "files") -> Design:
    """The accelerator of a network in sequence mode, of which ``reuse_factor`` is asked as a whole.

    ``rom`` as in :class:`Options`.
    """
    return design(network, Options(rom=rom), reuse_factor)
