"""C simulation rounds on integers of the machine: every rounding and overflow mode as the ap_types themselves do it."""

import subprocess
from pathlib import Path

import hls4ml
import pytest

from lmu_hls import toolchain
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS
from lmu_hls.hls.targets import FIRMWARE
from tests.support.mutants import change

VIVADO = Path(hls4ml.__file__).with_name("templates") / "vivado"
NUMBERS = "nnet_lmu_numbers.h"
PROGRAM = """
#include "nnet_lmu_numbers.h"
#include <cstdio>
using namespace nnet;
static unsigned long long state = 1;
static int wrong = 0, many = 0;
template <class T, class acc_T> void one(long long bits) {
    acc_T x = 0;
    for (int k = 0; k < acc_T::width; k++) x[k] = bits >> k & 1;
    const T expected = x, native = lmu_rounded<T>(x);
    wrong += expected != native || lmu_bits(native) != expected.range(T::width - 1, 0);
    wrong += lmu_of_bits<T>(lmu_bits(native)) != expected || lmu_is_positive(x) != (x > 0);
    many++;
}
template <class T, class acc_T> void all() {
    const int shift = lmu_fraction<acc_T>::value - lmu_fraction<T>::value;
    for (int k = 0; k < 400; k++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        long long bits = (long long)state >> (64 - acc_T::width) >> (state >> 8) %% acc_T::width;
        if (k %% 3 == 0 && shift > 0) bits = (bits >> shift << shift) + (1LL << (shift - 1)); // a tie
        one<T, acc_T>(bits);
    }
    for (long long bits = -3; bits <= 3; bits++) {
        one<T, acc_T>(bits);
        one<T, acc_T>((1LL << (acc_T::width - 1)) + bits);
    }
}
int main() {
%s
    std::printf("%%d %%d", wrong, many);
}
"""
PAIRS = (  # from, to
    ("ap_fixed<24, 10>", "ap_fixed<9, 4, %s>"),
    ("ap_fixed<37, 12>", "ap_fixed<16, 2, %s>"),
    ("ap_fixed<20, 12>", "ap_fixed<18, 4, %s>"),  # more fraction bits than before
    ("ap_fixed<30, 6>", "ap_ufixed<10, 3, %s>"),
    ("ap_ufixed<12, 5>", "ap_fixed<7, 5, %s>"),
)


MODES = [f"AP_{rounding}, AP_{overflow}" for rounding in ROUNDINGS for overflow in OVERFLOWS]


def differences(folder: Path, modes: list[str]) -> tuple[int, int]:
    """How many values of how many differ."""
    calls = "".join(f"    all<{to % mode}, {source} >();\n" for mode in modes for source, to in PAIRS)
    (folder / "main.cpp").write_text(PROGRAM % calls)
    gxx = str(toolchain.need("g++").path)
    places = [f"-I{folder}", f"-I{VIVADO / 'ap_types'}", f"-I{VIVADO / 'nnet_utils'}"]
    subprocess.run(
        [gxx, "-O0", "-std=c++14", "-w", *places, str(folder / "main.cpp"), "-o", str(folder / "main")], check=True
    )
    wrong, many = subprocess.run([folder / "main"], check=True, capture_output=True, text=True).stdout.split()
    return int(wrong), int(many)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / NUMBERS).write_bytes((FIRMWARE / "ap" / NUMBERS).read_bytes())
    return tmp_path


def test_every_mode_is_that_of_the_types(folder):
    assert differences(folder, MODES) == (0, len(MODES) * len(PAIRS) * 414)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rest > half || (rest == half && (floor & 1))", "rest >= half"),
        ("x < (SIGNED ? -most : 0) ? (SIGNED ? -most : 0) : x", "x < least ? least : x"),
    ],
)
def test_a_fault_is_seen(old, new, folder):
    change(folder / NUMBERS, old, new)
    assert differences(folder, ["AP_RND_CONV, AP_SAT_SYM"])[0] > 0
