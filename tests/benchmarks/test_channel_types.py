"""Types per channel beside one type, on kernels whose errors are known."""

import keras
import numpy as np
import pytest

from benchmarks import channel_types
from tests.support.lmu_models import lmu, model


def test_a_common_type_has_the_bits_of_all_channels():
    rng = np.random.default_rng(0)
    column = rng.normal(size=(200, 1))
    found = channel_types.row("scaled", column * 2.0 ** np.array([0, -2, -4]), 4)
    assert found.common == 4 + 4
    assert found.tensor < found.channel < found.widened
    alike = channel_types.row("alike", np.repeat(column, 3, axis=1), 4)
    assert alike.common == 4 and alike.tensor == pytest.approx(alike.channel) == pytest.approx(alike.widened)


def test_all_kernels_of_a_model_have_a_row(tmp_path):
    keras.utils.set_random_seed(0)
    built = model(lmu("relu", (False, False, True), return_sequences=False, name="memory"), keras.layers.Dense(3))
    built.save(tmp_path / "small.keras")
    found = list(channel_types.rows(tmp_path / "small.keras", 4))
    assert len(found) == 3 and all(each.kernel.startswith("small ") for each in found)
