"""Runs a script of Yosys passes, one a line, with pyosys; started by yosys.py in a process of its own."""

import sys

from pyosys import libyosys

if __name__ == "__main__":
    design = libyosys.Design()
    with open(sys.argv[1], encoding="utf-8") as script:  # noqa: PTH123  # nothing more than this is imported here
        for line in script:
            libyosys.run_pass(line.rstrip("\n"), design)
