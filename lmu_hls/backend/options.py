"""The options of the backend ``Verilog`` beside those of hls4ml, and what they make of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.spec import Network, Softmax, streaming, with_argmax, with_logits

MODES = ("sequence", "streaming")
OUTPUTS = ("logits", "softmax", "argmax")
AS_IS = "model"  # the output that the model has


@dataclass(frozen=True, slots=True)
class Options:
    """How the accelerator is built.

    ``mode``: in "sequence" the state starts from zero after each tlast; in "streaming" it runs on for ever and every
    step gives an output. ``output``: "logits", "softmax" or "argmax"; "model" is what the Keras model ends with.
    ``axi_lite`` adds registers for control and status.
    """

    mode: str = MODES[0]
    output: str = AS_IS
    axi_lite: bool = False

    def __post_init__(self) -> None:
        for key, value, choices in (("Mode", self.mode, MODES), ("Output", self.output, (*OUTPUTS, AS_IS))):
            if value not in choices:
                raise LmuHlsError(f"{key}={value!r} is not possible; use one of {', '.join(map(repr, choices))}")
        if not isinstance(self.axi_lite, bool):
            raise LmuHlsError(f"AXILite={self.axi_lite!r} is not possible; use True or False")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Options:
        """The options in an hls4ml configuration; what is absent has its default."""
        given = {"mode": config.get("Mode"), "output": config.get("Output"), "axi_lite": config.get("AXILite")}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def config(self) -> dict[str, Any]:
        """The options as keys of an hls4ml configuration."""
        return {"Mode": self.mode, "Output": self.output, "AXILite": self.axi_lite}

    @property
    def streaming(self) -> bool:
        return self.mode == "streaming"

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
        return streaming(network) if self.streaming else network
