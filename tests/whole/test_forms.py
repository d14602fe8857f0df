"""Networks as people build them, from Keras to the generated C++ and the Verilog, every integer golden's."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.rtl.network import RtlOptions
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu
from tests.support.random_rtl import check_icarus, has_icarus, make_case

L = keras.layers


def residual_stack():
    """LMU, batch normalization and the way around them, twice; the last step's classes."""
    x = keras.Input((STEPS, N_IN), name="x")
    h = L.Dense(4, name="first")(x)
    for block in ("one", "two"):
        inside = L.BatchNormalization(name=f"norm_{block}")(lmu("relu", (False, False, True), name=block)(h))
        h = L.Add(name=f"add_{block}")([inside, h])
    model = keras.Model(x, L.Dense(3, "softmax", name="head")(h[:, -1]))
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.moving_variance.assign([0.5, 1.5, 0.8, 1.1])
    return model


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
def test_a_residual_stack(tmp_path):
    model = residual_stack()
    settings = config(model, default_precision="fixed<18,6>")
    network = assert_csim_equals_golden(convert(model, tmp_path / "hls", settings))
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == ["Dense", "LMU", "Scale", "Merge", "LMU", "Scale", "Merge", "Select", "Dense", "Softmax"]
    x = np.random.default_rng(1).uniform(-1, 1, (20, STEPS, N_IN)).astype(np.float32)
    fixed = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.abs(fixed - model.predict(x, verbose=0)).max() < 0.02
    made = make_case(network, RtlOptions(), np.random.default_rng(0), 2000)
    made.write(tmp_path)
    check_icarus(made, tmp_path)
