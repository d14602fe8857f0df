"""The streams of the top: inputs behind ``lmu_frame``, which mends wrong framing, and what outputs wait for.

A word that says whether the framing of a sequence was right waits in a queue for the last beat of that sequence. Of
several inputs each has such words for each output: an output's last beat waits for the words of all inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.naming import identifiers
from lmu_hls.rtl import registers
from lmu_hls.rtl.netlist import Instance, Netlist, Stream
from lmu_hls.spec import Input
from lmu_hls.spec.lengths import given_steps

AUTO = 0  # values a beat: as many as the cycles of a step ask for
SEQUENCES_IN_FLIGHT = 16  # ended sequences whose last output beat has not been taken, at least
UNDER_WAY = 4  # those beside the ones that a latency spans


@dataclass(frozen=True, slots=True)
class End:
    """A stream of the top by its ``name`` in the network; its ports begin with ``prefix``.

    An output has ``steps`` steps a sequence (None: as many as come in), of any length those of ``counts`` as for
    :func:`lmu_hls.spec.lengths.given_steps`, with an axis of steps if ``every_step``, and waits with its last beat for
    a word of each of the streams ``framing``.
    """

    name: str
    prefix: str
    stream: Stream
    every_step: bool = True
    steps: int | None = None
    framing: tuple[str, ...] = ()
    counts: tuple[int, ...] | None = None

    def given_steps(self, arriving: int) -> int:
        """Steps of a sequence of which so many come in."""
        return given_steps(arriving, self.steps, self.counts)

    @property
    def type(self) -> FixedType:
        return self.stream.type

    @property
    def count(self) -> int:
        """Values of a step."""
        return self.stream.count

    @property
    def comes_in(self) -> bool:
        return self.prefix.startswith("s_axis")

    @property
    def suffix(self) -> str:
        """Of wires and files that belong to it: empty for the only one."""
        return self.prefix[len("s_axis") :]

    @property
    def together(self) -> int:
        """Values of a beat."""
        return self.stream.together

    @property
    def beats(self) -> int:
        """Of a step."""
        return self.stream.beats

    @property
    def slot(self) -> int:
        """Bits of tdata for each value."""
        return slot_bits(self.type.width, self.together)

    @property
    def bus(self) -> int:
        """Bits of tdata."""
        return self.together * self.slot

    @property
    def register_prefix(self) -> str:
        """Begins the names of its registers."""
        return f"{'IN' if self.comes_in else 'OUT'}{self.suffix}".upper()

    def contents(self, steps: int) -> dict[str, int]:
        """Its registers of constant contents in a network of so many steps; 0: any number."""
        length = steps if self.steps is None else self.steps
        beat = self.bus | self.together << 16
        return {"VALUES": self.count, "TYPE": registers.type_word(self.type), "LENGTH": length, "BEAT": beat}

    @property
    def layout(self) -> str:
        """What a beat is, for a comment: where several values are in it, the first one in the low bits."""
        several = f"{self.together} values a beat, in {self.slot} bits each, every value" if self.together > 1 else ""
        return several or "one value a beat"

    @property
    def taken(self) -> str:
        """The values in the port of an input."""
        return _beside([f"{self.prefix}_tdata[{low + self.type.width - 1}:{low}]" for low in self._lows])

    @property
    def padding(self) -> list[tuple[int, int]]:
        """Bits in the port of an input that nobody reads: the highest and the lowest one of each slot."""
        none = self.slot == self.type.width
        return [] if none else [(low + self.slot - 1, low + self.type.width) for low in self._lows]

    @property
    def offered(self) -> str:
        """The values in the port of an output, with their signs."""
        data, width, more = self.stream.data, self.type.width, self.slot - self.type.width
        if self.together == 1:
            return f"{{{{{more}{{{self.sign_bit}}}}}, {data}}}" if more else data
        if not more:
            return data
        tops = [width * k + width - 1 for k in range(self.together)]
        return _beside([f"{{{{{more}{{{data}[{top}]}}}}, {data}[{top}:{top - width + 1}]}}" for top in tops])

    @property
    def _lows(self) -> list[int]:
        return [self.slot * k for k in range(self.together)]

    @property
    def valid(self) -> str:
        """The words that the last beat waits for are there."""
        return _each(self.framing, "tvalid", "&&")

    @property
    def wrong(self) -> str:
        """One of them says that its framing was wrong."""
        return _each(self.framing, "tdata", "||")

    @property
    def sign_bit(self) -> str:
        data = self.stream.data
        return f"{data}[{self.type.width - 1}]" if self.type.width > 1 else data


def _beside(values: Sequence[str]) -> str:
    """Parts of a word, the first one in the low bits."""
    return values[0] if len(values) == 1 else f"{{{', '.join(reversed(values))}}}"


def slot_bits(width: int, together: int) -> int:
    """Bits of tdata for each value: whole bytes, and a power of two where there are several."""
    return -(-width // 8) * 8 if together == 1 else max(8, 1 << (width - 1).bit_length())


@dataclass(frozen=True, slots=True)
class Ports:
    """``per_beat`` values in a beat of the streams in and out; ``AUTO``: as few as the cycles of a step allow.

    A port has ``most_bits`` at most; None: any number.
    """

    per_beat: int = 1
    most_bits: int | None = None

    def together(self, values: int, width: int, cycles: int) -> int:
        """Values of a beat, a power of two, where a step has ``values`` of ``width`` bits and may take ``cycles``.

        Raises LmuHlsError where a beat would be too wide.
        """
        if self.per_beat == 1:
            return 1
        whole = 1 << (values - 1).bit_length()
        found = 1
        while found < whole and (found < self.per_beat if self.per_beat != AUTO else -(-values // found) > cycles):
            if self.per_beat == AUTO and not self._fits(2 * found, width):
                break
            found *= 2
        if not self._fits(found, width):
            slot, most = slot_bits(width, 2), self.most_bits or 0
            raise LmuHlsError(
                f"ValuesPerBeat {found} is not possible: {found} values of {slot} bits are more than the {most} "
                f"bits of a bus with AXILite; use {max(1, most // slot)}"
            )
        return found

    def beats(self, values: int, width: int, cycles: int) -> int:
        """Beats of a step of ``values``."""
        return -(-values // self.together(values, width, cycles))

    def _fits(self, together: int, width: int) -> bool:
        return self.most_bits is None or together * slot_bits(width, together) <= self.most_bits


def _each(streams: Sequence[str], wire: str, operator: str) -> str:
    """The wires of all ``streams`` with an operator between them, in parentheses where there are several."""
    text = f" {operator} ".join(f"{name}_{wire}" for name in streams)
    return text if len(streams) == 1 else f"({text})"


def suffixes(names: Sequence[str]) -> list[str]:
    """What tells the wires and ports of ends apart; nothing for the only one."""
    return [""] if len(names) == 1 else [f"_{name}" for name in identifiers(names)]


def add_input(
    net: Netlist,
    item: Input,
    suffix: str,
    sizes: tuple[int, int, int],
    axi_lite: bool,
    per_beat: int = 1,
    framed: bool = True,
) -> End:
    """An input in pieces of ``sizes``: beats, pieces of a sequence (0: any number), and the most of these (0: any
    number); and its words of framing. A beat has ``per_beat`` values.

    One that is not ``framed`` never ends: there is no tlast, and there are no such words.
    """
    stream = net.stream(f"in{suffix}", item.type, item.width, together=per_beat)
    if not framed:
        return _endless(net, End(item.name, f"s_axis{suffix}", stream))
    for name in ("error", "framing"):
        for wire in ("tdata", "tvalid", "tready"):
            net.wire(f"{name}{suffix}_{wire}")
    prefix = f"s_axis{suffix}"
    s_axis = {"s_axis_tdata": End(item.name, prefix, stream).taken}
    s_axis |= {f"s_axis_{name}": f"{prefix}_{name}" for name in ("tvalid", "tready", "tlast")}
    if axi_lite:  # behind lmu_restart and lmu_mapped_in
        core = End(item.name, f"core{suffix}", stream)
        net.wire(f"{core.prefix}_tdata", core.bus)
        s_axis = {"s_axis_tdata": core.taken}
        s_axis |= {f"s_axis_{name}": net.wire(f"{core.prefix}_{name}") for name in ("tvalid", "tready", "tlast")}
    error = {f"e_axis_{name}": f"error{suffix}_{name}" for name in ("tdata", "tvalid", "tready")}
    pulse = net.wire("framing_error" if axi_lite and not suffix else f"unused_framing_error{suffix}")
    beats, steps, most = sizes
    parameters = {"N": beats, "STEPS": most or steps, "WIDTH": stream.bits, **({"FEWER": 1} if most else {})}
    ports = s_axis | stream.ports("m_axis") | error | {"framing_error": pulse}
    net.add("lmu_frame", f"frame{suffix}", parameters, ports, "Whole steps and sequences")
    ports = {f"s_axis_{name}": f"error{suffix}_{name}" for name in ("tdata", "tvalid", "tready")}
    ports |= {f"m_axis_{name}": f"framing{suffix}_{name}" for name in ("tdata", "tvalid", "tready")}
    about = "Whether the framing of each sequence was wrong, until its last beat comes out"
    net.add("lmu_fifo", f"framing{suffix}_fifo", {"WIDTH": 1, "DEPTH": SEQUENCES_IN_FLIGHT}, ports, about)
    return End(item.name, prefix, stream)


def _endless(net: Netlist, end: End) -> End:
    unused = {name: net.wire(f"unused_{name}{end.suffix}") for name in ("error_tdata", "error_tvalid", "framing_error")}
    ports = {"s_axis_tdata": end.taken, "s_axis_tlast": "1'b0"}
    ports |= {f"s_axis_{name}": f"{end.prefix}_{name}" for name in ("tvalid", "tready")} | end.stream.ports("m_axis")
    ports |= {"e_axis_tdata": unused["error_tdata"], "e_axis_tvalid": unused["error_tvalid"], "e_axis_tready": "1'b1"}
    ports |= {"framing_error": unused["framing_error"]}
    parameters = {"N": end.beats, "STEPS": 0, "WIDTH": end.stream.bits}
    about = "A register in front, and no tlast: the stream never ends"
    net.add("lmu_frame", f"frame{end.suffix}", parameters, ports, about)
    return end


def deepen_framing(net: Netlist, sequences: int) -> None:
    """Room for so many ended sequences in the queues of words of framing."""
    depth = max(SEQUENCES_IN_FLIGHT, sequences)
    net.instances = [
        replace(item, parameters={**item.parameters, "DEPTH": depth}) if _holds_framing(item) else item
        for item in net.instances
    ]


def framing_depth(net: Netlist) -> int:
    """Words in a queue of words of framing; 0 without one."""
    return max([int(item.parameters["DEPTH"]) for item in net.instances if _holds_framing(item)], default=0)


def _holds_framing(item: Instance) -> bool:
    return item.module == "lmu_fifo" and item.name.startswith("framing") and item.parameters["WIDTH"] == 1


def framing_words(net: Netlist, inputs: Sequence[End], outputs: Sequence[str]) -> list[tuple[str, ...]]:
    """For each of the outputs, by their suffixes, the streams of words that it waits for, one of each input."""
    if len(outputs) == 1:
        return [tuple(f"framing{end.suffix}" for end in inputs)]
    found: list[list[str]] = [[] for _ in outputs]
    for end in inputs:
        names = [f"framing{end.suffix}_to{output}" for output in outputs]
        data = net.wire(f"framing{end.suffix}_words_tdata")
        taken = [f"framing{end.suffix}_words{output}" for output in outputs]
        for name, source in zip(names, taken, strict=True):
            for wire in ("tvalid", "tready"):
                net.wire(f"{source}_{wire}")
            for wire in ("tdata", "tvalid", "tready"):
                net.wire(f"{name}_{wire}")
        ports = {f"s_axis_{wire}": f"framing{end.suffix}_{wire}" for wire in ("tdata", "tvalid", "tready")}
        ports["m_axis_tdata"] = data
        for wire in ("tvalid", "tready"):
            ports[f"m_axis_{wire}"] = "{" + ", ".join(f"{source}_{wire}" for source in reversed(taken)) + "}"
        sizes = {"WIDTH": 1, "OUTPUTS": len(outputs)}
        net.add("lmu_fork", f"framing{end.suffix}_fork", sizes, ports, f"Words of {end.prefix} for each output")
        for words, name, source in zip(found, names, taken, strict=True):
            ports = {"s_axis_tdata": data, "s_axis_tvalid": f"{source}_tvalid", "s_axis_tready": f"{source}_tready"}
            ports |= {f"m_axis_{wire}": f"{name}_{wire}" for wire in ("tdata", "tvalid", "tready")}
            net.add("lmu_fifo", f"{name}_fifo", {"WIDTH": 1, "DEPTH": SEQUENCES_IN_FLIGHT}, ports)
            words.append(name)
    return [tuple(words) for words in found]
