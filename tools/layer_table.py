"""What converts, and by what it is checked: docs/layers.md, made from the registries: `python tools/layer_table.py`."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls.activations import FUNCTIONS, PASSING, Function
from lmu_hls.front.graph.layers import LayerReader, readers
from lmu_hls.front.recurrent import CELLS
from lmu_hls.golden.softmax import EQUATIONS
from lmu_hls.resources import hdl_modules
from lmu_hls.rtl.cells import instances
from lmu_hls.rtl.copies import without_formal
from lmu_hls.rtl.stages import stages
from lmu_hls.spec import HIDDEN_CELLS, LMU, Recurrent, VectorFunction
from lmu_hls.spec.layers import LAYERS, Layer

FOLDERS = {LMU: ("memory", "cell"), Recurrent: ("cell",)}  # of hdl/
PAGE = Path(__file__).parents[1] / "docs" / "layers.md"
BEGINNING = """# Layers and activations

Written by `tools/layer_table.py` from what golden, the C++ and the Verilog have registered: change those, not
this file. *golden*, *csim*, *Verilator* and *Icarus* give the same integers; *proof* names the Verilog modules
of the layer whose promises are proven under `ifdef FORMAL`. A dash: not there, and the conversion says so, as it
does of settings of a layer that the Verilog does not have.

"""


def page_text() -> str:
    """The page."""
    return BEGINNING + "\n".join([*_layer_table(), "", "## Activations", "", *_activation_table(), ""])


def keras_layers(kind: type[Layer]) -> list[str]:
    """The classes of keras.layers, and ours, that become a layer of the contract, those that hand on left out."""
    own = [reader for reader in readers() if contract(reader) is kind and not reader.beside]
    return [name for reader in own for name in reader.keras if name not in PASSING] or [kind.__name__]


def contract(reader: LayerReader) -> Any:
    """The class of the contract that a reader makes, of sequences of one length."""
    kind = typing.get_type_hints(type(reader).extract)["return"]
    return (typing.get_args(kind) or (kind,))[0]


def has_golden(kind: type[Layer]) -> bool:
    return not issubclass(kind, VectorFunction) or kind in EQUATIONS


def modules(kind: type[Layer]) -> tuple[str, ...]:
    """The modules of Verilog of a layer's stage: those that it names, or a function that it calls, and what is in them.

    One with a cell has those of cells, too.
    """
    stage = stages().get(kind)
    if stage is None:
        return ()
    source = inspect.getmodule(stage)
    assert source is not None
    folders, paths = FOLDERS.get(kind, ()), hdl_modules()
    text = inspect.getsource(source) + (inspect.getsource(instances) if folders else "")
    called = [item for item in vars(source).values() if inspect.isfunction(item) and item.__name__.startswith("add_")]
    text += "".join(f" {inspect.getmodule(function).__dict__.get('MODULE', '')}" for function in called)
    named = {name for name, path in paths.items() if path.parent.name in folders} | _modules_in(text)
    inside = named
    while inside:
        inside = {part for name in inside for part in _modules_in(paths[name].read_text(encoding="utf-8"))} - named
        named |= inside
    return tuple(name for name in paths if name in named)


def _modules_in(text: str) -> set[str]:
    """The modules that a text names, but for comments of Verilog and what is only there for proofs."""
    code = re.sub(r"//.*", "", without_formal(text))
    return set(re.findall(r"\blmu_\w+", code)) & set(hdl_modules())


def proven(names: Iterable[str]) -> list[str]:
    """Those with properties of their own, or with those of ``hdl/formal``; a ROM has no property there."""
    texts = {name: hdl_modules()[name].read_text(encoding="utf-8") for name in names}
    sections = {name: text.partition("`ifdef FORMAL")[2] for name, text in texts.items()}
    return [name for name, section in sections.items() if re.search(r"\bassert\b|\bf_\w+ #\(", section)]


def _row(layers: str, kinds: Sequence[type[Layer]], read: bool) -> str:
    """The row of what becomes layers of these ``kinds``."""
    names = [name for kind in kinds for name in modules(kind)]
    golden, verilog = _word(all(map(has_golden, kinds))), _word(all(map(modules, kinds)))
    contracts = " and ".join(f"`{kind.__name__}`" for kind in kinds)
    proof = _code(proven(dict.fromkeys(names))) or "-"
    return f"| {' | '.join((layers, contracts, golden, _word(read), verilog, verilog, proof))} |"


def _layer_table() -> Iterator[str]:
    yield "| Layers of Keras | Contract | golden | csim | Verilator | Icarus | proof |"
    yield "|---|---|---|---|---|---|---|"
    ours = (kind for kind in LAYERS.values() if kind.__module__.startswith("lmu_hls."))
    for kind in sorted(ours, key=lambda kind: kind.__name__):
        read = any(contract(reader) is kind for reader in readers())
        own = [name for reader in readers() for name, of_any in reader.any_length.items() if of_any is kind]
        layers = f"{_code(own)} of any length" if own else "an option of the Verilog"
        yield _row(_code(keras_layers(kind)) if read else layers, (kind,), read or bool(own))
    for reader in readers():
        if reader.beside:
            yield _row(_code(reader.keras), (*reader.beside, contract(reader)), True)
    yield ""
    around = sorted({name for reader in readers() for name in reader.pointwise} - set(PASSING))
    yield f"Layers that leave no trace: {_code(PASSING)};"
    yield f"and `TimeDistributed` around one of these, or around {_code(around)}."
    yield ""
    kinds = {contract(reader) for reader in readers()} & {
        k for k in LAYERS.values() if "window" in k.__dataclass_fields__
    }
    windows = [name for kind in kinds for name in keras_layers(kind)]
    yield "Sequences of any length (`Input((None, features))`, `Masking` behind the input) go through all of these but"
    yield f"{_code(sorted(windows))} and convolutions,"
    yield "of which the last step, `GlobalMaxPooling1D` and `GlobalAveragePooling1D` (without `keepdims`) and causal"
    yield "convolutions without strides are taken; without `Masking` also other convolutions,"
    yield "`MaxPooling1D`, `AveragePooling1D`, `ZeroPadding1D`, `Cropping1D`, slices from both ends, `go_backwards` and"
    yield "`Bidirectional`; in the Verilog not `AveragePooling1D` whose windows reach over the ends."
    yield ""
    yield f"`RNN` around {_code((*CELLS.values(), 'LMUCell'))} is a layer of that cell; around several, one for each."
    yield "`Bidirectional` and `go_backwards` are recurrent layers, and layers that reverse the steps."


def _activation_table() -> Iterator[str]:
    cells = sorted({name for cell in HIDDEN_CELLS.values() for name in cell.keras})
    yield f"As a layer, as the activation of a Dense layer, and in the hidden cells {_code(cells)}."
    composed = _code(function.name for function in FUNCTIONS.values() if function.composed)
    yield "A layer as the activation of a layer is one behind it; in a hidden cell `Activation`, `ELU`, `LeakyReLU` and"
    yield "`ReLU` (of 6 at most, or without limit) are functions like these. Others, such as softmax, convert in a"
    yield "`Dense` hidden cell whose output is not fed back: they become a layer behind the LMU, and so do"
    yield f"{composed}, which need no table there."
    yield ""
    yield "| Activation | Values | How | Beyond the default table |"
    yield "|---|---|---|---|"
    for function in FUNCTIONS.values():
        ends = "all of x's type" if function.whole else f"[-{function.reach}, {function.reach})"
        form = "interpolated table" if function.whole else "table"
        table = f"{'max(x, 0) + ' * function.adds_relu}{form} over {ends}"
        how = table if function.by_table else "exact"
        columns = (f"`{function.name}`", f"{function.low:g} to {function.high:g}", how, _beyond(function))
        yield f"| {' | '.join(columns)} |"


def _beyond(function: Function) -> str:
    """What a function still changes where its default table has ended."""
    if function.reach is None or function.whole:
        return "-"
    ends = function.tabulated(np.array([-1000.0, -function.reach, function.reach, 1000.0]))
    return f"{np.abs(ends[[1, 2]] - ends[[0, 3]]).max():.2g}"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _word(there: bool) -> str:
    return "yes" if there else "-"


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
