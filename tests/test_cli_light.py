"""report, synth and doctor print what is stored or ask tools: they import neither TensorFlow nor Keras nor hls4ml."""

import json
import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "hls4ml", "jax", "torch")
SCRIPT = """
import json, sys
from lmu_hls import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code or 0
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [(("report", "{}"), (4,)), (("synth", "{}"), (0, 1)), (("doctor",), (0, 1)), (("report", "--help"), (0,))],
)
def test_a_light_command_imports_nothing_heavy(light_folder, arguments, statuses):
    command = [sys.executable, "-c", SCRIPT, *(argument.format(light_folder) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status in statuses, done.stderr
    assert not set(HEAVY) & set(modules)


@pytest.fixture
def light_folder(tmp_path):
    """A converted folder without one file: manifest and hashes are all that report needs to say that it is stale."""
    from lmu_hls.records import Conversion, Manifest, ModelSummary, Unit, dump
    from lmu_hls.records.evidence import Evidence

    (tmp_path / "top.v").write_text("module top; endmodule")
    unit = Unit("top", "top", {}, ("top.v",), ".")
    dump(tmp_path / "manifest.json", Manifest(ModelSummary("m", ()), "Vitis", "io_parallel", (unit,), {}))
    dump(tmp_path / "convert.json", Conversion(Evidence({"spec.npz": "0" * 64})))
    return tmp_path
