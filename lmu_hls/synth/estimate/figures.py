"""The figures of a planned accelerator on targets, each with its error, and what keeps them from being trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import Usage
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import modules, project_files
from lmu_hls.synth.estimate.features import clock_features, exact_counts, features
from lmu_hls.synth.estimate.model import Errors, Fitted, Model, Rule, load, mostly_older, older, unseen
from lmu_hls.synth.estimate.operators import operators
from lmu_hls.synth.estimate.quantities import Operators
from lmu_hls.synth.families import Target, target_of
from lmu_hls.synth.fit import lacking, usage_of

STALE = "python -m benchmarks.estimate synth --renew brings the tables up to date (benchmarks/estimate.py)"
ROUTE = "lmu-hls synth --route measures it"


@dataclass(frozen=True, slots=True)
class Figure:
    """``count`` of a resource, or MHz.

    By the rules of the synthesis, with how often these were right (``rule``), or by a model, with its errors on designs
    that it was not fitted to: each of its own left out once, and others. ``outside`` names what lies outside the fitted
    range, of a clock also modules that none of its networks has.
    """

    resource: str
    count: int
    rule: Rule | None
    held_out: Errors | None = None
    others: Errors | None = None
    outside: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.count:,} {self.resource} ({self.error})"

    @property
    def error(self) -> str:
        """In words."""
        if rule := self.rule:
            off = f"; at most {rule.largest} off" if rule.largest else ""
            return f"exact in {rule.right} of {rule.rows} designs{off}"
        assert self.held_out and self.others
        told = f"held-out error: {self.held_out}"
        if self.others.rows:
            told += f"; on {self.others.rows} others: {self.others}"
        return told + (f"; outside the fitted range: {', '.join(self.outside)}" if self.outside else "")


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

    ``warning`` is "" unless networks of the tables are older than the Verilog, or have none of its modules.
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

    Raises LmuHlsError for an unknown target, for one that no model is fitted for, and for units that no network of the
    tables has.
    """
    fitted = fitted or load()
    chosen = [check_target(fitted, name) for name in targets]
    if unknown := unknown_units(plan, [target.name for target in chosen], fitted):
        raise LmuHlsError(f"network {plan.network.name!r} cannot be estimated: {unknown}")
    found = operators(project_files(plan), plan.top)
    parts = modules(plan)
    clocks = dict.fromkeys(target.name for target in chosen if target.name in fitted.clocks)
    untold = [name for name in clocks if mostly_older(fitted, name, parts)]
    beyond = {name: unseen(fitted, name, parts) for name in clocks if name not in untold}
    names = dict.fromkeys([*(target.family.name for target in chosen), *(target.name for target in chosen)])
    unlike = older(fitted, names, parts)
    warnings = [str(item) for item in unlike]
    warnings += [f"so no clock is told for {name}: {ROUTE}" for name in untold]
    warnings += [f"so the clock of {name} is a guess: {ROUTE}" for name, others in beyond.items() if others]
    warnings += [STALE] if any(item.older for item in unlike) else []
    return Estimate(
        network=plan.network.name,
        multipliers=plan.multipliers,
        step_cycles=plan.cycles.ii,
        latency_cycles=plan.cycles.latency,
        sequence_cycles=plan.cycles.sequence,
        targets=tuple(_of_target(target, fitted, found, beyond.get(target.name)) for target in chosen),
        warning="; ".join(warnings),
    )


def unknown_units(plan: NetworkPlan, targets: Iterable[str], fitted: Fitted | None = None) -> str:
    """Why there is no estimate on one of ``targets``, with the remedy; "" where there is one.

    A unit that no network of a family's table has could take anything.
    """
    known, units = (fitted or load()).tables, {item.module for item in plan.net.instances}
    for family in dict.fromkeys(target_of(name).family.name for name in targets):
        if family in known and (found := sorted(units - known[family].keys())):
            return f"no network of the table of {family} has {', '.join(found)}; use lmu-hls synth"
    return ""


def check_target(fitted: Fitted, name: str) -> Target:
    """The target ``name``. Raises LmuHlsError for an unknown one, and for one that no model is fitted for."""
    target = target_of(name)
    if target.family.name not in fitted.families or target.passes != target.family.passes:
        raise LmuHlsError(
            f"no estimate for {target.name}: models are fitted for {', '.join(fitted.families)} and those of their "
            f"devices that are synthesised alike; lmu-hls synth counts: lmu-hls synth OUTDIR --target {target.name}"
        )
    return target


def _of_target(target: Target, models: Fitted, operators: Operators, beyond: Sequence[str] | None) -> TargetEstimate:
    """With the clock, beside which stands what is ``beyond`` its networks; without one where this is None."""
    family = target.family.name
    quantities = features(family, operators)
    rules = models.rules[family]
    figures = [Figure(name, count, rules[name]) for name, count in exact_counts(family, operators).items()]
    fitted = [_fitted(name, model, quantities) for name, model in models.families[family].items()]
    usage = usage_of(target, {figure.resource: figure.count for figure in (*fitted, *figures)})
    # Cells change little with the Verilog, the slowest path does
    clock = models.clocks.get(target.name) if beyond is not None else None
    clocks = [_clock(clock, clock_features(family, operators), beyond or ())] if clock else []
    return TargetEstimate(target.name, target.title, (*fitted, *figures, *clocks), usage, lacking(usage))


def _fitted(name: str, model: Model, quantities: Mapping[str, float]) -> Figure:
    outside = tuple(model.beyond(quantities))
    return Figure(name, round(model.value(quantities)), None, model.held_out, model.others, outside)


def _clock(model: Model, quantities: Mapping[str, float], beyond: Sequence[str]) -> Figure:
    figure = _fitted("MHz", model, quantities)
    return replace(figure, count=round(1000 / model.value(quantities)), outside=(*figure.outside, *beyond))
