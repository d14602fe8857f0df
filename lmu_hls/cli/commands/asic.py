"""``asic``: area, clock and energy in standard cells."""

from __future__ import annotations

from lmu_hls.cli.options import Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import out, print_json


def asic(outdir: OutDir, tool_timeout: ToolTimeout = None, json_: Json = False) -> None:
    """Estimate area, clock and energy in standard cells of 180 nm, before layout: Yosys, osu018, OpenSTA."""
    from lmu_hls import asic as cells

    found = cells.estimate(outdir)
    if json_:
        print_json(found)
    else:
        for text in cells.words(found):
            out.print(text, markup=False, highlight=False)
