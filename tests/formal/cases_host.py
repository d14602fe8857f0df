"""The serial line and its packets."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant

UART_TX = Case("lmu_uart_tx", {"DIVISOR": 2}, cycles=70)
UART_RX = Case("lmu_uart_rx", {"DIVISOR": 4}, cycles=90)
LINK_RX = Case("lmu_link_rx", {"IN_BYTES": 1, "BUFFER": 4, "PATIENCE": 3}, slow=True)
LINK_TX = Case("lmu_link_tx", {"OUT_BYTES": 1, "N_OUT": 2}, slow=True)

CASES = (
    UART_TX,
    UART_RX,
    Case("lmu_uart_rx", {"DIVISOR": 5}, cycles=90),
    LINK_RX,
    Case("lmu_link_rx", {"IN_BYTES": 2, "BUFFER": 4, "PATIENCE": 3}, slow=True),
    LINK_TX,
    Case("lmu_link_tx", {"OUT_BYTES": 2, "N_OUT": 1}, slow=True),
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
)
