"""Records survive JSON exactly, refuse nonsense, and never damage the file that was there."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records import (
    SCHEMA,
    Accuracy,
    Check,
    Comparison,
    Difference,
    LayerSummary,
    Manifest,
    ModelSummary,
    Number,
    Reference,
    Resources,
    Synthesis,
    TargetSynthesis,
    Timing,
    Unit,
    Verification,
    dump,
    jsonfile,
    load,
)
from lmu_hls.records.evidence import ArrayId, DataSet, Evidence

DIFFERENCE = Difference("mem", (3, 0, 11), expected=-7, actual=-8)
DATA = DataSet("test.npz", ArrayId((370, 5, 2), "<f8", "ab" * 32), None)
EVIDENCE = Evidence({"spec.npz": "cd" * 32}, DATA, "lmu-hls verify OUTDIR", {"verilator": "5.052"})
TIMING = Timing(
    "lmu_memory_dense",
    "verilator",
    64,
    Number(60, "cycles", "formula"),
    Number(60, "cycles", "rtl_sim"),
    Number(63, "cycles", "formula"),
    Number(63, "cycles", "rtl_sim"),
)
DIFFERENT = Comparison("rtlsim verilator", "rtl_sim", 4, 3, 4096, DIFFERENCE)
VERIFICATION = Verification(
    (
        Check("csim", "csim", EVIDENCE, Comparison("csim", "csim", 370, 370, 3330, None)),
        Check(
            "rtlsim verilator",
            "rtlsim",
            EVIDENCE,
            Comparison("rtlsim verilator", "rtl_sim", 4, 3, 4096, DIFFERENCE),
            TIMING,
        ),
        Check("rtlsim icarus", "rtlsim", EVIDENCE),
    ),
    (Reference(EVIDENCE, (Accuracy("float", 361, 370, "keras"),)),),
)
RESOURCES = Resources("mem", "xc7", "yosys", "0.70", {"LUT": 306, "BRAM18": 0}, {"DSP48E1": 1, "SRL16E": 4})
MANIFEST = Manifest(
    ModelSummary("vowels", (LayerSummary("lmu", "LMU", (29, 24), 812, {"mem": FixedType(16, 2)}),)),
    "Vitis",
    "io_parallel",
    (Unit("lmu", "lmu_memory_dense", {"ORDER": 6, "A_FILE": "a.hex"}, ("rtl/lmu_memory_dense.v",), "rtl"),),
    {"hls4ml": "1.3.0"},
)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (VERIFICATION, Verification),
        (MANIFEST, Manifest),
        (Synthesis((TargetSynthesis("xc7", (RESOURCES, RESOURCES), EVIDENCE),)), Synthesis),
        (Accuracy("float", 361, 370, "keras"), Accuracy),
        (Number(0.1 + 0.2, "%", "golden"), Number),
        (Number(2**70, "", "count"), Number),
        (Number(1.0, "", "count"), Number),
    ],
)
def test_a_record_comes_back_equal_and_writes_the_same_bytes(tmp_path: Path, record: object, kind: type) -> None:
    path = tmp_path / "new" / "record.json"
    dump(path, record)
    first = path.read_bytes()
    again = load(path, kind)
    assert again == record
    if isinstance(record, Number):
        assert type(again.value) is type(record.value)
    dump(path, again)
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{", "Expecting"),
        ("[]", "expected a Comparison"),
        ('{"name": "csim"}', "field source is missing"),
        ('{"name": "csim", "source": "csim", "samples": 1, "exact": 1, "values_compared": 1, "first_difference": null,'
         ' "date": 1}', "unknown field date"),
        ('{"name": [], "source": "csim", "samples": 1, "exact": 1, "values_compared": 1, "first_difference": null}',
         "name: expected str"),
        ('{"name": "csim", "source": "csim", "samples": true, "exact": 1, "values_compared": 1,'
         ' "first_difference": null}', "samples: expected int, found True"),
        ('{"name": "csim", "source": "csim", "samples": 1, "exact": 2, "values_compared": 1, "first_difference": null}',
         "2 exact of 1 samples"),
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "verify.json"
    path.write_text(text)
    with pytest.raises(LmuHlsError) as caught:
        jsonfile.load(path, Comparison)
    assert cause in str(caught.value)
    assert "verify.json" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            {"schema": SCHEMA + 1},
            f"n.json was written by a newer lmu-hls: schema {SCHEMA + 1}, this one reads {SCHEMA}; install",
        ),
        (
            {"schema": SCHEMA - 1},
            f"n.json was written by an older lmu-hls: schema {SCHEMA - 1}, this one reads {SCHEMA}; convert",
        ),
        (
            {"schema": None},
            f"n.json was written by an older lmu-hls: no schema, this one reads {SCHEMA}; convert again with: lmu-hls",
        ),
        ({"schema": True}, "schema True"),
        ({"sha256": "0" * 64}, "it was changed after lmu_hls wrote it"),
        ({"value": 2}, "it was changed after lmu_hls wrote it"),
        ({"value": 1.0}, "it was changed after lmu_hls wrote it"),
        ({"extra": 1}, "it was changed after lmu_hls wrote it"),
        ({"unit": None}, "it was changed after lmu_hls wrote it"),
    ],
)
def test_a_record_of_another_version_or_an_edited_one_is_refused(tmp_path: Path, change: dict, cause: str) -> None:
    path = tmp_path / "n.json"
    dump(path, Number(1, "cycles", "count"))
    fields = {**jsonfile.parse(path.read_text()), **change}
    jsonfile.dump(path, {name: value for name, value in fields.items() if value is not None})
    with pytest.raises(LmuHlsError) as caught:
        load(path, Number)
    assert cause in str(caught.value)
    assert ("Run the command that writes it again" in str(caught.value)) == ("schema" not in change)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"verify\.json does not exist"):
        load(tmp_path / "verify.json", Verification)


def test_a_full_disk_leaves_the_old_file_intact(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.json"
    dump(path, Accuracy("float", 1, 1, "keras"))
    before = path.read_bytes()
    script = (
        "import resource, sys, pathlib\n"
        "from lmu_hls.errors import LmuHlsError\n"
        "from lmu_hls.records import Number, dump\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    dump(pathlib.Path(sys.argv[1]), Number(1, 'x' * 9000, 'count'))\n"
        "except LmuHlsError as error:\n"
        "    print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "cannot write" in result.stdout
    assert "accuracy.json" in result.stdout
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["accuracy.json"]


def test_nan_and_foreign_types_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    with pytest.raises(ValueError, match="value: NaN is no result"):
        dump(path, Number(float("nan"), "%", "golden"))
    with pytest.raises(TypeError, match="cannot hold a complex"):
        jsonfile.dump(path, [1j])
    assert not path.exists()


def test_a_number_needs_a_known_source() -> None:
    with pytest.raises(ValueError, match="source 'guess' is none of formula"):
        Number(1, "cycles", "guess")


@pytest.mark.parametrize(
    ("samples", "exact", "difference"), [(2, 3, None), (2, 1, None), (2, 2, DIFFERENCE), (-1, -1, None)]
)
def test_a_comparison_that_contradicts_itself_is_refused(
    samples: int, exact: int, difference: Difference | None
) -> None:
    with pytest.raises(ValueError, match=r"csim|samples"):
        Comparison("csim", "csim", samples, exact, 10, difference)


def test_a_unit_needs_sources() -> None:
    with pytest.raises(ValueError, match="unit mem has no source files"):
        Unit("mem", "top", {}, (), "rtl")


def test_nothing_compared_is_not_a_pass() -> None:
    assert not Comparison("csim", "csim", 0, 0, 0, None).passed
    assert not Comparison("csim", "csim", 3, 3, 0, None).passed
    assert not Verification().passed
    assert not VERIFICATION.passed
    assert Verification(VERIFICATION.checks[:1]).passed
    assert not Verification((VERIFICATION.checks[0], Check("rtlsim icarus", "rtlsim", EVIDENCE))).passed
    assert Comparison("csim", "csim", 3, 3, 9, None).passed


def test_timing_passes_only_when_measured_equals_formula() -> None:
    assert TIMING.passed
    off_by_one = dataclasses.replace(TIMING, ii_measured=Number(61, "cycles", "rtl_sim"))
    assert not off_by_one.passed
    check = Check(
        "rtlsim verilator", "rtlsim", EVIDENCE, Comparison("rtlsim verilator", "rtl_sim", 3, 3, 9, None), off_by_one
    )
    assert check.fault == "the cycles a step that rtlsim verilator measured differ from the formulas, the values do not"


def test_what_was_not_measured_has_a_reason_and_is_no_fault() -> None:
    unmeasured = dataclasses.replace(TIMING, steps=0, ii_measured=None, unmeasured="one step only")
    assert unmeasured.passed
    for change in ({"unmeasured": "one step only"}, {"ii_measured": None}, {"steps": 0}):
        with pytest.raises(ValueError, match=r"not measured|0 steps"):
            dataclasses.replace(TIMING, **change)


def test_the_difference_reads_well() -> None:
    assert str(DIFFERENCE) == "mem[3, 0, 11]: expected -7, got -8"
