"""``energy``: energy and power of the Verilog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.cli.options import Json, Limits, OutDir, ToolTimeout
from lmu_hls.cli.terminal import out, print_json, progress_bar, show_report


def energy(
    outdir: OutDir,
    data: Annotated[Path | None, typer.Option(metavar="NPZ", help="Inputs x; default: random.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Sequences that are simulated: the first of the data.")] = 16,
    node: Annotated[int, typer.Option(metavar="NM", help="Process that published energies are scaled to.")] = 22,
    step_ms: Annotated[float, typer.Option(help="Milliseconds between two steps, for the power.")] = 20.0,
    tool_timeout: ToolTimeout = None,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Estimate energy and power: activity of the Verilog in a simulation, operations with published energies."""
    from lmu_hls import flow
    from lmu_hls.spec import store

    folder = flow.OutputFolder(outdir).require()
    network = store.load(folder.spec)
    inputs = flow.data_or_random(data, network, samples, flow.mask_value_of(folder.config, network))
    with progress_bar() as progress:
        found = flow.energy(folder, inputs, sequences=samples, node_nm=node, step_ms=step_ms, progress=progress)
    if json_:
        print_json(found)
    else:
        show_report(outdir)
        out.print("\n".join(found.assumptions), markup=False, highlight=False)
