"""The command line as a whole: it runs a command, and turns errors and signals into messages and statuses."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Annotated, Any

import typer

from lmu_hls import __version__, process, streams
from lmu_hls.cli.commands import COMMANDS
from lmu_hls.cli.options import allow
from lmu_hls.cli.terminal import err, out
from lmu_hls.errors import INTERRUPTED, LmuHlsError
from lmu_hls.signals import signals_unwind

app = typer.Typer(
    name="lmu-hls",
    help="From a trained Keras LMU to a verified FPGA design.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _command, _epilog in COMMANDS.items():
    app.command(epilog=_epilog)(_command)


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
    with signals_unwind() as came:
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
        allow(None)
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


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
