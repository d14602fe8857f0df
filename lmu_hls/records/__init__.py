"""The results that travel between convert, verify, synth and report: frozen, plain, each number with its source.

Files in an output folder (lmu_hls.records.folder), written with `dump(path, record)` and read with `load(path, kind)`:

    manifest.json   Manifest       what was converted
    convert.json    Conversion     the files that the conversion wrote, by hash
    precision.json  Precision      the types that were chosen, and why
    verify.json     Verification   comparisons, timing, overruns and accuracy, by data set
    traces.json     Traces         what of verify is drawn
    synth.json      Synthesis      what each unit takes, by target
    place.json      Placements     clock, utilisation and critical path of each unit, by device
    hls.json        HlsSynthesis   what AMD's HLS tool says of the project in hls/
    energy.json     Energy         activity in a simulation, and the energy of an inference, an estimate
    asic.json       StandardCells  area, clock and energy in standard cells, estimates

Each holds its evidence (lmu_hls.records.evidence): what it is about. All have one schema (lmu_hls.records.schema).
"""

from lmu_hls.records.asic import StandardCells
from lmu_hls.records.energy import Activity, Energy, OperationEnergy
from lmu_hls.records.hls import HlsFigures, HlsLayer, HlsSynthesis
from lmu_hls.records.jsonfile import write_bytes, write_text
from lmu_hls.records.model import (
    Conversion,
    EndSummary,
    Hardware,
    LayerPlan,
    LayerSummary,
    Manifest,
    ModelSummary,
    PartPlan,
    Reuse,
    Unit,
)
from lmu_hls.records.number import SOURCES, Number
from lmu_hls.records.placement import CriticalPath, Place, Placement, Placements, SeedRun, TargetPlacement, Usage
from lmu_hls.records.precision import Precision, TensorPrecision
from lmu_hls.records.schema import SCHEMA, dump, load, text_of, unseal
from lmu_hls.records.synth import Resources, Synthesis, TargetSynthesis
from lmu_hls.records.verify import (
    Accuracy,
    Check,
    Comparison,
    Deviation,
    Difference,
    Fidelity,
    Overrun,
    Reference,
    Ties,
    Timing,
    Verification,
)

__all__ = [
    "SCHEMA",
    "SOURCES",
    "Accuracy",
    "Activity",
    "Check",
    "Comparison",
    "Conversion",
    "CriticalPath",
    "Deviation",
    "Difference",
    "EndSummary",
    "Energy",
    "Fidelity",
    "Hardware",
    "HlsFigures",
    "HlsLayer",
    "HlsSynthesis",
    "LayerPlan",
    "LayerSummary",
    "Manifest",
    "ModelSummary",
    "Number",
    "OperationEnergy",
    "Overrun",
    "PartPlan",
    "Place",
    "Placement",
    "Placements",
    "Precision",
    "Reference",
    "Resources",
    "Reuse",
    "SeedRun",
    "StandardCells",
    "Synthesis",
    "TargetPlacement",
    "TargetSynthesis",
    "TensorPrecision",
    "Ties",
    "Timing",
    "Unit",
    "Usage",
    "Verification",
    "dump",
    "load",
    "text_of",
    "unseal",
    "write_bytes",
    "write_text",
]
