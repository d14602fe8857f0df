"""The models of one run: in float, pruned, on integers. Each is kept, and trained by one run alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.keyword_spotting import training
from examples.keyword_spotting.dataset import Dataset
from examples.keyword_spotting.networks import configuration
from examples.resuming import Kept, Tell, digest_of_code, kept_model
from lmu_hls.configurations import Configuration
from lmu_hls.training import QuantizedModel

CODE = ("audio", "dataset", "features", "networks", "recordings", "synthetic", "training")


@dataclass(frozen=True, slots=True)
class Epochs:
    """Of each training."""

    float: int = 25
    pruning: int = 60
    types: int = 10
    integers: int = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained: a network of the paper's table, with or without ``feedback``, from the random numbers of
    ``seed``; the share of weights that becomes zero, in blocks of ``lanes`` outputs, the dense model's part ``distill``
    in the loss of that, and the ``decay`` of the weights that are left; the dense float model's part ``teach`` in the
    loss on integers; and the ``price`` of 1,000 bits where types are learned, else 0.
    """

    network: str
    feedback: bool
    seed: int
    sparsity: float
    lanes: int
    distill: float
    decay: float
    teach: float
    price: float
    epochs: Epochs

    @property
    def configuration(self) -> Configuration:
        """The network."""
        return configuration(self.network, self.feedback)

    @property
    def dense(self) -> str:
        """A name for the float model before weights are pruned, and a part of its file's."""
        return f"{self.network}{'-feedback' if self.feedback else ''}{f'-seed-{self.seed}' if self.seed != 1 else ''}"

    @property
    def pruned(self) -> str:
        """The same of the float model that is quantized."""
        if not self.sparsity:
            return self.dense
        blocks = f"-by-{self.lanes}" if self.lanes > 1 else ""
        return f"{self.dense}-{100 * self.sparsity:g}-zero{blocks}{'-distilled' if self.distill else ''}{self.decayed}"

    @property
    def decayed(self) -> str:
        """A part of these names where weights decay otherwise than usual."""
        return f"-decay-{self.decay:g}" if self.decay != training.DECAY else ""

    @property
    def name(self) -> str:
        """The same of the quantized model, of its project, and of the results."""
        taught = "-taught" if self.teach else ""
        return f"{self.pruned}{taught}{f'-price-{self.price:g}' if self.price else ''}"


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The float model, it or what is left after pruning, and the quantized one, which is in the file ``saved``."""

    floating: Any
    pruned: Any
    quantized: QuantizedModel
    saved: Path
    kept: tuple[Kept, ...]

    @property
    def effort(self) -> str:
        """Where and how long they were trained, in words."""
        return ", ".join(f"{each.seconds:.0f} s ({each.backend})" for each in self.kept)


def trained(plan: Plan, data: Dataset, folder: Path, tell: Tell) -> Trained:
    """The models of ``plan``, from ``folder`` where an earlier run left them there."""
    network, epochs = plan.configuration, plan.epochs
    code = digest_of_code(Path(__file__).with_name(f"{name}.py") for name in CODE)
    states = [f"{code} {data.digest} {plan.seed} {epochs.float}"]

    def train_float() -> Any:
        return training.train(
            network, data, epochs.float, plan.seed, lambda n: tell("training in float", n, epochs.float)
        )

    def train_pruned() -> Any:
        how = training.Pruning(plan.sparsity, plan.lanes, plan.distill, plan.decay)
        return training.train_pruned(
            floating.model, network, data, epochs.pruning, plan.seed, how, lambda n: tell("pruning", n, epochs.pruning)
        )

    def train_integers() -> Any:
        quantized = training.quantized(pruned.model, network, data, plan.seed, bool(plan.sparsity))
        if plan.price:
            quantized = training.with_learned_types(
                quantized, network, data, epochs.types, plan.price, lambda n: tell("types", n, epochs.types)
            )
        training.train_integers(
            quantized,
            network,
            data,
            epochs.integers,
            lambda n: tell("training on integers", n, epochs.integers),
            floating.model,
            plan.teach,
            max(training.DECAY, training.ON_INTEGERS * plan.decay),
        )
        return quantized

    floating = kept_model(folder / f"{plan.dense}-float.keras", states[-1], train_float)
    pruned, kept = floating, [floating]
    if plan.sparsity:
        states.append(f"{states[-1]} {epochs.pruning} {plan.sparsity} {plan.lanes} {plan.distill}{plan.decayed}")
        pruned = kept_model(folder / f"{plan.pruned}-float.keras", states[-1], train_pruned)
        kept.append(pruned)
    states.append(f"{states[-1]} {(epochs.types, plan.price) if plan.price else ''} {epochs.integers} {plan.teach}")
    quantized = kept_model(folder / f"{plan.name}-quantized.keras", states[-1], train_integers)
    return Trained(floating.model, pruned.model, quantized.model, quantized.path, (*kept, quantized))
