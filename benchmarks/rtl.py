"""The whole network in Verilog: speed of simulation, cycles against the formulas, and the use of the multipliers.

    python benchmarks/rtl.py [--quick]

Trains the demo's network (--quick: takes random weights and no cocotb bench, and shows every table but the speeds).
The Verilog is compiled without ccache, and every prediction is compared with golden. cocotb's rate is the difference
of two runs, so that neither has its start-up time in it.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hls4ml
import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import lmu_hls
from lmu_hls import backend, demo
from lmu_hls.backend.design import Design
from lmu_hls.configurations import KEYWORD, PSMNIST
from lmu_hls.fixed import Ints, quantize
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.plan import NetworkPlan, utilisation
from lmu_hls.rtl.reuse import asking, requests, settle
from lmu_hls.spec import Network
from lmu_hls.verify import bench

PRECISION = "fixed<16,6>"
COCOTB_SAMPLES = (2, 12)  # utterances of the short and of the long run
REPEATS = 20  # times all utterances go through for the rate of predict()
ORDER = PSMNIST.order  # of the memories whose updates are compared
UPDATE_STEPS = 24  # more than the buffers hold
DENSE_MULTIPLIERS = 4


def memory_only(order: int = ORDER) -> Any:
    """One memory and nothing else."""
    layer = lmu_hls.LMU(1, order, PSMNIST.theta, None, discretizer="bilinear", basis="orthonormal", name="lmu")
    return keras.Sequential([keras.Input((UPDATE_STEPS, 1)), layer], name="memory")


def convert(model: Any, folder: Path, layers: dict[str, dict[str, Any]] | None = None) -> Any:
    """The hls4ml model for the backend Verilog; ``layers`` are settings by layer name."""
    with contextlib.redirect_stdout(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(
            model, granularity="name", backend="Verilog", default_precision=PRECISION
        )
        for name, settings in (layers or {}).items():
            config["LayerName"][name] |= settings
        return hls4ml.converters.convert_from_keras_model(
            model, backend="Verilog", hls_config=config, output_dir=str(folder), project_name="net"
        )


def with_reuse(network: Network, cycles: int) -> NetworkPlan:
    """The accelerator that is asked for ``cycles`` a step."""
    return plan_network(settle(asking(network, cycles), cycles).network)


def plans(network: Network) -> list[NetworkPlan]:
    """Every accelerator that a reuse factor of the whole gives."""
    return [with_reuse(network, cycles) for cycles in requests(network)]


def best(network: Network) -> NetworkPlan:
    """Of those whose steps all take the same time, as it is measured here, the one with the busiest multipliers."""
    return max((plan for plan in plans(network) if plan.even), key=utilisation)


def reuse_settings(plan: NetworkPlan) -> dict[str, dict[str, Any]]:
    return {la.name: {"ReuseFactor": la.reuse_factor} for la in plan.layers if la.reuse_factor is not None}


@contextlib.contextmanager
def without_ccache() -> Iterator[None]:
    """Compilations in this block take their full time."""
    before = os.environ.get("CCACHE_DISABLE")
    os.environ["CCACHE_DISABLE"] = "1"
    try:
        yield
    finally:
        os.environ.pop("CCACHE_DISABLE")
        if before is not None:
            os.environ["CCACHE_DISABLE"] = before


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds, and samples per second."""

    compile: float
    predict: float
    samples: int
    rate: float
    cocotb_rate: float


def speed(model: Any, x: np.ndarray, folder: Path) -> Speed:
    """Compile the model's accelerator and predict all of x, at full speed and through a cocotb bench."""
    plan = best(network_spec(convert(model, folder)))
    graph = convert(model, folder, reuse_settings(plan))
    graph.write()
    with without_ccache():
        start = time.perf_counter()
        made = backend.compile(graph)
        compiled = time.perf_counter() - start
    start = time.perf_counter()
    answer = graph.predict(x)
    predicted = time.perf_counter() - start
    if not np.array_equal(answer, graph.predict(x, engine="golden")):
        raise SystemExit("the Verilog and golden differ")
    of = backend.design_of(graph)
    many = np.tile(quantize(x, of.network.x), (REPEATS, 1, 1))
    start = time.perf_counter()
    made.run(many)
    rate = len(many) / (time.perf_counter() - start)
    return Speed(compiled, predicted, len(x), rate, cocotb_rate(of, quantize(x, of.network.x), folder))


def cocotb_rate(of: Design, x: Ints, folder: Path) -> float:
    """Samples per second of the cocotb bench, under Verilator."""
    work = folder / "work" / "cocotb"
    made = bench.build("verilator", of.sources(folder), of.interface, folder, work)
    times = []
    for count in COCOTB_SAMPLES:
        start = time.perf_counter()
        found = made.run(x[:count]).outputs
        times.append(time.perf_counter() - start)
        if not np.array_equal(found, of.golden(x[:count])):
            raise SystemExit("the Verilog under cocotb and golden differ")
    return (COCOTB_SAMPLES[1] - COCOTB_SAMPLES[0]) / (times[1] - times[0])


@dataclass(frozen=True, slots=True)
class Cycles:
    """Cycles a step and latency, by formula and measured."""

    name: str
    multipliers: int
    ii: int
    measured_ii: int
    latency: int
    measured_latency: int


def cycles(name: str, model: Any, folder: Path, layers: dict[str, dict[str, Any]], samples: int = 4) -> Cycles:
    """What the accelerator of ``model`` takes, on random input."""
    graph = convert(model, folder, layers)
    graph.write()
    made, of = backend.compile(graph), backend.design_of(graph)
    kind, rng = of.network.x, np.random.default_rng(0)
    x = rng.integers(kind.min_int, kind.max_int, (samples, of.network.steps, of.network.n_in), endpoint=True)
    busy = made.run(x)
    if not np.array_equal(busy.outputs, of.golden(x)):
        raise SystemExit(f"{name}: the Verilog and golden differ")
    idle = made.run(x[:2], pause=3 * (of.plan.cycles.latency + of.plan.cycles.ii))
    of_formula = of.plan.cycles
    return Cycles(name, of.plan.multipliers, of_formula.ii, busy.ii_cycles, of_formula.latency, idle.latency_cycles)


def update_settings(update: str) -> dict[str, dict[str, Any]]:
    """Settings of :func:`memory_only`: its dense update gets :data:`DENSE_MULTIPLIERS`."""
    reuse = ORDER * (ORDER + 1) // DENSE_MULTIPLIERS if update == "dense" else 1
    return {"lmu": {"MemoryUpdate": update, "ReuseFactor": reuse}}


def utilisation_table(name: str, found: list[NetworkPlan]) -> Table:
    table = Table("cycles a step", "reuse factors", "multipliers", "used", title=f"{name}: use of the multipliers")
    for plan in found:
        factors = ", ".join(f"{la.name} {la.reuse_factor}" for la in plan.layers if la.reuse_factor is not None)
        table.add_row(f"{plan.cycles.ii:,}", factors, str(plan.multipliers), f"{100 * utilisation(plan):.1f} %")
    return table


def cycles_table(rows: list[Cycles]) -> Table:
    table = Table("network", "multipliers", "cycles a step", "measured", "latency", "measured", title="Cycles")
    for row in rows:
        numbers = (row.multipliers, row.ii, row.measured_ii, row.latency, row.measured_latency)
        table.add_row(row.name, *(f"{number:,}" for number in numbers))
    return table


def speed_table(found: Speed) -> Table:
    table = Table("what", "measured", "target", title="Simulation of the demo network")
    table.add_row("compilation", f"{found.compile:.1f} s", "60 s")
    table.add_row(f"predict() of {found.samples} utterances", f"{found.predict:.2f} s", "20 s")
    table.add_row("Verilated, samples/s", f"{found.rate:,.0f}", "")
    table.add_row("cocotb on Verilator, samples/s", f"{found.cocotb_rate:,.1f}", "")
    table.add_row("ratio", f"{found.rate / found.cocotb_rate:,.0f}", "50")
    return table


def main(quick: bool) -> None:
    """Print the tables."""
    console = Console(width=120)
    test = demo.load_speech("test")
    speech = demo.build_model() if quick else demo.train(demo.load_speech("train"), lambda *now: None)
    keras.utils.set_random_seed(0)
    words = KEYWORD.keras_model()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        rows = []
        for name, model in (("demo", speech), ("keyword spotting", words)):
            network = network_spec(convert(model, root / "any"))
            console.print(utilisation_table(f"{name}, {model.count_params():,} weights", plans(network)))
            rows.append(cycles(name, model, root / name, reuse_settings(best(network))))
        for update in ("dense", "tridiagonal"):
            settings = update_settings(update)
            rows.append(cycles(f"memory, order {ORDER}, {update}", memory_only(), root / update, settings, samples=1))
        console.print(cycles_table(rows))
        if not quick:
            console.print(speed_table(speed(speech, test.x, root / "speed")))
    if any((row.ii, row.latency) != (row.measured_ii, row.measured_latency) for row in rows):
        raise SystemExit("measured cycles differ from the formulas")


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
