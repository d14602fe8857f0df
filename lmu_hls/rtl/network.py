"""A whole network as instances of the hand-written modules in one generated top.

Each input goes through ``lmu_frame``, which mends wrong framing and reports it, then from layer to layer as a stream of
single values, or of whole vectors (:mod:`lmu_hls.rtl.parallel`), and out (:mod:`lmu_hls.rtl.ends`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import identifier, identifiers
from lmu_hls.records import LayerPlan
from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.branches import Branch, answered, copies, eased, queued, unblocked
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.converters import add_converters
from lmu_hls.rtl.cycles import Pace, fastest_step, is_even, network_cycles, network_ii
from lmu_hls.rtl.ends import UNDER_WAY, End, add_input, deepen_framing, framing_words, suffixes
from lmu_hls.rtl.heads import join_heads, shared_heads
from lmu_hls.rtl.matrix import Columns
from lmu_hls.rtl.netlist import NamesMeet, Netlist, Stream
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import WINDOWS, NetworkPlan, checked_steps, layer_plan
from lmu_hls.rtl.reuse import choose_lanes
from lmu_hls.rtl.stages import Stage, stage_of
from lmu_hls.rtl.vector_buffer import add_vector_buffer, buffer_pace
from lmu_hls.rtl.window import LATENCY as WINDOW
from lmu_hls.rtl.window import add_history, add_stored, add_window, window_pace
from lmu_hls.spec import Network, Window, streaming


def plan_network(network: Network, options: RtlOptions | None = None) -> NetworkPlan:
    """The top for ``network``. The reuse factors are those of its layers.

    Inside the Verilog a layer's name is an identifier; the plan has the layers' own names. Raises LmuHlsError for an
    invalid reuse factor and for what the modules cannot take.
    """
    options = options or RtlOptions()
    _check(network, options)
    names = identifiers(node.name for node in network.nodes)
    try:
        return _plan(network, names, options)
    except NamesMeet:  # the wires of one layer are called as those of another: a number in front tells them apart
        return _plan(network, tuple(f"layer{k}_{name}" for k, name in enumerate(names, 1)), options)


def _plan(network: Network, names: tuple[str, ...], options: RtlOptions) -> NetworkPlan:
    """The top with the nodes called ``names`` in the Verilog; these must be distinct identifiers."""
    own = {name: node.name for name, node in zip(names, network.nodes, strict=True)}
    stages = {node.name: stage_of(node.layer.renamed(name)) for name, node in zip(names, network.nodes, strict=True)}
    for stage in stages.values():
        stage.any_length = network.any_length
    net, natural = Netlist(count_clips=options.axi_lite), _natural(network, stages)
    readers = Counter([*(source for node in network.nodes for source in node.inputs), *network.outputs])
    net.taken |= _ports(network) | (_around(network) if options.axi_lite else set())
    heads = shared_heads(network, options.streaming, options.ports)
    chosen = _chosen(network, stages, options, join_heads(stages, heads))
    paces, runs_on = _paces(network, stages, chosen, options), options.streaming or network.stateful
    of_all, least = list(chain.from_iterable(paces.values())), _input_beats(network, options)
    ii, even = network_ii(of_all, network.steps, least), is_even(of_all, network.steps, least)
    inputs, given = _inputs(net, network, options, ii), {}
    for end in inputs:
        first = Branch(end.stream, (list(range(end.beats)),), tuple(range(network.steps)))
        given[end.name] = copies(net, first, f"in{end.suffix}", readers[end.name])
    layers: list[tuple[LayerPlan, Pace]] = []
    tap_steps: dict[str, dict[str, Any]] = {}
    for node in network.nodes:
        stage = stages[node.name]
        branches, lanes = [given[source].pop(0) for source in node.inputs], chosen[node.name]
        branches = _converted(net, stage, lanes, branches, layers)
        step, period = ii, ii * max(1, network.steps // branches[0].executions)
        before = fastest_step(_shares(layers), branches[0].executions, branches[0].stream.beats)
        if not even:
            step, period = fastest_step(_shares(layers), network.steps, least), before
        branches = queued(net, stage.name, branches, stage.taken, period, step)
        if len(branches) == 1:
            (branch,) = branches
            if readers[node.inputs[0]] > 1:
                branch = unblocked(net, stage.name, branch)
            (pace, _), *_ = paces[node.name]
            branches = [eased(net, stage.name, branch, pace, period, before)]
        if stage.window is not None:
            kind, branch, pace = _windowed(net, stage, stage.window, branches)
            branches = [branch]
            layers.append((layer_plan(f"{stage.name}_window", kind, pace, branch.executions), pace))
        plan, pace, stream = _add(net, stage, lanes, branches, runs_on)
        layers.append((replace(plan, name=node.name), pace))
        if (ending := stage.ending(branches[0].stream.count)) is not None:
            kind, once = ending
            layers.append((layer_plan(f"{stage.name}_{kind}", kind, once, 1), once))
        counts = network.counts(node.inputs[0])
        fixed = plan.executions if plan.executions != network.steps and counts is None else None
        tap_steps[stage.name] = {"steps": fixed, "counts": counts}
        branch = answered(branches, stream, pace)
        keep_last = stage.gives_last and not options.streaming and node.name not in heads
        together = stage.together(branch.executions)
        if together is not None and not options.streaming:
            branch = branch.ending(together)
        reorder = stream.order is not None and node.name in natural
        if keep_last or reorder or stage.gathers:
            name = f"{stage.name}_vector"
            stream = add_vector_buffer(net, name, stream, keep_last, reorder)
            pace = buffer_pace(stream.beats)
            branch = answered([branch], stream, pace)
            layers.append((layer_plan(name, "vector buffer", pace, branch.executions), pace))
        given[node.name] = copies(net, branch, stage.name, readers[node.name])
    net.taps = [replace(tap, layer=own[tap.layer], **tap_steps[tap.layer]) for tap in net.taps]
    net.clips = [replace(clip, layer=own[clip.layer]) for clip in net.clips]
    outs = _with_values(net, network, options, ii, {name: given[name].pop() for name in network.outputs}, layers)
    widest = max(end.beats for end in inputs)
    cycles = network_cycles(_shares(layers), network.steps, widest, [max(out.end[-1] for out in outs.values())])
    if options.ports.per_beat != 1:
        shortest = cycles.sequence if checked_steps(network, options) else cycles.ii
        deepen_framing(net, cycles.latency // max(1, shortest) + UNDER_WAY)
    return NetworkPlan(
        top=f"{identifier(network.name)}_top",
        network=network,
        options=options,
        net=net,
        inputs=tuple(inputs),
        outputs=_outputs(net, network, options, inputs, outs),
        layers=tuple(plan for plan, _ in layers),
        cycles=cycles,
    )


def _windowed(net: Netlist, stage: Stage[Any], window: Window, branches: list[Branch]) -> tuple[str, Branch, Pace]:
    """The steps of its windows side by side, what gives them, and its cycles."""
    (branch,) = branches
    if window.open:
        stream, pace = add_stored(net, stage.name, branch.stream, window)
        return WINDOWS, branch.stored(stream, window), pace
    if stage.any_length:
        stream, pace = add_history(net, stage.name, branch.stream, window)
        return "history", answered([branch], stream, pace), pace
    branch = branch.windowed(add_window(net, stage.name, branch.stream, window), window, WINDOW)
    return WINDOWS, branch, window_pace(branch.stream.count)


def _converted(
    net: Netlist, stage: Stage[Any], lanes: Lanes, branches: list[Branch], layers: list[tuple[LayerPlan, Pace]]
) -> list[Branch]:
    """The branches with as many values a beat as the layer takes: one, or all of them."""
    whole = isinstance(lanes, Columns)
    names = [f"{stage.name}_in{k}" if k else f"{stage.name}_in" for k in range(len(branches))]
    return [
        _with_beats(net, name, branch, branch.stream.count if whole else 1, layers)
        for name, branch in zip(names, branches, strict=True)
    ]


def _with_beats(net: Netlist, name: str, branch: Branch, values: int, layers: list[tuple[LayerPlan, Pace]]) -> Branch:
    """The branch with so many values a beat; what does that is added to ``layers``."""
    for kind, stream, pace in add_converters(net, name, branch.stream, values):
        branch = answered([branch], stream, pace)
        layers.append((layer_plan(f"{name}_{kind}", kind, pace, branch.executions), pace))
    return branch


def _with_values(
    net: Netlist,
    network: Network,
    options: RtlOptions,
    ii: int,
    outs: Mapping[str, Branch],
    layers: list[tuple[LayerPlan, Pace]],
) -> dict[str, Branch]:
    """What comes out, with as many values a beat as the ports have."""
    found = {}
    for name, branch in outs.items():
        cycles = ii * max(1, network.steps // branch.executions)
        values = options.ports.together(branch.stream.count, branch.stream.type.width, cycles)
        found[name] = _with_beats(net, f"{identifier(name)}_port", branch, values, layers)
    return found


def _natural(network: Network, stages: Mapping[str, Stage[Any]]) -> set[str]:
    """The nodes whose values must be in natural order: those that come out, or into a layer of several inputs.

    Such values may go through stages that leave them in their order.
    """
    found = set(network.outputs)
    for node in reversed(network.nodes):
        several = len(node.inputs) > 1
        if several or (node.name in found and not stages[node.name].any_order):
            found.update(node.inputs)
    return found


def _paces(
    network: Network, stages: Mapping[str, Stage[Any]], chosen: Mapping[str, Lanes], options: RtlOptions
) -> dict[str, list[tuple[Pace, int]]]:
    """Of each node the layer as far as its lanes say, and what ends its sequences, with the number of steps that go
    through them."""
    endless = options.streaming
    values, executions = network.values, {item.name: network.steps for item in network.inputs}
    paces: dict[str, list[tuple[Pace, int]]] = {}
    for node in network.nodes:
        stage, arriving = stages[node.name], executions[node.inputs[0]]
        width = stage.taken_width(values[source].width for source in node.inputs)
        lanes = chosen[node.name]
        paces[node.name] = [(stage.chosen(lanes).pace(width, lanes), stage.taken_steps(arriving))]
        if (ending := stage.ending(width)) is not None:
            paces[node.name].append((ending[1], 1))
        executions[node.name] = arriving if endless else stage.given_steps(arriving)
    return paces


def _shares(layers: list[tuple[LayerPlan, Pace]]) -> list[tuple[Pace, int]]:
    """The layers, each with the number of steps that go through it."""
    return [(pace, plan.executions) for plan, pace in layers]


def _input_beats(network: Network, options: RtlOptions) -> int:
    """Beats of a step of the widest input, where the values a beat of the ports are given."""
    return max(options.ports.beats(item.width, item.type.width, 1) for item in network.inputs)


def _ports(network: Network) -> set[str]:
    """The names of the ports of the streams."""
    ins, outs = suffixes([item.name for item in network.inputs]), suffixes(network.outputs)
    prefixes = [*(f"s_axis{suffix}" for suffix in ins), *(f"m_axis{suffix}" for suffix in outs)]
    return {f"{prefix}_{name}" for prefix in prefixes for name in ("tdata", "tvalid", "tready", "tlast", "tuser")}


def _around(network: Network) -> set[str]:
    """The names that the top itself has beside registers, and that begin with them for each stream."""
    ins, outs = suffixes([item.name for item in network.inputs]), suffixes(network.outputs)
    names = {"restart", "core_rst", "mapped", "restarting", "access", "access_last", "access_data", "states", "beats"}
    names |= {"step", "under_way", "all_in", "all_out", "ahead_in", "ahead_out", "ahead_steps", "sequence_end"}
    names |= {"registers", "ends_in", "ends_out", "steps_in", "ended_q"}
    names |= {"framing_error"} if len(ins) > 1 else set()
    each = [*(f"{name}{s}" for s in ins for name in ("beat_q", "within_q", "accept", "accepted", "mapped_in"))]
    each += [f"{name}{s}" for s in outs for name in ("ended", "mapped_out")]
    wires = [f"gate{s}" for s in ins] + [f"{name}{s}" for s in outs for name in ("result", "sent")]
    signals = ("tdata", "tvalid", "tready", "tlast", "tuser")
    return {*names, *each, *(f"{wire}_{signal}" for wire in wires for signal in signals)}


def _inputs(net: Netlist, network: Network, options: RtlOptions, ii: int) -> list[End]:
    """The inputs behind their frames. Of several, every sequence is filled up, so that all have the same steps."""
    items, steps = network.inputs, checked_steps(network, options)
    bounded = any(layer.bounded or (layer.over is not None and layer.over.open) for layer in network.layers)
    most = network.steps if not steps and bounded else 0
    several = len(items) + len(network.outputs) > 2
    names = suffixes([item.name for item in items])
    values = [options.ports.together(item.width, item.type.width, ii) for item in items]
    beats = [-(-item.width // each) for item, each in zip(items, values, strict=True)]
    sizes = [(each * steps, 1, 0) if several and steps else (each, steps, most) for each in beats]
    framed = not (several and options.streaming)
    return [
        add_input(net, *each[:3], options.axi_lite, each[3], framed)
        for each in zip(items, names, sizes, values, strict=True)
    ]


def _outputs(
    net: Netlist, network: Network, options: RtlOptions, inputs: list[End], outs: Mapping[str, Branch]
) -> tuple[End, ...]:
    names, found = suffixes(network.outputs), []
    framed = len(inputs) + len(outs) == 2 or not options.streaming
    words_of = framing_words(net, inputs, names) if framed else [()] * len(names)
    for name, suffix, words in zip(outs, names, words_of, strict=True):
        given = None if options.streaming else network.values[name].steps
        every = options.streaming or given is not None
        whole = given in (None, network.steps) or network.any_length
        steps, counts = None if every and whole else given or 1, network.counts(name)
        if counts is not None and options.axi_lite:
            raise LmuHlsError(
                f"layer {name!r} gives other numbers of steps than come in, of sequences of any length, and what "
                "drives registers asks for as many; leave AXILite out, or use keras.Input((steps, features))"
            )
        found.append(End(name, f"m_axis{suffix}", outs[name].stream, every, steps, words, counts))
    return tuple(found)


def _chosen(
    network: Network, stages: Mapping[str, Stage[Any]], options: RtlOptions, joined: Mapping[str, Lanes]
) -> dict[str, Lanes]:
    """The lanes of the parts of each node, ``joined`` where they are known. One without any has whole vectors for beats
    where what it reads has."""
    parallel, found = options.ports.per_beat != 1, dict[str, Lanes]()
    for node in network.nodes:
        stage = stages[node.name]
        if node.name in joined:
            found[node.name] = joined[node.name]
        elif stage.reuse_factor is not None:
            found[node.name] = choose_lanes(stage.layer, stage.reuse_factor, parallel)
        else:
            whole = stage.parallel is not None and isinstance(found.get(node.inputs[0]), Columns)
            found[node.name] = Columns() if whole else {}
    return found


def _add(
    net: Netlist, stage: Stage[Any], lanes: Lanes, branches: list[Branch], runs_on: bool
) -> tuple[LayerPlan, Pace, Stream]:
    xs = tuple(branch.stream for branch in branches)
    form = stage.chosen(lanes)
    out = form.join(net, xs, lanes, runs_on)
    parts, pace = form.plan(lanes), form.pace(sum(x.count for x in xs), lanes)
    told = (stage.types, stage.reuse_factor, parts, form.product_multipliers)
    return layer_plan(stage.name, stage.kind, pace, branches[0].executions, *told), pace, out


def _check(network: Network, options: RtlOptions) -> None:
    where = f"network {network.name!r}"
    for item in network.inputs:
        check_signed_type(where, "the input", item.type)
    if options.streaming:
        _ = streaming(network)  # raises for a layer that reads whole sequences
    ends = len(network.inputs), len(network.outputs)
    any_number = not (options.streaming or checked_steps(network, options))
    if ends[0] > 1 and any_number:
        raise LmuHlsError(
            f"{where} has {ends[0]} inputs and {ends[1]} outputs, a stream each, for endless streams or sequences "
            "with a fixed number of steps: nothing says which of their ends belong together; give the model's inputs "
            "that number, or put tensors side by side with Concatenate"
        )
    if ends != (1, 1) and options.axi_lite and any_number:
        raise LmuHlsError(
            f"{where} has {ends[1]} outputs, and their registers count the ends of sequences with a fixed number of "
            "steps; leave AXILite out, or put tensors side by side with Concatenate"
        )
    if ends != (1, 1) and options.axi_lite and options.streaming:
        raise LmuHlsError(
            f"{where} has {ends[0]} inputs and {ends[1]} outputs, whose endless streams have no ends that registers "
            "count; leave AXILite out, use Mode='sequence', or put tensors side by side with Concatenate"
        )
