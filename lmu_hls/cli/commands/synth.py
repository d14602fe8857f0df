"""``synth``: cells, clock and placement of the Verilog."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lmu_hls.cli.options import Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import print_json, progress_bar, show_report
from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.families import DEFAULT, targets


def synth(
    outdir: OutDir,
    target: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(targets())}; may be given more than once (default: {DEFAULT})."),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(metavar="MHZ", help="Clock that is routed for, such as 100MHz (default: the device's)."),
    ] = None,
    route: Annotated[bool, typer.Option("--route", help="Place and route on each device with nextpnr.")] = False,
    bitstream: Annotated[bool, typer.Option("--bitstream", help="--route, and pack what the best seed gave.")] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Place and route with so many seeds.")] = 1,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="Programs that run at a time.")] = 1,
    require_timing: Annotated[
        bool, typer.Option("--require-timing", help="--route, and fail (3) where a device is too small or too slow.")
    ] = False,
    tool_timeout: ToolTimeout = None,
    json_: Json = False,
) -> None:
    """Synthesise the Verilog with Yosys and count its cells; place and route it."""
    from lmu_hls import synth as made
    from lmu_hls.records.folder import OutputFolder

    OutputFolder(outdir).require()
    route = route or bitstream or require_timing
    routing = made.Routing(made.megahertz(clock) if clock else None, seeds, bitstream, jobs)
    wanted = list(dict.fromkeys(target or (DEFAULT,)))
    if route:
        made.check_routable(wanted, routing)
    elif clock or seeds > 1:
        raise LmuHlsError("--clock and --seeds are for place and route; add --route, or leave them out")
    failed: LmuHlsError | None = None
    placements: tuple[Any, ...] = ()
    with progress_bar() as progress:
        try:
            resources = made.synthesize_units(outdir, wanted, progress, jobs)
        except made.Incomplete as error:
            failed, resources = error, error.done
        try:
            placements = made.place_units(outdir, resources, routing, progress) if route and resources else ()
        except made.Incomplete as error:
            failed, placements = failed or error, error.done
    if failed and not resources:
        raise failed
    if json_:
        print_json(made.results(resources, placements))
    else:
        show_report(outdir)
    if failed:
        raise failed
    if require_timing:
        made.require_timing(placements)
