"""What is proven: modules with the parameters of their proofs, and faults that a proof must find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration of a module. `slow` ones take more than some seconds."""

    top: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    slow: bool = False
    cycles: int = 60  # depth of the search for its cover statements

    def __str__(self) -> str:
        return "-".join([self.top, *(f"{name}{value}" for name, value in self.parameters.items() if "_F" not in name)])


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: `old` becomes `new` in the file of `module`; in `case`, the properties `caught_by` must fail."""

    case: Case
    module: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}-{self.caught_by[0]}"


# Small types: what is proven is control, and data only as far as it is held, moved and marked
DENSE_TYPES = {"U_W": 2, "U_F": 1, "MEM_W": 2, "MEM_F": 1, "A_W": 2, "A_F": 1, "B_W": 2, "B_F": 1}


def dense(order: int, memory_d: int, lanes: int, slow: bool = False) -> Case:
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "LANES": lanes}
    return Case("lmu_memory_dense", {**sizes, **DENSE_TYPES}, slow)


TRIDIAG_TYPES = {
    f"{name}_{part}": size
    for name in ("U", "MEM", "SWEEP", "LAM", "GAM", "KAP", "BET")
    for part, size in (("W", 2), ("F", 1))
}


def tridiag(order: int, memory_d: int, pipeline: int, slow: bool = False) -> Case:
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "PIPELINE": pipeline}
    return Case("lmu_memory_tridiag", {**sizes, **TRIDIAG_TYPES}, slow)


CASES = (
    dense(1, 1, 1),
    dense(2, 1, 1),
    dense(3, 1, 3, slow=True),
    dense(2, 2, 1, slow=True),
    dense(2, 3, 2, slow=True),
    dense(4, 2, 2, slow=True),
    dense(4, 1, 1, slow=True),
    tridiag(1, 1, 1),
    tridiag(2, 1, 1),
    tridiag(1, 2, 2, slow=True),
    tridiag(2, 2, 1, slow=True),
    tridiag(2, 2, 2, slow=True),
    tridiag(2, 3, 3, slow=True),
    tridiag(3, 1, 1, slow=True),
    tridiag(3, 2, 2, slow=True),
)

MUTANTS = (
    Mutant(
        dense(1, 1, 1),
        "lmu_memory_dense",
        "localparam WAIT = SLACK < 3 ? 3 - SLACK : 0;",
        "localparam WAIT = SLACK < 3 ? 2 - SLACK : 0;",
        ("read_in_time",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "wire run = !(m_valid_q && beat_due_q);",
        "wire run = 1'b1;",
        ("payload_holds",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "last1_q <= last_group && last_q;",
        "last1_q <= last_q;",
        ("last_in_place",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "if (channel_end) slot_q <= next_slot;",
        "if (step_end) slot_q <= next_slot + {{(RAM_AW - 1) {1'b0}}, last_q};",
        ("read_what_was_written",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "            beat_due_q <= done3_q;",
        "            beat_due_q <= done2_q;",
        ("latency_exact",),
    ),
    Mutant(
        tridiag(2, 1, 1),
        "lmu_memory_tridiag",
        "assign run = !(m_valid_q && !m_axis_tready && valid_q[MEM_STAGE] && backward_q[MEM_STAGE]);",
        "assign run = 1'b1;",
        ("payload_holds",),
    ),
    Mutant(
        tridiag(3, 1, 1),
        "lmu_memory_tridiag",
        "localparam FREE = MEM_STAGE > MEMORY_D ? MEMORY_D : MEM_STAGE;",
        "localparam FREE = MEM_STAGE;",
        ("u_of_this_step",),
    ),
    Mutant(
        tridiag(3, 2, 1, slow=True),
        "lmu_memory_tridiag",
        "(back_q && bottom && load_q != channel_q)",
        "(back_q && bottom)",
        ("u_of_this_step",),
    ),
    Mutant(
        tridiag(1, 1, 1),
        "lmu_memory_tridiag",
        "wait_q <= MEM_STAGE[2:0];",
        "wait_q <= MEM_STAGE[2:0] - 3'd1;",
        ("mem_of_step_before", "ii_exact"),
    ),
    Mutant(
        tridiag(2, 1, 1), "lmu_memory_tridiag", "turn_q <= top && MEMORY_D == 1;", "turn_q <= 1'b0;", ("latency_exact",)
    ),
    Mutant(
        tridiag(2, 1, 1),
        "lmu_memory_tridiag",
        "m_last_q <= last && bottom_q[MEM_STAGE];",
        "m_last_q <= last;",
        ("last_in_place",),
    ),
    Mutant(
        tridiag(2, 2, 1, slow=True),
        "lmu_memory_tridiag",
        "wire [RAM_AW-1:0] jump = turns ? AGAIN",
        "wire [RAM_AW-1:0] jump = !turns ? AGAIN",
        ("address",),
    ),
)
