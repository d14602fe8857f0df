"""What a hidden cell tells the rest in Verilog: its form, its cycles, and the module with its parameters and ROMs.

A file in this folder has one subclass of :class:`CellBuilder` for one cell of the contract; nothing else names it. The
module is a cell beside ``lmu_recurrent``, which has the matrix; a second matrix stands beside both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Affine, Rom, Source, check_bound, check_signed_type, make_affine, matrix_stages
from lmu_hls.rtl.cycles import QUEUE, Beats
from lmu_hls.rtl.functions import function_parameters
from lmu_hls.rtl.matrix import BUFFER, Columns, Matrix, Pattern, WholeMatrix, pattern_of
from lmu_hls.rtl.netlist import Order
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import Activation, HiddenCell, RecurrentLayer, Weight

Parameters = dict[str, int | str]
Lanes = Mapping[str, int]  # part -> lanes
HIDDEN, HIDDEN2 = "hidden", "hidden2"  # the parts of a cell: its matrices

C = TypeVar("C", bound=HiddenCell)

_BUILDERS: dict[type[HiddenCell], type[CellBuilder[Any]]] = {}


@dataclass(frozen=True, slots=True)
class WholeForm:
    """What makes the whole vector h of all sums at once: the ``module`` and the parameter that is the ``count`` of its
    units, cycles from the sums to h, and the multipliers of a unit beside the matrix."""

    module: str
    after: int
    products: int
    count: str = "UNITS"


@dataclass(frozen=True, slots=True)
class CellForm:
    """What the module of a kind of hidden cell has: ``rows`` of each unit in its matrices, and cycles.

    ``after`` are those from a unit's last sum to its h or, with a second matrix, from the last sum of all to the last
    operand of the second. ``products`` are the multipliers beside the matrices; so many quarters of the matrices are
    not there to fill them. The cycles here are those of one matrix in ``lmu_recurrent``, which takes a step after it
    has given the one before. ``whole`` is its form for whole vectors, where there is one.
    """

    rows: tuple[int, ...]
    after: int
    products: int
    useful_quarters: int = 4
    whole: WholeForm | None = None

    @property
    def parts(self) -> int:
        """Rows of a unit that are zero in columns of their own."""
        return self.rows[0] if self.useful_quarters < 4 else 1

    def recurrence(self, cell: CellSizes, lanes: Lanes) -> tuple[str, int]:
        """Formula and cycles from a step's h to the next one's, of a recurrent cell."""
        before = cell.n_x + cell.n_h
        return "N_MEM + max(latency + 2, N_X + N_H)", cell.n_mem + max(cell.latency(lanes) + QUEUE, before)

    def after_sums(self, cell: CellSizes, lanes: Lanes) -> int:
        """From the last sum of a unit to its h; with a second matrix, or where sums are put in order, from the last sum
        of all to the last h."""
        return self.after + cell.matrix(HIDDEN, lanes).behind

    def outputs(self, cell: CellSizes, lanes: Lanes, sums: Beats) -> Beats:
        """When the h of a step leave, whose ``sums`` leave the first matrix so."""
        (rows,) = self.rows
        together = cell.matrix(HIDDEN, lanes).together
        if together > 1:  # all come out behind the last one
            size = rows * together
            ends = [sums[end - 1] + BUFFER for end in range(size, len(sums) + 1, size)]
            sums = [end + k for end in ends for k in range(1, size + 1)]
        return [sums[rows * (unit + 1) - 1] + self.after for unit in range(cell.units)]


@dataclass(frozen=True, slots=True)
class CellSizes:
    """A hidden cell: its form and the values that it reads."""

    form: CellForm
    units: int
    n_x: int
    n_h: int
    n_mem: int
    patterns: tuple[Pattern | None, ...] = ()  # of the matrices, where they have zeros
    more: tuple[int, ...] = ()  # stages of the products of each matrix beside one

    @property
    def recurrent(self) -> bool:
        return self.n_h > 0

    @property
    def columns(self) -> int:
        """Of each of the matrices."""
        return self.n_x + self.n_h + self.n_mem

    @property
    def matrices(self) -> dict[str, Matrix]:
        rows = self.form.rows
        patterns, more = self.patterns or (None,) * len(rows), self.more or (0,) * len(rows)
        each = zip((HIDDEN, HIDDEN2), rows, patterns, more, strict=False)
        return {
            name: Matrix(self.columns, count * self.units, pattern=pattern, more=stages)
            for name, count, pattern, stages in each
        }

    def matrix(self, name: str, lanes: Lanes) -> Matrix:
        return self.matrices[name].with_lanes(lanes[name])

    def whole_matrix(self, lanes: Lanes) -> WholeMatrix:
        """The matrix where streams carry whole vectors."""
        (matrix,) = self.matrices.values()
        return matrix.whole(lanes[HIDDEN])

    def latency(self, lanes: Lanes) -> int:
        """From a step's last mem to its last h."""
        matrix = self.matrix(HIDDEN, lanes)
        return matrix.latency(matrix.rows - 1) + self.form.after_sums(self, lanes)


@lru_cache(maxsize=16)  # every part of a plan asks for them
def cell_sizes(layer: RecurrentLayer) -> CellSizes | None:
    """Those of the hidden cell of a layer; None without one."""
    cell = layer.hidden
    if cell is None:
        return None
    mem, x, _ = layer.operands
    builder = _BUILDERS[type(cell)](cell, layer.h)
    sources = builder.sources(Inputs(layer, "", "", None, None))
    return CellSizes(
        form=builder.form,
        units=cell.units,
        n_x=x.width if cell.kernel_x is not None else 0,
        n_h=cell.units if cell.recurrent else 0,
        n_mem=mem.width,
        patterns=tuple(
            pattern_of([each.kernel.values for each in part], layer.compression, builder.form.parts) for part in sources
        ),
        more=tuple(matrix_stages(*part) for part in zip(sources, builder.biases(), strict=True)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class SecondMatrix:
    """A matrix that takes x, mem and values that the cell gives, and whose sums go back to it.

    Parameters of its ``lmu_concat`` and ``lmu_affine``, and bits of what the cell gives, of the operands and the sums.
    """

    concat: Mapping[str, int | str]
    affine: Mapping[str, int | str]
    inner_width: int
    operand_width: int
    sum_width: int


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A module for a hidden cell, and the parameters of the ``lmu_recurrent`` beside it.

    ``sum_width`` are the bits of the sums that go from one to the other; ``order`` of so many at a time, where they are
    put in order on their way: the place of each that comes. A cell that ``keeps_state`` beside h has to
    know whether the state runs for ever. ``in_turn`` are parameters of the module that its :class:`WholeForm` lacks.
    """

    frame: Mapping[str, int | str]
    module: str
    parameters: Mapping[str, int | str]
    roms: tuple[Rom, ...]
    sum_width: int
    keeps_state: bool
    second: SecondMatrix | None = None
    order: Order | None = None
    in_turn: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SharedCell:
    """A cell that ``lmu_engine`` takes: h = activation(pre), pre = the kernels times their values plus the bias."""

    kernel_mem: Weight
    kernel_x: Weight | None
    kernel_h: Weight | None
    bias: Weight | None
    pre: FixedType
    activation: Activation


@dataclass(frozen=True, slots=True, eq=False)
class GateRows:
    """Rows of one kind of a gated cell, gate after gate: kernels of x, mem and h, or of inner in the place of h."""

    kernel_x: Weight | None
    kernel_h: Weight | None
    kernel_mem: Weight | None
    biases: tuple[Weight, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GatedCell:
    """A cell that ``lmu_engine_gated`` takes: the ``kind`` of its program, its rows and types.

    ``cell`` is the type of an LSTM's cell or of a GRU's inner; ``inner`` are the rows of that, where it has some.
    """

    kind: str
    gates: GateRows
    candidates: GateRows
    inner: GateRows | None
    pre: FixedType
    gate: FixedType
    candidate: FixedType
    cell: FixedType
    squashed: FixedType | None
    gate_activation: Activation
    activation: Activation
    cell_activation: Activation | None


class CellBuilder(ABC, Generic[C]):
    """A cell of the contract in Verilog."""

    def __init_subclass__(cls, cell: type[HiddenCell]) -> None:
        _BUILDERS[cell] = cls

    def __init__(self, cell: C, h: FixedType) -> None:
        """``h``: the type of what it gives."""
        self.cell, self.h = cell, h

    @property
    @abstractmethod
    def form(self) -> CellForm: ...

    @abstractmethod
    def sources(self, inputs: Inputs) -> tuple[list[Source], ...]:
        """What each matrix reads, in its order, and the rows for it."""

    @abstractmethod
    def biases(self) -> tuple[list[Weight | None], ...]:
        """The biases of each matrix, with its rows."""

    @abstractmethod
    def build(self, inputs: Inputs, lanes: Lanes) -> Cell:
        """The module with its parameters and ROMs. Raises LmuHlsError for what it cannot take."""

    @property
    def shared(self) -> SharedCell | None:
        """What the multipliers of the whole layer would do; None for a cell that is more than one sum a unit."""
        return None

    @property
    def gated(self) -> GatedCell | None:
        """The same of a cell with gates."""
        return None


def shared_cell(layer: RecurrentLayer) -> SharedCell | None:
    """The cell of a layer that is one sum a unit."""
    cell = layer.hidden
    return _BUILDERS[type(cell)](cell, layer.h).shared if cell is not None else None


def gated_cell(layer: RecurrentLayer) -> GatedCell | None:
    """The cell of a layer that has gates."""
    cell = layer.hidden
    return _BUILDERS[type(cell)](cell, layer.h).gated if cell is not None else None


def hidden_cell(layer: RecurrentLayer, file: str, lanes: Lanes, x_order: Order | None, mem_order: Order | None) -> Cell:
    """The cell of a layer that has one; ``lanes`` by part. ROM files are rom/<file>_*.hex.

    The orders are those in which the values of x and mem arrive. Raises LmuHlsError for what the modules cannot take.
    """
    cell = layer.hidden
    assert cell is not None
    where = f"layer {layer.name!r}: hidden cell"
    check_signed_type(where, "h", layer.h)
    return _BUILDERS[type(cell)](cell, layer.h).build(Inputs(layer, where, file, x_order, mem_order), lanes)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What reaches a cell, and in which order."""

    layer: RecurrentLayer
    where: str
    file: str
    x_order: Order | None
    mem_order: Order | None

    def sizes(self, cell: HiddenCell) -> Parameters:
        """Sizes and widths that all cells have."""
        mem, x, h = self.layer.operands
        with_x = cell.kernel_x is not None
        return {
            "N_X": x.width if with_x else 0,
            "N_H": cell.units if cell.kernel_h is not None else 0,
            "N_MEM": mem.width,
            "UNITS": cell.units,
            "X_W": x.type.width if with_x else 1,
            "H_W": h.type.width,
            "MEM_W": mem.type.width,
        }

    def frame(self, cell: HiddenCell, gates: int, affine: Affine) -> Parameters:
        """Parameters of ``lmu_recurrent``."""
        parameters = self.sizes(cell) | {"GATES": gates} | with_bias(affine)
        del parameters["ACC_F"]  # the cell's
        return parameters

    def affine(self, part: str, sources: Sequence[Source], biases: Sequence[Weight | None], lanes: Lanes) -> Affine:
        """The matrix of a part, in the ROM that has its name."""
        sizes = cell_sizes(self.layer)
        assert sizes is not None
        matrix = sizes.matrices[part]
        whole = isinstance(lanes, Columns)
        chosen = matrix.whole(lanes[part]) if whole else matrix.with_lanes(lanes[part])
        return make_affine(self.where, f"{self.file}_{part}", sources, biases, chosen)

    def x(self, kernel: Weight | None) -> list[Source]:
        return [] if kernel is None else [Source("x", self.layer.x, arriving(kernel, self.x_order))]

    def mem(self, kernel: Weight) -> list[Source]:
        return [Source("mem", self.layer.operands[0].type, arriving(kernel, self.mem_order))]

    def h(self, kernel: Weight | None) -> list[Source]:
        return [] if kernel is None else [Source("h", self.layer.h, kernel)]

    def function(self, activation: Activation, to: FixedType, name: str) -> tuple[Parameters, tuple[Rom, ...]]:
        """Parameters with the prefix ``name``, and the type of the result."""
        parameters, roms = function_parameters(
            self.where, activation, to, f"{self.file}_{name}", f"{name.upper()}_", f"{name.upper()}_FILE"
        )
        return parameters | typed(name.upper(), to), roms

    def h_parameters(self) -> Parameters:
        return {**typed("H", self.layer.h)}


def arriving(kernel: Weight, order: Order | None) -> Weight:
    """The rows of ``kernel`` in the order in which the values arrive."""
    return kernel if order is None else Weight(kernel.values[list(order)], kernel.type)


def sums_parameters(affine: Affine) -> Parameters:
    """What a cell knows of the sums that it takes."""
    return {"IN_W": affine.acc_width, "IN_F": affine.acc_fraction}


def with_bias(affine: Affine) -> Parameters:
    return {"HAS_BIAS": int(affine.bias_rom is not None), **affine.parameters()}


def gates_of(weight: Weight, units: int, rows: Sequence[int | None]) -> Weight:
    """For each unit in turn its gates ``rows``, where None is a row of zeros. Keras has all of a gate together."""
    by_gate = weight.values.reshape(*weight.shape[:-1], -1, units)
    zeros = np.zeros_like(by_gate[..., 0, :])
    chosen = [zeros if row is None else by_gate[..., row, :] for row in rows]
    return Weight(np.stack(chosen, axis=-1).reshape(*weight.shape[:-1], -1), weight.type)


def rows_of(weight: Weight | None, units: int, *gates: int) -> Weight | None:
    """The ``gates`` of Keras's kernel, or bias, one after another."""
    if weight is None:
        return None
    values = [weight.values[..., gate * units : (gate + 1) * units] for gate in gates]
    return Weight(np.concatenate(values, axis=-1), weight.type)


def check_sum(where: str, pairs: Sequence[tuple[FixedType, FixedType]]) -> None:
    """LmuHlsError when the exact sum of products of pairs of values can leave the contract."""
    fraction = max(a.fraction + b.fraction for a, b in pairs)
    check_bound(where, sum((a.max_abs * b.max_abs) << (fraction - a.fraction - b.fraction) for a, b in pairs))
