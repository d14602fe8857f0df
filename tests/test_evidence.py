"""Nothing that depends on a changed file stays "passed": every file of a verified folder is damaged, one at a time."""

import os
import re
import shutil
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmu_hls import flow, records
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.layers import LMU
from lmu_hls.records import Precision, TensorPrecision, dump, evidence
from lmu_hls.records.evidence import Evidence, digests, of_topics
from lmu_hls.report import write_report
from lmu_hls.synth import synthesize_units
from lmu_hls.toolchain import find

RECORDS = {
    "conversion",
    "project",
    "precision",
    "csim",
    "rtlsim icarus",
    "overruns",
    "accuracy",
    "fidelity",
    "traces",
    "synthesis xc7",
}
# By the start of a path, the first that fits: the records that must fall. Told again here, not read from the package.
FALL = {
    "model.keras": {"conversion", "precision", "accuracy", "fidelity", "traces"},
    "config.yml": {"conversion", "precision"},
    "spec.npz": RECORDS - {"synthesis xc7"},
    "data.npz": {"csim", "rtlsim icarus", "overruns", "accuracy", "fidelity", "traces"},
    "hls/": {"project", "csim"},
    "verilog/rtl/": {"project", "rtlsim icarus", "traces", "synthesis xc7"},
    "verilog/rom/": {"project", "rtlsim icarus", "traces", "synthesis xc7"},
    "verilog/": {"project"},
    "convert.json": {"conversion", "project"},
    "precision.json": {"precision", "overruns"},
    "verify.json": {"csim", "rtlsim icarus", "overruns", "accuracy", "fidelity"},
    "traces.json": {"traces"},
    "synth.json": {"synthesis xc7"},
    "": set(),
}
# None of these bears on "the implementations agree", so it stays "passed" without them.
NOT_JUDGED = {"project", "traces", "synthesis xc7"}
UNHEARD = ("work/", "report.", "plots/", "convert.log")


@pytest.fixture(autouse=True, scope="module")
def quick_reports():
    """Drawing, and waiting for the disk, take longer than all the rest of a report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lmu_hls.report.build.png", lambda picture: b"PNG")
        patch.setattr("lmu_hls.records.jsonfile.os.fsync", lambda file: None)
        yield


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """A tiny network, converted, verified on data with classes that lie in the folder, and synthesised."""
    for tool in ("icarus", "pyosys"):
        if not find(tool).found:
            pytest.skip(f"{tool} is not installed")
    keras.utils.set_random_seed(0)
    cell = keras.layers.Dense(3, name="cell")
    model = keras.Sequential([keras.Input((5, 2)), LMU(2, 3, 5, cell, name="lmu"), keras.layers.Dense(2, name="head")])
    root = tmp_path_factory.mktemp("verified") / "out"
    flow.convert(model, root)
    folder = flow.OutputFolder(root)
    files = of_topics("precision", digests(root))
    tensor = TensorPrecision("lmu", "u", FixedType(16, 6), 1, False, 1.0, 1.0, 1.0, 0, None, None)
    dump(folder.precision, Precision((tensor,), 1, 1, "t", "r", 1.0, 1.0, 1.0, evidence=Evidence(files)))
    np.savez(root / "data.npz", x=np.random.default_rng(0).normal(size=(8, 5, 2)), y=np.arange(8) % 2)
    data = flow.load_data(root / "data.npz", flow.verification.store.load(folder.spec))
    flow.verify(folder, data, simulators=["icarus"])
    synthesize_units(root)
    made = write_report(root)
    assert made.verdict == "passed", made.because
    assert {item.record for item in made.standings} == RECORDS
    return root


def flip(path, position=0.5, bit=0):
    content = bytearray(path.read_bytes())
    content[min(int(position * len(content)), len(content) - 1)] ^= 1 << bit
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\n0")


DAMAGES = {"flip": flip, "truncate": truncate, "lengthen": lengthen, "delete": Path.unlink}


def outcome(root):
    """(exit status, verdict, records that are current) of `report`."""
    try:
        made = write_report(root)
    except LmuHlsError as error:
        # Without a manifest the folder is not known to be ours, and nothing is removed.
        assert not (root / "manifest.json").exists() or not list(root.glob("report.*"))
        return error.exit_code, "", set()
    status = 0
    try:
        made.require()
    except LmuHlsError as error:
        status = error.exit_code
    text = (root / "report.md").read_text()
    assert ("Verification: **passed**" in text) == (status == 0)
    current = {item.record for item in made.standings if item.state == "current"}
    assert bool(made.resources) == ("synthesis xc7" in current) and bool(made.hardware) == (
        {"project", "conversion"} <= current
    )
    assert {check.name for check in made.checks} == current & {"csim", "rtlsim icarus"}
    return status, made.verdict, current


def judge(root, name, damage):
    """Damage one file, demand what must follow, and mend the file."""
    path = root / name
    before, times = path.read_bytes(), path.stat()
    try:
        damage(path)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    except FileNotFoundError:
        pass
    try:
        status, verdict, current = outcome(root)
    finally:
        path.write_bytes(before)
    if name == "manifest.json":
        assert (status, current) == (1, set())
        return
    fall = next(records for start, records in FALL.items() if name.startswith(start))
    assert current == RECORDS - fall, f"{name}: {sorted(current)} are current"
    stays = not fall - NOT_JUDGED
    assert status == (0 if stays else 4), f"{name}: exit status {status}"
    assert verdict == "passed" if stays else verdict in ("stale", "not verified")


def subjects(root):
    """Every file, but what is no result of a command."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return [name for name in names if not name.startswith(UNHEARD)]


ALIKE = ("hls/firmware/nnet_utils/nnet_", "hls/firmware/ap_types/", "verilog/rtl/lmu_f")


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_file_counts(verified, damage):
    """But the many headers of hls4ml, which are alike, and of which one stands for all."""
    for name in subjects(verified):
        if not name.startswith(ALIKE) or name.endswith("nnet_lmu.h"):
            judge(verified, name, DAMAGES[damage])
    assert outcome(verified) == (0, "passed", RECORDS)


def test_a_file_of_each_kind_counts(verified):
    """The first file below each start of a path in `FALL`; every file, and other damages, in the thorough tests."""
    found = set()
    for name in subjects(verified):
        start = next(start for start in FALL if name.startswith(start))
        if start not in found:
            judge(verified, name, flip)
        found.add(start)
    assert found == set(FALL)
    assert outcome(verified) == (0, "passed", RECORDS)


def test_every_one_of_the_headers_counts(verified):
    for name in subjects(verified):
        if name.startswith(ALIKE):
            judge(verified, name, DAMAGES["flip"])
    assert outcome(verified) == (0, "passed", RECORDS)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_bit_counts(verified, data):
    name = data.draw(st.sampled_from(subjects(verified)), "file")
    position = data.draw(st.floats(0, 1), "position")
    judge(verified, name, partial(flip, position=position, bit=data.draw(st.integers(0, 7), "bit")))


@pytest.mark.parametrize(
    ("name", "falls"),
    [
        ("hls/ap_fixed.h", {"project", "csim"}),  # the compiler looks here first
        ("hls/utils/x_hls_utils.h", {"project", "csim"}),
        ("hls/firmware/nnet_utils/more.h", {"project", "csim"}),
        ("hls/firmware/weights/w9.txt", {"project", "csim"}),
        ("verilog/rtl/extra.v", {"project", "rtlsim icarus", "traces", "synthesis xc7"}),
        ("verilog/rom/extra.hex", {"project", "rtlsim icarus", "traces", "synthesis xc7"}),
        # What tools leave
        ("hls/csim/lmu.so", set()),
        ("hls/lmu_prj/solution1/report.xml", set()),
        ("hls/vitis_hls.log", set()),
        ("work/icarus/build/sim.vvp", set()),
        ("verilog/build/sim.vvp", set()),
    ],
)
def test_a_file_that_is_new_counts_where_a_tool_could_read_it(verified, name, falls):
    path = verified / name
    folders = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("// new")
    try:
        status, _, current = outcome(verified)
    finally:
        path.unlink()
        for folder in folders:
            folder.rmdir()
    assert current == RECORDS - falls and status == (4 if falls - NOT_JUDGED else 0)


@pytest.mark.parametrize("kind", ["pipe", "link to a folder", "folder", "dangling link"])
def test_what_cannot_be_hashed_is_never_current(verified, kind, tmp_path):
    """And a pipe is not waited for."""
    path = verified / "hls" / "firmware" / "strange"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path if kind == "link to a folder" else tmp_path / "nowhere")
    try:
        assert ("csim" in outcome(verified)[2]) == (kind == "folder")  # an empty one holds nothing
    finally:
        path.rmdir() if kind == "folder" else path.unlink()


def known_hashes(root, monkeypatch):
    """A hash that never sees a change."""
    before = digests(root)
    monkeypatch.setattr(evidence, "digest", lambda path: before.get(path.relative_to(root).as_posix(), "0" * 64))


def no_seal(root, monkeypatch):
    sealed = records.jsonfile.parse((root / "verify.json").read_text())["sha256"]
    monkeypatch.setattr("lmu_hls.records.schema._seal", lambda fields: sealed)


def no_roms(root, monkeypatch):
    table = {**evidence.SUBJECTS, "rtlsim": ("spec.npz", "verilog/rtl/**")}
    monkeypatch.setattr(evidence, "SUBJECTS", table)


def no_difference(root, monkeypatch):
    monkeypatch.setattr(evidence, "_difference", lambda was, now: "")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (known_hashes, "verilog/rom/*lmu_memory*.hex"),
        (known_hashes, "hls/firmware/lmu.cpp"),
        (known_hashes, "spec.npz"),
        (no_roms, "verilog/rom/*lmu_memory*.hex"),
        (no_difference, "hls/firmware/lmu.cpp"),
    ],
)
def test_a_fault_of_the_checker_is_seen(verified, monkeypatch, fault, name):
    name = sorted(path.relative_to(verified).as_posix() for path in verified.glob(name))[0]
    judge(verified, name, flip)
    fault(verified, monkeypatch)
    with pytest.raises(AssertionError):
        judge(verified, name, flip)


def test_a_record_without_its_seal_is_seen(verified, monkeypatch):
    edit = partial(_replace, old='"exact": 8', new='"exact": 7')
    judge(verified, "verify.json", edit)
    judge(verified, "verify.json", partial(_replace, old='"values_compared": ', new='"values_compared": 1'))
    no_seal(verified, monkeypatch)
    with pytest.raises(AssertionError):
        judge(verified, "verify.json", partial(_replace, old='"values_compared": ', new='"values_compared": 1'))


def _replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_reason_and_the_command_are_said(verified, tmp_path):
    root = Path(shutil.copytree(verified, tmp_path / "moved"))
    assert outcome(root)[0] == 0  # it may be moved
    rom = sorted((root / "verilog" / "rom").glob("*head*.hex"))[0]
    flip(rom)
    made = write_report(root)
    assert made.because == (
        f"rtlsim icarus, data.npz is stale (verilog/rom/{rom.name} has changed); "
        "run: lmu-hls verify OUTDIR --simulator icarus --data data.npz"
    )
    page = (root / "report.md").read_text()
    words = [re.sub(r"[`\\\\|]", "", line).split() for line in page.splitlines()]
    stale = f"synthesis xc7 stale verilog/rom/{rom.name} has changed lmu-hls synth OUTDIR --target xc7"
    assert stale.split() in words
    assert ["csim", "data.npz", "8", "8", "16", "none"] in words
    assert not any(line[:4] == ["rtlsim", "icarus", "data.npz", "8"] for line in words)


def test_few_steps_are_verified_without_a_pace(verified, tmp_path):
    """One sample of five steps, which this design takes in at once."""
    folder = flow.OutputFolder(Path(shutil.copytree(verified, tmp_path / "out")))
    data = flow.random_data(flow.verification.store.load(folder.spec), 1)
    flow.verify(folder, data, csim=False, simulators=["icarus"])
    (check,) = [item for item in write_report(folder.root).checks if item.evidence.data.label == data.label]
    assert check.comparison.passed and check.timing.passed
    assert check.timing.ii_measured is None and "5 steps" in check.timing.unmeasured
    assert outcome(folder.root)[:2] == (0, "passed")
    assert "not measured" in (folder.root / "report.md").read_text()


def test_synth_refuses_a_cut_rom_and_takes_edited_verilog(verified, tmp_path, monkeypatch):
    folder = flow.OutputFolder(Path(shutil.copytree(verified, tmp_path / "out")))
    rom = sorted((folder.verilog / "rom").glob("*head*.hex"))[0]
    whole = rom.read_text()
    truncate(rom)
    with pytest.raises(LmuHlsError, match=r"head.*\.hex has \d+ of \d+ words.*convert again"):
        synthesize_units(folder.root)
    assert not folder.synthesis.exists()  # what was there spoke of another ROM
    rom.write_text(whole)
    (resources,) = write_report(verified).resources
    monkeypatch.setattr("lmu_hls.synth.units.synthesize", lambda *arguments, **options: resources)
    source = sorted((folder.verilog / "rtl").glob("*lmu_affine.v"))[0]
    source.write_text(source.read_text() + "// edited\n")
    synthesize_units(folder.root)
    status, verdict, current = outcome(folder.root)
    assert (status, verdict) == (4, "stale") and "synthesis xc7" in current and "rtlsim icarus" not in current
