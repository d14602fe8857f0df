"""``estimate``: cycles and resources without a conversion."""

from __future__ import annotations

from typing import Annotated

import typer

from lmu_hls.cli.options import Calibration, Config, Json, Limits, Model, Precision, Steps, Weights
from lmu_hls.cli.terminal import err, out, print_json, progress_bar
from lmu_hls.errors import LmuHlsError


def estimate(
    model: Model,
    weights: Weights = None,
    config: Config = None,
    precision: Precision = None,
    calibration: Calibration = None,
    reuse_factor: Annotated[int | None, typer.Option(min=1, help="Cycles a step the Verilog may take.")] = None,
    steps: Steps = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Family or device; may be given more than once (default: xc7 and ecp5).")
    ] = None,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Estimate cycles and resources of a model in seconds, without converting it and without a tool."""
    from lmu_hls import flow

    if (precision == "auto") != (calibration is not None):
        raise LmuHlsError("--precision auto and --calibration DATA.npz go together; give both or neither")
    settings = flow.read_config(config) if config else None
    if steps is not None:
        settings = flow.with_steps(settings, steps)
    keras_model = flow.load_model(model, weights)
    if calibration is not None:
        precision = None
        with progress_bar() as progress:
            settings, _ = flow.choose_types(
                keras_model, calibration, flow.target_of(None, None, None), settings, progress
            )
    made = flow.estimate_model(keras_model, target or ["xc7", "ecp5"], settings, precision, reuse_factor)
    if made.warning:
        err.print(f"Warning: {made.warning}", markup=False, highlight=False, style="yellow")
    if json_:
        print_json([made])
    else:
        out.print(flow.estimate_text(made), markup=False, highlight=False, soft_wrap=True)
