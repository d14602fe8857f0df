"""The registers of the accelerator: the one list that the tables in the documents and the tests are made from."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType

MAP_VERSION = 2
MAGIC = int.from_bytes(b"LMU\0", "big") + MAP_VERSION


@dataclass(frozen=True, slots=True)
class Register:
    """A word at ``address``; ``access`` is R, W or R/W."""

    name: str
    address: int
    access: str
    contents: str


_ROWS = (
    ("ID", "R", "the letters LMU and, in the low byte, the version of this map: 0x4C4D5502"),
    ("CONTROL", "W", "bit 0: writing 1 restarts the accelerator"),
    ("STATUS", "R/W", "bit 0: a sequence had a framing error; writing 1 clears it and FRAMING. bit 1: busy"),
    ("COUNTERS", "R", "number of CLIPPED registers"),
    ("CYCLES", "R", "cycles since the restart, low word; reading it keeps the high word for CYCLES_HIGH"),
    ("CYCLES_HIGH", "R", "high word of the cycles at the last read of CYCLES"),
    ("SEQUENCES", "R", "sequences that have come out"),
    ("STEP_CYCLES", "R", "cycles between the last two accepted steps; 0 before the second one"),
    ("FRAMING", "R", "sequences with a framing error"),
    ("CONTRACT", "R", "first 32 bits of the SHA-256 of the integer contract (spec.npz): which network this is"),
    ("INPUTS", "R", "values of a step"),
    ("OUTPUTS", "R", "values of the output of a step or sequence"),
    ("STEPS", "R", "steps of a sequence; 0: any number"),
    ("INPUT_TYPE", "R", "bits 7..0 width, 15..8 fraction bits (signed), 16: the type is signed"),
    ("OUTPUT_TYPE", "R", "the same for the output"),
    ("MODE", "R", "bit 0: streaming. bit 1: every step gives an output"),
)
FIXED = tuple(Register(name, 4 * k, access, contents) for k, (name, access, contents) in enumerate(_ROWS))
CLIPPED = Register("CLIPPED[k]", 4 * len(FIXED), "R", "cycles with clipped[k], k = 0 .. COUNTERS-1")
ADDRESS = {register.name: register.address for register in FIXED} | {"CLIPPED": CLIPPED.address}


def type_word(kind: FixedType) -> int:
    """A type as INPUT_TYPE and OUTPUT_TYPE hold it."""
    return kind.width | (kind.fraction & 0xFF) << 8 | int(kind.signed) << 16


def _address(register: Register) -> str:
    return f"0x{register.address:02X}" + ("+4k" if register is CLIPPED else "")


def markdown_table() -> str:
    """The map for a document."""
    rows = [f"| {_address(r)} | {r.name} | {r.access} | {r.contents} |" for r in (*FIXED, CLIPPED)]
    return "\n".join(["| Address | Name | Access | Contents |", "|---|---|---|---|", *rows])


def verilog_table() -> str:
    """The map in the header of lmu_registers.v."""
    rows = [("Address", "Name", "Access", "Contents")]
    rows += [(_address(r), r.name, r.access, r.contents) for r in (*FIXED, CLIPPED)]
    return "\n".join(f"//   {a:<10}{n:<14}{x:<9}{c}" for a, n, x, c in rows)
