"""Train, quantize, prune, convert, verify and measure; each part is kept and not done again by the next run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from examples.resuming import Tell, command, converted, digest_of_code, kept_model  # before TensorFlow

# isort: split
import typer
from rich.console import Console
from rich.table import Table

from lmu_hls.cli.terminal import progress_bar
from lmu_hls.errors import LmuHlsError

if TYPE_CHECKING:
    from examples.keyword_spotting.dataset import Dataset
    from examples.keyword_spotting.recordings import Corpus

CODE = ("audio", "dataset", "features", "networks", "recordings", "synthetic", "training")
REUSE_FACTOR = 16_384  # cycles a frame at most; a frame lasts 20 ms


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done of everything. ``speakers`` and ``takes`` are of synthetic keywords, ``copies`` of each clip in
    training; ``clips`` go through the C++, ``words`` are in the continuous audio.
    """

    speakers: int = 70
    takes: int = 8
    copies: int = 4
    float_epochs: int = 25
    pruning_epochs: int = 60
    integer_epochs: int = 40
    clips: int = 200
    words: int = 40


QUICK = Effort(speakers=10, takes=2, copies=2, float_epochs=4, pruning_epochs=4, integer_epochs=3, clips=4, words=6)


def run(
    speech_commands: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Your copy of Speech Commands 0.02; without it: synthetic keywords."),
    ] = None,
    network: Annotated[str, typer.Option(help="lmu1, lmu2, lmu3 or lmu4: 1683, 361, 105, 49 kbit.")] = "lmu4",
    feedback: Annotated[bool, typer.Option(help="h goes back to the memory, as in the paper's equation.")] = False,
    sparsity: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Share of the weights in kernels that becomes zero.")
    ] = 0.0,
    lanes: Annotated[int, typer.Option(min=1, help="Outputs of one input that become zero together.")] = 1,
    distill: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Part of the dense model in the loss of pruning.")
    ] = 0.0,
    quick: Annotated[bool, typer.Option("--quick", help="A minute: little data, few epochs; proves nothing.")] = False,
    float_epochs: Annotated[int | None, typer.Option(min=1, help="Epochs in float; default 25.")] = None,
    pruning_epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of pruning in float; default 60.")] = None,
    integer_epochs: Annotated[int | None, typer.Option(min=1, help="Epochs on integers; default 40.")] = None,
    synth: Annotated[bool, typer.Option("--synth", help="Count cells with Yosys, beside the estimate.")] = False,
    energy: Annotated[bool, typer.Option(help="Estimate energy from a simulation; --quick leaves it out.")] = True,
    listen: Annotated[bool, typer.Option(help="Continuous audio through the Verilog in streaming mode.")] = True,
    outdir: Annotated[Path, typer.Option(help="Folder for everything: data, models, projects, the result.")] = Path(
        "keywords-out"
    ),
    jobs: Annotated[int, typer.Option(min=1, help="Programs at a time.")] = os.cpu_count() or 1,
) -> None:
    """Keyword spotting from recordings to Verilog: accuracy, size, cycles, resources, energy, detections.

    A run that was ended goes on where it was when it is started again.
    """
    from examples.keyword_spotting.networks import PUBLISHED

    if network not in PUBLISHED:
        raise LmuHlsError(f"--network {network} is none of {', '.join(PUBLISHED)}")
    if not sparsity and (lanes > 1 or distill):
        raise LmuHlsError("--lanes and --distill say how weights are pruned; give --sparsity, too")
    effort = QUICK if quick else Effort()
    effort = replace(
        effort,
        float_epochs=float_epochs or effort.float_epochs,
        pruning_epochs=pruning_epochs or effort.pruning_epochs,
        integer_epochs=integer_epochs or effort.integer_epochs,
    )
    with progress_bar() as tell:
        corpus = _corpus(outdir, speech_commands, effort, jobs, tell)
        pruning = _Pruning(sparsity, lanes, distill)
        work = _Work(outdir, network, feedback, pruning, effort, synth, energy and not quick, listen, tell)
        rows, events = work.result(corpus)
    for title, table in (("result", rows), ("detections", events)):
        (outdir / f"{title}-{work.name}.json").write_text(json.dumps(table, indent=2) + "\n")
    _show(rows, f"Keyword spotting, {work.name}, {corpus.source}{' (--quick)' if quick else ''}")


def _corpus(outdir: Path, speech_commands: Path | None, effort: Effort, jobs: int, tell: Tell) -> Corpus:
    from examples.keyword_spotting import recordings, synthetic

    if speech_commands is not None:
        return recordings.read_folder(speech_commands)
    plan = synthetic.Plan(effort.speakers, effort.takes)
    folder = outdir / "data" / f"synthetic-{effort.speakers}-{effort.takes}"
    return synthetic.corpus(folder, plan, jobs, lambda done, total: tell("speaking", done, total))


@dataclass(frozen=True, slots=True)
class _Pruning:
    """The share of weights that becomes zero, in blocks of how many, and the dense model's part in the loss."""

    sparsity: float
    lanes: int
    distill: float

    @property
    def name(self) -> str:
        """A part of names of files, "" where nothing is pruned."""
        if not self.sparsity:
            return ""
        blocks = f"-by-{self.lanes}" if self.lanes > 1 else ""
        return f"-{100 * self.sparsity:g}-zero{blocks}{'-distilled' if self.distill else ''}"


@dataclass(frozen=True, slots=True)
class _Work:
    """One network from data to figures."""

    outdir: Path
    network: str
    feedback: bool
    pruning: _Pruning
    effort: Effort
    synth: bool
    energy: bool
    listen: bool
    tell: Tell

    @property
    def name(self) -> str:
        """Of the project's folder, and of files."""
        return f"{self.dense}{self.pruning.name}"

    @property
    def dense(self) -> str:
        """The same of the network before weights are pruned."""
        return f"{self.network}{'-feedback' if self.feedback else ''}"

    def result(self, corpus: Corpus) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """Quantities and their values as text; and what was spoken and heard."""
        from examples.keyword_spotting import dataset, hardware, training
        from examples.keyword_spotting.networks import PUBLISHED, configuration, kbit

        effort, network = self.effort, configuration(self.network, self.feedback)
        data = dataset.dataset(
            corpus, effort.copies, self.outdir / "data", lambda done, total: self.tell("MFCC", done, total)
        )
        floating, pruned, quantized, saved = self._trained(data)
        folder = converted(self.outdir / self.name, saved, quantized, reuse_factor=REUSE_FACTOR)
        test = dataset.Split(training.inputs(data.test.x, network), data.test.y)
        measured = hardware.measure(
            folder, test, effort.clips, f"{data.source}, MFCC", self.synth, self.energy, self.tell
        )
        sparse = bool(self.pruning.sparsity)
        row, (whole, left) = PUBLISHED[self.network], kbit(quantized)
        rows = {
            "data": f"{data.source}: {len(data.train.y):,} clips in training, {len(data.test.y):,} in the test",
            "weights and biases": f"{floating.count_params():,}",
            "accuracy, float": _percent(training.accuracy(floating, network, data.test)),
            **({"accuracy, float, pruned": _percent(training.accuracy(pruned, network, data.test))} if sparse else {}),
            "accuracy, 4-bit weights and 7-bit values": _percent(training.accuracy(quantized, network, data.test)),
            "size": f"{whole:.1f} kbit; {left:.1f} kbit without zeros",
            f"{row.name} of the paper": f"{row.accuracy} % of Speech Commands, {row.kbit} kbit",
            **{f"equal to golden, {k}": text for k, text in enumerate(measured.compared, 1)},
            "cycles a frame": f"{measured.frame_cycles:,} on {measured.multipliers} multipliers",
            **({"zeros left out": measured.left_out} if measured.left_out else {}),
            **{f"on {target}": text for target, text in (measured.figures | measured.synthesized).items()},
            "energy": measured.power,
        }
        heard, events = self._heard(corpus, data, folder) if self.listen else ({}, [])
        return rows | heard, events

    def _trained(self, data: Dataset) -> tuple[Any, Any, Any, Path]:
        """The float model, it or what is left after pruning, the quantized one, and the file of this."""
        from examples.keyword_spotting import training
        from examples.keyword_spotting.networks import configuration

        network, effort, pruning = configuration(self.network, self.feedback), self.effort, self.pruning
        code = digest_of_code(Path(__file__).with_name(f"{name}.py") for name in CODE)
        state = f"{code} {data.source} {effort.speakers, effort.takes, effort.copies, effort.float_epochs}"

        def told(what: str, total: int) -> Callable[[int], None]:
            return lambda done: self.tell(what, done, total)

        def train_float() -> Any:
            return training.train(network, data, effort.float_epochs, told("training in float", effort.float_epochs))

        def train_pruned() -> Any:
            count = effort.pruning_epochs
            how = pruning.sparsity, pruning.lanes, pruning.distill
            return training.train_pruned(floating, network, data, count, *how, told("pruning", count))

        def train_integers() -> Any:
            count = effort.integer_epochs
            tell = told("training on integers", count)
            return training.train_integers(pruned, network, data, count, bool(pruning.sparsity), tell)

        floating, _ = kept_model(self.outdir / f"{self.dense}-float.keras", state, train_float)
        pruned = floating
        if pruning.sparsity:
            state = f"{state} {effort.pruning_epochs} {pruning}"
            pruned, _ = kept_model(self.outdir / f"{self.name}-float.keras", state, train_pruned)
        saved = self.outdir / f"{self.name}-quantized.keras"
        quantized, _ = kept_model(saved, f"{state} {effort.integer_epochs}", train_integers)
        return floating, pruned, quantized, saved

    def _heard(self, corpus: Corpus, data: Dataset, folder: Any) -> tuple[dict[str, str], list[dict[str, Any]]]:
        from examples.keyword_spotting import listening, training
        from examples.keyword_spotting.networks import configuration
        from lmu_hls.spec import store
        from lmu_hls.toolchain import find

        if not find("verilator").found:
            return {"continuous audio": "left out: Verilator is absent"}, []
        self.tell("listening", 0, 1)
        scene = listening.scene(corpus, self.effort.words)
        x = training.inputs(data.normalized(listening.heard(scene.audio)), configuration(self.network, self.feedback))
        project = self.outdir / f"{self.name}-streaming"
        events = listening.detections(listening.stream(store.load(folder.spec), x, project, REUSE_FACTOR))
        found = listening.score(scene.events, events)
        self.tell("listening", 1, 1)
        text = (
            f"{found.detected} of {found.spoken} keywords detected, {found.false} false, in "
            f"{len(scene.audio) / listening.RATE:.0f} s; {len(x):,} frames through the Verilog in streaming mode"
        )
        return {"continuous audio": text}, listening.table(scene.events, events)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _show(rows: dict[str, str], title: str) -> None:
    table = Table("Quantity", "Value", title=title)
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


if __name__ == "__main__":
    command(run, "examples.keyword_spotting")
