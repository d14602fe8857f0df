"""The memory of the demo beside that of a peer, in the same run: cycles, cells and clock on a Lattice ECP5.

    python -m benchmarks.peers [--seeds N] [--ours/--no-ours]

The peer is alkaid (https://github.com/calad0i/alkaid, LGPL-3; ``pip install alkaid``), which makes Verilog of a
constant matrix by distributed arithmetic. It is measured in two forms: with a register behind the matrix, which is the
state of one channel, and as a ring, where the registers of its pipeline are the states of all channels. What it
computes is compared with the matrix first, integer by integer. Its modules have no handshake and no reset of the state,
and round ties up, where those of this project round them to even: they do a little less.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import typer
from rich.console import Console

from benchmarks.memories import FORMS, STATE, TOP, figures, measure, rows_of, table_of, update_of
from benchmarks.place_and_route import SEEDS
from lmu_hls.configurations import DEMO
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.spec import DenseUpdate

SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Peer:
    """The matrix with ``registers`` between its inputs and the next states: one for each channel."""

    registers: int

    @property
    def name(self) -> str:
        return "alkaid, one channel" if self.registers == 1 else f"alkaid, a ring of {self.registers}"


PEERS = (Peer(1), Peer(DEMO.memory_d))


def matrix() -> tuple[Ints, int]:
    """Integers of [B, A], by which (u, mem) becomes the next mem, and their fraction bits."""
    update = update_of("dense")
    assert isinstance(update, DenseUpdate)
    coefficients, fraction = update.joint(STATE, STATE)
    return coefficients, fraction - STATE.fraction


def next_states(values: Ints) -> Ints:
    """mem of rows of (u, mem), all of them integers of STATE: ties are rounded up, and what does not fit is clipped."""
    coefficients, fraction = matrix()
    sums = values.astype(object) @ coefficients
    return np.clip((sums + (1 << fraction - 1)) >> fraction, STATE.min_int, STATE.max_int).astype(np.int64)


def logic_of(alkaid: Any) -> Any:
    """The peer's graph of the matrix. Raises LmuHlsError where it does not compute ``next_states``."""
    coefficients, fraction = matrix()
    whole = STATE.integer - 1
    inputs = alkaid.trace.FVArrayInput((len(coefficients),)).quantize(1, whole, STATE.fraction)
    sums = inputs @ np.ascontiguousarray((coefficients * 2.0**-fraction).astype(float))
    logic = alkaid.trace.trace(inputs, sums.quantize(1, whole, STATE.fraction, overflow_mode="SAT", round_mode="RND"))
    check(logic)
    return logic


def check(logic: Any, samples: int = SAMPLES) -> None:
    """Compare ``logic`` with ``next_states`` on random values and the largest ones."""
    rng = np.random.default_rng(0)
    width = len(matrix()[0])
    values = rng.integers(STATE.min_int, STATE.max_int + 1, (samples, width))
    values[0], values[1] = STATE.min_int, STATE.max_int
    given = np.asarray(logic.predict(values * 2.0**-STATE.fraction)) * 2.0**STATE.fraction
    if not np.array_equal(given, next_states(values)):
        raise LmuHlsError("alkaid computes something else than the matrix of the memory: its figures mean nothing")


def source(inner: str) -> str:
    """A module ``memory`` that feeds the states back to ``inner``."""
    states = DEMO.order * STATE.width
    return f"""module {TOP} (input wire clk, input wire [{STATE.width - 1}:0] u, output wire [{states - 1}:0] mem);
    {inner} unit (.clk(clk), .model_inp({{mem, u}}), .model_out(mem));
endmodule
"""


def measured(peer: Peer, folder: Path, seeds: Sequence[int]) -> list[str]:
    """A row of the table."""
    alkaid = imported()
    staged = alkaid.trace.to_pipeline(logic_of(alkaid), n_stages=peer.registers, reg_inp=False, verbose=False)
    alkaid.codegen.rtl.RTLModel(staged, folder / "peer", "peer_matrix").write()
    written = sorted((folder / "peer" / "src").rglob("*.v"))
    sources = [folder / "memory.v", *(file for file in written if not file.name.endswith("_wrapper.v"))]
    sources[0].write_text(source("peer_matrix"))
    return [peer.name, *figures(sources, [], peer.registers, folder, seeds)]


def imported() -> Any:
    """alkaid with what is needed of it. Raises LmuHlsError where it is not installed."""
    try:
        import alkaid.codegen.rtl
        import alkaid.trace
    except ImportError as error:
        raise LmuHlsError(
            f"alkaid cannot be imported ({error}): pip install alkaid; python -m benchmarks.memories is without it"
        ) from None
    return alkaid


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of place and route; the clock is the median.")] = len(SEEDS),
    ours: Annotated[bool, typer.Option(help="Measure the forms of this project, too.")] = True,
) -> None:
    """Print the memory of the demo in each form, the peer's last."""
    chosen = range(1, seeds + 1)
    try:
        imported()
    except LmuHlsError as error:
        raise SystemExit(str(error)) from None
    rows = [
        *(rows_of(FORMS, lambda form, folder: measure(form, folder, chosen)) if ours else []),
        *rows_of(PEERS, lambda peer, folder: measured(peer, folder, chosen)),
    ]
    Console().print(table_of(rows))


if __name__ == "__main__":
    typer.run(main)
