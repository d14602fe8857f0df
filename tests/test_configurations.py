"""The named networks have the sizes that documents and benchmarks give for them."""

import pytest

from lmu_hls import demo
from lmu_hls.configurations import ALL, DEMO, KEYWORD, PSMNIST

WEIGHTS = {
    "small": 4 + 3 * (6 + 2 + 1) + 2 * 4,
    "vowels": 72 + 40 * (36 + 12 + 1) + 9 * 41,
    "keywords": 88_152,
    "psmnist": 1 + 212 * (256 + 1 + 1) + 10 * 213,
}


@pytest.mark.parametrize("name", ALL)
def test_weights(name: str) -> None:
    model = ALL[name].keras_model()
    assert model.name == name
    assert model.input_shape == (None, ALL[name].steps, ALL[name].n_in)
    assert sum(weight.shape.num_elements() for weight in model.trainable_weights) == WEIGHTS[name]


def test_who_uses_them() -> None:
    layer = demo.build_model().get_layer("lmu").cell
    assert (layer.memory_d, layer.order, layer.theta) == (DEMO.memory_d, DEMO.order, DEMO.theta)
    assert (KEYWORD.theta, PSMNIST.order, PSMNIST.theta) == (KEYWORD.steps, 256, PSMNIST.steps)
