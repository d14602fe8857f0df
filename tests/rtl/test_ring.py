"""The additions of a memory in stages: what the words say, read again without the writer, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.adders import AdderGraph, Output, Sum, shared_additions
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.rtl.memory import memory_sizes, memory_unit
from lmu_hls.rtl.packed import Words, plain
from lmu_hls.rtl.ring import LARGEST, in_stages, ring_sizes
from lmu_hls.spec import DenseUpdate, TridiagonalUpdate, Weight
from tests.support.hdl import ring_grid

INPUT, SUM, DIFFERENCE, REGISTER = range(4)
TYPES = (FixedType(6, 2), FixedType(9, 2), FixedType(9, 2))


def fields(word, *widths):
    found = []
    for width in widths:
        found.append(word & (1 << width) - 1)
        word >>= width
    return found


def evaluated(graph_words, result_words, types):
    """What the outputs are of the inputs, and after how many registers, as the header of lmu_shift_add says it.

    AssertionError where operands come after different numbers of registers, or a node is narrower than an operand.
    """
    nodes, low = [], np.cumsum([0, *(kind.width for kind in types)]).tolist()
    for number, word in enumerate(graph_words):
        first, second, width, first_shift, second_shift, kind = fields(word, 16, 16, 8, 8, 8, 8)
        if kind == INPUT:
            which = low.index(first)
            assert width == types[which].width
            row = [int(k == which) for k in range(len(types))]
            nodes.append((row, 0, width))
            continue
        assert first < number
        row, time, bits = nodes[first]
        row = [value << first_shift for value in row]
        assert width >= bits + first_shift
        if kind == REGISTER:
            time += 1
        else:
            other, other_time, other_bits = nodes[second]
            assert second < number and other_time == time and width >= other_bits + second_shift
            sign = -1 if kind == DIFFERENCE else 1
            row = [a + sign * (b << second_shift) for a, b in zip(row, other, strict=True)]
        nodes.append((row, time, width))
    columns, times = [], set()
    for word in result_words:
        node, shift, exists, _ = fields(word, 16, 8, 8, 32)
        columns.append([value << shift for value in nodes[node][0]] if exists else [0] * len(types))
        times |= {nodes[node][1]} if exists else set()
    return np.array(columns, object).T, times


@pytest.mark.parametrize("stages", [1, 2, 3, 7])
def test_the_words_are_the_matrix_after_as_many_registers(stages):
    rng = np.random.default_rng(stages)
    for _ in range(5):
        matrix = rng.integers(-99, 99, (3, 3)).astype(object)
        matrix[:, 1] <<= 3
        matrix[:, 2] *= int(rng.integers(0, 2))
        pipeline = in_stages(shared_additions(matrix), TYPES, stages)
        words = [node.word for node in pipeline.nodes], [result.word for result in pipeline.results]
        found, times = evaluated(*words, TYPES)
        assert np.array_equal(found, matrix) and times == {stages}


def test_a_wrong_word_is_seen():
    """The reader of this test tells another coefficient, another number of registers, and a sum that is too narrow."""
    pipeline = in_stages(shared_additions(np.array([[5, 3], [1, -7], [0, 9]], object)), TYPES, 2)
    words, results = [node.word for node in pipeline.nodes], [result.word for result in pipeline.results]
    place = max(k for k, node in enumerate(pipeline.nodes) if node.kind in (SUM, DIFFERENCE))
    right, _ = evaluated(words, results, TYPES)
    assert not np.array_equal(
        evaluated([*words[:place], words[place] + (1 << 48), *words[place + 1 :]], results, TYPES)[0], right
    )
    narrow, register = words[place] & ~(0xFF << 32) | 3 << 32, words[place] & (1 << 56) - 1 | REGISTER << 56
    for word in (narrow, register):
        with pytest.raises(AssertionError):
            assert evaluated([*words[:place], word, *words[place + 1 :]], results, TYPES)[1] == {2}


def test_an_output_that_is_negated():
    """-x0 - x1 is x - 2 x of x = x0 + x1."""
    graph = AdderGraph(3, (Sum(0, 0, 1, 0, False),), (Output(3, 1, True),))
    pipeline = in_stages(graph, TYPES, 1)
    found, times = evaluated(
        [node.word for node in pipeline.nodes], [result.word for result in pipeline.results], TYPES
    )
    assert found.ravel().tolist() == [-2, -2, 0] and times == {1}


def test_stages_and_cycles():
    """As many stages as the channels hide; one channel has one for every two additions."""
    layers = {config.memory_d: config.lmu("ring") for config in (ring_grid.Config(6, 1), ring_grid.Config(6, 6))}
    one, six = (memory_sizes(layers[memory_d]) for memory_d in (1, 6))
    levels = shared_additions(layers[1].update.joint(layers[1].u, layers[1].mem)[0]).levels
    assert (one.stages, six.stages) == (-(-levels // 2), 4)
    assert (one.ii_cycles, one.latency_cycles, one.cycles) == (one.stages + 1, one.stages + 3, 6)
    assert (six.ii_cycles, six.latency_cycles, six.cycles, six.macs) == (6, 7, 36, 0)
    assert six.choices == {6: 36} and six.multipliers == 0
    wide = replace(layers[6], encoder_x=Weight(np.ones((1, 99), np.int64), FixedType(8, 4)))
    assert ring_sizes(wide, wide.update).stages == shared_additions(wide.update.joint(wide.u, wide.mem)[0]).levels


def test_stages_that_cost_no_cycle():
    """Up to one for each addition, where a step takes as long anyhow and nothing waits for the states."""
    for config in (ring_grid.Config(6, 1), ring_grid.Config(6, 6), ring_grid.Config(1, 1)):
        sizes = memory_sizes(config.lmu("ring"))
        more = sizes.within(1)
        assert sizes.within(0) == sizes and more.cycles == sizes.cycles
        assert more.stages == sizes.levels or more.ii_cycles == sizes.cycles
        deep = sizes.within(99)
        assert deep.stages == sizes.levels and deep.cycles <= 99
        layer = config.lmu("ring")
        assert memory_unit(layer, cycles=99).sizes == deep and memory_unit(layer).sizes == sizes


def test_what_is_refused():
    layer = ring_grid.Config(6, 6).lmu("ring")
    with pytest.raises(LmuHlsError, match="'ring': a memory without multipliers has 6 lanes; leave them out"):
        memory_unit(layer, 2)
    large = np.zeros((LARGEST + 1, LARGEST + 1), np.int64)
    update = DenseUpdate(Weight(large, FixedType(8, 1)), Weight(large[0], FixedType(8, 1)))
    with pytest.raises(LmuHlsError, match=rf"'ring': a memory without multipliers is possible up to order {LARGEST}"):
        memory_unit(replace(layer, update=update))
    wide = replace(layer, mem=FixedType(50, 2), u=FixedType(50, 2))
    with pytest.raises(LmuHlsError, match=r"'ring': the sums of the memory have \d+ bits, the contract allows 62"):
        memory_unit(wide)
    factors, kind = tridiagonal_factors(6, 29.0), FixedType(12, 1)
    weights = {name: Weight(quantize(getattr(factors, name), kind), kind) for name in ("lam", "gam", "kap", "bet")}
    with pytest.raises(
        LmuHlsError, match="'distributed_arithmetic' is for the matrix of the memory, and a tridiagonal"
    ):
        memory_sizes(replace(layer, update=TridiagonalUpdate(**weights, sweep=FixedType(19, 2))))


def test_words_in_records_and_verilog():
    words = Words([1, 2, 3, 4, 5, 6], 8)
    assert plain({"A": words, "B": 3}) == {"A": "48'h60504030201", "B": 3}
    assert words.verilog.split() == ["{8'h06,", "8'h05,", "8'h04,", "8'h03,", "8'h02,", "8'h01}"]
    assert len(str(Words([1] * 4000, 64))) == 64_000 - 15 + len("256000'h")
