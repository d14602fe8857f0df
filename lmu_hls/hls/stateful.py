"""Networks whose state stays from call to call: in the C++ by static arrays, in Python by chunks of one sequence."""

from __future__ import annotations

import ctypes
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.node import RECURRENT, Graph, Node
from lmu_hls.hls.strategy import in_rtl

SWITCH = "lmu_state_of_call"  # of nnet_lmu.h, with these values
SEPARATE, GOES_ON, BEGINS = 0, 1, 2
_BEGUN: weakref.WeakSet[Any] = weakref.WeakSet()  # models of whose sequence a chunk has come
_SEPARATE = f"""
// Samples are sequences of their own; lmu_hls.stream() sets this for the chunks of one sequence
extern "C" int {SWITCH};
static const int samples_are_separate = {SWITCH} = {SEPARATE};
"""


def stateful_layers(model: Graph) -> list[Node]:
    return [node for node in model.get_layers() if node.class_name in RECURRENT and node.get_attr("stateful")]


def start_calls_from_zero(model: Graph) -> None:
    """Let the Python bridge of a written project start every call from zero, as hls4ml's ``predict`` expects."""
    if not stateful_layers(model):
        return
    bridge = Path(model.config.get_output_dir(), f"{model.config.get_project_name()}_bridge.cpp")
    text = bridge.read_text(encoding="utf-8")
    bridge.write_text(text + _SEPARATE, encoding="utf-8")


def check_stateful(model: Graph) -> None:
    """LmuHlsError for what cannot keep its state."""
    for node in stateful_layers(model):
        if in_rtl(node):
            raise LmuHlsError(
                f"layer {node.name!r}: MemoryUpdateRtl starts every call from zero, and stateful=True keeps the state; "
                "leave one of them out"
            )


def stream(model: Any, chunks: NDArray[Any]) -> NDArray[Any]:
    """``model.predict`` of a stateful model for the next chunks of one sequence: the state goes on from call to call.

    ``model`` is compiled for a backend with C++; ``chunks`` are (N, steps, n_in), or (steps, n_in) for one, one after
    the other. A predict in between has no part in it. The first starts from zero, as does what follows
    :func:`reset_states`. Raises LmuHlsError where the model is not stateful or not compiled.
    """
    switch = _switch(model)
    whole = chunks[np.newaxis] if chunks.ndim == 2 else chunks
    outputs = []
    for chunk in whole:
        switch.value = GOES_ON if model in _BEGUN else BEGINS
        try:
            outputs.append(np.asarray(model.predict(np.ascontiguousarray(chunk[np.newaxis]))))
        finally:
            switch.value = SEPARATE
        _BEGUN.add(model)
    return outputs[0] if chunks.ndim == 2 else np.stack(outputs)


def reset_states(model: Any) -> None:
    """The next chunk of :func:`stream` starts from zero."""
    _switch(model)
    _BEGUN.discard(model)


def _switch(model: Any) -> ctypes.c_int:
    if not stateful_layers(model):
        raise LmuHlsError("the model is not stateful; build its LMU layers with stateful=True")
    library = getattr(model, "_top_function_lib", None)
    if library is None:
        raise LmuHlsError(
            "the model has no compiled C++; call its compile() first, or give the Verilog all chunks at once with "
            "lmu_hls.backend.verify"
        )
    return ctypes.c_int.in_dll(library, SWITCH)
