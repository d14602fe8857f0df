"""Matrices as ROM words: packing, alignment of products, exact bounds, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Affine, Rom, Source, block_words, make_affine, rom_words, signed_width
from lmu_hls.rtl.matrix import Matrix, pattern_of
from lmu_hls.spec import Weight
from tests.support.networks import random_type, random_weight


def fields(word: int, count: int, width: int) -> list[int]:
    """Fields of a word from the low bits up, as signed numbers."""
    values = [(word >> (k * width)) & ((1 << width) - 1) for k in range(count)]
    return [value - ((value >> (width - 1)) << width) for value in values]


def matrix_of(affine: Affine) -> np.ndarray:
    """(rows, columns) as the unit reads its ROM."""
    groups = affine.rows // affine.lanes
    words = affine.rom.words[: groups * affine.columns]
    values = [fields(word, affine.lanes, affine.coef_width) for word in words]
    return np.array(values).reshape(groups, affine.columns, affine.lanes).swapaxes(1, 2).reshape(affine.rows, -1)


def test_words_are_columns_of_groups() -> None:
    matrix = np.array([[1, 2, 3], [4, 5, -1], [7, 8, 9], [10, 11, 12]])
    assert rom_words(matrix, 2, 8) == (0x0401, 0x0502, 0xFF03, 0x0A07, 0x0B08, 0x0C09)
    assert rom_words(np.array([[-3]]), 1, 4) == (0xD, 0)  # a ROM has two words


def test_blocks_that_are_not_zero_have_their_column() -> None:
    """Two groups of two rows: three blocks, then none, of which two zeros stay; each group ends with the top bit."""
    matrix = np.array([[1, 0, 0, 2, 0], [0, 0, 3, -1, 0], [0] * 5, [0] * 5])
    sizes = Matrix(5, 4, 2, pattern_of([matrix.T], True))
    assert sizes.blocks == (3, 3) and sizes.cycles == 6  # five would be as many as columns
    end = 1 << 8 + 3
    assert block_words(matrix, sizes, 4) == (0x001, 0x230, 0x3F2 | end, 0, 0, end)


def test_text_has_one_word_a_line() -> None:
    assert Rom("rom/a.hex", 9, (1, 0x1FF)).text() == "001\n1ff\n"


@pytest.mark.parametrize("values", [[0], [-1], [1], [-8, 7], [8], [-9], [255, -256]])
def test_signed_width(values: list[int]) -> None:
    width = signed_width(values)
    assert min(values) >= -(1 << (width - 1)) and max(values) < 1 << (width - 1)
    assert width == 1 or min(values) < -(1 << (width - 2)) or max(values) >= 1 << (width - 2)


@pytest.mark.parametrize("seed", range(20))
def test_sums_are_exact(seed: int) -> None:
    """The unit's sum of shifted operands, coefficients and bias is the definition's, and never overflows."""
    rng = np.random.default_rng(seed)
    sizes, rows = {"x": 3, "mem": 5, "h": 2}, 4
    sources = [Source(name, random_type(rng), random_weight(rng, n, rows)) for name, n in sizes.items()]
    biases = [random_weight(rng, rows), random_weight(rng, rows)][: seed % 3]
    affine = make_affine("here", "a", sources, biases, Matrix(10, rows, int(rng.choice([1, 2, 4]))))
    values = [rng.choice([s.type.min_int, s.type.max_int], size=sizes[s.name]) for s in sources]

    operands = np.concatenate([v << affine.shifts[s.name] for s, v in zip(sources, values, strict=True)])
    assert signed_width(operands) <= affine.op_width
    sums = matrix_of(affine) @ operands
    if affine.bias_rom:
        sums += np.array([fields(w, 1, affine.bias_width)[0] for w in affine.bias_rom.words]) << affine.bias_shift
    assert signed_width(sums) <= affine.acc_width
    assert np.abs(sums).max() <= affine.bound

    scale = 2.0**-affine.acc_fraction
    exact = sum(
        (v * s.type.lsb) @ (s.kernel.values * s.kernel.type.lsb) for s, v in zip(sources, values, strict=True)
    ) + sum(b.values * b.type.lsb for b in biases)
    assert np.array_equal(sums * scale, exact)


def test_lifts_go_where_the_multiplier_stays_small() -> None:
    """Products of x have 8 fraction bits, those of mem 24: 10 of the 16 go to x, 6 to its coefficients of 6 bits."""
    x, mem = FixedType(8, 4), FixedType(16, 2)
    kernels = [Weight(np.ones((2, 2)), FixedType(6, 2)), Weight(np.ones((2, 2)), FixedType(12, 2))]
    affine = make_affine("here", "a", [Source("x", x, kernels[0]), Source("mem", mem, kernels[1])], [], Matrix(4, 2))
    assert (affine.op_width, affine.coef_width, affine.shifts) == (18, 12, {"x": 10, "mem": 0})


def test_operands_without_shift() -> None:
    x = FixedType(8, 4)
    bias = Weight(np.ones(2), FixedType(20, 4))
    source = Source("x", x, Weight(np.ones((2, 2)), FixedType(6, 2)))
    affine = make_affine("here", "a", [source], [bias], Matrix(2, 2), shift_operands=False)
    assert (affine.op_width, affine.shifts["x"]) == (8, 0)
    assert affine.coef_width == 6 + (16 - 8)


def test_too_wide_sum() -> None:
    source = Source("mem", FixedType(40, 2), Weight(np.full((4, 2), 1 << 22), FixedType(24, 1)))
    with pytest.raises(LmuHlsError, match="here: the exact sum can reach 64 bits, the contract allows 62; use fewer"):
        make_affine("here", "a", [source], [], Matrix(*source.kernel.shape))


def test_unsigned_input() -> None:
    source = Source("x", FixedType(8, 4, signed=False), Weight(np.ones((2, 2)), FixedType(6, 2)))
    with pytest.raises(LmuHlsError, match=r"here: x has the unsigned type ufixed<8,4,.*use fixed<9,5>"):
        make_affine("here", "a", [source], [], Matrix(*source.kernel.shape))
