"""The pieces of examples/psmnist; the training itself takes minutes."""

import hashlib
import io
import subprocess
import sys
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest

from examples.psmnist import accelerator, data, distortions, integer_training, memory, network
from lmu_hls import flow, golden, legendre
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.golden.lmu import run_lmu
from lmu_hls.spec import store
from tests.test_mirror import ROOT

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 784), dtype=np.uint8)


def archive(path, images):
    """The npm package with these images in all its parts."""
    with tarfile.open(path, "w:gz") as files:
        for part in ("train", "t10k"):
            labels = b"\0\0\x08\x01" + len(images).to_bytes(4, "big") + bytes(range(len(images)))
            sizes = b"".join(n.to_bytes(4, "big") for n in (len(images), 28, 28))
            for kind, content in (
                ("images-idx3-ubyte", b"\0\0\x08\x03" + sizes + images.tobytes()),
                ("labels-idx1-ubyte", labels),
            ):
                member = tarfile.TarInfo(f"package/data/{part}-{kind}")
                member.size = len(content)
                files.addfile(member, io.BytesIO(content))
    return path


def test_an_archive_is_read_and_another_one_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / data.ARCHIVE, IMAGES)
    with pytest.raises(LmuHlsError, match="remove it and run again"):
        data.load(tmp_path)
    monkeypatch.setattr(data, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    mnist = data.load(tmp_path)
    assert np.array_equal(mnist.x_train, IMAGES) and np.array_equal(mnist.x_test, IMAGES)
    assert mnist.y_test.tolist() == [0, 1, 2]


def test_without_a_source_one_message_says_what_to_do(tmp_path, monkeypatch):
    def offline():
        raise OSError("no route to host")

    monkeypatch.setattr(data, "_from_keras", offline)
    monkeypatch.setattr(data.shutil, "which", lambda name: None)
    with pytest.raises(LmuHlsError, match=r"no route to host\), and npm is not installed; put mnist.npz"):
        data.load(tmp_path)


def test_pixels_are_read_in_one_fixed_order():
    order = data.permutation()
    assert sorted(order.tolist()) == list(range(784))
    assert order[:4].tolist() == data.permutation()[:4].tolist()
    x = data.sequences(IMAGES)
    assert x.shape == (3, 784, 1) and x[1, 5, 0] == IMAGES[1, order[5]] / 256


def test_states_are_those_of_the_memory_step_by_step():
    a_bar, b_bar = legendre.discretize(256, 784.0, "bilinear", "orthonormal")
    mem = np.zeros((len(IMAGES), 256))
    for x in data.sequences(IMAGES).swapaxes(0, 1):
        mem = mem @ a_bar.T + x * b_bar
    assert np.max(np.abs(memory.states(IMAGES, network.float_matrix()) - mem)) < 1e-6 * np.max(np.abs(mem)) * 10


def test_a_distortion_moves_pixels_and_is_part_of_the_matrix():
    places = np.indices((28, 28)).reshape(2, -1).astype(float)
    image = IMAGES[0].astype(float)
    assert np.array_equal(distortions.interpolation(places) @ image, image)
    moved = (distortions.interpolation(places + np.array([[1], [0.5]])) @ image).reshape(28, 28)
    rows = image.reshape(28, 28)[1:]
    assert np.array_equal(moved[:-1, :-1], (rows[:, :-1] + rows[:, 1:]) / 2) and not moved[-1].any()
    matrix, one = np.random.default_rng(1).normal(size=(784, 4)), np.random.default_rng(2)
    distorted = distortions.distorted_states(IMAGES[:1], matrix, np.random.default_rng(2), groups=1)
    one.permutation(1)
    assert np.allclose(distorted, (distortions.distortion(one) @ image) @ matrix / 256, rtol=1e-4)


@pytest.fixture(scope="module")
def quantized():
    model = network.whole()
    x = SimpleNamespace(x_train=IMAGES)
    return integer_training.quantized(model, x)


def test_weights_have_eight_bits_and_integer_states_are_goldens(quantized):
    layers = quantized.program.network.layers
    assert quantized.float_model.count_params() == 165_770 <= 168_000
    precision = quantized.own_config["LayerName"]
    kinds = [
        layer["Precision"][name]
        for layer in precision.values()
        for name in ("weight", "bias")
        if name in layer["Precision"]
    ]
    assert len(kinds) == 8 and all(kind.startswith("fixed<8,") for kind in kinds)
    lmu = layers[0]
    x = quantize(data.sequences(IMAGES), lmu.x)
    exact = to_float(run_lmu(lmu, x, every_step=False).state.mem.reshape(3, -1), lmu.mem)
    error = memory.states(IMAGES, memory.integer_matrix(quantized.program.network)) - exact
    assert 10 * np.log10(np.mean(exact**2) / np.mean(error**2)) > 35


def test_a_run_of_the_verilog_goes_on_where_it_was(converted, tmp_path, monkeypatch):
    folder = flow.OutputFolder(converted)
    contract = store.load(folder.spec)
    x = np.random.default_rng(0).integers(-50, 50, (5, contract.steps, contract.n_in))
    sent = []

    def run(chunk):
        sent.append(len(chunk))
        return SimpleNamespace(outputs=golden.predict(contract, chunk))

    monkeypatch.setattr(accelerator.verilated, "build", lambda *arguments: SimpleNamespace(run=run))
    monkeypatch.setattr(accelerator, "CHUNK", 2)
    first = accelerator.simulate(folder, x[:2], tmp_path, 2)
    told = []
    then = accelerator.simulate(folder, x, tmp_path, 2, told.append)
    assert sorted(sent) == [1, 2, 2] and sorted(told) == told and told[0] == 2 and told[-1] == 5
    assert first.images == 2 and then.images == 3
    assert np.array_equal(then.outputs, golden.predict(contract, x))
    accelerator.simulate(folder, x + 1, tmp_path, 1)  # other images
    assert len(sent) == 6


def test_the_command_has_help():
    done = subprocess.run(
        [sys.executable, "-m", "examples.psmnist", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--outdir" in done.stdout and "goes on where it was" in done.stdout
