"""`verify` of networks with several inputs and outputs: their data, every stream, and a row for each output."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lmu_hls import flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records import Verification, load
from lmu_hls.report import build_report, to_markdown
from lmu_hls.spec import store
from lmu_hls.toolchain import find
from tests.support.lmu_models import lmu

L = keras.layers
needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Motion and sound, given in another order than they are read in; an answer for each step and one for all."""
    keras.utils.set_random_seed(5)
    motion, sound = keras.Input((5, 2), name="motion"), keras.Input((5, 1), name="sound")
    parts = [L.Dense(2, "relu", name="left")(motion), L.Dense(1, name="right")(sound)]
    h = lmu("relu", (False, False, True), name="memory")(L.Concatenate(name="fused")(parts))
    ends = [L.Dense(2, name="trace")(h), L.Dense(3, "softmax", name="alarm")(h[:, -1])]
    outdir = tmp_path_factory.mktemp("fusion") / "out"
    flow.convert(keras.Model([sound, motion], ends, name="fusion"), outdir, precision="fixed<18,6>")
    return flow.OutputFolder(outdir)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("data") / "data.npz"
    values = {"motion": rng.normal(size=(6, 5, 2)), "sound": rng.normal(size=(6, 5, 1))}
    np.savez(path, **values, trace=rng.normal(size=(6, 5, 2)), alarm=rng.integers(0, 3, 6))
    return path


def test_a_softmax_among_several_outputs_is_looked_at(folder):
    network = store.load(folder.spec)
    alarm = network.node("alarm_softmax")
    narrow = replace(alarm, layer=replace(alarm.layer, out=FixedType(3, 2)))
    assert flow.softmax_remark(network) == ""
    nodes = tuple(narrow if node is alarm else node for node in network.nodes)
    assert "layer 'alarm_softmax': with outputs of type" in flow.softmax_remark(replace(network, nodes=nodes))


@needs_icarus
def test_every_output_is_compared_and_reported(folder, data):
    given = flow.data_or_random(data, store.load(folder.spec), 1)
    found = flow.verify(folder, given, csim=False, simulators=["icarus"])
    assert found == load(folder.verification, Verification)
    assert {check.name: check.comparison.exact for check in found.checks} == {"rtlsim icarus": 6}
    trace, alarm = found.references
    assert (trace.output, bool(trace.errors), trace.ties) == ("trace", True, None)
    assert (alarm.output, alarm.accuracy[0].samples, alarm.ties.answers) == ("alarm_softmax", 6, 6)
    assert trace.fidelity.closeness.values == 60 and alarm.fidelity.closeness.snr_db > 40
    page = to_markdown(build_report(folder.root))
    assert "Input motion: 5 steps of 2 values of" in page and "Output alarm_softmax: 3 values of" in page
    assert "data.npz, output trace" in page and build_report(folder.root).passed


def test_a_wrong_output_is_named(folder, data, monkeypatch):
    """A seeded fault in the bias of the second output alone, seen by csim."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    network = store.load(folder.spec)
    files = {path: path.read_text() for path in (folder.hls / "firmware" / "weights").glob("b*.txt")}
    bias = max((path for path, text in files.items() if text.count(",") == 2), key=lambda path: int(path.stem[1:]))
    text = files[bias]
    first, rest = text.split(",", 1)

    def compared():
        checks = flow.verify(folder, flow.load_data(data, network), simulators=()).checks
        return next(check.comparison for check in checks if check.name == "csim")

    right = compared()
    assert right.passed and right.values_compared == 6 * (5 * 2 + 3)
    try:
        bias.write_text(f"{float(first) + 1},{rest}")
        wrong = compared()
    finally:
        bias.write_text(text)
    assert wrong.exact < 6 and wrong.first_difference.tensor == "output alarm_softmax"


def test_data_come_by_name_or_in_the_order_of_the_model(folder, data):
    network = store.load(folder.spec)
    given = flow.load_data(data, network)
    assert set(given.inputs(network)) == {"motion", "sound"} and set(given.targets(network)) == {
        "trace",
        "alarm_softmax",
    }
    by_name = {name: values for name, values in given.x.items()}
    listed = [by_name[item.name] for item in network.inputs]
    same = flow.Data(listed).inputs(network)
    assert all(np.array_equal(same[name], values) for name, values in by_name.items())
    drawn = flow.random_data(network, 3)
    assert {name: values.shape for name, values in drawn.x.items()} == {"motion": (3, 5, 2), "sound": (3, 5, 1)}
    few = {**by_name, "sound": by_name["sound"][:2]}
    for wrong, said in (
        (listed[:1], "a list of 1 arrays; the model has 2 inputs"),
        (listed[0], "one array, but the model has 2 inputs"),
        ({"motion": by_name["motion"]}, "no values of the input 'sound'"),
        ({**by_name, "light": listed[0]}, "values of 'light', which is no input"),
        (few, "different numbers of samples"),
        ({**by_name, "motion": by_name["motion"][:, :4]}, "x of 'motion'"),
    ):
        with pytest.raises(LmuHlsError, match=said):
            flow.Data(wrong).inputs(network)
    right = np.eye(3)[[0, 1, 2, 2, 1, 0]]
    flat, formed = (flow.Data(by_name, {"alarm": y}).targets(network) for y in (right, right[:, np.newaxis]))
    assert np.array_equal(flat["alarm_softmax"].values, formed["alarm_softmax"].values)
    with pytest.raises(LmuHlsError, match="y of 'alarm_softmax'"):
        flow.Data(by_name, {"alarm": np.full(6, 3)}).targets(network)


def test_a_file_without_an_input_is_refused(folder, tmp_path):
    np.savez(tmp_path / "data.npz", motion=np.zeros((2, 5, 2)))
    with pytest.raises(
        LmuHlsError, match=r"no array 'sound', only motion; save it with np.savez\(path, motion=..., sou"
    ):
        flow.load_data(tmp_path / "data.npz", store.load(folder.spec))
