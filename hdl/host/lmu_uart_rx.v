// SPDX-License-Identifier: Apache-2.0
// Receives bytes from a serial line, 8N1: a start bit 0, eight data bits with the lowest first, a stop bit 1.
//
// Each bit is what the line is in the middle of it. A start bit that is over by its middle is none; a byte whose stop
// bit is 0 is dropped, and the line has to be 1 before the next one; so is a byte while the one before has not been
// taken. What is lost so is missed by whoever counts the bytes and sums them up.
//
//   Signal          Width   Direction   Description
//   clk, rst        1       in          rising edge; rst is synchronous, active high
//   rx              1       in          the line, of any clock
//   m_axis_*        8       out         bytes
//
//   Cycles
//   latency = 3 + 9 * DIVISOR + DIVISOR/2    from the falling edge of a start bit to the byte
//
// The sender may be faster or slower by 4 % when DIVISOR is 16 or more.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_uart_rx #(
    // Cycles of a bit, 4 or more
    parameter integer DIVISOR = 104
) (
    input wire clk, rst,
    input wire rx,
    output reg [7:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready
);

    localparam DIV_W = $clog2(DIVISOR), HALF = DIVISOR / 2;
    localparam [3:0] IDLE = 4'd0, START = 4'd1, STOP = 4'd10;  // 2 .. 9: data bits

    if (DIVISOR < 4) begin : g_check PARAM_ERROR_divisor_must_be_at_least_4 check (); end

    reg [1:0] sync_q;
    wire line = sync_q[1];
    always @(posedge clk) sync_q <= rst ? 2'b11 : {sync_q[0], rx};

    reg [3:0] place_q;  // the bit that is waited for
    reg [DIV_W-1:0] wait_q;
    reg [7:0] byte_q;
    reg high_q;  // the line has been 1 since the last byte
    wire middle = wait_q == 0;

    always @(posedge clk) begin
        wait_q <= wait_q - 1'b1;
        if (line) high_q <= 1'b1;
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (place_q == IDLE) begin
            wait_q <= HALF[DIV_W-1:0] - 1'b1;
            if (!line && high_q) place_q <= START;
        end else if (middle) begin
            wait_q <= DIVISOR[DIV_W-1:0] - 1'b1;
            place_q <= place_q == STOP || (place_q == START && line) ? IDLE : place_q + 1'b1;
            byte_q <= {line, byte_q[7:1]};
            if (place_q == STOP) begin
                high_q <= line;
                if (line && !(m_axis_tvalid && !m_axis_tready)) begin
                    m_axis_tvalid <= 1'b1;
                    m_axis_tdata <= byte_q;
                end
            end
        end
        if (rst) begin
            {high_q, m_axis_tvalid} <= 0;
            place_q <= IDLE;
        end
    end

`ifdef FORMAL
    f_axis #(.WIDTH(8)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, m_axis_tdata);

    // The line since the start bit began; bit k of f_line_q is the line k + 1 cycles ago
    localparam F_STOP = 9 * DIVISOR + HALF;
    reg [F_STOP-1:0] f_line_q;
    reg [$clog2(F_STOP+2)-1:0] f_age_q;  // cycles since the first one in which the line was 0
    always @(posedge clk) begin
        f_line_q <= {f_line_q, line};
        f_age_q <= place_q == IDLE ? 1 : f_age_q + 1;
    end

    always @* if (!rst) begin
        place_known : assert (place_q <= STOP);
        if (place_q != IDLE) begin
            in_step : assert (f_age_q + wait_q == HALF + (place_q - 1) * DIVISOR && wait_q < DIVISOR);
            begins_with_zero : assert (!f_line_q[f_age_q-1]);
        end
    end

    wire [7:0] f_same;
    genvar f_k;
    for (f_k = 0; f_k < 8; f_k = f_k + 1) begin : f_bit
        assign f_same[f_k] = place_q <= f_k + 2 || byte_q[f_k+10-place_q] ==
            f_line_q[f_age_q-1-HALF-(f_k+1)*DIVISOR];
    end

    always @* if (!rst && place_q <= STOP) bits_are_the_middles : assert (&f_same);

    // A byte comes in the cycle after the middle of its stop bit, and then only
    wire f_due = place_q == STOP && middle && line;
    always @(posedge clk) if (!rst && $past(!rst)) begin
        none_invented : assert (!m_axis_tvalid || $past(m_axis_tvalid || f_due));
        all_come : assert (!$past(f_due && (!m_axis_tvalid || m_axis_tready)) ||
                           (m_axis_tvalid && m_axis_tdata == $past(byte_q)));
        taken_is_gone : assert (!$past(m_axis_tvalid && m_axis_tready && !f_due) || !m_axis_tvalid);
        line_is_rx : assert (line == $past(sync_q[0]));
        reach_byte : cover (m_axis_tvalid && m_axis_tready && m_axis_tdata == 8'hA5);
        reach_drop : cover (place_q == IDLE && !high_q && $past(place_q == STOP));
    end
`endif
endmodule
`default_nettype wire
