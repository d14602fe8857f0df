"""lmu_hls.fixed against the C++ of ap_fixed that hls4ml ships: every rounding and overflow, value by value."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, quantize, requantize, to_float

SHAPES = {  # width, integer bits, signed: coarser, finer, narrower and wider than the sources, down to one bit
    "some": ((6, 3, True), (6, 3, False)),
    "others": ((1, 1, True), (4, 6, True), (3, 0, True), (5, -1, True), (12, 5, True), (2, 1, True), (1, 1, False)),
}
SOURCES = (FixedType(9, 4), FixedType(8, 3, signed=False))
DOUBLES = np.arange(-700, 701) / 64  # below, on and between the grid points and their midpoints

PROGRAM = """
#include <cstdio>
#include "ap_fixed.h"
template <class S, class T> void from_fixed(int first, int last) {{
    for (int q = first; q <= last; q++) {{
        S s; s.range(S::width - 1, 0) = ap_int<S::width>(q);
        T t = s;
        printf("%d ", (int)(t.range(T::width - 1, 0).to_uint()));
    }}
    printf("\\n");
}}
template <class T> void from_double() {{
    for (int k = -700; k <= 700; k++) {{
        T t = k / 64.0;
        printf("%d ", (int)(t.range(T::width - 1, 0).to_uint()));
    }}
    printf("\\n");
}}
int main() {{
{calls}
}}
"""


def targets(shapes: str) -> list[FixedType]:
    """Every rounding and overflow of these shapes."""
    every = [FixedType(*shape, r, o) for shape in SHAPES[shapes] for r in ROUNDINGS for o in OVERFLOWS]
    # One signed bit has no symmetric range; C++ gives -1 there, and conversion refuses the type.
    return [t for t in every if not (t.width == 1 and t.signed and t.overflow == "SAT_SYM")]


def cpp(type_: FixedType) -> str:
    sign = "" if type_.signed else "u"
    return f"ap_{sign}fixed<{type_.width},{type_.integer},AP_{type_.rounding},AP_{type_.overflow}>"


def values(source: FixedType) -> np.ndarray:
    return np.arange(source.min_int, source.max_int + 1, dtype=np.int64)


def run_cpp(targets: list[FixedType], folder: Path) -> list[np.ndarray]:
    """For every target type: one line for each source and one for the doubles, as bit patterns."""
    hls4ml = importlib.util.find_spec("hls4ml").submodule_search_locations[0]
    calls = []
    for target in targets:
        for source in SOURCES:
            calls.append(f"    from_fixed<{cpp(source)}, {cpp(target)}>({source.min_int}, {source.max_int});")
        calls.append(f"    from_double<{cpp(target)}>();")
    (folder / "main.cpp").write_text(PROGRAM.format(calls="\n".join(calls)))
    include = Path(hls4ml) / "templates" / "vivado" / "ap_types"
    subprocess.run(["g++", "-w", "-std=c++14", f"-I{include}", "main.cpp", "-o", "main"], cwd=folder, check=True)
    lines = subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [np.array(line.split(), np.int64) for line in lines]


def integers(bits: np.ndarray, type_: FixedType) -> np.ndarray:
    return bits - ((bits > type_.max_int).astype(np.int64) << type_.width)


@pytest.mark.parametrize("shapes", SHAPES)
def test_requantize_and_quantize_are_ap_fixed(shapes, tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    lines = iter(run_cpp(targets(shapes), tmp_path))
    wrong = []
    for target in targets(shapes):
        for source in SOURCES:
            expected = integers(next(lines), target)
            wrong += [] if np.array_equal(requantize(values(source), source.fraction, target), expected) else [target]
            wrong += [] if np.array_equal(quantize(to_float(values(source), source), target), expected) else [target]
        wrong += [] if np.array_equal(quantize(DOUBLES, target), integers(next(lines), target)) else [target]
    assert not wrong, [str(target) for target in wrong]
    assert next(lines, None) is None
