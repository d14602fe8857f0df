"""Sequences of different lengths from the data to the record: csim, the Verilog and Keras against golden."""

import keras
import numpy as np
import pytest

from lmu_hls import LMU, flow, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import snr_db
from lmu_hls.fixed import quantize
from lmu_hls.flow.data import Data, read_whole
from lmu_hls.flow.lengths import mask_value_of, rows
from lmu_hls.front.extract import network_spec
from lmu_hls.front.lengths import output_lengths, predict_lengths
from lmu_hls.records import Manifest, load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.report.pictures.blocks import blocks
from lmu_hls.spec import store
from lmu_hls.spec.lengths import counting
from lmu_hls.tuning import SnrDb, profile
from lmu_hls.tuning.calibration import check_data
from lmu_hls.tuning.draft import configured_types, draft
from lmu_hls.verify.csim import compile_project
from lmu_hls.verify.run_files import job_of
from tests.support.lmu_models import convert

STEPS, FILL = 5, -9.0


def model(masking=True, sequences=True):
    keras.utils.set_random_seed(0)
    x = keras.Input((STEPS if masking else None, 2))
    h = keras.layers.Masking(FILL)(x) if masking else x
    h = LMU(2, 3, 5, keras.layers.Dense(3, "tanh"), input_to_hidden=True, return_sequences=True, name="lmu")(h)
    h = keras.layers.LSTM(3, return_sequences=sequences, name="rnn")(h)
    return keras.Model(x, keras.layers.Dense(2, name="head")(h), name="small")


def sequences(samples=9, seed=0):
    """x filled up with the value of the mask, and the lengths."""
    rng = np.random.default_rng(seed)
    x, lengths = rng.uniform(-1, 1, (samples, STEPS, 2)), rng.integers(1, STEPS + 1, samples)
    x[~counting(lengths, STEPS)] = FILL
    return x, lengths


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return converted(model(), tmp_path_factory.mktemp("every_step"))


@pytest.fixture(scope="module")
def last_step(tmp_path_factory):
    return converted(model(sequences=False), tmp_path_factory.mktemp("last_step"))


def converted(network, place):
    """From a file, as the command reads it."""
    network.save(place / "small.keras")
    flow.convert(flow.load_model(place / "small.keras"), place / "out", precision="fixed<18,4>")
    return OutputFolder(place / "out")


@pytest.fixture
def data(project, tmp_path):
    """A file with targets for every step."""
    x, lengths = sequences()
    np.savez(tmp_path / "data.npz", x=x, y=np.random.default_rng(1).integers(0, 2, (len(x), STEPS)))
    network = store.load(project.spec)
    loaded = flow.load_data(tmp_path / "data.npz", network, mask_value_of(project.config, network))
    assert loaded.lengths.tolist() == lengths.tolist() and not loaded.x[~counting(lengths, STEPS)].any()
    return loaded


@pytest.mark.parametrize("text", ["[", "- a", "Model: {MaskValue: [1]}", "\x0b"])
def test_a_damaged_configuration(project, tmp_path, text):
    (tmp_path / "config.yml").write_text(text)
    with pytest.raises(LmuHlsError, match=r"config.yml is damaged"):
        mask_value_of(tmp_path / "config.yml", store.load(project.spec))


def test_verify(project, data):
    record = flow.verify(project, data, simulators=("icarus",))
    total = int(data.lengths.sum())
    assert [check.comparison.passed for check in record.checks] == [True, True]
    assert record.checks[0].comparison.values_compared == 2 * total
    assert record.checks[1].comparison.values_compared == total * (2 + 6 + 3 + 3 + 2)
    (reference,) = record.references
    assert reference.fidelity.closeness.snr_db > 30 and reference.accuracy[0].samples == total
    timing = record.checks[1].timing
    assert timing.latency_measured.value == timing.latency_formula.value


def test_verify_windows(tmp_path):
    """Latency and integers of sequences whose windows begin when all steps have come; of the longest ones."""
    keras.utils.set_random_seed(0)
    h = keras.layers.Conv1D(2, 3, 2, "same")(x := keras.Input((None, 2)))
    h = LMU(1, 2, 5, None, return_sequences=True, name="lmu")(h)
    network = keras.Model(x, keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True))(h), name="small")
    network.save(tmp_path / "small.keras")
    flow.convert(flow.load_model(tmp_path / "small.keras"), tmp_path / "out", precision="fixed<18,4>", steps=STEPS)
    project = OutputFolder(tmp_path / "out")
    values, _ = sequences(6)
    np.savez(tmp_path / "data.npz", x=values, lengths=np.array([1, 2, 3, 4, STEPS, 2]))
    data = flow.load_data(tmp_path / "data.npz", store.load(project.spec))
    record = flow.verify(project, data, simulators=("icarus",))
    assert [check.comparison.passed for check in record.checks] == [True, True]
    total = 1 + 1 + 2 + 2 + 3 + 1  # every other step
    assert record.checks[0].comparison.values_compared == 4 * total
    assert record.checks[1].comparison.values_compared == total * (1 + 2 + 2 + 2 + 2 + 4)
    timing = record.checks[1].timing
    assert timing.latency_measured.value == timing.latency_formula.value and "for 5 steps" in timing.unmeasured


FAULTS = {  # of the C++: the text, and what stands there instead
    "the length is ignored": ("CONFIG_T::counted(length[0])", "CONFIG_T::n_timesteps"),
    "a step too late": ("CONFIG_T::counted(length[0])", "CONFIG_T::counted(length[0]) + 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_cpp(last_step, fault, monkeypatch):
    """What stands behind a sequence then counts, too."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    x, lengths = sequences()
    project, network = last_step, store.load(last_step.spec)
    integers = quantize(np.where(x == FILL, 0.5, x), network.x)
    header = project.hls / "firmware" / "nnet_utils" / "nnet_lmu.h"
    text = header.read_text()
    assert text.count(FAULTS[fault][0]) == 1
    expected = golden.predict(network, integers, lengths=lengths)
    try:
        header.write_text(text.replace(*FAULTS[fault]))
        assert not np.array_equal(compile_project(project.hls).run(integers, network, lengths=lengths), expected)
    finally:
        header.write_text(text)


@pytest.mark.parametrize("fault", ["none", "the state goes on", "tlast a step late"])
def test_faults_of_the_verilog(project, fault):
    """What is compared for each sequence sees a state that outlives it, and an end that comes too late."""
    from lmu_hls.flow.accelerator import written_accelerator
    from lmu_hls.verify import bench

    x, lengths = sequences(4)
    network = store.load(project.spec)
    made = written_accelerator(project, network)
    sources = made.sources(project.verilog)
    if fault == "the state goes on":
        (start,) = [source for source in sources if source.name.endswith("lmu_step_start.v")]
        text = start.read_text()
        mended = project.work("fault")
        mended.mkdir(parents=True, exist_ok=True)
        changed = mended / start.name
        changed.write_text(text.replace("STREAMING == 0 && s_axis_tlast", "1'b0 && s_axis_tlast"))
        assert changed.read_text() != text
        sources = [changed if source == start else source for source in sources]
    integers = quantize(np.where(x == FILL, 0.5, x), network.x)
    sent = np.minimum(lengths + 1, STEPS) if fault == "tlast a step late" else lengths
    built = bench.build("icarus", sources, made.interface, project.verilog, project.work("bench"))
    run = built.run(integers, lengths=sent, trace=True, gap=0.2, stall=0.2)
    trace = golden.run(network, integers, lengths=lengths)
    same = np.array_equal(run.outputs, trace.output) and np.array_equal(
        run.probes["lmu"]["mem"], trace["lmu"].tensors["mem"]
    )
    assert same == (fault == "none")


@pytest.mark.parametrize("masking", [True, False])
@pytest.mark.parametrize("every", [True, False])
def test_what_keras_makes_of_each_length(masking, every):
    """That of a model with Masking, and of one without whose sequences are cut."""
    x, lengths = sequences(4)
    opened = model(masking=False, sequences=every)
    made = model(masking, every)
    made.set_weights(opened.get_weights())
    (outputs,) = predict_lengths(made, x, lengths)
    assert outputs.shape == ((4, STEPS, 2) if every else (4, 2))
    for row, length in enumerate(lengths):
        alone = np.asarray(opened(x[row : row + 1, :length].astype(np.float32)))[0]
        assert np.allclose(outputs[row, :length] if every else outputs[row], alone, atol=1e-5)
    assert len(rows(outputs, lengths)) == (lengths.sum() if every else 4)


def test_float_states_of_a_model_from_a_file(tmp_path):
    """There the mask is an input of the layer."""
    from lmu_hls.flow.traces import _float_states

    x, _ = sequences(1)
    memory = model().get_layer("lmu")
    masked = keras.layers.Masking(FILL)(ends := keras.Input((STEPS, 2)))
    made = keras.Model(ends, type(memory).from_config(memory.get_config())(masked))
    made.save(tmp_path / "made.keras")
    states = _float_states(flow.load_model(tmp_path / "made.keras"), "lmu", [x])
    assert states.shape == (STEPS, 3)
    assert np.allclose(states[0], made.predict(x, verbose=0)[0, 0], atol=1e-6)


def test_lengths_in_a_file(project, tmp_path):
    """An array of lengths goes before the value of the mask, and x may have fewer steps than the network."""
    x, _ = sequences(3)
    np.savez(tmp_path / "data.npz", x=x[:, :3], lengths=[1, 3, 2])
    network = store.load(project.spec)
    loaded = flow.load_data(tmp_path / "data.npz", network, FILL)
    assert loaded.x.shape == (3, STEPS, 2) and loaded.lengths.tolist() == [1, 3, 2] and loaded.x[0, 0, 0] == x[0, 0, 0]
    assert flow.random_data(network, 8).counts(network).max() == STEPS
    np.savez(tmp_path / "data.npz", x=x, lengths=[1, 6, 2])
    with pytest.raises(LmuHlsError, match="1 to 5 steps here"):
        flow.load_data(tmp_path / "data.npz", network)


def test_the_report_says_up_to(project):
    manifest = load(project.manifest, Manifest)
    assert str(manifest.inputs[0]).startswith("up to 5 steps of 2 values of")
    assert "a step; up to 5 steps a sequence" in repr(blocks(manifest, manifest.hardware).shapes)


def test_types_are_chosen_and_measured_on_steps_that_count(tmp_path):
    """Told by the mask or by an array; what stands behind them does not count."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Masking(FILL), LMU(1, 2, 5.0, None, return_sequences=True), keras.layers.Dense(1)]
    made, (x, lengths) = keras.Sequential([keras.Input((STEPS, 2)), *layers]), sequences(6)
    config, garbage = {"Model": {"Precision": "fixed<20,8>"}}, x.copy()
    for row, length in enumerate(lengths):
        garbage[row, length:] = 50.0
    facts = profile(made, x, config)
    assert facts == profile(made, garbage, config, lengths) != profile(made, garbage, config)
    assert abs(facts[0].observed - np.abs(x[counting(lengths, STEPS)]).max()) < 1e-6  # the input
    np.savez(tmp_path / "data.npz", x=garbage, lengths=lengths)
    chosen, record = flow.choose_types(made, tmp_path / "data.npz", SnrDb(20), config)
    assert record.snr_db >= 20
    source = draft(made, chosen)
    samples = check_data(source, garbage, lengths)
    found = samples.predict(source.network(configured_types(made, source, chosen)))
    real = rows(predict_lengths(made, x, lengths)[0], lengths)
    assert found.shape == real.shape and abs(snr_db(real, found - real) - record.snr_db) < 1e-9
    with pytest.raises(LmuHlsError, match="takes 5 steps each"):
        profile(keras.Sequential([keras.Input((STEPS, 2)), LMU(1, 3, 5.0, None)]), x, config, lengths)


def test_types_of_layers_that_give_fewer_steps(tmp_path):
    """Every other step: what stands behind a sequence does not count, and neither do windows of it."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.MaxPooling1D(2, 2, "same"),
        LMU(1, 2, 5.0, None, return_sequences=True),
        keras.layers.Dense(1),
    ]
    made, (x, lengths) = keras.Sequential([keras.Input((None, 2)), *layers]), sequences(6)
    config, garbage = {"Model": {"Precision": "fixed<20,8>", "Steps": STEPS}}, x.copy()
    for row, length in enumerate(lengths):
        garbage[row, length:] = 50.0
    assert profile(made, x, config, lengths) == profile(made, garbage, config, lengths)
    source = draft(made, config)
    samples = check_data(source, garbage, lengths)
    found = samples.predict(source.network(configured_types(made, source, config)))
    (outputs,), (given,) = predict_lengths(made, x, lengths), output_lengths(made, lengths)
    real = rows(outputs, given)
    assert given.tolist() == [-(-length // 2) for length in lengths] and np.abs(found - real).max() < 0.01


def test_a_discretizer_is_changed_on_whole_sequences(tmp_path):
    x, lengths = sequences(4)
    np.savez(tmp_path / "data.npz", x=x, lengths=lengths)
    with pytest.raises(LmuHlsError, match="has fewer than 5 steps, and a discretizer is changed on whole"):
        read_whole(tmp_path / "data.npz")
    np.savez(tmp_path / "data.npz", x=x, lengths=np.full(4, STEPS))
    assert np.array_equal(read_whole(tmp_path / "data.npz")[0], x)


def test_lengths_for_a_network_of_one_length(project):
    from dataclasses import replace

    x, lengths = sequences(3)
    fixed = replace(store.load(project.spec), any_length=False)
    with pytest.raises(LmuHlsError, match="takes 5 steps each; leave them out, or convert with --steps 5"):
        Data(x, lengths=lengths).counts(fixed)
    assert Data(x).counts(fixed) is None


def test_a_job_of_lengths():
    x = np.arange(12).reshape(2, 3, 2)
    job = job_of([x], np.array([1, 3]), (False, 0.0, 0.0, 0, True, 0))
    assert job.sent(x).tolist() == [[0, 1], [6, 7], [8, 9], [10, 11]]
    assert job.sequences_of(job.sent(x), None).tolist() == [[[0, 1]] * 3, x[1].tolist()]


def test_inputs_have_as_many_steps_and_may_come_in_any_order(tmp_path):
    """Of several inputs of a network of sequences of any length, in a file; each by its own shape."""
    wide, narrow = keras.Input((None, 3), name="wide"), keras.Input((None, 1), name="narrow")
    h = keras.layers.Concatenate()([wide, narrow])
    end = LMU(1, 2, 5, keras.layers.Dense(2, "relu"), name="lmu")(h)
    both = keras.Model([wide, narrow], end, name="both")
    network = network_spec(
        convert(both, tmp_path, {"Model": {"Precision": "fixed<12,4>", "ReuseFactor": 1, "Steps": 6}})
    )
    rng = np.random.default_rng(0)

    def given(steps, samples=4, **others):
        values = {"narrow": rng.normal(size=(samples, 5, 1)), "wide": rng.normal(size=(4, steps, 3)), **others}
        np.savez(tmp_path / "data.npz", **values)
        return values, flow.load_data(tmp_path / "data.npz", network)

    values, data = given(5, lengths=[5, 3, 1, 2])
    found = data.inputs(network)
    assert list(found) == ["wide", "narrow"]
    assert all(np.array_equal(found[name][0, :5], values[name][0]) for name in found)
    said = r"steps: 'wide' 4 of 6 steps, 'narrow' {} of 5 steps; .*fill the shorter ones up"
    with pytest.raises(LmuHlsError, match=said.format(4)):
        given(6)[1].inputs(network)
    with pytest.raises(LmuHlsError, match=said.format(3)):
        given(6, 3, lengths=[5, 3, 1, 2])[1].inputs(network)
    with pytest.raises(LmuHlsError, match="no values of the input 'wide'"):
        Data({"narrow": values["narrow"]}).counts(network)
    with pytest.raises(LmuHlsError, match=r"x of 'narrow' .*\(samples, steps, 1\)|x of 'narrow'"):
        Data({"narrow": values["wide"], "wide": values["wide"]}).counts(network)
    (tmp_path / "data.csv").write_text("1,2,3")
    with pytest.raises(LmuHlsError, match=r"data.csv is not a readable .npz or .npy file \(it is of another form\)"):
        flow.load_data(tmp_path / "data.csv", network)
