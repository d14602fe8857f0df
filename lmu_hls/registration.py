"""The layers become known to Keras, and the LMU to hls4ml, as soon as both are imported, in either order, not before.

Either takes seconds to import, so ``import lmu_hls`` does not do it: it waits on the import system.
"""

from __future__ import annotations

import contextlib
import importlib
from types import ModuleType

from lmu_hls.imports import when_imported

# They register their classes with Keras when they are imported, each as soon as what it needs is there
_LAYERS, _TRAINING = "lmu_hls.layers", "lmu_hls.training"
_PLUGIN = "lmu_hls.plugin"


def with_keras() -> None:
    """Register the layers with Keras now if it is there already, else when it is imported. Any number of times."""
    when_imported("keras", _register_layers)
    when_imported(_LAYERS, _register_training)


def with_hls4ml() -> None:
    """Register the LMU and our backend with hls4ml, as the entry point does where lmu_hls is installed.

    It is for a package that only lies on PYTHONPATH, of which hls4ml does not hear. Any number of times.
    """
    when_imported("hls4ml", _register_plugin)


def _register_plugin(hls4ml: ModuleType) -> None:
    # An hls4ml that we cannot use still has to be imported; who asks for a conversion hears of it
    with contextlib.suppress(ImportError, AttributeError):
        from hls4ml.backends.backend import register_backend
        from hls4ml.writer.writers import register_writer

        plugin = importlib.import_module(_PLUGIN)
        plugin.register(register_backend=register_backend, register_writer=register_writer)


def _register_layers(keras: ModuleType) -> None:
    # A Keras that our layers cannot use still has to be imported; who asks for lmu_hls.LMU hears of it
    with contextlib.suppress(ImportError, AttributeError):
        importlib.import_module(_LAYERS)


def _register_training(layers: ModuleType) -> None:
    importlib.import_module(_TRAINING)
