"""A Dense layer: ``lmu_dense``."""

from __future__ import annotations

from lmu_hls.records import PartPlan
from lmu_hls.rtl.affine import Source, check_signed_type, make_affine, matrix_stages
from lmu_hls.rtl.cells import Lanes, Parameters, arriving
from lmu_hls.rtl.cycles import ROUND, MatrixBeats, Pace
from lmu_hls.rtl.engines import Engine
from lmu_hls.rtl.matrix import Matrix, pattern_of
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.parallel import ParallelDense
from lmu_hls.rtl.search import Search, matrix_search
from lmu_hls.rtl.stages.base import Part, Stage, matrix_part
from lmu_hls.spec import Dense

PART = "dense"


class DenseStage(Stage[Dense], layer=Dense):
    any_order = True  # the rows of its matrix follow it

    def __init__(self, layer: Dense) -> None:
        super().__init__(layer)
        self.engine: Engine | None = None  # that of the layer before it, if this one has no multipliers of its own

    @property
    def matrix(self) -> Matrix:
        layer = self.layer
        pattern = pattern_of([layer.kernel.values], layer.compression)
        source = Source("x", layer.x, layer.kernel)
        columns, rows = layer.kernel.shape
        more = matrix_stages([source], [layer.bias], shift_operands=False)
        return Matrix(columns, rows, pattern=pattern, more=more)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (matrix_part(PART, self.matrix),)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        if self.engine is None:
            return super().plan(lanes)
        macs = self.matrix.columns * self.matrix.rows
        name = f"{PART}, on the engine of the layer before it"
        return (PartPlan(name, macs, self.engine.lanes, 0, self.engine.behind),)

    @property
    def search(self) -> Search:
        return matrix_search(PART, self.matrix)

    @property
    def parallel(self) -> ParallelDense:
        return ParallelDense(self.layer)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        if self.engine is not None:
            return self.engine.head_pace
        matrix = self.matrix.with_lanes(lanes[PART])
        return Pace(
            matrix.cycles, {PART: (matrix.formula, matrix.cycles)}, lambda beats: MatrixBeats(matrix, ROUND)(beats)
        )

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """The output is in natural order; with the engine of the layer before it, it is what that gives."""
        if self.engine is not None:
            return x
        layer, name = self.layer, self.name
        where = f"layer {name!r}"
        check_signed_type(where, "its output", layer.out)
        source = Source("x", layer.x, arriving(layer.kernel, x.order))
        affine = make_affine(
            where, name, [source], [layer.bias], self.matrix.with_lanes(lanes[PART]), shift_operands=False
        )
        parameters: Parameters = {"N_IN": affine.columns, "N_OUT": affine.rows, "IN_W": layer.x.width}
        parameters |= {"HAS_BIAS": int(affine.bias_rom is not None)} | affine.parameters()
        del parameters["X_SHIFT"], parameters["OP_W"]  # the operand is x itself
        parameters |= typed("OUT", layer.out)
        out = net.stream(f"{name}_out", layer.out, layer.units)
        ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.rom(*affine.roms)
        net.add("lmu_dense", f"{name}_dense", parameters, ports, f"Layer {name}: dense")
        return out
