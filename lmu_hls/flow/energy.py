"""Activity of the Verilog on real data, and the energy that follows from it: energy.json."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hls import golden, toolchain
from lmu_hls.energy.activity import measure
from lmu_hls.energy.drivers import drivers
from lmu_hls.energy.estimate import NODE_NM, STEP_MS, check, estimate
from lmu_hls.errors import LmuHlsError, NotVerified, VerificationFailed
from lmu_hls.fixed import quantize
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.flow.data import Data
from lmu_hls.flow.verification import Progress, no_progress
from lmu_hls.records import Conversion, Energy, dump, load
from lmu_hls.records.evidence import Evidence, digests, of_topics
from lmu_hls.records.folder import OutputFolder
from lmu_hls.spec import Network, store
from lmu_hls.verify import verilated

SEQUENCES = 16  # that are simulated
TASK, SAIF = "activity", "activity.saif"


def energy(
    folder: OutputFolder,
    data: Data,
    *,
    sequences: int = SEQUENCES,
    node_nm: int = NODE_NM,
    step_ms: float = STEP_MS,
    progress: Progress = no_progress,
) -> Energy:
    """Simulate the first ``sequences`` of the data with Verilator, estimate the energy and keep the record.

    ``node_nm`` is the process that the energies are scaled to, ``step_ms`` the time between two steps, from which power
    follows. Raises LmuHlsError when a tool is absent or a file changes meanwhile, VerificationFailed when the outputs
    are not the integers of golden.
    """
    folder.require()
    check(node_nm, step_ms)
    about = data.identity(folder.root)
    before = digests(folder.root, [about.file])
    changed = load(folder.conversion, Conversion).evidence.difference("conversion", before)
    if changed:
        raise NotVerified(f"{changed} since the conversion of {folder.root}; convert again: lmu-hls convert --force")
    toolchain.simulator_env("verilator")
    folder.forget(folder.energy)
    network = store.load(folder.spec)
    design, work = written_accelerator(folder, network), folder.work("energy")
    given = data.inputs(network)
    chosen = _whole(data, network)[:sequences]
    x = {item.name: quantize(given[item.name][chosen], item.type) for item in network.inputs}
    count = len(next(iter(x.values())))
    progress(f"{TASK}: compiling", 0, 1)
    sources = design.sources(folder.verilog)
    compiled = verilated.build(sources, design.interface, folder.verilog, work, activity=True)
    run = compiled.run(x, activity=work / SAIF, progress=lambda done: progress(TASK, done, count))
    expected = golden.run_samples(network, x, every_step=False).outputs
    if not all(
        np.array_equal(end.values, expected[port.name])
        for port, end in zip(design.interface.outputs, run.ends.values(), strict=True)
    ):
        raise VerificationFailed(
            f"the activity is that of wrong values: the Verilog of {folder.root} differs from the integer reference; "
            "run: lmu-hls verify OUTDIR"
        )
    measured = measure(work / SAIF, drivers(sources, design.plan.top, folder.verilog, work))
    found = estimate(network, measured, count, design.plan.cycles.ii, node_nm, step_ms)
    first = "" if data.drawn else f" --samples {count}"
    command = f"lmu-hls energy OUTDIR {data.option}{first} --node {node_nm} --step-ms {step_ms:g}"
    tools = {name: toolchain.find(name).version for name in ("verilator", "g++")}
    tools["yosys"] = toolchain.need("pyosys").version
    evidence = Evidence(of_topics("energy", before, [about.file]), about, command, tools)
    if changed := evidence.difference("energy", digests(folder.root, [about.file])):
        raise LmuHlsError(f"{changed} while {folder.root} was simulated; run the command again")
    found = replace(found, evidence=evidence)
    dump(folder.energy, found)
    return found


def _whole(data: Data, network: Network) -> NDArray[np.int64]:
    """The numbers of the sequences with the most steps, which an energy is told for."""
    lengths = data.counts(network)
    if lengths is None:
        return np.arange(len(next(iter(data.inputs(network).values()))))
    whole = np.flatnonzero(lengths == network.steps)
    if not len(whole):
        raise LmuHlsError(
            f"the energy is that of sequences of {network.steps} steps, and the data have none; give some, or leave "
            "--data out"
        )
    return whole
