"""What the streams of a Verilog accelerator carry: all that is needed to drive it and to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.fixed import FixedType

MAX_WIDTH = 64  # bits of a value that a simulation passes on


@dataclass(frozen=True, slots=True)
class Values:
    """The integers of one stream: ``width`` bits, at most 64, on a bus of whole bytes unless ``bus`` says otherwise."""

    width: int
    signed: bool = True
    bus: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise ValueError(f"a stream of {self.width} bits; 1 to {MAX_WIDTH} are possible")
        if self.bus == 0:
            object.__setattr__(self, "bus", -(-self.width // 8) * 8)

    @classmethod
    def from_type(cls, fixed_type: FixedType, bus: int = 0) -> Values:
        """The integers of a fixed-point type."""
        return cls(fixed_type.width, fixed_type.signed, bus)

    @property
    def mask(self) -> str:
        """The bits of the bus, as C++ writes them."""
        return f"0x{(1 << self.bus) - 1:X}ULL"


@dataclass(frozen=True, slots=True)
class Probe:
    """A stream inside the accelerator: tensor ``tensor`` of layer ``layer``, ``n`` values a step.

    Its wires in the top module are ``<wires>_tdata``, ``_tvalid`` and ``_tready``. ``order[k]``
    is the place in the tensor of a step's k-th beat (None: the same place). A sequence has ``steps`` steps
    (None: as many as come in).
    """

    layer: str
    tensor: str
    wires: str
    values: Values
    n: int
    steps: int | None = None
    order: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """The streams of the accelerator with the top module ``top``.

    A step has ``n_in`` beats in and ``n_out`` beats out; the output comes for every step, or with ``every_step`` False
    once a sequence. Where ``out_steps`` is not None it has so many steps, however many come in.
    ``tied`` are further inputs of the top and the Verilog constants that they get (outputs: none).
    ``step_cycles`` bounds the cycles that the accelerator may take for a step without passing on a beat.
    """

    top: str
    x: Values
    n_in: int
    out: Values
    n_out: int
    every_step: bool
    step_cycles: int
    probes: tuple[Probe, ...] = ()
    out_steps: int | None = None
    tied: Mapping[str, str] = field(default_factory=dict)
