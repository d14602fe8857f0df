"""Train on synthetic beats, convert, and compare all ways of computing with the Keras model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow

# isort: split
import keras
import numpy as np
import typer

import lmu_hls
from examples.ecg_anomaly.beats import STEPS, windows

L = keras.layers


def network(seed: int = 0) -> keras.Model:
    """Conv1D, pooling, an LMU over 16 steps, the mean of its outputs, and how likely it is that a beat is wrong."""
    keras.utils.set_random_seed(seed)
    x = keras.Input((STEPS, 1), name="lead")
    h = L.Conv1D(6, 5, 2, "same", activation="relu", name="conv")(x)
    h = L.MaxPooling1D(2, name="pool")(h)
    cell = L.Dense(8, "tanh")
    h = lmu_hls.LMU(2, 6, 16.0, cell, input_to_hidden=True, return_sequences=True, name="memory")(h)
    h = L.GlobalAveragePooling1D(name="mean")(h)
    return keras.Model(x, L.Dense(1, "sigmoid", name="wrong")(h), name="ecg_anomaly")


def trained(model: keras.Model, count: int = 4000, epochs: int = 12) -> keras.Model:
    """The model after so many epochs on ``count`` windows."""
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    model.fit(*windows(count, seed=1), batch_size=64, epochs=epochs, verbose=2)
    return model


def main(folder: Annotated[Path, typer.Argument(help="Folder for the model and its data.")] = Path("ecg")) -> None:
    """Leave FOLDER/model.keras and FOLDER/test.npz, and say how to go on."""
    folder.mkdir(parents=True, exist_ok=True)
    model = trained(network())
    x, y = windows(1000, seed=2)
    right = float(np.mean((model.predict(x, verbose=0) > 0.5) == (y > 0.5)))
    model.save(folder / "model.keras")
    np.savez(folder / "test.npz", x=x, y=y)
    print(f"{100 * right:.1f} % of 1,000 new windows are told rightly. Go on with:")
    print(f"lmu-hls convert {folder}/model.keras {folder}/out")
    print(f"lmu-hls verify {folder}/out --data {folder}/test.npz")


if __name__ == "__main__":
    typer.run(main)
