"""The accelerator's Verilog under cocotb, with Verilator or Icarus: the same calls as for the compiled program."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.verify import simulator as sim
from lmu_hls.verify.interface import Interface, Port, Probe, Values
from lmu_hls.verify.run_files import Came, Facts, Job, Run, Sent, Streams, assemble, checked, job_of, padded

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
        x: Ints | Mapping[str, Ints],
        *,
        lengths: Ints | None = None,
        trace: bool = False,
        gap: float = 0.0,
        stall: float = 0.0,
        seed: int = 0,
        tlast: bool = True,
        pause: int = 0,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Run:
        """As :meth:`lmu_hls.verify.verilated.Accelerator.run`.

        Waveforms, if they were asked for, stay in ``workdir``. Raises LmuHlsError when the simulation stops, gets
        stuck, gives unknown bits or breaks the rules of AXI4-Stream.
        """
        fed = checked(x, self.interface)
        job = job_of(fed, lengths, (trace, gap, stall, seed, tlast, pause))
        folder = sim.fresh_dir(self.workdir, self.interface.top)
        sim.copy_roms(self.directory, folder)
        probes, inputs = self.interface.probes if trace else (), {}
        for k, (port, values) in enumerate(zip(self.interface.inputs, fed, strict=True)):
            np.save(folder / f"x{k}.npy", padded(job.sent(values), port) & ((1 << port.values.bus) - 1))
            inputs[port.wires] = str(folder.resolve() / f"x{k}.npy")
        streams: tuple[Port | Probe, ...] = (*self.interface.inputs, *self.interface.outputs, *probes)
        slots = {stream.wires: [stream.values.bus, stream.values.together] for stream in streams}
        settings = {
            "inputs": inputs,
            "lengths": job.each.tolist(),
            "result": str(folder.resolve() / "result.npz"),
            "beats": {port.wires: job.beats_out(port) for port in self.interface.outputs},
            "taps": [probe.wires for probe in probes],
            "slots": slots,
            "tlast": int(tlast),
            "gap": gap,
            "stall": stall,
            "pause": pause,
            "seed": seed,
            "patience": job.patience(self.interface) + pause,
        }
        (folder / "bench.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        variables = {"LMU_JOB": str(folder.resolve() / "bench.json")}
        passed = sim.run(self.built, BENCH, folder, variables, self.waves, progress)
        if not passed or not (folder / "result.npz").is_file():
            log = folder / "sim.log"
            raise LmuHlsError(sim.failure("the simulation stopped without a result", 1, log))
        result = self._read(folder / "result.npz", job)
        if not self.waves:
            shutil.rmtree(folder)
        progress(job.sequences)
        return result

    def _read(self, path: Path, job: Job) -> Run:
        of = self.interface
        probes = of.probes if job.record else ()
        with np.load(path) as found:
            if int(found["unknown"]):
                raise LmuHlsError(
                    f"{of.top} gives {int(found['unknown'])} beats with unknown bits. Restore rtl/ and rom/."
                )
            sent = tuple(found[f"{port.wires}_cycles"].size for port in of.inputs)
            got = {port: found[f"{port.wires}_cycles"].size for port in of.outputs}
            facts = Facts(
                moved=max(int(found[f"{port.wires}_cycles"][-1]) if size else 0 for port, size in got.items()),
                sent=sent,
                got=tuple(min(size, job.beats_out(port)) for port, size in got.items()),
                extra=sum(max(0, size - job.beats_out(port)) for port, size in got.items()),
                broken=int(found["violations"]),
                stuck=any(size < job.beats_out(port) for port, size in got.items()),
                finished=False,
            )
            streams = Streams(
                inputs=tuple(
                    Sent(cycles[port.beats - 1 :: port.beats], cycles)
                    for port, cycles in ((port, found[f"{port.wires}_cycles"]) for port in of.inputs)
                ),
                outputs=tuple(_came(found, port, job.beats_out(port)) for port in of.outputs),
                probes=tuple(_signed(found[f"{probe.wires}_data"], probe.values) for probe in probes),
                probe_cycles=tuple(found[f"{probe.wires}_cycles"] for probe in probes),
            )
        return assemble(facts, streams, job, of)


def _came(arrays: Mapping[str, np.ndarray], port: Port, beats: int) -> Came:
    user, last, cycles = (arrays[f"{port.wires}_{what}"][:beats] for what in ("user", "last", "cycles"))
    data = arrays[f"{port.wires}_data"][: beats * port.values.together]
    return Came(_signed(data, port.values), user, last, cycles[port.beats - 1 :: port.beats], cycles)


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
    """The integers that values in ``values.bus`` bits stand for."""
    shift = np.uint64(64 - values.bus)
    raised = (beats.astype(np.uint64) << shift).view(np.int64)
    return raised >> np.int64(shift) if values.signed else (beats.astype(np.int64))
