"""Small untrained networks, their data, and one result of tuning."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.spec import store, table_index_type
from lmu_hls.tuning.draft import TABLE, draft

STEPS, N_IN, CLASSES, SAMPLES = 12, 3, 4, 60


def build(**options):
    from lmu_hls.layers import LMU

    keras.utils.set_random_seed(7)
    units = options.pop("outputs", CLASSES)
    arguments = {
        "memory_d": 2,
        "order": 4,
        "theta": 10,
        "hidden_cell": keras.layers.Dense(5, activation="tanh"),
        "basis": "orthonormal",
        "hidden_to_memory": True,
        "input_to_hidden": True,
        "use_bias": True,
        **options,
    }
    model = keras.Sequential(
        [keras.Input((STEPS, N_IN)), LMU(**arguments, name="lmu"), keras.layers.Dense(units, name="head")]
    )
    rng = np.random.default_rng(3)
    for variable in model.trainable_variables:
        variable.assign(0.6 * rng.standard_normal(variable.shape))
    return model


def make_data():
    return np.random.default_rng(5).standard_normal((SAMPLES, STEPS, N_IN)).cumsum(axis=1)


def types_of(tuning):
    """Every tensor's type, and the index type of the tables that the search has chosen."""
    found = {(t.layer, t.tensor): t.type for t in tuning.tensors}
    for layer, settings in tuning.config["LayerName"].items():
        if settings.get("TableRange"):
            found[layer, TABLE] = table_index_type(settings["TableSize"], settings["TableRange"])
    return found


def output_snr(model, x, types):
    network = draft(model).network(types)
    exact = np.asarray(model.predict(x, verbose=0), np.float64)
    error = to_float(golden.predict(network, quantize(x, network.x)), network.out) - exact
    return 10 * np.log10(np.sum(exact**2) / np.sum(error**2))


def contract(network, folder):
    """The network as the bytes of its file: every integer and every type."""
    store.save(network, folder / "spec.npz")
    return (folder / "spec.npz").read_bytes()


def safe(tensor):
    """Whether it is proven that the tensor cannot overflow."""
    return tensor.proven is not None and tensor.proven < tensor.type.max_abs * tensor.type.lsb
