"""Arguments and options that several commands have, and what they do before the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls import process
from lmu_hls.cli.terminal import say


def set_limit(seconds: float | None) -> float | None:
    process.set_limit(seconds)
    return seconds


def allow(settings: list[str] | None) -> list[str] | None:
    from lmu_hls import limits

    limits.allow(settings or ())
    return settings


def alone_in(context: typer.Context, outdir: Path) -> Path:
    """Hold the lock of the output folder until the command ends."""
    from lmu_hls.replace import alone

    if not context.resilient_parsing:
        context.with_resource(alone(outdir, f"lmu-hls {context.info_name}", say))
    return outdir


def alone_each(context: typer.Context, outdirs: list[Path]) -> list[Path]:
    """`alone_in` for each, in an order in which two commands do not wait for one another."""
    for outdir in sorted(set(map(Path.resolve, outdirs))):
        alone_in(context, outdir)
    return outdirs


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output folder of an earlier run.")]
ToolTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=set_limit,
        help=f"Longest time that one run of a tool may take (default: ${process.LIMIT_VARIABLE}, else 3600).",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=NUMBER",
        callback=allow,
        help="Another limit on what a file may hold, such as parameters=1000000 (docs/security.md); repeatable.",
    ),
]
OutDir = Annotated[
    Path, typer.Argument(metavar="OUTDIR", callback=alone_in, help="Output folder of 'lmu-hls convert'.")
]
Model = Annotated[
    Path, typer.Argument(metavar="MODEL.keras", help="A saved Keras model with LMU layers (.keras or .h5).")
]
Weights = Annotated[
    Path | None, typer.Option(metavar="FILE.weights.h5", help="Weights for the model, of model.save_weights.")
]
Config = Annotated[Path | None, typer.Option(metavar="YAML", help="Settings with hls4ml's key names.")]
Precision = Annotated[
    str | None, typer.Option(help="Default type, such as 'fixed<16,6>', or 'auto' with --calibration.")
]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Most steps of a sequence, for a model on Input((None, features)).")
]
Calibration = Annotated[
    Path | None, typer.Option(metavar="NPZ", help="Inputs x (and targets y) that types are chosen on.")
]
