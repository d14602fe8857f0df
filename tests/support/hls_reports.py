"""Reports in the form of Vivado HLS (2019.2) and Vitis HLS (2023.1), and a program that leaves them as these do."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

PROFILE = """\
<profile>

<ReportVersion>
<Version>{version}</Version>
</ReportVersion>

<UserAssignments>
<unit>ns</unit>
<ProductFamily>zynq</ProductFamily>
<Part>xc7z020-clg400-1</Part>
<TopModelName>{name}</TopModelName>
<TargetClockPeriod>5.00</TargetClockPeriod>
<ClockUncertainty>0.62</ClockUncertainty>
</UserAssignments>

<PerformanceEstimates>
<PipelineType>dataflow</PipelineType>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<EstimatedClockPeriod>4.429</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>{latency}</Best-caseLatency>
<Average-caseLatency>{latency}</Average-caseLatency>
<Worst-caseLatency>{latency}</Worst-caseLatency>
<Interval-min>{latency}</Interval-min>
<Interval-max>{latency}</Interval-max>
</SummaryOfOverallLatency>
{loops}</PerformanceEstimates>

<AreaEstimates>
<Resources>
<BRAM_18K>{bram}</BRAM_18K>
<{dsp_tag}>{dsp}</{dsp_tag}>
<FF>{ff}</FF>
<LUT>{lut}</LUT>
<URAM>0</URAM>
</Resources>
<AvailableResources>
<BRAM_18K>280</BRAM_18K>
<{dsp_tag}>220</{dsp_tag}>
<FF>106400</FF>
<LUT>53200</LUT>
<URAM>0</URAM>
</AvailableResources>
</AreaEstimates>

</profile>
"""
NESTED = """\
<SummaryOfLoopLatency>
<StepLoop>
<TripCount>5</TripCount>
<Latency>320</Latency>
<IterationLatency>64</IterationLatency>
<InstanceList>
</InstanceList>
</StepLoop>
</SummaryOfLoopLatency>
"""
PIPELINED = """\
<SummaryOfLoopLatency>
<StepLoop>
<Slack>7.30</Slack>
<TripCount>5</TripCount>
<Latency>62</Latency>
<AbsoluteTimeLatency>310</AbsoluteTimeLatency>
<PipelineII>8</PipelineII>
<PipelineDepth>31</PipelineDepth>
<InstanceList>
</InstanceList>
</StepLoop>
</SummaryOfLoopLatency>
"""
LMU = "lmu_ap_fixed_16_6_5_3_0_ap_fixed_16_6_5_3_0_config2"
DENSE = "dense_latency_ap_fixed_16_6_5_3_0_ap_fixed_16_6_5_3_0_config3"


@dataclass(frozen=True, slots=True)
class Form:
    """A tool with the tag of its DSPs and its file of solutions; ``apart``: a pipelined loop is a function."""

    tool: str
    program: str
    version: str
    dsp_tag: str
    app: str
    apart: bool


VIVADO = Form("Vivado HLS", "vivado_hls", "2019.2", "DSP48E", "vivado_hls.app", False)
VITIS = Form("Vitis HLS", "vitis-run", "2023.1", "DSP", "hls.app", True)


def report(form: Form, name: str, latency: object, uses: tuple[int, int, int, int], loops: str = "") -> str:
    """A report whose ``uses`` are BRAM, DSP, FF and LUT."""
    bram, dsp, ff, lut = uses
    return PROFILE.format(
        version=form.version, dsp_tag=form.dsp_tag, name=name, latency=latency, bram=bram, dsp=dsp, ff=ff, lut=lut,
        loops=loops,
    )  # fmt: skip


def write_project(folder: Path, backend: str = "vitis") -> Path:
    """What is read of a project of hls4ml: its names and its top function."""
    (folder / "firmware").mkdir(parents=True)
    lines = (f'set {key} "{value}"\n' for key, value in (("project_name", "lmu"), ("backend", backend)))
    (folder / "project.tcl").write_text("".join(lines))
    (folder / "firmware" / "lmu.cpp").write_text(
        dedent("""\
            void lmu(input_t x[5*2], result_t layer3_out[3]) {
                nnet::lmu<input_t, layer2_t, config2>(x, layer2_out, a2, nnet::lmu_none, table2); // lmu
                nnet::dense<layer2_t, result_t, config3>(layer2_out, layer3_out, w3, b3); // head
                nnet::relu<layer3_t, result_t, relu_config4>(layer3_out, layer4_out); // inlined
            }
            """)
    )
    return folder


def write_reports(project: Path, form: Form, pipelined: bool = False) -> None:
    """The reports that ``form`` leaves of :func:`write_project`; ``pipelined``: of Strategy Latency."""
    solution = project / "lmu_prj" / "solution1"
    folder = solution / "syn" / "report"
    folder.mkdir(parents=True)
    (solution.parent / form.app).write_text(
        '<project xmlns="com.autoesl.autopilot.project" name="lmu_prj" top="lmu">\n    <solutions xmlns="">\n'
        '        <solution name="solution1" status="active"/>\n    </solutions>\n</project>\n'
    )
    loops = PIPELINED if pipelined else NESTED
    apart = pipelined and form.apart
    texts = {
        "lmu": report(form, "lmu", 350, (7, 21, 4100, 5200)),
        f"{LMU}_s": report(form, f"{LMU}_s", 322, (6, 15, 3000, 4000), "" if apart else loops),
        f"{DENSE}_s": report(form, f"{DENSE}_s", 2, (0, 5, 90, 200)),
    }
    if apart:
        texts[f"{LMU}_Pipeline_StepLoop"] = report(form, f"{LMU}_Pipeline_StepLoop", 62, (5, 15, 2900, 3900), loops)
    for name, text in texts.items():
        (folder / f"{name}_csynth.xml").write_text(text)


STUB = """\
#!{python}
import json, shutil, sys, time
from pathlib import Path
here = Path.cwd()
chosen = here / "build_opt.tcl"
record = {{"argv": sys.argv[1:], "options": chosen.read_text() if chosen.is_file() else ""}}
Path({record!r}).write_text(json.dumps(record))
print("INFO: [HLS 200-10] Starting C synthesis", flush=True)
{action}
"""
REPORTS = "shutil.copytree({source!r}, here / 'lmu_prj', dirs_exist_ok=True)"


def write_stub(folder: Path, form: Form, action: str = "", source: Path | None = None) -> Path:
    """A program of the tool's name in ``folder``, which says in record.json how it was called, then does ``action``.

    Without one it leaves the reports that lie in the project ``source``. Gives the file of the record.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program, record = folder / form.program, folder / "record.json"
    action = action or REPORTS.format(source=str(source / "lmu_prj") if source else "")
    program.write_text(STUB.format(python=sys.executable, record=str(record), action=action))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return record
