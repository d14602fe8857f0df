"""The Python of the README runs as it is written, in its order."""

import re
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError

README = Path(__file__).parents[1] / "README.md"


def blocks() -> list[str]:
    found = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 3
    return found


def run(count: int, monkeypatch, folder: Path, changes: dict[str, str]) -> dict:
    """The names that the first ``count`` blocks leave behind; ``changes`` are made to their text."""
    monkeypatch.chdir(folder)
    x = np.random.default_rng(0).normal(size=(20, 29, 12))
    names = {"x": x}
    for block in blocks()[:count]:
        for old, new in changes.items():
            block = block.replace(old, new)
        exec(compile(block, README, "exec"), names)
    return names


@pytest.mark.parametrize(
    "sequences", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["every step", "as written"]
)
def test_the_hls_road(sequences, monkeypatch, tmp_path):
    """Its own assert holds, also for a model that gives one value every step."""
    changes = {'name="lmu")': 'name="lmu", return_sequences=True)', "Dense(9)": "Dense(1)"} if sequences else {}
    names = run(2, monkeypatch, tmp_path, changes)
    y, hls_model = names["y"], names["hls_model"]
    assert y.shape == ((20, 29) if sequences else (20, 9))
    assert len(np.unique(y)) > 20
    assert np.array_equal(hls_model.predict(names["x"][0]), y[0])
    with pytest.raises(LmuHlsError, match=r"\(20, 12, 29\).*x\.transpose"):
        hls_model.predict(np.ascontiguousarray(names["x"].transpose(0, 2, 1)))


@pytest.mark.slow
def test_the_verilog_road(monkeypatch, tmp_path):
    from lmu_hls import toolchain

    for tool in ("verilator", "pyosys"):
        if not toolchain.find(tool).found:
            pytest.skip(reason=f"{tool} is not installed")
    changes = {"hls_model.compile()\ny = hls_model.predict(x)                                 # csim": "y = None"}
    changes["assert (y =="] = "assert (y !="
    names = run(3, monkeypatch, tmp_path, changes)
    import lmu_hls

    assert np.array_equal(names["y"], lmu_hls.reference(names["hls_model"], names["x"]))
    assert names["report"]["Multipliers"] > 0 and names["report"]["Resources"]
