"""Dense layers, encoder and hidden cells: the streams inside them meet, and their feedback never stops them."""

from __future__ import annotations

from dataclasses import replace

from tests.formal.cases import Case, Mutant
from tests.support.hdl.packed import word

CELLS = ("dense", "lstm", "gru", "gru before")  # by the parameter CELL of hidden_cell.v
AFFINE = {"COEF_W": 1, "ACC_W": 2, "ACC_F": 0, "HAS_BIAS": 0, "BIAS_W": 1, "BIAS_SHIFT": 0}


def dense(n_in: int, n_out: int, lanes: int, slow: bool = True) -> Case:
    return Case(
        "lmu_dense", {"N_IN": n_in, "N_OUT": n_out, "LANES": lanes, "IN_W": 1, **AFFINE, "OUT_TYPE": word(1, 0)}, slow
    )


def sources(n_x: int, n_h: int, n_mem: int) -> dict[str, int]:
    sizes = {"N_X": n_x, "N_H": n_h, "N_MEM": n_mem}
    return {
        **sizes,
        **{f"{name}_{part}": int(part == "W") for name in ("X", "H", "MEM") for part in ("W", "SHIFT")},
        "OP_W": 1,
    }


def encoder(n_x: int, n_mem: int, n_h: int, memory_d: int = 1) -> Case:
    return Case(
        "lmu_encoder",
        {**sources(n_x, n_h, n_mem), **AFFINE, "MEMORY_D": memory_d, "LANES": 1, "U_TYPE": word(1, 0)},
        True,
    )


def cell(kind: str, n_x: int, units: int, n_mem: int, recurrent: bool = True, slow: bool = True) -> Case:
    """lmu_recurrent with a cell: hidden_cell.v, in this folder."""
    sizes = {"N_X": n_x, "N_H": units if recurrent else 0, "N_MEM": n_mem, "UNITS": units, "LANES": 1}
    return Case("hidden_cell", {"CELL": CELLS.index(kind), **sizes}, slow)


def frame(n_x: int, units: int, n_mem: int, gates: int = 1, recurrent: bool = True) -> Case:
    """lmu_recurrent without a cell."""
    affine = {name: size for name, size in AFFINE.items() if name != "ACC_F"}
    sizes = {**sources(n_x, units if recurrent else 0, n_mem), **affine, "UNITS": units, "GATES": gates, "LANES": 1}
    return Case("lmu_recurrent", sizes)


RNN, LSTM, GRU = cell("dense", 1, 1, 1, slow=False), cell("lstm", 1, 1, 1), cell("gru", 1, 1, 1)
GRU_BEFORE, NO_X = cell("gru before", 1, 1, 1), cell("gru before", 0, 1, 1, slow=False)
FRAME = frame(1, 1, 1)
DENSE = dense(1, 1, 1, slow=False)  # its faults; with many steps inside at once its proof takes long
ENCODER = encoder(1, 1, 1)
CASES = (
    replace(dense(1, 1, 1), limit_s=1800),
    dense(2, 1, 1),
    replace(dense(2, 2, 1), limit_s=1800),
    RNN,
    replace(cell("dense", 0, 1, 2, recurrent=False), limit_s=1800),
    cell("dense", 1, 2, 1),
    replace(ENCODER, limit_s=1800),
    encoder(2, 0, 0),
    LSTM,
    GRU,
    NO_X,
    GRU_BEFORE,
    FRAME,
    frame(0, 1, 2, recurrent=False),
)
OUTPUT = ".m_axis_tready({m_axis_tready, copy_tready})"
DEAF = ".m_axis_tready({1'b1, copy_tready})"  # does not wait for the sink
INNER_LAST = ".c_axis_tlast(inner_tlast)"
MUTANTS = (
    Mutant(DENSE, "lmu_dense", ".m_axis_tready(sum_tready)", ".m_axis_tready(1'b1)", ("never_dry", "none_invented")),
    Mutant(DENSE, "lmu_dense", ".s_axis_tlast(sum_tlast)", ".s_axis_tlast(1'b1)", ("last_in_place",)),
    Mutant(RNN, "lmu_recurrent", OUTPUT, DEAF, ("valid_holds",)),
    Mutant(FRAME, "lmu_recurrent", OUTPUT, DEAF, ("none_lost",)),
    Mutant(RNN, "lmu_recurrent", "h_axis_tlast, h_axis_tdata}", "1'b1, h_axis_tdata}", ("last_in_place",)),
    # An h that does not come round stops the cell for ever
    Mutant(
        RNN,
        "lmu_recurrent",
        ".s_axis_tvalid(copy_tvalid)",
        ".s_axis_tvalid(copy_tvalid && !m_axis_tlast)",
        ("never_closed",),
        slow=True,
    ),
    # An inner that does not reach the second matrix stops it, too
    Mutant(
        NO_X,
        "hidden_cell",
        ".c_axis_tvalid(inner_tvalid)",
        ".c_axis_tvalid(inner_tvalid && !inner_tlast)",
        ("sum2_in_time", "f_alive.never_closed"),
        cycles=40,
    ),
    Mutant(ENCODER, "lmu_encoder", ".m_axis_tready(operand_tready)", ".m_axis_tready(1'b1)", ("never_dry",)),
    Mutant(LSTM, "lmu_recurrent", OUTPUT, DEAF, ("valid_holds",), cycles=40),
    Mutant(GRU, "lmu_recurrent", OUTPUT, DEAF, ("valid_holds",), cycles=40),
    Mutant(GRU_BEFORE, "lmu_recurrent", OUTPUT, DEAF, ("valid_holds",), cycles=40),
    Mutant(GRU_BEFORE, "hidden_cell", INNER_LAST, ".c_axis_tlast(1'b0)", ("last_in_place",), cycles=40),
)
