"""What a written project is: its streams, parameters, cycles, multipliers and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records import Hardware

if TYPE_CHECKING:  # who only reads a manifest needs no planner
    from lmu_hls.rtl.ends import End
    from lmu_hls.rtl.plan import NetworkPlan
    from lmu_hls.rtl.reuse import Settled


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """A stream of the top: ``values`` a step (or a sequence, if it does not give every step) of ``type``.

    ``name`` is that of the input or the layer in the model; the ports begin with ``port``. A beat has ``together``
    values in as many equal parts of its bits, the first one in the low bits; a step begins with a beat.
    """

    name: str
    port: str
    type: FixedType
    bus_bits: int
    values: int
    every_step: bool
    together: int = 1


@dataclass(frozen=True, slots=True)
class TapEntry:
    """A stream inside the top. ``order[k]`` is the place of beat k in the tensor; None: natural order."""

    layer: str
    tensor: str
    wires: str
    type: FixedType
    values: int
    order: tuple[int, ...] | None
    together: int = 1


@dataclass(frozen=True, slots=True)
class InstanceEntry:
    """An instance of the module ``module``, which is the library's ``library`` under the project's name."""

    module: str
    library: str
    name: str
    parameters: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Project:
    """The whole project: ``files`` maps files to their SHA-256, ``words`` ROM files to their lengths.

    ``roms`` maps the names of ROMs in the parameters of the instances to the files with their contents.
    """

    network: str
    top: str
    streaming: bool
    check_steps: bool
    axi_lite: bool
    steps: int
    inputs: tuple[StreamEntry, ...]
    outputs: tuple[StreamEntry, ...]
    hardware: Hardware
    counters: tuple[str, ...]
    taps: tuple[TapEntry, ...]
    instances: tuple[InstanceEntry, ...]
    roms: Mapping[str, str]
    files: Mapping[str, str]
    words: Mapping[str, int]
    values_per_beat: int = 1  # as in RtlOptions

    @property
    def input(self) -> StreamEntry:
        """The only one; LmuHlsError where there are several."""
        return self._only(self.inputs, "inputs")

    @property
    def output(self) -> StreamEntry:
        """The only one; LmuHlsError where there are several."""
        return self._only(self.outputs, "outputs")

    def _only(self, streams: tuple[StreamEntry, ...], what: str) -> StreamEntry:
        if len(streams) != 1:
            raise LmuHlsError(
                f"network {self.network!r} has {len(streams)} {what}, and power estimates take one stream; "
                "put tensors side by side with Concatenate"
            )
        if streams[0].together != 1:
            raise LmuHlsError(
                f"the {what} of network {self.network!r} have {streams[0].together} values a beat, and power estimates "
                "take one; convert it with ValuesPerBeat: 1"
            )
        return streams[0]


def hardware(plan: NetworkPlan, settled: Settled | None = None) -> Hardware:
    """What the network of ``plan`` takes; ``settled``: what was made of the reuse factor that was asked for."""
    from lmu_hls.rtl.plan import utilisation

    return Hardware(
        layers=plan.layers,
        ii_cycles=plan.cycles.ii,
        latency_cycles=plan.cycles.latency,
        sequence_cycles=plan.cycles.sequence,
        multipliers=plan.multipliers,
        utilisation=utilisation(plan),
        reuse=None if settled is None else settled.reuse,
    )


def project(plan: NetworkPlan, files: Mapping[str, str], settled: Settled | None = None) -> Project:
    """The manifest of ``plan``; ``files`` maps names to hashes, ``settled`` as for :func:`hardware`."""
    from lmu_hls.rtl.packed import plain

    network, options = plan.network, plan.options
    return Project(
        network=network.name,
        top=plan.top,
        streaming=options.streaming,
        check_steps=options.check_steps,
        axi_lite=options.axi_lite,
        steps=network.steps,
        inputs=tuple(map(_stream, plan.inputs)),
        outputs=tuple(map(_stream, plan.outputs)),
        hardware=hardware(plan, settled),
        counters=tuple(f"{clip.layer}.{clip.tensor}" for clip in plan.net.clips) if options.axi_lite else (),
        taps=tuple(TapEntry(t.layer, t.tensor, t.wires, t.type, t.count, t.order, t.together) for t in plan.net.taps),
        instances=tuple(
            InstanceEntry(plan.names.module(i.module), i.module, i.name, plain(i.parameters))
            for i in plan.net.instances
        ),
        roms=_roms(plan),
        files=dict(sorted(files.items())),
        words={} if options.inline_roms else {plan.names.rom(r): len(r.words) for r in plan.net.roms.values()},
        values_per_beat=options.values_per_beat,
    )


def _stream(end: End) -> StreamEntry:
    return StreamEntry(end.name, end.prefix, end.type, end.bus, end.count, end.every_step, end.together)


def _roms(plan: NetworkPlan) -> dict[str, str]:
    if plan.options.inline_roms:
        return dict.fromkeys(plan.net.roms, f"rtl/{plan.names.module('lmu_rom')}.v")
    return {file: plan.names.rom(rom) for file, rom in plan.net.roms.items()}
