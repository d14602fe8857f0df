"""Checks before hls4ml reads a Keras model that holds an LMU, for all who call hls4ml's own functions.

hls4ml asks its handlers layer by layer and has no place to look at the whole model or at the user's configuration, of
which it drops what it does not know. hls4ml imports this package while its own module ``converters`` is being
executed, so that its functions do not exist yet: the class of that module gets properties of their names, and these
win over what the module defines.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hls4ml.backends.backend import get_available_backends, get_backend

from lmu_hls.front.backends import supported_backend
from lmu_hls.front.config import full_config
from lmu_hls.front.flat import flat
from lmu_hls.front.keras_model import check_model, holds_lmu
from lmu_hls.front.lengths import (
    add_count,
    asked_steps,
    check_backend,
    check_mask_value,
    check_test_data,
    length_keys,
    lengths_of,
    marked,
    with_lengths,
)
from lmu_hls.front.operators import with_layers
from lmu_hls.front.own_types import float_model_of, has_own_types, with_own_types
from lmu_hls.front.settings import check_settings, known_layers
from lmu_hls.imports import when_imported

if TYPE_CHECKING:
    import keras

MODULE = "hls4ml.converters"
VERILOG = "Verilog"  # the backend that is ours
CONFIG = "config_from_keras_model"  # of the modules that have it
CONFIG_MODULES = ("hls4ml.utils", "hls4ml.utils.config")
PARSER, PARSE = f"{MODULE}.keras_v3_to_hls", "parse_keras_v3_model"


def check_before_reading() -> None:
    """Put the checks in front of hls4ml's functions; once."""
    module = sys.modules[MODULE]
    if not isinstance(module, _Converters):
        module.__class__ = _Converters
    for name in CONFIG_MODULES:
        when_imported(name, _check_configuration)
    when_imported(PARSER, _parse_once)


def our_backends() -> list[str]:
    """The names of hls4ml's backends that have an implementation of the LMU."""
    backends = map(get_backend, get_available_backends())
    return [str(backend.name) for backend in backends if getattr(backend, "supports_lmu", False)]


def _check_configuration(module: ModuleType) -> None:
    """The function that makes a configuration says of a backend what the conversion would say."""
    original = getattr(module, CONFIG)
    if hasattr(original, "__wrapped__"):
        return
    signature = inspect.signature(original)

    @functools.wraps(original)
    def checked(*args: Any, **kwargs: Any) -> Any:
        steps = kwargs.pop("steps", None)
        bound = signature.bind(*args, **kwargs)
        model, backend = bound.arguments["model"], bound.arguments.get("backend")
        if backend is not None and holds_lmu(model):
            supported_backend(backend, our_backends())
        bound.arguments["model"] = flat_model = _flat(float_model_of(model), steps, backend)
        made = with_own_types(model, original(*bound.args, **bound.kwargs), defaults=True)
        made["Model"].update(length_keys(flat_model))
        return made

    setattr(module, CONFIG, checked)


def _flat(model: keras.Model, steps: int | None = None, backend: Any = None) -> keras.Model:
    """The model without models inside it, of sequences with at most ``steps`` steps, where it holds an LMU.

    A recurrent layer of Keras is such a one for the Verilog, and else without an LMU beside it hls4ml's own.
    """
    changed = flat(model) if holds_lmu(model) or str(backend).lower() == VERILOG.lower() else model
    return with_lengths(changed, steps) if holds_lmu(changed) else model


# In a conversion: what the checks have parsed, with its model, until hls4ml asks for it.
_PARSED: ContextVar[list[tuple[Any, Any]] | None] = ContextVar("parsed", default=None)


@contextmanager
def _one_parse() -> Iterator[None]:
    """Within this, the parse that the checks make of a model is the one that hls4ml converts."""
    token = _PARSED.set([])
    try:
        yield
    finally:
        _PARSED.reset(token)


def _parse_once(module: ModuleType) -> None:
    """hls4ml's parser hands a parse out a second time, and then forgets it: who converts changes what it holds."""
    original = getattr(module, PARSE)
    if hasattr(original, "__wrapped__"):
        return

    def read(model: Any, *fallbacks: bool) -> Any:
        lengths = lengths_of(model)
        return original(model, *fallbacks) if lengths is None else add_count(original(model, *fallbacks), lengths)

    @functools.wraps(original)
    def parse(model: Any, allow_da_fallback: bool = True, allow_v2_fallback: bool = True) -> Any:
        parsed = _PARSED.get()
        if parsed is None or not (allow_da_fallback and allow_v2_fallback):
            return read(model, allow_da_fallback, allow_v2_fallback)
        if parsed and parsed[0][0] is model:
            return parsed.pop()[1]
        result = read(model)
        parsed[:] = [(model, result)]
        return result

    setattr(module, PARSE, parse)


def _readable(model: keras.Model) -> keras.Model:
    """The model with layers for its operators, where it holds an LMU."""
    return marked(with_layers(model), lengths_of(model)) if holds_lmu(model) else model


_INNER: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # the function inside each of the functions below


def _first(name: str, check: Callable[..., None]) -> property:
    """The property of a function ``name`` of the module that calls ``check`` with the same arguments first.

    The function then gets the flat model with layers for its operators.
    """

    def get(module: ModuleType) -> Any:
        original = module.__dict__[name]
        signature = inspect.signature(original)

        @functools.wraps(original)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.arguments.update(_parted(bound.arguments))
            with _one_parse() if check is _check_all else nullcontext():
                steps = asked_steps(bound.arguments.get("hls_config"))
                bound.arguments["model"] = _flat(bound.arguments["model"], steps, bound.arguments.get("backend"))
                check(**bound.arguments)
                bound.arguments["model"] = _readable(bound.arguments["model"])
                return original(*bound.args, **bound.kwargs)

        _INNER[checked] = original
        return checked

    return property(get, _setter(name))


def _setter(name: str) -> Callable[[ModuleType, Any], None]:
    """Others may replace the functions, too, and put back what they have found, which is not to be checked twice."""

    def put(module: ModuleType, value: Any) -> None:
        module.__dict__[name] = _INNER.get(value, value)

    return put


def _parted(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that change for a model with its own types: its float model, and a configuration with them."""
    model = arguments.get("model")
    if not has_own_types(model):
        return {}
    config = full_config(model, arguments.get("hls_config") or {}, str(arguments.get("backend", "Vivado")))
    return {"model": float_model_of(model), "hls_config": config}


def _check_model(model: keras.Model, **others: Any) -> None:
    if holds_lmu(model):
        check_model(model)


def _check_all(
    model: keras.Model, backend: Any = "Vivado", hls_config: Any = None, bit_exact: bool | None = None, **others: Any
) -> None:
    """Model and configuration; ``backend`` and the others have hls4ml's defaults."""
    if not holds_lmu(model):
        return
    check_model(model)
    name = supported_backend(backend, our_backends())
    check_mask_value(model, hls_config)
    if lengths_of(model) is not None:
        check_backend(name)
        if others.get("input_data_tb") and name != VERILOG:
            values = sum(end.shape[1] * end.shape[2] for end in model.inputs)
            check_test_data(others["input_data_tb"], values)
    layers = known_layers(model, name)
    check_settings({} if hls_config is None else hls_config, layers)
    check_settings({"Model": {"BitExact": bit_exact}}, layers)


def _checked_from_config(module: ModuleType) -> Any:
    """hls4ml's conversion by a file, or by what such a file holds."""
    original = module.__dict__["convert_from_config"]

    @functools.wraps(original)
    def checked(config: Any) -> Any:
        read = module.__dict__["parse_yaml_config"](config) if isinstance(config, str) else config
        model = _flat(read.get("KerasModel"), asked_steps(read.get("HLSConfig")), read.get("Backend"))
        _check_all(model, read.get("Backend", "Vivado"), read.get("HLSConfig"))
        return original({**read, "KerasModel": _readable(model)})

    _INNER[checked] = original
    return checked


class _Converters(ModuleType):
    """hls4ml's module of converters."""

    convert_from_keras_model = _first("convert_from_keras_model", _check_all)
    parse_keras_v3_model = _first("parse_keras_v3_model", _check_model)
    convert_from_config = property(_checked_from_config, _setter("convert_from_config"))
