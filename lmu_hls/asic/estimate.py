"""`lmu-hls asic`: what the network of an output folder takes in standard cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lmu_hls.asic.activity import simulate
from lmu_hls.asic.cells import LIBRARY, mapped
from lmu_hls.asic.timing import power, shortest_period
from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained
from lmu_hls.records import StandardCells, dump, load
from lmu_hls.records.evidence import Evidence, digests, of_topics
from lmu_hls.records.folder import MANIFEST, OutputFolder
from lmu_hls.rtl.manifest import Project
from lmu_hls.synth.roms import check_roms, data_files
from lmu_hls.toolchain import find, need

ASSUMPTIONS = (
    "Estimates before layout: no wires, no clock tree, an ideal clock, the typical corner (1.8 V, 25 degrees).",
    "Memories are flip-flops and ROMs are logic; with SRAM the area would be smaller.",
    "The clock is that of the slowest path from register to register; paths of inputs and outputs are not counted.",
    "Energy: the project's stored vectors through the netlist, changes once a cycle, no glitches, at that clock.",
)
_UNTIMED = "Without OpenSTA (apt-get install opensta) there is no clock and no energy."


COMMAND = "lmu-hls asic OUTDIR"


def estimate(outdir: Path) -> StandardCells:
    """Map the Verilog of an output folder, and with OpenSTA its clock and energy; asic.json is the record.

    OUTDIR/work/osu018 gets the logs.
    Raises LmuHlsError when Yosys or the library is absent, when a tool fails or a file changes meanwhile, and for a
    network with registers; VerificationFailed when the netlist is not equal to golden.
    """
    folder = OutputFolder(outdir).require()
    before = digests(folder.root)
    folder.forget(folder.asic)
    found, tools = _estimate(folder)
    about = Evidence(of_topics("asic", before), None, COMMAND, tools)
    if changed := about.difference("asic", digests(folder.root)):
        raise LmuHlsError(f"{changed} while {folder.root} was being mapped; run the command again")
    found = replace(found, evidence=about)
    dump(folder.asic, found)
    return found


def _estimate(folder: OutputFolder) -> tuple[StandardCells, dict[str, str]]:
    """What was found, and the versions of the tools."""
    verilog, work = folder.verilog, folder.work(LIBRARY)
    project = load(verilog / MANIFEST, Project)
    if project.axi_lite:
        raise LmuHlsError("the stored vectors know no registers; convert without --axi-lite")
    check_roms(verilog)
    sources = [contained(verilog, name, MANIFEST) for name in project.files if name.startswith("rtl/")]
    (bench,) = (contained(verilog, name, MANIFEST) for name in project.files if name.startswith("tb/"))
    tools = {name: need(name).version for name in ("pyosys", LIBRARY)}
    cells = mapped(sources, project.top, verilog, data_files(verilog, sources, {}), work)
    fixed = (project.network, LIBRARY, cells.area_um2, cells.sequential_um2, cells.cells)
    if not find("opensta").found:
        return StandardCells(*fixed, None, None, None, None, None, None, (*ASSUMPTIONS, _UNTIMED)), tools
    tools |= {name: need(name).version for name in ("opensta", "icarus")}
    period, stages = shortest_period(cells, work)
    activity = simulate(cells, bench, work)
    beats = len((verilog / "vectors/input.hex").read_text(encoding="ascii").split())
    steps = beats // project.input.values
    watts = power(cells, activity, period, work).total
    timed = StandardCells(
        *fixed,
        fmax_mhz=round(1000 / period, 3),
        path_cells=stages,
        power_mw=round(watts * 1e3, 6),
        energy_step_nj=round(watts * period * activity.cycles / steps, 6),
        cycles=activity.cycles,
        steps=steps,
        assumptions=ASSUMPTIONS,
    )
    return timed, tools


def words(result: StandardCells) -> tuple[str, ...]:
    """What was found, a line each."""
    lines = [f"{result.network} in {result.library} (180 nm): {result.size}"]
    if result.fmax_mhz is not None:
        lines += [
            f"Clock: {result.fmax_mhz:.1f} MHz, {result.path_cells} cells on the slowest path",
            f"Energy: {result.energy_step_nj:.4g} nJ a step, {result.power_mw:.4g} mW at that clock, measured over "
            f"{result.cycles} cycles of {result.steps} steps, whose outputs equal golden",
        ]
    return (*lines, *result.assumptions)
