"""Backends that cannot take an LMU are refused with the reason, also where hls4ml itself only makes a configuration."""

import hls4ml
import keras
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.backends import REFUSED, supported_backend
from tests.support.lmu_models import convert, lmu, model

REASONS = {
    "oneAPI": "SYCL",
    "Libero": "shls",
    "VitisUnified": "does not have it",
    "VitisAccelerator": "does not have it",
    "SymbolicExpression": "formulas",
}


def test_every_refusal_has_a_reason_here():
    assert REASONS.keys() == REFUSED.keys()


@pytest.mark.parametrize("name", [*REASONS, "libero", "Nowhere"])
def test_refused_in_one_sentence(name, tmp_path):
    """By hls4ml's own functions; without an LMU they say what they always said."""
    built = model(lmu(name="memory"))
    spoken = {reason.lower(): text for reason, text in REASONS.items()}.get(name.lower(), "")
    message = rf"^backend '(?i:{name})' is not supported.*{spoken}.*; use one of .*Vitis, .*Catapult"
    for make in (hls4ml.utils.config_from_keras_model, hls4ml.utils.config.config_from_keras_model):
        with pytest.raises(LmuHlsError, match=message):
            make(built, granularity="name", backend=name)
    with pytest.raises(LmuHlsError, match=message):
        convert(built, tmp_path, backend=name)


def test_models_without_an_lmu_are_left_to_hls4ml():
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert hls4ml.utils.config_from_keras_model(plain, backend="oneAPI")["Model"]
    with pytest.raises(KeyError):
        hls4ml.utils.config_from_keras_model(plain, backend="VitisUnified")


def test_a_supported_name_is_given_as_hls4ml_has_it():
    assert supported_backend("vitis", ["Vivado", "Vitis"]) == "Vitis"
