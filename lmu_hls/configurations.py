"""Networks with a name, whose sizes demo, benchmarks and tests share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Configuration:
    """An LMU with a Dense relu cell that reads the memory and the input, and a Dense head of one logit a class.

    theta in steps; the state of the memory is in the basis ``basis``, discretized by ``discretizer``.
    """

    name: str
    steps: int
    n_in: int
    memory_d: int
    order: int
    theta: float
    units: int
    classes: int
    discretizer: str = "zoh"
    basis: str = "orthonormal"
    hidden_to_memory: bool = False

    def keras_model(self, dropout: float = 0.0, head_dropout: float = 0.0) -> Any:
        """The untrained Keras model, its layers named "lmu", "dropout" (where there is one) and "logits"."""
        import keras

        from lmu_hls.layers import LMU

        lmu = LMU(
            memory_d=self.memory_d,
            order=self.order,
            theta=self.theta,
            hidden_cell=keras.layers.Dense(self.units, activation="relu"),
            input_to_hidden=True,
            hidden_to_memory=self.hidden_to_memory,
            discretizer=self.discretizer,
            basis=self.basis,
            dropout=dropout,
            name="lmu",
        )
        between = [keras.layers.Dropout(head_dropout, name="dropout")] if head_dropout else []
        head = keras.layers.Dense(self.classes, name="logits")
        return keras.Sequential([keras.Input((self.steps, self.n_in)), lmu, *between, head], name=self.name)


# As small as a whole network gets: what is there beside the products
SMALL = Configuration("small", steps=5, n_in=2, memory_d=2, order=3, theta=5.0, units=3, classes=2)
# The network of `make demo`: Japanese vowels, padded to the longest utterance
DEMO = Configuration("vowels", steps=29, n_in=12, memory_d=6, order=6, theta=29.0, units=40, classes=9)
# The size of the keyword spotting network of Blouw et al. 2021: 88,152 weights and biases
KEYWORD = Configuration("keywords", steps=49, n_in=40, memory_d=6, order=40, theta=49.0, units=300, classes=12)
# Permuted sequential MNIST as in Voelker et al. 2019; by the bilinear step, which takes O(order) multipliers
PSMNIST = Configuration("psmnist", 784, n_in=1, memory_d=1, order=256, theta=784.0, units=212, classes=10,
                        discretizer="bilinear")  # fmt: skip
ALL = {configuration.name: configuration for configuration in (SMALL, DEMO, KEYWORD, PSMNIST)}
# Keyword spotting with as many bits of weights, 4 each, as the four networks of Blouw et al. 2021 (1,683, 361, 105 and
# 49 kbit); what layers those have is not published
KEYWORD_SIZES = {
    name: Configuration(name, 49, n_in, memory_d, order, theta=49.0, units=units, classes=12, discretizer="bilinear")
    for name, n_in, memory_d, order, units in (
        ("lmu1", 40, 10, 40, 928),
        ("lmu2", 40, 6, 40, 306),
        ("lmu3", 20, 4, 24, 202),
        ("lmu4", 20, 4, 16, 125),
    )
}
