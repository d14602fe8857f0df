"""The accelerator's Verilog as a compiled program: millions of cycles a second, for many sequences.

Verilator and g++ make the program once; it runs in a process of its own, so that a design that stops with ``$fatal``
ends in an error message and not with this process. Builds are kept by the hash of what goes into them; ROM files are
read when the simulation starts, so new weights need no new build.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import jinja2
import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.toolchain import find, need, simulator_env
from lmu_hls.verify.interface import Interface, Tap
from lmu_hls.verify.simulator import tail

PROGRAM = "harness"
FLAGS = ("--cc", "--exe", "--build", "-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "unique")
COMPILER_FLAGS = "-O2"
PATIENCE = 2000  # cycles without a beat that are always allowed
TAIL_LINES = 15
CHANCES = 65536  # in units of which the program takes probabilities

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("lmu_hls.verify"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one simulation gave. N sequences of T steps; an axis [T] is there when the output comes every step.

    ``outputs`` (N, [T], n_out) and ``clipped``, of the same shape: the value did not fit its type when it was rounded.
    ``accepted`` (N, T): the cycle of each step's last input beat; ``delivered`` (N, [T]): that of each output's last
    beat. ``cycles``: up to the last beat. ``taps``: layer -> tensor -> (N, T, n), where they were recorded.
    """

    outputs: Ints
    clipped: np.ndarray
    accepted: Ints
    delivered: Ints
    cycles: int
    taps: dict[str, dict[str, Ints]]

    @property
    def ii_cycles(self) -> int:
        """Cycles from step to step in the second half of the steps, where no buffer is being filled any more.

        Raises ValueError when they differ, or for fewer than four steps.
        """
        steps = np.diff(self.accepted.ravel())[-(self.accepted.size // 2) :]
        found = sorted(set(steps.tolist()))
        if len(found) != 1 or self.accepted.size < 4:
            raise ValueError(f"the steps take {found or 'an unknown number of'} cycles, not one and the same number")
        return int(found[0])

    @property
    def latency_cycles(self) -> int:
        """Cycles from the last input beat of what led to the first output, to the last beat of that output."""
        first = self.accepted[0, 0] if self.delivered.ndim == 2 else self.accepted[0, -1]
        return int(self.delivered.flat[0] - first)


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A compiled accelerator. ``directory`` is the folder that its ROM files are named from."""

    interface: Interface
    program: Path
    directory: Path

    def run(
        self,
        x: Ints,
        *,
        trace: bool = False,
        gap: float = 0.0,
        stall: float = 0.0,
        seed: int = 0,
        tlast: bool = True,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Run:
        """Send the sequences x (N, T, n_in) through the accelerator after a reset, back to back.

        ``gap`` is the probability of a pause before an input beat, ``stall`` that of an unready sink in a cycle, both
        drawn from ``seed``, as is what registers hold before the reset. ``tlast`` False: the sequence never ends.
        ``progress`` is told the number of sequences that went in. Raises LmuHlsError when the simulation stops, gets
        stuck, or breaks the rules of AXI4-Stream; ValueError for values that do not fit.
        """
        x = _checked(x, self.interface)
        with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
            folder = Path(scratch)
            x.astype("<i8").tofile(folder / "x.bin")
            job = _Job(x.shape[0], x.shape[1], trace, gap, stall, seed, tlast)
            self._execute([str(folder), *job.arguments(self.interface)], progress)
            result = _read(folder, job, self.interface)
        progress(len(x))
        return result

    def _execute(self, arguments: list[str], progress: Callable[[int], None]) -> None:
        """Run the program and pass its progress on; LmuHlsError with what it printed when it fails."""
        printed: list[str] = []
        with _process([str(self.program), *arguments], self.directory) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("done "):
                    progress(int(line.split()[1]))
                else:
                    printed.append(line)
        if process.returncode:
            reasons = [line for line in printed if "%Error" in line or "lmu_" in line or "cannot" in line] or printed
            text = "".join(reasons[-TAIL_LINES:]).strip() or f"it ended with code {process.returncode}"
            raise LmuHlsError(
                f"the simulation of {self.interface.top} in {self.directory} stopped: {text}\n"
                "Restore the project's files: write the project again."
            )


def build(sources: Sequence[Path], interface: Interface, directory: Path, workdir: Path) -> Accelerator:
    """Compile the Verilog of an accelerator, or take the build in ``workdir`` when nothing has changed.

    ``directory`` is where the simulation runs. A build is made beside its final place, so that an interrupted one is
    never taken for whole. Raises LmuHlsError when a tool is absent or Verilator refuses the sources.
    """
    env = simulator_env("verilator")
    texts = {
        "harness.v": _TEMPLATES.get_template("harness.v.jinja").render(interface=interface),
        "harness.cpp": _TEMPLATES.get_template("harness.cpp.jinja").render(interface=interface),
    }
    digest = hashlib.sha256(json.dumps([find("verilator").version, FLAGS, COMPILER_FLAGS, texts]).encode())
    for source in sources:
        if not source.is_file():
            raise LmuHlsError(f"Verilog file {source} does not exist. Write the project again.")
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    workdir.mkdir(parents=True, exist_ok=True)
    target = workdir.resolve() / f"verilated-{digest.hexdigest()[:16]}"
    with (workdir / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the same build asked for twice at a time is made once
        if not target.is_dir():
            _compile(sources, texts, target, env)
    return Accelerator(interface, target / PROGRAM, directory.resolve())


def _compile(sources: Sequence[Path], texts: Mapping[str, str], target: Path, env: Mapping[str, str]) -> None:
    draft = target.with_name(f"unfinished-{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for name, text in texts.items():
        (draft / name).write_text(text, encoding="utf-8")
    files = [str(draft / name) for name in texts] + [str(source.resolve()) for source in sources]
    jobs = str(len(os.sched_getaffinity(0)))
    command = [
        str(need("verilator").path),
        *FLAGS,
        "-j",
        jobs,
        "-CFLAGS",
        COMPILER_FLAGS,
        "--top-module",
        "harness",
        "-o",
        PROGRAM,
    ]
    log = draft / "build.log"
    with (
        log.open("w", encoding="utf-8") as output,
        _process([*command, "--Mdir", str(draft / "obj"), *files], draft, env, output) as process,
    ):
        process.wait()
    if process.returncode:
        raise LmuHlsError(f"Verilator could not compile the accelerator; the full text is in {log}\n{tail(log)}")
    (draft / "obj" / PROGRAM).rename(draft / PROGRAM)
    shutil.rmtree(draft / "obj")
    draft.rename(target)


@dataclass(frozen=True, slots=True)
class _Job:
    """The arguments of one run of the program."""

    sequences: int
    steps: int
    record: bool
    gap: float
    stall: float
    seed: int
    tlast: bool

    def outputs(self, interface: Interface) -> int:
        return self.sequences * (self.steps if interface.every_step else 1) * interface.n_out

    def arguments(self, interface: Interface) -> list[str]:
        chances = [round(CHANCES * probability) for probability in (self.gap, self.stall)]
        if any(not 0 <= chance < CHANCES for chance in chances):
            raise ValueError(f"gap {self.gap} and stall {self.stall} must be probabilities below 1")
        slowest = CHANCES / (CHANCES - max(chances))
        patience = round((PATIENCE + 4 * interface.step_cycles) * slowest)
        numbers = [self.sequences, self.steps, self.outputs(interface), *chances, self.seed, int(self.record)]
        return [*map(str, numbers), str(patience), str(int(self.tlast))]


def _checked(x: Ints, interface: Interface) -> Ints:
    x = np.asarray(x)
    if x.ndim != 3 or x.shape[2] != interface.n_in or x.dtype.kind not in "iu" or not x.size:
        raise ValueError(f"x is {x.dtype} of shape {x.shape}; integers of shape (N, T, {interface.n_in}) needed")
    low, high = (-(1 << interface.x.width - 1), 1 << interface.x.width - 1) if interface.x.signed else (0, 0)
    high = high or 1 << interface.x.width
    if int(x.min()) < low or int(x.max()) >= high:
        raise ValueError(f"input integers {x.min()}..{x.max()} do not fit {interface.x.width} bits")
    return x


def _read(folder: Path, job: _Job, interface: Interface) -> Run:
    """The files that the program left; LmuHlsError when the accelerator did something that it must not."""
    names = ("cycles", "moved", "sent", "got", "extra", "broken", "stuck", "finished")
    facts = dict(zip(names, np.fromfile(folder / "facts.bin", "<u8").tolist(), strict=True))
    _check_facts(facts, job, interface)
    each = (job.sequences, job.steps)
    results = each if interface.every_step else each[:1]
    shape = (*results, interface.n_out)
    last = np.fromfile(folder / "last.bin", np.uint8).reshape(job.sequences, -1)
    if job.tlast and (last[:, :-1].any() or not last[:, -1].all()):
        raise LmuHlsError(f"{interface.top} gives tlast elsewhere than on the last beat of each sequence's output")
    taps: dict[str, dict[str, Ints]] = {}
    for number, tap in enumerate(interface.taps if job.record else ()):
        values = np.fromfile(folder / f"tap{number}.bin", "<i8")
        taps.setdefault(tap.layer, {})[tap.tensor] = _shaped(values, tap, job, interface)
    return Run(
        outputs=np.fromfile(folder / "y.bin", "<i8").astype(np.int64).reshape(shape),
        clipped=np.fromfile(folder / "clipped.bin", np.uint8).astype(bool).reshape(shape),
        accepted=np.fromfile(folder / "accepted.bin", "<u8").astype(np.int64).reshape(each),
        delivered=np.fromfile(folder / "delivered.bin", "<u8").astype(np.int64).reshape(results),
        cycles=facts["moved"] + 1,
        taps=taps,
    )


def _check_facts(facts: Mapping[str, int], job: _Job, interface: Interface) -> None:
    wanted, beats = job.outputs(interface), job.sequences * job.steps * interface.n_in
    if facts["stuck"] or facts["finished"]:
        how = "ended by $finish" if facts["finished"] else f"is stuck since cycle {facts['moved']:,}"
        sequence, beat = divmod(facts["sent"], job.steps * interface.n_in)
        step = beat // interface.n_in
        raise LmuHlsError(
            f"{interface.top} {how}: {facts['sent']:,} of {beats:,} input beats went in (next: sequence {sequence}, "
            f"step {step}) and {facts['got']:,} of {wanted:,} output beats came out. Restore the files in rtl/."
        )
    if facts["extra"]:
        raise LmuHlsError(f"{interface.top} gives {facts['extra']} output beats too many. Restore the files in rtl/.")
    if facts["broken"]:
        raise LmuHlsError(
            f"{interface.top} changed or withdrew an output beat that had not been taken, {facts['broken']} times. "
            "Restore the files in rtl/."
        )


def _shaped(values: Ints, tap: Tap, job: _Job, interface: Interface) -> Ints:
    steps = 1 if tap.last_step else job.steps
    if values.size != job.sequences * steps * tap.n:
        raise LmuHlsError(
            f"{interface.top}: the stream {tap.layer}.{tap.tensor} had {values.size:,} beats, "
            f"not {job.sequences * steps * tap.n:,}. Restore the files in rtl/."
        )
    beats = values.astype(np.int64).reshape(job.sequences, steps, tap.n)
    if tap.order is None:
        return beats
    placed = np.empty_like(beats)
    placed[..., list(tap.order)] = beats
    return placed


@contextlib.contextmanager
def _process(
    command: list[str], cwd: Path, env: Mapping[str, str] | None = None, output: int | IO[str] = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own, which is ended with all its children when the block is left early."""
    process = subprocess.Popen(
        command, cwd=cwd, env=None if env is None else dict(env), stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
