"""A converted network as an accelerator: its streams, its project folder, and the facts for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.backend.engines import TRACED
from lmu_hls.backend.options import Options
from lmu_hls.rtl import identifier
from lmu_hls.rtl.reuse import choose_lanes
from lmu_hls.spec import LMU, Dense, Network
from lmu_hls.verify.interface import Interface, Tap, Values

VECTORS = 4  # sequences that the written project is tested with
SEED = 1  # of their random values


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """``network`` is what the accelerator computes, ``options`` how it is built."""

    network: Network
    options: Options
    interface: Interface

    def write(self, folder: Path, samples: NDArray[np.float64] | None = None) -> None:
        raise NotImplementedError

    def sources(self, folder: Path) -> list[Path]:
        return sorted((folder / "rtl").glob("*.v"))

    def report(self) -> dict[str, Any]:
        raise NotImplementedError


def design(network: Network, options: Options) -> Design:
    """The accelerator of a converted network. Raises LmuHlsError for what the Verilog cannot do."""
    network = options.apply(network)
    for layer in network.layers:
        if isinstance(layer, LMU | Dense):
            choose_lanes(layer, layer.reuse_factor)  # refuses an invalid reuse factor
    top = f"{identifier(network.name)}_top"
    every_step = all(lmu.return_sequences for lmu in network.lmus)
    interface = Interface(
        top=top,
        x=Values.of(network.x),
        n_in=network.n_in,
        out=Values.of(network.out),
        n_out=network.widths[-1],
        every_step=every_step,
        step_cycles=10000,
        taps=tuple(tap for lmu in network.lmus for tap in _taps(lmu)),
    )
    return Design(network, options, interface)


def _taps(lmu: LMU) -> tuple[Tap, ...]:
    widths = {"u": lmu.memory_d, "mem": lmu.memory_d * lmu.order, "h": lmu.units}
    wires = f"tap_{identifier(lmu.name)}"
    return tuple(Tap(lmu.name, name, f"{wires}_{name}", Values.of(getattr(lmu, name)), widths[name]) for name in TRACED)
