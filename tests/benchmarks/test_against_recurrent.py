"""The comparison with LSTM and GRU: arithmetic of a contract, and a row."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import against_recurrent
from lmu_hls.configurations import SMALL
from lmu_hls.energy.published import addition_pj, multiplication_pj, scale
from lmu_hls.flow import Data
from lmu_hls.flow.convert import design_of_model

RNG = np.random.default_rng(0)
DATA = Data(RNG.normal(size=(12, SMALL.steps, SMALL.n_in)), RNG.integers(0, 2, 12))
TASK = against_recurrent.Task(SMALL, DATA, DATA, units=(3,), batch=4, epochs=1, cycles=64)


def test_arithmetic_is_that_of_the_contract():
    network = design_of_model(SMALL.keras_model(), None, "fixed<16,6>", 64).plan.network
    products, energy = against_recurrent.arithmetic(network)
    encoder, memory, hidden, head = 2 * 2, 2 * 3 * 4, 3 * (6 + 2), 3 * 2 / SMALL.steps
    assert products == encoder + memory + hidden + head
    assert energy > products * (multiplication_pj(16, 16) + addition_pj(32)) * scale(22) / 1000


@pytest.mark.parametrize("name", ["LMU", "LSTM 3", "GRU 3"])
def test_a_row(name):
    row = against_recurrent.row(replace(TASK), name, dict(against_recurrent.models(TASK))[name], seed=1)
    assert row.cycles <= 64 and row.multipliers >= 1 and set(row.resources) == set(against_recurrent.RESOURCES)
    assert str(row).startswith(f"| {name} | 1 | {row.weights} | ")


def test_keywords_are_those_that_the_example_keeps(tmp_path):
    kept = {f"x_{split}": RNG.normal(size=(3, 49, 40)).astype(np.float32) for split in ("train", "test")}
    kept |= {f"y_{split}": np.array([0, 11, 5]) for split in ("train", "test")}
    np.savez(tmp_path / "mfcc.npz", **kept)
    task = against_recurrent.keywords(tmp_path / "mfcc.npz")
    assert task.train.x.shape == (3, task.network.steps, task.network.n_in) and task.test.y.tolist() == [0, 11, 5]
    assert np.array_equal(task.test.x, kept["x_test"][..., : task.network.n_in])
    assert [name for name, _ in against_recurrent.models(task)] == ["LMU", "LSTM 32", "LSTM 48", "GRU 32", "GRU 48"]
