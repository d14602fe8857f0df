"""One table for two functions: only where every word is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.cells import cell_sizes
from lmu_hls.rtl.cells.lstm import LSTMCellBuilder
from lmu_hls.rtl.functions import one_table
from lmu_hls.spec import LMU, Activation, LSTMCell, Weight, make_activation
from tests.support.hdl.gated_grid import gated_lmu

INDEX, OUT = FixedType(6, 3), FixedType(9, 1)
TANH = make_activation("tanh", INDEX, OUT)


def with_word_changed(activation: Activation) -> Activation:
    assert activation.table is not None
    values = activation.table.values
    changed = np.array(values.values)
    changed[-1] -= 1
    return replace(activation, table=replace(activation.table, values=Weight(changed, values.type)))


OTHERS = {
    "function": (make_activation("sigmoid", INDEX, OUT), OUT),
    "index": (make_activation("tanh", FixedType(6, 2), OUT), OUT),
    "rounding of the index": (make_activation("tanh", FixedType(6, 3, True, "TRN"), OUT), OUT),
    "type": (make_activation("tanh", INDEX, FixedType(10, 1)), FixedType(10, 1)),
    "lines between": (make_activation("tanh", INDEX, OUT, interpolated=True), OUT),
    "no table": (make_activation("relu", None, OUT), OUT),
    "one word": (with_word_changed(TANH), OUT),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_words_have_their_own_table(other: tuple[Activation, FixedType]) -> None:
    assert not one_table(TANH, OUT, *other)
    assert not one_table(*other, TANH, OUT)


@pytest.mark.parametrize("interpolated", [False, True])
def test_same_words_by_another_name(interpolated: bool) -> None:
    """The words count, not what the function is called."""
    tanh = make_activation("tanh", INDEX, OUT, interpolated)
    assert one_table(tanh, OUT, replace(make_activation("tanh", INDEX, OUT, interpolated), function="sigmoid"), OUT)


def test_lstm_of_one_table() -> None:
    """It takes a cycle more, and the table of the cell is the candidate's."""

    def after(lmu: LMU) -> int:
        sizes = cell_sizes(lmu)
        assert sizes is not None
        return sizes.form.after

    lmu = gated_lmu("lstm", 2, 3, 2, 1, one_table=True)
    cell = lmu.hidden
    assert isinstance(cell, LSTMCell)
    other = replace(cell, cell_activation=with_word_changed(cell.cell_activation))
    assert [LSTMCellBuilder(each, lmu.h).one_table for each in (cell, other)] == [True, False]
    assert after(lmu) == after(replace(lmu, hidden=other)) + 1
