"""The whole network in Verilog, as the commands make it."""

from __future__ import annotations

from lmu_hls.backend.design import Design, design
from lmu_hls.backend.options import Options
from lmu_hls.records import load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.rtl.manifest import Project
from lmu_hls.spec import Network


def accelerator(network: Network, reuse_factor: int = 1, rom: str = "files", axi_lite: bool = False) -> Design:
    """The accelerator of a network in sequence mode, of which ``reuse_factor`` is asked as a whole.

    ``rom`` and ``axi_lite`` as in :class:`Options`.
    """
    return design(network, Options(rom=rom, axi_lite=axi_lite), reuse_factor)


def written_accelerator(folder: OutputFolder, network: Network) -> Design:
    """The accelerator of the folder's network as its Verilog project has it, with registers or without.

    Raises LmuHlsError when the project's manifest cannot be read.
    """
    return accelerator(network, axi_lite=load(folder.project, Project).axi_lite)
