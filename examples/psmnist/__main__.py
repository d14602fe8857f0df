"""Train, quantize, convert, verify and measure; each part is kept and not done again by the next run."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same sums on every CPU

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lmu_hls.errors import LmuHlsError, VerificationFailed

TRACED = 4  # images of which every value of every step is compared, and that go through the C++

Tell = Callable[[str, int, int], None]  # what is done, done so far, total
console = Console(stderr=True)


def run(
    outdir: Annotated[Path, typer.Option(help="Folder for everything: data, models, the project, the result.")] = Path(
        "psmnist-out"
    ),
    images: Annotated[int, typer.Option(min=1, max=10_000, help="Test images that go through the Verilog.")] = 10_000,
    jobs: Annotated[int, typer.Option(min=1, help="Simulations at a time.")] = os.cpu_count() or 1,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs in float; fewer are for a trial.")] = 40,
) -> None:
    """Permuted sequential MNIST from training to Verilog: accuracy in float, of the integers, and of the Verilog.

    A run that was ended goes on where it was when it is started again.
    """
    with _progress() as tell:
        result = _everything(outdir, images, jobs, epochs, tell)
    (outdir / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    table = Table("Quantity", "Value", title="Permuted sequential MNIST, 10,000 test images")
    for name, value in result.items():
        table.add_row(name, value)
    Console().print(table)


def _everything(outdir: Path, images: int, jobs: int, epochs: int, tell: Tell) -> dict[str, str]:
    """Quantities and their values as text."""
    from examples.psmnist import accelerator, data, float_training, integer_training
    from lmu_hls import flow, golden
    from lmu_hls.fixed import quantize
    from lmu_hls.spec import store

    tell("data", 0, 1)
    mnist, times = data.load(outdir / "data"), {}
    x, y = data.sequences(mnist.x_test), mnist.y_test

    def train_float() -> Any:
        return float_training.train(mnist, epochs, lambda done: tell("training in float", done, epochs))

    def train_integers() -> Any:
        model = integer_training.quantized(floating, mnist)
        total = integer_training.EPOCHS
        integer_training.train(model, mnist, total, lambda done: tell("training on integers", done, total))
        return model

    state = f"{_sources()} {epochs}"
    floating, times["float"] = _kept(outdir / "float.keras", state, train_float)
    exact, times["integers"] = _kept(outdir / "quantized.keras", state, train_integers)
    folder = _converted(outdir, exact, tell)
    tell("golden", 0, len(x))
    network = store.load(folder.spec)
    inputs = quantize(x, network.x)
    expected = golden.predict(network, inputs, lambda done: tell("golden", done, len(x)))
    verification = flow.verify(folder, flow.Data(x[:TRACED], y[:TRACED].astype(np.int64), label="MNIST"), progress=tell)
    tell("Verilog", 0, images)
    found = accelerator.simulate(
        folder, inputs[:images], outdir / "simulated", jobs, lambda done: tell("Verilog", done, images)
    )
    same = int(np.count_nonzero((found.outputs.reshape(images, -1) == expected[:images]).all(axis=1)))
    if same < images or not verification.passed:
        raise VerificationFailed(
            f"the Verilog gives golden's integers for {same} of {images} images; see {folder.root}"
        )
    predicted = floating.predict(x, batch_size=500, verbose=0)
    return {
        "weights and biases": f"{floating.count_params():,}",
        "accuracy, float": _right(predicted, y),
        "accuracy, weights of 8 bits (golden)": _right(expected, y),
        "accuracy, Verilog (Verilator)": _right(found.outputs.reshape(images, -1), y[:images]),
        "Verilog equal to golden": f"{same:,} of {images:,} images",
        "every value of every step equal, C++ too": f"{TRACED} of {TRACED} images",
        "cycles an image": f"{found.cycles:,}",
        "training in float": f"{times['float']:.0f} s",
        "training on integers": f"{times['integers']:.0f} s",
        "simulation": f"{found.images:,} images in {found.seconds:.0f} s, {jobs} at a time",
    }


def _right(logits: Any, y: Any) -> str:
    right = int(np.count_nonzero(np.argmax(logits, axis=1) == y))
    return f"{100 * right / len(y):.2f} % ({right:,} of {len(y):,})"


def _converted(outdir: Path, model: Any, tell: Tell) -> Any:
    """The output folder of the quantized model; converted again where the model is another."""
    from lmu_hls import flow
    from lmu_hls.records.jsonfile import write_text

    tell("conversion", 0, 1)
    folder, mark = flow.OutputFolder(outdir / "project"), outdir / "project.sha256"
    state = hashlib.sha256((outdir / "quantized.keras").read_bytes()).hexdigest()
    if not (folder.manifest.is_file() and mark.is_file() and mark.read_text() == state):
        flow.convert(model, folder.root, reuse_factor=1024, force=True)
        write_text(mark, state)
    return folder


def _kept(path: Path, state: str, make: Callable[[], Any]) -> tuple[Any, float]:
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


def _sources() -> str:
    """SHA-256 of the code that decides what a training gives; its layout and comments do not count."""
    names = ("data", "memory", "distortions", "network", "float_training", "integer_training")
    state = hashlib.sha256()
    for name in names:
        text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        state.update(ast.dump(ast.parse(text)).encode())
    return state.hexdigest()


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on a terminal, a line for each tenth of a task elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    if not console.is_terminal:
        yield _Lines().tell
        return
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


class _Lines:
    """Progress where there is no terminal."""

    def __init__(self) -> None:
        self._said: tuple[str, int] | None = None

    def tell(self, what: str, done: int, total: int) -> None:
        now = what, 10 * done // max(total, 1)
        if now != self._said:
            console.print(f"{what}: {done} of {total}", markup=False, highlight=False)
            self._said = now


def main() -> None:
    """Run, and let an error be one message."""
    try:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(run)
        app(prog_name="python -m examples.psmnist")
    except LmuHlsError as error:
        console.print(f"Error: {error}", style="red", markup=False, highlight=False)
        sys.exit(getattr(error, "exit_code", 1))


if __name__ == "__main__":
    main()
