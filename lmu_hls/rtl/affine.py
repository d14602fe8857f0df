"""A matrix of the contract as parameters and ROM words of ``lmu_affine``.

out_j = sum over the sources of kernel[:, j] . values, plus the biases, exact. All products of a part share ACC_F
fraction bits. A product whose own fraction bits are fewer is lifted by the difference, part of it on the stored
coefficients and the rest on the operand (<SOURCE>_SHIFT), whichever makes the smaller multiplier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import MAX_WIDTH, FixedType, Ints
from lmu_hls.rtl.matrix import Matrix, WholeMatrix
from lmu_hls.rtl.products import more_stages, pieces
from lmu_hls.spec import Weight


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Values of one type that meet ``kernel`` (values in the order of their arrival, rows of the matrix)."""

    name: str
    type: FixedType
    kernel: Weight


@dataclass(frozen=True, slots=True)
class Rom:
    """A ROM file: ``words`` of ``width`` bits, at least two.

    ``zero``: a word by its number and a mask of bits, which its unit takes to be zero. Where the words stand in the
    source, that is checked when it is elaborated.
    """

    file: str
    width: int
    words: tuple[int, ...]
    zero: tuple[int, int] | None = None

    def text(self) -> str:
        """One word a line, hexadecimal, all of the same length."""
        return _lines(-(-self.width // 4), self.words)


@lru_cache(maxsize=64)  # a project asks for each several times: the file, its hash, its name
def _lines(digits: int, words: tuple[int, ...]) -> str:
    return "".join([f"{word:0{digits}x}\n" for word in words])


@dataclass(frozen=True, slots=True)
class Affine:
    """Sizes, widths and contents; ``shifts`` are the left shifts of the operands by source name.

    ``lanes`` are rows, or for lmu_matvec columns, that are worked on at once. ``blocks`` are those in the ROM when some
    that are zero are left out, else 0.
    """

    columns: int
    rows: int
    lanes: int
    blocks: int
    op_width: int
    coef_width: int
    acc_width: int
    acc_fraction: int
    bound: int
    shifts: Mapping[str, int]
    bias_width: int
    bias_shift: int
    rom: Rom
    bias_rom: Rom | None

    def parameters(self) -> dict[str, int | str]:
        """The parameters that every module around ``lmu_affine`` has, but HAS_BIAS."""
        bias_file = self.bias_rom.file if self.bias_rom else self.rom.file  # a file that exists; nobody reads it
        named: dict[str, int | str] = {"LANES": self.lanes}
        if self.blocks:
            named["BLOCKS"] = self.blocks
        named |= {f"{name.upper()}_SHIFT": shift for name, shift in self.shifts.items()}
        named |= {"OP_W": self.op_width, "COEF_W": self.coef_width}
        named |= {"ACC_W": self.acc_width, "ACC_F": self.acc_fraction}
        named |= {"BIAS_W": self.bias_width, "BIAS_SHIFT": self.bias_shift}
        named |= {"ROM_FILE": self.rom.file, "BIAS_FILE": bias_file}
        return named

    @property
    def roms(self) -> tuple[Rom, ...]:
        return (self.rom,) if self.bias_rom is None else (self.rom, self.bias_rom)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """matrix . operands + bias * 2**bias_shift with ``fraction`` fraction bits, exact and never above ``bound``.

    ``matrix`` (rows, columns) and the operands, each shifted left by that of its source, have the common fraction bits.
    """

    matrix: Ints
    bias: NDArray[np.object_]  # (rows,)
    biased: bool
    bias_shift: int
    fraction: int
    bound: int
    op_width: int
    coef_width: int
    shifts: Sequence[int]


def exact_sums(
    where: str, sources: Sequence[Source], biases: Sequence[Weight | None], shift_operands: bool = True
) -> Sums:
    """The sums of :func:`make_affine`, with its errors."""
    for source in sources:
        check_signed_type(where, source.name, source.type)
    given = [bias for bias in biases if bias is not None]
    fraction, lifts = common_fraction(sources, given)
    op_width, coef_width, op_shifts = split_lifts(sources, lifts, shift_operands)
    bias, bias_fraction = _sum_of(given, sources[0].kernel.shape[1])
    bias_shift = fraction - bias_fraction if given else 0
    bound = _bound(sources, lifts, [int(b) << bias_shift for b in bias])
    check_bound(where, bound)  # before the shift below, which could leave int64
    kernels = [s.kernel.values << (lift - op) for s, lift, op in zip(sources, lifts, op_shifts, strict=True)]
    matrix = np.concatenate(kernels).T
    return Sums(matrix, bias, bool(given), bias_shift, fraction, bound, op_width, coef_width, op_shifts)


def common_fraction(sources: Sequence[Source], biases: Iterable[Weight]) -> tuple[int, list[int]]:
    """Fraction bits of the sums, and by how many bits the products of each source are lifted to them."""
    own = [source.type.fraction + source.kernel.type.fraction for source in sources]
    fraction = max([*own, *(bias.type.fraction for bias in biases)])
    return fraction, [fraction - f for f in own]


def matrix_stages(sources: Sequence[Source], biases: Sequence[Weight | None], shift_operands: bool = True) -> int:
    """:func:`more_stages` of the products of :func:`make_affine`."""
    _, lifts = common_fraction(sources, [bias for bias in biases if bias is not None])
    return more_stages(*split_lifts(sources, lifts, shift_operands)[:2])


def make_affine(
    where: str,
    file: str,
    sources: Sequence[Source],
    biases: Sequence[Weight | None],
    sizes: Matrix | WholeMatrix,
    shift_operands: bool = True,
) -> Affine:
    """The matrix of ``sources``, whose ROM is rom/<file>.hex; ``where`` names it in messages.

    ``sizes`` are its lanes and the blocks that are left out. Biases, each (rows,), are summed. Without
    ``shift_operands`` the coefficients alone are lifted. Raises LmuHlsError when the exact sum can reach 2**62 and for
    unsigned types.
    """
    sums = exact_sums(where, sources, biases, shift_operands)
    matrix, bias = sums.matrix, sums.bias
    if isinstance(sizes, Matrix) and sizes.pattern is not None and sizes.blocks:
        order = sizes.pattern.order(sizes.lanes)
        matrix, bias = matrix[order], bias[order]
    bias_width = signed_width(bias) if sums.biased else 1
    return Affine(
        columns=matrix.shape[1],
        rows=matrix.shape[0],
        lanes=sizes.lanes if isinstance(sizes, Matrix) else sizes.at_once,
        blocks=sum(sizes.blocks) if isinstance(sizes, Matrix) else 0,
        op_width=sums.op_width,
        coef_width=sums.coef_width,
        # A product fits its accumulator, and so does a bias where it is, also if it is zero
        acc_width=max(
            sums.bound.bit_length() + 1,
            sums.op_width + sums.coef_width,
            bias_width + sums.bias_shift if sums.biased else 0,
        ),
        acc_fraction=sums.fraction,
        bound=sums.bound,
        shifts={source.name: shift for source, shift in zip(sources, sums.shifts, strict=True)},
        bias_width=bias_width,
        bias_shift=sums.bias_shift,
        rom=_rom(f"rom/{file}.hex", matrix, sizes, sums.coef_width),
        bias_rom=Rom(f"rom/{file}_bias.hex", bias_width, _biases(bias, sizes, bias_width)) if sums.biased else None,
    )


def _biases(bias: NDArray[np.object_], sizes: Matrix | WholeMatrix, width: int) -> tuple[int, ...]:
    """One a word; for lmu_matvec all of them are one word, of two that its ROM has."""
    return padded(bias if isinstance(sizes, Matrix) else [*bias, *[0] * len(bias)], width)


def _rom(file: str, matrix: Ints, sizes: Matrix | WholeMatrix, width: int) -> Rom:
    if isinstance(sizes, WholeMatrix):
        return Rom(file, sizes.at_once * width, turn_words(matrix, sizes.at_once, width))
    if not sizes.blocks:
        return Rom(file, sizes.lanes * width, rom_words(matrix, sizes.lanes, width))
    column_width = max(1, (sizes.columns - 1).bit_length())
    return Rom(file, sizes.lanes * width + column_width + 1, block_words(matrix, sizes, width))


def block_words(matrix: Ints, sizes: Matrix, width: int) -> tuple[int, ...]:
    """The blocks of ``sizes``, group after group: the coefficients as in :func:`rom_words`, above them the column, and
    on top 1 for the last block of a group. Blocks beyond those that are not zero are zeros in column 0."""
    words = rom_words(matrix, sizes.lanes, width)
    column_width = max(1, (sizes.columns - 1).bit_length())
    blocks: list[int] = []
    for group, count in enumerate(sizes.blocks):
        group_words = words[group * sizes.columns :][: sizes.columns]
        found = [column << sizes.lanes * width | word for column, word in enumerate(group_words) if word]
        blocks += [*found, *[0] * (count - len(found))]
        blocks[-1] |= 1 << sizes.lanes * width + column_width
    assert len(blocks) == sum(sizes.blocks)
    return tuple(blocks + [0] * (2 - len(blocks)))


def rom_words(matrix: Ints, lanes: int, width: int) -> tuple[int, ...]:
    """Word g * columns + k: column k of the rows g * lanes .. g * lanes + lanes - 1, lowest row in the low bits."""
    rows, columns = matrix.shape
    groups = matrix.reshape(rows // lanes, lanes, columns).swapaxes(1, 2).reshape(-1, lanes)
    mask = (1 << width) - 1
    words = [sum((int(c) & mask) << (k * width) for k, c in enumerate(word)) for word in groups]
    return tuple(words + [0] * (2 - len(words)))


def turn_words(matrix: Ints, at_once: int, width: int) -> tuple[int, ...]:
    """For each turn and each row of ``matrix`` (rows, columns) the coefficients of ``at_once`` columns, the lowest one
    in the low bits. There are two turns at least, and zeros beyond the last column."""
    rows, columns = matrix.shape
    turns = max(2, -(-columns // at_once))
    wide = np.zeros((rows, turns * at_once), object)
    wide[:, :columns] = matrix
    mask = (1 << width) - 1
    words = wide.reshape(rows, turns, at_once).swapaxes(0, 1).reshape(-1, at_once)
    return tuple(sum((int(c) & mask) << (k * width) for k, c in enumerate(word)) for word in words)


def padded(values: Iterable[int], width: int) -> tuple[int, ...]:
    """``values`` as unsigned words of ``width`` bits; a single one is followed by zero, as a ROM has two words."""
    words = [int(value) & ((1 << width) - 1) for value in values]
    return tuple(words + [0] * (2 - len(words)))


def check_signed_type(where: str, tensor: str, fixed_type: FixedType) -> None:
    """LmuHlsError for an unsigned type."""
    if not fixed_type.signed:
        raise LmuHlsError(
            f"{where}: {tensor} has the unsigned type {fixed_type}, the Verilog takes signed ones; "
            f"use fixed<{fixed_type.width + 1},{fixed_type.integer + 1}>"
        )


def check_bound(where: str, bound: int) -> None:
    """LmuHlsError when an exact sum of magnitude up to ``bound`` leaves the contract."""
    if bound >= 1 << MAX_WIDTH:
        raise LmuHlsError(
            f"{where}: the exact sum can reach {bound.bit_length()} bits, the contract allows {MAX_WIDTH}; "
            "use fewer fraction bits in its inputs or weights"
        )


def signed_width(values: Iterable[int]) -> int:
    """Bits of the smallest signed type that holds all of ``values``."""
    return max(1, *(((v if v >= 0 else ~v).bit_length() + 1) for v in map(int, values)))


def split_lifts(
    sources: Sequence[Source], lifts: Sequence[int], shift_operands: bool = True
) -> tuple[int, int, list[int]]:
    """Operand width, coefficient width and operand shifts with which the fewest and smallest multipliers do ``lifts``:
    as many left shifts of the product of each source, on its operand or else on its coefficients."""
    kernel_widths = [s.kernel.type.width + int(not s.kernel.type.signed) for s in sources]
    narrowest = max(source.type.width for source in sources)
    best: tuple[int, int, int, int, list[int]] | None = None
    for op_width in range(narrowest, narrowest + (max(lifts) if shift_operands else 0) + 1):
        shifts = [min(lift, (op_width - s.type.width) * shift_operands) for s, lift in zip(sources, lifts, strict=True)]
        coef_width = max(w + lift - op for w, lift, op in zip(kernel_widths, lifts, shifts, strict=True))
        trial = (pieces(op_width, coef_width), op_width * coef_width, coef_width, op_width, shifts)
        best = trial if best is None else min(best, trial)
    assert best is not None
    return best[3], best[2], best[4]


def _sum_of(biases: Sequence[Weight], rows: int) -> tuple[NDArray[np.object_], int]:
    """The sum of ``biases`` as integers with the returned number of fraction bits; zeros without one."""
    fraction = max((bias.type.fraction for bias in biases), default=0)
    total = np.zeros(rows, object)
    for bias in biases:
        total = total + (bias.values.astype(object) << (fraction - bias.type.fraction))
    return total, fraction


def _bound(sources: Sequence[Source], lifts: Sequence[int], bias: Sequence[int]) -> int:
    """Largest magnitude of any sum, and of any part of it, over all inputs of the sources' types."""
    total = np.array([abs(b) for b in bias], object)
    for source, lift in zip(sources, lifts, strict=True):
        weights = np.abs(source.kernel.values).sum(axis=0, dtype=object)
        total = total + weights * (source.type.max_abs << lift)
    return int(max(total))
