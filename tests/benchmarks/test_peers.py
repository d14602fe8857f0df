"""The peer is measured only where it computes the matrix of the memory, and only where it is installed."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.memories import STATE
from benchmarks.peers import check, imported, logic_of, matrix, next_states, source
from lmu_hls.configurations import DEMO
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints


@dataclass(frozen=True)
class Logic:
    """What the benchmark asks of a graph of alkaid, with something added to the last state."""

    more: int = 0

    def predict(self, values: Ints) -> Ints:
        states = next_states(np.rint(values * 2.0**STATE.fraction).astype(np.int64))
        states[:, -1] += self.more
        return states * 2.0**-STATE.fraction


@given(st.lists(st.integers(STATE.min_int, STATE.max_int), min_size=DEMO.order + 1, max_size=DEMO.order + 1))
def test_next_states_are_the_matrix_times_the_states_but_for_ties(values: list[int]) -> None:
    coefficients, fraction = matrix()
    exact = np.array(values, object) @ coefficients.astype(object) / 2**fraction
    clipped = np.clip(exact.astype(float), STATE.min_int, STATE.max_int)
    assert np.abs(next_states(np.array([values]))[0] - clipped).max() <= 0.5


def test_another_matrix_is_not_measured() -> None:
    check(Logic())
    with pytest.raises(LmuHlsError, match="something else than the matrix"):
        check(Logic(1))


def test_without_alkaid_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alkaid", "alkaid.trace", "alkaid.codegen", "alkaid.codegen.rtl"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LmuHlsError, match="pip install alkaid"):
        imported()


def test_alkaid_computes_the_matrix_where_it_is_installed() -> None:
    pytest.importorskip("alkaid", reason="alkaid is an optional peer: pip install alkaid")
    assert logic_of(imported()).shape == (DEMO.order + 1, DEMO.order)


def test_the_states_go_round() -> None:
    assert ".model_inp({mem, u}), .model_out(mem)" in source("inner")
