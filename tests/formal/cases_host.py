"""The serial line and its packets; streams that go through registers."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant

UART_TX = Case("lmu_uart_tx", {"DIVISOR": 2}, cycles=70)
UART_RX = Case("lmu_uart_rx", {"DIVISOR": 4}, cycles=90)
LINK_RX = Case("lmu_link_rx", {"IN_BYTES": 1, "BUFFER": 4, "PATIENCE": 3}, slow=True)
LINK_TX = Case("lmu_link_tx", {"OUT_BYTES": 1, "N_OUT": 2}, slow=True)
LINKS_RX = Case("lmu_link_rx", {"IN_BYTES": 1, "STREAMS": 2, "BUFFER": 4, "PATIENCE": 3}, slow=True)
LINKS_TX = Case("lmu_link_tx", {"OUT_BYTES": 1, "STREAMS": 2, "N_OUT": 2 << 16 | 1}, slow=True)
MAPPED_IN = Case("lmu_mapped_in", {"WIDTH": 2})
MAPPED_OUT = Case("lmu_mapped_out", {"WIDTH": 2})
WIDE_IN = Case("lmu_mapped_in", {"WIDTH": 33})
WIDE_OUT = Case("lmu_mapped_out", {"WIDTH": 33})
TOGETHER = Case("lmu_together", {"LINES": 2, "COUNT_W": 3})
STREAMS = Case("lmu_registers", {"COUNTERS": 1, "ADDR_W": 8, "STREAMS": 2, "STREAMS_IN": 1})

CASES = (
    UART_TX,
    UART_RX,
    Case("lmu_uart_rx", {"DIVISOR": 5}, cycles=90),
    LINK_RX,
    Case("lmu_link_rx", {"IN_BYTES": 2, "BUFFER": 4, "PATIENCE": 3}, slow=True),
    LINK_TX,
    Case("lmu_link_tx", {"OUT_BYTES": 2, "N_OUT": 1}, slow=True),
    LINKS_RX,
    LINKS_TX,
    MAPPED_IN,
    MAPPED_OUT,
    WIDE_IN,
    WIDE_OUT,
    STREAMS,
    TOGETHER,
    Case("lmu_together", {"LINES": 1, "COUNT_W": 2}),
)
MUTANTS = (
    Mutant(UART_TX, "lmu_uart_tx", "left_q <= 4'd10", "left_q <= 4'd9", ("left_in_step",), cycles=10),
    Mutant(
        UART_TX,
        "lmu_uart_tx",
        "left_q == 0 || (left_q == 1 && bit_end)",
        "left_q <= 1",
        ("taken_when_free",),
        cycles=30,
    ),
    Mutant(
        UART_RX,
        "lmu_uart_rx",
        "wait_q <= HALF[DIV_W-1:0] - 1'b1",
        "wait_q <= HALF[DIV_W-1:0]",
        ("in_step",),
        cycles=10,
    ),
    Mutant(
        UART_RX,
        "lmu_uart_rx",
        "if (line && !(m_axis_tvalid && !m_axis_tready))",
        "if (line)",
        ("payload_holds",),
        cycles=99,
    ),
    Mutant(UART_RX, "lmu_uart_rx", "if (!line && high_q)", "if (high_q)", ("begins_with_zero",), cycles=10),
    Mutant(LINK_RX, "lmu_link_rx", "&& count_q == length_q;", ";", ("last_in_place",), cycles=20),
    Mutant(  # the CRC is not looked at
        LINK_RX,
        "lmu_link_rx",
        "error_q <= crc == 0 ? 8'd0 : CHECKSUM;\n                state_q <= crc != 0 ? FLUSH : values",
        "error_q <= 8'd0;\n                state_q <= values",
        ("whole", "reply_to_a_whole_packet"),
        cycles=12,
    ),
    Mutant(LINK_TX, "lmu_link_tx", "state_q >= KIND &&", "state_q > KIND &&", ("ends_with_its_crc",), cycles=15),
    Mutant(LINKS_RX, "lmu_link_rx", "s_axis_tdata >= STREAMS[7:0]", "1'b0", ("stream_kept",), cycles=12),
    Mutant(LINKS_TX, "lmu_link_tx", "dest_q == K[DEST_W-1:0] && value", "value", ("one_stream_a_packet",), cycles=15),
    Mutant(MAPPED_IN, "lmu_mapped_in", "ready = mapped && !full_q", "ready = mapped", ("ready_until_whole",)),
    Mutant(MAPPED_IN, "lmu_mapped_in", "!mapped && m_axis_tready", "m_axis_tready", ("port_waits",)),
    Mutant(WIDE_IN, "lmu_mapped_in", "{give_data, beat_q}", "{beat_q, give_data}", ("words_in_place",)),
    Mutant(MAPPED_OUT, "lmu_mapped_out", "mapped ? !ready", "mapped ? 1'b1", ("none_lost",)),
    Mutant(MAPPED_OUT, "lmu_mapped_out", "s_axis_tvalid && !mapped", "s_axis_tvalid", ("port_is_silent",)),
    Mutant(WIDE_OUT, "lmu_mapped_out", "if (last_word) ready", "ready", ("words_of_a_beat",)),
    Mutant(TOGETHER, "lmu_together", "all = &some", "all = |some", ("each_has_one_more",)),
    Mutant(STREAMS, "lmu_registers", "wr_number == K && ready", "wr_number == K", ("beat_when_ready",)),
    Mutant(STREAMS, "lmu_registers", "if (restart) mapped <=", "mapped <=", ("mode_at_a_restart",)),
)
