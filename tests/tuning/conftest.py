"""Shared by the tests of tuning: one model, its data, and the types for 30 dB."""

import pytest

from lmu_hls.tuning import SnrDb, tune
from tests.support.tuning_networks import build, make_data


@pytest.fixture(scope="session")
def model():
    return build()


@pytest.fixture(scope="session")
def x():
    return make_data()


@pytest.fixture(scope="session")
def at_30_db(model, x):
    return tune(model, x, target=SnrDb(30))
