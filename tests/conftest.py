"""One cache of builds for a test session and all its workers, apart from the user's."""

import os
import shutil
import tempfile

from lmu_hls import builds

_MADE = "LMU_HLS_TEST_CACHE"


def pytest_configure(config):
    if "PYTEST_XDIST_WORKER" not in os.environ and builds.VARIABLE not in os.environ:
        os.environ[builds.VARIABLE] = os.environ[_MADE] = tempfile.mkdtemp(prefix="lmu-hls-test-cache-")


def pytest_unconfigure(config):
    if "PYTEST_XDIST_WORKER" not in os.environ and _MADE in os.environ:
        shutil.rmtree(os.environ.pop(_MADE), ignore_errors=True)
        del os.environ[builds.VARIABLE]
