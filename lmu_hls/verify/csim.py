"""C simulation: compile the C++ of an hls4ml project as it lies on disk, run it, and give back integers.

Nothing of hls4ml or Keras is needed, and no file of the project is written: the library is kept in the user's cache,
by the preprocessed text of the project. What the user or a test changed in the project is therefore what runs.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls import builds, process, toolchain
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints, to_float
from lmu_hls.naming import is_identifier
from lmu_hls.spec import Input, Network
from lmu_hls.spec.lengths import check_lengths, held

FLAGS = ("-O2", "-std=c++14", "-fPIC", "-w")  # C++14 is what Vitis HLS compiles
MAX_WIDTH = 53  # values cross the C interface as double
TAIL = 25  # lines of a failing program's output that an error message quotes
WEIGHTS = "firmware/weights"  # below the project, where the library runs: no path of the user becomes C++
# Where the backends of hls4ml put the headers of their number types, in projects that have them
INCLUDES = (
    "firmware/ap_types",
    "firmware/ac_types",
    *(f"firmware/{name}/include" for name in ("ac_types", "ac_math", "ac_simutils")),
    "firmware/nnet_utils",
)
LIBRARY = "csim.so"
SWITCH = "lmu_state_of_call"  # the variable of a stateful project that says which state a call has: see nnet_lmu.h
WORKER = Path(__file__).with_name("csim_worker.py")

Sizes = tuple[list[int], list[int]]


@dataclass(frozen=True, slots=True)
class CsimProject:
    """A compiled project: ``name`` is its top function, ``library`` the shared object with ``<name>_double``."""

    directory: Path
    name: str
    library: Path

    def run(
        self,
        x: Ints,
        network: Network,
        progress: Callable[[int], None] = lambda done: None,
        lengths: Ints | None = None,
    ) -> Ints:
        """As :meth:`run_all`, of a network with one input and one output."""
        (item,) = network.inputs
        (output,) = self.run_all({item.name: x}, network, progress, lengths).values()
        return output

    def run_all(
        self,
        x: Mapping[str, Ints],
        network: Network,
        progress: Callable[[int], None] = lambda done: None,
        lengths: Ints | None = None,
    ) -> dict[str, Ints]:
        """The outputs, by name, for each input's x, integers of its type with shape (batch, steps, n_in).

        Shapes and types are those of golden's outputs. The library runs in a process of its own, so that one that
        crashes ends in an LmuHlsError. ``progress`` is told the number of samples done. ``lengths`` (batch,) are the
        steps that count, by default all, of a network that takes any number of them.
        """
        flat = [_flat(item, x[item.name], network.steps) for item in network.inputs]
        if network.any_length:
            samples = len(flat[0])
            each = np.full(samples, network.steps) if lengths is None else lengths
            lengths = check_lengths(each, samples, network.steps, least=network.least_steps)
            flat.append(lengths[:, np.newaxis].astype(np.float64))
        ends = {name: network.values[name] for name in network.outputs}
        for type_ in (*(item.type for item in network.inputs), *(value.type for value in ends.values())):
            if type_.width > MAX_WIDTH:
                raise LmuHlsError(f"csim passes at most {MAX_WIDTH} bits, not {type_}; use a narrower input or output")
        shapes = [output_shape(network, name) for name in ends]
        sizes = [values.shape[1] for values in flat], [int(np.prod(shape)) for shape in shapes]
        with tempfile.TemporaryDirectory() as folder:
            inputs, outputs = Path(folder, "in.npy"), Path(folder, "out.npy")
            np.save(inputs, np.concatenate(flat, axis=1))
            self._work(self._command(inputs, outputs, sizes, network.stateful), progress)
            values = np.split(np.load(outputs), np.cumsum(sizes[1])[:-1], axis=1)
        parts = zip(ends.items(), values, shapes, strict=True)
        found = {name: _integers(part, end.type).reshape(len(part), *shape) for (name, end), part, shape in parts}
        if lengths is None:
            return found
        given = network.steps_of(lengths)
        return {
            name: y if (steps := ends[name].steps) is None else held(y, given[name], steps) for name, y in found.items()
        }

    def _command(self, inputs: Path, outputs: Path, sizes: Sizes, stateful: bool) -> list[str]:
        """What reads the samples of the file ``inputs`` and writes the values of each to ``outputs``.

        ``sizes`` are the values of a sample for each input, and for each output, which stand side by side in these
        files. The samples of a ``stateful`` network are chunks of one sequence.
        """
        numbers = (",".join(map(str, each)) for each in sizes)
        arguments = (str(self.library), f"{self.name}_double", str(inputs), str(outputs), *numbers)
        return process.python(WORKER, *arguments, *([SWITCH] if stateful else []))

    def _work(self, command: list[str], progress: Callable[[int], None]) -> None:
        """Run the command, report its progress; LmuHlsError when it fails or the C++ prints an error."""
        hear, printed = process.hear_progress(progress)
        name = f"the compiled C++ of {self.directory}"
        code = process.run(command, tool=name, cwd=self.directory, line=hear).code
        # hls4ml's loader prints "ERROR" and goes on when a file of weights is too short.
        if code or any("ERROR" in line for line in printed):
            tail = "\n".join([*printed][-TAIL:]).strip() or f"it ended with code {code}"
            remedy = process.trouble(code, tail) if code != -signal.SIGSEGV else None  # as the C++ may make it
            raise LmuHlsError(f"{name} failed: {tail}\n{remedy or 'Restore the project: convert again'}.")


def compile_project(project_dir: Path) -> CsimProject:
    """Compile the hls4ml project in ``project_dir`` with g++; ``CXXFLAGS`` come last, such as -O0 for a short run.

    Raises LmuHlsError when it is no hls4ml project, when g++ is absent, and with the compiler's output when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
        text = Path(scratch, "unit.ii")
        directory, name, command = preprocess(project_dir, text)

        def make(folder: Path) -> None:
            run_compiler([*command, "-shared", str(text), "-o", str(folder / LIBRARY)], directory)

        # All headers are in the preprocessed text, those of the system and of the compiler, too
        parts: list[str | bytes] = [toolchain.need("g++").identity, *command, text.read_bytes()]
        library = builds.built("csim", parts, make) / LIBRARY
    return CsimProject(directory, name, library)


def preprocess(project_dir: Path, text: Path, first: str = "", last: str = "") -> tuple[Path, str, list[str]]:
    """Write all the C++ of a project as one preprocessed unit to ``text``; its folder, its top, and g++ with its flags.

    ``first`` and ``last`` are C++ around that of the project.
    """
    directory = Path(project_dir).resolve()
    bridges = sorted(directory.glob("*_bridge.cpp"))
    if len(bridges) != 1 or not (directory / "firmware").is_dir():
        raise LmuHlsError(f"{project_dir} is not an hls4ml project in C++; convert the model first")
    bridge = bridges[0]
    name = bridge.name.removesuffix("_bridge.cpp")
    compiler = toolchain.need("g++")
    if not is_identifier(name):
        raise LmuHlsError(f"{project_dir} has a {bridge.name!r}, which hls4ml did not write; convert the model again")
    options = [*FLAGS, *shlex.split(os.environ.get("CXXFLAGS", ""))]
    includes = [f"-I{folder}" for folder in INCLUDES if (directory / folder).is_dir()]
    flags = ["-I.", *includes, "-D", f'WEIGHTS_DIR="{WEIGHTS}"']
    # One translation unit, given on stdin: reading the headers is most of the work.
    parts_of_top = [f"firmware/{name}{part}.cpp" for part in ("", "_axi")]  # the second is VivadoAccelerator's wrapper
    sources = [source for source in parts_of_top if (directory / source).is_file()]
    unit = "".join(f'#include "{source}"\n' for source in (*sources, bridge.name))
    command = [str(compiler.path), *options]
    run_compiler([*command, *flags, "-E", "-x", "c++", "-", "-o", str(text)], directory, first + unit + last)
    return directory, name, command


def arguments_of(project_dir: Path, name: str) -> int:
    """How many arrays the function takes that the bridge of a project has: those of its inputs and outputs."""
    text = (project_dir / f"{name}_bridge.cpp").read_text(encoding="utf-8")
    head = re.search(rf"\bvoid {name}_double\(([^)]*)\)", text)
    if head is None:
        raise LmuHlsError(f"{project_dir} has no function {name}_double in its bridge; convert the model again")
    return head[1].count("*") + head[1].count("[")


def run_compiler(command: list[str], directory: Path, stdin: str | None = None) -> None:
    """Run g++; LmuHlsError with the end of its output when it fails."""
    done = process.run(command, tool="g++", cwd=directory, stdin=stdin)
    if done.code:
        tail = "\n".join(done.output.splitlines()[-TAIL:])
        remedy = process.trouble(done.code, done.output) or "Restore the project's files or convert again"
        raise LmuHlsError(f"g++ does not compile {directory}:\n{tail}\n{remedy}.")


def _flat(item: Input, x: Ints, steps: int) -> np.ndarray:
    """The samples of an input as floats, one a row."""
    if x.ndim != 3 or x.shape[1:] != (steps, item.width) or x.dtype.kind not in "iu":
        raise ValueError(f"x is {x.dtype} of shape {x.shape}; integers of shape (batch, {steps}, {item.width}) needed")
    return np.asarray(to_float(x, item.type).reshape(len(x), steps * item.width))


def output_shape(network: Network, name: str = "") -> tuple[int, ...]:
    """Shape of one sample of an output, the only one unless it is named: (width,), or (steps, width) with an axis of
    steps."""
    if not name:
        (name,) = network.outputs
    value = network.values[name]
    return (value.width,) if value.steps is None else (value.steps, value.width)


def _integers(values: np.ndarray, fixed_type: FixedType) -> Ints:
    """The integers of ``fixed_type`` that ``values`` are, exactly; LmuHlsError when a value is none of them."""
    scaled = np.ldexp(values, fixed_type.fraction)
    inside = (scaled >= fixed_type.min_int) & (scaled <= fixed_type.max_int)
    ok = np.isfinite(scaled) & (scaled == np.rint(scaled)) & inside
    if not ok.all():
        raise LmuHlsError(
            f"csim returned {values[~ok].flat[0]!r}, which is no value of the output type {fixed_type}: the project "
            "does not belong to this network; convert again"
        )
    return scaled.astype(np.int64)
