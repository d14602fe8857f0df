"""csim of a project of Vitis or Vivado whose FIFOs are as small as they are in hardware, each layer a thread.

What a process network computes, and whether it comes to its end, does not depend on which thread runs when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lmu_hls.verify.csim import CsimProject, compile_project

_HEADER = Path(__file__).with_name("hls_stream.h")
_DEPTH = re.compile(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)")
_CALL = re.compile(r"(?m)^    (nnet::\w+<.*\);)(.*)$")


def bound_fifos(project: Path) -> tuple[CsimProject, dict[str, int]]:
    """Change a written project, so that its FIFOs have the depths of its pragmas; compile it, and give these depths."""
    top = project / "firmware" / "myproject.cpp"
    text = top.read_text()
    depths = {name: int(depth) for name, depth in _DEPTH.findall(text)}
    head, body = text.split("// NETWORK INSTANTIATION")
    assert body.rstrip().endswith("}")
    started = _CALL.sub(r"    bounded::start([&] { \1 });\2", body).rstrip()[:-1] + "    bounded::join();\n}\n"
    # A thread may begin while the next one is not there yet: all start behind the lock of the network
    begin = "\n    std::unique_lock<std::mutex> lock(bounded::the().mutex);\n"
    started = started.replace("    bounded::start", begin + "    bounded::start", 1)
    started = started.replace("    bounded::join();", "    lock.unlock();\n    bounded::join();")
    top.write_text(head + "// NETWORK INSTANTIATION" + started)
    (project / "firmware" / "ap_types" / "hls_stream.h").write_text(_HEADER.read_text())
    set_depths(project, depths)
    return compile_project(project), depths


def set_depths(project: Path, depths: Mapping[str, int]) -> None:
    """Give the FIFOs of a compiled project these places."""
    (project / "fifo_depths.txt").write_text("".join(f"{name} {depth}\n" for name, depth in depths.items()))
