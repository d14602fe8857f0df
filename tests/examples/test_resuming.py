"""What the examples keep between runs."""

import json
from types import SimpleNamespace

from examples import resuming
from lmu_hls import flow


def test_a_model_is_made_once_for_a_state(tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "load_model", lambda path: path.read_text())
    made = []

    def make():
        made.append(1)
        return SimpleNamespace(save=lambda path: path.write_text("model"))

    path = tmp_path / "float.keras"
    states = ["a", "a", "b"]
    assert [resuming.kept_model(path, state, make)[0] for state in states] == ["model"] * 3
    assert len(made) == 2
    assert json.loads(path.with_suffix(".json").read_text())["state"] == "b"
