"""What does not depend on the design is compiled once, and belongs to this Verilator and these flags alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lmu_hls import builds, process
from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import simulator_env
from lmu_hls.verify import verilated, verilator

MAIN = """
#include "Vtop.h"
int main() {
    Vtop top;
    top.a = 5;
    top.eval();
    return top.y;
}
"""


@pytest.fixture
def env(verilator: str) -> dict[str, str]:
    return simulator_env(verilator)


def compiled(folder: Path, expression: str, env: dict[str, str]) -> Path:
    folder.mkdir()
    (folder / "top.v").write_text(f"module top (input [7:0] a, output [7:0] y); assign y = {expression}; endmodule\n")
    (folder / "main.cpp").write_text(MAIN)
    arguments = [*verilated.FLAGS, "--top-module", "top", "-o", "it", "top.v", "main.cpp"]
    code = verilator.program(arguments, folder, "Vtop", verilated.COMPILER_FLAGS, env, folder / "log")
    assert code == 0, (folder / "log").read_text()
    return folder / verilator.OBJECTS


def result(place: Path, env: dict[str, str]) -> int:
    return process.run([place / "it"], tool="it", env=env).code


def test_the_runtime_is_shared_and_each_design_is_its_own(tmp_path: Path, env: dict[str, str]) -> None:
    """The headers are precompiled from the second design in a cache on."""
    first, second = (compiled(tmp_path / f"design{k}", f"a + 8'd{k}", env) for k in (1, 2))
    assert (result(first, env), result(second, env)) == (6, 7)
    kept = {(place / verilator.RUNTIME).resolve() for place in (first, second)}
    assert [entry.parent for entry in kept] == [builds.cache_dir()]
    assert (second / verilator.HEADERS).exists()
    for place in (first, second):
        assert not list(place.glob("verilated*.o"))
        (command,) = re.findall(r"^g\+\+ .*Vtop__ALL\.cpp$", (place.parent / "log").read_text(), re.MULTILINE)
        headers = process.run([*command.split(), "-H"], tool="g++", cwd=place, env=env).output
        assert (
            bool(re.search(rf"^! \S+{verilator.HEADER}\.fast\.gch$", headers, re.MULTILINE))
            == (place / verilator.HEADERS).exists()
        )


def test_another_file_of_verilator_or_another_flag_is_another_runtime(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is compiled here: the keys are looked at."""
    keys: list[tuple[str | bytes, ...]] = []

    def built(kind: str, parts: list[str | bytes], make: object) -> Path:
        keys.append(tuple(parts))
        raise LmuHlsError("enough")

    monkeypatch.setattr(builds, "built", built)
    include = tmp_path / "verilator" / "include"
    include.mkdir(parents=True)
    (include / "verilated.h").write_text("// a")
    root = verilator._root

    def key(name: str, flags: str = "-O2") -> None:
        monkeypatch.setattr(verilated, "COMPILER_FLAGS", flags)
        with pytest.raises(LmuHlsError, match="enough"):
            compiled(tmp_path / name, "a", env)

    monkeypatch.setattr(verilator, "_root", lambda makefile: root(makefile) and include.parent)
    key("first")
    key("same")
    key("flags", "-O1")
    (include / "verilated.h").write_text("// b")
    key("header")
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
