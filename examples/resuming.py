"""What the examples share: Keras models that are kept and not trained again, and commands."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# Before TensorFlow is imported: its messages, and the same sums on every CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import typer
from rich.console import Console

from lmu_hls.errors import LmuHlsError

Tell = Callable[[str, int, int], None]  # what is done, done so far, total
console = Console(stderr=True)


def kept_model(path: Path, state: str, make: Callable[[], Any]) -> tuple[Any, float]:
    """The Keras model of ``path`` where it was made of ``state``, else a new one, saved; and the seconds it took."""
    from lmu_hls import flow
    from lmu_hls.records.jsonfile import write_text

    mark = path.with_suffix(".json")
    if path.is_file() and mark.is_file() and (known := json.loads(mark.read_text()))["state"] == state:
        return flow.load_model(path), float(known["seconds"])
    mark.unlink(missing_ok=True)
    start = time.monotonic()
    model = make()
    seconds = time.monotonic() - start
    model.save(path)
    write_text(mark, json.dumps({"state": state, "seconds": seconds}))
    return flow.load_model(path), seconds


def converted(outdir: Path, saved: Path, model: Any, **options: Any) -> Any:
    """The output folder ``outdir`` of ``model``, which was saved as ``saved``; converted again where that is another.

    ``options`` are those of :func:`lmu_hls.flow.convert`.
    """
    from lmu_hls import flow
    from lmu_hls.records.jsonfile import write_text
    from lmu_hls.records.schema import SCHEMA

    folder, mark = flow.OutputFolder(outdir), outdir.with_suffix(".sha256")
    words = f"{SCHEMA} {sorted(options.items())}"
    state = hashlib.sha256(saved.read_bytes() + words.encode()).hexdigest()
    if not (folder.manifest.is_file() and mark.is_file() and mark.read_text() == state):
        flow.convert(model, folder.root, force=True, **options)
        write_text(mark, state)
    return folder


def digest_of_code(paths: Iterable[Path]) -> str:
    """SHA-256 of Python files; their layout and comments do not count."""
    state = hashlib.sha256()
    for path in paths:
        state.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return state.hexdigest()


def command(run: Callable[..., None], name: str) -> None:
    """``run`` as a command of that name, whose errors are one message."""
    try:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(run)
        app(prog_name=f"python -m {name}")
    except LmuHlsError as error:
        console.print(f"Error: {error}", style="red", markup=False, highlight=False)
        sys.exit(getattr(error, "exit_code", 1))
