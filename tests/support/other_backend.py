"""Checks on the other Keras backends, each in a process of its own, since Keras chooses one at import."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BACKENDS = ("jax", "torch")


def check(script: str, backend: str, folder: Path, **environment: str) -> None:
    """``script``, with the backend's name as its argument, must end with "same"; a skip without the backend."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is an optional Keras backend: pip install {backend}")
    (folder / "check.py").write_text(script)
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, str(folder / "check.py"), backend]
    set_ = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path, **environment}
    done = subprocess.run(command, env=set_, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("same"), done.stderr[-4000:]
