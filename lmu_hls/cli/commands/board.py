"""``board``: the accelerator on a board with a serial line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.boards.record import BOARDS
from lmu_hls.cli.options import Json, OutDir, ToolTimeout
from lmu_hls.cli.terminal import out, print_json, progress_bar
from lmu_hls.errors import VerificationFailed


def board(
    outdir: OutDir,
    name: Annotated[str, typer.Argument(metavar="BOARD", help=", ".join(BOARDS))],
    device: Annotated[str, typer.Option(help="Another device that the board is sold with, such as ecp5-25k.")] = "",
    baud: Annotated[int, typer.Option(help="Rate of the serial line.")] = 1_000_000,
    data: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Inputs x: golden.npz for the host's script; default: random.")
    ] = None,
    simulate: Annotated[
        int, typer.Option(min=0, help="Simulate the board with so many sequences, and compare with golden.")
    ] = 0,
    netlist: Annotated[
        bool, typer.Option("--netlist", help="Simulate what synthesis made, not the Verilog (default: 2 sequences).")
    ] = False,
    bitstream: Annotated[bool, typer.Option("--bitstream", help="Synthesise, place, route and pack.")] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Place and route with so many seeds.")] = 1,
    tool_timeout: ToolTimeout = None,
    json_: Json = False,
) -> None:
    """Write the top of a board with a serial line, its pins and the host's script; simulate it; make its bitstream."""
    from lmu_hls import boards
    from lmu_hls.fixed import quantize
    from lmu_hls.flow.data import data_or_random
    from lmu_hls.flow.lengths import first, mask_value_of
    from lmu_hls.records.folder import OutputFolder
    from lmu_hls.spec import store

    project = boards.write_board(outdir, boards.board_of(name), baud, device)
    folder = OutputFolder(outdir)
    network = store.load(folder.spec)
    count = simulate or (2 if netlist else 0)
    samples = data_or_random(data, network, max(count, 4), mask_value_of(folder.config, network))
    lengths = samples.counts(network)
    given = samples.inputs(network)
    x = {item.name: quantize(given[item.name], item.type) for item in network.inputs}
    boards.write_golden(project, network, x, lengths)
    compared, built = None, None
    with progress_bar() as progress:
        if count:
            part, some = first(x, lengths, count)
            compared = boards.check(project, network, part, netlist, progress, some)
        if bitstream:
            built = boards.build(project, seeds, progress=progress)
    if json_:
        print_json([item for item in (compared, built) if item])
    else:
        for text in (f"Written: {project.folder}", *boards.words(compared, built)):
            out.print(text, markup=False, highlight=False)
    if compared and compared.first_difference:
        raise VerificationFailed(f"the board differs from golden: {compared.first_difference}")
