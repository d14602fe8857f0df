"""Distillation: the loss, whose weights change, and that it goes with quantization and pruning."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls.errors import LmuHlsError
from lmu_hls.training import Behind
from lmu_hls.training.pruning import kernels
from tests.support.lmu_models import lmu, model

X = np.random.default_rng(2).normal(size=(24, 5, 3)).astype(np.float32)
Y = np.arange(24) % 3
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(seed):
    built = model(lmu("relu", (False, False, True), return_sequences=False, name="memory"), keras.layers.Dense(3))
    rng = np.random.default_rng(seed)
    for variable in built.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 2)
    return built


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_the_loss_is_that_of_the_definition():
    student, teacher = network(0), network(1)
    distilled = lmu_hls.distill(student, teacher, temperature=2.0, share=0.25)
    distilled.compile("sgd", LOGITS)
    taught, given = (m.predict(X, verbose=0) for m in (teacher, student))
    divergence = np.sum(softmax(taught / 2) * np.log(softmax(taught / 2) / softmax(given / 2)), axis=-1).mean()
    own = -np.log(softmax(given)[np.arange(24), Y]).mean()
    expected = 0.75 * own + 0.25 * 4 * divergence
    assert abs(float(distilled.compute_loss(X, Y, student(X))) - expected) < 1e-5 * expected
    assert abs(distilled.evaluate(X, Y, verbose=0) - own) < 1e-5 * own


@pytest.mark.parametrize("temperature", [3.0, None])
def test_a_student_comes_close_to_its_teacher_which_stays(temperature):
    student, teacher = network(0), network(1)
    before = [w.copy() for w in teacher.get_weights()]
    distance = np.abs(student.predict(X, verbose=0) - teacher.predict(X, verbose=0)).max()
    distilled = lmu_hls.distill(student, teacher, temperature, share=1.0)
    assert len(distilled.trainable_variables) == len(student.trainable_variables)
    distilled.compile(keras.optimizers.Adam(0.02), LOGITS)
    distilled.fit(X, Y, epochs=40, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, teacher.get_weights(), strict=True))
    outputs = [m.predict(X, verbose=0) for m in (student, teacher)]
    if temperature:  # a softmax does not tell what is added to all logits
        outputs = [values - values.mean(-1, keepdims=True) for values in outputs]
    assert np.abs(outputs[0] - outputs[1]).max() < 0.5 * distance


def test_it_goes_with_quantization_and_pruning(tmp_path):
    teacher = network(1)
    quantized = lmu_hls.quantize(teacher, weights=4, activations=7, calibration=X)
    quantized.save(tmp_path / "quantized.keras")
    student = keras.models.load_model(tmp_path / "quantized.keras")  # its program is not there yet
    distilled = lmu_hls.distill(student, teacher)
    distilled.compile(keras.optimizers.Adam(0.01), LOGITS)
    distilled.fit(X, Y, epochs=2, verbose=0, callbacks=[lmu_hls.prune(0.5)])
    assert np.array_equal(distilled.predict(X, verbose=0), student.predict(X, verbose=0))
    shares = [np.mean(keras.ops.convert_to_numpy(kernel) == 0) for _, kernel in kernels(student)]
    assert len(shares) == 3 and all(share >= 0.4 for share in shares)


def test_what_a_teacher_gives_may_come_with_the_inputs():
    student, teacher = network(0), network(1)
    taught = teacher.predict(X, verbose=0)
    asked, told = lmu_hls.distill(student, teacher, share=0.25), lmu_hls.distill(student, share=0.25)
    asked.compile("sgd", LOGITS)
    told.compile("sgd", LOGITS)
    given = student(X)
    losses = [float(asked.compute_loss(X, Y, given)), float(told.compute_loss((X, taught), Y, given))]
    assert abs(losses[0] - losses[1]) < 1e-5 * losses[0]  # the teacher's batches are others
    assert told.evaluate((X, taught), Y, verbose=0) == told.evaluate(X, Y, verbose=0)
    assert np.array_equal(told.predict((X, taught), verbose=0), student.predict(X, verbose=0))
    with pytest.raises(LmuHlsError, match=r"does not come with the inputs: call fit\(\(inputs, taught\), y\)"):
        told.fit(X, Y, verbose=0)
    with pytest.raises(LmuHlsError, match=r"gives \(.*, 3\), and is taught \(.*, 2\)"):
        told.fit((X, taught[:, :2]), Y, verbose=0)


def test_it_goes_behind_a_memory_that_is_computed_once():
    teacher = network(1)
    quantized = lmu_hls.quantize(network(0), weights=4, activations=7, calibration=X)
    behind = Behind(quantized, "memory", memory=True)
    seen, taught = behind.before(X), teacher.predict(X, verbose=0)
    assert behind.input_shape[1:] == seen.shape[1:] and behind.output_shape[1:] == taught.shape[1:]
    with pytest.raises(LmuHlsError, match=r"reads \(None, 1, .*, the teacher .* \(None, 5, 3\); leave the teacher out"):
        lmu_hls.distill(behind, teacher)
    distilled = lmu_hls.distill(behind, temperature=None, share=1.0)
    distilled.compile(keras.optimizers.Adam(0.02), LOGITS)
    distance = np.abs(behind.predict(seen, verbose=0) - taught).max()
    distilled.fit((seen, taught), Y, epochs=40, verbose=0, callbacks=[lmu_hls.prune(0.2)])
    assert np.abs(behind.predict(seen, verbose=0) - taught).max() < 0.6 * distance
    shares = {path: float(np.mean(keras.ops.convert_to_numpy(kernel) == 0)) for path, kernel in kernels(quantized)}
    assert [share >= 0.15 for share in shares.values()] == [False] + [True] * (len(shares) - 1)  # the encoder stays
    assert np.array_equal(distilled.predict((seen, taught), verbose=0), quantized.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 1.5}, "share=1.5 is not possible"),
        ({"temperature": 0.0}, "temperature=0.0 is not possible"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(LmuHlsError, match=message):
        lmu_hls.distill(network(0), network(1), **arguments)


def test_a_teacher_of_another_task_is_refused():
    other = model(lmu("relu", (False, False, True), return_sequences=False), keras.layers.Dense(2))
    with pytest.raises(LmuHlsError, match=r"gives \(None, 3\), the teacher .* \(None, 2\)"):
        lmu_hls.distill(network(0), other)
