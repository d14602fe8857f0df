"""rtlsim of a whole network: every tensor that can be observed is compared, and the cycles with the formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hls.fixed import Ints
from lmu_hls.records import Comparison, Number, Timing
from lmu_hls.records.traces import BEATS, Beats, Excerpt
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.spec.lengths import counting
from lmu_hls.verify.compare import Tensors, compare_tensors
from lmu_hls.verify.run_files import STEPS_INSIDE, Run

IDLE_SEQUENCES = 3  # that the latency is measured on
OUTPUT = ("", "output")
SOURCE = "rtl_sim"
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Formulas:
    """Cycles as they are promised: from step to step, and from a step's last input beat to its last output beat.

    Where steps do not come at one pace, ``sequence_cycles`` from sequence to sequence; the latency is then that of the
    last step. ``paced``: sequences come at the pace of their steps, however short they are.
    With ``queues`` steps may come unevenly: of branches which are not equally fast one takes several steps at once into
    its queues, and they wait for the slowest together; so does a history at the beginning of a sequence, and a fast
    layer before a slow one until the queues between them are full. Each step is then on time, or each sequence.
    ``by_length``: the latency is that of the longest sequences, and shorter ones have others.
    """

    ii_cycles: int
    latency_cycles: int
    sequence_cycles: int | None = None
    paced: bool = True
    queues: bool = False
    by_length: bool = False


def formulas_of(plan: NetworkPlan) -> Formulas:
    """What is promised of the network that is planned."""
    cycles = plan.cycles
    return Formulas(cycles.ii, cycles.latency, cycles.sequence, plan.paced, plan.even, plan.by_length)


class Simulation(Protocol):
    """The accelerator in a simulator: ``Accelerator`` of verify.verilated or ``Bench`` of verify.bench."""

    def run(
        self,
        x: Ints | Mapping[str, Ints],
        *,
        lengths: Ints | None = ...,
        trace: bool = ...,
        pause: int = ...,
        progress: Callable[[int], None] = ...,
    ) -> Run: ...


def simulate(
    simulation: Simulation,
    x: Ints | Mapping[str, Ints],
    expected: Tensors,
    formulas: Formulas,
    names: tuple[str, str],
    progress: Callable[[int], None] = lambda done: None,
    widths: Mapping[tuple[str, str], int] | None = None,
    lengths: Ints | None = None,
    counted: Tensors | None = None,
) -> tuple[Comparison, Timing, Excerpt]:
    """Send x (N, T, n_in), one array for each of several inputs, through the accelerator, back to back, and some of it
    again with pauses; of each sequence the first ``lengths`` (N,) steps, all by default, of whose tensors the steps
    ``counted`` are told as compared.

    ``expected`` has the outputs by :meth:`lmu_hls.verify.interface.Interface.key`, ``widths`` the bits of tensors.
    ``names`` are those of the accelerator and of the simulator in the result. The excerpt is the last step of the first
    sequence that was sent with pauses.
    Raises LmuHlsError when the simulation stops, gets stuck, or breaks the rules of the streams.
    """
    unit, simulator = names
    run = simulation.run(x, lengths=lengths, trace=True, progress=progress)
    pause = formulas.latency_cycles + 2 * formulas.ii_cycles
    whole = np.ones(len(run.accepted), bool) if lengths is None else lengths == run.accepted.shape[1]
    longest_first = np.argsort(~whole, kind="stable") if formulas.by_length else np.arange(len(whole))
    alone = longest_first[:IDLE_SEQUENCES]
    few = {name: values[alone] for name, values in x.items()} if isinstance(x, Mapping) else x[alone]
    some = None if lengths is None else lengths[alone]
    idle = simulation.run(few, lengths=some, trace=True, pause=pause)
    comparison = compare_tensors(f"rtlsim {simulator}", SOURCE, expected, run.tensors, counted)
    arrays = list(few.values()) if isinstance(few, Mapping) else [few]
    steps = np.full(len(arrays[0]), arrays[0].shape[1]) if some is None else some
    inputs = [values[counting(steps, values.shape[1])] for values in arrays]
    excerpt = _excerpt(simulator, inputs, int(steps[0]), idle, widths or {})
    return comparison, _timing(unit, simulator, formulas, run, idle, (whole, whole[alone])), excerpt


def _excerpt(
    simulator: str, inputs: list[Ints], steps: int, idle: Run, widths: Mapping[tuple[str, str], int]
) -> Excerpt:
    """The last step of the first sequence of a run with pauses, from its first beat in to its last beat out.

    The first streams of the run are the inputs, of which ``inputs`` has all steps, (T, n); ``steps`` are those of the
    first sequence.
    """
    if not idle.beats:
        return Excerpt(simulator, ())
    sent = dict(zip(idle.beats, inputs, strict=False))
    end = int(idle.finished[0])
    start = min(int(idle.beats[key][0][(steps - 1) * x.shape[1]]) for key, x in sent.items())
    streams = []
    for key, (cycles, values) in idle.beats.items():
        inside = np.flatnonzero((cycles >= start) & (cycles <= end))[:BEATS]
        integers = sent.get(key, values).reshape(-1)[inside]
        beats = tuple((cycles[inside] - start).tolist())
        streams.append(Beats(*key, widths.get(key, 0), beats, tuple(integers.tolist())))
    return Excerpt(simulator, tuple(streams))


def _timing(unit: str, simulator: str, formulas: Formulas, run: Run, idle: Run, whole: tuple[Flags, Flags]) -> Timing:
    """Intervals of the second half of the steps, when the buffers are full, and latencies in the idle accelerator.

    The first STEPS_INSIDE steps may be taken in faster than they are worked on, because they fill the buffers, and one
    that waits for them is late only by its own interval: among these an interval tells of the pace only where the step
    is not ahead of it since the first one. ``whole``: which sequences of both runs have the most steps.
    """
    if not formulas.paced:
        return _unpaced(unit, simulator, formulas, idle, whole[1])
    if formulas.sequence_cycles is not None and not formulas.queues:
        return _uneven(unit, simulator, formulas, run, idle, whole[0])
    accepted = np.unique(run.accepted)  # without what stands behind shorter sequences
    intervals, elapsed = np.diff(accepted), accepted[1:] - accepted[:1]
    place = np.arange(len(intervals))
    telling = (place >= STEPS_INSIDE) | (elapsed >= formulas.ii_cycles * (place + 1))
    intervals = intervals[telling & (place >= len(intervals) // 2)]
    latencies = idle.latencies.ravel()
    few = f"{accepted.size} steps may all be on their way at once; give {STEPS_INSIDE + 2} or more"
    ii, latency = _farthest(formulas.ii_cycles, intervals), _farthest(formulas.latency_cycles, latencies)
    if formulas.queues and len(run.finished) > 1 and ii is not None and ii.value != formulas.ii_cycles:
        return _uneven(unit, simulator, formulas, run, idle, whole[0])
    return Timing(
        unit,
        simulator,
        len(intervals),
        Number(formulas.ii_cycles, "cycles", "formula"),
        ii,
        Number(formulas.latency_cycles, "cycles", "formula"),
        latency,
        "" if ii else few,
    )


def _uneven(unit: str, simulator: str, formulas: Formulas, run: Run, idle: Run, whole: Flags) -> Timing:
    """What is told of steps that do not come at one pace: the latency of the last one.

    Sequences are compared that are ``whole`` behind such ones; the formula is not for those with fewer steps.
    The pace of a sequence is a number of cycles a step only where it is not what it should be: the next one on its side
    of the formula at least, since a cycle too many is less than one a step.
    """
    assert formulas.sequence_cycles is not None
    steps, ends = run.accepted.shape[1], run.finished
    periods = np.diff(ends)[len(ends) // 2 :][(whole[1:] & whole[:-1])[len(ends) // 2 :]]
    wrong = periods[periods != formulas.sequence_cycles]
    pace = None
    if len(wrong):
        late = int(wrong[0])
        side = 1 if late > formulas.sequence_cycles else -1
        cycles = side * -(side * -late // steps)
        cycles = cycles if side * (cycles - formulas.ii_cycles) > 0 else formulas.ii_cycles + side
        pace = Number(cycles, "cycles", SOURCE)
    latencies = idle.finished - idle.accepted[:, -1]
    return Timing(
        unit,
        simulator,
        0 if pace is None else steps,
        Number(formulas.ii_cycles, "cycles", "formula"),
        pace,
        Number(formulas.latency_cycles, "cycles", "formula"),
        _farthest(formulas.latency_cycles, latencies),
        "" if pace else f"steps do not come at one pace; a sequence takes {formulas.sequence_cycles} cycles",
    )


def _unpaced(unit: str, simulator: str, formulas: Formulas, idle: Run, whole: Flags) -> Timing:
    """What is told of sequences of different lengths of which short ones take as long as what is done once for each,
    or whose windows begin when all steps have come: the latency of the last step."""
    latencies = idle.finished - idle.accepted[:, -1]
    note = "a short sequence takes as long as what is done once for each, so that steps do not come at one pace"
    if formulas.by_length:
        latencies = latencies[whole]
        steps = idle.accepted.shape[1]
        note = f"latency and pace depend on the length of a sequence; these are for {steps} steps"
    return Timing(
        unit,
        simulator,
        0,
        Number(formulas.ii_cycles, "cycles", "formula"),
        None,
        Number(formulas.latency_cycles, "cycles", "formula"),
        _farthest(formulas.latency_cycles, latencies),
        note,
    )


def _farthest(formula: int, measured: Ints) -> Number | None:
    """Of the measurements the one farthest from the formula; None where there is none."""
    if not len(measured):
        return None
    return Number(int(measured[np.abs(measured - formula).argmax()]), "cycles", SOURCE)
