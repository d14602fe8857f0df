"""The pieces of the example of heartbeats: its windows, and its network in the Verilog's plan."""

import numpy as np

from examples.ecg_anomaly.__main__ import network
from examples.ecg_anomaly.beats import STEPS, windows
from lmu_hls.flow.convert import design_of_model


def test_windows_and_network():
    x, y = windows(200, seed=3)
    assert x.shape == (200, STEPS, 1) and set(np.unique(y)) == {0, 1} and np.abs(x).max() < 3
    assert np.array_equal(x, windows(200, seed=3)[0])
    plan = design_of_model(network()).plan
    executions = {layer.name: layer.executions for layer in plan.layers}
    assert executions["conv"] == STEPS // 2 and executions["memory"] == STEPS // 4 and executions["wrong"] == 1
