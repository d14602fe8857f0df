"""``build``: the HLS project by AMD's tool."""

from __future__ import annotations

from lmu_hls.cli.options import Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import out, print_json, show_report


def build(outdir: OutDir, tool_timeout: ToolTimeout = None, json_: Json = False) -> None:
    """Run C synthesis on hls/ with Vitis HLS or Vivado HLS, and read its report; log and project in work/hls."""
    from lmu_hls import flow
    from lmu_hls.flow.csynth import WORK

    found = flow.synthesize_hls(flow.OutputFolder(outdir))
    if json_:
        print_json(found)
    else:
        show_report(outdir)
        out.print(f"The log and the project that the tool made: {outdir}/work/{WORK}", markup=False)
