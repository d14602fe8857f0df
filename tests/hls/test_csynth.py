"""The reports of Vivado HLS and Vitis HLS, in their forms: every figure is read, and what is not whole is refused."""

import contextlib
import io

import pytest
from hls4ml.report import parse_vivado_report

from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.csynth import Call, calls, read_figures
from lmu_hls.records import HlsLayer
from tests.support.hls_reports import LMU, VITIS, VIVADO, write_project, write_reports
from tests.support.mutants import change

FORMS = pytest.mark.parametrize("form", [VIVADO, VITIS], ids=lambda form: form.program)
REPORT = "lmu_prj/solution1/syn/report/lmu_csynth.xml"


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project")


@FORMS
@pytest.mark.parametrize(("pipelined", "step", "interval"), [(False, 64, 64), (True, 31, 8)])
def test_layers_and_total(form, pipelined, step, interval, project):
    write_reports(project, form, pipelined)
    figures = read_figures(project, form.tool)
    assert figures.source == f"{form.tool} {form.version}" and not figures.is_estimate
    assert (figures.part, figures.clock_ns) == ("xc7z020-clg400-1", 4.429)
    memory = HlsLayer(
        "lmu", latency_cycles=step, ii_cycles=interval, sequence_cycles=322, dsp=15, bram18=6, ff=3000, lut=4000
    )
    head = HlsLayer("head", sequence_cycles=2, dsp=5, bram18=0, ff=90, lut=200)
    assert figures.layers == (memory, head)  # the third is part of the top function
    assert figures.total == HlsLayer("total", sequence_cycles=350, dsp=21, bram18=7, ff=4100, lut=5200)


@FORMS
def test_the_total_is_what_hls4ml_reads(form, project):
    write_reports(project, form)
    with contextlib.redirect_stdout(io.StringIO()):
        found = parse_vivado_report(str(project))["CSynthesisReport"]
    total = read_figures(project, form.tool).total
    assert [int(found[name]) for name in ("WorstLatency", "DSP", "BRAM_18K", "FF", "LUT")] == [
        total.sequence_cycles, total.dsp, total.bram18, total.ff, total.lut,
    ]  # fmt: skip


def test_what_the_tool_does_not_know_is_none(project):
    write_reports(project, VITIS)
    change(project / REPORT, "<Worst-caseLatency>350</", "<Worst-caseLatency>undef</")
    assert read_figures(project, VITIS.tool).total.sequence_cycles is None


def test_an_accelerator_has_another_top(tmp_path):
    project = write_project(tmp_path / "project", backend="vivadoaccelerator")
    write_reports(project, VIVADO)
    with pytest.raises(LmuHlsError, match=r"lmu_axi_csynth\.xml"):
        read_figures(project, VIVADO.tool)
    report = project / REPORT
    report.rename(report.with_name("lmu_axi_csynth.xml"))
    assert read_figures(project, VIVADO.tool).total.dsp == 21


def test_a_function_belongs_to_the_layer_of_its_config(project):
    memory, head, relu = calls(project)
    assert (memory, relu) == (Call("lmu", "config2", "lmu"), Call("relu", "relu_config4", "inlined"))
    assert memory.is_in(f"{LMU}_s") and memory.is_in(f"{LMU}_Pipeline_StepLoop")
    assert not memory.is_in("lmu_ap_fixed_config20_s") and not head.is_in(f"{LMU}_s")


def test_no_report_and_a_damaged_one(project):
    with pytest.raises(LmuHlsError, match="has no report of an HLS tool; run: lmu-hls build"):
        read_figures(project, VITIS.tool)
    write_reports(project, VITIS)
    change(project / REPORT, "</profile>", "")
    with pytest.raises(LmuHlsError, match=r"lmu_csynth\.xml is not a whole report"):
        read_figures(project, VITIS.tool)
    (project / REPORT).write_text("<profile/>")
    with pytest.raises(LmuHlsError, match="has neither cycles nor resources"):
        read_figures(project, VITIS.tool)
    (project / REPORT).unlink()
    with pytest.raises(LmuHlsError, match=r"Vitis HLS left no report .*lmu_csynth\.xml"):
        read_figures(project, VITIS.tool)
