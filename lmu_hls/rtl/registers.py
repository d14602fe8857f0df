"""The registers of the accelerator: the one list that documents, drivers, SystemRDL and tests are made from."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType

MAP_VERSION = 3
MAGIC = int.from_bytes(b"LMU\0", "big") + MAP_VERSION
WORD_BITS = 32


@dataclass(frozen=True, slots=True)
class Field:
    """The bits ``low`` to ``high`` of a register.

    A ``constant`` says what the accelerator is; any other field is 0 after rst and changes by itself. Writing has the
    effect ``on_write``: of a 1 "pulse" or "clear", "set" keeps what is written, "beat" is part of a beat; of "pulse"
    and "beat" nothing can be read. ``read_effect``: reading changes something.
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
        return {"": "R", "pulse": "W", "beat": "W"}.get(self.on_write, "R/W")

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
    "CONTROL": (
        Field("RESTART", "writing 1 restarts the accelerator; reads 0", 0, 1, on_write="pulse"),
        Field(
            "MAPPED",
            "taken at a restart: beats go through DATA",
            1,
            1,
            on_write="set",
        ),
    ),
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
    "INPUTS": _constant("INPUTS", "values of a step, of all inputs"),
    "OUTPUTS": _constant("OUTPUTS", "values of the output of a step or sequence, of all outputs"),
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

# Each stream has STREAM_BYTES from STREAMS_AT on: the inputs, then the outputs, in their order in the network
STREAMS_AT, STREAM_BYTES = 0x800, 32
_ABOUT_STREAM = {
    "VALUES": (12, _constant("VALUES", "values of a step, or of a sequence where LENGTH is 1")),
    "TYPE": (16, _TYPE),
    "LENGTH": (20, _constant("LENGTH", "steps of a sequence; 0: any number")),
    "BEAT": (
        24,
        (
            Field("BITS", "bits of a beat", 0, 16, constant=True),
            Field("TOGETHER", "values of a beat", 16, 16, constant=True),
        ),
    ),
}
_INPUT = {
    "DATA": (0, (Field("DATA", "a word of the next beat, the low one first; READY or SLVERR", on_write="beat"),)),
    "LAST": (4, (Field("LAST", "as DATA, of the last beat of a sequence", on_write="beat"),)),
    "STATE": (8, (Field("READY", "a word can be written", 0, 1),)),
    **_ABOUT_STREAM,
}
_OUTPUT = {
    "DATA": (
        0,
        (Field("DATA", "a word of a beat, the low one first, which is taken; READY or SLVERR", read_effect=True),),
    ),
    "STATE": (
        8,
        (
            Field("READY", "a word can be read", 0, 1),
            Field("LAST", "of the last beat", 1, 1),
            Field("ERROR", "with a framing error", 2, 1),
        ),
    ),
    **_ABOUT_STREAM,
}


def of_stream(name: str, number: int, comes_in: bool) -> tuple[Register, ...]:
    """The registers of the stream with this number among all streams; their names begin with ``name``."""
    at = STREAMS_AT + STREAM_BYTES * number
    entries = (_INPUT if comes_in else _OUTPUT).items()
    return tuple(Register(f"{name}_{register}", at + offset, fields) for register, (offset, fields) in entries)


def type_word(fixed_type: FixedType) -> int:
    """A type as INPUT_TYPE, OUTPUT_TYPE and TYPE of a stream hold it."""
    return fixed_type.width | (fixed_type.fraction & 0xFF) << 8 | int(fixed_type.signed) << 16


def _rows() -> list[tuple[str, str, str, str]]:
    """Address, name, access and contents of each register."""
    rows = [(f"0x{r.address:02X}", r.name, r.access, r.contents) for r in FIXED]
    rows.append((f"0x{CLIPPED.address:02X}+4k", f"{CLIPPED.name}[k]", CLIPPED.access, CLIPPED.contents))
    known = {register.name.removeprefix("s_"): register for register in of_stream("s", 0, True)}
    out = {register.name.removeprefix("s_"): register for register in of_stream("s", 0, False)}
    for name, register in known.items():
        which = [("input: ", register)] if name not in out or out[name] != register else [("", register)]
        which += [("output: ", out[name])] if name in out and out[name] != register else []
        rows += [(f"0x{r.address:X}+32s", f"{name}[s]", r.access, f"{kind}{r.contents}") for kind, r in which]
    return rows


def markdown_table() -> str:
    """The map for a document."""
    rows = [f"| {' | '.join(row)} |" for row in _rows()]
    return "\n".join(["| Address | Name | Access | Contents |", "|---|---|---|---|", *rows])


def verilog_table() -> str:
    """The map in the header of lmu_registers.v."""
    rows = [("Address", "Name", "Access", "Contents"), *_rows()]
    return "\n".join(f"//   {a:<10}{n:<14}{x:<9}{c}" for a, n, x, c in rows)
