"""From Verilog to a program with Verilator; what does not depend on the design is compiled once and kept.

Verilator's runtime takes ten times as long to compile as a small design. It depends on nothing but Verilator, g++ and
the flags: it is an entry of the cache of builds, whose key holds the very commands that make it and all files of
Verilator's include folder. So are the headers that all its C++ begins with, from the second design on: precompiling
them takes longer than a single design gains by it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lmu_hls import builds, process
from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import find, need

OBJECTS = "obj"  # below the folder in which Verilator runs
HEADER, MAKEFILE = "kept.h", "kept.mk"
RUNTIME, HEADERS = "runtime", "headers"  # targets of that makefile, and links to what is kept
SPEEDS = ("fast", "slow")  # of Verilator's classes: what runs in each cycle, and the rest
# Around Verilator's own makefile
_MAKEFILE = """\
include {prefix}.mk
.PHONY: runtime headers
runtime: $(VK_GLOBAL_OBJS)
headers: $(VK_PCH_H).fast.gch $(if $(filter 1,$(VM_PARALLEL_BUILDS)),$(VK_PCH_H).slow.gch)
$(VK_USER_OBJS) $(VM_PREFIX)__ALL.o: CPPFLAGS += $(USER_HEADER)
"""
_INCLUDES = """\
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>
#include "verilated.h"
#include "verilated_dpi.h"
#if VM_VPI
#include "verilated_vpi.h"
#endif
"""


def program(
    arguments: Sequence[str],
    folder: Path,
    prefix: str,
    optimise: str,
    env: Mapping[str, str],
    log: Path,
    variables: Sequence[str] = (),
) -> int:
    """Run Verilator in ``folder`` and compile its C++ in ``folder/obj``; 0, or the exit status of what failed.

    The path of ``folder`` must hold no space, which make refuses.
    ``prefix`` is that of Verilator's files, ``optimise`` g++'s level for the runtime and for what runs in each cycle,
    ``variables`` are further ones of its makefile. ``log`` gets what is printed, up to what failed.
    """
    command = [str(need("verilator").path), "--cc", "--exe", "--Mdir", OBJECTS, "--prefix", prefix, *arguments]
    code = process.run(command, tool="Verilator", cwd=folder, env=env, log=log).code
    if code:
        return code
    place = folder / OBJECTS
    (place / MAKEFILE).write_text(_MAKEFILE.format(prefix=prefix), encoding="utf-8")
    make = ["make", "-f", MAKEFILE, f"OPT_FAST={optimise}", f"OPT_GLOBAL={optimise}"]
    make += ["-j", str(len(os.sched_getaffinity(0))), *variables]

    def run(*more: str) -> int:
        return process.run([*make, *more], tool="make", cwd=place, env=env, log=log).code

    if _keep(RUNTIME, "*.o", place, prefix, log, run):
        headers: tuple[str, ...] = ()
    else:
        (place / HEADER).write_text(_INCLUDES, encoding="utf-8")
        for speed in SPEEDS:  # where g++ cannot use what is precompiled, for instance for want of memory
            (place / f"{HEADER}.{speed}").write_text(f'#include "{HEADER}"\n', encoding="utf-8")
        _keep(HEADERS, f"{HEADER}*", place, prefix, log, run)
        fast, slow = (f"-include {HEADERS}/{HEADER}.{speed}" for speed in SPEEDS)
        headers = (f"VK_PCH_H={HEADERS}/{HEADER}", f"VK_PCH_I_FAST={fast}", f"VK_PCH_I_SLOW={slow}")
        headers += (f"USER_HEADER={fast}",)
    return run("VK_GLOBAL_OBJS=", f"LOADLIBES={RUNTIME}/*.o", *headers)


def _keep(target: str, files: str, place: Path, prefix: str, log: Path, run: Callable[..., int]) -> bool:
    """A link of that name in ``place`` to what ``target`` makes there: ``files``. Whether they had to be made."""
    fresh = []

    def compile_kept(entry: Path) -> None:
        if run(target, f"VK_PCH_H={HEADER}"):
            raise LmuHlsError(f"g++ could not compile Verilator's {target}; the full text is in {log}")
        for made in place.glob(files):
            shutil.move(made, entry)
        fresh.append(target)

    run(target, f"VK_PCH_H={HEADER}", "OBJCACHE=", "--dry-run", "-j1")
    # Without what make says of itself, such as files from the future by a coarse clock, and in an order of its own
    commands = sorted(line for line in log.read_bytes().splitlines() if not line.startswith(b"make"))
    parts: list[str | bytes] = [*commands, *_versions(), *_includes(_root(place / f"{prefix}.mk"))]
    # A link, because a path of the user may hold a space
    (place / target).symlink_to(builds.built(f"verilator-{target}", parts, compile_kept))
    return bool(fresh)


def _versions() -> list[str]:
    return [f"{tool.path} {tool.identity}" for tool in map(find, ("verilator", "g++"))]


def _root(makefile: Path) -> Path:
    """The folder of the Verilator that wrote a makefile."""
    found = re.search(r"^VERILATOR_ROOT = (.+)$", makefile.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, "Verilator's makefile names its folder"
    return Path(found[1])


def _includes(root: Path) -> Iterator[bytes]:
    """Names and contents of all files that the runtime is made of."""
    for file in sorted((root / "include").rglob("*")):
        if file.is_file():
            yield from (os.fsencode(file), file.read_bytes())
