"""The contract on disk: exact round trip, stable bytes, clear refusals."""

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import SCHEMA
from lmu_hls.spec import store
from tests.support.networks import random_input, random_network


def test_round_trip_gives_the_same_network_and_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    network = random_network(rng)
    store.save(network, tmp_path / "a.npz")
    loaded = store.load(tmp_path / "a.npz")
    store.save(loaded, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    x = random_input(rng, network, 4)
    assert np.array_equal(golden.run(loaded, x).output, golden.run(network, x).output)


def test_absent_file_names_the_command(tmp_path):
    with pytest.raises(LmuHlsError, match="run 'lmu-hls convert' first"):
        store.load(tmp_path / "none.npz")


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    store.save(random_network(np.random.default_rng(0)), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LmuHlsError, match="damaged"):
        store.load(path)


@pytest.mark.parametrize("found", [SCHEMA + 1, SCHEMA - 1, None])
def test_another_schema_is_refused(tmp_path, monkeypatch, found):
    monkeypatch.setattr("lmu_hls.spec.store.SCHEMA", found)
    store.save(random_network(np.random.default_rng(0)), tmp_path / "a.npz")
    with pytest.raises(LmuHlsError, match=rf"a\.npz was written by an? \w+ lmu-hls: .*, this one reads {SCHEMA}; "):
        store.load(tmp_path / "a.npz")
