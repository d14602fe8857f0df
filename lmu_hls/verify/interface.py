"""What the streams of a Verilog accelerator carry: all that is needed to drive it and to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.spec import Network
from lmu_hls.spec.lengths import given_steps

MAX_WIDTH = 64  # bits of a value that a simulation passes on


@dataclass(frozen=True, slots=True)
class Values:
    """The integers of one stream: ``width`` bits, at most 64, in whole bytes of the bus unless ``bus`` says otherwise.

    A beat has ``together`` of them, in ``bus`` bits each, the first one in the low bits.
    """

    width: int
    signed: bool = True
    bus: int = 0
    together: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise ValueError(f"a stream of {self.width} bits; 1 to {MAX_WIDTH} are possible")
        if self.bus == 0:
            object.__setattr__(self, "bus", -(-self.width // 8) * 8)

    @classmethod
    def from_type(cls, fixed_type: FixedType, bus: int = 0, together: int = 1) -> Values:
        """The integers of a fixed-point type."""
        return cls(fixed_type.width, fixed_type.signed, bus, together)

    def beats(self, values: int) -> int:
        """Beats of a step of so many values; those of the last one beyond them mean nothing."""
        return -(-values // self.together)

    @property
    def mask(self) -> str:
        """The bits of the bus, as C++ writes them."""
        return f"0x{(1 << self.bus) - 1:X}ULL"


@dataclass(frozen=True, slots=True)
class Probe:
    """A stream inside the accelerator: tensor ``tensor`` of layer ``layer``, ``n`` values a step.

    Its wires in the top module are ``<wires>_tdata``, ``_tvalid`` and ``_tready``. ``order[k]``
    is the place in the tensor of a step's k-th value (None: the same place). A sequence has ``steps`` steps
    (None: as many as come in), of any length those of ``counts`` as for :func:`lmu_hls.spec.lengths.given_steps`.
    """

    layer: str
    tensor: str
    wires: str
    values: Values
    n: int
    steps: int | None = None
    order: tuple[int, ...] | None = None
    counts: tuple[int, ...] | None = None

    def given_steps(self, arriving: int) -> int:
        """Steps of a sequence of which so many come in."""
        return given_steps(arriving, self.steps, self.counts)


def end_key(kind: str, name: str, ends: int) -> tuple[str, str]:
    """What the values of an input ("x") or an output ("output") are called beside those of layers, (layer, tensor).

    Of several ``ends`` with its ``name``.
    """
    return "", kind if ends == 1 else f"{kind} {name}"


def counted_steps(network: Network, lengths: Ints | None) -> dict[tuple[str, str], Ints] | None:
    """How many steps of the outputs and of what the Verilog shows inside count, by (layer, tensor), of sequences of
    which the first ``lengths`` (N,) do; None: all."""
    if lengths is None:
        return None
    given = network.steps_of(lengths)
    ends = {end_key("output", name, len(network.outputs)): given[name] for name in network.outputs}
    return ends | {key: given[network.node(key[0]).inputs[0]] for key in network.observed}


@dataclass(frozen=True, slots=True)
class Port:
    """A stream of the accelerator: ``name`` of the network's input or output, wires ``<wires>_tdata``, ``_tvalid``, ...

    A step has ``n`` values. Of an output it comes for every step, or with ``every_step`` False once a sequence; where
    ``steps`` is not None it has so many steps, however many come in; of any length those of ``counts``, as for
    :func:`lmu_hls.spec.lengths.given_steps`.
    """

    name: str
    wires: str
    values: Values
    n: int
    every_step: bool = True
    steps: int | None = None
    counts: tuple[int, ...] | None = None

    @property
    def beats(self) -> int:
        """Of a step."""
        return self.values.beats(self.n)

    def given_steps(self, arriving: int) -> int:
        """Steps that come out for a sequence of which so many come in."""
        return given_steps(arriving, self.steps, self.counts) if self.every_step else 1


@dataclass(frozen=True, slots=True)
class Interface:
    """The streams of the accelerator with the top module ``top``.

    The inputs have the same number of steps; each has its own number of values a step.
    ``tied`` are further inputs of the top and the Verilog constants that they get (outputs: none).
    ``step_cycles`` bounds the cycles that the accelerator may take for a step without passing on a beat.
    """

    top: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    step_cycles: int
    probes: tuple[Probe, ...] = ()
    tied: Mapping[str, str] = field(default_factory=dict)

    def key(self, port: Port) -> tuple[str, str]:
        """What its values are called beside those of layers: see :func:`end_key`."""
        if port in self.inputs:
            return end_key("x", port.name, len(self.inputs))
        return end_key("output", port.name, len(self.outputs))
