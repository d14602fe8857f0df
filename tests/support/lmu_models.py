"""Small Keras models with an LMU, converted with hls4ml, and their comparison with golden."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hls4ml
import keras
import numpy as np

from lmu_hls import LMU, golden, register
from lmu_hls.fixed import Ints
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import Network
from lmu_hls.verify.csim import CsimProject, compile_project

register()

STEPS, N_IN = 5, 3


def lmu(hidden: Any = "tanh", connections: tuple[bool, bool, bool] = (True, True, True), **options: Any) -> LMU:
    """An LMU with a Dense cell of that activation, with a Keras layer or cell, or with none.

    ``connections``: hidden_to_memory, memory_to_memory, input_to_hidden.
    """
    to_memory, memory_to_memory, input_to_hidden = connections
    bias = options.setdefault("use_bias", True)
    settings = {"memory_d": 2, "order": 3, "theta": 12.0, "return_sequences": True, **options}
    return LMU(
        hidden_cell=keras.layers.Dense(4, hidden, use_bias=bias) if isinstance(hidden, str) else hidden,
        hidden_to_memory=to_memory and hidden is not None,
        memory_to_memory=memory_to_memory,
        input_to_hidden=input_to_hidden and hidden is not None,
        **settings,
    )


def model(*layers: Any, steps: int = STEPS, n_in: int = N_IN, seed: int = 0, batch: int | None = None) -> keras.Model:
    """The layers in sequence, every weight uniform in [-1, 1]."""
    built = keras.Sequential([keras.Input(batch_shape=(batch, steps, n_in), name="x"), *layers])
    rng = np.random.default_rng(seed)
    for weight in built.weights:
        if np.issubdtype(np.dtype(weight.dtype), np.floating):
            weight.assign(rng.uniform(-1, 1, weight.shape))
    return built


def config(keras_model: keras.Model, granularity: str = "name", **options: Any) -> dict[str, Any]:
    return hls4ml.utils.config_from_keras_model(keras_model, granularity=granularity, backend="Vitis", **options)


def convert(keras_model: keras.Model, folder: Path, hls_config: Any = None, **options: Any) -> Any:
    """The ModelGraph; nothing is written."""
    options = {"backend": "Vitis", **options}
    return hls4ml.converters.convert_from_keras_model(
        keras_model, output_dir=str(folder), hls_config=hls_config, **options
    )


def random_input(network: Network, samples: int = 40, seed: int = 0) -> Ints:
    """Integers of the input type: a third of the samples small, the others over its whole range."""
    rng = np.random.default_rng(seed)
    x = rng.integers(network.x.min_int, network.x.max_int, (samples, network.steps, network.n_in), endpoint=True)
    x[: samples // 3] //= 1 << max(0, network.x.integer - 1)
    return x.astype(np.int64)


def write(graph: Any) -> CsimProject:
    graph.write()
    return compile_project(Path(graph.config.get_output_dir()))


def assert_csim_equals_golden(graph: Any, samples: int = 40) -> Network:
    """Every output integer of the compiled project equals golden's, and the outputs are no constant."""
    network = network_spec(graph)
    x = random_input(network, samples)
    expected = golden.run(network, x).output
    assert np.array_equal(write(graph).run(x, network), expected)
    assert len(np.unique(expected)) > 4, "the outputs hardly vary: this network proves nothing"
    return network
