"""A netlist beside its source, in a bench that counts where they differ."""

from __future__ import annotations

from pathlib import Path

from lmu_hls import process


def simulated(folder: Path, text: str) -> tuple[int, str]:
    """Exit status and output of Icarus's compiler for the ``text`` with a module bench, and of what it made if it
    made it."""
    (folder / "bench.v").write_text(text)
    made = process.run(["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v"], tool="iverilog", cwd=folder)
    ran = made if made.code else process.run(["vvp", "-n", "bench.vvp"], tool="vvp", cwd=folder)
    return ran.code, ran.output


def said(folder: Path, text: str) -> str:
    """What the bench of a ``text`` that compiles says."""
    code, output = simulated(folder, text)
    assert code == 0, output
    return output
