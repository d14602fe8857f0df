"""The files between Python and the compiled program of an accelerator: what it is asked for, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.verify.interface import Interface, Probe

PATIENCE = 2000  # cycles without a beat that are always allowed
STEPS_INSIDE = 32  # steps that an accelerator may take in before it gives the output of the first one
CHANCES = 65536  # in units of which the program takes probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one simulation gave. N sequences of T steps; an axis [T] is there when the output comes every step.

    ``outputs`` (N, [T], n_out) and ``user``, m_axis_tuser of each of them.
    ``accepted`` (N, T): the cycle of each step's last input beat; ``delivered`` (N, [T]): that of each output's last
    beat. ``cycles``: up to the last beat. ``probes``: layer -> tensor -> (N, T, n), where they were recorded.
    ``beats``: (layer, tensor) -> the cycle of every beat and its value, with the probes; ("", "x") without values.
    """

    outputs: Ints
    user: NDArray[np.bool_]
    accepted: Ints
    delivered: Ints
    cycles: int
    probes: dict[str, dict[str, Ints]]
    beats: dict[tuple[str, str], tuple[Ints, Ints]] = field(default_factory=dict)

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
        """Cycles from a step's last input beat to the last beat of its output, in an idle accelerator: see ``pause``.

        Raises ValueError when they differ from output to output.
        """
        found = np.unique(self.delivered - (self.accepted if self.delivered.ndim == 2 else self.accepted[:, -1]))
        if len(found) != 1:
            raise ValueError(f"the outputs come after {found.tolist()} cycles; give the run a pause after each step")
        return int(found[0])


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of one run of the program."""

    sequences: int
    steps: int
    record: bool
    gap: float
    stall: float
    seed: int
    tlast: bool
    pause: int

    def outputs(self, interface: Interface) -> int:
        return self.sequences * self.out_steps(interface) * interface.n_out

    def out_steps(self, interface: Interface) -> int:
        """Steps that come out for a sequence."""
        return (interface.out_steps or self.steps) if interface.every_step else 1

    def arguments(self, interface: Interface) -> list[str]:
        chances = [round(CHANCES * probability) for probability in (self.gap, self.stall)]
        if any(not 0 <= chance < CHANCES for chance in chances):
            raise ValueError(f"gap {self.gap} and stall {self.stall} must be probabilities below 1")
        patience = self.patience(interface)
        numbers = [self.sequences, self.steps, self.outputs(interface), *chances, self.seed, int(self.record)]
        return [*map(str, numbers), str(patience), str(int(self.tlast)), str(self.pause)]

    def patience(self, interface: Interface) -> int:
        """Cycles without a beat after which the accelerator is taken for stuck."""
        slowest = 1 / (1 - max(self.gap, self.stall))
        return round((PATIENCE + STEPS_INSIDE * interface.step_cycles) * slowest)


@dataclass(frozen=True, slots=True)
class Facts:
    """Beats that went in (``sent``) and came out (``got``, and ``extra`` ones), the cycle of the last one (``moved``).

    ``broken`` output beats were changed or withdrawn before they were taken. ``stuck``: nothing moved any more before
    the output was complete; ``finished``: the design ended the simulation.
    """

    moved: int
    sent: int
    got: int
    extra: int
    broken: int
    stuck: bool
    finished: bool


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """The values of all output beats with their flags, the cycles as in :class:`Run`, and the beats of each probe.

    ``probe_cycles``, ``in_cycles`` and ``out_cycles`` are the cycles of their beats, where they were recorded."""

    output: Ints
    user: Ints
    last: Ints
    accepted: Ints
    delivered: Ints
    probes: tuple[Ints, ...]
    probe_cycles: tuple[Ints, ...] = ()
    in_cycles: Ints = field(default_factory=_none)
    out_cycles: Ints = field(default_factory=_none)


def read(folder: Path, job: Job, interface: Interface) -> Run:
    """The files that the program left; LmuHlsError when the accelerator did something that it must not."""

    def numbers(name: str, kind: str) -> Ints:
        return np.fromfile(folder / f"{name}.bin", kind).astype(np.int64)

    _, moved, sent, got, extra, broken, stuck, finished = numbers("facts", "<u8").tolist()
    probes = tuple(numbers(f"tap{k}", "<i8") for k in range(len(interface.probes) if job.record else 0))
    streams = Streams(
        output=numbers("y", "<i8"),
        user=numbers("user", "u1"),
        last=numbers("last", "u1"),
        accepted=numbers("accepted", "<u8"),
        delivered=numbers("delivered", "<u8"),
        probes=probes,
        probe_cycles=tuple(numbers(f"tap{k}_cycles", "<u8") for k in range(len(probes))),
        in_cycles=numbers("s_cycles", "<u8"),
        out_cycles=numbers("m_cycles", "<u8"),
    )
    facts = Facts(moved, sent, got, extra, broken, bool(stuck), bool(finished))
    return assemble(facts, streams, job, interface)


def assemble(facts: Facts, streams: Streams, job: Job, interface: Interface) -> Run:
    """The run of what came out; LmuHlsError when the accelerator did something that it must not."""
    _check_facts(facts, job, interface)
    each = (job.sequences, job.steps)
    results = (job.sequences, job.out_steps(interface)) if interface.every_step else each[:1]
    shape = (*results, interface.n_out)
    last = streams.last.reshape(job.sequences, -1)
    if job.tlast and (last[:, :-1].any() or not last[:, -1].all()):
        raise LmuHlsError(f"{interface.top} gives tlast elsewhere than on the last beat of each sequence's output")
    probes: dict[str, dict[str, Ints]] = {}
    beats = {("", "x"): (streams.in_cycles, _none())} if job.record else {}
    for k, (probe, values) in enumerate(zip(interface.probes if job.record else (), streams.probes, strict=True)):
        probes.setdefault(probe.layer, {})[probe.tensor] = _shaped(values, probe, job, interface)
        beats[probe.layer, probe.tensor] = (streams.probe_cycles[k], values)
    if job.record:
        beats["", "output"] = (streams.out_cycles, streams.output)
    return Run(
        outputs=streams.output.reshape(shape),
        user=streams.user.astype(bool).reshape(shape),
        accepted=streams.accepted.reshape(each),
        delivered=streams.delivered.reshape(results),
        cycles=facts.moved + 1,
        probes=probes,
        beats=beats,
    )


def _check_facts(facts: Facts, job: Job, interface: Interface) -> None:
    wanted, beats = job.outputs(interface), job.sequences * job.steps * interface.n_in
    if facts.stuck or facts.finished:
        how = "ended by $finish" if facts.finished else f"is stuck since cycle {facts.moved:,}"
        sequence, beat = divmod(facts.sent, job.steps * interface.n_in)
        step = beat // interface.n_in
        raise LmuHlsError(
            f"{interface.top} {how}: {facts.sent:,} of {beats:,} input beats went in (next: sequence {sequence}, "
            f"step {step}) and {facts.got:,} of {wanted:,} output beats came out. Restore the files in rtl/."
        )
    if facts.extra:
        raise LmuHlsError(f"{interface.top} gives {facts.extra} output beats too many. Restore the files in rtl/.")
    if facts.broken:
        raise LmuHlsError(
            f"{interface.top} changed or withdrew an output beat that had not been taken, {facts.broken} times. "
            "Restore the files in rtl/."
        )


def _shaped(values: Ints, probe: Probe, job: Job, interface: Interface) -> Ints:
    steps = job.steps if probe.steps is None else probe.steps
    if values.size != job.sequences * steps * probe.n:
        raise LmuHlsError(
            f"{interface.top}: the stream {probe.layer}.{probe.tensor} had {values.size:,} beats, "
            f"not {job.sequences * steps * probe.n:,}. Restore the files in rtl/."
        )
    beats = values.astype(np.int64).reshape(job.sequences, steps, probe.n)
    if probe.order is None:
        return beats
    placed = np.empty_like(beats)
    placed[..., list(probe.order)] = beats
    return placed
