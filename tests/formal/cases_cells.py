"""Dense layers, encoder and hidden cells: the streams inside them meet, and their feedback never stops them."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant

AFFINE = {"COEF_W": 1, "ACC_W": 2, "ACC_F": 0, "HAS_BIAS": 0, "BIAS_W": 1, "BIAS_SHIFT": 0}
GATES = {
    "PRE_W": 1,
    "PRE_F": 0,
    "GATE_FUNCTION": 0,
    "GATE_W": 1,
    "GATE_F": 0,
    "CAND_FUNCTION": 0,
    "CAND_W": 1,
    "CAND_F": 0,
}
SECOND = {
    "X_SHIFT2": 0,
    "MEM_SHIFT2": 0,
    "INNER_SHIFT2": 0,
    "OP_W2": 1,
    "COEF_W2": 1,
    "ACC_W2": 2,
    "ACC_F2": 0,
    "BIAS_W2": 1,
}


def dense(n_in: int, n_out: int, lanes: int, slow: bool = True) -> Case:
    return Case(
        "lmu_dense", {"N_IN": n_in, "N_OUT": n_out, "LANES": lanes, "IN_W": 1, **AFFINE, "OUT_W": 1, "OUT_F": 0}, slow
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
        {**sources(n_x, n_h, n_mem), **AFFINE, "MEMORY_D": memory_d, "LANES": 1, "U_W": 1, "U_F": 0},
        True,
    )


def cell(kind: str, n_x: int, units: int, n_mem: int, recurrent: bool = True, slow: bool = True, **more: int) -> Case:
    sizes = {**sources(n_x, units if recurrent else 0, n_mem), **AFFINE, "UNITS": units, "LANES": 1, "H_F": 0}
    return Case(f"lmu_hidden_{kind}", {**sizes, **more}, slow)


RNN = cell("dense", 1, 1, 1, slow=False, PRE_W=1, PRE_F=0, FUNCTION=0)
LSTM = cell("lstm", 1, 1, 1, **GATES, CELL_W=1, CELL_F=0, SQUASH_FUNCTION=0, SQUASH_W=1, SQUASH_F=0)
GRU = cell("gru", 1, 1, 1, **GATES, INNER_W=1, INNER_F=0)
GRU_BEFORE = cell("gru_before", 1, 1, 1, **GATES, INNER_W=1, INNER_F=0, LANES2=1, **SECOND, BIAS_SHIFT2=0)
DENSE = dense(1, 1, 1, slow=False)
ENCODER = encoder(1, 1, 1)
CASES = (
    DENSE,
    dense(2, 2, 1),
    RNN,
    cell("dense", 0, 1, 2, recurrent=False, PRE_W=1, PRE_F=0, FUNCTION=0),
    cell("dense", 1, 2, 1, PRE_W=1, PRE_F=0, FUNCTION=0),
    ENCODER,
    encoder(2, 0, 0),
    LSTM,
    GRU,
    GRU_BEFORE,
)
OUTPUT = ".m_axis_tready({m_axis_tready, copy_tready})"
DEAF = ".m_axis_tready({1'b1, copy_tready})"  # does not wait for the sink
MUTANTS = (
    Mutant(DENSE, "lmu_dense", ".s_axis_tlast(sum_tlast)", ".s_axis_tlast(1'b1)", ("last_in_place",)),
    Mutant(DENSE, "lmu_dense", ".m_axis_tready(sum_tready)", ".m_axis_tready(1'b1)", ("never_dry", "none_invented")),
    Mutant(RNN, "lmu_hidden_dense", OUTPUT, DEAF, ("valid_holds",)),
    # An h that does not come round stops the cell for ever
    Mutant(
        RNN,
        "lmu_hidden_dense",
        ".s_axis_tvalid(copy_tvalid)",
        ".s_axis_tvalid(copy_tvalid && !m_axis_tlast)",
        ("never_closed",),
        slow=True,
    ),
    Mutant(ENCODER, "lmu_encoder", ".m_axis_tready(operand_tready)", ".m_axis_tready(1'b1)", ("never_dry",)),
    Mutant(LSTM, "lmu_hidden_lstm", OUTPUT, DEAF, ("valid_holds",)),
    Mutant(GRU, "lmu_hidden_gru", OUTPUT, DEAF, ("valid_holds",)),
    Mutant(GRU_BEFORE, "lmu_hidden_gru_before", OUTPUT, DEAF, ("valid_holds",)),
)
