"""The inside of a generated top: wires, streams and instances of the hand-written modules, and their ROM files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Rom

Order = tuple[int, ...]  # order[k] is the natural place of the k-th value that arrives


class NamesMeet(LmuHlsError):
    """Two layers' names lead to one name in the Verilog."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A value stream: ``count`` values of ``type`` a step; ``order`` None means that they arrive in natural order.

    A beat has ``together`` of them, the first one in the low bits; of a step's last beat those beyond ``count`` mean
    nothing. The other fields are names of wires; ``last`` may be a constant.
    """

    type: FixedType
    count: int
    data: str
    last: str
    valid: str
    ready: str
    order: Order | None = None
    together: int = 1

    @property
    def bits(self) -> int:
        """Of a beat."""
        return self.together * self.type.width

    @property
    def beats(self) -> int:
        """Of a step."""
        return -(-self.count // self.together)

    @property
    def whole(self) -> bool:
        """A beat is a whole step."""
        return self.together >= self.count

    def beside(self, steps: int) -> Stream:
        """The same beats as steps of so many times as many values, those of one step behind those of another."""
        places = range(self.count) if self.order is None else self.order
        order = None if self.order is None else tuple(s * self.count + k for s in range(steps) for k in places)
        return replace(self, count=steps * self.count, order=order)

    def ports(self, prefix: str, last: bool = True) -> dict[str, str]:
        """Connections of the port ``prefix`` of a module to this stream."""
        named = {"tdata": self.data, "tvalid": self.valid, "tready": self.ready}
        named |= {"tlast": self.last} if last else {}
        return {f"{prefix}_{name}": wire for name, wire in named.items()}


@dataclass(frozen=True, slots=True)
class Wire:
    """``public`` wires can be traced by a simulator."""

    name: str
    width: int
    public: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """One module with its parameters and connections; ``comment`` stands above it."""

    module: str
    name: str
    parameters: Mapping[str, int | str]
    ports: Mapping[str, str]
    comment: str


@dataclass(frozen=True, slots=True)
class Tap:
    """A stream that a simulator can trace: the wires <wires>_tdata, _tvalid and _tready.

    ``order[k]`` is the place of the k-th beat of a step in the tensor of the contract; None: the same place. ``steps``
    are those of a sequence; None: as many as come into the network. Of any length it has those of ``counts``, as for
    :func:`lmu_hls.spec.lengths.given_steps`. A beat has ``together`` values.
    """

    layer: str
    tensor: str
    wires: str
    type: FixedType
    count: int
    order: Order | None
    steps: int | None = None
    together: int = 1
    counts: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """``wire`` is high for a cycle when a value of ``tensor`` (or of one that leads to it) of ``layer`` was clipped."""

    layer: str
    tensor: str
    wire: str


@dataclass(slots=True)
class Netlist:
    """What has been put into the top so far. Without ``count_clips`` nothing reads the flags of clipped values."""

    count_clips: bool = False
    wires: list[Wire] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    roms: dict[str, Rom] = field(default_factory=dict)
    taps: list[Tap] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    clip_expressions: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)  # names of ports

    def _has(self, name: str) -> bool:
        return name in {*self.taken, *(wire.name for wire in self.wires), *(item.name for item in self.instances)}

    def wire(self, name: str, width: int = 1, public: bool = False) -> str:
        """Declare a wire. Raises NamesMeet when there is a wire or an instance of that name."""
        if self._has(name):
            raise NamesMeet(f"two wires would be called {name}; rename one of the layers")
        self.wires.append(Wire(name, width, public))
        return name

    def rom(self, *roms: Rom) -> None:
        """Add ROM files. Raises NamesMeet when there is one of that name."""
        for rom in roms:
            if rom.file in self.roms:
                raise NamesMeet(f"two ROM files would be called {rom.file}; rename one of the layers")
            self.roms[rom.file] = rom

    def stream(
        self,
        name: str,
        fixed_type: FixedType,
        count: int,
        order: Order | None = None,
        public: bool = False,
        together: int = 1,
        last: bool = True,
    ) -> Stream:
        """Declare the wires of a stream; one without ``last`` goes nowhere."""
        data = self.wire(f"{name}_tdata", together * fixed_type.width, public)
        valid = self.wire(f"{name}_tvalid", 1, public)
        ready = self.wire(f"{name}_tready", 1, public)
        end = self.wire(f"{name}_tlast") if last else "1'b0"
        return Stream(fixed_type, count, data, end, valid, ready, order, together)

    def tap(
        self,
        layer: str,
        prefix: str,
        tensor: str,
        fixed_type: FixedType,
        count: int,
        order: Order | None,
        together: int = 1,
        last: bool = True,
    ) -> Stream:
        """Declare a stream that can be traced."""
        wires = f"tap_{prefix}_{tensor}"
        self.taps.append(Tap(layer, tensor, wires, fixed_type, count, order, together=together))
        return self.stream(wires, fixed_type, count, order, public=True, together=together, last=last)

    def clipped(self, layer: str, prefix: str, tensor: str, stream: Stream) -> str:
        """Declare the wire of the flag that comes with ``stream`` and the event that it stands for."""
        flag = self.wire(f"{'' if self.count_clips else 'unused_'}{prefix}_{tensor}_clipped")
        event = f"clip_{prefix}_{tensor}"
        self.clips.append(Clip(layer, tensor, event))
        self.clip_expressions[event] = f"{stream.valid} && {stream.ready} && {flag}"
        return flag

    def add(
        self, module: str, name: str, parameters: Mapping[str, int | str], ports: Mapping[str, str], comment: str = ""
    ) -> None:
        """Add an instance. Raises NamesMeet when there is a wire or an instance of that name."""
        if self._has(name):
            raise NamesMeet(f"two instances would be called {name}; rename one of the layers")
        self.instances.append(Instance(module, name, dict(parameters), dict(ports), comment))

    def fork(self, stream: Stream, name: str, branches: Sequence[str], comment: str = "") -> list[Stream]:
        """Copies of ``stream``, one for each branch; the only branch is the stream itself."""
        if len(branches) == 1:
            return [stream]
        data = self.wire(f"{name}_tdata", stream.bits)
        last = self.wire(f"{name}_tlast")
        pairs = [(self.wire(f"{name}_{b}_tvalid"), self.wire(f"{name}_{b}_tready")) for b in branches]
        ports = {
            "s_axis_tdata": f"{{{stream.last}, {stream.data}}}",
            "s_axis_tvalid": stream.valid,
            "s_axis_tready": stream.ready,
            "m_axis_tdata": f"{{{last}, {data}}}",
            "m_axis_tvalid": "{" + ", ".join(valid for valid, _ in reversed(pairs)) + "}",
            "m_axis_tready": "{" + ", ".join(ready for _, ready in reversed(pairs)) + "}",
        }
        parameters = {"WIDTH": stream.bits + 1, "OUTPUTS": len(branches)}
        self.add("lmu_fork", f"{name}_fork", parameters, ports, comment)
        return [replace(stream, data=data, last=last, valid=valid, ready=ready) for valid, ready in pairs]

    def fifo(self, stream: Stream, name: str, depth: int, comment: str, out: Stream | None = None) -> Stream:
        """``stream`` behind a queue of ``depth`` beats; ``out`` is where it goes if that is declared already."""
        out = out or self.stream(name, stream.type, stream.count, stream.order, together=stream.together)
        ports = {
            "s_axis_tdata": f"{{{stream.last}, {stream.data}}}",
            "s_axis_tvalid": stream.valid,
            "s_axis_tready": stream.ready,
            "m_axis_tdata": f"{{{out.last}, {out.data}}}",
            "m_axis_tvalid": out.valid,
            "m_axis_tready": out.ready,
        }
        self.add("lmu_fifo", f"{name}_fifo", {"WIDTH": stream.bits + 1, "DEPTH": depth}, ports, comment)
        return out
