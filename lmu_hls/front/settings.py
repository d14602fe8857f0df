"""Which settings a model with an LMU has, level by level: every one that the user writes arrives, or is refused.

hls4ml reads the keys that it knows and is silent about the others. What a layer knows is read from the attributes that
its class in hls4ml's graph declares, so that the configuration which hls4ml prints is always accepted.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.schema import KEY, check_schema
from lmu_hls.suggest import did_you_mean

if TYPE_CHECKING:
    import keras

TOP = ("Model", "LayerName", "LayerType", "Optimizers", "SkipOptimizers", "Flows")
# What hls4ml reads of the whole model, and the values that mean something in a model with an LMU (None: see _VALUES)
MODEL: Mapping[str, tuple[Any, ...] | None] = {
    "Precision": None,
    "ReuseFactor": None,
    "Strategy": None,
    "BramFactor": None,
    "PipelineStyle": ("auto", "dataflow", "pipeline"),
    "PipelineInterval": None,
    "Steps": None,
    "MaskValue": None,
    "Compression": (False, 0),
    "TraceOutput": (False,),
    "BitExact": (None, False),
    "AllowDAFallback": (True, False),
    "AllowV2Fallback": (True, False),
}
EVERY_LAYER = (
    "Precision",
    "ReuseFactor",
    "Strategy",
    "Compression",
    "Trace",
    "FifoDepth",
)  # read for layers of any class
# Keys of hls4ml's files beside HLSConfig: those that lmu-hls passes on, and what says the others
PROJECT = {"Part": "part", "ClockPeriod": "clock_period", "ClockUncertainty": "clock_uncertainty"}
ELSEWHERE = {
    "HLSConfig": "what is below it",
    "Backend": "the option --backend, or the argument backend",
    "IOType": "the option --io-type, or the argument io_type",
    "OutputDir": "the argument OUTDIR, or output_dir",
    "ProjectName": "the argument project_name",
    "KerasModel": "the argument MODEL.keras, or model",
    "InputData": "the argument input_data_tb",
    "OutputPredictions": "the argument output_data_tb",
    "WriterConfig": "the arguments of convert_from_keras_model",
    "Board": "the key Part",
    **{key: f"the argument {argument}" for key, argument in PROJECT.items()},
}
# Printed by hls4ml and without effect here, by class: only what it prints is accepted
INERT = {
    "Activation": ("TableSize", "Precision: table"),
    "ThresholdedReLU": ("TableSize", "Precision: table", "Precision: param"),
}
SOFTMAX_STRATEGIES = ("latency", "stable")  # what LMUSoftmax does

_MODES = r"(?:AP_)?\w+"
TYPE = re.compile(
    rf"(?:ap_)?u?fixed<\s*\d+\s*,\s*-?\d+\s*(?:,\s*{_MODES}\s*(?:,\s*{_MODES}\s*(?:,\s*\d+\s*)?)?)?>"
    rf"|(?:ap_)?u?int<\s*\d+\s*(?:,\s*{_MODES}\s*(?:,\s*{_MODES}\s*)?)?>"
    r"|ac_(?:fixed|int|float|std_float)<[^<>;]*>|(?:ap_float|std_float)<[^<>;]*>|float|double|half|bfloat16"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What can be set of a layer: its name and class in the configuration, its keys and tensors with their defaults."""

    name: str
    kind: str
    keys: Mapping[str, Any]
    tensors: Mapping[str, Any]


def known_layers(model: keras.Model, backend: Any = None) -> tuple[Known, ...]:
    """The layers of hls4ml's graph of a Keras model, as a configuration for ``backend`` (its name) sees them."""
    import hls4ml

    made = hls4ml.backends.get_backend(backend) if backend is not None else None
    return tuple(_known(layer, made) for layer in hls4ml.converters.parse_keras_v3_model(model)[0])


def _known(layer: Mapping[str, Any], backend: Any) -> Known:
    from hls4ml.model.layers import layer_map

    keys, tensors = _configurable(layer_map[layer["class_name"]], backend)
    return Known(layer["name"], layer["class_name"], keys, tensors)


@functools.cache
def _configurable(cls: type, backend: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The keys and the tensors of a class of hls4ml's layers, with their defaults."""
    from hls4ml.model.attributes import TypeAttribute

    layer: Any = cls if backend is None else backend.create_layer_class(cls)
    keys: dict[str, Any] = dict.fromkeys(EVERY_LAYER)
    tensors: dict[str, Any] = {"default": None}
    for attribute in layer.expected_attributes:
        if isinstance(attribute, TypeAttribute) and attribute.configurable:
            tensors[attribute.name.removesuffix("_t")] = attribute.default
        elif attribute.configurable:
            keys[attribute.config_name] = attribute.default
    return MappingProxyType(keys), MappingProxyType(tensors)


def check_settings(configured: Any, layers: Iterable[Known]) -> None:
    """LmuHlsError for the first setting in hls4ml's configuration ``configured`` that would not arrive, with its place.

    Checked are the keys of every level, the names and classes of layers, the kind of every value, and the spelling of
    types; what a type or a value means for a layer is the layer's own matter.
    """
    layers = tuple(layers)
    for key, value in _mapping(configured, "the configuration").items():
        if key not in TOP:
            raise LmuHlsError(f"the configuration has the unknown key {key!r}; {_elsewhere(key)}")
        if key in ("Optimizers", "SkipOptimizers", "Flows"):
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                raise LmuHlsError(f"{key} is {value!r}; give a list of hls4ml's names")
            continue
        section = _mapping(value, key)
        if key == "Model":
            _check_model(section, layers)
            continue
        known = _by_name(layers) if key == "LayerName" else _by_type(layers)
        for name, own in section.items():
            if name not in known:
                what = "layer" if key == "LayerName" else "layer of the type"
                raise LmuHlsError(f"{key}: the model has no {what} {name!r}; {did_you_mean(name, known)}")
            where = f"{key}: {name!r}"
            _check_layer(_mapping(own, where), known[name], where)


def _by_name(layers: Iterable[Known]) -> dict[str, Known]:
    return {layer.name: layer for layer in layers}


def _by_type(layers: Iterable[Known]) -> dict[str, Known]:
    """The classes of layers; an input has two names, that of Keras and that of hls4ml's graph."""
    found = {layer.kind: layer for layer in layers}
    if "InputLayer" in found:
        found["Input"] = found["InputLayer"]
    return found


def _elsewhere(key: object) -> str:
    if key in ELSEWHERE:
        return f"it is said by {ELSEWHERE[str(key)]}"
    return did_you_mean(key, TOP)


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        what = "empty" if value is None else f"{type(value).__name__} {value!r:.40}"
        raise LmuHlsError(f"{where} is {what}; give keys and values there, or leave it out")
    return value


def _check_model(section: Mapping[Any, Any], layers: Iterable[Known]) -> None:
    for key, value in section.items():
        if key not in MODEL:
            raise LmuHlsError(f"Model has the unknown key {key!r}; {did_you_mean(key, MODEL)}")
        allowed = MODEL[key]
        if allowed is not None and not any(value is one or value == one for one in allowed):
            words = " or ".join(map(str, allowed))
            raise LmuHlsError(f"Model: {key}={value!r} is not possible in a model with an LMU; give {words}")
        if allowed is None and not (key == "PipelineInterval" and value is None):
            _check_value("Model", key, value)
    tensors = {"default", "maximum"}.union(*(layer.tensors for layer in layers))
    precision = section.get("Precision")
    default = precision.get("default") if isinstance(precision, Mapping) else precision
    if isinstance(default, str) and default.lower() == "auto":
        raise LmuHlsError(
            "Model: Precision is 'auto', but the default type must be a type, such as 'fixed<16,6>'; types are chosen "
            "by lmu-hls convert --precision auto --calibration DATA.npz, or by lmu_hls.auto_precision"
        )
    if "Precision" in section:
        _check_precision(precision, tensors, "Model")


def _check_layer(section: Mapping[Any, Any], known: Known, where: str) -> None:
    for key, value in section.items():
        if key not in known.keys:
            raise LmuHlsError(f"{where} has the unknown key {key!r}; {did_you_mean(key, known.keys)}")
        if key == "Precision":
            _check_precision(value, known.tensors, where)
        else:
            _check_value(where, key, value)
    if known.kind == "LMUSoftmax" and str(section.get("Strategy", "Latency")).lower() not in SOFTMAX_STRATEGIES:
        raise LmuHlsError(
            f"{where}: Strategy={section['Strategy']!r} is not possible; a softmax after an LMU has one "
            "form, which is hls4ml's 'Stable'"
        )
    for place in INERT.get(known.kind, ()):
        _check_inert(section, known, where, place)


def _check_inert(section: Mapping[Any, Any], known: Known, where: str, place: str) -> None:
    """A key without effect may only repeat its default."""
    part = place.removeprefix("Precision: ")
    inside = section.get("Precision") if part != place else section
    value = inside.get(part) if isinstance(inside, Mapping) else None
    default = (known.tensors if part != place else known.keys).get(part)
    if value is not None and str(value) not in (str(default), "auto"):
        raise LmuHlsError(f"{where}: {place} has no effect, since the layer has no table; remove it")


def _check_precision(value: Any, tensors: Iterable[str], where: str) -> None:
    """One type for all tensors, or a type by tensor."""
    if not isinstance(value, Mapping):
        _check_type(value, f"{where}: Precision")
        return
    for key, text in value.items():
        if key not in tensors:
            raise LmuHlsError(f"{where}: Precision has the unknown key {key!r}; {did_you_mean(key, tensors)}")
        _check_type(text, f"{where}: Precision: {key!r}")


def _check_type(value: Any, where: str) -> None:
    from hls4ml.model.types import PrecisionType

    if isinstance(value, PrecisionType):
        return
    if isinstance(value, str) and (value.lower() == "auto" or TYPE.fullmatch(value.strip())):
        return
    raise LmuHlsError(f"{where} has the type {value!r}; write for example 'fixed<16,6>' or 'fixed<16,6,RND_CONV,SAT>'")


def _integer(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# Whether a value is of the kind that the key takes, and how that kind is called
_VALUES = {
    "ReuseFactor": (lambda value: _integer(value, 1), "an integer from 1 on"),
    "FifoDepth": (lambda value: _integer(value, 1), "an integer from 1 on"),
    "TableSize": (lambda value: _integer(value, 1), "a power of two"),
    "TableRange": (lambda value: _integer(value, 0), "a power of two, or 0 for the function's own"),
    "TableInterpolation": (lambda value: isinstance(value, str), "'nearest' or 'linear'"),
    "BramFactor": (
        lambda value: isinstance(value, Real) and not isinstance(value, bool) and float(value) >= 0,
        "a number",
    ),
    "Steps": (lambda value: _integer(value, 1), "the most steps that a sequence may have"),
    "MaskValue": (_number, "the number of keras.layers.Masking"),
    "PipelineInterval": (lambda value: _integer(value, 1), "an integer from 1 on"),
    "Strategy": (lambda value: isinstance(value, str), "a word, such as 'Latency'"),
    "MemoryUpdate": (lambda value: isinstance(value, str), "'dense', 'tridiagonal' or 'auto'"),
    "MemoryUpdateRtl": (lambda value: isinstance(value, bool), "True or False"),
    "Trace": (lambda value: isinstance(value, bool), "True or False"),
    "Compression": (lambda value: isinstance(value, bool) or value in (0, 1), "True or False"),
}


def _check_value(where: str, key: str, value: Any) -> None:
    fits, words = _VALUES.get(key, (lambda value: value is not None, "a value"))
    if key == "Precision" or fits(value):
        return
    quotes = "; numbers are written without quotes" if isinstance(value, str) and value.strip().isdigit() else ""
    raise LmuHlsError(f"{where}: {key}={value!r} is not possible; give {words}{quotes}")


def project_keys(configured: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a settings file that are no part of hls4ml's configuration."""
    return {key: configured[key] for key in PROJECT if key in configured}


def project_options(configured: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of hls4ml's conversion that a settings file gives beside its configuration: part and clock.

    Raises LmuHlsError for values that cannot be.
    """
    options = {PROJECT[key]: value for key, value in project_keys(configured).items()}
    if not re.fullmatch(r"[\w.-]+", str(options.get("part", "x"))):
        raise LmuHlsError(f"Part is {options['part']!r}; give the name of a device, such as xcvu13p-flga2577-2-e")
    period = options.get("clock_period", 1)
    if not _number(period) or not 0 < float(period) < 1e6:
        raise LmuHlsError(f"ClockPeriod is {period!r}; give a number of nanoseconds")
    if not re.fullmatch(r"\d+(\.\d+)?%?", str(options.get("clock_uncertainty", "1"))):
        raise LmuHlsError(f"ClockUncertainty is {options['clock_uncertainty']!r}; give nanoseconds, or '12.5%'")
    return options


def hls_config(configured: Any) -> Mapping[str, Any]:
    """hls4ml's configuration in a settings file: what is below HLSConfig, or all but the project's own keys.

    Raises LmuHlsError for one of another schema.
    """
    configured = dict(_mapping(configured, "the configuration"))
    if KEY in configured:  # a config.yml of convert
        check_schema(configured.pop(KEY), "the configuration")
    if "HLSConfig" not in configured:
        return {key: value for key, value in configured.items() if key not in PROJECT}
    for key in configured:
        if key not in ("HLSConfig", *PROJECT):
            raise LmuHlsError(
                f"beside HLSConfig the configuration has the key {key!r}; "
                + (_elsewhere(key) if key in ELSEWHERE else did_you_mean(key, ("HLSConfig", *PROJECT)))
            )
    return _mapping(configured["HLSConfig"], "HLSConfig")
