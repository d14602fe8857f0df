"""Train, quantize, prune, convert, verify and measure; each part is kept and not done again by the next run."""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from examples.resuming import Tell, command, converted  # before TensorFlow

# isort: split
import typer
from rich.console import Console
from rich.table import Table

from lmu_hls.cli.terminal import progress_bar
from lmu_hls.errors import LmuHlsError

if TYPE_CHECKING:
    from examples.keyword_spotting.dataset import Dataset
    from examples.keyword_spotting.models import Plan, Trained
    from examples.keyword_spotting.recordings import Corpus

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
    type_epochs: int = 10
    integer_epochs: int = 40
    clips: int = 200
    words: int = 40


QUICK = Effort(
    speakers=10, takes=2, copies=2, float_epochs=4, pruning_epochs=4, type_epochs=1, integer_epochs=3, clips=4, words=6
)


def run(
    speech_commands: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Your copy of Speech Commands 0.02; without it: synthetic keywords."),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MFCC that a run kept, mfcc-*.npz in its folder data, and no recordings."),
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
    decay: Annotated[
        float, typer.Option(min=0.0, help="Weight decay while weights are pruned; on integers a tenth of it.")
    ] = 1e-4,
    teach: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Part of the float model in the loss on integers.")
    ] = 0.0,
    learn_types: Annotated[
        float, typer.Option(min=0.0, metavar="PRICE", help="Learn types, too: the loss that 1,000 bits cost, as 0.01.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=1, help="Of the random numbers of the training.")] = 1,
    train_only: Annotated[
        bool,
        typer.Option("--train-only", help="Train; a later run on this folder, on any machine, goes on from there."),
    ] = False,
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
    from examples.keyword_spotting import dataset, models
    from examples.keyword_spotting.networks import PUBLISHED

    if network not in PUBLISHED:
        raise LmuHlsError(f"--network {network} is none of {', '.join(PUBLISHED)}")
    if not sparsity and (lanes > 1 or distill or decay != models.training.DECAY):
        raise LmuHlsError("--lanes, --distill and --decay say how weights are pruned; give --sparsity, too")
    if features is not None and speech_commands is not None:
        raise LmuHlsError("--features and --speech-commands both say what is heard; give one of them")
    effort = QUICK if quick else Effort()
    epochs = models.Epochs(
        float=float_epochs or effort.float_epochs,
        pruning=pruning_epochs or effort.pruning_epochs,
        types=effort.type_epochs,
        integers=integer_epochs or effort.integer_epochs,
    )
    plan = models.Plan(network, feedback, seed, sparsity, lanes, distill, decay, teach, learn_types, epochs)
    with progress_bar() as tell:
        corpus = None
        if features is None:
            corpus = _corpus(outdir, speech_commands, effort, jobs, tell)
            data = dataset.dataset(corpus, effort.copies, outdir / "data", lambda n, total: tell("MFCC", n, total))
        else:
            data = dataset.stored(features)
        work = _Work(outdir, plan, data, effort, synth, energy and not quick, tell)
        rows = work.training() if train_only else work.result()
        events = work.heard(corpus) if listen and corpus is not None and not train_only else None
    if events is not None:
        rows["continuous audio"] = events[0]
        _write(outdir / f"detections-{plan.name}.json", events[1])
    _write(outdir / f"{'training' if train_only else 'result'}-{plan.name}.json", rows)
    _show(rows, f"Keyword spotting, {plan.name}, {data.source}{' (--quick)' if quick else ''}")


def _corpus(outdir: Path, speech_commands: Path | None, effort: Effort, jobs: int, tell: Tell) -> Corpus:
    from examples.keyword_spotting import recordings, synthetic

    if importlib.util.find_spec("tensorflow") is None:
        raise LmuHlsError(
            "MFCC are computed by TensorFlow, which is not installed: pip install tensorflow; or give --features FILE, "
            "the MFCC that a run on another machine kept"
        )
    if speech_commands is not None:
        return recordings.read_folder(speech_commands)
    plan = synthetic.Plan(effort.speakers, effort.takes)
    folder = outdir / "data" / f"synthetic-{effort.speakers}-{effort.takes}"
    return synthetic.corpus(folder, plan, jobs, lambda done, total: tell("speaking", done, total))


@dataclass(frozen=True, slots=True)
class _Work:
    """One network from data to figures."""

    outdir: Path
    plan: Plan
    data: Dataset
    effort: Effort
    synth: bool
    energy: bool
    tell: Tell

    def training(self) -> dict[str, str]:
        """What was trained: quantities and their values as text."""
        return self._accuracies(self._trained())

    def result(self) -> dict[str, str]:
        """The same, and what the hardware takes."""
        from examples.keyword_spotting import dataset, hardware, training

        plan, made = self.plan, self._trained()
        folder = converted(self.outdir / plan.name, made.saved, made.quantized, reuse_factor=REUSE_FACTOR)
        test = dataset.Split(training.inputs(self.data.test.x, plan.configuration), self.data.test.y)
        measured = hardware.measure(
            folder, test, self.effort.clips, f"{self.data.source}, MFCC", self.synth, self.energy, self.tell
        )
        return {
            **self._accuracies(made),
            **{f"equal to golden, {k}": text for k, text in enumerate(measured.compared, 1)},
            "cycles a frame": f"{measured.frame_cycles:,} on {measured.multipliers} multipliers",
            **({"zeros left out": measured.left_out} if measured.left_out else {}),
            **{f"on {target}": text for target, text in (measured.figures | measured.synthesized).items()},
            "energy": measured.power,
        }

    def heard(self, corpus: Corpus) -> tuple[str, list[dict[str, Any]]]:
        """What was detected in continuous audio, in words; and what was spoken and detected, after :meth:`result`."""
        from examples.keyword_spotting import listening, training
        from lmu_hls import flow
        from lmu_hls.spec import store
        from lmu_hls.toolchain import find

        if not find("verilator").found:
            return "left out: Verilator is absent", []
        self.tell("listening", 0, 1)
        scene = listening.scene(corpus, self.effort.words)
        x = training.inputs(self.data.normalized(listening.heard(scene.audio)), self.plan.configuration)
        contract = store.load(flow.OutputFolder(self.outdir / self.plan.name).spec)
        logits = listening.stream(contract, x, self.outdir / f"{self.plan.name}-streaming", REUSE_FACTOR)
        events = listening.detections(logits)
        found = listening.score(scene.events, events)
        self.tell("listening", 1, 1)
        text = (
            f"{found.detected} of {found.spoken} keywords detected, {found.false} false, in "
            f"{len(scene.audio) / listening.RATE:.0f} s; {len(x):,} frames through the Verilog in streaming mode"
        )
        return text, listening.table(scene.events, events)

    def _trained(self) -> Trained:
        from examples.keyword_spotting import models

        return models.trained(self.plan, self.data, self.outdir, self.tell)

    def _accuracies(self, made: Trained) -> dict[str, str]:
        from examples.keyword_spotting.networks import PUBLISHED, kbit

        data, row, (whole, left) = self.data, PUBLISHED[self.plan.network], kbit(made.quantized)
        pruned = {"accuracy, float, pruned": self._right(made.pruned)} if self.plan.sparsity else {}
        return {
            "data": f"{data.source}: {len(data.train.y):,} clips in training, {len(data.test.y):,} in the test",
            "weights and biases": f"{made.floating.count_params():,}",
            "training": made.effort,
            "accuracy, float": self._right(made.floating),
            **pruned,
            "accuracy, 4-bit weights and 7-bit values": self._right(made.quantized),
            "size": f"{whole:.1f} kbit; {left:.1f} kbit without zeros",
            f"{row.name} of the paper": f"{row.accuracy} % of Speech Commands, {row.kbit} kbit",
        }

    def _right(self, model: Any) -> str:
        from examples.keyword_spotting.training import accuracy

        test, validation = (
            f"{100 * accuracy(model, self.plan.configuration, split):.2f} %"
            for split in (self.data.test, self.data.validation)
        )
        return f"{test} of the test, {validation} of the validation"


def _write(path: Path, table: Any) -> None:
    path.write_text(json.dumps(table, indent=2) + "\n")


def _show(rows: dict[str, str], title: str) -> None:
    table = Table("Quantity", "Value", title=title)
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


if __name__ == "__main__":
    command(run, "examples.keyword_spotting")
