"""The names that a written project has: modules and ROM files that no other accelerator in the same design has too.

The library's modules are called ``lmu_*`` and the plan of a network says ``rom/<layer>_<part>.hex``. In a project each
module gets the network's name as prefix, and each ROM file that prefix and a hash of its contents: two networks of one
name can not read each other's coefficients.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from lmu_hls.rtl.affine import Rom

LIBRARY = "lmu_"  # begins the names of the library's modules
CHECK = "PARAM_ERROR_"  # begins the names of the undefined modules that stop an elaboration
HASH_DIGITS = 8

# Comments, strings and escaped identifiers are no names of modules, nor are directives and system tasks
_TOKEN = re.compile(
    rf"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\\\S+|(?<![\w`$])(?P<name>(?:{LIBRARY}|{CHECK})[\w$]*)""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the project whose prefix is ``prefix``, a Verilog identifier."""

    prefix: str

    def module(self, library: str) -> str:
        """The project's name of a module of the library."""
        return f"{self.prefix}_{library}"

    def rom(self, rom: Rom) -> str:
        """The project's name of a ROM file, below its folder."""
        digest = hashlib.sha256(rom.text().encode()).hexdigest()[:HASH_DIGITS]
        path = PurePosixPath(rom.file)
        return str(path.with_name(f"{self.prefix}_{path.stem}_{digest}{path.suffix}"))

    def source(self, text: str, library: Collection[str]) -> str:
        """Verilog in which the modules ``library``, and those that stop an elaboration, have the project's names."""

        def renamed(token: re.Match[str]) -> str:
            name = token["name"]
            ours = name is not None and (name in library or name.startswith(CHECK))
            return self.module(name) if ours else token[0]

        return _TOKEN.sub(renamed, text)
