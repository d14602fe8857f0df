"""What a written project is: its streams, parameters, cycles, multipliers and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.rtl.network import LayerPlan, NetworkPlan, utilisation
from lmu_hls.rtl.packed import plain
from lmu_hls.rtl.stages import PartPlan, stage_of

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """A stream of the top: ``values`` a step (or a sequence, if it does not give every step) of ``type``."""

    type: str
    bus_bits: int
    values: int
    every_step: bool


@dataclass(frozen=True, slots=True)
class TapEntry:
    """A stream inside the top. ``order[k]`` is the place of beat k in the tensor; None: natural order."""

    layer: str
    tensor: str
    wires: str
    type: str
    values: int
    order: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """A layer: cycles a step of each part by formula, and the multipliers of each."""

    name: str
    kind: str
    types: Mapping[str, str]
    reuse_factor: int | None
    ii_cycles: int
    formulas: Mapping[str, str]
    cycles: Mapping[str, int]
    multipliers: int
    product_multipliers: int
    parts: tuple[PartPlan, ...]
    executions: int


@dataclass(frozen=True, slots=True)
class InstanceEntry:
    """An instance of the module ``module``, which is the library's ``library`` under the project's name."""

    module: str
    library: str
    name: str
    parameters: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole project. ``files`` maps files to their SHA-256, ``words`` ROM files to their lengths.

    ``roms`` maps the names of ROMs in the parameters of the instances to the files with their contents.
    """

    format: int
    network: str
    top: str
    streaming: bool
    check_steps: bool
    axi_lite: bool
    steps: int
    input: StreamEntry
    output: StreamEntry
    ii_cycles: int
    latency_cycles: int
    sequence_cycles: int
    multipliers: int
    utilisation: float
    layers: tuple[LayerEntry, ...]
    counters: tuple[str, ...]
    taps: tuple[TapEntry, ...]
    instances: tuple[InstanceEntry, ...]
    roms: Mapping[str, str]
    files: Mapping[str, str]
    words: Mapping[str, int]


def manifest(plan: NetworkPlan, files: Mapping[str, str]) -> Manifest:
    """The manifest of ``plan``; ``files`` maps names to hashes."""
    network, options = plan.network, plan.options
    types = {layer.name: stage_of(layer).types for layer in network.layers}
    return Manifest(
        format=FORMAT,
        network=network.name,
        top=plan.top,
        streaming=options.streaming,
        check_steps=options.check_steps,
        axi_lite=options.axi_lite,
        steps=network.steps,
        input=StreamEntry(str(network.x), plan.in_bus, network.n_in, True),
        output=StreamEntry(str(plan.out.type), plan.out_bus, plan.out.count, plan.every_step),
        ii_cycles=plan.cycles.ii,
        latency_cycles=plan.cycles.latency,
        sequence_cycles=plan.cycles.sequence,
        multipliers=plan.multipliers,
        utilisation=round(utilisation(plan), 6),
        layers=tuple(_layer(layer, types.get(layer.name, {})) for layer in plan.layers),
        counters=tuple(f"{clip.layer}.{clip.tensor}" for clip in plan.net.clips) if options.axi_lite else (),
        taps=tuple(TapEntry(t.layer, t.tensor, t.wires, str(t.type), t.count, t.order) for t in plan.net.taps),
        instances=tuple(
            InstanceEntry(plan.names.module(i.module), i.module, i.name, plain(i.parameters))
            for i in plan.net.instances
        ),
        roms=_roms(plan),
        files=dict(sorted(files.items())),
        words={} if options.inline_roms else {plan.names.rom(r): len(r.words) for r in plan.net.roms.values()},
    )


def _roms(plan: NetworkPlan) -> dict[str, str]:
    if plan.options.inline_roms:
        return dict.fromkeys(plan.net.roms, f"rtl/{plan.names.module('lmu_rom')}.v")
    return {file: plan.names.rom(rom) for file, rom in plan.net.roms.items()}


def _layer(layer: LayerPlan, types: Mapping[str, str]) -> LayerEntry:
    return LayerEntry(
        name=layer.name,
        kind=layer.kind,
        types=types,
        reuse_factor=layer.reuse_factor,
        ii_cycles=layer.pace.ii,
        formulas={name: text for name, (text, _) in layer.pace.formulas.items()},
        cycles={name: cycles for name, (_, cycles) in layer.pace.formulas.items()},
        multipliers=layer.multipliers,
        product_multipliers=layer.product_multipliers,
        parts=layer.parts,
        executions=layer.executions,
    )
