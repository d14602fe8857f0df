"""report, synth and doctor print what is stored or ask tools: they import neither TensorFlow nor Keras nor hls4ml.

Nor do convert and demo before they refuse an output folder that is not free, or options that do not go together.

Nor SciPy, of which they need nothing. So does the help of every command, which is read before anything else.
"""

import json
import subprocess
import sys

import pytest

from lmu_hls import cli

HEAVY = ("tensorflow", "keras", "hls4ml", "jax", "torch", "scipy")
COMMANDS = [command.callback.__name__ for command in cli.app.registered_commands]
SCRIPT = """
import json, sys
from lmu_hls import cli
status = 0
for arguments in %s:
    try:
        cli.main(arguments)
    except SystemExit as stop:
        status = status or stop.code or 0
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""
HELP = SCRIPT % '[[name, "--help"] for name in sys.argv[1:]]'
SCRIPT %= "[sys.argv[1:]]"


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [
        (("report", "{}"), (4,)),
        (("report", "{}", "{}"), (0,)),
        (("synth", "{}"), (0, 1)),
        (("synth", "{}", "--target", "up5k", "--route"), (0, 1)),
        (("doctor",), (0, 1)),
        (("convert", "m.keras", "{}"), (1,)),  # of what is refused before a model is read
        (("convert", "m.keras", "absent", "--max-bits", "9"), (1,)),
        (("demo", "{}"), (1,)),
    ],
)
def test_a_light_command_imports_nothing_heavy(light_folder, arguments, statuses):
    status, modules, said = run(SCRIPT, *(argument.format(light_folder) for argument in arguments))
    assert status in statuses, said
    assert not set(HEAVY) & set(modules)


def test_help_imports_nothing_heavy():
    """All in one process, so that what one of them imports is seen at the end."""
    status, modules, said = run(HELP, *COMMANDS)
    assert not status, said
    assert len(COMMANDS) > 8 and not set(HEAVY) & set(modules)


def test_what_is_heavy_is_seen():
    """A seeded fault."""
    assert "scipy" in run("import scipy\n" + HELP, "report")[1]


def run(script, *arguments):
    """The exit status, the packages that were imported, and what was said."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    return status, modules, done.stderr


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
