"""``profile``: what types do on data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.cli.options import Config, Json, Limits, Model, Steps, Weights
from lmu_hls.cli.terminal import out, print_json


def profile(
    model: Model,
    data: Annotated[Path, typer.Argument(metavar="NPZ", help="Inputs x.")],
    weights: Weights = None,
    config: Config = None,
    precision: Annotated[str | None, typer.Option(help="Default type, such as 'fixed<16,6>'.")] = None,
    steps: Steps = None,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Show what given types do on data, tensor by tensor: range, headroom, overflows, SNR."""
    from lmu_hls import flow
    from lmu_hls.report import precision_table

    settings = flow.read_config(config) if config else None
    if steps is not None:
        settings = flow.with_steps(settings, steps)
    tensors = flow.profile_types(flow.load_model(model, weights), data, settings, precision)
    if json_:
        print_json(tensors)
    else:
        out.print(precision_table(tensors))
