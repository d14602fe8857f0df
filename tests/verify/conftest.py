"""The simulators that are installed, and one place for the builds of all tests and workers."""

import os
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import simulator_env


@pytest.fixture(scope="session")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where builds are kept, for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared_rtlsim"


@pytest.fixture(params=("verilator", "icarus"))
def simulator(request: pytest.FixtureRequest) -> str:
    return _installed(request.param)


@pytest.fixture
def icarus() -> str:
    return _installed("icarus")


def _installed(name: str) -> str:
    try:
        simulator_env(name)
    except LmuHlsError as error:
        pytest.skip(reason=str(error))
    return name
