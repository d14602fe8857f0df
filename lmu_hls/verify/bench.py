"""The accelerator's Verilog under cocotb, with Verilator or Icarus: the same calls as for the compiled program."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.verify import simulator as sim
from lmu_hls.verify.interface import Interface, Values
from lmu_hls.verify.run_files import Facts, Job, Run, Streams, assemble

BENCH = "network_bench"


@dataclass(frozen=True, slots=True)
class Bench:
    """A build for cocotb. ``directory`` holds the ROM files, ``workdir`` gets what a run leaves behind."""

    interface: Interface
    built: Path
    directory: Path
    workdir: Path
    waves: bool = False

    def run(
        self,
        x: Ints,
        *,
        trace: bool = False,
        gap: float = 0.0,
        stall: float = 0.0,
        seed: int = 0,
        tlast: bool = True,
        pause: int = 0,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Run:
        """As :meth:`lmu_hls.verify.verilated.Accelerator.run`; ``progress`` hears only of the end.

        Waveforms, if they were asked for, stay in ``workdir``. Raises LmuHlsError when the simulation stops, gets
        stuck, gives unknown bits or breaks the rules of AXI4-Stream.
        """
        job = Job(x.shape[0], x.shape[1], trace, gap, stall, seed, tlast, pause)
        folder = sim.fresh_dir(self.workdir, self.interface.top)
        sim.copy_roms(self.directory, folder)
        probes = self.interface.probes if trace else ()
        np.save(folder / "x.npy", x & ((1 << self.interface.x.bus) - 1))
        settings = {
            "x": str(folder.resolve() / "x.npy"),
            "result": str(folder.resolve() / "result.npz"),
            "beats": job.outputs(self.interface),
            "taps": [probe.wires for probe in probes],
            "tlast": int(tlast),
            "gap": gap,
            "stall": stall,
            "pause": pause,
            "seed": seed,
            "patience": job.patience(self.interface) + pause,
        }
        (folder / "bench.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        passed = sim.run(self.built, BENCH, folder, {"LMU_JOB": str(folder.resolve() / "bench.json")}, self.waves)
        if not passed or not (folder / "result.npz").is_file():
            log = folder / "sim.log"
            raise LmuHlsError(sim.failure("the simulation stopped without a result", 1, log))
        result = self._read(folder / "result.npz", job)
        if not self.waves:
            shutil.rmtree(folder)
        progress(len(x))
        return result

    def _read(self, path: Path, job: Job) -> Run:
        of = self.interface
        probes = of.probes if job.record else ()
        with np.load(path) as found:
            if int(found["unknown"]):
                raise LmuHlsError(
                    f"{of.top} gives {int(found['unknown'])} beats with unknown bits. Restore rtl/ and rom/."
                )
            wanted, sent = job.outputs(of), found["s_axis_data"].size
            got = found["m_axis_data"].size
            facts = Facts(
                moved=int(found["m_axis_cycles"][-1]) if got else 0,
                sent=sent,
                got=min(got, wanted),
                extra=max(0, got - wanted),
                broken=int(found["violations"]),
                stuck=got < wanted,
                finished=False,
            )
            streams = Streams(
                output=_signed(found["m_axis_data"][:wanted], of.out),
                user=found["m_axis_user"][:wanted],
                last=found["m_axis_last"][:wanted],
                accepted=found["s_axis_cycles"][of.n_in - 1 :: of.n_in],
                delivered=found["m_axis_cycles"][:wanted][of.n_out - 1 :: of.n_out],
                probes=tuple(_signed(found[f"{probe.wires}_data"], probe.values) for probe in probes),
                probe_cycles=tuple(found[f"{probe.wires}_cycles"] for probe in probes),
                in_cycles=found["s_axis_cycles"],
                out_cycles=found["m_axis_cycles"][:wanted],
            )
        return assemble(facts, streams, job, of)


def build(
    simulator: str,
    sources: Sequence[Path],
    interface: Interface,
    directory: Path,
    workdir: Path,
    waves: bool = False,
) -> Bench:
    """Compile the Verilog of an accelerator for cocotb; an earlier build in ``workdir`` is used while nothing changes.

    Raises LmuHlsError when a tool is absent or the simulator refuses the sources.
    """
    built = sim.build(simulator, sources, interface.top, workdir, waves)
    return Bench(interface, built, directory, workdir, waves)


def _signed(beats: np.ndarray, values: Values) -> Ints:
    """The integers that beats of ``values.bus`` bits stand for."""
    shift = np.uint64(64 - values.bus)
    raised = (beats.astype(np.uint64) << shift).view(np.int64)
    return raised >> np.int64(shift) if values.signed else (beats.astype(np.int64))
