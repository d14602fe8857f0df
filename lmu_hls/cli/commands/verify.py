"""``verify``: csim and the Verilog against the integer reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.cli.options import Json, Limits, OutDir, ToolTimeout
from lmu_hls.cli.terminal import err, out, print_json, progress_bar
from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import visible


def verify(
    outdir: OutDir,
    simulator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:N]",
            help="verilator, icarus, blackbox (Verilog in csim) or none, with all samples or the first N; repeatable.",
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="NPZ", help="Inputs x and targets y; default: random.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of random samples without --data.")] = 32,
    netlist: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="Simulate what synthesis makes for it, too: ecp5, up5k, ...; repeatable."),
    ] = None,
    netlist_samples: Annotated[int, typer.Option(min=1, help="Sequences that a netlist is simulated with.")] = 2,
    netlist_simulator: Annotated[
        str, typer.Option(help="icarus, which sees unknown bits, or verilator, for large networks.")
    ] = "icarus",
    min_snr_db: Annotated[
        float | None,
        typer.Option(help="Fail where the outputs are farther from the Keras model; without it below 20 dB warns."),
    ] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Write waveforms to OUTDIR/work.")] = False,
    tool_timeout: ToolTimeout = None,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Compare csim and the Verilog with the integer reference, bit for bit, and that with the Keras model."""
    from lmu_hls import flow
    from lmu_hls.report import build_report, to_table
    from lmu_hls.spec import store

    folder = flow.OutputFolder(outdir).require()
    network = store.load(folder.spec)
    inputs = flow.data_or_random(data, network, samples, flow.mask_value_of(folder.config, network))
    chosen = dict(map(_limited, simulator or ["verilator"]))
    chosen.pop("none", None)
    with progress_bar() as progress:
        result = flow.verify(
            folder,
            inputs,
            simulators=tuple(chosen),
            rtl_samples={name: limit for name, limit in chosen.items() if limit is not None},
            netlists=tuple(dict.fromkeys(netlist or ())),
            netlist_samples=netlist_samples,
            netlist_simulator=netlist_simulator,
            waves=waves,
            min_snr_db=min_snr_db,
            progress=progress,
        )
    made = build_report(outdir)
    if json_:
        print_json(result)
        for reference in made.references:
            for doubt in reference.fidelity.doubts if reference.fidelity else ():
                err.print(f"Warning: {visible(doubt)}", markup=False, highlight=False, style="yellow")
    else:
        out.print(to_table(made))
    made.require()


def _limited(text: str) -> tuple[str, int | None]:
    """NAME or NAME:N. Raises LmuHlsError for an N that is no number of samples."""
    name, colon, number = text.partition(":")
    if colon and not (number.isdecimal() and number.isascii() and int(number)):
        raise LmuHlsError(f"--simulator {text!r}: a colon comes before a number of samples, as in {name}:10")
    return name, int(number) if colon else None
