"""The accelerator's Verilog as a compiled program: millions of cycles a second, for many sequences.

Verilator and g++ make the program once; it runs in a process of its own, so that a design that stops with ``$fatal``
ends in an error message and not with this process. Builds are kept in the user's cache; ROM files are
read when the simulation starts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import builds, process
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.rendering import render
from lmu_hls.toolchain import find, simulator_env
from lmu_hls.verify import verilator
from lmu_hls.verify.interface import Interface
from lmu_hls.verify.run_files import Run, checked, job_of, padded, read
from lmu_hls.verify.simulator import LOG, failure

PROGRAM = "harness"
FLAGS = ("-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "unique")
ACTIVITY_FLAGS = ("--trace-saif", "--trace-max-array", "0")  # what memories hold counts by their ports
ACTIVITY = "activity.saif"
COMPILER_FLAGS = "-O2"
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A compiled accelerator. ``directory`` is the folder that its ROM files are named from."""

    interface: Interface
    program: Path
    directory: Path

    def run(
        self,
        x: Ints | Mapping[str, Ints],
        *,
        lengths: Ints | None = None,
        trace: bool = False,
        gap: float = 0.0,
        stall: float = 0.0,
        seed: int = 0,
        tlast: bool = True,
        pause: int = 0,
        activity: Path | None = None,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Run:
        """Send the sequences x (N, T, n_in) through the accelerator after a reset, back to back.

        Of several inputs x has one such array each, by name. ``lengths`` (N,) are the steps of each sequence that are
        sent, all by default. ``gap`` is the probability of a pause before a beat of an
        input, ``stall`` that of an unready sink of an output in a cycle, of each stream for itself, both
        drawn from ``seed``, as is what registers hold before the reset. ``tlast`` False: the sequence never ends.
        ``pause`` is the number of cycles from the reset, and from a step's last input beat, to the next step, which
        leaves the accelerator idle where it is long enough: after a reset a recurrent cell takes its zeros, a cycle
        each. ``progress`` is told the number of sequences that went in. ``activity``, for a build with it, gets how
        often each bit changed, as SAIF: a time unit is a cycle, the values are those before its rising edge.

        Raises LmuHlsError when the simulation stops, gets
        stuck, or breaks the rules of AXI4-Stream; ValueError for values that do not fit.
        """
        fed = checked(x, self.interface)
        with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
            folder = Path(scratch)
            job = job_of(fed, lengths, (trace, gap, stall, seed, tlast, pause))
            for k, (port, values) in enumerate(zip(self.interface.inputs, fed, strict=True)):
                padded(job.sent(values), port).astype("<i8").tofile(folder / f"x{k}.bin")
            job.each.astype("<i8").tofile(folder / "lengths.bin")
            self._execute([str(folder), *job.arguments(self.interface)], progress)
            result = read(folder, job, self.interface)
            if activity is not None:
                activity.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / ACTIVITY, activity)
        progress(job.sequences)
        return result

    def _execute(self, arguments: list[str], progress: Callable[[int], None]) -> None:
        """Run the program and pass its progress on; LmuHlsError with what it printed when it fails."""
        hear, printed = process.hear_progress(progress)
        name = f"the simulation of {self.interface.top} in {self.directory}"
        code = process.run([self.program, *arguments], tool=name, cwd=self.directory, line=hear).code
        if code:
            reasons = [line for line in printed if "%Error" in line or "lmu_" in line or "cannot" in line]
            said = (reasons or [*printed])[-TAIL_LINES:]
            text = "\n".join(said).strip() or f"it ended with code {code}"
            trouble = process.trouble(1 if reasons else code, text)  # a design that stops itself ends in SIGABRT
            remedy = trouble or "Restore the project's files: write the project again"
            raise LmuHlsError(f"{name} stopped: {text}\n{remedy}.")


def build(
    sources: Sequence[Path], interface: Interface, directory: Path, workdir: Path, activity: bool = False
) -> Accelerator:
    """Compile the Verilog of an accelerator, or take the build in the user's cache when nothing has changed.

    ``directory`` is where the simulation runs; ``workdir`` gets the log of the compilation. With ``activity`` it counts
    how often each bit changes, and is slower. Raises LmuHlsError when a
    tool is absent or Verilator refuses the sources.
    """
    env = simulator_env("verilator")
    flags = (*FLAGS, *(ACTIVITY_FLAGS if activity else ()))
    texts = {
        name: render("verify", name, interface=interface, activity=activity) for name in ("harness.v", "harness.cpp")
    }
    files: dict[str, bytes] = {name: text.encode() for name, text in texts.items()}
    for source in sources:
        if not source.is_file():
            raise LmuHlsError(f"Verilog file {source} does not exist. Write the project again.")
        files[source.name] = source.read_bytes()
    tools = [find(name) for name in ("verilator", "g++")]
    parts: list[str | bytes] = [*flags, COMPILER_FLAGS, *(f"{tool.path} {tool.identity}" for tool in tools)]
    for name, content in files.items():
        parts += [name, content]
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir / LOG
    made = builds.built("verilated", parts, lambda folder: _compile(files, flags, folder / PROGRAM, env, log))
    return Accelerator(interface, made / PROGRAM, directory.resolve())


def _compile(
    files: Mapping[str, bytes], flags: Sequence[str], program: Path, env: Mapping[str, str], log: Path
) -> None:
    # Elsewhere, because make takes no folder with a space in its name
    with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
        place = Path(scratch)
        for name, content in files.items():
            (place / name).write_bytes(content)
        arguments = [*flags, "--top-module", "harness", "-o", PROGRAM, *files]
        code = verilator.program(arguments, place, "Vharness", COMPILER_FLAGS, env, log)
        if code:
            raise LmuHlsError(failure("Verilator could not compile the accelerator", code, log))
        shutil.move(place / verilator.OBJECTS / PROGRAM, program)
