"""Training in float, pruning in float where it is asked for, and training on the integers of the hardware.

Any backend of Keras trains; with JAX its float64 is switched on, in which the integers' sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import lmu_hls
from examples.keyword_spotting.dataset import Dataset, Features, Split
from examples.keyword_spotting.networks import VALUE_BITS, WEIGHT_BITS
from lmu_hls.configurations import Configuration
from lmu_hls.training import Behind, QuantizedModel

BATCH = 100
RATES = 5e-3, 3e-3, 5e-3  # in float, while weights are pruned, on integers
DROPOUT, HEAD_DROPOUT = 0.1, 0.3
LESS = 0.5  # of this dropout while weights are pruned: what is left of them learns less by heart
INTEGER_DROPOUT = 0.1  # before the head, on integers; none where weights were pruned
DECAY = 1e-4  # of the weights, a step and rate
ON_INTEGERS = 0.1  # of a larger decay, with which weights were pruned
SAMPLE = 1000  # clips to which types are fitted
RAMP = 0.6  # of the epochs of pruning, in which zeros grow
TRIDIAGONAL = {"LayerName": {"lmu": {"MemoryUpdate": "tridiagonal"}}}

Progress = Callable[[int], None]  # told the epochs done


@dataclass(frozen=True, slots=True)
class Pruning:
    """The share of weights that becomes zero, in blocks of how many outputs; the dense model's part in the loss; the
    decay of weights.
    """

    sparsity: float
    lanes: int = 1
    share: float = 0.0
    decay: float = DECAY


def inputs(x: Features, network: Configuration) -> Features:
    """The first coefficients of MFCC (..., 40), as many as the network reads."""
    return x[..., : network.n_in]


def train(network: Configuration, data: Dataset, epochs: int, seed: int, progress: Progress) -> keras.Model:
    """The network in float."""
    keras.utils.set_random_seed(seed)
    model = network.keras_model(dropout=DROPOUT, head_dropout=HEAD_DROPOUT)
    _fit(model, inputs(data.train.x, network), data.train.y, RATES[0], epochs, progress, [])
    return model


def train_pruned(
    model: keras.Model,
    network: Configuration,
    data: Dataset,
    epochs: int,
    seed: int,
    how: Pruning,
    progress: Progress,
) -> keras.Model:
    """A copy of the float ``model`` in which a share of the weights in kernels is zero.

    It learns from the labels, and from what ``model`` says.
    """
    keras.utils.set_random_seed(seed)
    pruned = network.keras_model(dropout=LESS * DROPOUT, head_dropout=LESS * HEAD_DROPOUT)
    pruned.set_weights(model.get_weights())
    pruning = lmu_hls.prune(how.sparsity, end=int(RAMP * epochs), lanes=how.lanes, together=True)
    student = lmu_hls.distill(pruned, model, share=how.share) if how.share else pruned
    _fit(student, inputs(data.train.x, network), data.train.y, RATES[1], epochs, progress, [pruning], how.decay)
    return pruned


def quantized(model: keras.Model, network: Configuration, data: Dataset, seed: int, pruned: bool) -> QuantizedModel:
    """The float ``model``, ``pruned`` or not, on integers: kernels of 4 bits, values and biases of 7."""
    keras.utils.set_random_seed(seed)
    dropouts = {} if pruned else {"dropout": DROPOUT, "head_dropout": INTEGER_DROPOUT}
    start = network.keras_model(**dropouts)
    start.set_weights(model.get_weights())
    return lmu_hls.quantize(
        start,
        weights=WEIGHT_BITS,
        activations=VALUE_BITS,
        calibration=_sample(data, network),
        precision=TRIDIAGONAL,
    )


def with_learned_types(
    model: QuantizedModel, network: Configuration, data: Dataset, epochs: int, price: float, progress: Progress
) -> QuantizedModel:
    """A copy of ``model`` whose types were trained with its weights; 1,000 bits cost ``price`` of the loss."""
    learning = lmu_hls.learn_types(model, price)
    _fit(learning, inputs(data.train.x, network), data.train.y, RATES[2], epochs, progress, [lmu_hls.prune(0.0)])
    return learning.settled(_sample(data, network))


def train_integers(
    model: QuantizedModel,
    network: Configuration,
    data: Dataset,
    epochs: int,
    progress: Progress,
    teacher: keras.Model,
    share: float,
    decay: float = DECAY,
) -> None:
    """Train ``model`` in place; weights that are zero stay zero.

    ``share`` of the loss is the distance to what the float ``teacher`` says. Without feedback the encoder stays as it
    is, so that what the memory holds of each clip is computed once.
    """
    x = inputs(data.train.x, network)
    trained: Any = model
    seen: Any = x
    if not network.hidden_to_memory:
        trained = Behind(model, "lmu", memory=True)
        seen = trained.before(x)
    if share:
        trained = lmu_hls.distill(trained, share=share)
        seen = seen, teacher.predict(x, batch_size=500, verbose=0)
    _fit(trained, seen, data.train.y, RATES[2], epochs, progress, [lmu_hls.prune(0.0)], decay)


def accuracy(model: Any, network: Configuration, split: Split) -> float:
    """The share of clips whose label has the largest output."""
    logits = model.predict(inputs(split.x, network), batch_size=500, verbose=0)
    return float(np.mean(np.argmax(logits, axis=-1) == split.y))


def _fit(
    model: Any,
    x: Any,
    y: Any,
    rate: float,
    epochs: int,
    progress: Progress,
    extra: list[Any],
    decay: float = DECAY,
) -> None:
    steps = epochs * -(-len(y) // BATCH)
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps), weight_decay=decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress(epoch + 1))
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[*extra, tell])


def _sample(data: Dataset, network: Configuration) -> Features:
    x = inputs(data.train.x, network)
    return x[:: max(1, len(x) // SAMPLE)]
