"""The test of a module has the name of the module; the lists by which tests are left out name tests that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.resources import hdl_dir, hdl_modules
from tests.support.thorough import THOROUGH, UNUSED, is_thorough

TESTS = Path(__file__).parent
ROOT = TESTS.parent

# Modules without a file of their own -> the test that would fail with them. A folder stands for all that it holds.
ELSEWHERE = {
    "lmu_hls/backend/design.py": "backend/test_verilog.py",
    "lmu_hls/backend/engines.py": "backend/test_verilog.py",
    "lmu_hls/backend/options.py": "backend/test_verilog_conversion.py",
    "lmu_hls/backend/project.py": "backend/test_verilog.py",
    "lmu_hls/boards": "boards/test_host.py",
    "lmu_hls/demo.py": "benchmarks/test_rtl.py",
    "lmu_hls/errors.py": "flow/test_keras_errors.py",
    "lmu_hls/flow/accelerator.py": "flow/test_convert_reuse.py",
    "lmu_hls/flow/config_file.py": "front/test_settings.py",
    "lmu_hls/flow/data.py": "flow/test_fidelity.py",
    "lmu_hls/front": "front/test_extract.py",
    "lmu_hls/energy": "energy/test_estimate.py",
    "lmu_hls/front/alternatives.py": "flow/test_keras_errors.py",
    "lmu_hls/front/keras_model.py": "flow/test_keras_errors.py",
    "lmu_hls/front/graph": "front/graph/test_handler.py",
    "lmu_hls/golden": "golden/test_network.py",
    "lmu_hls/hls/lmu_templates.py": "hls/test_firmware_grid.py",
    "lmu_hls/layers": "layers/test_lmu.py",
    "lmu_hls/imports.py": "test_registration.py",
    "lmu_hls/lock.py": "test_replace.py",
    "lmu_hls/plugin.py": "front/test_config.py",
    "lmu_hls/precision": "precision/test_ranges.py",
    "lmu_hls/records": "test_records.py",
    "lmu_hls/report": "report/test_build.py",
    "lmu_hls/resources.py": "test_packaging.py",
    "lmu_hls/rtl": "rtl/test_search.py",
    "lmu_hls/spec": "golden/test_network.py",
    "lmu_hls/suggest.py": "front/test_settings.py",
    "lmu_hls/synth": "synth/test_yosys.py",
    "lmu_hls/tool.py": "rtl/test_renaming.py",
    "lmu_hls/tuning": "tuning/test_auto.py",
    "lmu_hls/verify/bench.py": "sim/test_memory_bench.py",
    "lmu_hls/verify/compare.py": "sim/test_memory_bench.py",
    "lmu_hls/verify/csim_worker.py": "verify/test_csim.py",
    "lmu_hls/verify/interface.py": "verify/test_verilated.py",
    "lmu_hls/verify/run_files.py": "verify/test_network.py",
    "lmu_hls/verify/simulator.py": "sim/test_memory_bench.py",
    "lmu_hls/yosys.py": "synth/test_yosys.py",
    "lmu_hls/yosys_worker.py": "synth/test_yosys.py",
    "sim/axis.py": "sim/test_network_bench.py",
    "sim/checker.py": "hdl/stream/test_plumbing.py",
    "sim/registers_bench.py": "hdl/host/test_registers.py",
    "sim/registers_model.py": "hdl/host/test_registers.py",
    "sim/run_bench.py": "sim/test_memory_bench.py",
    "sim/stream_bench.py": "hdl/stream/test_plumbing.py",
    "sim/streams.py": "hdl/stream/test_plumbing.py",
    "sim/table_bench.py": "hdl/number/test_round_sat.py",
    "hdl/formal": "formal/test_proofs.py",
    "hdl/cell/lmu_recurrent.v": "hdl/cell/test_gated.py",
    "hdl/cell/lmu_lstm.v": "hdl/cell/test_gated.py",
    "hdl/cell/lmu_gates.v": "hdl/cell/test_gated.py",
    "hdl/cell/lmu_gru.v": "hdl/cell/test_gated.py",
    "hdl/cell/lmu_gru_before.v": "hdl/cell/test_gated.py",
    "hdl/cell/lmu_gru_mix.v": "hdl/cell/test_gated.py",
    "hdl/head/lmu_argmax.v": "hdl/head/test_pointwise.py",
    "hdl/head/lmu_softmax.v": "hdl/head/test_pointwise.py",
    "hdl/host/lmu_link_rx.v": "boards/test_host.py",
    "hdl/host/lmu_link_tx.v": "boards/test_host.py",
    "hdl/host/lmu_uart_rx.v": "boards/test_host.py",
    "hdl/host/lmu_uart_tx.v": "boards/test_host.py",
    "hdl/number/lmu_crc.v": "boards/test_host.py",
    "hdl/matrix/lmu_dense.v": "hdl/cell/test_encoder.py",
    "hdl/matrix/lmu_scale.v": "hdl/head/test_pointwise.py",
    "hdl/memory": "hdl/memory/test_memory_tridiag.py",
    "hdl/memory/lmu_encoder.v": "hdl/cell/test_encoder.py",
    "hdl/number/lmu_activation.v": "hdl/head/test_pointwise.py",
    "hdl/number/lmu_align.v": "hdl/matrix/test_affine.py",
    "hdl/number/lmu_function.v": "hdl/head/test_pointwise.py",
    "hdl/number/lmu_mac.v": "hdl/matrix/test_affine.py",
    "hdl/store": "hdl/matrix/test_affine.py",
    "hdl/stream/lmu_concat.v": "hdl/stream/test_plumbing.py",
    "hdl/stream/lmu_fifo.v": "hdl/stream/test_plumbing.py",
    "hdl/stream/lmu_fork.v": "hdl/stream/test_plumbing.py",
    "hdl/stream/lmu_step_start.v": "hdl/stream/test_serializer.py",
}


def modules() -> list[str]:
    """Every module of the package, of the benches and of hdl/, as a path in the repository."""
    python = [path for folder in ("lmu_hls", "sim") for path in (ROOT / folder).rglob("*.py") if path.stem[0] != "_"]
    return sorted(str(path.relative_to(ROOT)) for path in [*python, *hdl_modules().values()])


def has_its_test(module: str) -> bool:
    """tests/<folder>/test_<module>.py, or several of them: test_<module>_<aspect>.py; lmu_hls/ is the root."""
    path = Path(module)
    folder = path.relative_to("lmu_hls").parent if path.parts[0] == "lmu_hls" else path.parent
    name = f"test_{path.stem.removeprefix('lmu_') if path.suffix == '.v' else path.stem}"
    return (TESTS / folder / f"{name}.py").is_file() or any((TESTS / folder).glob(f"{name}_*.py"))


def listed(module: str) -> bool:
    return any(str(place) in ELSEWHERE for place in (Path(module), *Path(module).parents))


def test_every_module_has_its_test() -> None:
    assert hdl_dir() == ROOT / "hdl" and len(modules()) > 150
    assert not [module for module in modules() if not has_its_test(module) and not listed(module)]
    assert not has_its_test("lmu_hls/no_module.py") and not listed("lmu_hls/no_module.py")


def test_the_list_is_needed() -> None:
    for module, test in ELSEWHERE.items():
        assert (TESTS / test).is_file(), f"{test}, named for {module}, is not there"
        assert (ROOT / module).exists(), f"{module} is not there"
        assert (ROOT / module).is_dir() or not has_its_test(module), f"{module} has a test of its own"


def test_what_is_left_to_the_thorough_run_is_there(request: pytest.FixtureRequest) -> None:
    assert not [file for file in THOROUGH if not (TESTS / file).is_file()]
    if request.config.args_source == pytest.Config.ArgsSource.TESTPATHS:  # everything is collected
        assert not request.config.stash[UNUSED], "patterns of tests/support/thorough.py that fit no test"


def test_the_last_pattern_decides() -> None:
    patterns = ("test_a*", "!*[[]1]", "test_a[[]1]")
    assert is_thorough("test_a[0]", patterns[:2]) and not is_thorough("test_a[1]", patterns[:2])
    assert is_thorough("test_a[1]", patterns) and not is_thorough("test_b", patterns)
