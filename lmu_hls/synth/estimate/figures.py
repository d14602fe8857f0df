"""The figures of a planned accelerator on targets, each with its error, and what keeps them from being trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import Usage
from lmu_hls.rtl.network import NetworkPlan
from lmu_hls.rtl.standalone import modules, project_files
from lmu_hls.synth.estimate.features import exact_counts, features
from lmu_hls.synth.estimate.model import Fitted, Rule, load, module_hashes
from lmu_hls.synth.estimate.operators import Operators, operators
from lmu_hls.synth.families import Target, target_of
from lmu_hls.synth.fit import lacking, usage_of

STALE = (
    "the Verilog has changed since the models were fitted: run python -m benchmarks.estimate (benchmarks/estimate.py)"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """``count`` of a resource.

    By the rules of the synthesis, with how often these were right (``rule``), or by a model, with its errors in percent
    on designs that it was not fitted to. ``outside`` names what lies outside the fitted range.
    """

    resource: str
    count: int
    rule: Rule | None
    median_percent: float | None = None
    worst_percent: float | None = None
    outside: tuple[str, ...] = ()

    def __str__(self) -> str:
        if rule := self.rule:
            off = f"; at most {rule.largest} off" if rule.largest else ""
            return f"{self.count:,} {self.resource} (exact in {rule.right} of {rule.rows} designs{off})"
        error = f"held-out error: median {self.median_percent:g} %, worst {self.worst_percent:g} %"
        far = f"; outside the fitted range: {', '.join(self.outside)}" if self.outside else ""
        return f"{self.count:,} {self.resource} ({error}{far})"


@dataclass(frozen=True, slots=True)
class TargetEstimate:
    """One target. ``usage`` is {resource: used and available} of a device, ``lacking`` what it has too little of."""

    target: str
    title: str
    figures: tuple[Figure, ...]
    usage: Mapping[str, Usage] = field(default_factory=dict)
    lacking: str = ""

    @property
    def fits(self) -> bool | None:
        """None for a family, which has no size."""
        return not self.lacking if self.usage else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A whole accelerator: multiplications at a time, cycles of a step and a sequence by formula, and the targets.

    ``warning`` is "" unless the models are older than the Verilog.
    """

    network: str
    multipliers: int
    step_cycles: int
    latency_cycles: int
    sequence_cycles: int
    targets: tuple[TargetEstimate, ...]
    warning: str = ""


def estimate(plan: NetworkPlan, targets: Iterable[str], fitted: Fitted | None = None) -> Estimate:
    """The figures of ``plan``, with the committed models unless others are given.

    Raises LmuHlsError for an unknown target, and for one that no model is fitted for.
    """
    fitted = fitted or load()
    chosen = [check_target(fitted, name) for name in targets]
    found = operators(project_files(plan), plan.top)
    now = module_hashes()
    changed = [name for name in modules(plan) if now[name] != fitted.sources.get(name)]
    return Estimate(
        network=plan.network.name,
        multipliers=plan.multipliers,
        step_cycles=plan.cycles.ii,
        latency_cycles=plan.cycles.latency,
        sequence_cycles=plan.cycles.sequence,
        targets=tuple(_of_target(target, fitted, found) for target in chosen),
        warning=f"{', '.join(changed)}: {STALE}" if changed else "",
    )


def check_target(fitted: Fitted, name: str) -> Target:
    """The target ``name``. Raises LmuHlsError for an unknown one, and for one that no model is fitted for."""
    target = target_of(name)
    if target.family.name not in fitted.families or target.passes != target.family.passes:
        raise LmuHlsError(
            f"no estimate for {target.name}: models are fitted for {', '.join(fitted.families)} and those of their "
            f"devices that are synthesised alike; lmu-hls synth counts: lmu-hls synth OUTDIR --target {target.name}"
        )
    return target


def _of_target(target: Target, models: Fitted, operators: Operators) -> TargetEstimate:
    family = target.family.name
    quantities = features(family, operators)
    rules = models.rules[family]
    figures = [Figure(name, count, rules[name]) for name, count in exact_counts(family, operators).items()]
    fitted = [
        Figure(
            name, round(model.value(quantities)), None, model.median_percent, model.worst_percent,
            tuple(model.beyond(quantities)),
        )
        for name, model in models.families[family].items()
    ]  # fmt: skip
    usage = usage_of(target, {figure.resource: figure.count for figure in (*fitted, *figures)})
    return TargetEstimate(target.name, target.title, (*fitted, *figures), usage, lacking(usage))
