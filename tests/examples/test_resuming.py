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
    assert [resuming.kept_model(path, state, make).model for state in states] == ["model"] * 3
    assert len(made) == 2
    assert json.loads(path.with_suffix(".json").read_text())["state"] == "b"
    monkeypatch.setattr(resuming, "backend", lambda: "another")  # with which it is not made again
    kept = resuming.kept_model(path, "b", make)
    assert len(made) == 2 and kept.backend.startswith("tensorflow") and kept.path == path


def test_code_is_the_same_with_every_version_of_python(tmp_path):
    """Its value was found with 3.10 to 3.13; only what is done counts."""
    path = tmp_path / "code.py"
    path.write_text("class A:\n    def f(self, x=None):  # a comment\n        return f'{x!r:>3}', [], x[1:]\n")
    digest = resuming.digest_of_code([path])
    assert digest.startswith("578924f0a803be77")
    path.write_text(path.read_text().replace("a comment", "another"))
    assert resuming.digest_of_code([path]) == digest
    path.write_text(path.read_text().replace("1:", "2:"))
    assert resuming.digest_of_code([path]) != digest
