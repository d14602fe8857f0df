"""Keras model in, output folder out: hls4ml project, integer contract, Verilog and manifest."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lmu_hls import limits
from lmu_hls.backend.design import Design, design
from lmu_hls.errors import LmuHlsError, LmuHlsWarning
from lmu_hls.flow.keras_errors import check_keras_file, check_weights_file, configuration_of, reason_of
from lmu_hls.front.backends import supported_backend
from lmu_hls.front.config import full_config
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from lmu_hls.front.keras_model import check_model, is_foreign
from lmu_hls.front.lengths import asked_steps, with_lengths
from lmu_hls.front.node import Graph
from lmu_hls.front.notes import remarks
from lmu_hls.front.own_types import float_model_of, with_own_types
from lmu_hls.front.settings import project_keys, project_options
from lmu_hls.keras_weights import take_weights
from lmu_hls.naming import identifier
from lmu_hls.records import (
    Conversion,
    EndSummary,
    LayerSummary,
    Manifest,
    ModelSummary,
    Precision,
    Unit,
    dump,
    evidence,
    write_text,
)
from lmu_hls.records.evidence import Evidence
from lmu_hls.records.folder import OutputFolder
from lmu_hls.records.schema import KEY, SCHEMA
from lmu_hls.replace import replacing
from lmu_hls.resources import license_text
from lmu_hls.rtl.manifest import hardware
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network, Softmax, store

if TYPE_CHECKING:
    import keras

TOOLS = ("hls4ml", "keras", "tensorflow", "numpy")


def load_model(path: Path, weights: Path | None = None) -> keras.Model:
    """Read a model from a ``.keras`` or ``.h5`` file, of Keras with our layers or of keras-lmu (whose layers become
    ours); without models inside it. ``weights`` is a ``.weights.h5`` file whose weights it then gets.

    Raises LmuHlsError when a file is absent, damaged, or holds a layer or weights that do not fit.
    """
    import keras

    from lmu_hls.layers import holds_keras_lmu, load_keras_lmu  # this also registers our layers with Keras

    check_keras_file(path)
    limits.check_model_file(path)
    if weights is not None:
        check_weights_file(weights)
        limits.check_weights_file(weights)
    if holds_keras_lmu(path):
        if weights is not None:
            raise LmuHlsError(f"{path} was written by keras-lmu, whose weights lie in it; leave --weights out")
        return flat(load_keras_lmu(path))
    _import_hgq(path)
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the damaged part happens to raise
        raise LmuHlsError(f"{path} cannot be read as a Keras model: {reason_of(error)}") from error
    if weights is not None:
        try:
            model.load_weights(weights)
        except Exception as error:
            raise LmuHlsError(
                f"{weights} does not have the weights of {path}: {reason_of(error)}; give the file that "
                "model.save_weights wrote of this model"
            ) from error
    return flat(model)


def _import_hgq(path: Path) -> None:
    """Keras knows the layers of HGQ2 when it is imported. LmuHlsError where a file has some and it is not there."""
    if '"hgq>' not in configuration_of(path):
        return
    try:
        importlib.import_module("hgq")
    except ImportError as error:
        raise LmuHlsError(
            f"{path} has layers of HGQ2, which is not installed ({error}); pip install 'lmu_hls[hgq]'"
        ) from error


def own_layers(model: keras.Model) -> keras.Model:
    """The flat model, with our layers in place of those of keras-lmu."""
    from lmu_hls.layers import convert_keras_lmu

    model = flat(model)
    foreign = any(is_foreign(getattr(layer, "cell", layer)) for layer in model.layers)
    return convert_keras_lmu(model) if foreign else model


def up_to_logits(model: keras.Model) -> keras.Model:
    """The model without a final softmax or sigmoid: a layer, the activation of the last Dense layer, or a function that
    is called."""
    import keras

    outputs: list[Any] = getattr(model, "outputs", None) or []  # a Sequential that is not built has none
    called = outputs[0]._keras_history.operation if len(outputs) == 1 else model.layers[-1]
    if not isinstance(called, keras.layers.Layer) and type(called).__name__ in ("Softmax", "Sigmoid"):
        return keras.Model(model.inputs, called.input, name=model.name)
    last = model.layers[-1]
    inside = last.layer if isinstance(last, keras.layers.TimeDistributed) else last
    ends = getattr(inside, "activation", None) in (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(inside, keras.layers.Softmax) or (ends and isinstance(inside, keras.layers.Activation)):
        return keras.Model(model.inputs, last.input, name=model.name)
    if not ends:
        return model
    logits = inside.__class__.from_config({**inside.get_config(), "activation": "linear"})
    logits = logits if inside is last else keras.layers.TimeDistributed(logits, name=last.name)
    trimmed = keras.Model(model.inputs, logits(last.input), name=model.name)
    take_weights(logits, last)
    return trimmed


def convert(
    model: keras.Model,
    root: Path,
    *,
    config: Mapping[str, Any] | None = None,
    backend: str = "Vitis",
    io_type: str = "io_parallel",
    precision: str | None = None,
    chosen: Precision | None = None,
    reuse_factor: int | None = None,
    steps: int | None = None,
    name: str | None = None,
    rom: str = "files",
    axi_lite: bool = False,
    values_per_beat: int | str = 1,
    optimized: str = "",
    force: bool = False,
) -> Manifest:
    """Convert a Keras model into the output folder ``root`` and return its manifest.

    ``config`` has hls4ml's keys (``Model``, ``LayerName``, ``LayerType``), with Part and ClockPeriod beside them, and
    goes over the defaults; ``precision`` and ``reuse_factor`` go over both, for the whole model. ``chosen`` says how
    the types of ``config`` were found and is kept beside them, ``optimized`` how the other settings were. ``steps`` are
    the most that a sequence of any length may have, where the model does not say it. ``name``, ``rom``, ``axi_lite``
    and ``values_per_beat`` are those of :class:`lmu_hls.rtl.options.RtlOptions`. Raises LmuHlsError for what cannot be
    converted; the folder is then as it was before.
    """
    given_model = own_layers(model)
    config, model = with_own_types(given_model, config, precision), float_model_of(given_model)
    model = with_lengths(model, steps or asked_steps(config))
    check_model(model)
    backend = known_backend(backend)
    options = RtlOptions.from_words(name=name, rom=rom, axi_lite=axi_lite, values_per_beat=values_per_beat)
    with replacing(root, force) as folder:
        printed = io.StringIO()
        try:
            out, err = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)
            with _warnings_aloud(printed), named_errors(model), out, err:
                settings = full_config(model, config or {}, backend, precision, reuse_factor)
                graph = _hls4ml_model(model, folder, settings, backend, io_type, project_options(config or {}))
                made = _write_parts(given_model, graph, folder, {**project_keys(config or {}), **settings}, options)
        finally:
            folder.log.write_text(printed.getvalue())
        manifest = replace(_manifest(model, graph, made, folder, backend, io_type), optimized=optimized)
        dump(folder.manifest, manifest)
        written = evidence.digests(folder.root)
        given = {"precision": precision, "reuse-factor": reuse_factor, "steps": steps, "name": name, "rom": rom}
        options_given = "".join(
            f" --{key} {shlex.quote(str(value))}" for key, value in given.items() if value is not None
        )
        options_given += " --axi-lite" * axi_lite
        options_given += f" --values-per-beat {values_per_beat}" * (values_per_beat != 1)
        command = f"lmu-hls convert MODEL.keras OUTDIR --backend {backend} --io-type {io_type}{options_given}"
        about = Evidence(evidence.of_topics(("conversion", "project"), written), None, command, manifest.tools)
        dump(folder.conversion, Conversion(about))
        if chosen is not None:
            of = replace(chosen.evidence, files=evidence.of_topics("precision", written), tools=manifest.tools)
            dump(folder.precision, replace(chosen, evidence=of))
    return manifest


@contextlib.contextmanager
def _warnings_aloud(log: io.StringIO) -> Iterator[None]:
    """Our own warnings are given again after what is inside; those of others go into the log."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", LmuHlsWarning)
        yield
    for item in heard:
        if issubclass(item.category, LmuHlsWarning):
            warnings.warn(item.message, item.category, stacklevel=4)
        else:
            log.write(warnings.formatwarning(item.message, item.category, item.filename, item.lineno))


def design_of_model(
    model: keras.Model,
    config: Mapping[str, Any] | None = None,
    precision: str | None = None,
    reuse_factor: int | None = None,
    options: RtlOptions | None = None,
    steps: int | None = None,
) -> Design:
    """The accelerator that :func:`convert` would write, with the same arguments; nothing is written.

    Raises LmuHlsError for what cannot be converted.
    """
    options = options or RtlOptions()
    network, request = network_of_model(model, config, precision, reuse_factor, options.name, steps)
    with named_errors(model):
        return design(network, options, request)


def network_of_model(
    model: keras.Model,
    config: Mapping[str, Any] | None = None,
    precision: str | None = None,
    reuse_factor: int | None = None,
    name: str | None = None,
    steps: int | None = None,
) -> tuple[Network, int]:
    """The contract that :func:`convert` would write, with the same arguments, and the model's ReuseFactor.

    Raises LmuHlsError for what cannot be converted.
    """
    model = own_layers(model)
    config, model = with_own_types(model, config, precision), float_model_of(model)
    model = with_lengths(model, steps or asked_steps(config))
    check_model(model)
    out, err, printed = contextlib.redirect_stdout, contextlib.redirect_stderr, io.StringIO()
    with tempfile.TemporaryDirectory() as place, named_errors(model), out(printed), err(printed):
        settings = full_config(model, config or {}, "Vitis", precision, reuse_factor)
        project = project_options(config or {})
        graph = _hls4ml_model(model, OutputFolder(Path(place)), settings, "Vitis", "io_parallel", project)
        return replace(network_spec(graph), name=name or identifier(model.name)), settings["Model"]["ReuseFactor"]


def softmax_remark(network: Network) -> str:
    """What to say of a softmax that comes out, in which the largest value can have the output of a smaller one.

    Empty without one; of several outputs it is the first one.
    """
    layers = {node.name: node.layer for node in network.nodes}
    for name in network.outputs:
        last = layers.get(name)
        if isinstance(last, Softmax) and not last.keeps_apart(network.values[name].width):
            return (
                f"layer {last.name!r}: with outputs of type {last.out}, classes that are close may tie, and the first "
                "of them is then the class; give 'result' (or 'exp') more bits or leave its Precision 'auto', or use "
                "--logits"
            )
    return ""


def known_backend(name: str) -> str:
    """hls4ml's name of a backend, however it is written. Raises LmuHlsError for one that is not supported."""
    from lmu_hls.hls.targets import TARGETS

    return supported_backend(name, [target.name for target in TARGETS])


@contextlib.contextmanager
def named_errors(model: keras.Model) -> Iterator[None]:
    """Whatever hls4ml raises becomes one LmuHlsError that names the model."""
    try:
        yield
    except (LmuHlsError, OSError):
        raise
    except Exception as error:  # hls4ml raises whatever class is at hand
        raise LmuHlsError(f"hls4ml cannot convert model {model.name!r}: {error}; see --debug for the place") from error


def _hls4ml_model(
    model: keras.Model,
    folder: OutputFolder,
    settings: dict[str, Any],
    backend: str,
    io_type: str,
    project: dict[str, Any],
) -> Graph:
    import hls4ml

    from lmu_hls.hls import accelerator, register

    register()
    if backend == accelerator.NAME and "part" in project:
        project = {**project, "board": accelerator.board_of(str(project["part"]))}
    graph: Graph = hls4ml.converters.convert_from_keras_model(
        model,
        output_dir=str(folder.hls),
        project_name="lmu",
        backend=backend,
        io_type=io_type,
        hls_config=settings,
        allow_da_fallback=False,
        **project,
    )
    return graph


def _write_parts(
    model: keras.Model, graph: Graph, folder: OutputFolder, settings: Mapping[str, Any], options: RtlOptions
) -> Design:
    network = replace(network_spec(graph), name=options.name or identifier(model.name))
    made = design(network, options, settings["Model"]["ReuseFactor"])
    graph.write()
    write_text(folder.hls / "LICENSE", license_text())
    _forget_place(folder.hls)
    store.save(made.network, folder.spec)
    made.write(folder.verilog, **_integration(settings))
    model.save(folder.model)
    folder.config.write_text(yaml.safe_dump({KEY: SCHEMA, **_plain(settings)}, sort_keys=False))
    return made


def _integration(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The clock and AMD's part for the constraints and scripts beside the Verilog, where the settings have them."""
    project = project_options(settings)
    period, part = project.get("clock_period"), str(project.get("part", ""))
    found = {"clock_mhz": 1000.0 / float(period)} if period is not None else {}
    return {**found, "part": part} if part.lower().startswith("xc") else found


def _forget_place(project: Path) -> None:
    """Let hls4ml's own record of the project name its folder as '.', so that the output folder can be moved."""
    path = project / "hls4ml_config.yml"
    text = path.read_text()
    for key, place in (("OutputDir", "."), ("KerasModel", "!keras_model './keras_model.keras'")):
        text = re.sub(rf"^{key}:.*(?:\n[ ].*|\n$)*$", f"{key}: {place}", text, flags=re.MULTILINE)
    path.write_text(text)
    for left in project.parent.glob(f"{project.name}.tar.gz"):
        left.unlink()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _end(network: Network, name: str) -> EndSummary:
    value = network.values[name]
    return EndSummary(name, value.steps, value.width, value.type, network.any_length and value.steps is not None)


def _manifest(
    model: keras.Model, graph: Graph, design: Design, folder: OutputFolder, backend: str, io_type: str
) -> Manifest:
    from lmu_hls.front.tensors import tensor_types
    from lmu_hls.hls.estimate import estimate_graph

    types = {layer.name: tensor_types(layer) for layer in graph.get_layers()}
    layers = tuple(
        LayerSummary(
            layer.name,
            type(layer).__name__,
            tuple(int(n) for n in layer.output.shape[1:]),
            int(layer.count_params()),
            types.get(layer.name, {}),
            remarks(graph).get(layer.name, ""),
        )
        for layer in model.layers
    )
    sources = tuple(str(path.relative_to(folder.root)) for path in design.sources(folder.verilog))
    unit = Unit(design.network.name, design.plan.top, {}, sources, folder.verilog.name)
    tools = {name: version(name) for name in TOOLS}
    return Manifest(
        ModelSummary(model.name, layers),
        backend,
        io_type,
        (unit,),
        tools,
        tuple(_end(design.network, item.name) for item in design.network.inputs),
        tuple(_end(design.network, name) for name in design.network.outputs),
        hardware(design.plan, design.settled),
        estimate_graph(graph),
        design.network.stateful,
    )
