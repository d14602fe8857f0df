"""A stateful network: chunks of any length are the whole sequence, sequences side by side never meet."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.spec import Network, same, store
from tests.golden.test_network_streaming import random_stack, random_steps


def stateful(seed: int) -> Network:
    """Two LMU layers, one of them with a recurrent cell; the output is that of a chunk's last step."""
    return replace(random_stack(seed), stateful=True)


@pytest.mark.parametrize("seed", range(4))
def test_chunks_are_the_sequence(seed):
    network, rng = stateful(seed), np.random.default_rng(seed)
    x = random_steps(network, 3, 40)
    cuts = np.sort(rng.choice(np.arange(1, 40), 6, replace=False))
    kept = golden.Stateful(network, batch=3)
    traces = [kept.run(chunk) for chunk in np.split(x, cuts, axis=1)]
    whole = golden.Stateful(network, batch=3).run(x)
    for name in ("first", "second"):
        for tensor, values in whole[name].tensors.items():
            assert np.array_equal(np.concatenate([trace[name].tensors[tensor] for trace in traces], axis=1), values)
    assert np.array_equal(traces[-1].output, whole.output)
    fresh = golden.Stateful(network, batch=3).run(x[:, cuts[-1] :])
    assert not np.array_equal(fresh["first"].tensors["mem"], traces[-1]["first"].tensors["mem"]), "state is no matter"
    kept.reset()
    assert np.array_equal(kept.run(x).output, whole.output)


def test_sequences_side_by_side_never_meet():
    network = stateful(1)
    x = random_steps(network, 3, 20)
    together = golden.Stateful(network, batch=3)
    alone = [golden.Stateful(network) for _ in range(3)]
    for chunk in np.split(x, 4, axis=1):
        output = together.run(chunk).output
        assert np.array_equal(output, np.concatenate([alone[k].run(chunk[k : k + 1]).output for k in range(3)]))


def test_samples_are_chunks_of_one_sequence():
    network = stateful(2)
    x = random_steps(network, 4, network.steps)
    trace = golden.run_samples(network, x)
    kept = golden.Stateful(network)
    assert np.array_equal(trace.output, np.concatenate([kept.run(sample[np.newaxis]).output for sample in x]))
    assert trace["second"].tensors["mem"].shape[:2] == (4, network.steps)
    assert np.array_equal(golden.predict_samples(network, x), trace.output)
    assert golden.parts(network, 4) == [slice(0, 4)]
    separate = replace(network, stateful=False)
    assert np.array_equal(golden.run_samples(separate, x).output, golden.run(network, x).output)
    assert not np.array_equal(golden.run(network, x).output, trace.output)


def test_the_contract_says_so(tmp_path):
    network = stateful(0)
    store.save(network, tmp_path / "spec.npz")
    loaded = store.load(tmp_path / "spec.npz")
    assert loaded.stateful and same(loaded, network) and network.with_layers(network.layers).stateful
    assert store.digest(network) != store.digest(replace(network, stateful=False))
