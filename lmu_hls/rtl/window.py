"""Windows of steps that are cut out, padded, repeated or overlap: ``lmu_window`` behind an ``lmu_frame``, and of
sequences of any length ``lmu_history`` where they are causal, or ``lmu_window_any``, which stores each sequence.

The frame fills a sequence that is too short with zeros and drops what is too much, so that windows have whole ones.
"""

from __future__ import annotations

from bisect import bisect_right

from lmu_hls.rtl.cycles import PAST, Beats, Pace, whole_step_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.spec import Window

MODULE = "lmu_window"
HISTORY = "lmu_history"
STORED = "lmu_window_any"
LATENCY = 2  # cycles from the beat that a window waits for to the same beat given
STORED_LATENCY = 2  # cycles from the last beat of a sequence to the one before the first beat of its windows
BETWEEN = 1  # cycles in which lmu_window_any gives nothing, from sequence to sequence
ROOM = 1  # cycles from the last beat of a window to the first one of a step that takes the place of its first one
SEQUENCES = 4  # after which the windows of a sequence come at the pace of those before


def window_pace(count: int) -> Pace:
    """Cycles from window to window, of ``count`` values; :func:`window_beats` has its answer."""
    return Pace(count, {MODULE: ("SIZE*N", count)}, list)


def add_window(net: Netlist, name: str, x: Stream, window: Window) -> Stream:
    """The windows of ``x`` as single steps, with the values of a window's steps side by side."""
    whole = add_frame(net, name, "whole", x, (x.count * window.steps, 1), "whole sequences", last=False)
    both = x.beside(window.size)
    out = net.stream(f"{name}_window", x.type, both.count, both.order)
    parameters = {"N": x.count, "STEPS": window.steps, "COUNT": window.count}
    parameters |= {"BEFORE": max(0, -window.first), "SKIP": max(0, window.first), "STRIDE": window.stride}
    parameters |= {
        "SIZE": window.size,
        "DILATION": window.dilation,
        "REPEAT": int(window.repeat),
        "DEPTH": window_depth(window, x.count),
    }
    ports = whole.ports("s_axis", last=False) | out.ports("m_axis")
    net.add(MODULE, f"{name}_windows", {**parameters, "WIDTH": x.type.width}, ports, f"Layer {name}: windows")
    return out


def add_history(net: Netlist, name: str, x: Stream, window: Window) -> tuple[Stream, Pace]:
    """The causal windows of ``x``, of sequences of any length, as single steps."""
    both, depth = x.beside(window.size), 2
    while depth < window.reach + 1:
        depth *= 2
    out = net.stream(f"{name}_window", x.type, both.count, both.order)
    parameters = {"N": x.count, "SIZE": window.size, "DILATION": window.dilation, "DEPTH": depth}
    ports = x.ports("s_axis") | out.ports("m_axis")
    net.add(HISTORY, f"{name}_windows", {**parameters, "WIDTH": x.type.width}, ports, f"Layer {name}: windows")
    count = both.count
    return out, whole_step_pace(HISTORY, "SIZE*N", count, count, 1, count + 1)


def add_stored(net: Netlist, name: str, x: Stream, window: Window) -> tuple[Stream, Pace]:
    """The open windows of ``x``, of sequences of any length, as single steps, once a sequence has come."""
    both = x.beside(window.size)
    out = net.stream(f"{name}_window", x.type, both.count, both.order)
    parameters = {"N": x.count, "STEPS": window.steps, "STRIDE": window.stride}
    parameters |= {"FIRST": 0 if window.stride < 0 or window.centred else window.first}
    parameters |= {"SIZE": window.size, "DILATION": window.dilation, "PAD": window.pad}
    parameters |= {"CENTRED": int(window.centred), "REPEAT": int(window.repeat), "WIDTH": x.type.width}
    ports = x.ports("s_axis") | out.ports("m_axis")
    net.add(STORED, f"{name}_windows", parameters, ports, f"Layer {name}: windows")
    return out, Pace(both.count, {STORED: ("SIZE*N", both.count)}, list, BETWEEN)


def stored_beats(window: Window, ends: int, values: int) -> tuple[Beats, ...]:
    """The beats of all windows, of ``values`` each, of a sequence whose last beat comes in cycle ``ends``."""
    first = ends + STORED_LATENCY + 1
    return tuple(list(range(first + t * values, first + (t + 1) * values)) for t in range(window.count))


def add_frame(
    net: Netlist, name: str, suffix: str, x: Stream, sizes: tuple[int, int], about: str, last: bool = True
) -> Stream:
    """``x`` in whole pieces: ``sizes`` are the beats of one, whose last ones are zeros where too few come, and how many
    are a sequence. What comes out is named with the ``suffix``; not ``last``: without its end."""
    out = net.stream(f"{name}_{suffix}", x.type, x.count, x.order, last=last)
    unused = {} if last else {"m_axis_tlast": net.wire(f"unused_{name}_m_axis_tlast")}
    unused |= {port: net.wire(f"unused_{name}_{port}") for port in ("e_axis_tdata", "e_axis_tvalid", "framing_error")}
    ports = x.ports("s_axis") | out.ports("m_axis", last) | unused | {"e_axis_tready": "1'b1"}
    parameters = {"N": sizes[0], "STEPS": sizes[1], "WIDTH": x.type.width}
    net.add("lmu_frame", f"{name}_frame", parameters, ports, f"Layer {name}: {about}")
    return out


def window_depth(window: Window, n: int) -> int:
    """Steps of ``n`` values that the ring holds: the least power of two with which nobody waits for room.

    That is so where a step comes as fast as it can, and where all steps take as long to come as their windows to be
    given.
    """
    taken, given = window.steps * n, window.count * window.size * n
    depth, least = 1, max(taken, given)
    span = window.reach if window.stride >= 0 else window.steps
    while depth < span:
        depth *= 2
    while depth < 2 * window.steps + window.reach and max(
        _period(window, n, depth, taken), _period(window, n, depth, least)
    ) > (least * window.steps):
        depth *= 2
    return depth


def _period(window: Window, n: int, depth: int, taken: int) -> int:
    """Cycles times steps from sequence to sequence, where the steps of one come in ``taken`` cycles without a pause.

    As in lmu_window: a step comes once fewer than ``depth`` are held, and the steps before a window are not held.
    """
    unit, steps = window.steps, window.steps
    begins = [window.first + t * window.stride for t in range(window.count)]
    low = [min(max(min(begins[t:]), 0), steps - int(window.repeat)) for t in range(window.count)]
    frees = [sequence * steps + first for sequence in range(SEQUENCES) for first in low]  # first step of each window
    came: list[int] = []  # when the first beat of each step does
    done: list[int] = []  # when each window is given
    clock = 0
    for sequence in range(SEQUENCES):
        for reads in window.reads():
            for step in reads:
                needed = sequence * steps + max(int(step), 0)
                while len(came) <= needed:
                    before = bisect_right(frees, len(came) - depth, hi=len(done))
                    room = done[before - 1] + ROOM * unit if before else 0
                    came.append(max(came[-1] + taken if came else 0, room))
                clock = max(clock, came[needed if step >= 0 else sequence * steps] + LATENCY * unit) + n * unit
            done.append(clock)
    return done[-1] - done[-1 - window.count]


def window_beats(window: Window, burst: tuple[Beats, ...], latency: int) -> tuple[Beats, ...]:
    """The beats of the windows that wait for one of the last steps, those of the ``burst``.

    All steps before are long there. A beat is given ``latency`` cycles after it came, zeros after the first beat of
    the sequence, and the last one of the last window when the sequence is whole. Where no window waits, only that beat
    does.
    """
    first, whole = window.steps - len(burst), burst[-1][-1] + 1
    reads, last = window.reads(), PAST
    zeros = [burst[0][0] if first == 0 else PAST] * len(burst[0])
    windows: list[Beats] = []
    for t in range(window.count):
        if reads[: t + 1].max(initial=0) < first:
            continue
        windows.append([])
        for step in reads[t].tolist():
            for beat in zeros if step < 0 else burst[step - first] if step >= first else [PAST] * len(burst[0]):
                last = max(last + 1, beat + latency)
                windows[-1].append(last)
    if not windows:
        windows.append([PAST] * len(burst[0]) * window.size)
    windows[-1][-1] = max(windows[-1][-1], whole)
    return tuple(windows)
