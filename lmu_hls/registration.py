"""The layers become known to Keras as soon as both packages are imported, in either order, and not before.

Keras alone takes seconds to import, so ``import lmu_hls`` does not do it: it waits on the import system.
"""

from __future__ import annotations

import contextlib
import importlib
from types import ModuleType

from lmu_hls.imports import when_imported

# They register their classes with Keras when they are imported, each as soon as what it needs is there
_LAYERS, _TRAINING = "lmu_hls.layers", "lmu_hls.training"


def with_keras() -> None:
    """Register the layers with Keras now if it is there already, else when it is imported. Any number of times."""
    when_imported("keras", _register_layers)
    when_imported(_LAYERS, _register_training)


def _register_layers(keras: ModuleType) -> None:
    # A Keras that our layers cannot use still has to be imported; who asks for lmu_hls.LMU hears of it
    with contextlib.suppress(ImportError, AttributeError):
        importlib.import_module(_LAYERS)


def _register_training(layers: ModuleType) -> None:
    importlib.import_module(_TRAINING)
