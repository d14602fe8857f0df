"""``demo``: the whole chain in one run."""

from __future__ import annotations

from pathlib import Path

from lmu_hls.cli.options import Force, Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import print_report, progress_bar


def demo(
    outdir: OutDir = Path("demo-out"),
    force: Force = False,
    tool_timeout: ToolTimeout = None,
    json_: Json = False,
) -> None:
    """Train an LMU on real speech, convert it, verify it and report: the whole chain in one run."""
    from lmu_hls.replace import check_free

    check_free(outdir, force)
    from lmu_hls import demo as speech  # Keras, which takes seconds

    with progress_bar() as progress:
        made = speech.run(outdir, force=force, progress=progress)
    print_report(made, outdir, json_)
