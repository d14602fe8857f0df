"""What was converted: the Keras model, the Verilog units and what they take by formula; manifest.json, convert.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence
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
    precision: Mapping[str, str] = field(default_factory=dict)
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
class Part:
    """One part of a layer in the Verilog, by formula: `products` of a step on `multipliers` in `cycles`."""

    layer: str
    name: str
    multipliers: int
    products: int
    cycles: int

    def __post_init__(self) -> None:
        check_counts(self, "multipliers", "products", "cycles")


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
class Manifest:
    """What `convert` wrote: the model, hls4ml backend and io_type, Verilog units, tool versions by name.

    `parts` are those of the network in Verilog; `multipliers` has also those of the gates of a hidden cell.
    `utilisation` (0 to 1) is the share of the multipliers' cycles that the products need. The input is (steps, n_in)
    values of one type; `sequence_cycles` go by from the start of one sequence to that of the next, by formula.
    """

    model: ModelSummary
    backend: str
    io_type: str
    units: tuple[Unit, ...]
    tools: Mapping[str, str]
    parts: tuple[Part, ...] = ()
    multipliers: int = 0
    utilisation: float = 0.0
    reuse: Reuse | None = None
    input_shape: tuple[int, ...] = ()
    input_type: str = ""
    sequence_cycles: int = 0


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` wrote, by hash; the manifest is the same for the same model, and a .keras file is not."""

    evidence: Evidence
