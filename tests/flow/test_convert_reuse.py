"""``lmu-hls convert --reuse-factor N``: what was made of the request is said on screen and written down."""

import json
import re

import hls4ml
import keras
import pytest
import yaml

from lmu_hls import cli
from lmu_hls.layers import LMU


@pytest.fixture(scope="module")
def gru(tmp_path_factory):
    """A network with feedback, for which each part's own cycles are not those of a step."""
    layer = LMU(2, 2, 8, keras.layers.GRUCell(2), input_to_hidden=True, name="lmu")
    path = tmp_path_factory.mktemp("model") / "gru.keras"
    keras.Sequential([keras.Input((3, 2)), layer, keras.layers.Dense(2, name="head")], name="gru").save(path)
    return path


@pytest.fixture
def convert(gru, tmp_path, capsys):
    """Convert and return the record of the request, stdout, stderr and the datasheet."""

    def run(*options):
        out = tmp_path / "out"
        with pytest.raises(SystemExit) as stop:
            cli.main(["convert", str(gru), str(out), "--force", *map(str, options)])
        said = capsys.readouterr()
        assert stop.value.code == 0, said.err
        reuse = json.loads((out / "manifest.json").read_text())["hardware"]["reuse"]
        written = json.loads((out / "verilog" / "manifest.json").read_text())["hardware"]
        assert written["ii_cycles"] <= reuse["cycles"]
        return reuse, said.out, said.err, (out / "verilog" / "README.md").read_text(), written

    return run


def test_request(convert):
    """Below the minimum, within, and beyond the fewest multipliers; --json keeps stdout pure."""
    reuse, out, err, readme, written = convert("--reuse-factor", 7)
    least, most = reuse["fewest"], reuse["most"]
    assert (written["ii_cycles"], reuse["cycles"], reuse["missed"]) == (least, least, True)
    assert re.search(f"ReuseFactor 7 is out of reach: layer 'lmu' takes {least} cycles a step or more", err)
    assert reuse["text"] in readme.replace("\n", " ")
    assert "ReuseFactor" not in out

    wanted = (least + most) // 2
    reuse, out, err, _, written = convert("--reuse-factor", wanted)
    assert least <= written["ii_cycles"] <= wanted and "ReuseFactor" not in err
    assert f"{reuse['cycles']} cycles a step on {written['multipliers']} multipliers" in out.replace("\n", " ")

    reuse, out, err, _, written = convert("--reuse-factor", 1000000, "--json")
    assert written["ii_cycles"] <= reuse["cycles"] == most and f"saves nothing over {most}" in err.replace("\n", " ")
    assert json.loads(out)["hardware"]["reuse"] == reuse


def test_defaults_that_hls4ml_repeats_for_each_layer_are_no_wish(convert, gru, tmp_path):
    from lmu_hls.flow import load_model

    config = hls4ml.utils.config_from_keras_model(load_model(gru), granularity="name", backend="Vitis")
    path = tmp_path / "config.yml"
    path.write_text(yaml.safe_dump(json.loads(json.dumps(config, default=str))))
    reuse, *_ = convert("--config", path, "--reuse-factor", 64)
    assert reuse == convert("--reuse-factor", 64)[0]
    assert not reuse["missed"] and reuse["wanted"] == 64
