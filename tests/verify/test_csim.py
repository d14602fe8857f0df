"""csim: runs what lies on disk, sees every fault put there, and names what is wrong with a project."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import builds, golden, toolchain
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import Network, Weight, chain
from lmu_hls.verify import csim
from lmu_hls.verify.csim import compile_project, output_shape
from tests.support.lmu_models import convert, lmu, model, random_input
from tests.support.mutants import change

HEADERS = Path("firmware", "nnet_utils")
# One edit of the headers for each part of the arithmetic: what they say, and what the mutant says.
MUTANTS = {
    "state starts at one": ("mem[i] = 0;", "mem[i] = 1;"),
    "mem row reads the new state": ("next[c * order + i] = lmu", "mem[c * order + i] = next[c * order + i] = lmu"),
    "mem loses one bit": ("<typename CONFIG_T::mem_t>(sum);", "<typename CONFIG_T::mem_t>(sum) >> 1;"),
    "first term left out": (
        "for (unsigned i = 0; i < tile::inputs; i++)",
        "for (unsigned i = 1; i < tile::inputs; i++)",
    ),
    "no bias": ("lmu_rounded<acc_T>(bias[k]);", "0;"),
    "table off by one": ("table[row]", "table[(row + 1) % (1u << index_w)]"),
    "x of the wrong step": ("data[t * CONFIG_T::n_in + i]", "data[i]"),
    "h not fed back": ("if (CONFIG_T::hidden_to_memory)", "if (false)"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> tuple[Path, Network]:
    """A written project and its network: every connection, a table, no head."""
    folder = tmp_path_factory.mktemp("csim") / "project"
    graph = convert(
        model(lmu("tanh", return_sequences=False)), folder, {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1}}
    )
    graph.write()
    return folder, network_spec(graph)


@pytest.fixture
def copy(project, tmp_path) -> tuple[Path, Network]:
    folder, network = project
    return Path(shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("csim"))), network


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equals_golden_and_leaves_the_project_alone(copy, monkeypatch):
    """With the optimisation that users have, which the other tests do without."""
    monkeypatch.delenv("CXXFLAGS", raising=False)
    folder, network = copy
    before = files(folder)
    compiled = compile_project(folder)
    x = random_input(network, 300)
    told: list[int] = []
    assert np.array_equal(compiled.run(x, network, told.append), golden.predict(network, x))
    assert told[-1] == 300 and told == sorted(told)
    assert compiled.run(x[:0], network).shape == (0, *output_shape(network))
    after = files(folder)
    assert {name: after[name] for name in before} == before
    assert after.keys() == before.keys()


def test_two_at_once_do_not_meet(copy, tmp_path, monkeypatch):
    """Both compile and run one and the same folder."""
    folder, network = copy
    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))
    x = random_input(network, 20)
    with ThreadPoolExecutor(2) as pool:
        outputs = [*pool.map(lambda _: compile_project(folder).run(x, network), range(2))]
    assert all(np.array_equal(output, golden.predict(network, x)) for output in outputs)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_changed_header_is_caught(mutant, copy):
    """Compiled twice in one process: the second library is the one that runs."""
    folder, network = copy
    old, new = MUTANTS[mutant]
    (header,) = [path for path in (folder / HEADERS).glob("nnet_lmu*.h") if old in path.read_text()]
    change(header, old, new)
    x = random_input(network, 100)
    assert not np.array_equal(compile_project(folder).run(x, network), golden.predict(network, x))


def test_changed_and_missing_weights_are_caught(copy):
    folder, network = copy
    compiled, x = compile_project(folder), random_input(network, 100)
    weights = folder / "firmware" / "weights"
    first, *rest = (weights / "a2.txt").read_text().split(",")
    (weights / "a2.txt").write_text(",".join([f"{float(first) + 2.0**-13:.14f}", *rest]))
    assert not np.array_equal(compiled.run(x, network), golden.predict(network, x))
    (weights / "a2.txt").write_text(first)
    with pytest.raises(LmuHlsError, match=r"Expected 9 values.*but read only 1(?s:.*)Restore the project"):
        compiled.run(x, network)
    (weights / "a2.txt").unlink()
    with pytest.raises(LmuHlsError, match=r"a2\.txt does not exist"):
        compiled.run(x, network)


def test_compile_errors(copy):
    folder, _ = copy
    change(folder / HEADERS / "nnet_lmu.h", "mem[i] = 0;", "mem[i] = nonsense;")
    with pytest.raises(LmuHlsError, match=r"(?s)g\+\+ does not compile .*nonsense.*Restore the project's files"):
        compile_project(folder)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 'fatal error: error writing to /tmp/x.s: No space left on device'; exit 1", "the disk is full"),
        ("kill -KILL $$", "ran out of memory"),
        ("echo 'g++: fatal error: Killed signal terminated program cc1plus'; exit 1", "ran out of memory"),
        ("echo 'x.h:1: internal compiler error: Segmentation fault'; exit 4", "it crashed"),
        ("kill -SEGV $$", "it crashed (SIGSEGV)"),
    ],
)
def test_a_compiler_that_breaks_is_not_the_projects_fault(copy, tmp_path, monkeypatch, body, reason):
    broken = tmp_path / "g++"
    broken.write_text(f"#!/bin/sh\n{body}\n")
    broken.chmod(0o755)
    monkeypatch.setattr(toolchain, "need", lambda name: toolchain.Tool(name, broken, "12", True, ""))
    with pytest.raises(LmuHlsError) as caught:
        compile_project(copy[0])
    assert reason in str(caught.value) and "Restore" not in str(caught.value)


def test_not_a_project(tmp_path):
    with pytest.raises(LmuHlsError, match=r"is not an hls4ml project.*convert the model first"):
        compile_project(tmp_path)


def test_no_compiler(copy, monkeypatch):
    def absent(name):
        raise LmuHlsError(f"{name} is not installed. Install it with: ...")

    monkeypatch.setattr(toolchain, "need", absent)
    with pytest.raises(LmuHlsError, match=r"g\+\+ is not installed"):
        compile_project(copy[0])


def test_values_off_the_grid():
    assert csim._integers(np.array([0.5, -2.0]), FixedType(4, 3)).tolist() == [1, -4]
    for value in (0.25, 4.0, -4.5, np.nan, np.inf):
        with pytest.raises(LmuHlsError, match="which is no value of the output type"):
            csim._integers(np.array([0.5, value]), FixedType(4, 3))


def test_input_is_checked(project):
    folder, network = project
    compiled = csim.CsimProject(folder, "myproject", folder / "none.so")
    for wrong in (np.zeros((2, 5, 4), np.int64), np.zeros((2, 5, 3))):
        with pytest.raises(ValueError, match="integers of shape"):
            compiled.run(wrong, network)
    with pytest.raises(LmuHlsError, match=r"none\.so"):
        compiled.run(np.zeros((2, 5, 3), np.int64), network)


def test_ctrl_c_leaves_no_worker(project, copy):
    folder, network = copy
    compiled = compile_project(folder)
    processes = []

    def interrupt(done):
        processes.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compiled.run(random_input(network, 10), network, interrupt)
    assert processes == [10]


def test_output_shape():
    from lmu_hls.spec import Dense
    from tests.support.networks import random_network

    network = random_network(np.random.default_rng(0))
    x = np.zeros((2, network.steps, network.n_in), np.int64)
    assert golden.run(network, x).output.shape == (2, *output_shape(network))
    head = Dense(
        "another",
        network.out,
        Weight(np.ones((golden.run(network, x).output.shape[-1], 3)), FixedType(4, 4)),
        None,
        network.out,
    )
    longer = chain(network.name, network.x, network.steps, network.n_in, (*network.layers, head))
    assert golden.run(longer, x).output.shape == (2, *output_shape(longer))
