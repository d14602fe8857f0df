"""Builds that all tests of one session share, also across the workers of pytest-xdist."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import simulator_env

SIMULATORS = ("verilator", "icarus")


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared_hdl"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> str:
    """Each simulator in turn; one that is not installed is a skip."""
    try:
        simulator_env(request.param)
    except LmuHlsError as error:
        pytest.skip(str(error))
    return request.param


@pytest.fixture(scope="session")
def icarus() -> str:
    """Icarus alone, for what one simulator shows as well as two."""
    try:
        simulator_env("icarus")
    except LmuHlsError as error:
        pytest.skip(str(error))
    return "icarus"


@pytest.fixture(scope="session")
def once(shared_dir: Path) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)` gives a folder of the session that `make(folder)` has filled, a single time."""

    def get(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared_dir / name
        with (shared_dir / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").is_file():
                folder.mkdir(exist_ok=True)
                make(folder)
                (folder / "made").touch()
        return folder

    return get
