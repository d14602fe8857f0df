"""What was converted: the Keras model, the Verilog units and what they take by formula; manifest.json, convert.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.fixed import FixedType
from lmu_hls.records.evidence import Evidence
from lmu_hls.records.hls import HlsFigures
from lmu_hls.records.number import check_counts


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One layer: Keras class, output shape without the batch, parameters, `precision` by tensor name.

    `remark` says what became of it where that is not what its class says.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    precision: Mapping[str, FixedType] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """The Keras model: its layers in order; `parameters` is the sum over them."""

    name: str
    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Unit:
    """One Verilog unit: name in reports, top module, instance parameters, files below the output folder.

    ``folder`` is the one that the Verilog names its ROM files from, below the output folder.
    """

    name: str
    top: str
    parameters: Mapping[str, int | str]
    sources: tuple[str, ...]
    folder: str

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"unit {self.name} has no source files")


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A part of a layer in the Verilog, one matrix or the memory unit, with the ``lanes`` that it got.

    ``macs`` are the multiplications of a step that the layer needs, ``cycles`` those of a step of the part alone, and
    ``all_cycles`` what they would be if blocks of zeros were not left out (None: none is).
    """

    name: str
    macs: int
    lanes: int
    multipliers: int
    cycles: int
    all_cycles: int | None = None

    def __post_init__(self) -> None:
        check_counts(self, "macs", "lanes", "multipliers", "cycles")


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """A layer of the Verilog, its reuse factor (None without multiplications), its parts and what it takes.

    ``types`` by tensor. A step takes ``ii_cycles``, by ``formulas``, a text and its ``cycles`` for each unit.
    ``multipliers`` are those of the parts and ``product_multipliers``, those beside them; ``executions`` are the steps
    of a sequence that go through it.
    """

    name: str
    kind: str
    types: Mapping[str, FixedType]
    reuse_factor: int | None
    ii_cycles: int
    formulas: Mapping[str, str]
    cycles: Mapping[str, int]
    multipliers: int
    product_multipliers: int
    parts: tuple[PartPlan, ...]
    executions: int


@dataclass(frozen=True, slots=True)
class Reuse:
    """What the Verilog made of the reuse factor `wanted`, in cycles a step, by formula.

    `fewest` to `most` cycles are possible, `text` says it in a sentence; `missed`: `wanted` is not among them.
    """

    wanted: int
    cycles: int
    fewest: int
    most: int
    text: str
    missed: bool

    def __post_init__(self) -> None:
        check_counts(self, "wanted", "cycles", "fewest", "most")


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the Verilog of a network takes, by formula: cycles, and multipliers, those of the gates of cells with them.

    ``utilisation`` (0 to 1) is the share of the multipliers' cycles that the products need. ``sequence_cycles`` go by
    from the start of one sequence to that of the next. ``reuse`` is None where no reuse factor was asked for.
    """

    layers: tuple[LayerPlan, ...]
    ii_cycles: int
    latency_cycles: int
    sequence_cycles: int
    multipliers: int
    utilisation: float
    reuse: Reuse | None = None


@dataclass(frozen=True, slots=True)
class EndSummary:
    """An input or output of the network: ``steps`` of ``values`` a sequence (None: one vector), all of one type.

    ``any_length``: a sequence may have fewer steps, down to one.
    """

    name: str
    steps: int | None
    values: int
    type: FixedType
    any_length: bool = False

    @property
    def length(self) -> str:
        """How many steps a sequence has, in words; "" of a vector."""
        return "" if self.steps is None else f"{'up to ' * self.any_length}{self.steps} steps"

    def __str__(self) -> str:
        steps = f"{self.length} of " if self.length else ""
        return f"{steps}{self.values} value{'s' * (self.values != 1)} of {self.type.short}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `convert` wrote: the model, hls4ml backend and io_type, Verilog units, tool versions by name.

    ``inputs`` and ``outputs`` are those of the network. ``hardware`` is that of the whole network in Verilog,
    ``hls`` the estimate of the LMU layers in C++, None where there is no model for it. ``stateful``: its state stays
    from call to call. ``optimized`` says how the settings were chosen where `--optimize` did it.
    """

    model: ModelSummary
    backend: str
    io_type: str
    units: tuple[Unit, ...]
    tools: Mapping[str, str]
    inputs: tuple[EndSummary, ...] = ()
    outputs: tuple[EndSummary, ...] = ()
    hardware: Hardware | None = None
    hls: HlsFigures | None = None
    stateful: bool = False
    optimized: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` wrote, by hash; the manifest is the same for the same model, and a .keras file is not."""

    evidence: Evidence
