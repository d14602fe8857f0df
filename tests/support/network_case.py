"""A random network in a generated top of its own name, and what is streamed through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lmu_hls import golden
from lmu_hls.fixed import Ints
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import project_files
from lmu_hls.spec import streaming
from tests.support.hdl.framing import Sizes, framed
from tests.support.hdl.stream_grid import Stream, Unit
from tests.support.mutants import changed
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import with_reuse_factors

MAX_STATES, CYCLES_PER_STEP = 12, 60
Words = list[int]
Job = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A network in a top of its own name, and how it is built; fault: text of the top and what takes its place."""

    name: str
    plan: NetworkPlan
    fault: tuple[str, str] = ("", "")

    @property
    def network(self) -> Any:
        return self.plan.network

    @property
    def steps(self) -> int:
        """Of a right sequence; 0: any number."""
        options = self.plan.options
        any_length = options.streaming or self.network.any_length
        return self.network.steps if options.check_steps and not any_length else 0

    @property
    def framing(self) -> Sizes:
        """Of s_axis. Where a layer has no room for more, the steps that the network was made for are the most."""
        fewer = not self.steps and any(layer.bounded for layer in self.network.layers)
        return Sizes(self.network.n_in, self.network.steps if fewer else self.steps, int(fewer))

    def files(self) -> dict[str, str]:
        """Modules, top and ROM files."""
        found = project_files(self.plan)
        top = f"rtl/{self.plan.top}.v"
        if self.fault != ("", ""):
            found[top] = changed(found[top], *self.fault)
        return {file: text for file, text in found.items() if file.startswith(("rtl/", "rom/"))}

    def unit(self) -> Unit:
        streams = Stream("s_axis", self.plan.in_bus), Stream("m_axis", self.plan.out_bus, user=1)
        return Unit(self.plan.top, {}, streams[:1], streams[1:])

    def beats(self, sequences: list[Words], rng: np.random.Generator) -> list[list[int]]:
        """Of s_axis; bits beyond the input type are random."""
        width, spare = self.network.x.width, self.plan.in_bus - self.network.x.width
        return [
            [value | int(rng.integers(1 << spare)) << width, int(k == len(sequence) - 1), 0]
            for sequence in sequences
            for k, value in enumerate(sequence)
        ]

    def outputs(self, sequences: list[Words]) -> list[list[int]]:
        """Beats of m_axis after rst: every sequence mended, with its error in tuser of its last beat."""
        n_in, width, bus = self.network.n_in, self.network.x.width, self.plan.out_bus
        network = streaming(self.network) if self.plan.options.streaming else self.network
        states = golden.zero_states(network, 1)
        beats = []
        for sequence in sequences:
            mended = framed([sequence], self.framing)
            values = np.array([value for value, _, _ in mended["m_axis"]], np.int64)
            x = (values - (values >> (width - 1) << width)).reshape(1, -1, n_in)
            trace = golden.run(network.with_steps(x.shape[1]), x, states=states)
            states = trace.states if self.plan.options.streaming else states
            out = [int(value) & ((1 << bus) - 1) for value in trace.output.ravel()]
            error = mended["e_axis"][0][0]
            beats += [[value, int(k == len(out) - 1), error * (k == len(out) - 1)] for k, value in enumerate(out)]
        return beats

    def phase(self, lengths: list[int], seed: int) -> dict[str, Any]:
        """Sequences of so many beats after rst."""
        rng = np.random.default_rng([seed, len(self.name)])
        kind = self.network.x
        sequences: list[Words] = []
        for length in lengths:
            values: Ints = rng.integers(kind.min_int, kind.max_int + 1, length) >> int(rng.integers(0, 4))
            sequences.append([int(value) & ((1 << kind.width) - 1) for value in values])
        return {"inputs": {"s_axis": self.beats(sequences, rng)}, "outputs": {"m_axis": self.outputs(sequences)}}

    def lengths(self, count: int, seed: int) -> tuple[list[int], list[int]]:
        """Right lengths, and wrong ones with right ones among them."""
        rng, n_in = np.random.default_rng(seed), self.network.n_in
        most = self.framing.steps or self.network.steps + 3
        right = [n_in * (self.steps or int(rng.integers(1, most + 1))) for _ in range(count)]
        largest = n_in * (self.network.steps + 1) + 2
        wrong = [length for k in range(count) for length in (int(rng.integers(1, largest + 1)), right[k])]
        return right, [1, n_in, n_in + 1, n_in * self.network.steps - 1 or 1, *wrong]


def jobs(case: Case) -> list[Job]:
    right, wrong = case.lengths(4, seed=1)
    sequence = case.plan.cycles.sequence
    cuts: list[dict[str, Any]] = []
    for k in range(12):
        cut = 1 + int(np.random.default_rng(k).integers(2 * sequence + case.plan.cycles.latency))
        cuts.append({**case.phase(right[:3] if k % 2 else wrong[:5], k), "reset_after": cut})
        if k % 3 == 0:
            nothing = {"inputs": {"s_axis": []}, "outputs": {"m_axis": []}}
            cuts += [case.phase(right[:1], 50 + k), {**nothing, "reset_after": 1}]
    runs: list[Job] = [
        {"phases": [case.phase(right, 20)]},
        {"phases": [case.phase(right, 21)], "gap": 0.3, "stall": 0.5},
        {"phases": [case.phase(wrong, 22)]},
        {"phases": [case.phase(wrong, 23)], "gap": 0.3, "stall": 0.5},
        {"phases": [*cuts, case.phase(wrong, 24)], "gap": 0.1, "stall": 0.2},
        {"phases": [case.phase(right[:2], 25)], "shy": 1},
    ]
    patience = 500 + 8 * max(case.plan.cycles.ii, case.plan.cycles.latency)
    return [{"unit": case.name, "seed": k, "patience": patience, **run} for k, run in enumerate(runs)]


def make_case(seed: int, options: RtlOptions, name: str = "", fault: tuple[str, str] = ("", "")) -> Case:
    network = random_spec_network(seed, MAX_STATES)
    network = with_reuse_factors(np.random.default_rng(seed), network, CYCLES_PER_STEP)
    name = name or f"n{seed}"
    return Case(name, plan_network(replace(network, name=name), options), fault)
