"""Sequences of any length: the contract of a model on Input((None, features)) or with Masking, against Keras."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

import lmu_hls
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.front.lengths import check_test_data, lengths_of, output_lengths, predict_lengths, with_lengths
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec.lengths import counting
from tests.support.lmu_models import N_IN, convert, lmu

STEPS, FILL = 5, -9.0
TYPES, BOUND = "fixed<26,6>", 0.02  # tables of 2048 entries


def head(units=2, activation=None):
    return keras.layers.Dense(units, activation)


def company(x):
    """The other recurrent layers of Keras, stacked."""
    x = keras.layers.GRU(3, return_sequences=True)(keras.layers.LSTM(3, return_sequences=True)(lmu()(x)))
    return head()(keras.layers.SimpleRNN(3, name="simple")(x))


# What stands behind the input
FORMS = {
    "last": lambda x: head()(lmu(return_sequences=False)(x)),
    "every step": lambda x: head(3, "relu")(lmu("relu")(x)),
    "stack": lambda x: lmu(return_sequences=False)(
        keras.layers.BatchNormalization()(lmu(None, (False, False, False))(x))
    ),
    "company": company,
    "slice": lambda x: head()(lmu()(x)[:, -1]),
    "average": lambda x: head()(keras.layers.GlobalAveragePooling1D()(lmu()(x))),
    "causal": lambda x: keras.layers.GlobalMaxPooling1D()(
        keras.layers.Conv1D(2, 2, padding="causal", dilation_rate=2)(
            lmu()(keras.layers.Conv1D(2, 3, padding="causal", activation="relu")(x))
        )
    ),
    "windows": lambda x: keras.layers.GlobalAveragePooling1D()(
        keras.layers.Conv1D(2, 2, padding="causal", strides=2)(
            keras.layers.GRU(3, return_sequences=True)(
                keras.layers.MaxPooling1D(3, 2, "same")(lmu()(keras.layers.ZeroPadding1D((1, 2))(x)))
            )
        )
    ),
    "every window": lambda x: keras.layers.AveragePooling1D(3, 1, "same")(
        lmu()(keras.layers.Conv1D(2, 4, strides=2, padding="same", activation="relu")(x))
    ),
    "backwards": lambda x: lmu(return_sequences=False)(
        keras.layers.GRU(2, return_sequences=True, go_backwards=True)(lmu(go_backwards=True)(x)[:, ::-2])
    ),
    "both directions": lambda x: head()(
        keras.layers.Bidirectional(lmu(return_sequences=False))(
            keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True), merge_mode="sum")(x)
        )
    ),
    "largest": lambda x: keras.layers.GlobalMaxPooling1D()(head()(lmu()(x))),
    "residual": lambda x: keras.layers.Dense(2, "softmax")(head(N_IN)(lmu()(x)) + x),
    "cells": lambda x: keras.layers.RNN([keras.layers.LSTMCell(3), lmu_hls.LMUCell(1, 2, 6, None)])(x),
    "inside": lambda x: keras.Sequential([keras.Input((x.shape[1], N_IN)), lmu(), head()])(x)[:, -1],
}


def build(form, masking):
    keras.utils.set_random_seed(0)
    x = keras.Input((STEPS if masking else None, N_IN), name="x")
    return keras.Model(x, FORMS[form](keras.layers.Masking(FILL, name="mask")(x) if masking else x))


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The Keras model and its network, each made once."""
    known = {}

    def make(form, masking):
        if (form, masking) not in known:
            model, folder = build(form, masking), tmp_path_factory.mktemp("converted")
            more = {} if masking else {"Steps": STEPS}
            config = {"Model": {"Precision": TYPES, "ReuseFactor": 1, **more}}
            known[form, masking] = model, convert(model, folder, config)
        return known[form, masking]

    return make


def check(model, converted, lengths, seed, masking, held):
    """Golden against Keras at every step that counts, and with Masking at the others where a layer holds the last."""
    lengths = np.array(lengths)
    x = np.random.default_rng(seed).uniform(-1, 1, (len(lengths), STEPS, N_IN)).astype(np.float32)
    for row, length in enumerate(lengths):
        x[row, length:] = FILL
    values = lmu_hls.reference(converted, [x, lengths]).reshape(len(x), -1, model.output.shape[-1])
    if masking:
        real = np.asarray(model(x)).reshape(values.shape)
        counts = counting(lengths, STEPS) if real.shape[1] == STEPS and not held else np.ones(real.shape[:2], bool)
        assert np.abs(values - real)[counts].max() < BOUND
        return
    for row, length in enumerate(lengths):  # eager: a length is no other program
        real = np.asarray(model(x[row : row + 1, :length])).reshape(-1, values.shape[-1])
        assert np.abs(values[row, : len(real)] - real).max() < BOUND


CASES = [
    (form, masking)
    for form in FORMS
    for masking in (False, True)
    if not (masking and form in ("inside", "causal", "windows", "every window", "backwards", "both directions"))
]


@pytest.mark.parametrize(("form", "masking"), CASES, ids=[f"{form}-{'mask' * mask or 'open'}" for form, mask in CASES])
@settings(deadline=None, max_examples=2)
@given(lengths=st.lists(st.integers(1, STEPS), min_size=2, max_size=4), seed=st.integers(0, 9))
def test_golden_is_keras_with_the_same_lengths(converted, form, masking, lengths, seed):
    model, graph = converted(form, masking)
    network = network_spec(graph)
    assert network.any_length and network.steps == STEPS and len(network.inputs) == 1
    check(model, graph, lengths, seed, masking, held=form != "residual")


def test_the_check_sees_a_length_that_is_ignored(converted):
    model, graph = converted("last", True)
    x = np.full((1, STEPS, N_IN), FILL, np.float32)
    x[0, :2] = 0.5
    real = np.asarray(model(x))
    assert np.abs(lmu_hls.reference(graph, [x, [2]]) - real).max() < BOUND
    assert np.abs(lmu_hls.reference(graph, [x, [STEPS]]) - real).max() > 0.1


def masked(*layers):
    x = keras.Input((STEPS, N_IN))
    h = keras.layers.Masking(FILL, name="mask")(x)
    for layer in layers:
        h = layer(h)
    return keras.Model(x, h)


def two_inputs(steps=(None, None), fill=None):
    """What the one says and a convolution of the other, added up; with ``fill`` the one has a mask."""
    ends = [keras.Input((number, N_IN), name=name) for number, name in zip(steps, ("left", "right"), strict=True)]
    first = ends[0] if fill is None else keras.layers.Masking(fill)(ends[0])
    both = keras.layers.Add()([first, keras.layers.Conv1D(N_IN, 3, padding="causal")(ends[1])])
    return keras.Model(ends, head()(lmu(name="memory", return_sequences=False)(both)))


def own_mask():
    x = keras.Input((STEPS, N_IN))
    keep = ops.any(x > 0, axis=-1)
    return keras.Model(x, lmu(name="memory")(keras.layers.Masking(FILL)(x), mask=keep))


def unseen():
    """A layer that hands no mask on."""
    return masked(keras.layers.Conv1D(2, 2), lmu(name="memory"))


def beside():
    """Of two branches one has the mask."""
    x = keras.Input((STEPS, N_IN))
    h = keras.layers.Concatenate()([lmu(name="first")(keras.layers.Masking(FILL)(x)), lmu(name="second")(x)])
    return keras.Model(x, keras.layers.LSTM(2, name="third")(h))


def branches():
    """Two that have as many steps for five, and not for three."""
    h = lmu()(x := keras.Input((None, N_IN)))
    ends = [keras.layers.MaxPooling1D(2, 2, "same")(h), keras.layers.MaxPooling1D(3, 1)(h)]
    return keras.Model(x, keras.layers.Add(name="sum")(ends))


def not_held():
    """The last step of a sum of the input itself."""
    x = keras.layers.Masking(FILL)(inputs := keras.Input((STEPS, N_IN)))
    return keras.Model(inputs, head()((head(N_IN)(lmu()(x)) + x)[:, -1]))


REFUSED = {
    "twice": (lambda: masked(lmu(), keras.layers.Masking(0.0, name="again"), lmu()), ("Masking is supported once",)),
    "behind": (
        lambda: keras.Sequential([keras.Input((STEPS, N_IN)), head(), keras.layers.Masking(name="late"), lmu()]),
        ("layer 'late'", "of the model's input"),
    ),
    "not a number": (
        lambda: keras.Sequential([keras.Input((STEPS, N_IN)), keras.layers.Masking(float("nan"), name="none"), lmu()]),
        ("layer 'none': mask_value is nan", "finite"),
    ),
    "two inputs with a mask": (
        lambda: two_inputs((STEPS, STEPS), FILL),
        ("has 2 inputs", "a mask is for models with one", "put the features side by side"),
    ),
    "two inputs of two kinds": (lambda: two_inputs((None, STEPS)), ("inputs of different kinds", "Input((None,")),
    "stateful": (
        lambda: keras.Sequential([keras.Input(batch_shape=(1, None, N_IN)), lmu(stateful=True, name="memory")]),
        ("layer 'memory' has stateful=True", "fixed number of steps"),
    ),
    "zero output": (
        lambda: masked(lmu(zero_output_for_mask=True, name="memory")),
        ("layer 'memory'", "zero_output_for_mask", "set it to False"),
    ),
    "own mask": (own_mask, ("layer 'memory'", "not that of the Masking layer")),
    "unseen": (unseen, ("layer 'memory'", "the mask does not reach it")),
    "beside": (beside, ("layer 'third'", "not that of the Masking layer")),
    "softmax": (
        lambda: masked(lmu(), keras.layers.Softmax(name="soft")),
        ("layer 'soft'", "Activation('softmax')"),
    ),
    "not held": (not_held, ("GetItem reads steps that do not count", "return_sequences=False")),
    "largest of windows": (
        lambda: masked(lmu(), keras.layers.Conv1D(2, 2, padding="causal"), head(), keras.layers.GlobalMaxPooling1D()),
        ("GlobalMaxPooling1D reads steps that do not count", "no window of steps follows"),
    ),
    "average without its mask": (
        lambda: masked(lmu(), lambda h: ops.mean(h, axis=1), head()),
        ("'mean", "the mask does not reach it", "GlobalAveragePooling1D"),
    ),
    "axis kept": (
        lambda: masked(lmu(), keras.layers.GlobalAveragePooling1D(keepdims=True, name="mean")),
        ("layer 'mean'", "windows of several steps", "without keepdims"),
    ),
    "no fraction": (
        lambda: masked(lmu(), keras.layers.GlobalAveragePooling1D(name="mean")),
        ("layer mean", "has no fraction bits", "narrower type"),
        {"LayerName": {"mean": {"Precision": {"result": "fixed<4,5>"}}}},
    ),
    "reciprocal": (
        lambda: masked(lmu(), keras.layers.GlobalAveragePooling1D(name="mean")),
        ("layer 'mean'", "has no reciprocal"),
        {"LayerName": {"mean": {"Precision": {"reciprocal": "fixed<9,1>"}}}},
    ),
    "masked window": (
        lambda: masked(lmu(), keras.layers.Conv1D(2, 2, padding="same", name="conv")),
        ("layer 'conv_window'", "windows of several steps", "without Masking"),
    ),
    "branches": (branches, ("layer 'sum' reads 2 and 1 steps of a sequence of 3", "padding='same'")),
    "backwards": (lambda: masked(lmu(go_backwards=True, name="back")), ("layer 'back_reversed'",)),
    "reshaped": (
        lambda: keras.Sequential([keras.Input((None, N_IN)), keras.layers.Reshape((STEPS, N_IN), name="cut"), lmu()]),
        ("layer 'cut' makes 5 steps of sequences of any length", "Reshape with -1"),
    ),
    "reshaped, of one length": (
        lambda: keras.Sequential([keras.Input((STEPS, N_IN)), keras.layers.Reshape((STEPS, N_IN), name="cut"), lmu()]),
        ("layer 'cut' makes 5 steps of sequences of any length",),
    ),
    "a weight for each step": (
        lambda: keras.Sequential([keras.Input((STEPS, N_IN)), keras.layers.PReLU(name="own"), lmu()], name="net"),
        ("model 'net' does not take sequences of any length", "leave Steps out"),
    ),
    "flat": (lambda: masked(lmu(), keras.layers.Flatten(name="flat"), head()), ("layer 'flat'",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case, tmp_path):
    build, words, *more = REFUSED[case]
    config = {"Model": {"Precision": TYPES, "ReuseFactor": 1, "Steps": STEPS}, **(more[0] if more else {})}
    with pytest.raises(LmuHlsError) as refusal:
        convert(build(), tmp_path, config)
    for word in words:
        assert word in str(refusal.value)


def test_two_inputs(tmp_path):
    """Their sequences have as many steps, which are told once."""
    keras.utils.set_random_seed(0)
    model, rng = two_inputs(), np.random.default_rng(0)
    graph = convert(model, tmp_path, {"Model": {"Precision": TYPES, "ReuseFactor": 1, "Steps": STEPS}})
    x = [rng.uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32) for _ in range(2)]
    lengths = np.array([5, 1, 2, 4])
    values = lmu_hls.reference(graph, [*x, lengths])
    for row, length in enumerate(lengths):
        real = np.asarray(model([each[row : row + 1, :length] for each in x]))
        assert np.abs(values[row] - real).max() < BOUND
    (outputs,) = predict_lengths(model, x, lengths)
    assert np.abs(values - outputs).max() < BOUND and graph._compute_n_samples([*x, lengths[:, None]]) == 4
    assert network_spec(graph).any_length
    with pytest.raises(LmuHlsError, match=r"give \[x0, x1, lengths\]"):
        lmu_hls.reference(graph, x)
    with pytest.raises(LmuHlsError, match=r"2 inputs.*nothing says which of their ends belong together"):
        design(network_spec(graph), RtlOptions())


def test_sequences_that_are_too_short(tmp_path):
    """For a window that needs three steps of every other one."""
    x = keras.Input((None, N_IN))
    model = keras.Model(x, lmu()(keras.layers.Conv1D(2, 3, dilation_rate=2)(x)))
    graph = convert(model, tmp_path, {"Model": {"Precision": TYPES, "ReuseFactor": 1, "Steps": 7}})
    x = np.zeros((1, 7, N_IN), np.float32)
    assert lmu_hls.reference(graph, [x, [5]]).shape == lmu_hls.reference(graph, [x, [7]]).shape
    with pytest.raises(LmuHlsError, match="hold 4 in sample 0; a sequence has 5 to 7 steps here"):
        lmu_hls.reference(graph, [x, [4]])
    with pytest.raises(LmuHlsError, match="5 to 7 steps"):
        graph._compute_n_samples([x, np.array([[4]])])
    assert [steps.tolist() for steps in output_lengths(model, np.array([7, 5, 6]))] == [[3, 1, 2]]
    (outputs,) = predict_lengths(model, x.repeat(2, 0), np.array([5, 6]))
    assert outputs.shape[:2] == (2, 3)


def test_data_of_a_test_bench_without_lengths(tmp_path):
    x = np.zeros((2, STEPS, N_IN))
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(LmuHlsError, match=f"has {STEPS * N_IN} values a sample, and sequences of any length have one"):
        check_test_data(str(tmp_path / "x.npy"), STEPS * N_IN)
    np.savetxt(tmp_path / "x.dat", np.hstack([x.reshape(2, -1), [[1], [2]]]))
    check_test_data(str(tmp_path / "x.dat"), STEPS * N_IN)


def test_steps_of_a_model_of_one_length(tmp_path):
    """They say that a sequence may be shorter, and must be the model's own."""
    model = keras.Sequential([keras.Input((STEPS, N_IN)), lmu(), head()])
    assert with_lengths(model) is model and lengths_of(model) is None
    assert network_spec(convert(model, tmp_path, {"Model": {"Precision": TYPES, "Steps": STEPS}})).any_length
    with pytest.raises(LmuHlsError, match=r"Steps=4 is not the number of steps of the model's input, 5"):
        convert(model, tmp_path, {"Model": {"Precision": TYPES, "Steps": 4}})


@pytest.mark.parametrize(("masking", "words"), [(True, "it has -9"), (False, "there is none")])
def test_another_value_of_the_mask(masking, words, tmp_path):
    config = {"Model": {"Precision": TYPES, "Steps": STEPS, "MaskValue": 1.0}}
    with pytest.raises(LmuHlsError, match=f"MaskValue=1.0 is said by the Masking layer.*{words}"):
        convert(build("last", masking), tmp_path, config)


def test_the_configuration_says_steps_and_mask():
    import hls4ml

    printed = hls4ml.utils.config_from_keras_model(build("last", False), granularity="name", backend="Vitis", steps=4)
    assert printed["Model"]["Steps"] == 4 and "MaskValue" not in printed["Model"]
    printed = hls4ml.utils.config_from_keras_model(build("last", True), granularity="name", backend="Vitis")
    assert (printed["Model"]["Steps"], printed["Model"]["MaskValue"]) == (STEPS, FILL)
