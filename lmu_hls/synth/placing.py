"""Place and route of an output folder, and place.json: one entry a device, with evidence of its own.

All units, devices and seeds are worked on side by side. What fails keeps its log, and the others go on; what is done is
kept by its hash (lmu_hls.builds), so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Manifest, dump, load, write_text
from lmu_hls.records.evidence import Digests, Evidence, digests, of_topics
from lmu_hls.records.folder import MANIFEST, OutputFolder
from lmu_hls.records.model import Unit
from lmu_hls.records.placement import Placement, Placements, SeedRun, TargetPlacement, Usage
from lmu_hls.records.synth import Resources
from lmu_hls.rtl.manifest import Project
from lmu_hls.synth.constraints import constraints, sdc
from lmu_hls.synth.families import Target, target_of
from lmu_hls.synth.fit import lacking, remedy, usage_of
from lmu_hls.synth.harness import INSTANCE, PINS, Harnessed, harnessed
from lmu_hls.synth.layout import layout_of, read_cells
from lmu_hls.synth.route import CELLS, REPORT, DoesNotFit, pack, route, usage
from lmu_hls.synth.timing import read_scopes, read_timing
from lmu_hls.synth.units import Incomplete, unit_files
from lmu_hls.synth.vivado import implement, read_reports
from lmu_hls.synth.yosys import NETLIST, SCOPES, netlist
from lmu_hls.toolchain import find, need

PROGRESS = "place and route"


@dataclass(frozen=True, slots=True)
class Routing:
    """What is asked of place and route: the clock in MHz (None: that of each device), how many seeds, bitstreams."""

    clock_mhz: float | None = None
    seeds: int = 1
    bitstream: bool = False
    jobs: int = 1

    @property
    def seed_numbers(self) -> range:
        return range(1, self.seeds + 1)


@dataclass(slots=True, eq=False)
class _Job:
    """One unit on one device: what it needs, and what has been found so far.

    ``left``: runs that are not done; ``pins``: the text of the constraint file.
    """

    unit: Unit
    target: Target
    resources: Resources
    clock_mhz: float
    work: Path
    left: int
    synthesis: Path | None = None
    harness: Harnessed | None = None
    pins: str = ""
    routed: dict[int, Path] = field(default_factory=dict)
    unfit: DoesNotFit | None = None


def place_units(
    outdir: Path,
    resources: Sequence[Resources],
    routing: Routing,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Placement, ...]:
    """Place and route what `synthesize_units` gave, all of it for devices, and write place.json.

    Logs go to work/synth/<target>/<unit>/, bitstreams, of the harness with the unit in it, beside them.
    Raises LmuHlsError before any work when a target is no device that can be routed or a tool is absent;
    Incomplete at the end, when a tool failed. What was done stays in place.json.
    """
    folder, wanted = OutputFolder(outdir), dict.fromkeys(item.target for item in resources)
    check_routable(wanted, routing)
    units = {unit.name: unit for unit in load(folder.manifest, Manifest).units}
    run = _Run(folder, routing, digests(outdir), [_job(folder, units[item.unit], item, routing) for item in resources])
    _write(folder, (entry for entry in _earlier(folder) if entry.target not in wanted))
    with process.threads(routing.jobs) as pool:
        run.all(pool, progress)
    made = tuple(placement for name in wanted for placement in run.made.get(name, ()))
    if run.failures:
        raise Incomplete(run.failures, made)
    return made


def check_routable(targets: Iterable[str], routing: Routing) -> None:
    """Raises LmuHlsError unless each target is a device that can be routed, with its open tools there."""
    for name in targets:
        target = target_of(name)
        if target.family.vendor and target.device:
            if routing.bitstream:
                raise LmuHlsError(f"{name} is placed by {target.family.vendor} out of context: it has no --bitstream")
            continue
        _, router = target.routable
        need(router.tool)
        if routing.bitstream:
            need(router.packer)


@dataclass(slots=True)
class _Run:
    folder: OutputFolder
    routing: Routing
    before: Digests
    jobs: list[_Job]
    failures: list[str] = field(default_factory=list)
    made: dict[str, tuple[Placement, ...]] = field(default_factory=dict)

    def all(self, pool: Executor, progress: Callable[[str, int, int], None]) -> None:
        """Prepare and route every job in the threads of ``pool``; a target is written when its last run is done."""
        fitting = [job for job in self.jobs if job.left]
        preparing = {pool.submit(_prepare, self.folder, job): job for job in fitting}
        for future in as_completed(preparing):
            if not self._done(future):
                preparing[future].left = 0
        routing = {
            pool.submit(_route, self.folder, job, seed): job
            for seed in self.routing.seed_numbers
            for job in fitting
            if seed <= job.left
        }
        progress(PROGRESS, 0, len(routing))
        for name in dict.fromkeys(job.target.name for job in self.jobs):
            self._finish(name)
        for done, future in enumerate(as_completed(routing), 1):
            self._done(future)
            routing[future].left -= 1
            progress(PROGRESS, done, len(routing))
            self._finish(routing[future].target.name)

    def _done(self, future: Future[None]) -> bool:
        try:
            future.result()
        except LmuHlsError as error:
            self.failures.append(str(error))
            return False
        return True

    def _finish(self, name: str) -> None:
        """Write the entry of a target whose runs are all done."""
        mine = [job for job in self.jobs if job.target.name == name]
        if any(job.left for job in mine):
            return
        made = []
        for job in mine:
            try:
                made += [_placement(self.folder, job)] if job.synthesis is None or job.routed or job.unfit else []
                if self.routing.bitstream and job.routed:
                    _pack(job, made[-1])
            except LmuHlsError as error:
                self.failures.append(str(error))
        self.made[name] = tuple(made)
        if made:
            _write(self.folder, (*_earlier(self.folder), self._entry(name, tuple(made))))

    def _entry(self, name: str, placements: tuple[Placement, ...]) -> TargetPlacement:
        asked = self.routing.clock_mhz
        clock = f" --clock {asked:g}MHz" if asked else ""
        seeds = f" --seeds {self.routing.seeds}" if self.routing.seeds > 1 else ""
        tools = {item.tool: item.tool_version for item in placements} | {"yosys": need("pyosys").version}
        command = f"lmu-hls synth OUTDIR --target {name} --route{clock}{seeds}"
        about = Evidence(of_topics("synthesis", self.before), None, command, tools)
        changed = about.difference("synthesis", digests(self.folder.root)) if about.files else ""
        if changed:
            raise LmuHlsError(f"{changed} while {self.folder.root} was placed and routed; run the command again")
        return TargetPlacement(name, placements, about)


def _job(folder: OutputFolder, unit: Unit, resources: Resources, routing: Routing) -> _Job:
    target = target_of(resources.target)
    device = target.device
    assert device is not None
    runs = 0 if lacking(usage_of(target, resources.counts)) else 1 if target.family.vendor else routing.seeds
    work = folder.work("synth", target.name, unit.name)
    return _Job(unit, target, resources, routing.clock_mhz or device.clock_mhz, work, runs)


def _prepare(folder: OutputFolder, job: _Job) -> None:
    """The netlist of the unit in its harness, and its constraint files."""
    root = folder.root
    verilog = [root / source for source in job.unit.sources]
    data_dir = root / job.unit.folder
    job.synthesis = netlist(
        verilog, job.unit.top, job.unit.parameters, job.work, job.target, data_dir, unit_files(folder, job.unit)
    )
    if job.target.family.vendor:
        return
    job.harness = harnessed(job.synthesis / NETLIST, job.unit.top, job.target, job.work)
    device, router = job.target.routable
    pins = dict(zip(PINS, device.pins, strict=True)) if device.pins else {}
    job.pins = constraints(router.constraints, PINS[0], job.clock_mhz, pins)
    write_text(job.work / f"harness.{router.constraints}", job.pins)
    write_text(job.work / "harness.sdc", sdc(PINS[0], job.clock_mhz))


def _route(folder: OutputFolder, job: _Job, seed: int) -> None:
    if job.target.family.vendor:
        verilog, data_dir = [folder.root / source for source in job.unit.sources], folder.root / job.unit.folder
        job.routed[seed] = implement(
            verilog, job.unit.top, job.unit.parameters, job.target, job.clock_mhz, job.work, data_dir,
            unit_files(folder, job.unit),
        )  # fmt: skip
        return
    assert job.harness is not None
    try:
        job.routed[seed] = route(
            job.harness.netlist, job.target, seed, job.clock_mhz, job.pins, job.work / f"nextpnr-seed{seed}.log"
        )
    except DoesNotFit as error:
        job.unfit = error


def _placement(folder: OutputFolder, job: _Job) -> Placement:
    device, family = job.target.device, job.target.family
    assert device is not None
    step, sequence = _cycles(folder, job.unit)
    tool = find(family.router.tool if family.router else family.vendor)
    about = Placement(
        job.unit.name, job.target.name, device.part, tool.name, tool.version, job.clock_mhz, (), {}, {}, False,
        step_cycles=step, sequence_cycles=sequence,
    )  # fmt: skip
    if not job.routed:
        found = usage_of(job.target, job.resources.counts) | dict(job.unfit.usage if job.unfit else {})
        why = lacking(found) or str(job.unfit)
        source = "pnr" if job.unfit else "synth"
        return replace(about, utilisation=found, why=why, remedy=_remedy(folder, found), source=source)
    assert job.synthesis is not None
    if family.router is None:
        ((seed, place),) = job.routed.items()
        done = read_reports(place, read_scopes(job.synthesis / SCOPES), job.unit.top, job.clock_mhz)
        run = SeedRun(seed, round(done.fmax_mhz, 3))
        return replace(about, runs=(run,), fits=True, utilisation=done.usage, critical_path=done.path)
    assert job.harness is not None
    scopes, cells = read_scopes(job.synthesis / SCOPES), job.target.family.costs
    timings = {
        seed: read_timing(place / REPORT, scopes, job.unit.top, cells, INSTANCE)
        for seed, place in sorted(job.routed.items())
    }
    runs = tuple(SeedRun(seed, round(timing.fmax_mhz, 3)) for seed, timing in timings.items())
    made = replace(about, runs=runs, fits=True, harness=job.harness.counts)
    assert made.seed is not None
    best = job.routed[made.seed]
    used = usage(best / REPORT, family.router)
    return replace(
        made,
        utilisation={name: _without(name, use, job.harness.counts) for name, use in used.items()},
        critical_path=timings[made.seed].path,
        layout=layout_of(read_cells(best / CELLS), scopes, job.target, INSTANCE),
    )


def _without(name: str, use: Usage, harness: Mapping[str, int]) -> Usage:
    """Without the harness; a logic cell of an iCE40 is one of its flip-flops, with the LUT in front of it."""
    return Usage(max(0, use.used - harness.get("FF" if name == "LC" else name, 0)), use.available)


def _remedy(folder: OutputFolder, usages: Mapping[str, Usage]) -> str:
    from lmu_hls.spec import store

    try:
        hardware = load(folder.manifest, Manifest).hardware
        return remedy(store.load(folder.spec), usages, hardware.multipliers if hardware else 0)
    except LmuHlsError as error:
        return f"what would fit is not known: {error}"


def _pack(job: _Job, placement: Placement) -> None:
    assert placement.seed is not None
    pack(job.routed[placement.seed], job.target, job.work / job.unit.top, job.work / "pack.log")


def _cycles(folder: OutputFolder, unit: Unit) -> tuple[int, int]:
    """Cycles a step and a sequence of the whole project; 0 for a unit that is a part of it."""
    try:
        project = load(folder.root / unit.folder / MANIFEST, Project)
    except LmuHlsError:
        return 0, 0
    return (project.hardware.ii_cycles, project.hardware.sequence_cycles) if project.top == unit.top else (0, 0)


def _earlier(folder: OutputFolder) -> tuple[TargetPlacement, ...]:
    """The entries that stand in place.json. A record that cannot be read has none."""
    try:
        return load(folder.placement, Placements).targets
    except LmuHlsError:
        return ()


def _write(folder: OutputFolder, entries: Iterable[TargetPlacement]) -> None:
    """place.json with these entries, in the order of the targets, or no file without any; reports go."""
    kept = tuple(sorted(entries, key=lambda entry: entry.target))
    if kept:
        folder.forget()
        dump(folder.placement, Placements(kept))
    else:
        folder.forget(folder.placement)
