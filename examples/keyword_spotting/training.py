"""Float training, then training on the integers of the hardware, with pruning where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import lmu_hls
from examples.keyword_spotting.dataset import Dataset, Features, Split
from examples.keyword_spotting.networks import VALUE_BITS, WEIGHT_BITS
from lmu_hls.configurations import Configuration
from lmu_hls.training import QuantizedModel

SEED = 1
BATCH = 100
RATES = 5e-3, 2e-3  # in float, on integers
DROPOUT, HEAD_DROPOUT = 0.1, 0.3
SAMPLE = 1000  # clips to which types are fitted
RAMP = 0.7  # of the epochs on integers, in which pruning goes on
TRIDIAGONAL = {"LayerName": {"lmu": {"MemoryUpdate": "tridiagonal"}}}

Epochs = Callable[[int], None]  # told the epochs done


def inputs(x: Features, network: Configuration) -> Features:
    """The first coefficients of MFCC (..., 40), as many as the network reads."""
    return x[..., : network.n_in]


def train(network: Configuration, data: Dataset, epochs: int, progress: Epochs) -> keras.Model:
    """The network in float."""
    keras.utils.set_random_seed(SEED)
    model = network.keras_model(dropout=DROPOUT, head_dropout=HEAD_DROPOUT)
    _fit(model, network, data, RATES[0], epochs, progress, [])
    return model


def train_integers(
    model: keras.Model,
    network: Configuration,
    data: Dataset,
    epochs: int,
    sparsity: float,
    share: float,
    progress: Epochs,
) -> QuantizedModel:
    """The float ``model`` on integers: kernels of 4 bits, values and biases of 7, ``sparsity`` of each kernel zero.

    It learns from the labels; ``share`` of the loss is what the float model says.
    """
    keras.utils.set_random_seed(SEED)
    sample = data.train.x[:: max(1, len(data.train.x) // SAMPLE)]
    quantized = lmu_hls.quantize(
        model,
        weights=WEIGHT_BITS,
        activations=VALUE_BITS,
        calibration=inputs(sample, network),
        precision=TRIDIAGONAL,
    )
    pruning = [lmu_hls.prune(sparsity, end=max(1, int(RAMP * epochs)), together=True)] if sparsity else []
    student = lmu_hls.distill(quantized, model, share=share) if share else quantized
    _fit(student, network, data, RATES[1], epochs, progress, pruning)
    return quantized


def accuracy(model: Any, network: Configuration, split: Split) -> float:
    """The share of clips whose label has the largest output."""
    logits = model.predict(inputs(split.x, network), batch_size=500, verbose=0)
    return float(np.mean(np.argmax(logits, axis=-1) == split.y))


def _fit(
    model: Any, network: Configuration, data: Dataset, rate: float, epochs: int, progress: Epochs, extra: list[Any]
) -> None:
    steps = epochs * -(-len(data.train.x) // BATCH)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress(epoch + 1))
    x = inputs(data.train.x, network)
    model.fit(x, data.train.y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[*extra, tell])
