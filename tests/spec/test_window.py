"""Which steps a window reads, and what the contract makes of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers import pool
from lmu_hls.front.graph.layers.conv import conv_window
from lmu_hls.spec import Select, Window, chain, store, streaming
from tests.support.networks import define_network, random_input, random_lmu


def with_layers(*layers, steps=4, seed=3):
    """A network of an LMU that gives every step, and ``layers`` made from the type that it gives."""
    lmu = random_lmu(np.random.default_rng(seed), steps=steps, return_sequences=True)
    return chain("net", lmu.x, steps, lmu.n_in, (lmu, *(make(lmu.h) for make in layers)))


@pytest.mark.parametrize(
    "window, reads",
    [
        (Window(4, 1, 3, vector=True), [[3]]),
        (Window(4, 1, size=4, vector=True), [[0, 1, 2, 3]]),
        (Window(5, 2, 1, stride=2), [[1], [3]]),
        (Window(2, 5, -2), [[-1], [-1], [0], [1], [-1]]),
        (Window(1, 3, stride=0), [[0], [0], [0]]),
        (Window(4, 2, 3, stride=-2), [[3], [1]]),
        (Window(5, 2, -1, stride=2, size=3, dilation=2), [[-1, 1, 3], [1, 3, -1]]),
        (Window(4, 3, -1, stride=2, size=2, repeat=True), [[0, 0], [1, 2], [3, 3]]),
    ],
)
def test_windows(window, reads, tmp_path):
    """What is read is what golden gives, and what the definition in fractions says; the file keeps it."""
    assert window.reads().tolist() == reads
    network = with_layers(lambda h: Select("s", h, window), steps=window.steps)
    store.save(network, tmp_path / "spec.npz")
    x = random_input(np.random.default_rng(0), network, 3)
    expected = np.array([define_network(network, sample) for sample in x])
    trace = golden.run(store.load(tmp_path / "spec.npz"), x)
    assert np.array_equal(trace.output, expected) and np.unique(expected).size > 1
    assert network.values["s"].steps == (None if window.vector else len(reads))


def test_what_a_window_stands_for():
    assert Window(4, 4).changes_nothing and Window(4, 1, 3, vector=True).last_alone
    assert [Window(6, 2, size=3, stride=s).whole for s in (3, 2)] == [True, False]
    assert not Window(7, 2, size=3, stride=3).whole and Window(1, 1, vector=True).last_alone


def test_refusals():
    for wrong in ({"count": 0}, {"size": 0}, {"count": 2, "vector": True}):
        with pytest.raises(ValueError, match="no window can be like this"):
            Window(**{"steps": 4, "count": 1, **wrong})
    with pytest.raises(ValueError, match="layer 's' reads 3 steps, but 4 come"):
        with_layers(lambda h: Select("s", h, Window(3, 1)))
    with pytest.raises(ValueError, match="layer 't' reads 2 steps, but a vector come"):
        flat = Window(4, 1, size=4, vector=True)
        with_layers(lambda h: Select("s", h, flat), lambda h: Select("t", h, Window(2, 1)))


@settings(deadline=None, max_examples=80)
@given(data=st.data(), steps=st.integers(1, 12))
def test_open_windows_are_those_of_a_layer_for_fewer_steps(data, steps):
    """Of convolutions and pooling, whose readers say them for one length."""
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    size, stride, dilation, fewer = draw(1, 4), draw(1, 3), draw(1, 2), draw(1, steps)
    padding = data.draw(st.sampled_from(["valid", "same", "causal"]))
    own = {"kernel_size": (size,), "strides": (stride,), "dilation_rate": (dilation,), "padding": padding}
    layer = SimpleNamespace(data_format="channels_last", pool_size=(size,), **own)
    assume(padding != "valid" or fewer > (size - 1) * dilation)
    for window_of in (conv_window, *([pool._window] if padding != "causal" else [])):
        assert window_of(layer, steps).shortened(fewer) == window_of(layer, fewer)


def test_what_an_open_window_needs():
    three = Window(6, 4, size=3, open=True)
    assert [three.windows_of(steps) for steps in (2, 3, 6)] == [0, 1, 4] and three.most_missing == 0
    assert Window(6, 6, -1, size=4, pad=3, centred=True, open=True).most_missing == 3  # of one step
    assert three.closed == Window(6, 4, size=3) and Window(4, 4, open=True).changes_nothing
    back = Window(6, 3, 5, -2, open=True)
    assert back.shortened(3) == Window(3, 2, 2, -2, open=True) and back.reads().ravel().tolist() == [5, 3, 1]
    for wrong in ({"count": 3}, {"stride": -2, "first": 5, "count": 3}, {"stride": 0}):
        with pytest.raises(ValueError, match="no window can be like this"):
            replace(three, **wrong)


def test_streaming():
    """The last step becomes every step; sequences as a whole are refused, and pieces of them, too."""
    network = with_layers(lambda h: Select("s", h, Window(4, 1, 3, vector=True)))
    x = random_input(np.random.default_rng(0), network, 2)
    every = golden.run(streaming(network), x[:, :3], states=golden.zero_states(network, 2))
    assert every.output.shape[:2] == (2, 3)
    assert np.array_equal(golden.run(streaming(network), x).output[:, -1], golden.run(network, x).output)
    flat = with_layers(lambda h: Select("s", h, Window(4, 1, size=4, vector=True)))
    with pytest.raises(LmuHlsError, match="layer 's' works on whole sequences"):
        streaming(flat)
    with pytest.raises(ValueError, match="s reads whole sequences of 4 steps, 3 are given"):
        golden.run(flat, x[:, :3], states=golden.zero_states(flat, 2))
