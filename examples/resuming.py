"""What the examples share: Keras models that are kept and not trained again, and commands."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before TensorFlow or JAX is imported: their messages, and the same sums on every CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("JAX_ENABLE_X64", "1")  # sums of a quantized model are exact in float64

import typer
from rich.console import Console

from lmu_hls.errors import LmuHlsError

Tell = Callable[[str, int, int], None]  # what is done, done so far, total
console = Console(stderr=True)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A Keras model in the file ``path``, the seconds that it took, and the backend of Keras that trained it."""

    model: Any
    path: Path
    seconds: float
    backend: str


def kept_model(path: Path, state: str, make: Callable[[], Any]) -> Kept:
    """The Keras model of ``path`` where it was made of ``state``, with whatever backend, else a new one, saved."""
    from lmu_hls import flow
    from lmu_hls.records.jsonfile import write_text

    mark = path.with_suffix(".json")
    known = json.loads(mark.read_text()) if path.is_file() and mark.is_file() else {}
    if known.get("state") != state:
        path.parent.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        start = time.monotonic()
        model = make()
        known = {"state": state, "seconds": time.monotonic() - start, "backend": backend()}
        model.save(path)
        write_text(mark, json.dumps(known))
    return Kept(flow.load_model(path), path, float(known["seconds"]), known.get("backend", ""))


def backend() -> str:
    """The backend of Keras, its version and the first device that it computes on."""
    import keras

    name = keras.backend.backend()
    devices = keras.distribution.list_devices() if name != "torch" else []
    version = importlib.metadata.version(name)
    return " ".join(filter(None, (name, version, devices[0].split(":")[0].lower() if devices else "")))


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
    """SHA-256 of Python files, the same with every version of Python; their layout and comments do not count."""
    state = hashlib.sha256()
    for path in paths:
        state.update(repr(_plain(ast.parse(path.read_text(encoding="utf-8")))).encode())
    return state.hexdigest()


def _plain(node: Any) -> Any:
    """A syntax tree as tuples, without fields that are empty: later versions of Python have more of them."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    fields = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
    return type(node).__name__, [(name, _plain(value)) for name, value in fields]


def command(run: Callable[..., None], name: str) -> None:
    """``run`` as a command of that name, whose errors are one message."""
    try:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(run)
        app(prog_name=f"python -m {name}")
    except LmuHlsError as error:
        console.print(f"Error: {error}", style="red", markup=False, highlight=False)
        sys.exit(getattr(error, "exit_code", 1))
