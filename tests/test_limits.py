"""Limits on files: a small one that would become a large one is refused before it does, in little memory."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from lmu_hls import cli, limits
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import read_config
from tests.support.small_model import small_model

METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


def lmu_config(**changed: object) -> dict:
    lmu = {"name": "lmu", "memory_d": 2, "order": 3, "theta": 5, **changed}
    cell = {"class_name": "Dense", "config": {"name": "cell", "units": 3}, "build_config": {}}
    layers = [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 5, 2]}, "build_config": {}},
        {"class_name": "LMU", "config": {"hidden_cell": cell, **lmu}, "build_config": {}},
    ]
    return {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}


def weights(**datasets: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values, compression="gzip", chunks=True)
    return buffer.getvalue()


def model_file(path: Path, config: object, h5: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", METADATA)
        archive.writestr("config.json", config if isinstance(config, str | bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", weights(a=np.zeros(3)) if h5 is None else h5)
    return path


def nested(depth: int) -> str:
    return '{"class_name": "Sequential", "config": ' + "[" * depth + "]" * depth + "}"


REFUSED = {
    "order": (lmu_config(order=10**6), "ORDER"),
    "states": (lmu_config(memory_d=10**6), "STATES"),
    "units": (lmu_config(hidden_cell={"class_name": "Dense", "config": {"units": 10**9}}), "PARAMETERS"),
    "depth": (nested(100_000), "DEPTH"),
    "size": (json.dumps(" " * (17 << 20)), "CONFIG"),
    "steps": ({"class_name": "InputLayer", "config": {"batch_shape": [None, 10**9, 2]}}, "VALUES"),
    "layers": ([{"class_name": "Dense", "config": {"units": 1}, "build_config": {}}] * 1001, "LAYERS"),
}


@pytest.mark.parametrize(("config", "name"), REFUSED.values(), ids=REFUSED)
def test_a_model_beyond_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: object, name: str) -> None:
    """The message names value, limit and variable; the variable that it names lifts the limit."""
    path = model_file(tmp_path / "model.keras", config)
    with pytest.raises(
        LmuHlsError, match=rf"and the limit is {limits.LIMITS[name].default};.*LMU_HLS_MAX_{name}=\d+"
    ) as raised:
        limits.check_model_file(path)
    variable, _, value = str(raised.value).rpartition(" ")[2].partition("=")
    monkeypatch.setenv(variable, value)
    if name != "CONFIG":  # which counts only as far as it reads
        limits.check_config(json.loads(config) if isinstance(config, str) and name != "DEPTH" else {}, "it")
    assert limits.limit(name) == int(value)


def test_ordinary_files_pass(tmp_path: Path) -> None:
    limits.check_model_file(model_file(tmp_path / "model.keras", lmu_config()))
    limits.check_model_file(model_file(tmp_path / "large.keras", lmu_config(order=256, memory_d=16)))
    limits.check_yaml("Model: {ReuseFactor: 1}\nLayerName:\n  lmu: &x {Precision: a}\n  head: *x\n", "a.yml")


def test_weights_beyond_the_limit_or_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMU_HLS_MAX_UNPACKED", "1000000")
    with pytest.raises(LmuHlsError, match=r"weights\.h5 has 8000000 bytes when unpacked"):
        limits.check_model_file(model_file(tmp_path / "a.keras", lmu_config(), weights(a=np.zeros(10**6))))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["a"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(LmuHlsError, match="the weights 'a' lie in another file"):
        limits.check_model_file(model_file(tmp_path / "b.keras", lmu_config(), buffer.getvalue()))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("a", (8,), "u1", external=[("/etc/passwd", 0, 8)])
    with pytest.raises(LmuHlsError, match="the weights 'a' lie in another file"):
        limits.check_model_file(model_file(tmp_path / "c.keras", lmu_config(), buffer.getvalue()))


def bomb(path: Path, member: str, size: int, lie: bool = False) -> Path:
    """A small zip file with a member of ``size`` zeros; with ``lie`` the directory says 1000 bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("metadata.json", METADATA)
        with archive.open(member, "w", force_zip64=True) as file:
            for _ in range(size >> 24):
                file.write(bytes(1 << 24))
        if lie:
            archive.getinfo(member).file_size = 1000
    return path


CHILD = """
import sys
from pathlib import Path
from lmu_hls import limits
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow.data import read_arrays

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) << 10

before = peak()
for kind, path in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        {"model": limits.check_model_file, "data": read_arrays}[kind](Path(path))
        print("passed")
    except LmuHlsError as error:
        print(error)
print(peak() - before)
"""
MEMBERS = {"model": "config.json", "data": "x.npy"}


def refused(files: list[tuple[str, Path]]) -> tuple[list[str], int]:
    """What a process of its own says of the files, and the bytes of memory that it takes for them."""
    command = [sys.executable, "-c", CHILD, *(str(word) for pair in files for word in pair)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *messages, peak = done.stdout.splitlines()
    return messages, int(peak)


def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory is believed, because zipfile reads no more than it says: a lie gives a damaged file."""
    monkeypatch.setenv("LMU_HLS_MAX_UNPACKED", "100000000")
    kinds = [(kind, lie) for kind in MEMBERS for lie in (False, True)]
    files = [(kind, bomb(tmp_path / f"{kind}{lie}.zip", MEMBERS[kind], 1 << 28, lie)) for kind, lie in kinds]
    messages, peak = refused(files)
    assert peak < 1 << 26 and all(path.stat().st_size < 2 << 20 for _, path in files)
    for (_, lie), message in zip(kinds, messages, strict=True):
        wanted = "268435456 bytes when unpacked, and the limit is 100000000; if you trust the file, add --limit "
        assert wanted in message if not lie else message == "passed" or "not a readable" in message


@pytest.mark.slow
def test_three_gigabytes_are_beyond_the_default(tmp_path: Path) -> None:
    messages, peak = refused([(kind, bomb(tmp_path / f"{kind}.zip", MEMBERS[kind], 3 << 30)) for kind in MEMBERS])
    assert peak < 1 << 26
    assert all("3221225472 bytes when unpacked, and the limit is 2147483648" in message for message in messages)


def test_aliases_that_multiply(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    (tmp_path / "a.yml").write_text("\n".join(lines))
    with pytest.raises(LmuHlsError, match="values, aliases followed, and the limit is 1000000"):
        read_config(tmp_path / "a.yml")
    (tmp_path / "b.yml").write_text("[" * 5000 + "]" * 5000)
    with pytest.raises(LmuHlsError, match="nested levels"):
        read_config(tmp_path / "b.yml")


def test_a_limit_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMU_HLS_MAX_DEPTH", "many")
    with pytest.raises(LmuHlsError, match="LMU_HLS_MAX_DEPTH='many' is no number"):
        limits.limit("DEPTH")


def test_the_option_goes_over_the_variable_and_ends_with_the_command(monkeypatch):
    monkeypatch.setenv("LMU_HLS_MAX_LAYERS", "5")
    limits.allow(["layers=7", "Depth=3"])
    assert (limits.limit("LAYERS"), limits.limit("DEPTH")) == (7, 3)
    limits.allow(())
    assert limits.limit("LAYERS") == 5
    for text, part in (
        ("layer=7", "did you mean 'layers'?"),
        ("layers", "write layers=NUMBER"),
        ("layers=-1", "with a whole number"),
    ):
        with pytest.raises(LmuHlsError, match=re.escape(part)):
            limits.allow([text])


def test_the_commands_take_limits(tmp_path, capsys):
    small_model().save(tmp_path / "m.keras")
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(tmp_path / "m.keras"), str(tmp_path / "out"), "--limit", "order=2"])
    assert stop.value.code == 1 and "add --limit order=4" in " ".join(capsys.readouterr().err.split())
    assert limits.limit("ORDER") == limits.LIMITS["ORDER"].default
