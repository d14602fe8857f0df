"""Pruning: the share of zeros, blocks of lanes, masks through fine-tuning, quantization and saving."""

import math

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.sizes import lmu_sizes
from lmu_hls.training.pruning import _adaptive, kernels
from tests.support.lmu_models import convert, lmu, model


def trained(built, callbacks, epochs=4):
    rng = np.random.default_rng(0)
    built.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = rng.normal(size=(32, 5, 3)).astype(np.float32), rng.normal(size=(32, 2)).astype(np.float32)
    built.fit(x, y, batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks)
    return built


def small():
    return model(lmu("relu", (False, False, True), return_sequences=False, name="memory"), keras.layers.Dense(2))


def zeros(built):
    return [keras.ops.convert_to_numpy(variable) == 0 for _, variable in kernels(built)]


def test_the_share_is_reached_in_steps_and_each_kernel_has_it():
    shares = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: shares.append(zeros(built)[1].mean()))
    built = small()
    trained(built, [lmu_hls.prune(0.5, begin=1, end=3), watch])
    assert shares[0] == 0 and 0 < shares[1] < shares[2] == shares[3] == 0.5
    assert [found.mean() for found in zeros(built)] == [np.floor(0.5 * f.size) / f.size for f in zeros(built)]


def test_a_kernel_that_a_layer_and_its_cell_name_is_found_once():
    built = model(lmu("relu", (True, True, True), name="memory", return_sequences=False), keras.layers.Dense(3))
    memory = built.get_layer("memory")
    assert memory.kernel is memory.cell.kernel
    found = [id(variable) for _, variable in kernels(built)]
    matrices = [variable for variable in built.trainable_variables if "kernel" in variable.path]
    assert len(found) == len(set(found)) and set(found) == {id(variable) for variable in matrices}


def test_the_weakest_are_left_out():
    built = small()
    before = [np.abs(variable.numpy()) for _, variable in kernels(built)]
    built.compile(keras.optimizers.SGD(0.0), "mse")  # nothing but the pruning changes a weight
    built.fit(np.zeros((4, 5, 3)), np.zeros((4, 2)), epochs=1, verbose=0, callbacks=[lmu_hls.prune(0.5)])
    for old, left_out in zip(before, zeros(built), strict=True):
        assert old[left_out].max() <= old[~left_out].min()


def test_blocks_of_lanes_are_zero_as_a_whole():
    rows = model(lmu("relu", (False, False, False), return_sequences=False), keras.layers.Dense(2), n_in=4)
    rows.compile("sgd", "mse")
    rows.fit(np.ones((4, 5, 4)), np.ones((4, 2)), epochs=2, verbose=0, callbacks=[lmu_hls.prune(0.5, lanes=2)])
    for found in zeros(rows):
        pairs = found.reshape(found.shape[0], -1, math.gcd(2, found.shape[1]))
        assert np.array_equal(pairs[..., 0], pairs[..., -1]) and pairs.any()


@pytest.mark.parametrize(
    ("cell", "lanes", "left"),
    [(keras.layers.LSTMCell, 2, {2}), (keras.layers.LSTMCell, 4, {4}), (keras.layers.GRUCell, 2, {2})],
)
def test_blocks_are_those_that_the_verilog_leaves_out(cell, lanes, left, tmp_path):
    """Each block of the Verilog's matrix is zero as a whole, or no coefficient of it that is there."""
    connections = (False, False, True)
    built = model(lmu(cell(4), connections, return_sequences=False, name="memory"), keras.layers.Dense(2), n_in=4)
    built.compile("sgd", "mse")
    built.fit(np.ones((4, 5, 4)), np.ones((4, 2)), verbose=0, callbacks=[lmu_hls.prune(0.6, lanes=lanes)])
    cell_sizes = lmu_sizes(network_spec(convert(built, tmp_path)).lmus[0]).cell
    assert cell_sizes is not None
    (pattern,) = cell_sizes.patterns
    blocks = pattern.nonzero[pattern.order(lanes)].reshape(-1, lanes, pattern.columns).sum(axis=1)
    assert 0.5 < (blocks == 0).mean() < 0.85 and set(np.unique(blocks)) <= {0, *left}


def test_together_a_small_kernel_keeps_more():
    built = model(
        lmu("relu", (False, False, True), return_sequences=False), keras.layers.Dense(40), keras.layers.Dense(2)
    )
    rng = np.random.default_rng(0)
    for _, variable in kernels(built):
        variable.assign(rng.normal(size=variable.shape))
    values = [np.abs(variable.numpy()) for _, variable in kernels(built)]
    built.compile(keras.optimizers.SGD(0.0), "mse")
    built.fit(np.zeros((4, 5, 3)), np.zeros((4, 2)), epochs=1, verbose=0, callbacks=[lmu_hls.prune(0.5, together=True)])
    found = zeros(built)
    assert sum(mask.sum() for mask in found) == sum(mask.size for mask in found) // 2
    shares = [mask.mean() for mask in found]
    smallest, largest = (pick(range(len(found)), key=lambda k: found[k].size) for pick in (min, max))
    assert shares[smallest] < 0.5 < shares[largest]
    for before, mask in zip(values, found, strict=True):
        assert not mask.any() or before[mask].max() <= before[~mask].min()  # in a kernel still the weakest
    scores = _adaptive(np.array([[3.0, 1.0], [2.0, 0.0]]))
    assert np.allclose(scores, [[1, 1 / 14], [4 / 13, 0]])


def test_masks_stay_through_quantization_fine_tuning_and_saving(tmp_path):
    pruned = trained(small(), [lmu_hls.prune(0.5)])
    before = zeros(pruned)
    quantized = lmu_hls.quantize(pruned, precision="fixed<10,3>")
    quantized.save(tmp_path / "pruned.keras")
    loaded = trained(keras.models.load_model(tmp_path / "pruned.keras"), [lmu_hls.prune(0.5)], epochs=1)
    assert all(np.array_equal(a, b) for a, b in zip(before, zeros(loaded), strict=True))


def test_seeded_fault_without_the_callback_the_masks_are_lost():
    pruned = trained(small(), [lmu_hls.prune(0.5)])
    before = zeros(pruned)
    assert not all(np.array_equal(a, b) for a, b in zip(before, zeros(trained(pruned, [])), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.0}, "sparsity=1.0 is not possible"),
        ({"sparsity": 0.5, "begin": 3, "end": 9}, "do not lie in the 4 epochs"),
        ({"sparsity": 0.5, "lanes": 0}, "lanes=0 is not possible"),
        ({"sparsity": 0.5, "lanes": 11}, r"lanes=11 fits no kernel of model .* outputs \([\d, ]+\), so that no block"),
    ],
)
def test_what_cannot_be(arguments, message):
    with pytest.raises(LmuHlsError, match=message):
        trained(small(), [lmu_hls.prune(**arguments)])
