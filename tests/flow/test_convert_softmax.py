"""A final softmax is kept, or left out with --logits; verify, profile and the search for types take it as it is."""

import json

import keras
import numpy as np
import pytest

from lmu_hls import LMU, cli, flow, golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.flow import softmax_remark
from lmu_hls.front.config import full_config
from lmu_hls.records import Verification, load
from lmu_hls.spec import Dense, Softmax, store
from lmu_hls.tuning.draft import configured_types, draft
from tests.support.small_model import small_model


def with_end(kind: str) -> keras.Model:
    if kind == "dense":
        keras.utils.set_random_seed(0)
        return keras.Sequential([*small_model(head=0).layers, keras.layers.Dense(3, "softmax", name="head")])
    end = keras.layers.Softmax() if kind == "layer" else keras.layers.Activation("softmax")
    return keras.Sequential([*small_model().layers, end])


@pytest.fixture
def command(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert stop.value.code in (0, None), said.err
        return said.out

    return run


@pytest.fixture
def saved(tmp_path):
    def save(kind: str):
        model = with_end(kind)
        model.build((None, 5, 2))
        model.save(tmp_path / f"{kind}.keras")
        return tmp_path / f"{kind}.keras"

    return save


@pytest.mark.parametrize("kind", ["dense", "layer", "activation"])
def test_kept_or_left_out(kind, saved, command, tmp_path):
    path = saved(kind)
    command("convert", path, tmp_path / "out")
    command("convert", path, tmp_path / "logits", "--logits")
    kept, left = (store.load(tmp_path / name / "spec.npz") for name in ("out", "logits"))
    assert [type(layer) for layer in kept.layers[1:]] == [Dense, Softmax]
    assert [type(layer) for layer in left.layers[1:]] == [Dense]
    assert np.array_equal(kept.layers[1].kernel.values, left.layers[1].kernel.values)


def test_verify(saved, command, speech, tmp_path):
    command("convert", saved("dense"), tmp_path / "out")
    result = json.loads(command("verify", tmp_path / "out", "--simulator", "none", "--data", speech, "--json"))
    assert [
        (item["name"], item["comparison"]["samples"], item["comparison"]["exact"]) for item in result["checks"]
    ] == [("csim", 6, 6)]
    (reference,) = json.loads((tmp_path / "out" / "verify.json").read_text())["references"]
    accuracy = reference["accuracy"]
    assert len(accuracy) == 2
    command("report", tmp_path / "out")


def test_profile_and_automatic_types(saved, command, speech, tmp_path):
    path = saved("dense")
    assert "head_softmax" in command("profile", path, speech)
    command("convert", path, tmp_path / "out", "--precision", "auto", "--calibration", speech, "--target-snr-db", "20")
    last = store.load(tmp_path / "out" / "spec.npz").layers[-1]
    assert isinstance(last, Softmax) and last.out.signed and last.exp.values.type.width == 18


SIGMOIDS = {
    "dense": lambda: [keras.layers.Dense(2, "sigmoid", name="head")],
    "layer": lambda: [keras.layers.Dense(2, name="head"), keras.layers.Activation("sigmoid")],
    "each step": lambda: [keras.layers.TimeDistributed(keras.layers.Dense(2, "sigmoid"), name="head")],
}


@pytest.mark.parametrize("end", SIGMOIDS)
def test_logits_of_a_sigmoid(end):
    memory = LMU(2, 3, 5, keras.layers.Dense(3, "relu"), return_sequences=end == "each step")
    model = keras.Sequential([keras.Input((5, 2)), memory, *SIGMOIDS[end]()])
    trimmed = flow.up_to_logits(model)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 5, 2))
    expected, logits = (keras.ops.convert_to_numpy(each(x)) for each in (model, trimmed))
    assert np.allclose(expected, 1 / (1 + np.exp(-logits)), atol=1e-6) and np.abs(logits).max() > 0.05


@pytest.mark.parametrize("function", [keras.ops.softmax, keras.ops.sigmoid, keras.activations.softmax])
def test_logits_of_a_function_that_is_called(function):
    base = small_model()
    trimmed = flow.up_to_logits(keras.Model(base.inputs, function(base.outputs[0])))
    x = np.random.default_rng(0).uniform(-1, 1, (4, 5, 2))
    assert np.array_equal(trimmed(x), base(x))


@pytest.mark.parametrize("end", ["relu", "linear"])
def test_logits_changes_nothing_else(end):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([*small_model(head=0).layers, keras.layers.Dense(3, end)])
    assert flow.up_to_logits(model) is model


CASES = [(35, "fixed<10,5>", 0.05), (100, "fixed<10,5>", 0.05), (100, "fixed<8,4>", 0.5), (10, "fixed<16,6>", 0.05)]


@pytest.mark.parametrize(("classes", "precision", "scale"), CASES)
def test_many_classes_in_narrow_types_are_those_of_the_logits(classes, precision, scale):
    """The default result has the bits that the classes need, so that no other class comes out than without softmax."""
    model = small_model(head=0)
    built = keras.Sequential([keras.Input((5, 2)), *model.layers, keras.layers.Dense(classes, "softmax", name="head")])
    rng = np.random.default_rng(0)
    for weight in built.weights:
        weight.assign(rng.normal(size=weight.shape) * scale)
    settings = full_config(built, {}, precision=precision)
    source = draft(built, settings)
    network = source.network(configured_types(built, source, settings))
    x = quantize(np.random.default_rng(2).normal(size=(200, 5, 2)), network.x)
    trace = golden.run(network, x)
    logits = trace["head"].tensors["out"]
    assert network.layers[-1].keeps_apart(classes) and softmax_remark(network) == ""
    assert np.array_equal(trace.output.argmax(-1), logits.argmax(-1))
    assert np.abs(to_float(trace.output, network.out).sum(-1) - 1).max() < 0.02


def test_ties_are_counted_and_said(command, saved, speech, tmp_path, capsys):
    """A type that is written is taken, with a word; the ties that it makes are in the record and the report."""
    config = tmp_path / "narrow.yml"
    config.write_text("LayerName: {head_softmax: {Precision: {result: 'fixed<3,2,RND_CONV,SAT>'}}}\n")
    with pytest.raises(SystemExit):
        cli.main(["convert", str(saved("dense")), str(tmp_path / "out"), "--config", str(config)])
    assert "classes that are close may tie" in capsys.readouterr().err
    command("verify", tmp_path / "out", "--simulator", "none", "--data", speech)
    (reference,) = load(tmp_path / "out" / "verify.json", Verification).references
    assert reference.ties is not None and 0 < reference.ties.tied <= reference.ties.answers == 6
    assert f"{reference.ties.tied} of 6 answers tie" in command("report", tmp_path / "out")
    assert f"in {reference.ties.tied} of 6 answers" in (tmp_path / "out" / "report.md").read_text()
