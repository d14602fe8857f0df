"""Operations and accesses times published energies: an estimate of the energy of a step and of an inference."""

from __future__ import annotations

from collections.abc import Iterator

from lmu_hls.energy.activity import Measured
from lmu_hls.energy.drivers import RAM, REGISTER, ROM
from lmu_hls.energy.operations import operations
from lmu_hls.energy.published import (
    PAPER,
    REGISTER_PJ,
    SOURCE,
    VOLTAGES,
    access_pj,
    addition_pj,
    multiplication_pj,
    scale,
)
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.energy import Energy, OperationEnergy
from lmu_hls.spec import Network

METHOD = "operation model"
NODE_NM = PAPER.node_nm
STEP_MS = PAPER.step_ms


def estimate(
    network: Network, measured: Measured, sequences: int, step_cycles: int, node_nm: int, step_ms: float
) -> Energy:
    """The energy of ``network``, whose Verilog did what was ``measured`` in ``sequences`` sequences.

    Raises LmuHlsError for a node without a rule and for a time between steps that is none.
    """
    check(node_nm, step_ms)
    rows = tuple(_rows(network, measured, sequences, scale(node_nm)))
    total = sum(row.picojoules for row in rows) / 1000
    return Energy(
        method=METHOD,
        node_nm=node_nm,
        voltage=VOLTAGES[node_nm],
        step_ms=step_ms,
        energy_per_step_nj=total / network.steps,
        energy_per_inference_nj=total,
        power_uw=total / network.steps / step_ms,
        steps=network.steps,
        step_cycles=step_cycles,
        sequences=sequences,
        cycles=measured.cycles,
        memory_bits=sum(access.memory.width * access.memory.words for access in measured.accesses),
        operations=rows,
        activity=measured.rows,
        assumptions=assumptions(node_nm),
    )


def check(node_nm: int, step_ms: float) -> None:
    """LmuHlsError for a node without a rule and for a time between steps that is none."""
    if node_nm not in VOLTAGES:
        raise LmuHlsError(f"no supply voltage is known for {node_nm} nm; give one of {', '.join(map(str, VOLTAGES))}")
    if not 0 < step_ms < float("inf"):
        raise LmuHlsError(f"a step every {step_ms} ms is not possible; give the milliseconds, such as {STEP_MS:g}")


def assumptions(node_nm: int) -> tuple[str, ...]:
    """What the figures rest on, a sentence each."""
    factor = f"{scale(node_nm):.3f}"
    return (
        f"Energies of operations: {SOURCE}; products by the product of their widths, sums by their width, memories by "
        "the square root of their size, also below the 8 KB of the source.",
        f"At {node_nm} nm and {VOLTAGES[node_nm]} V they are {factor} of that: capacitance goes as the node, "
        "energy as the square of the voltage.",
        "Every ROM and RAM of the Verilog is an SRAM of its own; products and sums are those of the contract, "
        "accesses and registers those of the simulation, without glitches.",
        "A register bit that changes costs what a bit of a register file does, which is much; registers of products "
        "are part of the multipliers. Left out: leakage, clock tree, control logic, wires, what makes the input.",
    )


def _rows(network: Network, measured: Measured, sequences: int, factor: float) -> Iterator[OperationEnergy]:
    """A row for each kind of operation, for one sequence."""
    asked = operations(network)
    for (a, b), count in sorted(asked.products.items()):
        energy = count * multiplication_pj(a, b) * factor
        yield OperationEnergy(f"products of {a} x {b} bits", float(count), float(count * (a + b)), energy, "formula")
    bits = sum(width * count for width, count in asked.sums.items())
    yield OperationEnergy("sums", float(asked.sums.total()), float(bits), addition_pj(bits) * factor, "formula")
    for kind, name in ((ROM, "read"), (RAM, "read"), (RAM, "written")):
        words = bits = 0
        energy = 0.0
        for access in (item for item in measured.accesses if item.memory.kind == kind):
            memory, count = access.memory, access.reads if name == "read" else access.writes
            words += count
            bits += count * memory.width
            energy += access_pj(count * memory.width, memory.width * memory.words)
        yield OperationEnergy(
            f"{kind} words {name}", words / sequences, bits / sequences, energy / sequences * factor, "rtl_sim"
        )
    toggles = measured.toggles(REGISTER) / sequences
    yield OperationEnergy("register bits changed", toggles, toggles, toggles * REGISTER_PJ * factor, "rtl_sim")
