"""What software needs to drive a project with registers: a C header and driver, SystemRDL, and a class for PYNQ.

All of it is made from :mod:`lmu_hls.rtl.registers` and from what the accelerator is, by the templates of ``software/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from lmu_hls.fixed import FixedType
from lmu_hls.records.folder import SOFTWARE
from lmu_hls.rendering import render
from lmu_hls.rtl import registers
from lmu_hls.rtl.ends import End
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.spec import ArgMax

# The modes of ap_fixed as expressions of NumPy: whether floor + 1 is the rounded value of scaled = floor + rest, and
# what becomes of the rounded integer q where the type holds low to high.
_ROUNDINGS = {
    "TRN": "0",
    "TRN_ZERO": "(scaled < 0) & (rest > 0)",
    "RND": "rest >= 0.5",
    "RND_ZERO": "(rest > 0.5) | ((rest == 0.5) & (scaled < 0))",
    "RND_INF": "(rest > 0.5) | ((rest == 0.5) & (scaled >= 0))",
    "RND_MIN_INF": "rest > 0.5",
    "RND_CONV": "(rest > 0.5) | ((rest == 0.5) & (floor % 2 == 1))",
}
_OVERFLOWS = {
    "WRAP": "integers_of(q, INPUT_WIDTH, INPUT_SIGNED)",
    "SAT": "np.clip(q, low, high)",
    "SAT_ZERO": "np.where((q < low) | (q > high), 0, q)",
    "SAT_SYM": "np.clip(q, -high if INPUT_SIGNED else low, high)",
}


@dataclass(frozen=True, slots=True)
class Beats:
    """The values of a stream, and the integer of C and NumPy that holds one in memory.

    ``prefix`` begins the names in C; the stream is one of ``several`` or the only one of its direction.
    """

    end: End
    prefix: str
    several: bool

    @property
    def name(self) -> str:
        """Begins the names of its functions in C."""
        return f"{self.prefix}_{self.end.register_prefix.lower()}" if self.several else self.prefix

    @property
    def beat_type(self) -> str:
        """The type of a value in C."""
        if self.several:
            return f"{self.name}_t"
        return f"{self.prefix}_{'input' if self.end.comes_in else 'output'}"

    @property
    def macro(self) -> str:
        """Begins the names of its registers in C."""
        return f"{self.prefix}_{self.end.register_prefix}".upper()

    @property
    def call(self) -> str:
        """Its name as a parameter in C and Python."""
        return self.end.register_prefix.lower()

    @property
    def words(self) -> int:
        """Of 32 bits, of a beat."""
        return -(-self.bus // registers.WORD_BITS)

    @property
    def type(self) -> FixedType:
        return self.end.type

    @property
    def bus(self) -> int:
        """Bits of the stream."""
        return self.end.bus

    @property
    def count(self) -> int:
        """Values of a step."""
        return self.end.count

    @property
    def slots(self) -> int:
        """Integers of a step: those beyond its values are zeros."""
        return self.end.beats * self.end.together

    @property
    def bits(self) -> int:
        """8, 16, 32 or 64."""
        return max(8, 1 << (self.end.slot - 1).bit_length())

    @property
    def beat(self) -> str:
        """What a beat of the stream has."""
        return "one value" if self.end.together == 1 else f"{self.end.together} values"

    @property
    def integer(self) -> str:
        return f"{'' if self.type.signed else 'u'}int{self.bits}"


def prefix(plan: NetworkPlan) -> str:
    """Begins the names of the files and of all that C sees."""
    return f"lmu_{plan.name}"


def all_registers(plan: NetworkPlan) -> tuple[registers.Register, ...]:
    """The registers of the accelerator but CLIPPED: the fixed ones, then those of each stream."""
    streams = (
        registers.of_stream(end.register_prefix, number, end.comes_in)
        for number, end in enumerate((*plan.inputs, *plan.outputs))
    )
    return tuple(chain(registers.FIXED, *streams))


def constants(plan: NetworkPlan) -> dict[str, int]:
    """What the registers of constant contents hold."""
    streams = {
        f"{end.register_prefix}_{name}": value
        for end in (*plan.inputs, *plan.outputs)
        for name, value in end.contents(plan.steps).items()
    }
    return plan.identity | {"COUNTERS": len(plan.net.clips)} | streams


def software_files(plan: NetworkPlan) -> dict[str, str]:
    """The files for ``plan``, which must have registers: path below the project's folder -> text."""
    name = prefix(plan)
    facts = {
        "plan": plan,
        "name": name,
        "macro": name.upper(),
        "map": registers,
        "registers": all_registers(plan),
        "constants": constants(plan),
        "gives_class": isinstance(plan.network.layers[-1], ArgMax),
        "counters": [f"{clip.layer}.{clip.tensor}" for clip in plan.net.clips],
        "inputs": [Beats(end, name, plan.several) for end in plan.inputs],
        "outputs": [Beats(end, name, plan.several) for end in plan.outputs],
        "roundings": _ROUNDINGS,
        "overflows": _OVERFLOWS,
    }
    templates = {
        f"{name}.h": "driver.h",
        f"{name}.c": "driver.c",
        f"{name}.rdl": "registers.rdl",
        "pynq_driver.py": "pynq_driver.py",
    }
    return {
        f"{SOFTWARE}/{file}": render("rtl", f"software/{template}", **facts) for file, template in templates.items()
    }
