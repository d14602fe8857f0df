"""How the Verilog of a network is built, and what that makes of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import is_identifier
from lmu_hls.rtl.ends import Ports
from lmu_hls.spec import Network, Softmax, streaming, with_argmax, with_logits

MODES = ("sequence", "streaming")
OUTPUTS = ("logits", "softmax", "argmax")
ROMS = ("files", "inline")
AS_IS = "model"  # the output that the model has
KEYS = {"mode": "Mode", "output": "Output", "axi_lite": "AXILite", "name": "Name", "rom": "Rom"}  # of hls4ml's config
KEYS |= {"values_per_beat": "ValuesPerBeat"}
AUTO = "auto"  # values a beat
DMA_BITS = 512  # of a stream that a DMA serves, as the drivers of the registers expect it


@dataclass(frozen=True, slots=True)
class RtlOptions:
    """How the accelerator is built; the words that users write for it are those of :meth:`from_words`.

    ``streaming``: the state runs for ever and every step gives an output; otherwise it starts from zero after tlast.
    ``check_steps``: a sequence must have exactly the network's number of steps (not in streaming mode). ``axi_lite``:
    registers for control and status. ``inline_roms``: coefficients and tables are constants in the source, not files.
    ``output``: "logits", "softmax" or "argmax"; "model" is what the Keras model ends with. ``name`` begins the names of
    all modules and ROM files, so that accelerators of different names fit one design; None: the network's own.
    ``values_per_beat`` are those of the streams in and out; 0: as many as the cycles of a step ask for. Unless it is 1,
    layers can take fewer cycles a step than it has values.
    """

    streaming: bool = False
    check_steps: bool = True
    axi_lite: bool = False
    inline_roms: bool = False
    output: str = AS_IS
    name: str | None = None
    values_per_beat: int = 1

    def __post_init__(self) -> None:
        _check_choice("Output", self.output, (*OUTPUTS, AS_IS))
        if not isinstance(self.axi_lite, bool):
            raise LmuHlsError(f"AXILite={self.axi_lite!r} is not possible; use True or False")
        beat = self.values_per_beat
        if isinstance(beat, bool) or not isinstance(beat, int) or beat < 0 or beat & (beat - 1):
            raise LmuHlsError(f"ValuesPerBeat={beat!r} is not possible; use {AUTO!r} or a power of two")
        if self.name is not None and (not isinstance(self.name, str) or not is_identifier(self.name)):
            raise LmuHlsError(f"the name {self.name!r} is not possible; use up to 64 of A-Z a-z 0-9 _, a letter first")

    @classmethod
    def from_words(
        cls,
        mode: str = MODES[0],
        output: str = AS_IS,
        axi_lite: bool = False,
        name: str | None = None,
        rom: str = ROMS[0],
        values_per_beat: int | str = 1,
    ) -> RtlOptions:
        """The options as users write them. LmuHlsError for what there is not.

        ``mode``: "sequence" or "streaming". ``rom``: coefficients and tables in "files" that the tools read, or
        "inline" as constants in the source. ``values_per_beat``: a power of two, or "auto".
        """
        _check_choice("Mode", mode, MODES)
        _check_choice("Output", output, (*OUTPUTS, AS_IS))
        _check_choice("Rom", rom, ROMS)
        beat = 0 if values_per_beat == AUTO else values_per_beat or -1
        return cls(mode == "streaming", True, axi_lite, rom == "inline", output, name, beat)  # type: ignore[arg-type]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RtlOptions:
        """The options in an hls4ml configuration; what is absent has its default."""
        given = {word: config.get(key) for word, key in KEYS.items()}
        return cls.from_words(**{word: value for word, value in given.items() if value is not None})

    @property
    def ports(self) -> Ports:
        return Ports(self.values_per_beat, DMA_BITS if self.axi_lite else None)

    @property
    def config(self) -> dict[str, Any]:
        """The options as keys of an hls4ml configuration."""
        words: dict[str, Any] = {"mode": MODES[self.streaming], "output": self.output, "rom": ROMS[self.inline_roms]}
        words |= {"axi_lite": self.axi_lite, "name": self.name, "values_per_beat": self.values_per_beat or AUTO}
        return {key: words[word] for word, key in KEYS.items()}

    def apply(self, network: Network) -> Network:
        """The network that the accelerator computes: its output and the steps that come out.

        Raises LmuHlsError for a softmax that the model does not have.
        """
        if len(network.outputs) > 1 and self.output != AS_IS:
            raise LmuHlsError(
                f"Output={self.output!r} is not possible: the model has {len(network.outputs)} outputs; leave it out"
            )
        has_softmax = isinstance(network.layers[-1], Softmax)
        if self.output == "softmax" and not has_softmax:
            raise LmuHlsError(
                "Output='softmax' is not possible: the model has no softmax, and so no types for one; "
                "end the Keras model with softmax, or use 'logits' or 'argmax'"
            )
        if self.output == "argmax":
            network = with_argmax(network)
        elif self.output == "logits":
            network = with_logits(network)
        network = streaming(network) if self.streaming else network
        return replace(network, name=self.name or network.name)


def _check_choice(key: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise LmuHlsError(f"{key}={value!r} is not possible; use one of {', '.join(map(repr, choices))}")
