"""The reports of Vivado HLS and Vitis HLS on a project of hls4ml: the figures of the whole, and of each layer.

Each function has a report ``syn/report/NAME_csynth.xml``, whose figures include those of what it calls. That of a layer
is known by the configN in NAME. The step of an LMU layer is its loop StepLoop, which Vitis HLS puts into a function of
its own when it is pipelined. hls4ml's parser reads the top function's alone, and only with the project's .app file.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import HlsFigures, HlsLayer

REPORTS = "syn/report"  # below a solution
STEP = "StepLoop"
_CALL = re.compile(r"nnet::(\w+)<.*?(\w*config\d+)>\(.*?\);(?: // (.*))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call:
    """A layer in the top function: the C++ ``function``, its ``config`` struct, the ``layer``."""

    function: str
    config: str
    layer: str

    def is_in(self, module: str) -> bool:
        """Whether a function that the tool names ``module`` belongs to it: lmu_ap_fixed_..._config2_s."""
        return bool(re.search(rf"_{self.config}(?:_|$)", module))


def read_figures(project: Path, tool: str) -> HlsFigures:
    """The figures of a project after C synthesis by ``tool``, which is the name in the source.

    Raises LmuHlsError where there is no report, or one that is not whole.
    """
    folder = _reports(project)
    top = _top_model(project)
    path = folder / f"{top}_csynth.xml"
    if not path.is_file():
        raise LmuHlsError(f"{tool} left no report {path}; see what it printed, and run C synthesis again")
    root = _parsed(path)
    modules = {found.stem.removesuffix("_csynth"): found for found in sorted(folder.glob("*_csynth.xml"))}
    layers = tuple(filter(None, (_layer(call, modules) for call in calls(project))))
    version = root.findtext("./ReportVersion/Version", "")
    clock = root.findtext("./PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod")
    total = _figures("total", root)
    if total.sequence_cycles is None and total.lut is None:
        raise LmuHlsError(f"{path} is not a whole report: it has neither cycles nor resources; run C synthesis again")
    part = root.findtext("./UserAssignments/Part", "")
    return HlsFigures(f"{tool} {version}".strip(), layers, total, part, clock_ns=_number(clock))


def calls(project: Path) -> list[Call]:
    """The layers that the top function of a project calls, in their order."""
    name = _project_name(project)
    text = _text(project / "firmware" / f"{name}.cpp")
    return [Call(function, config, layer or config) for function, config, layer in _CALL.findall(text)]


def _layer(call: Call, modules: Mapping[str, Path]) -> HlsLayer | None:
    """The figures of a layer; None where the tool made it part of another function."""
    own = [name for name in modules if call.is_in(name)]
    if not own:
        return None
    name = min(own, key=lambda name: (not name.startswith(f"{call.function}_"), len(name)))
    layer = _figures(call.layer, _parsed(modules[name]))
    steps = [loop for module in own for loop in _parsed(modules[module]).iter(STEP)]
    if not steps:
        return layer
    pipelined = next((loop for loop in steps if loop.find("PipelineII") is not None), None)
    loop = steps[0] if pipelined is None else pipelined
    once = _count(loop.findtext("IterationLatency") or loop.findtext("PipelineDepth"))
    return replace(layer, latency_cycles=once, ii_cycles=_count(loop.findtext("PipelineII")) or once)


def _figures(name: str, root: ET.Element) -> HlsLayer:
    """What a report says of its function: the longest latency of a call, and resources."""
    latency = root.findtext("./PerformanceEstimates/SummaryOfOverallLatency/Worst-caseLatency")
    counts = {item.tag: _count(item.text) for item in root.iterfind("./AreaEstimates/Resources/*")}
    dsp = counts.get("DSP", counts.get("DSP48E"))
    bram18, ff, lut = (counts.get(tag) for tag in ("BRAM_18K", "FF", "LUT"))
    return HlsLayer(name, sequence_cycles=_count(latency), dsp=dsp, bram18=bram18, ff=ff, lut=lut)


def _reports(project: Path) -> Path:
    """The folder of reports of the only solution."""
    solutions = sorted(project.glob(f"{_project_name(project)}_prj/*/{REPORTS}"))
    if not solutions:
        raise LmuHlsError(f"{project} has no report of an HLS tool; run: lmu-hls build OUTDIR")
    return solutions[0]


def _project_name(project: Path) -> str:
    found = re.search(r'set project_name "([^"]+)"', _text(project / "project.tcl"))
    if found is None:
        raise LmuHlsError(f"{project}/project.tcl is not as hls4ml writes it; convert the model again")
    return found.group(1)


def _top_model(project: Path) -> str:
    accelerator = 'set backend "vivadoaccelerator"' in _text(project / "project.tcl")
    return _project_name(project) + ("_axi" if accelerator else "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise LmuHlsError(f"cannot read {path}: {error.strerror or error}; convert the model again") from error


def _parsed(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        raise LmuHlsError(f"{path} is not a whole report: {error}; run C synthesis again") from error


def _count(text: str | None) -> int | None:
    """A count; None for "undef" and the like."""
    return int(text) if text is not None and text.strip().isdigit() else None


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
