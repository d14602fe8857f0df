"""What all tests share: builds, simulators, a saved model and its converted folder, each made once a session."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import builds
from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import simulator_env

pytest_plugins = ("tests.support.cpu_time", "tests.support.selection")
SIMULATORS = ("verilator", "icarus")
_SESSION = "LMU_HLS_TEST_CACHE"


def pytest_configure(config: pytest.Config) -> None:
    """One cache of builds for the session and all its workers, apart from the user's."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    os.environ[_SESSION] = folder = tempfile.mkdtemp(prefix="lmu-hls-test-cache-")
    os.environ.setdefault(builds.VARIABLE, folder)
    os.environ.setdefault("CXXFLAGS", "-O0")  # compiling takes longer than a short run


def pytest_unconfigure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ and _SESSION in os.environ:
        folder = os.environ.pop(_SESSION)
        if os.environ.get(builds.VARIABLE) == folder:
            del os.environ[builds.VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def _installed(name: str) -> str:
    try:
        simulator_env(name)
    except LmuHlsError as error:
        pytest.skip(str(error))
    return name


@pytest.fixture(scope="session", params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> str:
    """Each simulator in turn; one that is not installed is a skip."""
    return _installed(request.param)


@pytest.fixture(scope="session")
def icarus() -> str:
    """Icarus alone, for what one simulator shows as well as two."""
    return _installed("icarus")


@pytest.fixture(scope="session")
def verilator() -> str:
    """Verilator alone; all tests of a module have it by ``pytestmark = pytest.mark.usefixtures("verilator")``."""
    return _installed("verilator")


@pytest.fixture(scope="session")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole session and all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def once(workdir: Path) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)` gives a folder of the session that `make(folder)` has filled, a single time."""

    def get(name: str, make: Callable[[Path], None]) -> Path:
        folder = workdir / name
        with (workdir / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").is_file():
                folder.mkdir(exist_ok=True)
                make(folder)
                (folder / "made").touch()
        return folder

    return get


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small Keras model."""
    from tests.support.small_model import small_model  # Keras takes seconds to load

    path = tmp_path_factory.mktemp("model") / "small.keras"
    small_model().save(path)
    return path


@pytest.fixture(scope="session")
def converted(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder; tests copy it before they change it."""
    from lmu_hls import flow

    root = tmp_path_factory.mktemp("converted") / "out"
    flow.convert(flow.load_model(saved), root)
    return root


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Data for the small model."""
    rng = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=rng.normal(size=(6, 5, 2)), y=np.array([0, 1, 2, 0, 1, 2]))
    return path
