"""What is to be done when another package is imported, without importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def when_imported(name: str, action: Callable[[ModuleType], None]) -> None:
    """Run ``action`` on the module ``name`` now if it has been imported, else whenever it has run.

    May be called any number of times. A module that is just being imported has to be asked for before.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        action(module)
    elif not any(isinstance(other, _Watcher) and other.awaits(name, action) for other in sys.meta_path):
        sys.meta_path.insert(0, _Watcher(name, action))


class _Watcher(MetaPathFinder):
    """Leaves the finding to others, and acts when the module has run."""

    def __init__(self, name: str, action: Callable[[ModuleType], None]) -> None:
        self.name, self.action = name, action

    def awaits(self, name: str, action: Callable[[ModuleType], None]) -> bool:
        return (self.name, self.action) == (name, action)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        others = (finder for finder in list(sys.meta_path) if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec)
        return spec

    def _follow(self, spec: ModuleSpec) -> None:
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def then_act(module: ModuleType) -> None:
            execute(module)
            self.action(module)

        spec.loader.exec_module = then_act  # type: ignore[method-assign]
