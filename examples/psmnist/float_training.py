"""Training in float: the Dense layers on states of distorted images, new ones in every epoch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from examples.psmnist import network
from examples.psmnist.data import Mnist
from examples.psmnist.distortions import distorted_states
from examples.psmnist.memory import states

SEED = 1
EPOCHS = 40
BATCH = 500
RATE, WARM_UP, DECAY = 2e-3, 300, 0.05  # of AdamW: the highest learning rate, steps up to it, decay of kernels


def train(mnist: Mnist, epochs: int = EPOCHS, progress: Callable[[int], None] = lambda done: None) -> keras.Model:
    """The whole network with trained Dense layers; ``progress`` is told the epochs done. Always the same model."""
    keras.utils.set_random_seed(SEED)
    matrix = network.float_matrix()
    mean = states(mnist.x_train, matrix).mean(axis=0, dtype=np.float64)
    model = network.on_states()
    model.compile(_optimizer(epochs * -(-len(mnist.x_train) // BATCH)), loss())
    rng = np.random.default_rng(SEED)
    for epoch in range(epochs):
        inputs = (distorted_states(mnist.x_train, matrix, rng) - mean.astype(np.float32)) * np.float32(network.SCALE)
        model.fit(inputs, mnist.y_train, batch_size=BATCH, verbose=0)
        progress(epoch + 1)
    return network.joined(model, mean)


def loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _optimizer(steps: int) -> keras.optimizers.Optimizer:
    """AdamW whose learning rate rises, then falls as a cosine to zero."""
    warm_up = min(WARM_UP, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warm_up, warmup_target=RATE, warmup_steps=warm_up)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, beta_2=0.99)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
