"""The test of a module has the name of the module; the lists by which tests are left out name tests that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.resources import hdl_dir, hdl_modules, property_modules
from tests.support.selection import UNUSED, is_thorough
from tests.support.thorough import THOROUGH

TESTS = Path(__file__).parent
ROOT = TESTS.parent

# Modules without a file of their own: their folder -> the test that would fail with them -> their names.
ELSEWHERE = {
    "lmu_hls": {
        "benchmarks/test_rtl.py": "demo",
        "flow/test_keras_errors.py": "errors",
        "front/test_config.py": "plugin",
        "front/test_settings.py": "suggest",
        "rtl/test_renaming.py": "tool",
        "synth/test_yosys.py": "yosys yosys_worker",
        "rtl/test_standalone.py": "rendering",
        "test_packaging.py": "resources",
        "test_registration.py": "imports",
        "test_replace.py": "lock",
    },
    "lmu_hls/asic": {"asic/test_estimate.py": "activity cells timing"},
    "lmu_hls/backend": {
        "backend/test_verilog.py": "design engines project",
    },
    "lmu_hls/boards": {"boards/test_host.py": "link record simulation"},
    "lmu_hls/cli": {"test_cli_light.py": "options run terminal"},
    "lmu_hls/cli/commands": {
        "boards/test_comparison.py": "board",
        "flow/test_csynth.py": "build",
        "flow/test_convert_reuse.py": "convert",
        "flow/test_estimate.py": "estimate",
        "flow/test_numbers.py": "profile",
        "flow/test_verification_tasks.py": "verify",
        "report/test_compare.py": "report",
        "synth/test_units.py": "synth",
        "test_cli_light.py": "asic demo doctor energy",
    },
    "lmu_hls/energy": {"energy/test_drivers.py": "activity", "energy/test_estimate.py": "operations published"},
    "lmu_hls/flow": {
        "flow/test_convert_reuse.py": "accelerator",
        "flow/test_fidelity.py": "data",
        "front/test_settings.py": "config_file",
    },
    "lmu_hls/front": {
        "flow/test_keras_errors.py": "alternatives keras_model",
        "front/test_extract.py": "hidden node reading tensors",
        "training/test_quantization.py": "own_types",
        "hls/test_batch_normalization.py": "notes",
    },
    "lmu_hls/front/graph": {
        "front/graph/test_handler.py": "cell entrance layer",
        "front/graph/test_types.py": "accumulators",
        "front/test_config.py": "settle update",
    },
    "lmu_hls/front/graph/layers": {
        "front/graph/layers/test_activation.py": "time_distributed",
        "front/graph/test_layers.py": "base dense input lmu softmax",
        "hls/layers/test_function.py": "function",
        "hls/layers/test_normalize.py": "normalize",
        "hls/layers/test_pool.py": "pool",
        "hls/layers/test_recurrent.py": "recurrent",
        "hls/layers/test_rectify.py": "rectify",
        "hls/layers/test_select.py": "select",
    },
    "lmu_hls/golden": {
        "hls/layers/test_normalize.py": "normalize",
        "hls/layers/test_rectify.py": "rectify",
        "golden/test_memory.py": "sweeps",
        "golden/test_network.py": "affine lmu trace",
    },
    "lmu_hls/hls": {"hls/test_any_length.py": "lengths", "hls/test_targets.py": "checks pointwise"},
    "lmu_hls/hls/layers": {"hls/test_firmware_grid.py": "lmu"},
    "lmu_hls/layers": {
        "front/test_recurrent.py": "recurrent",
        "layers/test_linear.py": "hoist",
        "layers/test_lmu.py": "arguments cell",
        "layers/test_lmu_options.py": "head hidden",
    },
    "lmu_hls/precision": {
        "precision/test_feedback.py": "worst_rounding",
        "precision/test_noise.py": "lyapunov",
        "precision/test_ranges.py": "bounds memory",
    },
    "lmu_hls/records": {
        "asic/test_estimate.py": "asic",
        "energy/test_drivers.py": "energy",
        "flow/test_traces.py": "traces",
        "hls/test_estimate.py": "hls",
        "records/test_schema.py": "folder",
        "synth/test_fit.py": "placement",
        "test_evidence.py": "evidence",
        "test_records.py": "jsonfile model precision synth verify",
        "test_records_floats.py": "number",
    },
    "lmu_hls/report": {"report/test_build.py": "precision record render standing", "report/test_page.py": "cards"},
    "lmu_hls/report/pictures": {
        "report/test_page.py": "bars blocks chart drawing gallery types",
        "report/test_pictures.py": "behaviour parts wave",
    },
    "lmu_hls/rtl": {
        "rtl/stages/test_merge.py": "branches",
        "rtl/stages/test_select.py": "window",
        "rtl/test_dense.py": "memory unit",
        "rtl/test_parallel.py": "converters",
        "rtl/test_engine.py": "engine_unit",
        "rtl/test_gated.py": "engines gated_rows gated_unit",
        "rtl/test_renaming.py": "options",
        "rtl/test_search.py": "cycles loop manifest sizes",
        "rtl/test_standalone.py": "layout netlist network plan vector_buffer",
    },
    "lmu_hls/rtl/parallel": {"rtl/test_parallel.py": "base cycles instances layers"},
    "lmu_hls/rtl/cells": {"rtl/stages/test_recurrent.py": "instances", "rtl/test_search.py": "base dense gru lstm"},
    "lmu_hls/rtl/stages": {
        "hls/layers/test_normalize.py": "normalize",
        "hls/layers/test_rectify.py": "rectify",
        "rtl/test_search.py": "argmax base dense elementwise softmax",
    },
    "lmu_hls/spec": {
        "golden/test_memory.py": "memory",
        "golden/test_network.py": "output",
        "spec/test_network.py": "assign",
        "spec/test_store.py": "equality weight",
        "tuning/test_tables.py": "tables",
    },
    "lmu_hls/spec/cells": {"golden/test_network.py": "base dense gru lstm"},
    "lmu_hls/spec/layers": {
        "golden/test_network.py": "recurrent",
        "spec/test_layers.py": "argmax base dense elementwise lmu scale softmax",
        "golden/test_merge.py": "merge",
        "golden/test_pool.py": "pool",
        "hls/layers/test_normalize.py": "normalize",
        "hls/layers/test_rectify.py": "rectify",
        "rtl/stages/test_mean.py": "mean",
        "spec/test_window.py": "select",
    },
    "lmu_hls/synth": {
        "synth/test_families.py": "device family",
        "synth/test_route.py": "constraints harness outcome timing",
        "synth/test_registers.py": "wires",
        "synth/test_yosys.py": "roms",
    },
    "lmu_hls/synth/estimate": {
        "synth/estimate/test_model.py": "features",
        "synth/estimate/test_operators.py": "quantities walk",
    },
    "lmu_hls/synth/families": {"synth/families/test_targets.py": "ecp5 gowin ice40 xc7 xcup"},
    "lmu_hls/training": {
        "training/test_program.py": "lmu loops step vectors",
        "training/test_quantization.py": "places types weights",
    },
    "lmu_hls/tuning": {
        "precision/test_noise.py": "channel",
        "tuning/test_auto.py": "judge search",
        "tuning/test_calibration.py": "draft profile",
        "tuning/test_facts.py": "plan",
    },
    "lmu_hls/verify": {
        "flow/test_verification_chain.py": "bench compare",
        "verify/test_csim.py": "csim_worker",
        "verify/test_rtlsim.py": "run_files",
        "verify/test_verilated.py": "interface",
    },
    "lmu_hls/verify/synthesis": {"verify/test_synthesis.py": "expected"},
    "sim": {
        "rtl/test_blackbox.py": "blackbox_bench",
        "hdl/host/test_registers.py": "registers_bench registers_model",
        "hdl/number/test_round_sat.py": "table_bench",
        "hdl/stream/test_plumbing.py": "stream_bench streams",
        "verify/test_simulator.py": "run_bench",
    },
    "hdl/cell": {
        "hdl/cell/test_encoder.py": "lmu_recurrent",
        "hdl/cell/test_gated.py": "lmu_gates lmu_gru lmu_gru_before lmu_gru_mix lmu_lstm",
        "hdl/cell/test_units_parallel.py": "lmu_gru_parallel lmu_lstm_parallel lmu_one_step",
    },
    "hdl/formal": {"formal/test_proofs.py": "f_axis f_engine f_live f_pace f_pipe f_steps f_unit"},
    "hdl/head": {
        "hdl/head/test_pointwise.py": "lmu_argmax lmu_normalize lmu_softmax",
        "rtl/stages/test_mean.py": "lmu_average",
    },
    "hdl/host": {
        "formal/test_proofs.py": "lmu_ap_call lmu_link_rx lmu_link_tx lmu_mapped_in lmu_mapped_out "
        "lmu_together lmu_uart_rx lmu_uart_tx"
    },
    "hdl/matrix": {
        "hdl/cell/test_encoder.py": "lmu_dense",
        "hdl/head/test_pointwise.py": "lmu_scale",
        "hdl/matrix/test_affine.py": "lmu_blocks lmu_columns",
        "rtl/test_parallel.py": "lmu_adders lmu_matvec",
        "rtl/test_engine.py": "lmu_engine",
        "rtl/test_gated.py": "lmu_engine_gated lmu_engine_out lmu_engine_x",
        "hdl/memory/test_memory.py": "lmu_shift_add",
    },
    "hdl/memory": {
        "rtl/test_parallel.py": "lmu_memory_parallel",
        "hdl/cell/test_encoder.py": "lmu_encoder",
        "hdl/memory/test_memory.py": "lmu_memory_ring lmu_memory_sweeps lmu_memory_tridiag_pes lmu_sweep "
        "lmu_tridiag_datapath",
    },
    "hdl/number": {
        "formal/test_proofs.py": "lmu_crc",
        "hdl/head/test_pointwise.py": "lmu_activation lmu_divider lmu_function",
        "hdl/matrix/test_affine.py": "lmu_align lmu_mac",
        "hdl/memory/test_memory.py": "lmu_product",
        "rtl/test_parallel.py": "lmu_activations",
    },
    "hdl/store": {
        "hdl/matrix/test_affine.py": "lmu_ram lmu_rom",
        "hdl/memory/test_memory.py": "lmu_delay lmu_rom_sequence",
    },
    "hdl/stream": {
        "hdl/head/test_pointwise.py": "lmu_pool",
        "hdl/stream/test_plumbing.py": "lmu_concat lmu_fifo lmu_fork",
        "rtl/stages/test_merge.py": "lmu_merge",
        "rtl/stages/test_select.py": "lmu_history",
        "rtl/test_parallel.py": "lmu_gather lmu_join",
        "hdl/stream/test_serializer.py": "lmu_step_start",
    },
}


def modules() -> list[str]:
    """Every module of the package, of the benches and of hdl/, as a path in the repository."""
    python = [path for folder in ("lmu_hls", "sim") for path in (ROOT / folder).rglob("*.py") if path.stem[0] != "_"]
    verilog = [*hdl_modules().values(), *property_modules().values()]
    return sorted(str(path.relative_to(ROOT)) for path in [*python, *verilog])


def elsewhere() -> dict[str, str]:
    """{module: the test named for it}, modules as in `modules()`."""
    return {
        f"{folder}/{name}{'.v' if folder.startswith('hdl') else '.py'}": test
        for folder, tests in ELSEWHERE.items()
        for test, names in tests.items()
        for name in names.split()
    }


def has_its_test(module: str) -> bool:
    """tests/<folder>/test_<module>.py, or several of them: test_<module>_<aspect>.py; lmu_hls/ is the root."""
    path = Path(module)
    folder = path.relative_to("lmu_hls").parent if path.parts[0] == "lmu_hls" else path.parent
    name = f"test_{path.stem.removeprefix('lmu_') if path.suffix == '.v' else path.stem}"
    return (TESTS / folder / f"{name}.py").is_file() or any((TESTS / folder).glob(f"{name}_*.py"))


def test_every_module_has_its_test() -> None:
    assert hdl_dir() == ROOT / "hdl" and len(modules()) > 150
    untested, rows = {module for module in modules() if not has_its_test(module)}, set(elsewhere())
    assert untested <= rows, f"without a test of their name and a row of ELSEWHERE: {sorted(untested - rows)}"
    assert rows <= untested, f"rows that are not needed: {sorted(rows - untested)}"
    assert not has_its_test("lmu_hls/no_module.py") and not has_its_test("hdl/no_folder/lmu_affine.v")


def test_the_tests_of_the_list_are_there() -> None:
    assert not [test for test in elsewhere().values() if not (TESTS / test).is_file()]
    names = [(folder, name) for folder, tests in ELSEWHERE.items() for row in tests.values() for name in row.split()]
    assert len(names) == len(set(names)), "a module that is named twice"


def test_what_is_left_to_the_thorough_run_is_there(request: pytest.FixtureRequest) -> None:
    assert not [file for file in THOROUGH if not (TESTS / file).is_file()]
    if request.config.args_source == pytest.Config.ArgsSource.TESTPATHS:  # everything is collected
        assert not request.config.stash[UNUSED], "patterns of tests/support/thorough.py that fit no test"


def test_the_last_pattern_decides() -> None:
    patterns = ("test_a*", "!*[[]1]", "test_a[[]1]")
    assert is_thorough("test_a[0]", patterns[:2]) and not is_thorough("test_a[1]", patterns[:2])
    assert is_thorough("test_a[1]", patterns) and not is_thorough("test_b", patterns)
