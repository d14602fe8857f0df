"""The written project: its files, that it stands alone, and that make sim fails on seeded faults."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rendering import SPDX
from lmu_hls.resources import hdl_file, hdl_modules
from lmu_hls.rtl.copies import without_formal
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.renaming import Names
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.rtl.standalone import MANIFEST, Vectors, modules, write_project
from lmu_hls.spec import Dense, Network, Weight, chain
from lmu_hls.toolchain import find, simulator_env
from tests.support.hdl.tridiag_grid import Config
from tests.support.make_sim import golden_vectors, make, with_reuse
from tests.support.networks import random_lmu, random_network

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
needs_verilator = pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")


@pytest.fixture(scope="module")
def network() -> Network:
    rng = np.random.default_rng(11)  # outputs that depend on every weight
    return with_reuse(rng, random_network(rng, units=8), place=0)


def write(network: Network, folder: Path, options: RtlOptions | None = None) -> None:
    vectors = golden_vectors(np.random.default_rng(0), network, options or RtlOptions(), 2)
    write_project(plan_network(network, options), folder, vectors)


@pytest.fixture(scope="module")
def written(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write(network, folder)
    return folder


@pytest.fixture(scope="module")
def every_step(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streaming")
    write(network, folder, RtlOptions(streaming=True))
    return folder


def on_disk(folder: Path, file: str) -> str:
    """The file of a ROM of the plan; other files have one name only."""
    return str(json.loads((folder / MANIFEST).read_text())["roms"].get(file, file))


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "project"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_and_hashes(network: Network, written: Path) -> None:
    manifest = json.loads((written / MANIFEST).read_text())
    found = files(written)
    del found[MANIFEST]
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    assert {"rtl/net_top.v", "tb/net_tb.v", "lmu.core", "Makefile", "README.md", "vectors/input.hex"} <= set(found)
    for module in modules(plan_network(network)):
        text = without_formal(hdl_file(module).read_text())
        assert found[f"rtl/net_{module}.v"].decode() == Names("net").source(text, hdl_modules())
    assert set(manifest["roms"].values()) == {name for name in found if name.startswith("rom/")}


def test_same_network_same_bytes_everywhere(network: Network, written: Path, tmp_path: Path) -> None:
    write(network, tmp_path / "elsewhere")
    assert files(tmp_path / "elsewhere") == files(written)
    text = b"".join(files(written).values())
    assert str(tmp_path).encode() not in text and b"/home" not in text and b"/work" not in text
    assert not re.search(rb"20[0-9]{2}-[0-9]{2}", text)


def test_every_file_names_its_licence_and_none_has_proofs(written: Path, every_step: Path) -> None:
    data = ("rom/", "vectors/", "manifest.json", "README.md", "LICENSE")
    for folder in (written, every_step):
        assert (folder / "LICENSE").read_text().lstrip().startswith("Apache License")
        assert "| LICENSE |" in (folder / "README.md").read_text()
        texts = {name: text.decode() for name, text in files(folder).items() if not name.startswith(data)}
        assert {"rtl/net_top.v", "rtl/net_lmu_fifo.v", "tb/net_tb.v", "Makefile", "lmu.core"} <= set(texts)
        assert {name for name, text in texts.items() if SPDX not in "".join(text.splitlines()[:2])} == set()
        assert {
            name for name, text in texts.items() if re.search(r"FORMAL|\bf_\w+ *#|\b(assert|assume) *\(", text)
        } == set()


def test_manifest_has_every_parameter(network: Network, written: Path) -> None:
    manifest = json.loads((written / MANIFEST).read_text())
    plan = plan_network(network)
    assert {i["name"]: i["parameters"] for i in manifest["instances"]} == {
        i.name: i.parameters for i in plan.net.instances
    }
    assert [(i["module"], i["library"]) for i in manifest["instances"]] == [
        (f"net_{i.module}", i.module) for i in plan.net.instances
    ]
    hardware = manifest["hardware"]
    assert (hardware["ii_cycles"], hardware["multipliers"]) == (plan.cycles.ii, plan.multipliers)
    assert [tap["wires"] for tap in manifest["taps"]] == [tap.wires for tap in plan.net.taps]


def test_taps_are_declared_for_a_simulator(written: Path) -> None:
    top = (written / "rtl" / "net_top.v").read_text()
    for layer in ("first", "second"):
        for tensor in ("u", "mem", "h"):
            for signal in ("tdata", "tvalid", "tready"):
                assert re.search(rf"tap_{layer}_{tensor}_{signal} /\* verilator public_flat_rd \*/;", top)


def test_earlier_files_are_removed(network: Network, copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    small = network.with_layers(network.layers[:1])
    write(small, copy)
    manifest = json.loads((copy / MANIFEST).read_text())
    assert set(files(copy)) == {*manifest["files"], MANIFEST, "notes.txt"}
    assert not (copy / "rtl" / "net_lmu_vector_buffer.v").exists()


def test_without_vectors_there_is_no_bench(network: Network, tmp_path: Path) -> None:
    write_project(plan_network(network), tmp_path)
    assert not (tmp_path / "tb").exists() and not (tmp_path / "vectors").exists()
    assert "sim" not in yaml.safe_load((tmp_path / "lmu.core").read_text().split("\n", 1)[1])["targets"]
    assert "iverilog_options" not in (tmp_path / "lmu.core").read_text()


def test_core_file_lists_every_source(written: Path) -> None:
    text = (written / "lmu.core").read_text()
    assert text.startswith("CAPI=2:\n")
    core = yaml.safe_load(text.split("\n", 1)[1])
    assert {"sim", "lint", "synth"} <= set(core["targets"])
    listed = set()
    for fileset in core["filesets"].values():
        for entry in fileset["files"]:
            listed.add(entry if isinstance(entry, str) else next(iter(entry)))
    assert listed == {name for name in files(written) if name.split("/")[0] in ("rtl", "rom", "tb", "vectors")}


@needs_icarus
def test_make_sim_without_python(copy: Path, tmp_path: Path) -> None:
    """Only these programs are on the path."""
    for name in ("make", "iverilog", "vvp", "mkdir", "sh"):
        path = shutil.which(name)
        assert path is not None
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(path)
    done = subprocess.run(
        [str(tmp_path / "bin" / "make"), "-s", "sim"],
        cwd=copy, env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") == 2 and "warning" not in done.stderr


@needs_icarus
@pytest.mark.parametrize(
    "file",
    [
        "rom/first_encoder.hex",
        "rom/first_encoder_bias.hex",
        "rom/first_memory.hex",
        "rom/first_hidden.hex",
        "rom/first_table.hex",
        "rom/second_memory.hex",
        "rom/head.hex",
        "vectors/input.hex",
        "vectors/output.hex",
    ],
)
def test_seeded_fault_in_a_file(every_step: Path, tmp_path: Path, file: str) -> None:
    """A bit of the first word that matters is flipped: one of 30 output beats must differ."""
    copy = Path(shutil.copytree(every_step, tmp_path / "project"))
    file = on_disk(copy, file)
    lines = (copy / file).read_text().splitlines()
    # The high bits of an input word are padding
    bit = 2 if file == "vectors/input.hex" else max(0, 4 * len(lines[0]) - 6)
    for place, word in enumerate(lines):
        changed = [*lines]
        changed[place] = f"{int(word, 16) ^ (1 << bit):0{len(word)}x}"
        (copy / file).write_text("\n".join(changed) + "\n")
        done = make(copy)
        if done.returncode:
            assert re.search(r"FAIL: \d+ of 30 output beats differ", done.stdout + done.stderr)
            return
    pytest.fail(f"no change of {file} was noticed")


@needs_icarus
@pytest.mark.parametrize(
    "file", ["rom/first_memory.hex", "rom/first_table.hex", "vectors/input.hex", "vectors/output.hex"]
)
@pytest.mark.parametrize("fault", ["missing", "short"])
def test_missing_or_short_file(copy: Path, file: str, fault: str) -> None:
    file = on_disk(copy, file)
    if fault == "missing":
        (copy / file).unlink()
    else:
        (copy / file).write_text("".join((copy / file).read_text().splitlines(keepends=True)[:-1]))
    done = make(copy)
    assert done.returncode != 0
    assert "PASS" not in done.stdout and re.search(r"holds \d+ (words|beats), expected \d+", done.stdout)


@needs_icarus
def test_stuck_network_ends(copy: Path) -> None:
    """The queue of framing words never gives one: no sequence can end."""
    top = copy / "rtl" / "net_top.v"
    text = top.read_text()
    assert text.count(".m_axis_tvalid(framing_tvalid)") == 1
    top.write_text(text.replace(".m_axis_tvalid(framing_tvalid)", ".m_axis_tvalid()").replace(
        "    wire framing_tvalid;", "    wire framing_tvalid = 1'b0;"))  # fmt: skip
    done = make(copy)
    assert done.returncode != 0 and "FAIL: no beat in" in done.stdout


@needs_verilator
@pytest.mark.parametrize("options", [RtlOptions(), RtlOptions(streaming=True, axi_lite=True)])
def test_make_lint(network: Network, tmp_path: Path, options: RtlOptions) -> None:
    lint(network, tmp_path, options)


@needs_verilator
@pytest.mark.parametrize("place", [0, -1])
def test_make_lint_of_engines(tmp_path: Path, place: int) -> None:
    rng = np.random.default_rng(10)
    engines = with_reuse(rng, random_network(rng), place=place)
    assert "lmu_engine" in modules(plan_network(engines))
    lint(engines, tmp_path, RtlOptions())


def lint(network: Network, tmp_path: Path, options: RtlOptions) -> None:
    write(network, tmp_path, options)
    done = subprocess.run(
        ["make", "-s", "lint"], cwd=tmp_path, env=simulator_env("verilator"), capture_output=True, text=True
    )
    assert done.returncode == 0 and "%Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize(("width", "bus"), [(1, 8), (7, 8), (8, 8), (9, 16), (24, 24)])
def test_buses_are_whole_bytes(width: int, bus: int) -> None:
    kind = FixedType(width, 2)
    layer = random_lmu(np.random.default_rng(0), x=kind, units=None, connections=(False, False, False))
    layer = replace(layer, h=kind, reuse_factor=24)
    plan = plan_network(chain("net", kind, layer.steps, layer.n_in, (layer,)))
    assert (plan.in_bus, plan.out_bus) == (bus, bus)


@pytest.mark.parametrize(("axis", "steps", "message"), [(5, 5, "inputs of shape"), (3, 4, "sequences of 4 steps")])
def test_vectors_of_another_shape(network: Network, tmp_path: Path, axis: int, steps: int, message: str) -> None:
    zeros = Vectors(np.zeros((2, steps, axis), np.int64), np.zeros((2, 3), np.int64))
    with pytest.raises(ValueError, match=message):
        write_project(plan_network(network), tmp_path / "p", zeros)
    assert not (tmp_path / "p").exists()


def test_refusals(network: Network) -> None:
    first, second, *rest = network.layers
    unsigned = FixedType(8, 4, signed=False)
    with pytest.raises(LmuHlsError, match="network 'net': the input has the unsigned type"):
        plan_network(
            chain("net", unsigned, network.steps, network.n_in, (replace(first, x=unsigned), *network.layers[1:]))
        )
    with pytest.raises(LmuHlsError, match=r"layer 'first': encoder: h has the unsigned type"):
        plan_network(network.with_layers((replace(first, h=unsigned), replace(second, x=unsigned), *rest)))


def test_names_that_meet(network: Network) -> None:
    """wait_x is a queue of layer first, and the input of a layer called first_wait."""
    first, second, *rest = network.layers
    plan = plan_network(network.with_layers((first, replace(second, name="first_wait"), *rest)))
    assert plan.layers[0].name == "first" and {tap.layer for tap in plan.net.taps} == {"first", "first_wait"}
    wires = [wire.name for wire in plan.net.wires]
    assert len(set(wires)) == len(wires) and "layer2_first_wait_x_tdata" in wires
    odd = ("rst", "in", "error", "framing", "clk")
    layers = [replace(layer, name=name) for layer, name in zip(network.layers, odd, strict=False)]
    plan_network(network.with_layers(tuple(layers)))


@pytest.mark.parametrize(("dense_after", "keep_last"), [(True, True), (False, True), (False, False)])
def test_natural_order_is_restored_only_where_it_matters(dense_after: bool, keep_last: bool) -> None:
    """mem of a tridiagonal unit comes by descending degree; a Dense layer has its columns in that order instead."""
    layer = replace(Config(3, 2, 1).lmu("a"), hidden=None, return_sequences=not keep_last)
    layer = replace(layer, reuse_factor=valid_reuse_factors(layer)[-1])
    head = Dense("head", layer.h, Weight(np.arange(12).reshape(6, 2), FixedType(6, 6)), None, layer.h, 12)
    layers = (layer, head) if dense_after else (layer,)
    plan = plan_network(chain("net", layer.x, layer.steps, layer.n_in, layers))
    (buffer,) = [i for i in plan.net.instances if i.module == "lmu_vector_buffer"]
    assert buffer.parameters["KEEP_LAST"] == keep_last and buffer.parameters["REORDER"] == (not dense_after)
    arrival = (2, 5, 1, 4, 0, 3)  # channel * order + degree
    if dense_after:
        mask = (1 << 6) - 1
        assert plan.net.roms["rom/head.hex"].words[:6] == tuple(2 * place & mask for place in arrival)
    else:
        assert plan.net.roms["rom/a_vector.hex"].words == arrival
    assert {tap.tensor: tap.order for tap in plan.net.taps} == {"u": None, "mem": arrival, "h": arrival}


def test_unwritable_folder(network: Network, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LmuHlsError, match=r"cannot write .*file"):
        write_project(plan_network(network), tmp_path / "file")
