"""What the generated top of a network is: its ports, layers, cycles and multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.naming import identifier
from lmu_hls.records import LayerPlan, PartPlan
from lmu_hls.rtl import registers
from lmu_hls.rtl.cycles import Cycles, Pace
from lmu_hls.rtl.ends import UNDER_WAY, End, framing_depth
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.packed import Words
from lmu_hls.rtl.renaming import Names
from lmu_hls.spec import Network, store

WINDOWS = "window"  # the kind of an lmu_window and of an lmu_window_any in the plan
_AXIL = (
    "awaddr awvalid awready wdata wstrb wvalid wready bresp bvalid bready "
    "araddr arvalid arready rdata rresp rvalid rready"
)


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """The generated top: instances, ROM files, streams, cycles and multipliers."""

    top: str
    network: Network
    options: RtlOptions
    net: Netlist
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    layers: tuple[LayerPlan, ...]
    cycles: Cycles

    ADDRESS_WIDTH = 12
    AXIL = tuple(_AXIL.split())

    @property
    def name(self) -> str:
        """The network's name as a Verilog identifier: every module of the project begins with it."""
        return identifier(self.network.name)

    @property
    def names(self) -> Names:
        return Names(self.name)

    @property
    def contract(self) -> str:
        """SHA-256 of the integer contract, as spec.npz has it."""
        return store.digest(self.network)

    @property
    def identity(self) -> dict[str, int]:
        """Contents of the registers that say what the accelerator is."""
        return {
            "ID": registers.MAGIC,
            "CONTRACT": int(self.contract[:8], 16),
            "INPUTS": sum(end.count for end in self.inputs),
            "OUTPUTS": sum(end.count for end in self.outputs),
            "STEPS": self.steps,
            "INPUT_TYPE": registers.type_word(self.inputs[0].type),
            "OUTPUT_TYPE": registers.type_word(self.outputs[0].type),
            "MODE": int(self.options.streaming) | int(self.outputs[0].every_step) << 1,
        }

    @property
    def stream_facts(self) -> Words:
        """The parameter FACTS of lmu_registers: the constants of each stream, the first one in the low bits."""
        ends = (*self.inputs, *self.outputs)
        return Words([word for end in ends for word in end.contents(self.steps).values()], registers.WORD_BITS)

    @property
    def steps(self) -> int:
        """Steps that a sequence must have; 0: any number."""
        return checked_steps(self.network, self.options)

    @property
    def several(self) -> bool:
        """There is more than one stream in or out."""
        return len(self.inputs) + len(self.outputs) > 2

    @property
    def framed(self) -> bool:
        """tlast of the inputs is read, and outputs have one; not so in endless streams of several inputs or outputs."""
        return not (self.several and self.options.streaming)

    @property
    def even(self) -> bool:
        """Steps come at one pace: none of them brings more windows than another or takes longer."""
        return self.cycles.even and all(layer.kind != WINDOWS for layer in self.layers)

    @property
    def paced(self) -> bool:
        """Sequences come at the pace of their steps, also those of any length that are short: nothing that is done once
        a sequence takes longer than a step."""
        once = [layer.ii_cycles for layer in self.layers if layer.executions < self.network.steps]
        return not self.network.any_length or (self.even and all(ii <= self.cycles.ii for ii in once))

    @property
    def by_length(self) -> bool:
        """The latency depends on the steps of a sequence: windows of any length begin when all have come."""
        return self.network.any_length and any(layer.kind == WINDOWS for layer in self.layers)

    # Of the only input, or the only output; ValueError where there are several

    @property
    def in_bus(self) -> int:
        """Bits of s_axis_tdata, whole bytes."""
        (end,) = self.inputs
        return end.bus

    @property
    def out_bus(self) -> int:
        """Bits of m_axis_tdata, whole bytes."""
        (end,) = self.outputs
        return end.bus

    @property
    def out(self) -> Stream:
        (end,) = self.outputs
        return end.stream

    @property
    def every_step(self) -> bool:
        (end,) = self.outputs
        return end.every_step

    @property
    def out_steps(self) -> int | None:
        """Steps that come out for a sequence where they are not as many as come in; one is a vector, or a step."""
        (end,) = self.outputs
        return end.steps

    @property
    def ended_bits(self) -> int:
        """Of the number of sequences whose last beat has come in and not gone out."""
        return max(6, (framing_depth(self.net) + UNDER_WAY).bit_length() + 1)

    @property
    def counted(self) -> list[tuple[str, str, str, list[str], int]]:
        """The instances of lmu_together: name, their outputs, the events of each stream, bits of a count."""
        ins, outs, bits = self.inputs, self.outputs, self.ended_bits
        each_end = [f"accept{end.suffix} && {end.stream.last}" for end in ins]
        return [
            ("ends_in", "all_in", "ahead_in", each_end, bits),
            ("ends_out", "all_out", "ahead_out", [f"ended{end.suffix}" for end in outs], bits),
            ("steps_in", "step", "ahead_steps", [f"accepted{end.suffix}" for end in ins],
             bits + self.network.steps.bit_length()),
        ]  # fmt: skip

    @property
    def multipliers(self) -> int:
        return sum(layer.multipliers for layer in self.layers)


def checked_steps(network: Network, options: RtlOptions) -> int:
    """Steps that a sequence must have; 0: any number. So it is with chunks where no layer reads whole ones."""
    if network.any_length:
        return 0
    chunks = network.stateful and not network.branches and all(layer.over is None for layer in network.layers)
    return network.steps if options.check_steps and not options.streaming and not chunks else 0


def utilisation(plan: NetworkPlan) -> float:
    """Useful multiplications in a sequence / (cycles of a sequence * multipliers), back to back."""
    useful = sum(part.macs * layer.executions for layer in plan.layers for part in layer.parts)
    return useful / (plan.cycles.sequence * plan.multipliers)


def layer_plan(
    name: str,
    kind: str,
    pace: Pace,
    executions: int,
    types: Mapping[str, FixedType] | None = None,
    reuse_factor: int | None = None,
    parts: tuple[PartPlan, ...] = (),
    product_multipliers: int = 0,
) -> LayerPlan:
    """What is told of a layer of this ``pace``; by default of one without multiplications."""
    return LayerPlan(
        name=name,
        kind=kind,
        types=types or {},
        reuse_factor=reuse_factor,
        ii_cycles=pace.ii,
        formulas={unit: text for unit, (text, _) in pace.formulas.items()},
        cycles={unit: cycles for unit, (_, cycles) in pace.formulas.items()},
        multipliers=sum(part.multipliers for part in parts) + product_multipliers,
        product_multipliers=product_multipliers,
        parts=parts,
        executions=executions,
    )
