"""Records of a network that was verified and synthesised, and an output folder with them, made in no time."""

from pathlib import Path

from lmu_hls.fixed import FixedType
from lmu_hls.records import (
    Accuracy,
    Check,
    Comparison,
    Conversion,
    Difference,
    Hardware,
    LayerPlan,
    LayerSummary,
    Manifest,
    ModelSummary,
    Number,
    PartPlan,
    Placement,
    Reference,
    Resources,
    SeedRun,
    Synthesis,
    TargetSynthesis,
    Timing,
    Usage,
    Verification,
    dump,
)  # fmt: skip
from lmu_hls.records.evidence import ArrayId, DataSet, Evidence, digests, of_topics
from lmu_hls.records.placement import Layout
from lmu_hls.records.traces import Beats, Confusion, Excerpt, Remembered, Scatter, Signal, Traces
from lmu_hls.report import Report

MODEL = ModelSummary(
    "vowels",
    (
        LayerSummary("lmu", "LMU", (29, 24), 812, {"mem": FixedType(16, 2), "u": FixedType(16, 4)}),
        LayerSummary("a|b", "Dense", (9,), 225, {}, "folded into | 'lmu'"),
    ),
)
TIMING = Timing(
    "lmu",
    "verilator",
    64,
    Number(150, "cycles", "formula"),
    Number(150, "cycles", "rtl_sim"),
    Number(158, "cycles", "formula"),
    Number(158, "cycles", "rtl_sim"),
)
DATA = DataSet("test.npz", ArrayId((370, 29, 12), "<f8", "ab" * 32))
ACCURACY = (Accuracy("float", 361, 370, "keras"), Accuracy("fixed<16,6>", 360, 370, "golden"))
COUNTS = {"LUT": 312, "LUTRAM": 8, "SRL": 4, "FF": 352, "CARRY4": 20, "DSP": 1, "BRAM18": 3}
RESOURCES = (Resources("lmu", "xc7", "yosys", "0.70", COUNTS, {"DSP48E1": 1}),)
WRONG = Comparison("csim", "csim", 370, 369, 3330, Difference("output", (7, 2), 12, 13))
SIMULATED = Comparison("rtlsim verilator", "rtl_sim", 40, 40, 9999, None)
PARTS = (PartPlan("encoder", 72, 1, 1, 72), PartPlan("hidden", 1920, 20, 20, 96))
LAYER = LayerPlan("lmu", "LMU", {}, 96, 96, {}, {"encoder": 72, "hidden": 96}, 21, 0, PARTS, 29)
HARDWARE = Hardware((LAYER,), 96, 158, 2784, 27, 0.9375)
MANIFEST = Manifest(MODEL, "Vitis", "io_parallel", (), {"hls4ml": "1.3.0"}, hardware=HARDWARE)
FILES = ("spec.npz", "model.keras", "config.yml", "hls/lmu.cpp", "verilog/rtl/top.v", "verilog/rom/a.hex")


def about(root: Path | None, *topics: str) -> Evidence:
    files = of_topics(topics, digests(root)) if root else {}
    return Evidence(files, DATA, "lmu-hls verify OUTDIR", {"verilator": "5.052"})


def checks(root: Path | None = None) -> tuple[Check, ...]:
    return (
        Check("csim", "csim", about(root, "csim"), Comparison("csim", "csim", 370, 370, 3330, None)),
        Check(
            "rtlsim verilator",
            "rtlsim",
            about(root, "rtlsim"),
            Comparison("rtlsim verilator", "rtl_sim", 40, 40, 9999, None),
            TIMING,
        ),
    )


def reference(root: Path | None = None) -> Reference:
    return Reference(about(root, "accuracy", "overruns"), ACCURACY)


BASIS = Report(
    MANIFEST,
    (reference(),),
    checks(),
    RESOURCES,
)

PLACED = Placement(
    "lmu", "up5k", "iCE40UP5K-SG48", "nextpnr-ice40", "0.11", 24.0, (SeedRun(1, 31.5),), {"LC": Usage(900, 5280)}, {},
    True, step_cycles=96, layout=Layout(("lmu_hidden", "lmu_memory"), ("-" + "." * 25, *[".aab" + "." * 22] * 31)),
)  # fmt: skip

EXCERPT = Excerpt(
    "icarus",
    (
        Beats("", "x", 16, (0, 1), (-1, 5)),
        Beats("lmu", "u", 12, (19, 33), (-2, 7)),
        Beats("lmu", "never", 12, (), ()),
        Beats("", "output", 16, (235, 275), (3, 4)),
    ),
)
TRACES = Traces(
    0,
    (Signal("lmu", "h", 2, 0, (0.0, 1.0, 2.0), (0.0, 1.5, 2.0)), Signal("", "output", 0, 0, (1.0, 1.0), ())),
    (Remembered("lmu", 0, 4, 5.0, (0.5, 1.5), (1.0, 0.0), (0.9, 0.2)),),
    Confusion(((3, 1), (0, 4))),
    Scatter((1.0, 2.0), (1.1, 1.9)),
    EXCERPT,
)


def write_folder(root: Path) -> Path:
    """An output folder whose files hold their names, with all of its records."""
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    dump(
        root / "manifest.json",
        MANIFEST,
    )
    made = Evidence(of_topics(("conversion", "project"), digests(root)))
    dump(root / "convert.json", Conversion(made))
    dump(root / "verify.json", Verification(checks(root), (reference(root),)))
    files = of_topics("synthesis", digests(root))
    evidence = Evidence(files, None, "lmu-hls synth OUTDIR", {"yosys": "0.70"})
    dump(root / "synth.json", Synthesis((TargetSynthesis("xc7", RESOURCES, evidence),)))
    return root
