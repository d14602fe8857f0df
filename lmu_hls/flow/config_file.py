"""The settings file of a conversion: YAML with hls4ml's keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lmu_hls import limits
from lmu_hls.errors import LmuHlsError

KEYS = "hls4ml's keys (Model, LayerName, LayerType)"
DEEPEST = 20  # levels of a mapping; hls4ml's configuration has four


class _Loader(yaml.SafeLoader):
    """YAML without keys that are given twice, of which one would be lost, and without endless depth."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(f"it is more than {DEEPEST} levels deep; {KEYS} have four")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if isinstance(key, str) and key in lines:
                raise yaml.YAMLError(f"the key {key!r} is given twice, in lines {lines[key]} and {line}; keep one")
            if isinstance(key, str):
                lines[key] = line
        return super().construct_mapping(node, deep)


def read_config(path: Path) -> Mapping[str, Any]:
    """Read a YAML file with hls4ml's keys. Raises LmuHlsError when it is absent, no YAML, or not a mapping."""
    try:
        text = path.read_text()
        limits.check_yaml(text, str(path))
        loaded = yaml.load(text, _Loader)
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist; give a YAML file with {KEYS}") from None
    except IsADirectoryError:
        raise LmuHlsError(f"{path} is a folder; give a YAML file with {KEYS}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: bytes that are no text, impossible dates
        raise LmuHlsError(f"{path} is not readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, Mapping):
        what = "nothing" if loaded is None else type(loaded).__name__
        raise LmuHlsError(f"{path} holds {what}, expected {KEYS}")
    return loaded
