"""csim and rtlsim against golden, on the files that lie in the output folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lmu_hls import golden, toolchain
from lmu_hls.backend.design import Design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints, quantize
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.flow.data import Data, Floats
from lmu_hls.flow.fidelity import refer
from lmu_hls.flow.ledger import Ledger
from lmu_hls.flow.lengths import first, rows
from lmu_hls.flow.netlists import SEQUENCES as NETLIST_SEQUENCES
from lmu_hls.flow.netlists import SIMULATOR as NETLIST_SIMULATOR
from lmu_hls.flow.netlists import TOOLS as NETLIST_TOOLS
from lmu_hls.flow.netlists import check_netlists, compare_netlist
from lmu_hls.flow.netlists import title as netlist_title
from lmu_hls.flow.traces import traces
from lmu_hls.front.lengths import predict_lengths
from lmu_hls.layers.stateful import in_order, predict_all, without_state
from lmu_hls.records import Comparison, Overrun, Precision, Ties, Timing, Verification, load
from lmu_hls.records.evidence import digests
from lmu_hls.records.folder import OutputFolder
from lmu_hls.records.traces import Excerpt
from lmu_hls.spec import Network, Softmax, store
from lmu_hls.tuning import clipped, exceeded
from lmu_hls.verify import bench, cosim, verilated
from lmu_hls.verify.compare import compare_tensors
from lmu_hls.verify.csim import compile_project
from lmu_hls.verify.interface import counted_steps, end_key
from lmu_hls.verify.rtlsim import Simulation, formulas_of, simulate

# Calibration sees values before they are rounded; the noise of rounding alone moves the largest by some percent.
ROUNDING_MARGIN = 1.1
COSIM = "cosim blackbox"  # csim with Verilog in it
Progress = Callable[[str, int, int], None]  # what is being done, done so far, total


def no_progress(task: str, done: int, total: int) -> None:
    """Report to nobody."""


def verify(
    folder: OutputFolder,
    data: Data,
    *,
    csim: bool = True,
    simulators: Sequence[str] = ("verilator",),
    rtl_samples: Mapping[str, int] | None = None,
    netlists: Sequence[str] = (),
    netlist_samples: int = NETLIST_SEQUENCES,
    netlist_simulator: str = NETLIST_SIMULATOR,
    waves: bool = False,
    min_snr_db: float | None = None,
    progress: Progress = no_progress,
) -> Verification:
    """Compare csim's outputs and all tensors of the Verilog with golden, ``==`` on every integer; keep the record.

    The simulator "blackbox" is csim with the Verilog of the project's RTL blackboxes in it.
    ``rtl_samples`` limits the sequences that go through each simulator; the first ones are taken, as are the first
    ``netlist_samples`` for what synthesis makes of it for each of the targets ``netlists``, in ``netlist_simulator``
    (:data:`lmu_hls.flow.netlists.TOOLS`). ``verify.json`` then
    holds what this run found, with the figures of the task when the data have targets, and how close golden comes to
    the Keras model: ``min_snr_db`` is the least SNR that counts as close. It also holds what
    :mod:`lmu_hls.flow.ledger` keeps of earlier runs. Raises LmuHlsError when a tool is absent or a file changes
    meanwhile.
    """
    folder.require()
    if min_snr_db is not None and not np.isfinite(min_snr_db):
        raise LmuHlsError(f"an SNR of at least {min_snr_db} dB is no bound; give a number, such as 20")
    about = data.identity(folder.root)
    before = digests(folder.root, [about.file])
    network = store.load(folder.spec)
    given, targets, lengths = data.inputs(network), data.targets(network), data.counts(network)
    for simulator in simulators:  # before any work is done
        toolchain.simulator_env(simulator)
    if cosim.SIMULATOR in simulators:
        cosim.blackboxes(folder.hls)
    check_netlists(netlists, netlist_simulator)
    samples = len(next(iter(given.values())))
    limits = {name: limit for name, limit in (rtl_samples or {}).items() if limit < samples}
    commands = {name: _command(data, f"{name}:{limits[name]}" if name in limits else name) for name in simulators}
    checks = [("csim", "csim", _command(data, "none"))] if csim else []
    checks += [(*_check_of(name), command) for name, command in commands.items()]
    asked = "" if netlist_simulator == NETLIST_SIMULATOR else f" --netlist-simulator {netlist_simulator}"
    checks += [
        (netlist_title(name), "rtlsim", _netlist_command(data, name, netlist_samples, asked)) for name in netlists
    ]
    ledger = Ledger.begin(folder, about, before, checks)
    x = {item.name: quantize(given[item.name], item.type) for item in network.inputs}
    reference, overruns, ties = _golden(folder, network, x, lengths, progress)
    # csim and rtlsim never see values that are clipped, so nothing but this tells
    overruns = (*_clipped(network, given), *overruns)
    from lmu_hls.flow.convert import load_model

    progress("float", 0, samples)
    model = load_model(folder.model)
    fed = in_order(model, given)
    outputs = predict_all(model, fed) if lengths is None else predict_lengths(model, fed, lengths)
    real = dict(zip(network.outputs, outputs, strict=True))
    progress("float", samples, samples)
    references = []
    for name in network.outputs:
        ends = rows(real[name], lengths), rows(reference[name], lengths)
        judged = refer(network, name, data.drawn, given, targets.get(name), ends, overruns, min_snr_db)
        references.append(replace(judged, ties=ties.get(name), output=name if len(network.outputs) > 1 else ""))
        overruns = ()  # those of the inputs and of tensors inside are told once
    if csim:
        ledger.enter("csim", _csim(folder, network, x, lengths, reference, progress), None, _versions("g++"))
    verilog = [name for name in simulators if name != cosim.SIMULATOR]
    if cosim.SIMULATOR in simulators:
        limit = limits.get(cosim.SIMULATOR)
        (part, some), (right, _) = first(x, lengths, limit), first(reference, lengths, limit)
        comparison = _cosim(folder, network, part, some, right, progress)
        ledger.enter(COSIM, comparison, None, _versions("verilator", "g++"))
    made = written_accelerator(folder, network) if verilog or netlists else None
    excerpt = None
    for simulator in verilog:
        assert made is not None
        limit = limits.get(simulator)
        comparison, timing, step = _rtlsim(folder, made, first(x, lengths, limit), simulator, waves, progress)
        excerpt = excerpt or step
        ledger.enter(f"rtlsim {simulator}", comparison, timing, _versions(simulator, "cocotb"))
    for target in netlists:
        assert made is not None
        progress(f"{netlist_title(target)}: compiling", 0, 1)
        part, some = first(x, lengths, netlist_samples)
        told = _told(netlist_title(target), part, progress)
        comparison = compare_netlist(folder, made, part, target, netlist_simulator, some, told)
        ledger.enter(netlist_title(target), comparison, None, _versions(*NETLIST_TOOLS[netlist_simulator]))
    bound = "" if min_snr_db is None else f" --min-snr-db {min_snr_db:g}"
    for item in references:
        ledger.refer(_command(data, "none") + bound, _versions("keras", "tensorflow"), item)
    ledger.trace(traces(network, without_state(model), given, x, (real, reference), targets, excerpt, lengths))
    return ledger.record


def _clipped(network: Network, inputs: Mapping[str, Floats]) -> Iterator[Overrun]:
    """The inputs with values that their types do not hold."""
    for item in network.inputs:
        lost = clipped(inputs[item.name], item.type)
        if lost:
            name = "x" if len(network.inputs) == 1 else item.name
            yield Overrun("input", name, lost, float(np.abs(inputs[item.name]).max()), None)


def _check_of(simulator: str) -> tuple[str, str]:
    """The name and the topic of its check."""
    return (COSIM, "csim") if simulator == cosim.SIMULATOR else (f"rtlsim {simulator}", "rtlsim")


def _command(data: Data, simulator: str) -> str:
    return f"lmu-hls verify OUTDIR --simulator {simulator} {data.option}"


def _netlist_command(data: Data, target: str, limit: int, asked: str) -> str:
    options = f"--netlist {target} --netlist-samples {limit}{asked}"
    return f"lmu-hls verify OUTDIR --simulator none {options} {data.option}"


def _versions(*tools: str) -> dict[str, str]:
    return {name: toolchain.find(name).version for name in tools}


def _golden(
    folder: OutputFolder, network: Network, x: Mapping[str, Ints], lengths: Ints | None, progress: Progress
) -> tuple[dict[str, Ints], tuple[Overrun, ...], dict[str, Ties]]:
    """The outputs, tensors that overflow or leave their magnitudes on the calibration data, and ties, by output."""
    chosen = load(folder.precision, Precision).tensors if folder.precision.is_file() else ()
    values = [item for item in chosen if not item.weight]
    calibrated = {(item.layer, item.tensor): item.observed for item in values}
    limits = {(item.layer, item.tensor): ROUNDING_MARGIN * item.observed + item.type.lsb for item in values}
    parts: list[Mapping[str, Ints]] = []
    ties: dict[str, Ties] = {}
    overruns: dict[tuple[str, str], Overrun] = {}
    for part in golden.parts(network, len(next(iter(x.values())))):
        fed = {name: values[part] for name, values in x.items()}
        some = None if lengths is None else lengths[part]
        trace = golden.run_samples(network, fed, lengths=some)
        parts.append(trace.outputs)
        for name in network.outputs:
            ties |= _ties(network, name, trace, ties, some)
        for item in exceeded(calibrated, limits, network, fed, trace):
            key = (item.layer, item.tensor)
            overruns[key] = overruns[key].and_then(item) if key in overruns else item
        progress("golden", part.stop, len(next(iter(x.values()))))
    outputs = {name: np.concatenate([each[name] for each in parts]) for name in network.outputs}
    return outputs, tuple(overruns.values()), ties


def _ties(
    network: Network, output: str, trace: golden.Trace, before: Mapping[str, Ties], lengths: Ints | None
) -> dict[str, Ties]:
    """The ties of an output's softmax in a run, added to those ``before``; none where there is no softmax."""
    node = network.node(output)
    names = [layer.name for layer in network.layers]
    if not isinstance(node.layer, Softmax) or node.inputs[0] not in names:
        return {}
    logits, values = list(trace[node.inputs[0]].tensors.values())[-1], trace.outputs[output]
    if logits.ndim > values.ndim:  # an LMU layer that gives its last step, and whose trace has all
        logits = logits[:, -1]
    logits, values = rows(logits, lengths), rows(values, lengths)
    top = values == values.max(axis=-1, keepdims=True)
    lowest = np.where(top, logits, logits.max(axis=-1, keepdims=True)).min(axis=-1)
    earlier = before.get(output, Ties(output, 0, 0))
    tied = earlier.tied + int(np.count_nonzero(lowest < logits.max(axis=-1)))
    return {output: Ties(output, earlier.answers + lowest.size, tied)}


def _csim(
    folder: OutputFolder,
    network: Network,
    x: Mapping[str, Ints],
    lengths: Ints | None,
    reference: Mapping[str, Ints],
    progress: Progress,
) -> Comparison:
    progress("csim: compiling", 0, 1)
    outputs = compile_project(folder.hls).run_all(x, network, _told("csim", x, progress), lengths)
    return _compared(network, ("csim", "csim"), reference, outputs, lengths)


def _cosim(
    folder: OutputFolder,
    network: Network,
    x: Mapping[str, Ints],
    lengths: Ints | None,
    reference: Mapping[str, Ints],
    progress: Progress,
) -> Comparison:
    progress(f"{COSIM}: compiling", 0, 1)
    project = cosim.build(folder.hls, folder.work(cosim.SIMULATOR))
    outputs = project.run_all(x, network, _told(COSIM, x, progress), lengths)
    return _compared(network, (COSIM, "cosim"), reference, outputs, lengths)


def _told(task: str, x: Mapping[str, Ints], progress: Progress) -> Callable[[int], None]:
    """What tells how many of the samples are done."""
    samples = len(next(iter(x.values())))
    return lambda done: progress(task, done, samples)


def _compared(
    network: Network,
    names: tuple[str, str],
    expected: Mapping[str, Ints],
    actual: Mapping[str, Ints],
    lengths: Ints | None,
) -> Comparison:
    """The outputs, by name; ``names`` are those of the comparison and of its source."""
    keys = {output: end_key("output", output, len(expected)) for output in expected}
    first, second = ({keys[k]: values for k, values in arrays.items()} for arrays in (expected, actual))
    return compare_tensors(*names, first, second, counted_steps(network, lengths))


def _rtlsim(
    folder: OutputFolder,
    design: Design,
    sequences: tuple[Mapping[str, Ints], Ints | None],
    simulator: str,
    waves: bool,
    progress: Progress,
) -> tuple[Comparison, Timing, Excerpt]:
    """The whole network under one simulator: the tensors that the Verilog shows, and the outputs.

    ``sequences``: of each input, and their lengths.
    """
    network, task, interface = design.network, f"rtlsim {simulator}", design.interface
    x, lengths = sequences
    trace = golden.run_samples(network, x, lengths=lengths)
    expected = {interface.key(port): trace.outputs[port.name] for port in interface.outputs}
    expected |= {(layer, name): trace[layer].tensors[name] for layer, name in network.observed}
    formulas = formulas_of(design.plan)
    progress(f"{task}: compiling", 0, 1)
    sources, work = design.sources(folder.verilog), folder.work(simulator)
    compiled: Simulation
    if simulator == "verilator" and not waves:
        compiled = verilated.build(sources, interface, folder.verilog, work)
    else:
        compiled = bench.build(simulator, sources, interface, folder.verilog, work, waves)
    names, counted = (network.name, simulator), counted_steps(network, lengths)
    widths = {(probe.layer, probe.tensor): probe.values.width for probe in interface.probes}
    widths |= {interface.key(port): port.values.width for port in (*interface.inputs, *interface.outputs)}
    return simulate(compiled, x, expected, formulas, names, _told(task, x, progress), widths, lengths, counted)
