"""AMD's tool, a recording stub: how it is called, what is kept, and what is said of a crash, the time and no report."""

import json
import os

import pytest

from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.targets import TARGETS
from lmu_hls.hls.vendor import STEPS, checked_build, synthesize
from tests.support.hls_reports import VITIS, VIVADO, write_project, write_reports, write_stub
from tests.support.lmu_models import convert, lmu, model
from tests.support.mutants import change

BY_NAME = {target.name: target for target in TARGETS}
SYNTH_ALONE = {step: int(step in ("reset", "synth")) for step in STEPS}


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project")


@pytest.fixture
def run(tmp_path, monkeypatch, project):
    """Runs the tool of a form, a stub on PATH; gives the figures and how it was called."""

    def start(form, backend, action=""):
        reports = tmp_path / "reports"
        if not reports.exists():
            write_reports(write_project(reports), form)
        record = write_stub(tmp_path / "bin", form, action, reports)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        figures = synthesize(project, BY_NAME[backend], tmp_path / "work")
        return figures, json.loads(record.read_text())

    return start


def test_vitis_gets_its_options_in_a_file(run, project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    figures, called = run(VITIS, "Vitis")
    assert figures.total.dsp == 21 and figures.source == "Vitis HLS 2023.1"
    assert called["argv"] == ["--tcl", "build_prj.tcl", "--mode", "hls"]
    lines = [line.split() for line in called["options"].splitlines()[1:-1]]
    assert {name: int(value) for name, value in lines} == SYNTH_ALONE
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("backend", ["Vivado", "VivadoAccelerator"])
def test_vivado_gets_its_options_in_the_command(backend, run):
    figures, called = run(VIVADO, backend)
    assert figures.source == "Vivado HLS 2019.2" and figures.layers[0].name == "lmu"
    script, options = called["argv"][:2], called["argv"][2:]
    assert script == ["-f", "build_prj.tcl"] and len(options) == 1
    assert dict(pair.split("=") for pair in options[0].split()) == {k: str(v) for k, v in SYNTH_ALONE.items()}


def test_a_crash_no_report_and_the_time(run, tmp_path):
    log = tmp_path / "work" / "build.log"
    with pytest.raises(LmuHlsError, match=r"(?s)vitis_hls failed \(exit status 1\).*The log is .*build.log.*ERROR: 7"):
        run(VITIS, "Vitis", "print('ERROR: 7'); sys.exit(1)")
    assert "Starting C synthesis" in log.read_text()
    with pytest.raises(LmuHlsError, match=r"has no report of an HLS tool.*The log is .*build.log"):
        run(VITIS, "Vitis", "pass")
    process.set_limit(3)  # a tool in Python starts late beside much other work
    try:
        with pytest.raises(LmuHlsError, match=r"did not end within 3 s and was stopped.*build.log.*--tool-timeout"):
            run(VITIS, "Vitis", "time.sleep(30)")
    finally:
        process.set_limit(None)
    assert "Starting C synthesis" in log.read_text()


def test_no_tool_and_another_vendor(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LmuHlsError, match=r"vitis_hls is not installed\. Install it with"):
        synthesize(project, BY_NAME["Vitis"], tmp_path / "work")
    with pytest.raises(LmuHlsError, match="Quartus projects are not for AMD's tools"):
        synthesize(project, BY_NAME["Quartus"], tmp_path / "work")


class Model:
    """As much of hls4ml's graph as is asked of it here."""

    def __init__(self, *kinds, folder="project"):
        self.layers = [type("Node", (), {"class_name": kind}) for kind in kinds]
        self.config = type("Config", (), {"get_output_dir": staticmethod(lambda: folder)})

    def get_layers(self):
        return self.layers


def fail(model, **options):
    raise Exception("Build failed")


def test_hls4mls_build_ends_with_a_report_or_a_message():
    whole = {"CSynthesisReport": {"DSP": "21"}}
    checked = checked_build(lambda model, synth=True, csim=True: dict(whole))
    assert checked(Model("LMU"), csim=False) == whole
    silent = checked_build(lambda model, **options: {})
    with pytest.raises(LmuHlsError, match="left no report of C synthesis in project"):
        silent(Model("LMU"))
    assert silent(Model("LMU"), synth=False) == {} == silent(Model("Dense"))
    with pytest.raises(LmuHlsError, match=r"did not build project: Build failed; see the \.log files there"):
        checked_build(fail)(Model("Input", "LMU"))
    with pytest.raises(Exception, match=r"^Build failed$"):
        checked_build(fail)(Model("Dense"))


def test_hls_models_of_amds_backends_build_so(tmp_path, monkeypatch):
    """Through hls4ml's own build(): the stub leaves its reports where hls4ml's parser looks for them."""
    settings = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}}
    graph = convert(model(lmu(None, name="lmu")), tmp_path / "project", settings, backend="Vivado")
    graph.write()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    write_stub(tmp_path / "bin", VIVADO, "sys.exit(1)")  # of whose exit status hls4ml takes no notice
    with pytest.raises(LmuHlsError, match="project"):
        graph.build()
    reports = write_project(tmp_path / "reports")
    change(reports / "project.tcl", "lmu", "myproject")
    write_reports(reports, VIVADO)
    (reports / "lmu_prj").rename(reports / "myproject_prj")
    top = reports / "myproject_prj" / "solution1" / "syn" / "report" / "lmu_csynth.xml"
    top.rename(top.with_name("myproject_csynth.xml"))
    copy = f"shutil.copytree({str(reports / 'myproject_prj')!r}, here / 'myproject_prj')"
    write_stub(tmp_path / "bin", VIVADO, copy)
    assert graph.build()["CSynthesisReport"]["DSP"] == "21"
