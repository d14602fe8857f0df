"""What the backend ``Verilog`` does with a converted model: write, compile, predict, trace, verify, build."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.backend.design import Design, design
from lmu_hls.backend.engines import Answer, Progress, run_golden, run_verilated
from lmu_hls.backend.hls4ml_form import as_hls4ml, input_integers, with_lengths
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.node import Graph
from lmu_hls.records import Comparison, dump
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import balanced, fastest
from lmu_hls.spec import Network, same
from lmu_hls.spec.sequences import whole_sequences
from lmu_hls.synth import synthesize
from lmu_hls.synth.families import DEFAULT
from lmu_hls.verify import verilated
from lmu_hls.verify.compare import compare
from lmu_hls.verify.interface import counted_steps, end_key
from lmu_hls.verify.rtlsim import SOURCE

NAME = "Verilog"
ENGINES = ("verilator", "golden")
WORK = "work"  # builds and logs, below the project
REPORT = "build.json"


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """A design, and what it was made from."""

    network: Network
    options: RtlOptions
    reuse_factor: int
    design: Design


_PLANNED: weakref.WeakKeyDictionary[Any, _Planned] = weakref.WeakKeyDictionary()
_COMPILED: weakref.WeakKeyDictionary[Any, verilated.Accelerator] = weakref.WeakKeyDictionary()


def design_of(model: Graph) -> Design:
    """The accelerator of a model that hls4ml converted with the backend ``Verilog``.

    It is planned once for what the model says; a model that was changed is planned again. Raises LmuHlsError for
    another backend, and for what the Verilog cannot do.
    """
    config = model.config
    if config.backend.name != NAME:
        raise LmuHlsError(f"the model was converted for {config.backend.name}; convert it with backend='Verilog'")
    network, options, reuse_factor = network_spec(model), RtlOptions.from_config(config.config), config.model_rf or 1
    known = _PLANNED.get(model)
    if (
        known is None
        or (known.options, known.reuse_factor) != (options, reuse_factor)
        or not same(known.network, network)
    ):
        known = _Planned(network, options, reuse_factor, design(network, options, reuse_factor))
        _PLANNED[model] = known
    return known.design


def reuse_factors(model: Graph, cycles: int | None = None) -> dict[str, int]:
    """For each layer the reuse factor with the fewest multipliers at which the network takes ``cycles`` a step or less.

    By default as few cycles as possible. ``model`` may be converted for any backend; the result goes to the ReuseFactor
    keys of the configuration. Raises LmuHlsError when the network cannot be as fast.
    """
    config = model.config
    options = RtlOptions.from_config(config.config) if config.backend.name == NAME else RtlOptions()
    network, endless = network_spec(model), options.streaming
    return balanced(network, fastest(network, endless) if cycles is None else cycles, endless)


def check(model: Graph) -> None:
    """LmuHlsError for a model that the Verilog cannot do."""
    design_of(model)


def folder_of(model: Graph) -> Path:
    return Path(model.config.get_output_dir())


def write(model: Graph) -> None:
    """Write the project: Verilog, ROM files, test bench, vectors and manifest. An earlier compilation is forgotten."""
    _COMPILED.pop(model, None)
    given = model.config.get_config_value("InputData")
    of = design_of(model)
    of.write(folder_of(model), _samples(of, given) if given else None)


def compile(model: Graph) -> verilated.Accelerator:
    """Verilate the project as it lies on disk; an unchanged one is not compiled again."""
    of, folder = design_of(model), folder_of(model)
    made = verilated.build(of.sources(folder), of.interface, folder, folder / WORK / "verilated")
    _COMPILED[model] = made
    return made


def predict(model: Graph, x: Any, engine: str = "verilator", progress: Progress | None = None) -> Any:
    """The outputs for x, float32 or float64 of shape (N, steps, n_in) or (steps, n_in), as floats of the same type.

    Of several inputs x is a list of such arrays in the order of the model, and so is the result of several outputs.

    As with every hls4ml backend the output of a sample is flat, (N, values), and one sample has no first axis. In mode
    "streaming" the samples are consecutive parts of one sequence that starts after a reset; N is then also the number
    of parts. ``engine`` is "verilator" (after ``compile``) or "golden": both give the same values. ``progress`` is
    told (done, all), in sequences or, for an endless one in golden, in steps. Of a model that takes sequences of any
    length x is [x, lengths], but for an endless one. Raises LmuHlsError for x that does not
    fit, and when the simulation stops.
    """
    of = design_of(model)
    x, lengths = _lengths(of, x)
    values, count = _inputs(of, x)
    answer = _answer(model, of, values, engine, False, progress, lengths=lengths)
    return _outputs(of, answer, count, x)


def trace(
    model: Graph, x: Any, engine: str = "verilator", progress: Progress | None = None
) -> tuple[Any, dict[str, NDArray[Any]]]:
    """The outputs as :func:`predict` gives them, and the tensors inside: u, mem and h of every LMU layer, h of an LSTM.

    The keys are "<layer>.u", "<layer>.mem" and "<layer>.h", the arrays (N, steps, width) floats; of an LMU layer that
    returns its last step only, h may have that step alone.
    """
    of = design_of(model)
    x, lengths = _lengths(of, x)
    values, count = _inputs(of, x)
    answer = _answer(model, of, values, engine, True, progress, lengths=lengths)
    types = of.network.observed
    dtype = _dtype(x)
    traced = {
        f"{layer}.{name}": to_float(tensor, types[layer, name]).astype(dtype).reshape(count, -1, tensor.shape[-1])
        for (layer, name), tensor in answer.tensors.items()
    }
    return _outputs(of, answer, count, x), traced


def verify(model: Graph, x: Any, progress: Progress | None = None) -> tuple[Comparison, ...]:
    """Compare the Verilog with golden on x, ``==`` on every integer of u, mem, h and the output.

    The samples of a stateful model are chunks of one sequence here.
    """
    of = design_of(model)
    x, lengths = _lengths(of, x)
    values, _ = _inputs(of, x)
    expected = _answer(model, of, values, "golden", True, progress, True, lengths)
    actual = _answer(model, of, values, "verilator", True, progress, True, lengths)
    results, counted = [], counted_steps(of.network, lengths) or {}
    for output, integers in actual.outputs.items():
        end = end_key("output", output, len(actual.outputs))
        key, steps = end[1], counted.get(end)
        results.append(compare(f"verilog {key}", SOURCE, key, expected.outputs[output], integers, steps))
    for (layer, name), tensor in actual.tensors.items():
        reference = expected.tensors[layer, name][:, -tensor.shape[1] :]
        key = f"{layer}.{name}"
        results.append(compare(f"verilog {key}", SOURCE, key, reference, tensor, counted.get((layer, name))))
    return tuple(results)


def build(model: Graph, synth: bool = True, target: str = DEFAULT) -> dict[str, Any]:
    """Synthesise the whole accelerator with Yosys and give the report, which is also written to ``build.json``.

    Keys: Top, Mode, Cycles (formulas), Layers (reuse factor, multipliers) and, unless ``synth`` is False, Resources
    (counted after synthesis for ``target``, before placement; targets as in `lmu-hls synth`). Raises LmuHlsError for
    an unknown target, and when Yosys is absent or refuses the sources.
    """
    of, folder = design_of(model), folder_of(model)
    report = of.report()
    if synth:
        log = folder / WORK / "synth"
        sources = of.sources(folder)
        result = synthesize(sources, of.interface.top, {}, log, target, data_dir=folder)
        report["Resources"] = {"Source": "synth", **asdict(result)}
    dump(folder / REPORT, report)
    return report


def _answer(
    model: Graph,
    design: Design,
    x: Mapping[str, Ints],
    engine: str,
    trace: bool,
    progress: Progress | None,
    consecutive: bool = False,
    lengths: Ints | None = None,
) -> Answer:
    """What an engine gives; ``consecutive`` lets the samples of a stateful model follow one another without a reset."""
    tell: Callable[[int, int], None] = progress or (lambda done, total: None)
    if engine not in ENGINES:
        raise LmuHlsError(f"engine {engine!r} is not known; use one of {', '.join(map(repr, ENGINES))}")
    if engine == "golden":
        return run_golden(design.network, x, design.streaming, trace, tell, consecutive, lengths)
    if model not in _COMPILED:
        raise LmuHlsError("the model is not compiled; call its compile() first, or use engine='golden'")
    resets = design.network.stateful and not design.streaming and not consecutive
    return run_verilated(_COMPILED[model], x, design.streaming, trace, tell, resets, lengths)


def _lengths(design: Design, x: Any) -> tuple[Any, Ints | None]:
    """x, and how many steps of each sample count where sequences have an end and any length."""
    return (x, None) if design.streaming else with_lengths(design.network, x)


def _inputs(design: Design, x: Any) -> tuple[dict[str, Ints], int]:
    """x of each input in integers, (N, steps, n_in) or, streaming, (1, N * steps, n_in); and N."""
    values = input_integers(design.network, x)
    return design.fed(values), len(next(iter(values.values())))


def _dtype(x: Any) -> Any:
    return (x[0] if isinstance(x, list | tuple) else x).dtype


def _outputs(design: Design, answer: Answer, count: int, x: Any) -> Any:
    """In hls4ml's form: one array, or a list of those of several outputs."""
    ends = {name: design.network.values[name].type for name in design.network.outputs}
    flat = [
        as_hls4ml(to_float(answer.outputs[name], kind).reshape(count, -1), _dtype(x)) for name, kind in ends.items()
    ]
    return flat[0] if len(flat) == 1 else flat


def _samples(design: Design, path: str) -> Ints:
    """The input data that the user gave for the test bench (hls4ml's ``input_data_tb``), in integers.

    A sample may be flat, one to a row, which is how hls4ml's .dat files hold them.
    """
    file, network = Path(path), design.network
    try:
        x = np.asarray(np.load(file) if file.suffix == ".npy" else np.loadtxt(file, ndmin=2), np.float64)
        if x.ndim == 2 and x.shape[1] == network.steps * network.n_in:
            x = x.reshape(-1, network.steps, network.n_in)
        return quantize(whole_sequences(x, network.steps, network.n_in), network.x)
    except (OSError, ValueError, LmuHlsError) as error:
        raise LmuHlsError(
            f"input_data_tb {path} cannot be used: {error}; give a .npy or .dat file of samples"
        ) from None
