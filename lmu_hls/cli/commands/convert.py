"""``convert``: a Keras model into C++, Verilog and the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.cli.options import Calibration, Config, Force, Json, Limits, Model, OutDir, Precision, Steps, Weights
from lmu_hls.cli.terminal import err, out, print_json, progress_bar, warnings_printed
from lmu_hls.errors import LmuHlsError


def convert(
    model: Model,
    outdir: OutDir,
    weights: Weights = None,
    config: Config = None,
    backend: Annotated[str, typer.Option(help="hls4ml backend: Vitis or Vivado.")] = "Vitis",
    io_type: Annotated[str, typer.Option(help="hls4ml I/O type.")] = "io_parallel",
    precision: Precision = None,
    calibration: Calibration = None,
    target_snr_db: Annotated[
        float | None, typer.Option(help="Types: SNR of the output, in dB (a regression: 40).")
    ] = None,
    max_accuracy_drop: Annotated[
        str | None, typer.Option(help="Types: points of accuracy that may be lost (default 0.5%).")
    ] = None,
    max_bits: Annotated[int | None, typer.Option(help="Types: bits of all weights and values of one step.")] = None,
    reuse_factor: Annotated[
        int | None, typer.Option(min=1, help="Cycles a step the Verilog may take; products for each multiplier in HLS.")
    ] = None,
    steps: Steps = None,
    rediscretize: Annotated[
        str | None, typer.Option(help="Another discretizer (bilinear, zoh, euler): another network; needs --data.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Inputs x (and targets y) that --rediscretize is measured on.")
    ] = None,
    logits: Annotated[bool, typer.Option("--logits", help="Leave out a final softmax or sigmoid.")] = False,
    name: Annotated[
        str | None, typer.Option(help="Begins the names of all Verilog modules and ROM files (default: the model's).")
    ] = None,
    rom: Annotated[str, typer.Option(help="Coefficients in the Verilog: files, or inline in the source.")] = "files",
    axi_lite: Annotated[
        bool, typer.Option("--axi-lite", help="Registers for control and status, with a C driver and a PYNQ class.")
    ] = False,
    values_per_beat: Annotated[
        str, typer.Option(help="Values in a beat of the Verilog's streams: a power of two, or auto.")
    ] = "1",
    optimize: Annotated[
        str | None, typer.Option(help="Choose ReuseFactor, memory form and values a beat: area, speed or balanced.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="For --optimize: the device that it must fit (default: ecp5-25k).")
    ] = None,
    cycles: Annotated[int | None, typer.Option(min=1, help="For --optimize: most cycles a step.")] = None,
    clock: Annotated[float | None, typer.Option(min=0.001, help="For --optimize: MHz to be reached.")] = None,
    force: Force = False,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Convert a Keras model into an hls4ml project, Verilog and the integer contract."""
    from lmu_hls.replace import check_free

    if (precision == "auto") != (calibration is not None):
        raise LmuHlsError("--precision auto and --calibration DATA.npz go together; give both or neither")
    targets = {"--target-snr-db": target_snr_db, "--max-accuracy-drop": max_accuracy_drop, "--max-bits": max_bits}
    unused = [name for name, value in targets.items() if value is not None]
    if unused and precision != "auto":
        raise LmuHlsError(f"{unused[0]} is for --precision auto, which chooses types; give that too, or leave it out")
    if (rediscretize is None) != (data is None):
        raise LmuHlsError("--rediscretize and --data DATA.npz go together, because the change is measured; give both")
    limits = {"--target": target, "--cycles": cycles, "--clock": clock}
    unused = [name for name, value in limits.items() if value is not None]
    if unused and optimize is None:
        raise LmuHlsError(f"{unused[0]} is for --optimize area, speed or balanced; give that too, or leave it out")
    if optimize is not None and reuse_factor is not None:
        raise LmuHlsError("--optimize chooses the ReuseFactor; leave --reuse-factor out, or --optimize")
    check_free(outdir, force)
    from lmu_hls import flow  # Keras, which takes seconds
    from lmu_hls.spec import store

    wanted = flow.target_of(target_snr_db, max_accuracy_drop, max_bits)
    settings = flow.read_config(config) if config else None
    if steps is not None:
        settings = flow.with_steps(settings, steps)
    keras_model = flow.load_model(model, weights)
    if logits:
        keras_model = flow.up_to_logits(keras_model)
    if rediscretize is not None and data is not None:
        keras_model, change = flow.change_discretizer(keras_model, rediscretize, data)
        err.print(str(change), markup=False, highlight=False)
    beat: int | str = int(values_per_beat) if values_per_beat.isdecimal() else values_per_beat
    chosen = None
    if calibration is not None:
        precision = None
        flow.rehearse(keras_model, settings, backend, io_type, reuse_factor, beat)
        with progress_bar() as progress:
            settings, chosen = flow.choose_types(keras_model, calibration, wanted, settings, progress)
    text = ""
    if optimize is not None:
        options = flow.RtlOptions.from_words(axi_lite=axi_lite, values_per_beat=beat)
        with progress_bar() as progress:
            best = flow.optimize(
                keras_model,
                optimize,
                target or flow.DEVICE,
                cycles=cycles,
                clock_mhz=clock,
                config=settings,
                precision=precision,
                options=options,
                steps=steps,
                progress=lambda done, total: progress("estimate", done, total),
            )
        chose, text = best.candidate.settings, best.text
        settings, reuse_factor, beat = chose.over(settings), chose.reuse_factor, chose.values_per_beat or "auto"
    with warnings_printed():
        manifest = flow.convert(
            keras_model,
            outdir,
            config=settings,
            backend=backend,
            io_type=io_type,
            precision=precision,
            chosen=chosen,
            reuse_factor=reuse_factor,
            steps=steps,
            name=name,
            rom=rom,
            axi_lite=axi_lite,
            values_per_beat=beat,
            optimized=text,
            force=force,
        )
    reuse = manifest.hardware.reuse if manifest.hardware else None
    network = store.load(flow.OutputFolder(outdir).spec)
    if remark := flow.softmax_remark(network):
        err.print(remark, markup=False, highlight=False)
    if reuse is not None and reuse.missed:
        err.print(reuse.text, markup=False, highlight=False)
    if json_:
        print_json(manifest)
    else:
        for layer in manifest.model.layers:
            if layer.remark:
                out.print(f"Layer {layer.name!r}: {layer.remark}", markup=False, highlight=False)
        if text:
            out.print(text, markup=False, highlight=False, soft_wrap=True)
        if reuse is not None and not reuse.missed:
            out.print(reuse.text, markup=False, highlight=False)
        out.print(f"Converted {model} into {outdir}: hls/ (hls4ml, {backend}), verilog/, spec.npz", markup=False)
        for line in manifest.hls.layers if manifest.hls else ():
            out.print(f"Estimate for HLS, layer {line.name!r}: {line}", markup=False, highlight=False, soft_wrap=True)
        if manifest.hls and manifest.hls.not_counted:
            out.print(f"Not in the estimate: {', '.join(manifest.hls.not_counted)}", markup=False, soft_wrap=True)
        out.print(flow.estimate_line(network, beat), markup=False, highlight=False, soft_wrap=True)
