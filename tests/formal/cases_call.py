"""The call of an RTL blackbox: nothing is lost, nothing comes twice, whatever ap_ce and the FIFOs do."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant


def call(n_in: int, n_out: int) -> Case:
    return Case("lmu_ap_call", {"N_IN": n_in, "N_OUT": n_out, "IN_W": 2, "OUT_W": 2})


CALL = call(2, 3)
CASES = (CALL, call(1, 1), call(3, 1))
_FAULTS = (
    ("&& ap_ce && !done_q && in_empty_n", "&& !done_q && in_empty_n", ("only_with_ce",)),
    ("&& !done_q && in_empty_n", "&& !done_q", ("reads_what_is_there",)),
    ("full_q && out_full_n && ap_ce", "full_q && ap_ce", ("writes_where_is_room",)),
    ("N_OUT[OUT_CW-1:0] - 1'b1", "N_OUT[OUT_CW-1:0] - 2'd2", ("done_with_all",)),
    ("done_q <= !ap_continue;", "done_q <= 1'b0;", ("done_until_continue",)),
    ("told_q <= !ap_continue;", "told_q <= 1'b0;", ("ready_once",)),
    ("&& (!m_axis_tvalid || m_axis_tready);", ";", ("f_m_axis.payload_holds",)),
    ("s_axis_tready = !full_q || out_write", "s_axis_tready = 1'b1", ("word_as_given",)),
    ("m_axis_tdata <= in_dout;", "m_axis_tdata <= m_axis_tdata ^ in_dout;", ("word_as_read",)),
    ("s_axis_tready = !full_q || out_write", "s_axis_tready = out_write", ("never_stuck",)),
    ("!ap_start && !done_q", "!done_q", ("idle_without_call",)),
)
MUTANTS = tuple(Mutant(CALL, "lmu_ap_call", *fault) for fault in _FAULTS)
