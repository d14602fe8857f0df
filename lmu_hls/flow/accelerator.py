"""The whole network in Verilog, as an output folder has it."""

from __future__ import annotations

from lmu_hls.backend.design import Design, design
from lmu_hls.records import load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.rtl.manifest import Project
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network


def written_accelerator(folder: OutputFolder, network: Network) -> Design:
    """The accelerator of the folder's network as its Verilog project has it, with registers or without.

    Raises LmuHlsError when the project's manifest cannot be read.
    """
    written = load(folder.project, Project)
    return design(network, RtlOptions(axi_lite=written.axi_lite, values_per_beat=written.values_per_beat))
