"""The files between Python and the compiled program of an accelerator: what it is asked for, and what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.spec.lengths import check_lengths, counting, unravelled
from lmu_hls.verify.interface import Interface, Port, Probe

PATIENCE = 2000  # cycles without a beat that are always allowed
STEPS_INSIDE = 32  # steps that an accelerator may take in before it gives the output of the first one
CHANCES = 65536  # in units of which the program takes probabilities

Key = tuple[str, str]  # (layer, tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """What came out of one output: ``values`` (N, [T], n), m_axis_tuser of each of them, and ``cycles`` (N, [T]), that
    of the last beat of each; an axis [T] is there when it comes every step."""

    values: Ints
    user: NDArray[np.bool_]
    cycles: Ints

    @property
    def every_step(self) -> bool:
        return self.cycles.ndim == 2

    @property
    def ends(self) -> Ints:
        """(N,): the cycle of the last beat of each sequence."""
        return self.cycles.reshape(len(self.cycles), -1)[:, -1]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one simulation gave. N sequences of T steps; behind a shorter one its last step stands again.

    ``ends``: :meth:`lmu_hls.verify.interface.Interface.key` of each output -> what came out, in the order of the
    interface. ``accepted`` (N, T): the cycle of each step's last input beat. ``cycles``: up to the last beat.
    ``probes``: layer -> tensor -> (N, T, n), where they were recorded.
    ``beats``: (layer, tensor) -> the cycle of every beat and its value, with the probes; inputs first, then probes.
    """

    ends: Mapping[Key, Delivered]
    accepted: Ints
    cycles: int
    probes: dict[str, dict[str, Ints]]
    beats: dict[Key, tuple[Ints, Ints]] = field(default_factory=dict)

    @property
    def outputs(self) -> Ints:
        """The values (N, [T], n) of the only output; ValueError where there are several."""
        (end,) = self.ends.values()
        return end.values

    @property
    def tensors(self) -> dict[Key, Ints]:
        """Outputs and probes: (layer, tensor) -> their values."""
        found = {key: end.values for key, end in self.ends.items()}
        return found | {(layer, name): values for layer, of in self.probes.items() for name, values in of.items()}

    @property
    def wrong_framing(self) -> int:
        """Sequences that an output reports as wrongly framed."""
        return max(int(end.user.sum()) for end in self.ends.values())

    @property
    def finished(self) -> Ints:
        """(N,): the cycle of the last output beat of each sequence."""
        return np.maximum.reduce([end.ends for end in self.ends.values()])

    @property
    def latencies(self) -> Ints:
        """From the last input beat of a step to the last output beat: of every step where all outputs come with every
        step (N, T), else of the last one (N,)."""
        if all(end.cycles.shape == self.accepted.shape for end in self.ends.values()):
            return np.maximum.reduce([end.cycles for end in self.ends.values()]) - self.accepted
        return self.finished - self.accepted[:, -1]

    @property
    def ii_cycles(self) -> int:
        """Cycles from step to step in the second half of the steps, where no buffer is being filled any more.

        Raises ValueError when they differ, or for fewer than four steps.
        """
        accepted = np.unique(self.accepted)  # without what stands behind shorter sequences
        steps = np.diff(accepted)[-(accepted.size // 2) :]
        found = sorted(set(steps.tolist()))
        if len(found) != 1 or accepted.size < 4:
            raise ValueError(f"the steps take {found or 'an unknown number of'} cycles, not one and the same number")
        return int(found[0])

    @property
    def latency_cycles(self) -> int:
        """Cycles from a step's last input beat to the last beat of its output, in an idle accelerator: see ``pause``.

        Raises ValueError when they differ from output to output.
        """
        found = np.unique(self.latencies)
        if len(found) != 1:
            raise ValueError(f"the outputs come after {found.tolist()} cycles; give the run a pause after each step")
        return int(found[0])


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of one run of the program; ``lengths`` are the steps of each sequence, None: all have ``steps``."""

    sequences: int
    steps: int
    record: bool
    gap: float
    stall: float
    seed: int
    tlast: bool
    pause: int
    lengths: tuple[int, ...] | None = None

    @property
    def each(self) -> Ints:
        """(N,): the steps of each sequence."""
        return np.full(self.sequences, self.steps) if self.lengths is None else np.array(self.lengths)

    def sent(self, x: Ints) -> Ints:
        """The steps of x (N, T, n) that are sent, one after the other, (steps, n)."""
        return x.reshape(-1, x.shape[-1]) if self.lengths is None else x[counting(self.each, self.steps)]

    def sequences_of(self, values: Ints, stream: Port | Probe | None = None) -> Ints:
        """What came for each step, by default of an input, as (N, T, ...), held behind shorter sequences."""
        each = self.each if stream is None else self.steps_out(stream)
        most = self.steps if stream is None else stream.given_steps(self.steps)
        if np.all(each == most):
            return values.reshape(self.sequences, most, *values.shape[1:])
        return unravelled(values, each, most)

    def beats_in(self, port: Port) -> int:
        return int(self.each.sum()) * port.beats

    def steps_out(self, port: Port | Probe) -> Ints:
        """(N,): the steps that come for each sequence."""
        return np.array([port.given_steps(steps) for steps in self.each.tolist()])

    def beats_out(self, port: Port) -> int:
        return int(self.steps_out(port).sum()) * port.beats

    def arguments(self, interface: Interface) -> list[str]:
        chances = [round(CHANCES * probability) for probability in (self.gap, self.stall)]
        if any(not 0 <= chance < CHANCES for chance in chances):
            raise ValueError(f"gap {self.gap} and stall {self.stall} must be probabilities below 1")
        patience = self.patience(interface)
        numbers = [self.sequences, *chances, self.seed, int(self.record), patience, int(self.tlast)]
        return [*map(str, (*numbers, self.pause)), *(str(self.beats_out(port)) for port in interface.outputs)]

    def patience(self, interface: Interface) -> int:
        """Cycles without a beat after which the accelerator is taken for stuck."""
        slowest = 1 / (1 - max(self.gap, self.stall))
        return round((PATIENCE + STEPS_INSIDE * interface.step_cycles) * slowest)


@dataclass(frozen=True, slots=True)
class Facts:
    """Beats that went into each input (``sent``) and came out of each output (``got``, and ``extra`` ones), the cycle
    of the last one (``moved``).

    ``broken`` output beats were changed or withdrawn before they were taken. ``stuck``: nothing moved any more before
    the output was complete; ``finished``: the design ended the simulation.
    """

    moved: int
    sent: tuple[int, ...]
    got: tuple[int, ...]
    extra: int
    broken: int
    stuck: bool
    finished: bool


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Of one input the cycle of each step's last beat and, where they were recorded, those of all beats."""

    accepted: Ints
    cycles: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True, eq=False)
class Came:
    """Of one output all values of its beats, the flags of these, the cycle of each step's last beat, and those of all
    beats where they were recorded."""

    values: Ints
    user: Ints
    last: Ints
    delivered: Ints
    cycles: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """What went through each stream of the interface, in its order; the probes with their values and cycles."""

    inputs: tuple[Sent, ...]
    outputs: tuple[Came, ...]
    probes: tuple[Ints, ...]
    probe_cycles: tuple[Ints, ...] = ()


def read(folder: Path, job: Job, interface: Interface) -> Run:
    """The files that the program left; LmuHlsError when the accelerator did something that it must not."""

    def numbers(name: str, kind: str) -> Ints:
        return np.fromfile(folder / f"{name}.bin", kind).astype(np.int64)

    moved, extra, broken, stuck, finished, *counts = numbers("facts", "<u8").tolist()
    sent = tuple(counts[: len(interface.inputs)])
    probes = tuple(numbers(f"tap{k}", "<i8") for k in range(len(interface.probes) if job.record else 0))
    streams = Streams(
        inputs=tuple(Sent(numbers(f"accepted{k}", "<u8"), numbers(f"s_cycles{k}", "<u8")) for k in range(len(sent))),
        outputs=tuple(
            Came(
                numbers(f"y{k}", "<i8"),
                numbers(f"user{k}", "u1"),
                numbers(f"last{k}", "u1"),
                numbers(f"delivered{k}", "<u8"),
                numbers(f"m_cycles{k}", "<u8"),
            )
            for k in range(len(interface.outputs))
        ),
        probes=probes,
        probe_cycles=tuple(numbers(f"tap{k}_cycles", "<u8") for k in range(len(probes))),
    )
    got = tuple(counts[len(sent) :])
    return assemble(Facts(moved, sent, got, extra, broken, bool(stuck), bool(finished)), streams, job, interface)


def assemble(facts: Facts, streams: Streams, job: Job, interface: Interface) -> Run:
    """The run of what came out; LmuHlsError when the accelerator did something that it must not."""
    _check_facts(facts, job, interface)
    ends = {
        interface.key(port): _delivered(came, port, job, interface)
        for port, came in zip(interface.outputs, streams.outputs, strict=True)
    }
    probes: dict[str, dict[str, Ints]] = {}
    beats: dict[Key, tuple[Ints, Ints]] = {}
    if job.record:
        sent = zip(interface.inputs, streams.inputs, strict=True)
        beats |= {interface.key(port): (_each(stream.cycles, port), _none()) for port, stream in sent}
    for k, (probe, values) in enumerate(zip(interface.probes if job.record else (), streams.probes, strict=True)):
        probes.setdefault(probe.layer, {})[probe.tensor] = _shaped(values, probe, job, interface)
        beats[probe.layer, probe.tensor] = (_each(streams.probe_cycles[k], probe), _kept(values, probe))
    if job.record:
        came = zip(interface.outputs, streams.outputs, strict=True)
        beats |= {
            interface.key(port): (_each(stream.cycles, port), _kept(stream.values, port)) for port, stream in came
        }
    accepted = np.maximum.reduce([stream.accepted for stream in streams.inputs])
    return Run(ends, job.sequences_of(accepted), facts.moved + 1, probes, beats)


def _delivered(came: Came, port: Port, job: Job, interface: Interface) -> Delivered:
    ends = np.cumsum(job.steps_out(port)) * port.beats - 1
    if job.tlast and not np.array_equal(np.flatnonzero(came.last), ends):
        raise LmuHlsError(
            f"{interface.top} gives {port.wires}_tlast elsewhere than on the last beat of each sequence's output"
        )

    def shaped(values: Ints) -> Ints:
        sequences = job.sequences_of(values, port)
        return sequences if port.every_step else sequences[:, 0]

    values, user = (array.reshape(-1, port.n) for array in (_kept(came.values, port), _each(came.user, port)))
    return Delivered(shaped(values), shaped(user).astype(bool), shaped(came.delivered))


def _kept(values: Ints, stream: Port | Probe) -> Ints:
    """Of all values of whole steps those that mean something."""
    padded = stream.values.beats(stream.n) * stream.values.together
    return values if padded == stream.n else values.reshape(-1, padded)[:, : stream.n].ravel()


def _each(beats: Ints, stream: Port | Probe) -> Ints:
    """What is known of each beat for each of its values that mean something."""
    together = stream.values.together
    return beats if together == 1 else _kept(np.repeat(beats, together), stream)


def padded(values: Ints, port: Port) -> Ints:
    """The values (steps, n) of all beats: those of a step's last one beyond n are zero."""
    more = port.beats * port.values.together - port.n
    return np.pad(values, ((0, 0), (0, more))) if more else values


def _check_facts(facts: Facts, job: Job, interface: Interface) -> None:
    if facts.stuck or facts.finished:
        how = "ended by $finish" if facts.finished else f"is stuck since cycle {facts.moved:,}"
        went = ", ".join(_gone_in(*of, job) for of in zip(interface.inputs, facts.sent, strict=True))
        came = ", ".join(
            f"{got:,} of {job.beats_out(port):,} output beats came out of {port.wires}"
            for port, got in zip(interface.outputs, facts.got, strict=True)
        )
        raise LmuHlsError(f"{interface.top} {how}: {went}, {came}. Restore the files in rtl/.")
    if facts.extra:
        raise LmuHlsError(f"{interface.top} gives {facts.extra} output beats too many. Restore the files in rtl/.")
    if facts.broken:
        raise LmuHlsError(
            f"{interface.top} changed or withdrew an output beat that had not been taken, {facts.broken} times. "
            "Restore the files in rtl/."
        )


def _gone_in(port: Port, sent: int, job: Job) -> str:
    step = sent // port.beats
    sequence = int(np.searchsorted(np.cumsum(job.each), step, side="right"))
    place = f"next: sequence {sequence}, step {step - int(job.each[:sequence].sum())}"
    return f"{sent:,} of {job.beats_in(port):,} input beats went into {port.wires} ({place})"


def _shaped(values: Ints, probe: Probe, job: Job, interface: Interface) -> Ints:
    steps = int(job.steps_out(probe).sum())
    together, wanted = probe.values.together, steps * probe.values.beats(probe.n)
    if values.size != wanted * together:
        raise LmuHlsError(
            f"{interface.top}: the stream {probe.layer}.{probe.tensor} had {values.size // together:,} beats, "
            f"not {wanted:,}. Restore the files in rtl/."
        )
    beats = job.sequences_of(_kept(values, probe).astype(np.int64).reshape(-1, probe.n), probe)
    if probe.order is None:
        return beats
    placed = np.empty_like(beats)
    placed[..., list(probe.order)] = beats
    return placed


def job_of(x: list[Ints], lengths: Ints | None, options: tuple[bool, float, float, int, bool, int]) -> Job:
    """The run of sequences x (N, T, n) with ``lengths`` steps each; LmuHlsError for lengths that cannot be."""
    samples, steps = x[0].shape[:2]
    each = None if lengths is None else tuple(check_lengths(lengths, samples, steps).tolist())
    return Job(samples, steps, *options, each)


def checked(x: Ints | Mapping[str, Ints], interface: Interface) -> list[Ints]:
    """The integers (N, T, n) for each input of the interface, in its order; ValueError for values that do not fit."""
    given = x if isinstance(x, Mapping) else {port.name: x for port in interface.inputs[:1]}
    if set(given) != {port.name for port in interface.inputs}:
        names = ", ".join(port.name for port in interface.inputs)
        raise ValueError(f"values of {', '.join(given)} are given; {interface.top} takes {names}")
    found = [_fitting(np.asarray(given[port.name]), port) for port in interface.inputs]
    if len({values.shape[:2] for values in found}) > 1:
        raise ValueError("the inputs do not have the same samples and steps")
    return found


def _fitting(x: Ints, port: Port) -> Ints:
    if x.ndim != 3 or x.shape[2] != port.n or x.dtype.kind not in "iu" or not x.size:
        raise ValueError(f"x is {x.dtype} of shape {x.shape}; integers of shape (N, T, {port.n}) needed")
    low, high = (-(1 << port.values.width - 1), 1 << port.values.width - 1) if port.values.signed else (0, 0)
    high = high or 1 << port.values.width
    if int(x.min()) < low or int(x.max()) >= high:
        raise ValueError(f"input integers {x.min()}..{x.max()} do not fit {port.values.width} bits")
    return x
