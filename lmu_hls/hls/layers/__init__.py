"""The kinds of layers that the C++ has templates and headers of its own for: one file a kind, found because it is here.

A file has ``TEMPLATES``, the classes of its templates, and ``HEADERS``, the files of firmware/ that its C++ stands in.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

_KINDS = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
TEMPLATES: tuple[type, ...] = tuple(template for kind in _KINDS for template in kind.TEMPLATES)
HEADERS: tuple[str, ...] = tuple(header for kind in _KINDS for header in kind.HEADERS)
