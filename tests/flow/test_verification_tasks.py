"""Every task end to end: the figures that verify and the report show are those that Keras and golden give."""

import json

import keras
import numpy as np
import pytest

from lmu_hls import cli, flow, golden
from lmu_hls.errors import FAILED, LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.layers import LMU
from lmu_hls.records import EndSummary, Precision, load
from lmu_hls.report import build_report, from_json, to_json, to_markdown
from lmu_hls.spec import store

X = np.random.default_rng(1).normal(size=(60, 5, 2))
SEQUENCES = ("a class a step", "a value a step", "values a step")


def network(units, activation=None, steps=False):
    keras.utils.set_random_seed(1)
    inner = keras.layers.Dense(3, activation="relu") if activation != "sigmoid" else keras.layers.Dense(1, "sigmoid")
    layers = [keras.Input((5, 2)), LMU(2, 3, 5, inner, input_to_hidden=True, return_sequences=steps, name="lmu")]
    if activation != "sigmoid":
        layers.append(keras.layers.Dense(units, activation=activation, name="head"))
    return keras.Sequential(layers, name="task")


def answer(task, row):
    """By the definition of each task."""
    if task == "sigmoid":
        return int(row[0] > 0.5)
    return int(row[0] > 0) if task == "logit" else max(range(len(row)), key=lambda k: row[k])


MODELS = {
    "classes": lambda: network(3),
    "softmax": lambda: network(3, "softmax"),
    "logit": lambda: network(1),
    "sigmoid": lambda: network(1, "sigmoid"),
    "a class a step": lambda: network(3, steps=True),
    "a value": lambda: network(1),
    "values": lambda: network(2),
    "a value a step": lambda: network(1, steps=True),
    "values a step": lambda: network(2, steps=True),
}
REGRESSIONS = ("a value", "values", "a value a step", "values a step")


@pytest.fixture(scope="module")
def bias():
    """Added to float targets, so that the error is not that of rounding alone."""
    return np.random.default_rng(2).normal(size=(60, 5, 2))


@pytest.mark.parametrize("task", MODELS)
def test_figures_are_those_of_keras_and_golden(task, tmp_path, bias):
    model = MODELS[task]()
    real = np.asarray(model.predict(X, verbose=0), np.float64)
    if task == "logit":  # both classes in equal parts
        model.layers[-1].bias.assign_sub([np.median(real)])
        real = np.asarray(model.predict(X, verbose=0), np.float64)
    steps = real.shape[1:-1]
    if task in REGRESSIONS:
        y = real + (bias if steps else bias[:, 0])[..., : real.shape[-1]]
        y = y[..., 0] if real.shape[-1] == 1 else y
    else:
        y = np.array([answer(task, row) for row in real.reshape(-1, real.shape[-1])]).reshape(60, *steps)
        y.reshape(-1)[::7] = (y.reshape(-1)[::7] + 1) % max(2, real.shape[-1])  # some are wrong
    folder = flow.OutputFolder(tmp_path / "out")
    flow.convert(model, folder.root, precision="fixed<10,4>")
    contract = store.load(folder.spec)
    fixed = to_float(golden.predict(contract, quantize(X, contract.x)), contract.out)
    (found,) = flow.verify(folder, flow.Data(X, y), csim=False, simulators=()).references

    rows = {"float": real, "fixed-point": fixed}
    if task in REGRESSIONS:
        assert found.accuracy == () and [item.name for item in found.errors] == list(rows)
        for item in found.errors:
            residual = np.ravel(rows[item.name]) - np.ravel(y)
            assert item.figures.rmse == pytest.approx(np.sqrt(residual @ residual / residual.size))
            pooled = y.reshape(-1, real.shape[-1])
            assert item.figures.nrmse == pytest.approx(item.figures.rmse / np.sqrt(np.var(pooled, axis=0).mean()))
            assert item.figures.r2 == pytest.approx(1 - item.figures.nrmse**2)
        assert found.errors[0].figures.rmse > 0.5
    else:
        assert found.errors == ()
        for item in found.accuracy:
            said = [answer(task, row) for row in rows[item.name].reshape(-1, real.shape[-1])]
            assert (item.correct, item.samples) == (sum(a == b for a, b in zip(said, y.ravel(), strict=True)), y.size)
        assert 0 < found.accuracy[0].correct < y.size
    power, noise = np.sum(real**2), np.sum((real - fixed) ** 2)
    assert found.fidelity.closeness.snr_db == pytest.approx(10 * np.log10(power / noise))
    assert found.fidelity.closeness.worst == np.abs(real - fixed).max()
    assert len(found.fidelity.closeness.place) == (3 if task in SEQUENCES else 2)

    report = build_report(folder.root)
    page, words = to_markdown(report), " ".join(row.value for row in report.rows())
    for item in found.accuracy:
        assert f"{item.correct} of {item.samples}" in words and f"| {item.correct} | {item.samples} |" in page
    for item in found.errors:
        assert f"RMSE {item.figures.rmse:.4g}" in words and f"{item.figures.rmse:.4g}" in page
    assert f"SNR {found.fidelity.closeness.snr_db:.1f} dB" in words
    assert report.verdict == "not verified" and report.near != "not measured"


@pytest.mark.parametrize(
    ("task", "y", "part"),
    [
        ("classes", np.full(60, 7), "3 classes, 0 to 2"),
        ("logit", np.full(60, -1), "one output"),
        ("a class a step", np.zeros(60, int), "returns all its 5 steps"),
        ("a value a step", np.zeros(60), "(samples, 5, 1)"),
    ],
)
def test_labels_that_cannot_be_leave_the_records_as_they_were(task, y, part, tmp_path, capsys):
    model = MODELS[task]()
    path, data, out = tmp_path / "m.keras", tmp_path / "d.npz", tmp_path / "out"
    model.save(path)
    np.savez(data, x=X, y=y)
    flow.convert(model, out)
    for arguments in (
        ["verify", out, "--simulator", "none", "--data", data],
        ["convert", path, tmp_path / "auto", "--precision", "auto", "--calibration", data],
        ["convert", path, tmp_path / "other", "--rediscretize", "bilinear", "--data", data],
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr().err
        assert stop.value.code == 1 and part in said and "Traceback" not in said, arguments
    with pytest.raises(LmuHlsError, match="y"):
        flow.verify(flow.OutputFolder(out), flow.Data(X, y), csim=False, simulators=())
    assert not (out / "verify.json").exists()


def test_a_bound_that_is_missed_fails_and_a_default_only_warns(tmp_path, capsys):
    """A regression in types that are too narrow: bit-exact, and far from the model."""
    out, data = tmp_path / "out", tmp_path / "d.npz"
    flow.convert(MODELS["a value a step"](), out, precision="fixed<5,3>")
    np.savez(data, x=X)

    def verify(*options):
        with pytest.raises(SystemExit) as stop:
            cli.main(["verify", str(out), "--simulator", "none", "--data", str(data), *options])
        return stop.value.code, capsys.readouterr()

    status, said = verify()
    assert status == 0 and "passed, doubtful whether close to the model" in said.out and "is below 20 dB" in said.out
    status, said = verify("--min-snr-db", "25")
    assert status == FAILED and "failed, not close to the model" in said.out
    # A long value takes several rows of the table
    values = [row.split("│")[3] for row in said.out.splitlines() if row.count("│") == 5]
    assert "at least 25 dB asked" in " ".join(" ".join(values).split())
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", str(out)])
    assert stop.value.code == FAILED and "as close to the Keras model as asked" in capsys.readouterr().err
    assert "Close to the Keras model: **no**" in (out / "report.md").read_text()
    status, said = verify("--min-snr-db", "1", "--json")
    (found,) = json.loads(said.out)["references"]
    assert status == 0 and found["fidelity"]["doubts"] == [] and found["fidelity"]["min_snr_db"] == 1.0
    status, said = verify("--min-snr-db", "nan")
    assert status == 1 and "no bound" in said.err


def test_the_manifest_names_the_input_and_only_types_that_are_there(tmp_path):
    manifest = flow.convert(MODELS["a value"](), tmp_path / "out")
    assert manifest.inputs == (EndSummary("input", 5, 2, FixedType(16, 6)),)
    types = {tensor: kind for layer in manifest.model.layers for tensor, kind in layer.precision.items()}
    assert "pre_accum" in types and all(kind.signed for kind in types.values())  # what C++ only needs is one bit wide
    verilog = json.loads((tmp_path / "out" / "verilog" / "manifest.json").read_text())
    assert manifest.hardware.sequence_cycles == verilog["hardware"]["sequence_cycles"] > 0
    page = to_markdown(build_report(tmp_path / "out"))
    assert "Input: 5 steps of 2 values of `fixed<16,6,RND_CONV,SAT>`." in page


def test_random_data_are_measured_and_not_judged(tmp_path):
    folder = flow.OutputFolder(tmp_path / "out")
    flow.convert(MODELS["classes"](), folder.root, precision="fixed<5,3>")
    data = flow.random_data(store.load(folder.spec), 8)
    (found,) = flow.verify(folder, data, csim=False, simulators=()).references
    report = build_report(folder.root)
    (row,) = (row for row in report.rows() if row.name == "close to the model")
    assert report.near == found.fidelity.verdict == "not judged"
    assert row.value.startswith(f"not judged: SNR {found.fidelity.closeness.snr_db:.1f} dB; largest difference")
    assert "**not judged on random data**" in to_markdown(report)
    assert from_json(to_json(report)) == report and json.loads(to_json(report))["close_to_the_model"] == "not judged"


def test_types_for_a_regression_are_found_and_explained(tmp_path, capsys):
    path, data, out = tmp_path / "m.keras", tmp_path / "d.npz", tmp_path / "out"
    model = MODELS["a value a step"]()
    model.save(path)
    y = np.asarray(model.predict(X, verbose=0))[..., 0] + 0.5
    np.savez(data, x=X, y=y)
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(path), str(out), "--precision", "auto", "--calibration", str(data)])
    assert not stop.value.code, capsys.readouterr().err
    found = load(out / "precision.json", Precision)
    assert found.target == "an SNR of 40 dB at the output" and found.snr_db >= 40
    assert (found.accuracy, found.float_accuracy) == (None, None)
    assert found.float_error.rmse == pytest.approx(0.5, rel=1e-5) and found.error.rmse == pytest.approx(0.5, rel=0.05)
    report = build_report(out)
    for text in (to_markdown(report), " ".join(row.value for row in report.rows())):
        assert f"RMSE {found.error.rmse:.4g}" in text and f"RMSE {found.float_error.rmse:.4g}" in text
    with pytest.raises(SystemExit) as stop:
        cli.main(
            [
                "convert",
                str(path),
                str(out),
                "--force",
                "--precision",
                "auto",
                "--calibration",
                str(data),
                "--max-accuracy-drop",
                "1",
            ]
        )
    assert stop.value.code == 1 and "--target-snr-db" in capsys.readouterr().err
