"""``demo``: the whole chain in one run."""

from __future__ import annotations

import sys
from pathlib import Path

from lmu_hls.cli.options import Force, Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import out, progress_bar, say


def demo(
    outdir: OutDir = Path("demo-out"),
    force: Force = False,
    tool_timeout: ToolTimeout = None,
    json_: Json = False,
) -> None:
    """Train an LMU on real speech, convert it, verify it and report: the whole chain in one run."""
    from lmu_hls import demo as speech
    from lmu_hls.records.folder import OutputFolder
    from lmu_hls.report import to_json, to_table

    with progress_bar() as progress:
        made = speech.run(outdir, force=force, progress=progress)
    if json_:
        sys.stdout.write(to_json(made))
    else:
        out.print(to_table(made))
        say(f"The report is {OutputFolder(outdir).reports[-1]}")
    made.require()
