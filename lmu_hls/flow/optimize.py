"""Settings with the least area, the fewest cycles or the best of both, by the estimate and nothing else.

A candidate is a ReuseFactor of the whole model, which says the lanes of every part and whether one engine does all of
them; the form of each memory that may have several; and whether streams carry one value a beat or as many as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, product
from typing import TYPE_CHECKING, Any

from lmu_hls.adders import ADDERS
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow.convert import network_of_model, own_layers
from lmu_hls.front.own_types import has_own_types
from lmu_hls.front.settings import hls_config
from lmu_hls.records.placement import Usage
from lmu_hls.rtl.options import AUTO, RtlOptions
from lmu_hls.rtl.reuse import asking, requests, settle
from lmu_hls.spec import Network
from lmu_hls.synth.estimate import check_target, estimate, unknown_units
from lmu_hls.synth.estimate.model import load
from lmu_hls.synth.families import Target
from lmu_hls.synth.fit import lacking, usage_of

if TYPE_CHECKING:
    import keras

GOALS = ("area", "speed", "balanced")
DENSE, TRIDIAGONAL = "dense", "tridiagonal"  # forms of a memory, the second where its discretizer is bilinear
FORMS = {
    DENSE: {"MemoryUpdate": DENSE},
    TRIDIAGONAL: {"MemoryUpdate": TRIDIAGONAL},
    ADDERS: {"MemoryUpdate": DENSE, "Strategy": ADDERS},
}
MOST_ADDED = 16  # the order of a memory of which the additions are found in seconds
DEVICE = "ecp5-25k"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a candidate asks for; ``forms`` by layer."""

    reuse_factor: int
    values_per_beat: int
    forms: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        beat = f"{self.values_per_beat or AUTO} value{'s' * (self.values_per_beat != 1)} a beat"
        keys = {name: " and ".join(map(" ".join, FORMS[form].items())) for name, form in self.forms.items()}
        forms = [f"{words} of {name!r}" for name, words in keys.items()]
        return ", ".join([f"ReuseFactor {self.reuse_factor}", *forms, beat])

    def over(self, config: Mapping[str, Any] | None) -> dict[str, Any]:
        """``config`` with the forms."""
        made = dict(config or {})
        key = "HLSConfig" if "HLSConfig" in made else None
        inner = dict(made[key]) if key else made
        layers = dict(inner.get("LayerName") or {})
        for name, form in self.forms.items():
            layers[name] = {**(layers.get(name) or {}), **FORMS[form]}
        if self.forms:
            inner["LayerName"] = layers
        return {**made, key: inner} if key else inner


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ``settings`` come to: cycles a step, exactly, and by the estimate the device's parts, and MHz where told."""

    settings: Settings
    cycles: int
    usage: Mapping[str, Usage]
    mhz: float | None = None

    @property
    def area(self) -> float:
        """The sum of the shares of the device's resources."""
        return sum(use.used / use.available for use in self.usage.values())

    @property
    def lacking(self) -> str:
        return lacking(self.usage)


@dataclass(frozen=True, slots=True)
class Optimum:
    """``text`` says what was chosen, from how many candidates and for what."""

    candidate: Candidate
    text: str


def optimize(
    model: keras.Model,
    goal: str,
    target: str = DEVICE,
    *,
    cycles: int | None = None,
    clock_mhz: float | None = None,
    config: Mapping[str, Any] | None = None,
    precision: str | None = None,
    options: RtlOptions | None = None,
    steps: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Optimum:
    """The best settings for ``goal`` that take at most ``cycles`` a step, fit ``target`` and reach ``clock_mhz``.

    Of a family, the first of its devices measures the area. ``options`` say all but the values a beat, of which others
    than 1 are kept. Raises LmuHlsError where nothing keeps to the limits, with the nearest that can be met.
    """
    if goal not in GOALS:
        raise LmuHlsError(f"--optimize {goal!r} is not possible; use one of {', '.join(GOALS)}")
    yardstick = _with_device(check_target(load(), target))
    planned = _planned(model, config, precision, options or RtlOptions(), steps, yardstick)
    found = sorted(planned, key=lambda entry: entry[0])
    within = [entry for entry in found if cycles is None or entry[0] <= cycles]
    if not within:
        raise LmuHlsError(
            f"--cycles {cycles} is out of reach: a step takes {found[0][0]} cycles or more; allow {found[0][0]}"
        )
    judged: list[Candidate] = []
    for _, group in groupby(within, key=lambda entry: entry[0]):
        for entry in group:
            judged.append(_judged(*entry, yardstick))
            if progress is not None:
                progress(len(judged), len(within))
        if goal == "speed" and any(_keeps(candidate, clock_mhz) for candidate in judged):
            break
    if all(candidate.lacking for candidate in judged):
        slower = (_judged(*entry, yardstick) for entry in found[len(within) :])
        if fits := next((candidate for candidate in slower if not candidate.lacking), None):
            raise LmuHlsError(
                f"nothing of at most {cycles} cycles a step fits {yardstick.name}; "
                f"allow {fits.cycles} ({fits.settings})"
            )
    best = choose(judged, goal, yardstick.name, clock_mhz)
    parts = ", ".join(f"{use.used:,} {name}" for name, use in best.usage.items())
    limits = [f"at most {cycles} cycles a step"] * (cycles is not None) + [f"{clock_mhz} MHz"] * (clock_mhz is not None)
    text = (
        f"--optimize {goal} for {', '.join([target, *limits])}: {best.settings}; {best.cycles} cycles a step, {parts} "
        f"by the estimate, the best of {len(judged)} candidates"
    )
    return Optimum(best, text)


def choose(candidates: Sequence[Candidate], goal: str, target: str, clock_mhz: float | None = None) -> Candidate:
    """The best of those that fit the device and reach the clock.

    Area and cycles decide, each where the other is equal; balanced means the least product of both. Raises LmuHlsError
    where there is none.
    """
    ranks: dict[str, Callable[[Candidate], tuple[float, float]]] = {
        "area": lambda candidate: (candidate.area, candidate.cycles),
        "speed": lambda candidate: (candidate.cycles, candidate.area),
        "balanced": lambda candidate: (candidate.cycles * candidate.area, candidate.cycles),
    }
    kept = [candidate for candidate in candidates if _keeps(candidate, clock_mhz)]
    if kept:
        return min(kept, key=ranks[goal])
    fitting = [candidate for candidate in candidates if not candidate.lacking]
    if not fitting:
        near = min(candidates, key=lambda candidate: candidate.area)
        raise LmuHlsError(
            f"nothing within the limits fits {target}; the nearest, {near.settings}, takes {near.cycles} cycles a step "
            f"and needs {near.lacking}: allow more cycles, fewer bits, or a larger device"
        )
    told = [candidate.mhz for candidate in fitting if candidate.mhz is not None]
    if not told:
        raise LmuHlsError(f"no clock is estimated for {target}: leave --clock out, and see lmu-hls synth --route")
    raise LmuHlsError(f"{clock_mhz} MHz is out of reach on {target}: the estimate has {max(told):.0f} MHz at most")


def _keeps(candidate: Candidate, clock_mhz: float | None) -> bool:
    fast = clock_mhz is None or (candidate.mhz is not None and candidate.mhz >= clock_mhz)
    return fast and not candidate.lacking


def _with_device(target: Target) -> Target:
    if target.device is not None:
        return target
    if not target.family.devices:
        raise LmuHlsError(f"{target.name} has no device to measure the area by; use one of another family")
    return Target(target.family.devices[0].name, target.family, target.family.devices[0])


def _planned(
    model: keras.Model,
    config: Mapping[str, Any] | None,
    precision: str | None,
    options: RtlOptions,
    steps: int | None,
    target: Target,
) -> Iterator[tuple[int, Settings, Network, RtlOptions]]:
    """Every candidate that there is an estimate for, with its cycles a step, what asks for it, and what is built."""
    for forms in _forms(model, config):
        named = Settings(1, 1, forms).over(config)
        network, was = network_of_model(model, named, precision, None, options.name, steps)
        for chosen in _beats(options):
            known = requests(network, chosen.streaming, chosen.ports)
            if chosen is not options:  # wide beats are for fewer cycles than others can take
                known = tuple(request for request in known if request < requests(network, chosen.streaming)[0])
            for request in known:
                asked = asking(network, request, was)
                added = ADDERS in forms.values()
                if (added or chosen is not options) and unknown_units(
                    design(asked, chosen, request).plan, [target.name]
                ):
                    continue
                cycles = settle(asked, request, chosen.streaming, chosen.ports).cycles
                yield cycles, Settings(request, chosen.values_per_beat, forms), asked, chosen


def _beats(options: RtlOptions) -> Iterator[RtlOptions]:
    """As asked for and, where that is the default, as many values a beat as the cycles want."""
    yield options
    if options.values_per_beat == 1:
        yield replace(options, values_per_beat=0)


def _forms(model: keras.Model, config: Mapping[str, Any] | None) -> Iterator[dict[str, str]]:
    """Every choice of a form for the memories of which neither the model nor ``config`` says one."""
    from lmu_hls.layers import LMU

    inner = hls_config(config or {})
    said: dict[str, set[str]] = {}
    for section in ("LayerName", "LayerType"):
        for name, keys in (inner.get(section) or {}).items():
            said.setdefault(name, set()).update(keys or {})
    free = {}
    for layer in own_layers(model).layers if not has_own_types(model) else []:
        keys = set(inner.get("Model") or {}) | said.get(layer.name, set()) | said.get("LMU", set())
        if isinstance(layer, LMU) and "MemoryUpdate" not in keys:
            forms = [DENSE] + [TRIDIAGONAL] * (layer.cell.discretizer == "bilinear")
            forms += [ADDERS] * ("Strategy" not in keys and layer.cell.order <= MOST_ADDED)
            if len(forms) > 1:
                free[layer.name] = forms
    yield from (dict(zip(free, forms, strict=True)) for forms in product(*free.values()))


def _judged(cycles: int, settings: Settings, network: Network, options: RtlOptions, target: Target) -> Candidate:
    (made,) = estimate(design(network, options, settings.reuse_factor).plan, [target.name]).targets
    counts = {figure.resource: figure.count for figure in made.figures}
    return Candidate(settings, cycles, usage_of(target, counts), counts.get("MHz"))
