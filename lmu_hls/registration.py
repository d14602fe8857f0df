"""The layers become known to Keras as soon as both packages are imported, in either order, and not before.

Keras alone takes seconds to import, so ``import lmu_hls`` does not do it: it waits on the import system.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_LAYERS = "lmu_hls.layers"  # registers its classes with Keras when it is imported


class _KerasWatcher(MetaPathFinder):
    """Leaves the finding to others, and imports our layers when Keras has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self._follow(spec)
                return spec
        return None

    def _follow(self, spec: ModuleSpec) -> None:
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def then_register(module: ModuleType) -> None:
            execute(module)
            with contextlib.suppress(ValueError):
                sys.meta_path.remove(self)
            _register()

        spec.loader.exec_module = then_register  # type: ignore[method-assign]


def with_keras() -> None:
    """Register the layers with Keras now if it is there already, else when it is imported. Any number of times."""
    keras = sys.modules.get("keras")
    if keras is not None and not getattr(keras.__spec__, "_initializing", False):
        _register()
    elif not any(isinstance(finder, _KerasWatcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasWatcher())


def _register() -> None:
    # A Keras that our layers cannot use still has to be imported; who asks for lmu_hls.LMU hears of it
    with contextlib.suppress(ImportError, AttributeError):
        importlib.import_module(_LAYERS)
