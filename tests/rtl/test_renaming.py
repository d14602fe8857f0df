"""Several accelerators in one design, and one of them twice: no name and no ROM is shared by accident."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records import Resources
from lmu_hls.resources import hdl_modules
from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.renaming import Names
from lmu_hls.rtl.standalone import sources, write_project
from lmu_hls.spec import Network, chain
from lmu_hls.synth import synthesize
from lmu_hls.toolchain import find, simulator_env
from tests.support.make_sim import golden_vectors, make, with_reuse
from tests.support.networks import random_lmu, random_network

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
needs_verilator = pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
INLINE = RtlOptions(inline_roms=True)


@dataclass(frozen=True, slots=True)
class Project:
    """A written project and its plan."""

    plan: NetworkPlan
    folder: Path

    @property
    def sources(self) -> list[Path]:
        return [self.folder / source for source in sources(self.plan)]


def network(name: str, seed: int) -> Network:
    """Its layers are called as those of every other one."""
    rng = np.random.default_rng(seed)
    return replace(with_reuse(rng, random_network(rng), place=0), name=name)


def tiny(name: str, seed: int) -> Network:
    """One layer and no hidden cell: Verilator's C++ takes long to compile."""
    rng = np.random.default_rng(seed)
    kind = FixedType(8, 2)
    layer = replace(random_lmu(rng, x=kind, units=None, connections=(False, False, False)), h=kind)
    return with_reuse(rng, chain(name, kind, layer.steps, layer.n_in, (layer,)), place=-1)


def write(
    name: str, seed: int, folder: Path, options: RtlOptions | None = None, kind: Callable[[str, int], Network] = network
) -> Project:
    options = options or RtlOptions()
    of = kind(name, seed)
    plan = plan_network(of, options)
    write_project(plan, folder / name, golden_vectors(np.random.default_rng(seed), of, options, 2))
    return Project(plan, folder / name)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """Two networks with the same layers' names and different contents, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("two")
    return write("vowels", 10, folder), write("words", 11, folder)


def bench(instances: Sequence[Project]) -> str:
    """A module `many`: each project's vectors through an instance of it, ROMs and vectors by absolute names."""
    parts = []
    for k, project in enumerate(instances):
        plan, folder = project.plan, project.folder
        beats = [(folder / "vectors" / file).read_text().count("\n") for file in ("input.hex", "output.hex")]
        rom_dir = "" if plan.options.inline_roms else f'#(.ROM_DIR("{folder}/rom")) '
        parts.append(f"""
    reg [{plan.in_bus}:0] x{k}[0:{beats[0] - 1}];
    reg [{plan.out_bus + 1}:0] y{k}[0:{beats[1] - 1}];
    integer sent{k} = 0, got{k} = 0;
    wire [{plan.in_bus}:0] in{k} = x{k}[sent{k} < {beats[0]} ? sent{k} : 0];
    wire [{plan.out_bus + 1}:0] out{k};
    wire ready{k}, valid{k};
    initial $readmemh("{folder}/vectors/input.hex", x{k});
    initial $readmemh("{folder}/vectors/output.hex", y{k});
    {plan.top} {rom_dir}u{k} (.clk(clk), .rst(rst), .s_axis_tdata(in{k}[{plan.in_bus - 1}:0]),
        .s_axis_tlast(in{k}[{plan.in_bus}]), .s_axis_tvalid(!rst && sent{k} < {beats[0]}), .s_axis_tready(ready{k}),
        .m_axis_tdata(out{k}[{plan.out_bus - 1}:0]), .m_axis_tlast(out{k}[{plan.out_bus}]),
        .m_axis_tuser(out{k}[{plan.out_bus + 1}]), .m_axis_tvalid(valid{k}), .m_axis_tready(1'b1));
    always @(posedge clk) begin
        if (!rst && ready{k} && sent{k} < {beats[0]}) sent{k} <= sent{k} + 1;
        if (!rst && valid{k}) begin
            if (out{k} !== y{k}[got{k}]) begin
                $display("DIFFERENT: instance {k}, beat %0d is %h, not %h", got{k}, out{k}, y{k}[got{k}]);
                $finish;
            end
            got{k} <= got{k} + 1;
        end
    end
    assign done[{k}] = got{k} == {beats[1]};""")
    return (
        "`timescale 1ns / 1ps\nmodule many;\n    reg clk = 1'b0, rst = 1'b1;\n    always #5 clk = !clk;\n"
        f"    wire [{len(instances) - 1}:0] done;\n    integer cycle = 0;\n    always @(posedge clk) begin\n"
        "        cycle <= cycle + 1;\n        rst <= cycle < 4;\n        if (&done) $display(\"PASS\");\n"
        "        if (&done || cycle == 20000) $finish;\n    end\n" + "".join(parts) + "\nendmodule\n"
    )  # fmt: skip


def simulate(
    simulator: str, instances: Sequence[Project], files: Sequence[Path], folder: Path
) -> subprocess.CompletedProcess[str]:
    (folder / "many.v").write_text(bench(instances))
    given = [*map(str, files), "many.v"]
    build = ["iverilog", "-g2009", "-Wall", "-Wno-timescale", "-s", "many", "-o", "many.vvp", *given]
    command, env = ["vvp", "-n", "many.vvp"], None
    if simulator == "verilator":
        quiet = [f"-Wno-{name}" for name in ("WIDTHEXPAND", "WIDTHTRUNC", "INITIALDLY")]  # of the bench
        build = ["verilator", "--binary", "--timing", "-CFLAGS", "-O0", "--top-module", "many", *quiet, *given]
        command, env = ["obj_dir/Vmany"], simulator_env("verilator")
    built = subprocess.run(build, cwd=folder, env=env, capture_output=True, text=True)
    assert built.returncode == 0 and "warning" not in built.stderr.lower(), built.stderr
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    "simulator",
    [pytest.param("icarus", marks=needs_icarus), pytest.param("verilator", marks=needs_verilator)],
)
def test_two_accelerators_and_one_twice(simulator: str, tmp_path: Path) -> None:
    """The user's top has a timescale, ours have none; a warning of either simulator would stop here."""
    vowels, words = (write(name, seed, tmp_path, kind=tiny) for name, seed in (("vowels", 10), ("words", 11)))
    done = simulate(simulator, [vowels, words, vowels], vowels.sources + words.sources, tmp_path)
    assert "PASS" in done.stdout and done.returncode == 0, done.stdout + done.stderr


@needs_icarus
def test_one_folder_of_roms(two: tuple[Project, Project], tmp_path: Path) -> None:
    """The ROM files of both lie in one folder, as FuseSoC and many a script put them."""
    for project in two:
        shutil.copytree(project.folder / "rom", tmp_path / "rom", dirs_exist_ok=True)
    together = [Project(project.plan, tmp_path / project.folder.name) for project in two]
    for project, moved in zip(two, together, strict=True):
        shutil.copytree(project.folder / "vectors", moved.folder / "vectors")
        (moved.folder / "rom").symlink_to(tmp_path / "rom")
    done = simulate("icarus", together, two[0].sources + two[1].sources, tmp_path)
    assert "PASS" in done.stdout, done.stdout + done.stderr


@needs_icarus
def test_two_networks_of_one_name_do_not_pass_for_one_another(tmp_path: Path) -> None:
    """Not even where one's ROM files replace the other's: their names hold a hash of the contents."""
    first, second = (write("vowels", seed, tmp_path / str(seed)) for seed in (10, 11))
    files = [{path.name: path.read_bytes() for path in (p.folder / "rom").iterdir()} for p in (first, second)]
    assert all(files[0][name] == files[1][name] for name in set(files[0]) & set(files[1]))
    declared = subprocess.run(
        ["iverilog", "-g2009", "-o", "x.vvp", *map(str, first.sources + second.sources)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert declared.returncode != 0 and "already declared" in declared.stderr
    shutil.rmtree(first.folder / "rom")
    shutil.copytree(second.folder / "rom", first.folder / "rom")
    done = make(first.folder)
    assert done.returncode != 0 and "PASS" not in done.stdout


@needs_icarus
@pytest.mark.parametrize("seed", [10, 3])
def test_inline_roms_give_the_same(seed: int, tmp_path: Path) -> None:
    inline = write("inline", seed, tmp_path, INLINE)
    assert not (inline.folder / "rom").exists()
    assert "ROM_DIR" not in (inline.folder / "rtl" / "inline_top.v").read_text()
    done = make(inline.folder)
    assert done.returncode == 0 and done.stdout.count("PASS") == 2, done.stdout + done.stderr


def alike(one: Resources, other: Resources) -> bool:
    """The same cells, but for how ABC, which follows names, covers the logic with LUTs: 2 % of them at most."""
    covered = [{cell: n for cell, n in of.cells.items() if not cell.startswith(("LUT", "INV"))} for of in (one, other)]
    return covered[0] == covered[1] and abs(one.counts["LUT"] - other.counts["LUT"]) <= one.counts["LUT"] // 50


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_inline_roms_take_the_same_cells(tmp_path: Path) -> None:
    projects = write("files", 10, tmp_path, kind=tiny), write("inline", 10, tmp_path, INLINE, tiny)
    files, inline = (synthesize(p.sources, p.plan.top, {}, p.folder / "work", data_dir=p.folder) for p in projects)
    assert files.counts["DSP"] > 0 and alike(files, inline)


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_rom_dir_reaches_yosys(tmp_path: Path) -> None:
    """As where the tool runs beside rom/; a folder that does not exist stops."""
    vowels = write("vowels", 10, tmp_path, kind=tiny)
    found = synthesize(vowels.sources, vowels.plan.top, {"ROM_DIR": str(vowels.folder / "rom")}, tmp_path / "a")
    assert alike(found, synthesize(vowels.sources, vowels.plan.top, {}, tmp_path / "b", data_dir=vowels.folder))
    with pytest.raises(LmuHlsError, match="Can not open file"):
        synthesize(vowels.sources, vowels.plan.top, {"ROM_DIR": "nowhere"}, tmp_path / "c")


WORDS = st.sampled_from([*sorted(hdl_modules()), "PARAM_ERROR_x", "lmu_romx", "xlmu_rom", "wire", "contents", "a"])
AROUND = st.sampled_from(
    ["{} ", " .{} (", "// {}\n", "/* {}\n{} */", '"{}"', '"\\"{}"', "\\{} ", "${} ", "`{} ", "'h{} ", "{}\n", "{}_xx "]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(AROUND, WORDS), max_size=12))
def test_only_whole_names_are_renamed(pieces: list[tuple[str, str]]) -> None:
    """Not in comments, strings, escaped identifiers, directives, and not as parts of longer names."""
    modules = hdl_modules()
    expected = []
    for around, word in pieces:
        plain = around in ("{} ", " .{} (", "{}\n", "{}_xx ")
        whole = around.replace("{}", word)
        ours = plain and (word.startswith("PARAM_ERROR_") or (word in modules and around != "{}_xx "))
        expected.append(whole.replace(word, f"net_{word}") if ours else whole)
    text = "".join(around.replace("{}", word) for around, word in pieces)
    assert Names("net").source(text, modules) == "".join(expected)


def test_names_of_roms() -> None:
    names = Names("net")
    one, other = Rom("rom/a.hex", 4, (1, 2)), Rom("rom/a.hex", 4, (1, 3))
    assert re.fullmatch(r"rom/net_a_[0-9a-f]{8}\.hex", names.rom(one))
    assert names.rom(one) != names.rom(other) and names.rom(one) == names.rom(Rom("rom/a.hex", 4, (1, 2)))


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "a\n", "x" * 65, "é", 3])
def test_impossible_names(name: object) -> None:
    with pytest.raises(LmuHlsError, match="is not possible; use up to 64"):
        RtlOptions(name=name)  # type: ignore[arg-type]


def test_name_and_roms_are_options() -> None:
    options = RtlOptions.from_words(name="vowels", rom="inline")
    assert RtlOptions.from_config(options.config) == options
    assert options.apply(network("net", 10)).name == "vowels" and RtlOptions().apply(network("net", 10)).name == "net"
    with pytest.raises(LmuHlsError, match="Rom='flash' is not possible; use one of 'files', 'inline'"):
        RtlOptions.from_words(rom="flash")


TARGETS = {
    "sim": "sim", "sim_verilator": "sim", "lint": "lint", "synth": "generic", "vivado": "vivado", "trellis": "trellis",
    "icestorm": "icestorm", "apicula": "apicula",
}  # fmt: skip


def test_core_files_have_names_of_their_own_and_flows(two: tuple[Project, Project]) -> None:
    cores = [yaml.safe_load((p.folder / "lmu.core").read_text().removeprefix("CAPI=2:")) for p in two]
    for core, project in zip(cores, two, strict=True):
        version = int(project.plan.contract[:6], 16)
        assert core["name"] == f"lmu_hls:network:{project.plan.name}:1.0.{version}"
        assert {name: of["flow"] for name, of in core["targets"].items() if name != "default"} == TARGETS
        assert all("tools" not in of and "default_tool" not in of for of in core["targets"].values())
    again = plan_network(network("vowels", 11))
    assert f":{int(again.contract[:6], 16)}" not in cores[0]["name"]


@needs_icarus
@pytest.mark.skipif(not shutil.which("fusesoc"), reason="FuseSoC is not installed")
def test_fusesoc_builds_both_into_one_design(tmp_path: Path) -> None:
    vowels, words = (write(name, seed, tmp_path, kind=tiny) for name, seed in (("vowels", 10), ("words", 11)))
    text = bench([vowels, words, vowels])
    (tmp_path / "many.v").write_text(re.sub(r'#\(\.ROM_DIR\("[^"]*"\)\) ', "", text))  # rom/ is where it runs
    core = {
        "name": "::many:1.0.0",
        "filesets": {
            "tb": {"files": [{"many.v": {"file_type": "systemVerilogSource"}}],
                   "depend": ["lmu_hls:network:vowels", "lmu_hls:network:words"]},
        },
        "targets": {
            "sim": {"filesets": ["tb"], "toplevel": "many", "flow": "sim",
                    "flow_options": {"tool": "icarus", "iverilog_options": ["-g2009"]}},
        },
    }  # fmt: skip
    (tmp_path / "many.core").write_text("CAPI=2:\n" + yaml.safe_dump(core))
    done = subprocess.run(
        ["fusesoc", "--cores-root", ".", "run", "--target", "sim", "many"],
        cwd=tmp_path, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and "PASS" in done.stdout, done.stdout + done.stderr


def with_tools(folder: Path, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """make without Verilator and Yosys on the path."""
    for name in ("make", "sh", "mkdir", "cat", "perl"):
        path = shutil.which(name)
        (folder / "bin").mkdir(exist_ok=True)
        if path and not (folder / "bin" / name).exists():
            (folder / "bin" / name).symlink_to(path)
    given = [f"{name}={value}" for name, value in variables.items()]
    env = {"PATH": str(folder / "bin"), "PYTHONPATH": os.pathsep.join(map(str, filter(None, sys.path)))}
    command = [str(folder / "bin" / "make"), "-s", target, *given]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("target", ["lint", "synth"])
def test_make_finds_the_tools_of_make_install(target: str, tmp_path: Path) -> None:
    project = write("vowels", 10, tmp_path, kind=tiny)
    makefile = (project.folder / "Makefile").read_text()
    assert makefile.count("$(PYTHON) -I -m lmu_hls.tool") == 2
    # -I leaves PYTHONPATH out, by which the tests find what they test
    (project.folder / "Makefile").write_text(makefile.replace("$(PYTHON) -I -m", "$(PYTHON) -m"))
    without = with_tools(project.folder, target, PYTHON="nowhere/python")
    assert without.returncode != 0 and f"make {target} needs" in without.stderr and "apt-get" in without.stderr
    if not find({"lint": "verilator", "synth": "pyosys"}[target]).found:
        pytest.skip("the tool of make install is not there")
    done = with_tools(project.folder, target, PYTHON=sys.executable, SYNTH="proc")
    assert done.returncode == 0, done.stdout + done.stderr
    assert target == "lint" or "vowels_top" in (project.folder / "build" / "resources.txt").read_text()


def test_an_error_of_yosys_is_one_of_make(tmp_path: Path) -> None:
    if not find("pyosys").found:
        pytest.skip("pyosys is not installed")
    project = write("vowels", 10, tmp_path, kind=tiny)
    yosys = f"{sys.executable} -m lmu_hls.tool yosys"
    done = with_tools(project.folder, "synth", YOSYS=yosys, SYNTH="no_such_pass")
    assert done.returncode != 0 and "no_such_pass" in done.stderr + done.stdout
