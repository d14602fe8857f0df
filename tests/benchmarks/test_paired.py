"""What benchmarks/paired.py says of two revisions: whose turn it is, the ratio of each round, and what is too slow."""

import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "paired.py"


@pytest.fixture(scope="module")
def paired():
    spec = importlib.util.spec_from_file_location("paired_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_rounds_alternate_and_each_has_its_own_ratio(paired):
    """A machine that is ten times slower in the second round changes no ratio."""
    turns, times = [], {"old": [1.0, 10.0, 1.2], "new": [2.0, 20.0, 2.4]}

    def timer(name):
        return lambda: turns.append(name) or times[name].pop(0)

    assert paired.compare(timer("old"), timer("new"), 3) == (1.2, 2.4, 0.5)
    assert turns == ["old", "new", "new", "old", "old", "new"]


@pytest.mark.parametrize(("new_seconds", "status"), [(1.0, 0), (1.05, 0), (1.2, 1)])
def test_a_slower_revision_fails(paired, new_seconds, status, monkeypatch, capsys, tmp_path):
    """Of two trees, the second with a seeded delay."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()

    @contextmanager
    def timer(tree, name):
        yield lambda: 1.0 if tree == old else new_seconds

    monkeypatch.setattr(paired, "timer", timer)
    assert paired.main([str(old), str(new), "--case", "golden dense"]) == status
    assert f"{1 / new_seconds:.2f}" in capsys.readouterr().out


def test_processor_time_of_children_counts(paired):
    busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"]
    assert paired.cpu_seconds(lambda: paired.subprocess.run(busy, check=True)) >= 0.3
    assert paired.cpu_seconds(lambda: None) < 0.1
