"""Writes the `.keras` files beside it, and what the networks answer, with keras-lmu: python generate.py FOLDER.

The files hold a configuration and weights, no code. Run it in an environment that has keras-lmu 0.8 or 0.9.
"""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import keras_lmu
import numpy as np

HIDDEN: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "dense": lambda: keras.layers.Dense(4, "tanh", bias_initializer="uniform"),
    "rnn": lambda: keras.layers.SimpleRNNCell(4, bias_initializer="uniform"),
    "lstm": lambda: keras.layers.LSTMCell(4),
    "gru": lambda: keras.layers.GRUCell(4, bias_initializer="uniform"),
    "gru_before": lambda: keras.layers.GRUCell(4, reset_after=False, use_bias=False),
}
BIAS = {"use_bias": True, "bias_initializer": "uniform"}
ALL = {"hidden_to_memory": True, "memory_to_memory": True, "input_to_hidden": True, "trainable_theta": True, **BIAS}


def lmu(hidden: str, memory_d: int = 2, order: int = 4, theta: float = 10.0, **options: object) -> object:
    return keras_lmu.LMU(memory_d, order, theta, HIDDEN[hidden](), **options)


def networks() -> dict[str, Callable[[], list[object]]]:
    layers = keras.layers
    cell = keras_lmu.LMUCell
    return {
        "feedforward_dense": lambda: [lmu("dense", input_to_hidden=True, **BIAS)],
        "feedforward_gru": lambda: [lmu("gru", return_sequences=True, **BIAS), layers.Dense(2)],
        "feedforward_skip": lambda: [lmu("none", input_to_hidden=True, return_sequences=True)],
        "no_kernel": lambda: [lmu("dense", memory_d=3, kernel_initializer=None)],
        "recurrent_dense": lambda: [lmu("dense", recurrent_dropout=0.1, **ALL)],
        "recurrent_rnn": lambda: [lmu("rnn", **ALL)],
        "recurrent_lstm": lambda: [lmu("lstm", **ALL)],
        "recurrent_gru": lambda: [lmu("gru", **ALL)],
        "recurrent_none": lambda: [lmu("none", memory_to_memory=True, trainable_theta=True)],
        "cell": lambda: [
            layers.RNN(cell(2, 4, 10.0, HIDDEN["lstm"](), hidden_to_memory=True, **BIAS), return_sequences=True)
        ],
        "stacked_cells": lambda: [
            layers.RNN(
                [
                    cell(2, 4, 10.0, HIDDEN["dense"](), hidden_to_memory=True, **BIAS),
                    layers.GRUCell(3),
                    cell(1, 4, 10.0, None, trainable_theta=True),
                ]
            )
        ],
        "feedforward_layer": lambda: [
            keras_lmu.LMUFeedforward(2, 4, 10.0, HIDDEN["rnn"](), conv_mode="raw", truncate_ir=0, dropout=0.1, **BIAS)
        ],
        "several": lambda: [
            lmu("dense", return_sequences=True, dropout=0.1),
            layers.Dense(3),
            lmu("gru_before", 1, 6, 30.0, discretizer="euler", memory_to_memory=True, return_sequences=True),
            keras_lmu.LMUFeedforward(2, 4, 10.0, HIDDEN["dense"](), return_sequences=True),
            keras.Sequential([keras.Input((12, 4)), lmu("dense", return_sequences=True)]),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
            lmu("rnn", order=3, hidden_to_memory=True),
        ],
    }


def write(folder: Path, name: str, layers: list[object]) -> None:
    model = keras.Sequential([keras.Input((12, 3)), *layers])
    for variable in model.trainable_weights:
        if variable.name == "theta_inv":
            variable.assign(variable * 1.1)
    x = np.random.default_rng(1).normal(size=(3, 12, 3)).astype(np.float32)
    np.savez(folder / f"{name}.npz", x=x, y=np.asarray(model(x)))
    model.save(folder / "written.keras")
    with (
        zipfile.ZipFile(folder / "written.keras") as written,
        zipfile.ZipFile(folder / f"{name}.keras", "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for part in ("metadata.json", "config.json", "model.weights.h5"):
            data = written.read(part)
            if part == "metadata.json":
                data = json.dumps({"keras_version": json.loads(data)["keras_version"]}).encode()
            archive.writestr(zipfile.ZipInfo(part), data, zipfile.ZIP_DEFLATED)
    (folder / "written.keras").unlink()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(exist_ok=True)
    for index, (network, build) in enumerate(networks().items()):
        keras.utils.set_random_seed(index)
        write(target, network, build())
