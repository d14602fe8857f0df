"""A converted network as an accelerator: its streams, its project folder, and the facts for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls import golden
from lmu_hls.backend.engines import run_golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.integration import DEFAULT_CLOCK_MHZ, DEFAULT_PART, integration_files
from lmu_hls.rtl.ends import End
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import MODES, RtlOptions
from lmu_hls.rtl.plan import NetworkPlan, utilisation
from lmu_hls.rtl.reuse import Settled, settle
from lmu_hls.rtl.standalone import Vectors, sources, write_project
from lmu_hls.spec import Network
from lmu_hls.verify.interface import MAX_WIDTH, Interface, Port, Probe, Values

VECTORS = 4  # sequences that the written project is tested with
SEED = 1  # of their random values
# Inputs of the registers, which a simulation here leaves alone
AXI_LITE = {
    "s_axil_awaddr": "12'd0",
    "s_axil_awvalid": "1'b0",
    "s_axil_wdata": "32'd0",
    "s_axil_wstrb": "4'd0",
    "s_axil_wvalid": "1'b0",
    "s_axil_bready": "1'b0",
    "s_axil_araddr": "12'd0",
    "s_axil_arvalid": "1'b0",
    "s_axil_rready": "1'b0",
}


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """``plan``: what the accelerator is built of; ``settled``: what was made of the reuse factor that was asked for."""

    plan: NetworkPlan
    settled: Settled | None = None

    @property
    def network(self) -> Network:
        """What the accelerator computes."""
        return self.plan.network

    @property
    def streaming(self) -> bool:
        return self.plan.options.streaming

    @property
    def interface(self) -> Interface:
        """The streams that a simulation drives and records."""
        plan = self.plan
        return Interface(
            top=plan.top,
            inputs=tuple(_port(end) for end in plan.inputs),
            outputs=tuple(_port(end) for end in plan.outputs),
            step_cycles=max(plan.cycles.ii, plan.cycles.latency, *(layer.ii_cycles for layer in plan.layers)),
            probes=tuple(
                Probe(
                    tap.layer,
                    tap.tensor,
                    tap.wires,
                    Values.from_type(tap.type, tap.type.width, tap.together),
                    tap.count,
                    tap.steps,
                    tap.order,
                    tap.counts,
                )
                for tap in plan.net.taps
            ),
            tied=AXI_LITE if self.plan.options.axi_lite else {},
        )

    def sources(self, folder: Path) -> list[Path]:
        """The Verilog files of the project in ``folder``."""
        return [folder / source for source in sources(self.plan)]

    def golden(self, x: Ints) -> Ints:
        """As :meth:`golden_all`, of a network with one input and one output."""
        (item,) = self.network.inputs
        (output,) = self.golden_all({item.name: x}).values()
        return output

    def golden_all(self, x: Mapping[str, Ints]) -> dict[str, Ints]:
        """The integers of each output, by name, that must come out for x (N, steps, n_in) of each input, whose
        sequences follow one another after a reset."""
        endless, count = self.streaming, len(next(iter(x.values())))
        fed = self.fed(x)
        answer = run_golden(self.network, fed, endless, False, lambda done, total: None, consecutive=True)
        return {
            end.name: answer.outputs[end.name].reshape(count, -1, end.count)
            if end.every_step
            else answer.outputs[end.name]
            for end in self.plan.outputs
        }

    def fed(self, x: Mapping[str, Ints]) -> dict[str, Ints]:
        """x (N, steps, n_in) of each input as it goes in: in streaming mode as one sequence, (1, N * steps, n_in)."""
        return {
            name: values.reshape(1, -1, values.shape[-1]) if self.streaming else values for name, values in x.items()
        }

    def write(
        self, folder: Path, samples: Ints | None = None, clock_mhz: float = DEFAULT_CLOCK_MHZ, part: str = DEFAULT_PART
    ) -> None:
        """Write the project; its test bench has the first of ``samples`` (N, steps, n_in), or random ones.

        The files for other tools ask for ``clock_mhz`` and name AMD's ``part``.
        """
        extra = integration_files(self.plan, clock_mhz, part)
        write_project(self.plan, folder, self.vectors(samples), self.settled, extra)

    def vectors(self, samples: Ints | None = None) -> Vectors:
        """The first of ``samples``, or random ones, and what golden makes of them."""
        x = random_inputs(self.network) if samples is None else {self.network.inputs[0].name: samples[:VECTORS]}
        if not self.network.any_length or self.streaming:
            return Vectors(x, self.golden_all(x))
        samples, steps, least = next(iter(x.values())), self.network.steps, self.network.least_steps
        lengths = np.array([max(least, steps - steps * k // VECTORS) for k in range(len(samples))])  # shorter each
        return Vectors(x, golden.predict_all(self.network, x, lengths=lengths), lengths)

    def report(self) -> dict[str, Any]:
        """What is known by formula, in words of hls4ml's kind."""
        plan = self.plan
        cycles = {"Step": plan.cycles.ii, "Latency": plan.cycles.latency, "Sequence": plan.cycles.sequence}
        return {
            "Top": plan.top,
            "Mode": MODES[self.streaming],
            "Cycles": {"Source": "formula", **cycles},
            **({} if self.settled is None else {"ReuseFactor": self.settled.summary}),
            "Multipliers": plan.multipliers,
            "Utilisation": round(utilisation(plan), 6),
            "Layers": {
                layer.name: {
                    "ReuseFactor": layer.reuse_factor,
                    "Cycles": layer.ii_cycles,
                    "Multipliers": layer.multipliers,
                }
                for layer in plan.layers
            },
        }


def _port(end: End) -> Port:
    values = Values.from_type(end.type, end.slot, end.together)
    return Port(end.name, end.prefix, values, end.count, end.every_step, end.steps, end.counts)


def design(network: Network, options: RtlOptions, reuse_factor: int = 1) -> Design:
    """The accelerator of a converted network, of which ``reuse_factor`` is asked as a whole.

    Raises LmuHlsError for what the Verilog cannot do.
    """
    settled = settle(options.apply(network), reuse_factor, options.streaming, options.ports)
    plan = plan_network(settled.network, options)
    for where, ends in (("input", plan.inputs), ("output", plan.outputs)):
        for end in ends:
            if end.type.width > MAX_WIDTH:
                raise LmuHlsError(
                    f"the {where} has the type {end.type}; the simulation passes at most {MAX_WIDTH} bits"
                )
    return Design(plan, settled)


def random_samples(network: Network) -> Ints:
    """As :func:`random_inputs`, of a network with one input."""
    (x,) = random_inputs(network).values()
    return x


def random_inputs(network: Network) -> dict[str, Ints]:
    """A few sequences over the whole range of each input's type, the first of small values; always the same ones."""
    rng, found = np.random.default_rng(SEED), {}
    for item in network.inputs:
        kind, shape = item.type, (VECTORS, network.steps, item.width)
        x = rng.integers(kind.min_int, kind.max_int, shape, endpoint=True)
        x[0] //= 1 << max(0, min(kind.width - 2, kind.integer))
        found[item.name] = x.astype(np.int64)
    return found
