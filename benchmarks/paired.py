"""Speed of two revisions of lmu_hls, in one run: golden, convert, compile, predict and csim of the same networks.

    python benchmarks/paired.py OLD [NEW] [--case NAME]... [--rounds N] [--least RATIO]

OLD and NEW are revisions of this repository, or folders with a checkout; NEW is this checkout by default. Each runs in
a process of its own, with one thread. Their turns alternate, and CPU time is taken (that of the compilers too), so that
what else the machine does has little weight. The figures are the medians of the rounds and, of the ratios old / new of
each round, the median: above 1 the new revision is faster. Ends with 1 where a ratio is below ``--least``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, LEAST = 7, 0.9
REPEATS = 10  # of golden in a round
CSIM_SAMPLES = 20
SILENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "CCACHE_DISABLE": "1",
}
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
GOLDEN = {  # order, memory_d, steps, samples, hidden cell, memory update
    "golden dense": (12, 2, 20, 4000, "Dense", "dense"),
    "golden tridiagonal": (12, 2, 20, 4000, "Dense", "tridiagonal"),
    "golden tridiagonal, few samples": (12, 2, 100, 50, "Dense", "tridiagonal"),
    "golden tridiagonal 64": (64, 1, 50, 500, "Dense", "tridiagonal"),
    "golden lstm": (6, 2, 20, 1000, "LSTM", "dense"),
    "golden gru": (6, 2, 20, 1000, "GRU", "dense"),
}

Work = Callable[[], object]


def network_of(order: int, memory_d: int, steps: int, cell: str, units: int = 16, n_in: int = 4) -> Any:
    """A Keras model with that LMU and a Dense head."""
    import keras

    import lmu_hls

    keras.utils.set_random_seed(0)
    cells = {"Dense": keras.layers.Dense, "LSTM": keras.layers.LSTMCell, "GRU": keras.layers.GRUCell}
    options: dict[str, Any] = {"activation": "relu"} if cell == "Dense" else {}
    layer = lmu_hls.LMU(
        memory_d,
        order,
        float(2 * order),
        cells[cell](units, **options),
        discretizer="bilinear",
        basis="orthonormal",
        input_to_hidden=True,
        name="lmu",
    )
    return keras.Sequential([keras.Input((steps, n_in)), layer, keras.layers.Dense(8, name="head")], name="paired")


def graph_of(model: Any, folder: str, backend: str, update: str = "dense") -> Any:
    """The hls4ml model; nothing is written."""
    import hls4ml

    with contextlib.redirect_stdout(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend=backend)
        config["LayerName"]["lmu"]["MemoryUpdate"] = update
        return hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, backend=backend, output_dir=folder, io_type="io_parallel"
        )


def golden_work(name: str, folder: str) -> Work:
    """All of golden's predictions for the samples of a case of :data:`GOLDEN`."""
    import numpy as np

    from lmu_hls import golden
    from lmu_hls.fixed import quantize

    order, memory_d, steps, samples, cell, update = GOLDEN[name]
    network = contract_of(graph_of(network_of(order, memory_d, steps, cell), folder, "Vitis", update))
    x = quantize(np.random.default_rng(0).normal(size=(samples, steps, 4)), network.x)
    return lambda: [golden.predict(network, x) for _ in range(REPEATS)]


def contract_of(graph: Any) -> Any:
    """The contract; where it is read out of the graph has changed its name."""
    try:
        from lmu_hls.front.extract import network_spec
    except ImportError:
        from lmu_hls.spec.extract import network_spec  # type: ignore[import-not-found, no-redef]
    return network_spec(graph)


def convert_work(name: str, folder: str) -> Work:
    """From the Keras model to the written project of one backend."""
    model, backend = network_of(12, 2, 20, "GRU"), name.split()[-1]

    def work() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            graph_of(model, folder, backend).write()

    return work


def compile_work(name: str, folder: str) -> Work:
    """The C++ of the project through g++, or the Verilog through Verilator; nothing is taken from a cache."""
    backend = name.split()[-1]
    graph = graph_of(network_of(6, 2, 5, "Dense"), folder, backend)
    with contextlib.redirect_stdout(io.StringIO()):
        graph.write()

    def work() -> None:
        with tempfile.TemporaryDirectory() as cache, contextlib.redirect_stdout(io.StringIO()):
            os.environ["LMU_HLS_CACHE"] = cache
            shutil.rmtree(Path(folder, "work"), ignore_errors=True)  # where a revision keeps the build in the project
            graph.compile()

    return work


def predict_work(name: str, folder: str) -> Work:
    """Samples through the compiled program of one backend."""
    import numpy as np

    graph = graph_of(network_of(6, 2, 20, "Dense"), folder, name.split()[-1])
    with contextlib.redirect_stdout(io.StringIO()):
        graph.compile()
    x = np.random.default_rng(0).normal(size=(300, 20, 4)).astype(np.float32)
    return lambda: graph.predict(x)


def csim_work(name: str, folder: str) -> Work:
    """Calls of the compiled C++, as `lmu-hls verify` compiles it, for sequences of 784 values (order 32, 64 units)."""
    import ctypes

    import numpy as np

    from lmu_hls.verify.csim import compile_project

    graph = graph_of(network_of(32, 1, 784, "Dense", units=64, n_in=1), folder, "Vitis")
    with contextlib.redirect_stdout(io.StringIO()):
        graph.write()
    made = compile_project(Path(folder))
    call = getattr(ctypes.CDLL(str(made.library)), f"{made.name}_double")
    os.chdir(folder)  # the weights are read from files below it
    x, y = np.random.default_rng(0).normal(size=(CSIM_SAMPLES, 784)), np.zeros(8)
    rows = [row.ctypes.data_as(ctypes.c_void_p) for row in x]
    return lambda: [call(row, y.ctypes.data_as(ctypes.c_void_p)) for row in rows]


CASES: dict[str, Callable[[str, str], Work]] = {
    **dict.fromkeys(GOLDEN, golden_work),
    "convert to Vitis": convert_work,
    "convert to Verilog": convert_work,
    "compile Vitis": compile_work,
    "compile Verilog": compile_work,
    "predict by Vitis": predict_work,
    "predict by Verilog": predict_work,
    "csim": csim_work,
}


def cpu_seconds(work: Work) -> float:
    """CPU time of this process and of its children for one run."""

    def used() -> float:
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    start = used()
    work()
    return used() - start


def serve(name: str) -> None:
    """What runs inside a revision: one run before the first line, then the CPU time of one for each line that comes."""
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        work = CASES[name](name, folder)
        work()
        for _ in sys.stdin:
            print(json.dumps(cpu_seconds(work)), file=answers, flush=True)


@contextlib.contextmanager
def revision(name: str) -> Iterator[Path]:
    """A folder with that revision; a folder is taken as it is."""
    if Path(name).is_dir():
        yield Path(name).resolve()
        return
    with tempfile.TemporaryDirectory() as parent:
        tree = Path(parent) / "tree"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), name], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextlib.contextmanager
def timer(tree: Path, name: str) -> Iterator[Callable[[], float]]:
    """A process in which one run of the case takes so many seconds."""
    environment = {**os.environ, **SILENT, **THREADS, "PYTHONPATH": str(tree)}
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--serve", name],
            env={**environment, "LMU_HLS_CACHE": cache},
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def measure() -> float:
            print(file=stdin, flush=True)
            answer = stdout.readline()
            if not answer:
                errors.seek(0)
                raise SystemExit(f"{name!r} does not run in {tree}:\n{errors.read()[-2000:]}")
            return float(json.loads(answer))

        try:
            yield measure
        finally:
            stdin.close()
            process.wait()


def compare(old: Callable[[], float], new: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Median seconds of old and of new, and the median of the rounds' ratios old / new; who begins alternates."""
    pairs = []
    for turn in range(rounds):
        first, second = (old, new) if turn % 2 == 0 else (new, old)
        times = first(), second()
        pairs.append(times if turn % 2 == 0 else times[::-1])
    ratio = statistics.median(before / after for before, after in pairs)
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs), ratio


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where the new revision is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?", default=str(ROOT))
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--least", type=float, default=LEAST)
    options = parser.parse_args(arguments)
    table, slow = Table("case", "old, CPU s", "new, CPU s", "old / new"), 0
    with revision(options.old) as old_tree, revision(options.new) as new_tree:
        for name in options.case or CASES:
            with timer(old_tree, name) as old, timer(new_tree, name) as new:
                before, after, ratio = compare(old, new, options.rounds)
            table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{ratio:.2f}")
            slow += ratio < options.least
    Console(width=100).print(table)
    return 1 if slow else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        sys.exit(main())
