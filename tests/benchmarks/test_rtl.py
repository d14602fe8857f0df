"""What benchmarks/rtl.py shows without simulating: the use of the multipliers, and the cycles of the memory updates."""

import importlib.util
import sys
from pathlib import Path

import pytest

from lmu_hls import backend, demo
from lmu_hls.configurations import KEYWORD
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.plan import utilisation

PATH = Path(__file__).parents[2] / "benchmarks" / "rtl.py"


@pytest.fixture(scope="module")
def rtl():
    spec = importlib.util.spec_from_file_location("rtl_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", ["demo", "keyword spotting"])
def test_multipliers_are_used_at_90_percent(rtl, name, tmp_path):
    model = demo.build_model() if name == "demo" else KEYWORD.keras_model()
    plan = rtl.best(network_spec(rtl.convert(model, tmp_path)))
    assert utilisation(plan) >= 0.9
    assert all(layer.reuse_factor is None or layer.reuse_factor >= 4 for layer in plan.layers)


def test_the_tridiagonal_update_is_30_times_faster(rtl, tmp_path):
    of = {
        update: backend.design_of(rtl.convert(rtl.memory_only(), tmp_path, rtl.update_settings(update))).plan
        for update in ("dense", "tridiagonal")
    }
    memory = {update: plan.layers[0].cycles["memory"] for update, plan in of.items()}
    assert memory == {"dense": 16_448, "tridiagonal": 522}
    assert of["dense"].cycles.ii >= 30 * of["tridiagonal"].cycles.ii
    assert max(plan.multipliers for plan in of.values()) <= 5  # one of them the encoder's
