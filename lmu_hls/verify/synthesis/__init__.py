"""The C++ of an hls4ml project as an HLS tool reads it: compiled by clang with ``__SYNTHESIS__`` defined, and counted.

The open ap_types lack the integers of HLS compilers; ``ssdm_int.h`` has them, on clang's ``_BitInt``. In the optimised
LLVM IR of a layer, with its ``HLS UNROLL`` loops unrolled and nothing else, the multiplications of two values are the
multipliers that an iteration of its loops needs. Pragmas that have a value are empty instructions there, so that the
compiler works the value out and it is known in which loop they stand. ``expected.py`` says what there must be. This is
no vendor's HLS: how it binds and schedules is not shown.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import process, toolchain
from lmu_hls.errors import LmuHlsError
from lmu_hls.verify.synthesis.ir import MARK, IRLoop, body_of

SHIM, STREAM = (Path(__file__).with_name(name) for name in ("ssdm_int.h", "synthesis_stream.h"))
STANDARD = "-std=gnu++14"
# Of namespace nnet, compiled as functions of their own
LAYERS = ("lmu", "lmu_stream", "lmu_stateful", "lmu_stateful_stream")
FLAGS = (
    STANDARD, "-D__SYNTHESIS__", "-O3", "-g0", "-fno-unroll-loops", "-fno-vectorize", "-fno-slp-vectorize", "-w", "-S",
    "-emit-llvm", "-mllvm", "-inline-threshold=1000000000", "-fno-threadsafe-statics",
)  # fmt: skip
# HLS tools know more pragmas, and name loops in their reports by their labels.
STRICT = (
    STANDARD, "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-label",
)  # fmt: skip
TAIL = 25  # lines of the compiler's output that an error message quotes
_REFUSES = '#error "The open-source version of AP types does not support synthesis."'
_PLACE = "// Define ssdm_int and _ssdm_op.\n"
_UNROLL = re.compile(r"^([ \t]*)(for \([^\n]*\) \{\n[ \t]*#pragma HLS UNROLL\n)", re.MULTILINE)
_WEIGHTS = re.compile(r"#ifndef (\w+)\n.*?#ifndef __SYNTHESIS__\n([^\n]*);\n", re.DOTALL)
_MANGLED = "|".join(f"{len(name)}{name}" for name in LAYERS)
_FUNCTION = re.compile(rf"^define [^\n]*@_ZN4nnetL?(?:{_MANGLED})I[^\n]*?(\d+)config(\d+)[EN].*?^\}}", re.M | re.S)
_VALUED = re.compile(r"^([ \t]*)#pragma HLS (PIPELINE|ALLOCATION|ARRAY_RESHAPE)\b.*\b(?:II|limit|factor)=(.+)$", re.M)
_STORED = re.compile(r"^([ \t]*)#pragma HLS BIND_STORAGE\b.*\bimpl=(\w+)$", re.M)
_CALL = re.compile(r"\b(?:call|invoke) [^\n@]*@(?!llvm\.)([\w.$]+)")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the IR of one LMU layer has: its loops in ``body``, and the names of the functions that it ``calls``.

    A layer that calls nothing has no heap, no recursion and no library function.
    """

    body: IRLoop
    calls: tuple[str, ...]

    @property
    def multiplications(self) -> int:
        return self.body.all_multiplications


def compile_layers(project: Path) -> dict[int, Compiled]:
    """Compile the C++ of the project as synthesis code; the LMU layers by the number N of their configN.

    Raises LmuHlsError without clang, with its output when it fails, and for C++ that hls4ml or lmu_hls did not write.
    """
    with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
        folder = prepared(Path(project), Path(scratch))
        _clang([*FLAGS, *_includes(), "-o", "top.ll", _top(folder)], folder)
        text = Path(folder, "top.ll").read_text()
    found = {}
    for function in _FUNCTION.finditer(text):
        body = function.group(0)
        calls = tuple(sorted(set(_CALL.findall(body))))
        found[int(function.group(2))] = Compiled(body_of(body), calls)
    return found


def check_warnings(project: Path) -> None:
    """LmuHlsError when clang, for synthesis, or g++, for csim, has a warning about our headers."""
    with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
        folder = prepared(Path(project), Path(scratch))
        for header in (folder / "firmware" / "nnet_utils").glob("*.h"):
            if not header.name.startswith("nnet_lmu"):  # hls4ml's
                header.write_text("#pragma GCC system_header\n" + header.read_text())
        # Not -fsyntax-only: zig takes it for a program to be linked, and builds its own C library first.
        output = ("-O1", "-S", "-emit-llvm", "-o", "top.ll", "-Wno-unused-command-line-argument")
        _clang([*STRICT, "-D__SYNTHESIS__", *output, *_includes(), _top(folder)], folder)
        _compile(
            [
                str(toolchain.need("g++").path),
                *STRICT,
                "-fsyntax-only",
                '-DWEIGHTS_DIR="."',
                *_includes(),
                _top(folder),
            ],
            folder,
        )


def prepared(project: Path, folder: Path) -> Path:
    """A copy of the project's C++ in ``folder`` that clang takes: shims, marked pragmas, weights without values."""
    if not (project / "firmware" / "ap_types").is_dir():
        raise LmuHlsError(f"{project} is no hls4ml project on ap_types; convert for Vitis or Vivado first")
    ignore = shutil.ignore_patterns("*.txt")
    shutil.copytree(project / "firmware", folder / "firmware", ignore=ignore)
    firmware = folder / "firmware"
    common = firmware / "ap_types" / "ap_common.h"
    text = common.read_text()
    if _REFUSES not in text or _PLACE not in text:
        raise LmuHlsError(f"{project}/firmware/ap_types is not that of hls4ml 1.3; convert the model again")
    common.write_text(f'#ifdef __SYNTHESIS__\n#include "{SHIM.name}"\n#endif\n' + text.replace(_REFUSES, ""))
    for shim in (SHIM, STREAM):
        shutil.copy(shim, common.parent)
    stream = common.with_name("hls_stream.h")
    stream.write_text(f'#ifdef __SYNTHESIS__\n#include "{STREAM.name}"\n#else\n{stream.read_text()}\n#endif\n')
    for special in (
        "ap_int_special.h",
        "ap_fixed_special.h",
    ):  # of std::complex, which other libraries declare otherwise
        (common.parent / special).write_text("")
    for header in (firmware / "nnet_utils").glob("nnet_*.h"):
        text = _UNROLL.sub(r'\1_Pragma("clang loop unroll(full)") \2', header.read_text())
        if header.name.startswith("nnet_lmu"):
            text = _STORED.sub(lambda found: _marked(found[1], f"STORAGE_{found[2].upper()}"), text)
            text = _VALUED.sub(lambda found: _marked(*found.groups()), text)
            for name in LAYERS:
                text = text.replace(f"void {name}(", f"__attribute__((noinline)) void {name}(")
        header.write_text(text)
    for header in (firmware / "weights").glob("*.h"):
        declared = _WEIGHTS.search(header.read_text())
        if declared is None:
            raise LmuHlsError(f"{project}/firmware/weights/{header.name} is not as hls4ml writes it; convert again")
        guard, array = declared.groups()
        header.write_text(f"#ifndef {guard}\n#define {guard}\nextern {array};\n#endif\n")
    return folder


def _marked(indent: str, name: str, value: str = "") -> str:
    """A pragma as an instruction that does nothing."""
    return f'{indent}asm volatile("{MARK}{name} %c0" :: "i"({value or 0}));'


def _includes() -> tuple[str, ...]:
    return ("-isystem", "firmware/ap_types")


def _top(folder: Path) -> str:
    headers = [path for path in (folder / "firmware").glob("*.h") if path.name not in ("defines.h", "parameters.h")]
    sources = [f"firmware/{path.stem}.cpp" for path in headers if path.with_suffix(".cpp").is_file()]
    if not sources:
        raise LmuHlsError(f"{folder.name} has no top function in firmware/; convert the model again")
    return min(sources, key=len)


def _clang(arguments: list[str], folder: Path) -> None:
    tool = toolchain.need("clang")
    path = str(tool.path)
    command = [path, "c++"] if Path(path).stem == "zig" else [path]
    _compile([*command, *arguments], folder)


def _compile(command: list[str], folder: Path) -> None:
    caches = {f"ZIG_{place}_CACHE_DIR": str(folder / "zig") for place in ("GLOBAL", "LOCAL")}
    done = process.run(command, tool=Path(command[0]).name, cwd=folder, env={**os.environ, **caches})
    if done.code:
        tail = "\n".join(done.output.splitlines()[-TAIL:])
        remedy = process.trouble(done.code, done.output) or "Restore the project's files or convert again"
        raise LmuHlsError(f"{command[0]} does not compile the project as an HLS tool would:\n{tail}\n{remedy}.")
