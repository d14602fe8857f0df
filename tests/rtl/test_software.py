"""The software of a project with registers against its Verilated top: addresses, driver in C, class for PYNQ."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints, quantize, to_float
from lmu_hls.rtl import registers
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.software import all_registers, constants, software_files
from lmu_hls.rtl.standalone import write_project
from lmu_hls.spec import Dense, Network, chain, with_argmax
from lmu_hls.toolchain import find
from tests.support.host import C_FLAGS, Server, build_server, mock_pynq, run_driver, serving
from tests.support.make_sim import with_reuse
from tests.support.mutants import change
from tests.support.networks import random_lmu, random_weight

needs_verilator = pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
X = FixedType(10, 3)
OPTIONS = RtlOptions(axi_lite=True, inline_roms=True)


def tiny(return_sequences: bool = True, x: FixedType = X) -> Network:
    rng = np.random.default_rng(8)
    lmu = random_lmu(rng, x=x, n_in=2, units=3, connections=(False, False, True), return_sequences=return_sequences)
    head = Dense("head", lmu.h, random_weight(rng, 3, 3), random_weight(rng, 3), FixedType(12, 5))
    return with_reuse(rng, chain("net", x, lmu.steps, 2, (lmu, head)), place=0)


@dataclass(frozen=True)
class Case:
    """A plan, its project, the program that simulates it, numbers for it and the integers that must come out."""

    plan: NetworkPlan
    folder: Path
    server: Path
    numbers: Any
    integers: Ints

    @property
    def software(self) -> Path:
        return self.folder / "sw"

    @property
    def values(self) -> Any:
        return to_float(self.integers, self.plan.out.type)


@pytest.fixture(scope="module")
def case(once: Callable[[str, Callable[[Path], None]], Path]) -> Case:
    network = tiny()
    plan = plan_network(network, OPTIONS)

    def make(folder: Path) -> None:
        write_project(plan, folder / "project")
        build_server(folder / "project", plan.top, folder)

    folder = once("host", make)
    x = network.x
    numbers = np.random.default_rng(5).uniform(1.2 * x.min_int * x.lsb, 1.2 * x.max_int * x.lsb, (4, network.steps, 2))
    integers = golden.predict(network, quantize(numbers, x))
    assert len(np.unique(integers)) > 10
    return Case(plan, folder / "project", folder / "server", numbers, integers)


@pytest.fixture
def server(case: Case) -> Iterator[Server]:
    with serving(case.server) as made:
        yield made


def pynq_driver(software: Path, name: str = "pynq_driver") -> dict[str, Any]:
    """The names of the file for PYNQ."""
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile((software / "pynq_driver.py").read_text(), name, "exec"), namespace)
    return namespace


def header(text: str) -> dict[str, int]:
    """The numbers that a header defines."""
    return {
        name: int(value, 16) for name, value in re.findall(r"^#define (\w+)(?:\(k\))? \(?(0x[0-9A-F]+)u", text, re.M)
    }


def wrong_addresses(defined: dict[str, int], prefix: str, case: Case, server: Server) -> set[str]:
    """The registers that are not where ``defined`` says, by what they hold after a cut sequence and eight others."""
    sequences = [[int(value) & 0xFFFF for value in x.ravel()] for x in quantize(case.numbers, case.plan.network.x)]
    for beats in (sequences[0][:-1], *sequences, *sequences):
        server.send(beats)
    assert all(server.take()[1] for _ in range(9))
    wanted = {
        **constants(case.plan), "STATUS": 1, "SEQUENCES": 9, "STEP_CYCLES": case.plan.cycles.ii, "FRAMING": 1,
        "CYCLES_HIGH": 0, "CONTROL": 0,
    }  # fmt: skip
    at = {register.name: defined[f"{prefix}{register.name}"] for register in all_registers(case.plan)}
    found = {name: server.read(at[name])[0] for name in wanted}
    wrong = {name for name, value in wanted.items() if found[name] != value}
    if not server.read(at["CYCLES"])[0] < server.read(at["CYCLES"])[0]:
        wrong.add("CYCLES")
    server.write(at["CONTROL"], 1)
    if server.read(registers.ADDRESS["SEQUENCES"])[0] != 0:
        wrong.add("CONTROL")
    return wrong


@needs_verilator
def test_the_verilog_decodes_what_the_list_says(case: Case, server: Server) -> None:
    """Every word of the address space: what can be read, what can be written, and what is there at all."""
    counters = range(registers.CLIPPED.address, registers.CLIPPED.address + 4 * len(case.plan.net.clips), 4)
    listed = {register.address: register for register in all_registers(case.plan)}
    listed |= dict.fromkeys(counters, registers.CLIPPED)
    found = {
        address: (server.read(address)[1] == 0, server.write(address, 0) == 0)
        for address in range(0, 1 << case.plan.ADDRESS_WIDTH, 4)
    }
    beats = {r.address for r in listed.values() if r.name.endswith(("_DATA", "_LAST"))}  # only while a beat can move
    told = {a: ("W" in r.access or a not in beats, a not in beats and "W" in r.access) for a, r in listed.items()}
    assert {a: f for a, f in found.items() if any(f)} == {a: f for a, f in told.items() if any(f)}
    for register in registers.FIXED:
        used = sum(field.mask for field in register.fields)
        assert server.read(register.address)[0] & ~used == 0


@needs_verilator
def test_the_header_has_the_addresses_of_the_verilog(case: Case) -> None:
    """And each of them that is wrong is noticed."""
    defined = header((case.software / "lmu_net.h").read_text())
    with serving(case.server) as server:
        assert wrong_addresses(defined, "LMU_NET_", case, server) == set()
    for register in registers.FIXED:
        name = f"LMU_NET_{register.name}"
        with serving(case.server) as server:
            assert register.name in wrong_addresses(defined | {name: defined[name] + 4}, "LMU_NET_", case, server), name


def test_header_and_python_have_the_same_numbers(case: Case) -> None:
    defined, python = header((case.software / "lmu_net.h").read_text()), pynq_driver(case.software)
    assert {f"LMU_NET_{name}": value for name, value in python["REGISTERS"].items()}.items() <= defined.items()
    assert {f"LMU_NET_{name}_VALUE": value for name, value in python["CONSTANTS"].items()}.items() <= defined.items()
    assert defined["LMU_NET_CLIPPED"] == python["CLIPPED"] == registers.CLIPPED.address
    assert python["REGISTERS"] == {register.name: register.address for register in all_registers(case.plan)}
    assert defined["LMU_NET_STATUS_BUSY_MASK"] == python["STATUS_BUSY"] == 2


def wrong_in(found: dict[str, str], case: Case) -> set[str]:
    """What bench.c found that is not as it should be; see there."""
    cycles, between = map(int, found["cycles"].split())
    clipped = found["clipped"].split()
    trace = golden.run(case.plan.network, quantize(case.numbers, case.plan.network.x))
    counts = dict(zip(clipped[:-1:2], map(int, clipped[1:-1:2]), strict=True))
    checks = {
        "probe": found["probe"] == "0",
        "values": np.array_equal([float(v) for v in found["values"].split()], case.values.ravel()),
        "wait": found["wait"] == "0",
        "sequences": int(found["sequences"]) == len(case.numbers),
        "step_cycles": case.plan.network.n_in <= int(found["step_cycles"]) <= case.plan.cycles.ii,
        "cycles": cycles > case.plan.cycles.sequence and 0 < between < 100,
        "clipped": list(counts) == [f"{clip.layer}.{clip.tensor}" for clip in case.plan.net.clips]
        and counts["lmu.mem"] == trace["lmu"].overflows["mem"] > 0
        and clipped[-1] == "0",
        "busy": found["busy"] == "1",
        "bad_framing": found["bad_framing"] == "5 1 0 0",
        "restarted": found["restarted"] == "0 0",
        "timeout": found["timeout"] == "4",
    }
    return {name for name, right in checks.items() if not right}


@needs_verilator
@needs_gcc
def test_driver_in_c(case: Case, tmp_path: Path) -> None:
    """Numbers in, numbers out, as golden has them; counters, framing errors, restart and waiting."""
    assert wrong_in(run_driver(case.software, case.server, case.numbers, tmp_path), case) == set()


FAULTS = {
    "wrong address": ("#define LMU_NET_SEQUENCES 0x18u", "#define LMU_NET_SEQUENCES 0x10u", "sequences"),
    "other contract": ("#define LMU_NET_CONTRACT_VALUE 0x", "#define LMU_NET_CONTRACT_VALUE 1 + 0x", "probe"),
    "other bit": ("STATUS_BUSY_MASK 0x00000002u", "STATUS_BUSY_MASK 0x00000004u", "busy"),
    "other type": ("#define LMU_NET_OUT_TYPE_VALUE 0x0001", "#define LMU_NET_OUT_TYPE_VALUE 0x0000", "values"),
}


@needs_verilator
@needs_gcc
@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_header_are_noticed(name: str, case: Case, tmp_path: Path) -> None:
    before, after, noticed = FAULTS[name]
    software = Path(shutil.copytree(case.software, tmp_path / "sw"))
    change(software / "lmu_net.h", before, after)
    assert noticed in wrong_in(run_driver(software, case.server, case.numbers, tmp_path), case)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_driver_compiles_without_a_library(compiler: str, case: Case, tmp_path: Path) -> None:
    """Freestanding C99 without a warning, with registers in memory, and nothing of it but its own names."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    object_file = tmp_path / "driver.o"
    flags = [*C_FLAGS, "-ffreestanding", "-O2"]
    done = subprocess.run(
        [compiler, *flags, "-c", str(case.software / "lmu_net.c"), "-o", str(object_file)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if shutil.which("nm"):
        assert subprocess.run(["nm", "-u", str(object_file)], capture_output=True, text=True).stdout.split() == []


EDGES = (0.0, -0.0, 1e-300, -1e-300, 1e300, -1e300, 2.0**62, -(2.0**62), 0.5, -0.5, 1.5, -1.5, 2.5, -2.5)
KINDS = (FixedType(8, 3), FixedType(5, 7, False), FixedType(6, -2), FixedType(40, 20))


def numbers_for(kind: FixedType) -> list[float]:
    """Numbers on the grid of a type, between its values, beyond its range, and at the edges of a double."""
    rng = np.random.default_rng(7)
    near = rng.integers(-4 * kind.max_int, 4 * kind.max_int, 30) / 4 * kind.lsb
    return [float(x) for x in (*near, *EDGES, *(kind.lsb * np.array(EDGES[8:])))]


def expected(number: float, kind: FixedType) -> int | None:
    try:
        return int(quantize(number, kind))
    except ValueError:
        return None


@needs_gcc
def test_quantization_in_c_is_that_of_the_types(case: Case, tmp_path: Path) -> None:
    modes = [kind.with_modes(r, o) for kind in KINDS for r in ROUNDINGS for o in OVERFLOWS]
    calls, wanted = [], []
    for kind in modes:
        for number in (*numbers_for(kind), float("nan"), float("inf")):
            literal = {"nan": "0.0 / zero", "inf": "1.0 / zero"}.get(repr(number), float(number).hex())
            word = registers.type_word(kind)
            calls.append(f"{{{literal}, {word}u, LMU_NET_{kind.rounding}, LMU_NET_{kind.overflow}}}")
            wanted.append(expected(number, kind))
    program = f"""
        #include <stdio.h>
        #include "lmu_net.h"
        int main(void) {{
            volatile double zero = 0.0;
            const struct {{ double x; uint32_t type; int rounding, overflow; }} calls[] = {{ {", ".join(calls)} }};
            for (unsigned k = 0; k < sizeof calls / sizeof calls[0]; ++k) {{
                int64_t q;
                if (!lmu_net_quantize_as(calls[k].x, calls[k].type, (lmu_net_rounding)calls[k].rounding,
                                         (lmu_net_overflow)calls[k].overflow, &q)) printf("None\\n");
                else printf("%lld\\n", (long long)q);
            }}
            return 0;
        }}"""
    (tmp_path / "main.c").write_text(program)
    sources = [str(tmp_path / "main.c"), str(case.software / "lmu_net.c")]
    subprocess.run(["gcc", f"-I{case.software}", *sources, "-o", str(tmp_path / "main")], check=True)
    found = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout.split()
    assert found == [str(value) for value in wanted]


def test_lengths_in_python(tmp_path: Path) -> None:
    """The steps that count are sent; an accelerator of one length takes no lengths."""
    for network in (tiny(), replace(tiny(), any_length=True)):
        (tmp_path / "pynq_driver.py").write_text(software_files(plan_network(network, OPTIONS))["sw/pynq_driver.py"])
        driver = pynq_driver(tmp_path)
        accelerator = object.__new__(driver["Accelerator"])
        sent: list[int] = []
        accelerator._sequence = lambda values, sent=sent: sent.append(len(values[0])) or [np.zeros((len(values[0]), 3))]
        numbers = np.zeros((3, network.steps, 2))
        if driver["STEPS"]:
            with pytest.raises(ValueError, match="lengths"):
                accelerator.predict(numbers, [1, 2, 1])
        else:
            assert [len(one) for one in accelerator.predict(numbers, [1, 2, 1])] == sent == [1, 2, 1]


def test_quantization_in_python_is_that_of_the_types(tmp_path: Path) -> None:
    for kind in (FixedType(8, 3, True, rounding, overflow) for rounding in ROUNDINGS for overflow in OVERFLOWS):
        text = software_files(plan_network(tiny(x=kind), OPTIONS))["sw/pynq_driver.py"]
        (tmp_path / "pynq_driver.py").write_text(text)
        found = pynq_driver(tmp_path)["quantize"]
        for number in numbers_for(kind):
            if (wanted := expected(number, kind)) is None:
                with pytest.raises(ValueError, match="too large"):
                    found(number)
            else:
                assert found(number) == wanted, (kind, number)


@pytest.fixture
def pynq(server: Server, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYNQ's own is replaced; the accelerator is the Verilog."""
    monkeypatch.setitem(sys.modules, "pynq", mock_pynq(server, case.plan.top))


@needs_verilator
def test_pynq_class(pynq: None, case: Case) -> None:
    accelerator = pynq_driver(case.software)["Accelerator"]("design.bit")
    assert np.array_equal(accelerator.predict(case.numbers), case.values)
    assert np.array_equal(accelerator.predict(case.numbers[1]), case.values[1])
    assert np.array_equal(accelerator.classes(case.numbers), np.argmax(case.values, axis=-1))
    counters = accelerator.counters
    assert counters["sequences"] == 9 and 2 <= counters["step_cycles"] <= case.plan.cycles.ii and not accelerator.busy
    assert counters["clipped lmu.mem"] > 0 and counters["framing"] == 0
    accelerator.restart()
    assert accelerator.counters["sequences"] == 0
    assert np.array_equal(accelerator.predict(case.numbers[:1]), case.values[:1])
    accelerator.close()


class Memory:
    """The blocks of an overlay whose accelerator is golden: beats lie in memory as the packing of the streams says."""

    def __init__(self, plan: NetworkPlan) -> None:
        self.plan, self.sendchannel, self.recvchannel = plan, self.Channel(self._take), self.Channel(self._give)

    class Channel:
        idle, error = True, False

        def __init__(self, transfer: Callable[[Any], None]) -> None:
            self.transfer = transfer

    def _give(self, buffer: Any) -> None:
        self.buffer = buffer

    def _take(self, buffer: Any) -> None:
        (end,), (out,) = self.plan.inputs, self.plan.outputs
        x = buffer.reshape(1, -1, end.beats * end.together).astype(np.int64)
        assert not x[..., end.count :].any()
        y = golden.predict(self.plan.network, x[..., : end.count])
        y = y.reshape(-1, out.count)
        slots = np.full((len(y), out.beats * out.together), -1)  # beyond the values anything may come
        slots[:, : out.count] = y
        self.buffer[:] = slots.ravel()


@pytest.mark.parametrize("return_sequences", [True, False])
def test_pynq_class_with_several_values_a_beat(
    return_sequences: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = tiny(return_sequences)
    plan = plan_network(network, replace(OPTIONS, values_per_beat=4))
    assert [(end.together, end.count) for end in (*plan.inputs, *plan.outputs)] == [(2, 2), (4, 3)]
    for name, text in software_files(plan).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    numbers = np.random.default_rng(5).uniform(-2, 2, (3, network.steps, 2))
    wanted = to_float(golden.predict(network, quantize(numbers, network.x)), plan.out.type)
    driver = pynq_driver(tmp_path / "sw")
    accelerator = object.__new__(driver["Accelerator"])
    memory = Memory(plan)
    accelerator._senders, accelerator._receivers, accelerator._buffers = [memory.sendchannel], [memory.recvchannel], []
    accelerator._allocate = lambda shape, dtype: np.zeros(shape, dtype)
    for name, fake in (("read", lambda self, register: 0), ("_wait", lambda self, channel: None)):
        monkeypatch.setattr(driver["Accelerator"], name, fake)
    monkeypatch.setattr(driver["Accelerator"], "close", lambda self: None)
    assert np.array_equal(accelerator.predict(numbers), wanted)


@needs_verilator
def test_pynq_class_says_what_is_wrong(pynq: None, case: Case) -> None:
    driver = pynq_driver(case.software)
    error = driver["AcceleratorError"]
    with pytest.raises(error, match="no block 'other'; its blocks are net_top_0, axi_dma_0"):
        driver["Accelerator"]("design.bit", dma="other")
    accelerator = driver["Accelerator"]("design.bit", timeout_s=0.2)
    for wrong in (case.numbers[:, :-1], case.numbers[..., :1], case.numbers[0, 0], case.numbers[:0]):
        with pytest.raises(ValueError, match="sequences of 5 steps of 2 values are needed"):
            accelerator.predict(wrong)
    with pytest.raises(ValueError, match="NaN or infinity"):
        accelerator.predict(case.numbers * np.nan)
    accelerator._receivers[0]._finish = lambda buffer: None  # what came is lost
    with pytest.raises(error, match=r"no answer within 0\.2 s after 0 sequences"):
        accelerator.predict(case.numbers[:1])
    driver["CONSTANTS"]["CONTRACT"] ^= 1
    with pytest.raises(error, match="the register CONTRACT holds 0x"):
        driver["Accelerator"]("design.bit")


@needs_verilator
def test_a_wrong_address_in_the_pynq_class_is_noticed(pynq: None, case: Case) -> None:
    driver = pynq_driver(case.software)
    driver["REGISTERS"]["CONTRACT"] += 4
    with pytest.raises(driver["AcceleratorError"], match="CONTRACT"):
        driver["Accelerator"]("design.bit")


def test_a_class_is_an_output_or_the_largest_of_them(tmp_path: Path) -> None:
    for network, flag in ((with_argmax(tiny(False)), True), (tiny(False), False)):
        text = software_files(plan_network(network, OPTIONS))["sw/pynq_driver.py"]
        assert f"CLASSES = {flag} " in text and ", 1, False),  # " in text


def test_systemrdl_has_the_same_map(case: Case) -> None:
    """The text by itself; with systemrdl-compiler also as that reads it."""
    path = case.software / "lmu_net.rdl"
    placed = {name: int(at, 16) for name, at in re.findall(r"\} (\w+)(?:\[\d+\])? @ (0x\w+);", path.read_text())}
    listed = (*all_registers(case.plan), registers.CLIPPED)
    assert placed == {register.name: register.address for register in listed}
    systemrdl = pytest.importorskip("systemrdl", reason="systemrdl-compiler is not installed")
    compiler = systemrdl.RDLCompiler()
    compiler.compile_file(str(path))
    found = {node.inst_name: node for node in compiler.elaborate().top.children()}
    for register in listed:
        fields = {field.inst_name: field for field in found[register.name].fields()}
        assert [(f.name, f.low, f.high) for f in register.fields] == [
            (f.inst_name, f.low, f.high) for f in fields.values()
        ]
        for field in register.fields:
            assert fields[field.name].get_property("sw").name == field.access.lower().replace("/", "")
            if field.constant:
                assert fields[field.name].get_property("reset") == field.value_in(constants(case.plan)[register.name])


def test_names_of_a_model_do_no_harm() -> None:
    """A name that would end a comment, a string or the docstring stays within it."""
    network = tiny()
    evil = network.with_layers(
        tuple(layer.renamed('*/ """ \\ ??/\n#error') for layer in network.layers[:1]) + network.layers[1:]
    )
    files = software_files(plan_network(replace(evil, name='x*/"""\n#error \\'), OPTIONS))
    for name, text in files.items():
        assert "#error" not in re.findall(r"^\s*(#\w+)", text, re.M) and '*/"""' not in text, name
    compile(files["sw/pynq_driver.py"], "driver", "exec")
