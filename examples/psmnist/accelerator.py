"""All test images through the Verilog as a compiled program; what is done is kept, so that a run can go on."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls import process
from lmu_hls.fixed import Ints
from lmu_hls.flow import OutputFolder
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.records.jsonfile import write_bytes
from lmu_hls.spec import store
from lmu_hls.verify import verilated

CHUNK = 125  # images in one run of the program


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What came out, integers (images, classes); cycles that an image takes; time and images of this run."""

    outputs: Ints
    cycles: int
    seconds: float
    images: int


def simulate(
    folder: OutputFolder, x: Ints, kept: Path, jobs: int, progress: Callable[[int], None] = lambda done: None
) -> Simulated:
    """Send the sequences x (images, 784, 1) through the Verilog of ``folder`` under Verilator, ``jobs`` at a time.

    ``kept`` is the folder for the outputs of each chunk of images: those that an earlier run left, of the same Verilog
    and images, are taken from there. ``progress`` is told the images done. Raises LmuHlsError as
    :meth:`lmu_hls.verify.verilated.Accelerator.run`.
    """
    design = written_accelerator(folder, store.load(folder.spec))
    sources = design.sources(folder.verilog)
    program = verilated.build(sources, design.interface, folder.verilog, folder.work("verilator"))
    state = _digest([*sources, *sorted((folder.verilog / "rom").rglob("*"))])
    kept.mkdir(parents=True, exist_ok=True)
    chunks = [x[first : first + CHUNK] for first in range(0, len(x), CHUNK)]
    files = [kept / f"{hashlib.sha256(state + chunk.tobytes()).hexdigest()[:32]}.npy" for chunk in chunks]
    missing = [k for k, path in enumerate(files) if not path.is_file()]
    done = len(x) - sum(len(chunks[k]) for k in missing)
    progress(done)
    start = time.monotonic()
    with process.threads(jobs) as pool:
        runs = {pool.submit(program.run, chunks[k]): k for k in missing}
        for run in as_completed(runs):
            _keep(files[runs[run]], run.result().outputs)
            done += len(chunks[runs[run]])
            progress(done)
    seconds, images = time.monotonic() - start, sum(len(chunks[k]) for k in missing)
    outputs = np.concatenate([np.load(path, allow_pickle=False) for path in files])
    return Simulated(outputs, design.plan.cycles.sequence, seconds, images)


def _keep(path: Path, outputs: Ints) -> None:
    content = io.BytesIO()
    np.save(content, outputs, allow_pickle=False)
    write_bytes(path, content.getvalue())


def _digest(paths: list[Path]) -> bytes:
    state = hashlib.sha256()
    for path in paths:
        if path.is_file():
            state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.digest()
