"""Train, quantize, convert, verify and measure; each part is kept and not done again by the next run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from examples.resuming import Kept, Tell, command, converted, digest_of_code, kept_model  # before TensorFlow

# isort: split
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from lmu_hls.cli.terminal import progress_bar
from lmu_hls.errors import VerificationFailed

if TYPE_CHECKING:
    from examples.psmnist.data import Mnist

TRACED = 4  # images of which every value of every step is compared, and that go through the C++


def run(
    outdir: Annotated[Path, typer.Option(help="Folder for everything: data, models, the project, the result.")] = Path(
        "psmnist-out"
    ),
    images: Annotated[int, typer.Option(min=1, max=10_000, help="Test images that go through the Verilog.")] = 10_000,
    jobs: Annotated[int, typer.Option(min=1, help="Simulations at a time.")] = os.cpu_count() or 1,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs in float; fewer are for a trial.")] = 40,
    train_only: Annotated[
        bool,
        typer.Option("--train-only", help="Train; a later run on this folder, on any machine, goes on from there."),
    ] = False,
) -> None:
    """Permuted sequential MNIST from training to Verilog: accuracy in float, of the integers, and of the Verilog.

    A run that was ended goes on where it was when it is started again.
    """
    with progress_bar() as tell:
        made = _trained(outdir, epochs, tell)
        result = made.figures if train_only else _everything(outdir, made, images, jobs, tell)
    (outdir / f"{'training' if train_only else 'result'}.json").write_text(json.dumps(result, indent=2) + "\n")
    table = Table("Quantity", "Value", title="Permuted sequential MNIST, 10,000 test images")
    for name, value in result.items():
        table.add_row(name, value)
    Console().print(table)


@dataclass(frozen=True, slots=True, eq=False)
class _Trained:
    """The data; the model in float and on integers; and quantities of these as text."""

    mnist: Mnist
    floating: Kept
    exact: Kept
    figures: dict[str, str]


def _trained(outdir: Path, epochs: int, tell: Tell) -> _Trained:
    from examples.psmnist import data, float_training, integer_training

    tell("data", 0, 1)
    mnist = data.load(outdir / "data")

    def train_float() -> Any:
        return float_training.train(mnist, epochs, lambda done: tell("training in float", done, epochs))

    def train_integers() -> Any:
        model = integer_training.quantized(floating.model, mnist)
        total = integer_training.EPOCHS
        integer_training.train(model, mnist, total, lambda done: tell("training on integers", done, total))
        return model

    state = f"{_sources()} {epochs}"
    floating = kept_model(outdir / "float.keras", state, train_float)
    exact = kept_model(outdir / "quantized.keras", state, train_integers)
    predicted = floating.model.predict(data.sequences(mnist.x_test), batch_size=500, verbose=0)
    figures = {
        "weights and biases": f"{floating.model.count_params():,}",
        "training in float": f"{floating.seconds:.0f} s ({floating.backend})",
        "training on integers": f"{exact.seconds:.0f} s ({exact.backend})",
        "accuracy, float": _right(predicted, mnist.y_test),
    }
    return _Trained(mnist, floating, exact, figures)


def _everything(outdir: Path, made: _Trained, images: int, jobs: int, tell: Tell) -> dict[str, str]:
    """Quantities and their values as text."""
    from examples.psmnist import accelerator, data
    from lmu_hls import flow, golden
    from lmu_hls.fixed import quantize
    from lmu_hls.spec import store

    x, y = data.sequences(made.mnist.x_test), made.mnist.y_test
    tell("conversion", 0, 1)
    folder = converted(outdir / "project", made.exact.path, made.exact.model, reuse_factor=1024)
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
    return {
        **made.figures,
        "accuracy, weights of 8 bits (golden)": _right(expected, y),
        "accuracy, Verilog (Verilator)": _right(found.outputs.reshape(images, -1), y[:images]),
        "Verilog equal to golden": f"{same:,} of {images:,} images",
        "every value of every step equal, C++ too": f"{TRACED} of {TRACED} images",
        "cycles an image": f"{found.cycles:,}",
        "simulation": f"{found.images:,} images in {found.seconds:.0f} s, {jobs} at a time",
    }


def _right(logits: Any, y: Any) -> str:
    right = int(np.count_nonzero(np.argmax(logits, axis=1) == y))
    return f"{100 * right / len(y):.2f} % ({right:,} of {len(y):,})"


def _sources() -> str:
    """SHA-256 of the code that decides what a training gives; its layout and comments do not count."""
    names = ("data", "memory", "distortions", "network", "float_training", "integer_training")
    return digest_of_code(Path(__file__).with_name(f"{name}.py") for name in names)


if __name__ == "__main__":
    command(run, "examples.psmnist")
