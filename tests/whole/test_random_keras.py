"""Random Keras models through hls4ml: golden == csim == Verilator == Icarus, on every integer."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from lmu_hls.verify.csim import CsimProject
from tests.support.random_keras import Converted, random_converted
from tests.support.random_rtl import (
    SimulationError,
    assert_equal,
    build_verilator,
    check_icarus,
    check_verilator,
    compile_icarus,
    flip_bit,
    has_icarus,
    run_icarus,
    run_verilator,
    verilator_tensors,
)

pytestmark = pytest.mark.usefixtures("verilator")
SEEDS = (6, 8)
T = TypeVar("T")


def check(converted: Converted, csim: CsimProject, workdir: Path) -> None:
    """u, mem, h and the output of the Verilog, and the output of the C++."""
    converted.check_csim(csim)
    if has_icarus():
        check_icarus(converted.case, converted.verilog)
    check_verilator(converted.case, converted.verilog, workdir)


class BySeed(dict[int, T]):
    """What a seed gives, made when it is first asked for."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self.make = make

    def __missing__(self, seed: int) -> T:
        return self.setdefault(seed, self.make(seed))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> BySeed[Converted]:
    return BySeed(lambda seed: random_converted(seed, tmp_path_factory.mktemp(f"keras{seed}")))


@pytest.fixture(scope="module")
def csims(models: BySeed[Converted]) -> BySeed[CsimProject]:
    return BySeed(lambda seed: models[seed].compile_csim())


@pytest.mark.parametrize("seed", SEEDS)
def test_random_model(seed, models, csims, workdir):
    check(models[seed], csims[seed], workdir / "keras")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100))
def test_random_model_at_length(seed, tmp_path):
    made = random_converted(seed, tmp_path)
    check(made, made.compile_csim(), tmp_path / "work")


def copy_of(converted: Converted, folder: Path) -> Converted:
    """The written projects once more, for a fault."""
    made = Converted(converted.case, folder / "verilog", folder / "vitis", converted.network)
    shutil.copytree(converted.verilog, made.verilog)
    shutil.copytree(converted.vitis, made.vitis)
    return made


@pytest.mark.parametrize("rom", ["memory_encoder", "memory_encoder_bias", "memory_memory"])
def test_a_changed_rom_is_caught_in_both_simulators(rom, models, tmp_path, workdir):
    made = copy_of(models[SEEDS[1]], tmp_path)
    flip_bit(made.case, made.verilog, rom)
    if has_icarus():
        compile_icarus(made.case.plan, made.verilog)
        with pytest.raises((SimulationError, AssertionError), match="differ"):
            assert_equal(made.case.expected, run_icarus(made.case, made.verilog).tensors)
    run = run_verilator(build_verilator(made.case, made.verilog, workdir / "keras"), made.case)
    with pytest.raises(AssertionError, match=r"memory\.(u|mem): \d+ values differ"):
        assert_equal(made.case.expected, verilator_tensors(run))


@pytest.mark.parametrize("weight", ["encoder_x", "encoder_bias", "hidden_mem"])
def test_a_changed_weight_of_the_cpp_is_caught(weight, models, csims):
    """The compiled program reads the weights when it starts."""
    made, csim = models[SEEDS[1]], csims[SEEDS[1]]
    (file,) = (made.vitis / "firmware/weights").glob(f"{weight}[0-9]*.txt")
    text = file.read_text()
    first, rest = text.split(",", 1)
    file.write_text(f"{-float(first) or 1.0},{rest}")
    try:
        with pytest.raises(AssertionError):
            made.check_csim(csim)
    finally:
        file.write_text(text)
    made.check_csim(csim)


def test_a_changed_type_of_the_cpp_is_caught(models, tmp_path):
    made = copy_of(models[SEEDS[1]], tmp_path)
    defines = made.vitis / "firmware/defines.h"
    u = made.network.lmus[-1].u
    old, new = (rf"ap_fixed<{width},{u.integer}" for width in (u.width, u.width - 3))
    text, count = re.subn(rf"typedef {old}(.*) (lmu\d+_u_t);", rf"typedef {new}\1 \2;", defines.read_text())
    assert count == 1
    defines.write_text(text)
    with pytest.raises(AssertionError):
        made.check_csim(made.compile_csim())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_models_are_not_constant(seed, models):
    made = models[seed]
    outputs = made.case.expected["", "output"].reshape(len(made.case.x), -1)
    assert len(np.unique(outputs, axis=0)) > len(outputs) // 2
