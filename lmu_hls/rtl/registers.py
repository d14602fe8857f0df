"""The registers of the accelerator: the one list that documents, drivers, SystemRDL and tests are made from."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType

MAP_VERSION = 2
MAGIC = int.from_bytes(b"LMU\0", "big") + MAP_VERSION
WORD_BITS = 32


@dataclass(frozen=True, slots=True)
class Field:
    """The bits ``low`` to ``high`` of a register.

    A ``constant`` says what the accelerator is; any other field is 0 after rst and changes by itself. Writing 1 has the
    effect ``on_write``: "pulse", of which nothing can be read, "clear", or none. ``read_effect``: reading changes
    another register.
    """

    name: str
    contents: str
    low: int = 0
    width: int = WORD_BITS
    constant: bool = False
    on_write: str = ""
    read_effect: bool = False

    @property
    def high(self) -> int:
        return self.low + self.width - 1

    @property
    def mask(self) -> int:
        """The field's bits in the word."""
        return ((1 << self.width) - 1) << self.low

    def value_in(self, word: int) -> int:
        """The field's contents in the register's word, without sign."""
        return (word & self.mask) >> self.low

    @property
    def access(self) -> str:
        """R, R/W, or W for what reads 0."""
        return {"": "R", "pulse": "W"}.get(self.on_write, "R/W")

    @property
    def text(self) -> str:
        """Contents with the place in the word, unless the field is all of it."""
        bits = f"bit {self.low}" if self.width == 1 else f"bits {self.high}..{self.low}"
        return self.contents if self.width == WORD_BITS else f"{bits}: {self.contents}"


@dataclass(frozen=True, slots=True)
class Register:
    """A word of 32 bits at ``address``; bits that are in none of ``fields`` read 0. Every register can be read."""

    name: str
    address: int
    fields: tuple[Field, ...]

    @property
    def access(self) -> str:
        """R or R/W."""
        return "R/W" if any(field.on_write for field in self.fields) else "R"

    @property
    def constant(self) -> bool:
        return all(field.constant for field in self.fields)

    @property
    def contents(self) -> str:
        return ". ".join(field.text for field in self.fields)


# A type, as `type_word` makes it
_TYPE = (
    Field("WIDTH", "width", 0, 8, constant=True),
    Field("FRACTION", "fraction bits, signed", 8, 8, constant=True),
    Field("SIGNED", "the type is signed", 16, 1, constant=True),
)


def _constant(name: str, contents: str) -> tuple[Field, ...]:
    return (Field(name, contents, constant=True),)


_FIELDS = {
    "ID": _constant("ID", f"the letters LMU and, in the low byte, the version of this map: 0x{MAGIC:08X}"),
    "CONTROL": (Field("RESTART", "writing 1 restarts the accelerator; reads 0", 0, 1, on_write="pulse"),),
    "STATUS": (
        Field(
            "FRAMING_ERROR", "a sequence had a framing error; writing 1 clears it and FRAMING", 0, 1, on_write="clear"
        ),
        Field("BUSY", "busy", 1, 1),
    ),
    "COUNTERS": _constant("COUNTERS", "number of CLIPPED registers"),
    "CYCLES": (
        Field(
            "LOW",
            "cycles since the restart, low word; reading it keeps the high word for CYCLES_HIGH",
            read_effect=True,
        ),
    ),
    "CYCLES_HIGH": (Field("HIGH", "high word of the cycles at the last read of CYCLES"),),
    "SEQUENCES": (Field("SEQUENCES", "sequences that have come out"),),
    "STEP_CYCLES": (Field("STEP_CYCLES", "cycles between the last two accepted steps; 0 before the second one"),),
    "FRAMING": (Field("FRAMING", "sequences with a framing error"),),
    "CONTRACT": _constant(
        "CONTRACT", "first 32 bits of the SHA-256 of the integer contract (spec.npz): which network this is"
    ),
    "INPUTS": _constant("INPUTS", "values of a step"),
    "OUTPUTS": _constant("OUTPUTS", "values of the output of a step or sequence"),
    "STEPS": _constant("STEPS", "steps of a sequence; 0: any number"),
    "INPUT_TYPE": _TYPE,
    "OUTPUT_TYPE": _TYPE,
    "MODE": (
        Field("STREAMING", "streaming", 0, 1, constant=True),
        Field("EVERY_STEP", "every step gives an output", 1, 1, constant=True),
    ),
}
FIXED = tuple(Register(name, 4 * k, fields) for k, (name, fields) in enumerate(_FIELDS.items()))
# One for each tensor whose clipped values are counted, one after the other
CLIPPED = Register("CLIPPED", 4 * len(FIXED), (Field("CLIPPED", "cycles with clipped[k], k = 0 .. COUNTERS-1"),))
ADDRESS = {register.name: register.address for register in (*FIXED, CLIPPED)}


def type_word(fixed_type: FixedType) -> int:
    """A type as INPUT_TYPE and OUTPUT_TYPE hold it."""
    return fixed_type.width | (fixed_type.fraction & 0xFF) << 8 | int(fixed_type.signed) << 16


def _rows() -> list[tuple[str, str, str, str]]:
    """Address, name, access and contents of each register."""
    rows = [(f"0x{r.address:02X}", r.name, r.access, r.contents) for r in FIXED]
    return [*rows, (f"0x{CLIPPED.address:02X}+4k", f"{CLIPPED.name}[k]", CLIPPED.access, CLIPPED.contents)]


def markdown_table() -> str:
    """The map for a document."""
    rows = [f"| {' | '.join(row)} |" for row in _rows()]
    return "\n".join(["| Address | Name | Access | Contents |", "|---|---|---|---|", *rows])


def verilog_table() -> str:
    """The map in the header of lmu_registers.v."""
    rows = [("Address", "Name", "Access", "Contents"), *_rows()]
    return "\n".join(f"//   {a:<10}{n:<14}{x:<9}{c}" for a, n, x, c in rows)
