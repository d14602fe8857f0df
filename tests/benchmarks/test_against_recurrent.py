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
