"""Instances that layers with whole vectors for beats are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.cells import Lanes, Parameters, cell_sizes, hidden_cell
from lmu_hls.rtl.cells.instances import absent, link, link_ports
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.parallel.cycles import whole_form
from lmu_hls.spec import RecurrentLayer


@dataclass(frozen=True, slots=True)
class Operand:
    """What a matrix reads: the stream of ``tensor``, of this step or, as ``feedback``, of the one before."""

    tensor: str
    stream: Stream
    feedback: bool = False


def add_cell(
    net: Netlist,
    layer: RecurrentLayer,
    x: Sequence[Stream],
    mem: Stream,
    own: Stream | None,
    h: Stream,
    flag: str,
    lanes: Lanes,
    streaming: bool,
) -> Stream:
    """A hidden cell behind ``mem``, or x in its place; ``own`` is its h of the step before."""
    name = layer.name
    cell, sizes = hidden_cell(layer, name, lanes, x[0].order if x else None, mem.order), cell_sizes(layer)
    assert sizes is not None
    whole, (rows,) = whole_form(sizes), sizes.form.rows
    net.rom(*cell.roms)
    operands = [Operand("x", stream) for stream in x]
    operands += [Operand("h", own, feedback=True)] if own is not None else []
    operands.append(Operand("mem", mem))
    about = f"Layer {name}: {', '.join(item.tensor for item in operands)} -> h"
    sums = add_sums(net, f"{name}_hidden", about, operands, rows * layer.units, cell.frame, streaming)
    parameters = {whole.count: layer.units, **cell.parameters}
    parameters |= {"STREAMING": int(streaming)} if cell.keeps_state else {}
    _add_functions(net, f"{name}_hidden", sums, whole.module, parameters, h, flag)
    return h


def add_sums(
    net: Netlist,
    name: str,
    about: str,
    operands: Sequence[Operand],
    rows: int,
    parameters: Mapping[str, int | str],
    streaming: bool,
) -> dict[str, str]:
    """The operands side by side, and their sums: wires. ``parameters`` as of a module around ``lmu_affine``."""
    join: Parameters = {}
    ports: dict[str, str] = {}
    for k, letter in enumerate("ABC"):
        item = operands[k] if k < len(operands) else None
        port = f"{letter.lower()}_axis"
        ports |= item.stream.ports(port) if item else absent(net, f"{name}_{letter.lower()}", port)
        join |= {f"N_{letter}": item.stream.count if item else 0, f"{letter}_W": item.stream.type.width if item else 1}
        join |= {f"{letter}_SHIFT": parameters[f"{item.tensor.upper()}_SHIFT"] if item else 0}
        join |= {f"{letter}_FEEDBACK": int(item.feedback) if item else 0}
    columns = sum(item.stream.count for item in operands)
    joined = link(net, f"{name}_operands", columns * int(parameters["OP_W"]))
    join |= {"OUT_W": parameters["OP_W"], "STREAMING": int(streaming)}
    net.add("lmu_join", f"{name}_join", join, ports | link_ports("m_axis", joined), about)
    sums = link(net, f"{name}_sums", rows * int(parameters["ACC_W"]))
    kept = ("OP_W", "COEF_W", "ACC_W", "HAS_BIAS", "BIAS_W", "BIAS_SHIFT", "ROM_FILE", "BIAS_FILE")
    sizes: Parameters = {"N_IN": columns, "N_OUT": rows, "COLUMNS": parameters["LANES"]}
    sizes |= {key: parameters[key] for key in kept}
    net.add("lmu_matvec", f"{name}_matvec", sizes, link_ports("s_axis", joined) | link_ports("m_axis", sums))
    return sums


def assigned(width: int, fraction: int, to: FixedType) -> Parameters:
    """Parameters of a function that is the assignment alone."""
    return {"IN_W": width, "IN_F": fraction, **typed("PRE", to), "FUNCTION": 0, **typed("OUT", to)}


def add_functions(
    net: Netlist, name: str, values: Mapping[str, str], count: int, parameters: Mapping[str, int | str], out: Stream,
    flag: str,
) -> None:  # fmt: skip
    """The function of each of ``count`` values."""
    _add_functions(net, name, values, "lmu_activations", {"N": count, **parameters}, out, flag)


def _add_functions(
    net: Netlist, name: str, values: Mapping[str, str], module: str, parameters: Mapping[str, int | str], out: Stream,
    flag: str,
) -> None:  # fmt: skip
    ports = link_ports("s_axis", values) | out.ports("m_axis") | {"m_axis_tuser": flag}
    net.add(module, f"{name}_functions", parameters, ports)
