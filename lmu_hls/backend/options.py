"""The options of the backend ``Verilog`` beside those of hls4ml, and what they make of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import is_identifier
from lmu_hls.rtl.network import RtlOptions
from lmu_hls.spec import Network, Softmax, streaming, with_argmax, with_logits

MODES = ("sequence", "streaming")
OUTPUTS = ("logits", "softmax", "argmax")
ROMS = ("files", "inline")
AS_IS = "model"  # the output that the model has
_KEYS = {"mode": "Mode", "output": "Output", "axi_lite": "AXILite", "name": "Name", "rom": "Rom"}


@dataclass(frozen=True, slots=True)
class Options:
    """How the accelerator is built.

    ``mode``: in "sequence" the state starts from zero after each tlast; in "streaming" it runs on for ever and every
    step gives an output. ``output``: "logits", "softmax" or "argmax"; "model" is what the Keras model ends with.
    ``axi_lite`` adds registers for control and status. ``name`` begins the names of all modules and ROM files, so that
    accelerators of different names fit one design; None: the network's own. ``rom``: coefficients and tables in "files"
    that the tools read, or "inline" as constants in the source.
    """

    mode: str = MODES[0]
    output: str = AS_IS
    axi_lite: bool = False
    name: str | None = None
    rom: str = ROMS[0]

    def __post_init__(self) -> None:
        chosen = ("Mode", self.mode, MODES), ("Output", self.output, (*OUTPUTS, AS_IS)), ("Rom", self.rom, ROMS)
        for key, value, choices in chosen:
            if value not in choices:
                raise LmuHlsError(f"{key}={value!r} is not possible; use one of {', '.join(map(repr, choices))}")
        if not isinstance(self.axi_lite, bool):
            raise LmuHlsError(f"AXILite={self.axi_lite!r} is not possible; use True or False")
        if self.name is not None:
            check_name(self.name)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Options:
        """The options in an hls4ml configuration; what is absent has its default."""
        given = {name: config.get(key) for name, key in _KEYS.items()}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def config(self) -> dict[str, Any]:
        """The options as keys of an hls4ml configuration."""
        return {key: getattr(self, name) for name, key in _KEYS.items()}

    @property
    def streaming(self) -> bool:
        return self.mode == "streaming"

    @property
    def rtl(self) -> RtlOptions:
        """How the top is built."""
        return RtlOptions(streaming=self.streaming, axi_lite=self.axi_lite, inline_roms=self.rom == "inline")

    def apply(self, network: Network) -> Network:
        """The network that the accelerator computes: its output and the steps that come out.

        Raises LmuHlsError for a softmax that the model does not have.
        """
        has_softmax = isinstance(network.layers[-1], Softmax)
        if self.output == "softmax" and not has_softmax:
            raise LmuHlsError(
                "Output='softmax' is not possible: the model has no softmax, and so no types for one; "
                "end the Keras model with softmax, or use 'logits' or 'argmax'"
            )
        if self.output == "argmax":
            network = with_argmax(network)
        elif self.output == "logits" and has_softmax:
            network = with_logits(network)
        network = streaming(network) if self.streaming else network
        return replace(network, name=self.name or network.name)


def check_name(name: object) -> None:
    """LmuHlsError for a name that cannot begin those of Verilog modules and files."""
    if not isinstance(name, str) or not is_identifier(name):
        raise LmuHlsError(f"the name {name!r} is not possible; use up to 64 of A-Z a-z 0-9 _, a letter first")
