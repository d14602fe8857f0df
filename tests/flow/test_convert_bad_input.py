"""Whatever is wrong with the input: one message with the remedy, a non-zero exit status, nothing lost."""

import zipfile

import keras
import numpy as np
import pytest

from lmu_hls import cli
from lmu_hls.layers import LMU
from tests.support.small_model import small_model


@pytest.fixture
def fails(capsys):
    """Run a command line that must fail, and return its message."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert stop.value.code not in (0, None)
        assert "Traceback" not in said.err + said.out
        assert said.err.startswith("Error: ")
        return said.err

    return run


def save(model, path):
    model.save(path)
    return path


def test_missing_file(fails, tmp_path):
    assert "does not exist" in fails("convert", tmp_path / "none.keras", tmp_path / "out")


def test_file_of_another_kind(fails, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(b"x")
    assert "is not a .keras file" in fails("convert", path, tmp_path / "out")


def test_damaged_file(fails, saved, tmp_path):
    path = tmp_path / "broken.keras"
    path.write_bytes(saved.read_bytes()[:500])
    assert "is damaged" in fails("convert", path, tmp_path / "out")


def test_model_without_lmu(fails, tmp_path):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")
    assert "no LMU" in message
    assert not (tmp_path / "out").exists()


def test_unknown_layer(fails, tmp_path):
    model = keras.Sequential([keras.Input((5, 2)), LMU(1, 4, 6, None), keras.layers.GroupNormalization(1, name="norm")])
    assert "norm" in fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")


def test_variable_length_input(fails, tmp_path):
    model = keras.Sequential([keras.Input((None, 2)), LMU(1, 4, 6, None)])
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")
    assert "fixed number of time steps" in message


def test_unsupported_hidden_cell(fails, tmp_path):
    model = small_model(keras.layers.StackedRNNCells([keras.layers.LSTMCell(3)]))
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")
    assert "lmu" in message and "StackedRNNCells" in message and "LSTMCell" in message


def test_unstable_euler(fails, tmp_path):
    """Such a layer cannot be made; a file that asks for one is refused with the limit."""
    with pytest.raises(ValueError, match="theta"):
        small_model(discretizer="euler", theta=3)
    path = save(small_model(discretizer="euler", theta=9), tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = members["config.json"].replace(b'"theta": 9', b'"theta": 3')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    message = fails("convert", path, tmp_path / "out")
    assert "theta" in message and "5." in message


def test_unstable_quantized_coefficients(fails, tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, 2)), LMU(1, 64, 200, None, name="lmu")])
    config = tmp_path / "c.yml"
    config.write_text("LayerName: {lmu: {Precision: {a: 'fixed<6,1,RND_CONV,SAT>'}}}")
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out", "--config", config)
    assert "lmu" in message and "spectral radius" in message


def test_nan_weights(fails, tmp_path):
    model = small_model()
    head = model.get_layer("head")
    head.set_weights([np.full_like(head.kernel, np.nan), np.zeros(3)])
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")
    assert "NaN" in message and "head" in message


def test_nan_in_the_lmu(fails, tmp_path):
    model = small_model()
    layer = model.get_layer("lmu")
    layer.set_weights([np.full_like(weight, np.nan) for weight in layer.get_weights()])
    message = fails("convert", save(model, tmp_path / "m.keras"), tmp_path / "out")
    assert "NaN" in message and "lmu" in message


def test_output_folder_is_not_overwritten(fails, converted, saved, tmp_path):
    before = (converted / "spec.npz").read_bytes()
    assert "--force" in fails("convert", saved, converted)
    assert (converted / "spec.npz").read_bytes() == before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for force in ([], ["--force"]):
        assert "not ours" in fails("convert", saved, mine, *force)
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_failed_conversion_leaves_the_old_folder(fails, saved, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(saved), str(out)])
    assert stop.value.code == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*"))
    fails("convert", saved, out, "--force", "--io-type", "io_serial")
    assert sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("LayerName: {lmuu: {Precision: {u: 'fixed<8,2>'}}}", "lmuu"),
        ("LayerName: {lmu: {Precision: {uu: 'fixed<8,2>'}}}", "uu"),
        ("Modell: {}", "Modell"),
        ("just text", "expected hls4ml's keys"),
        ("{", "YAML"),
    ],
)
def test_bad_configuration(fails, saved, tmp_path, text, part):
    config = tmp_path / "c.yml"
    config.write_text(text)
    assert part in fails("convert", saved, tmp_path / "out", "--config", config)


@pytest.mark.parametrize(
    ("option", "part"),
    [
        (("--precision", "float"), "float"),
        (("--backend", "oneAPI"), "oneAPI"),
        (("--backend", "Nowhere"), "Nowhere"),
        (("--io-type", "io_serial"), "io_serial"),
        (("--reuse-factor", "0"), "reuse-factor"),
        (("--max-bits", "4000"), "--max-bits is for --precision auto"),
        (("--target-snr-db", "40", "--precision", "fixed<16,6>"), "--target-snr-db is for --precision auto"),
        (("--max-accuracy-drop", "1%"), "--max-accuracy-drop is for --precision auto"),
        (("--precision", "fixed<16,6>;junk"), "'fixed<16,6>;junk'"),
    ],
)
def test_bad_option(fails, saved, tmp_path, option, part):
    assert part in fails("convert", saved, tmp_path / "out", *option)


def test_folder_without_a_model(fails, tmp_path):
    for command in ("verify", "synth", "report"):
        assert "lmu-hls convert" in fails(command, tmp_path)


def test_unknown_simulator(fails, converted):
    assert "modelsim" in fails("verify", converted, "--simulator", "modelsim")


@pytest.mark.parametrize("number", ["", "0", "-1", "1.5", "x"])
def test_a_simulator_with_an_impossible_number_of_samples(fails, converted, number):
    assert "as in icarus:10" in fails("verify", converted, "--simulator", f"icarus:{number}")


def test_simulator_absent(fails, converted, monkeypatch):
    from lmu_hls import toolchain

    monkeypatch.setitem(
        toolchain.TOOLS, "icarus", lambda name: toolchain.Tool(name, None, "", False, "apt-get install iverilog")
    )
    message = fails("verify", converted, "--simulator", "icarus")
    assert "apt-get install iverilog" in message


@pytest.mark.parametrize(
    ("arrays", "part"),
    [
        ({"x": np.zeros((3, 5, 9))}, "shape"),
        ({"x": np.full((3, 5, 2), np.nan)}, "NaN"),
        ({"z": np.zeros(3)}, "no array 'x'"),
        ({"x": np.zeros((3, 5, 2)), "y": np.zeros(2, int)}, "one class for each sample, integers of shape (samples,)"),
    ],
)
def test_bad_data(fails, converted, tmp_path, arrays, part):
    path = tmp_path / "d.npz"
    np.savez(path, **arrays)
    assert part in fails("verify", converted, "--data", path)


def test_debug_shows_the_traceback(saved, tmp_path):
    from lmu_hls.errors import LmuHlsError

    with pytest.raises(LmuHlsError):
        cli.main(["convert", str(tmp_path / "none.keras"), str(tmp_path / "out"), "--debug"])
