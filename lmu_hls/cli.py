"""The command line: it parses, shows progress, prints records and turns errors into messages."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lmu_hls import __version__, process, streams
from lmu_hls.boards.record import BOARDS
from lmu_hls.errors import EXIT_STATUS, INTERRUPTED, LmuHlsError, LmuHlsWarning, VerificationFailed
from lmu_hls.naming import visible
from lmu_hls.synth.families import DEFAULT, targets

app = typer.Typer(
    name="lmu-hls",
    help="From a trained Keras LMU to a verified FPGA design.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
SAY_EVERY = 10.0  # seconds between two lines of progress off a terminal
out = Console()  # both look up the stream when they print
err = Console(stderr=True, soft_wrap=True)


def _set_limit(seconds: float | None) -> float | None:
    process.set_limit(seconds)
    return seconds


def _allow(settings: list[str] | None) -> list[str] | None:
    from lmu_hls import limits

    limits.allow(settings or ())
    return settings


def _alone(context: typer.Context, outdir: Path) -> Path:
    """Hold the lock of the output folder until the command ends."""
    from lmu_hls.replace import alone

    if not context.resilient_parsing:
        context.with_resource(alone(outdir, f"lmu-hls {context.info_name}", _say))
    return outdir


def _alone_each(context: typer.Context, outdirs: list[Path]) -> list[Path]:
    """`_alone` for each, in an order in which two commands do not wait for one another."""
    for outdir in sorted(set(map(Path.resolve, outdirs))):
        _alone(context, outdir)
    return outdirs


def _say(text: str) -> None:
    err.print(text, markup=False, highlight=False)


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output folder of an earlier run.")]
ToolTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=_set_limit,
        help=f"Longest time that one run of a tool may take (default: ${process.LIMIT_VARIABLE}, else 3600).",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=NUMBER",
        callback=_allow,
        help="Another limit on what a file may hold, such as parameters=1000000 (docs/security.md); repeatable.",
    ),
]
OutDir = Annotated[Path, typer.Argument(metavar="OUTDIR", callback=_alone, help="Output folder of 'lmu-hls convert'.")]


def main(argv: list[str] | None = None) -> None:
    """Run the command line; errors become one message and a non-zero exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    debug = "--debug" in arguments
    if argv is None and not debug:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same sums on every CPU
        streams.take()
    if sys.stdout is None or not sys.stdout.isatty():
        out.width = 120
    with process.signals_unwind() as came:
        try:
            status = _run([a for a in arguments if a != "--debug"])
        except KeyboardInterrupt:
            status = INTERRUPTED
        except Exception as error:
            if debug:
                raise
            _fail(error)
            sys.exit(getattr(error, "exit_code", 1))
    if status == INTERRUPTED:  # typer, too, turns Ctrl-C into this status
        by = signal.Signals(came[0]) if came else signal.SIGINT
        how = "Interrupted." if by == signal.SIGINT else f"Ended by {by.name}."
        err.print(f"{how} Run the command again; what it has not finished counts as not run.", style="red")
        status = 128 + by
    sys.exit(status if isinstance(status, int) else 0)


def _run(arguments: list[str]) -> Any:
    try:
        return app(arguments, standalone_mode=False)
    finally:
        process.set_limit(None)  # --tool-timeout holds for one command, and so does --limit
        _allow(None)
        if sys.stdout is not None:
            sys.stdout.flush()  # here a full disk still gets its message


def _fail(error: Exception) -> None:
    if isinstance(error, LmuHlsError):
        text = str(error)
    elif hasattr(error, "format_message"):  # what typer raises for a bad option
        text = f"{error.format_message()}\nSee 'lmu-hls --help'."
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        text = f"The disk is full ({error.filename or 'while writing'}). Free some space and run the command again."
    else:
        text = f"{type(error).__name__}: {error}\nRun again with --debug for the traceback."
    err.print(f"Error: {text}", style="red", markup=False, highlight=False)


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress bar on stderr, off a terminal a line now and then; the value is a function of (task, done, total)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        tasks: dict[str, Any] = {}
        said: dict[str, float] = {}  # when a line was printed last

        def show(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            if not err.is_terminal:  # no bar is drawn there
                if task not in said:
                    err.print(f"{task} ...", markup=False, highlight=False)
                    said[task] = time.monotonic()
                elif time.monotonic() - said[task] >= SAY_EVERY:
                    err.print(f"{task}: {done} of {total}", markup=False, highlight=False)
                    said[task] = time.monotonic()
            bar.update(tasks[task], completed=done, total=total)

        yield show


@contextmanager
def _warnings_printed() -> Iterator[None]:
    """Our own warnings as lines of the command; those of others stay what they are."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", LmuHlsWarning)
        yield
    for item in heard:
        if issubclass(item.category, LmuHlsWarning):
            err.print(f"Warning: {item.message}", markup=False, highlight=False, style="yellow")
        else:
            warnings.warn(item.message, item.category, stacklevel=3)


def _print_json(record: object) -> None:
    """A record as it stands in its file, or a list of records."""
    from lmu_hls.records import text_of
    from lmu_hls.records.jsonfile import encode

    sys.stdout.write(encode(record) if isinstance(record, (list, tuple)) else text_of(record))


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(metavar="MODEL.keras", help="A saved Keras model with LMU layers.")],
    outdir: OutDir,
    config: Annotated[Path | None, typer.Option(metavar="YAML", help="Settings with hls4ml's key names.")] = None,
    backend: Annotated[str, typer.Option(help="hls4ml backend: Vitis or Vivado.")] = "Vitis",
    io_type: Annotated[str, typer.Option(help="hls4ml I/O type.")] = "io_parallel",
    precision: Annotated[
        str | None, typer.Option(help="Default type, such as 'fixed<16,6>', or 'auto' with --calibration.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Inputs x (and targets y) that types are chosen on.")
    ] = None,
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
    force: Force = False,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Convert a Keras model into an hls4ml project, Verilog and the integer contract."""
    from lmu_hls import flow
    from lmu_hls.spec import store

    if (precision == "auto") != (calibration is not None):
        raise LmuHlsError("--precision auto and --calibration DATA.npz go together; give both or neither")
    targets = {"--target-snr-db": target_snr_db, "--max-accuracy-drop": max_accuracy_drop, "--max-bits": max_bits}
    unused = [name for name, value in targets.items() if value is not None]
    if unused and precision != "auto":
        raise LmuHlsError(f"{unused[0]} is for --precision auto, which chooses types; give that too, or leave it out")
    if (rediscretize is None) != (data is None):
        raise LmuHlsError("--rediscretize and --data DATA.npz go together, because the change is measured; give both")
    target = flow.target_of(target_snr_db, max_accuracy_drop, max_bits)
    settings = flow.read_config(config) if config else None
    flow.check_free(outdir, force)
    keras_model = flow.load_model(model)
    if logits:
        keras_model = flow.up_to_logits(keras_model)
    if rediscretize is not None and data is not None:
        keras_model, change = flow.change_discretizer(keras_model, rediscretize, data)
        err.print(str(change), markup=False, highlight=False)
    chosen = None
    if calibration is not None:
        precision = None
        flow.rehearse(keras_model, settings, backend, io_type, reuse_factor)
        with _progress() as progress:
            settings, chosen = flow.choose_types(keras_model, calibration, target, settings, progress)
    with _warnings_printed():
        manifest = flow.convert(
            keras_model,
            outdir,
            config=settings,
            backend=backend,
            io_type=io_type,
            precision=precision,
            chosen=chosen,
            reuse_factor=reuse_factor,
            name=name,
            rom=rom,
            axi_lite=axi_lite,
            force=force,
        )
    reuse = manifest.hardware.reuse if manifest.hardware else None
    network = store.load(flow.OutputFolder(outdir).spec)
    if remark := flow.softmax_remark(network):
        err.print(remark, markup=False, highlight=False)
    if reuse is not None and reuse.missed:
        err.print(reuse.text, markup=False, highlight=False)
    if json_:
        _print_json(manifest)
    else:
        for layer in manifest.model.layers:
            if layer.remark:
                out.print(f"Layer {layer.name!r}: {layer.remark}", markup=False, highlight=False)
        if reuse is not None and not reuse.missed:
            out.print(reuse.text, markup=False, highlight=False)
        out.print(f"Converted {model} into {outdir}: hls/ (hls4ml, {backend}), verilog/, spec.npz", markup=False)
        out.print(flow.estimate_line(network), markup=False, highlight=False, soft_wrap=True)


@app.command()
def estimate(
    model: Annotated[Path, typer.Argument(metavar="MODEL.keras", help="A saved Keras model with LMU layers.")],
    config: Annotated[Path | None, typer.Option(metavar="YAML", help="Settings with hls4ml's key names.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="Default type, such as 'fixed<16,6>', or 'auto' with --calibration.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Inputs x (and targets y) that types are chosen on.")
    ] = None,
    reuse_factor: Annotated[int | None, typer.Option(min=1, help="Cycles a step the Verilog may take.")] = None,
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
    keras_model = flow.load_model(model)
    if calibration is not None:
        precision = None
        with _progress() as progress:
            settings, _ = flow.choose_types(
                keras_model, calibration, flow.target_of(None, None, None), settings, progress
            )
    made = flow.estimate_model(keras_model, target or ["xc7", "ecp5"], settings, precision, reuse_factor)
    if made.warning:
        err.print(f"Warning: {made.warning}", markup=False, highlight=False, style="yellow")
    if json_:
        _print_json([made])
    else:
        out.print(flow.estimate_text(made), markup=False, highlight=False, soft_wrap=True)


@app.command()
def profile(
    model: Annotated[Path, typer.Argument(metavar="MODEL.keras", help="A saved Keras model with LMU layers.")],
    data: Annotated[Path, typer.Argument(metavar="NPZ", help="Inputs x.")],
    config: Annotated[Path | None, typer.Option(metavar="YAML", help="Settings with hls4ml's key names.")] = None,
    precision: Annotated[str | None, typer.Option(help="Default type, such as 'fixed<16,6>'.")] = None,
    limit: Limits = None,
    json_: Json = False,
) -> None:
    """Show what given types do on data, tensor by tensor: range, headroom, overflows, SNR."""
    from lmu_hls import flow
    from lmu_hls.report import precision_table

    settings = flow.read_config(config) if config else None
    tensors = flow.profile_types(flow.load_model(model), data, settings, precision)
    if json_:
        _print_json(tensors)
    else:
        out.print(precision_table(tensors))


@app.command(epilog=EXIT_STATUS)
def verify(
    outdir: OutDir,
    simulator: Annotated[
        list[str] | None, typer.Option(help="verilator, icarus, blackbox (Verilog in csim) or none; repeatable.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="NPZ", help="Inputs x and targets y; default: random.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of random samples without --data.")] = 32,
    netlist: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="Simulate what synthesis makes for it, too: ecp5, up5k, ...; repeatable."),
    ] = None,
    netlist_samples: Annotated[int, typer.Option(min=1, help="Sequences that a netlist is simulated with.")] = 2,
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
    inputs = flow.load_data(data, network) if data else flow.random_data(network, samples)
    chosen = [name for name in (simulator or ["verilator"]) if name != "none"]
    with _progress() as progress:
        result = flow.verify(
            folder,
            inputs,
            simulators=chosen,
            netlists=tuple(dict.fromkeys(netlist or ())),
            netlist_samples=netlist_samples,
            waves=waves,
            min_snr_db=min_snr_db,
            progress=progress,
        )
    made = build_report(outdir)
    if json_:
        _print_json(result)
        for reference in made.references:
            for doubt in reference.fidelity.doubts if reference.fidelity else ():
                err.print(f"Warning: {visible(doubt)}", markup=False, highlight=False, style="yellow")
    else:
        out.print(to_table(made))
    made.require()


@app.command(epilog=EXIT_STATUS)
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
    with _progress() as progress:
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
        _print_json(made.results(resources, placements))
    else:
        _show_report(outdir)
    if failed:
        raise failed
    if require_timing:
        made.require_timing(placements)


@app.command()
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
    inputs = flow.load_data(data, network) if data else flow.random_data(network, samples)
    with _progress() as progress:
        found = flow.energy(folder, inputs, sequences=samples, node_nm=node, step_ms=step_ms, progress=progress)
    if json_:
        _print_json(found)
    else:
        _show_report(outdir)
        out.print("\n".join(found.assumptions), markup=False, highlight=False)


@app.command(epilog=EXIT_STATUS)
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
    from lmu_hls.flow.data import load_data, random_data
    from lmu_hls.records.folder import OutputFolder
    from lmu_hls.spec import store

    project = boards.write_board(outdir, boards.board_of(name), baud, device)
    network = store.load(OutputFolder(outdir).spec)
    count = simulate or (2 if netlist else 0)
    samples = load_data(data, network) if data else random_data(network, max(count, 4))
    x = quantize(samples.x, network.x)
    boards.write_golden(project, network, x)
    compared, built = None, None
    with _progress() as progress:
        if count:
            compared = boards.check(project, network, x[:count], netlist, progress)
        if bitstream:
            built = boards.build(project, seeds, progress=progress)
    if json_:
        _print_json([item for item in (compared, built) if item])
    else:
        for text in (f"Written: {project.folder}", *boards.words(compared, built)):
            out.print(text, markup=False, highlight=False)
    if compared and compared.first_difference:
        raise VerificationFailed(f"the board differs from golden: {compared.first_difference}")


@app.command(epilog=EXIT_STATUS)
def asic(outdir: OutDir, tool_timeout: ToolTimeout = None, json_: Json = False) -> None:
    """Estimate area, clock and energy in standard cells of 180 nm, before layout: Yosys, osu018, OpenSTA."""
    from lmu_hls import asic as cells

    found = cells.estimate(outdir)
    if json_:
        _print_json(found)
    else:
        for text in cells.words(found):
            out.print(text, markup=False, highlight=False)


def _compare(folders: Sequence[Path], output: Path | None, json_: bool) -> None:
    from lmu_hls import report as reports
    from lmu_hls.records import write_text

    compared = reports.compare([reports.build_report(folder) for folder in folders], reports.names_of(folders))
    if output is not None:
        write_text(output / "comparison.md", reports.comparison_markdown(compared))
        write_text(output / "comparison.html", reports.comparison_html(compared))
        _say(f"The comparison is {output / 'comparison.html'}")
    if json_:
        _print_json(compared)
    else:
        out.print(reports.comparison_table(compared))


@app.command(epilog=EXIT_STATUS)
def report(
    outdirs: Annotated[
        list[Path],
        typer.Argument(metavar="OUTDIR...", callback=_alone_each, help="An output folder, or several to compare."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of several folders: write comparison.md and comparison.html there."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write report.html, report.json, report.md and plots/ from what verify and synth found, and print the table.

    Several folders are compared instead, with ratios to the first one; their reports are not written.
    """
    from lmu_hls.records.folder import OutputFolder
    from lmu_hls.report import to_json, to_table, write_report

    if len(outdirs) > 1:
        _compare(outdirs, output, json_)
        return
    if output is not None:
        raise LmuHlsError("--output is for several folders; the report of one is written into it. Leave it out")
    (outdir,) = outdirs
    made = write_report(outdir)
    if json_:
        sys.stdout.write(to_json(made))
    else:
        out.print(to_table(made))
        _say(f"The report is {OutputFolder(outdir).reports[-1]}")
    made.require()


@app.command()
def doctor(json_: Json = False) -> None:
    """Show which tools are installed, and how to install those that are missing."""
    from lmu_hls import doctor as checks

    tools = checks.doctor()
    if json_:
        sys.stdout.write(json.dumps([checks.plain(tool) for tool in tools], indent=2) + "\n")
    else:
        out.print(checks.table(tools))
    if not checks.complete(tools):
        raise LmuHlsError("a required tool is missing or unusable; the table says how to install it")


@app.command(epilog=EXIT_STATUS)
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

    with _progress() as progress:
        made = speech.run(outdir, force=force, progress=progress)
    if json_:
        sys.stdout.write(to_json(made))
    else:
        out.print(to_table(made))
        _say(f"The report is {OutputFolder(outdir).reports[-1]}")
    made.require()


def _show_report(outdir: Path) -> None:
    from lmu_hls.report import build_report, to_table

    out.print(to_table(build_report(outdir)))


if __name__ == "__main__":
    main()
