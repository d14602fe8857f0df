// SPDX-License-Identifier: Apache-2.0
// Sends bytes on a serial line, 8N1: a start bit 0, eight data bits with the lowest first, a stop bit 1.
//
//   Signal          Width   Direction   Description
//   clk, rst        1       in          rising edge; rst is synchronous, active high; the line is 1 then
//   s_axis_*        8       in          bytes
//   tx              1       out         the line, 1 when nothing is sent
//
//   Cycles
//   latency = 1               from a byte to its start bit
//   ii      = 10 * DIVISOR    from one byte to the next

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_uart_tx #(
    // Cycles of a bit, 2 or more
    parameter integer DIVISOR = 104
) (
    input wire clk, rst,
    input wire [7:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    output wire tx
);

    localparam DIV_W = $clog2(DIVISOR);

    if (DIVISOR < 2) begin : g_check PARAM_ERROR_divisor_must_be_at_least_2 check (); end

    reg [8:0] line_q;  // the lowest bit is on the line; ones come after it
    reg [3:0] left_q;  // bits that are not over
    reg [DIV_W-1:0] wait_q;
    wire bit_end = wait_q == 0;
    assign tx = line_q[0];
    assign s_axis_tready = left_q == 0 || (left_q == 1 && bit_end);

    always @(posedge clk) begin
        wait_q <= wait_q - 1'b1;
        if (bit_end) begin
            wait_q <= DIVISOR[DIV_W-1:0] - 1'b1;
            line_q <= {1'b1, line_q[8:1]};
            if (left_q != 0) left_q <= left_q - 1'b1;
        end
        if (s_axis_tvalid && s_axis_tready) begin
            wait_q <= DIVISOR[DIV_W-1:0] - 1'b1;
            line_q <= {s_axis_tdata, 1'b0};
            left_q <= 4'd10;
        end
        if (rst) {wait_q, left_q} <= 0;
        if (rst) line_q <= 9'h1FF;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(8)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);

    // Each frame, cycle by cycle
    reg [9:0] f_frame_q;
    reg [$clog2(10*DIVISOR+1)-1:0] f_age_q;
    reg f_busy_q;
    wire f_taken = s_axis_tvalid && s_axis_tready;
    wire f_end = f_age_q == 10 * DIVISOR - 1;
    wire [9:0] f_rest = f_frame_q >> (f_age_q / DIVISOR) | 10'h3FF << (9 - f_age_q / DIVISOR);
    always @(posedge clk) begin
        f_age_q <= f_age_q + 1;
        if (f_end) f_busy_q <= 1'b0;
        if (f_taken) begin
            f_frame_q <= {1'b1, s_axis_tdata, 1'b0};
            f_age_q <= 0;
            f_busy_q <= 1'b1;
        end
        if (rst) f_busy_q <= 1'b0;
    end

    always @* if (!rst) begin
        idle_is_one : assert (f_busy_q || (tx && line_q == 9'h1FF && left_q == 0));
        taken_when_free : assert (s_axis_tready == (!f_busy_q || f_end));
        if (f_busy_q) begin
            age_bounded : assert (f_age_q < 10 * DIVISOR);
            bit_in_place : assert (tx == f_frame_q[f_age_q/DIVISOR]);
            rest_in_place : assert (line_q == (f_rest & 9'h1FF));
            left_in_step : assert (left_q == 10 - f_age_q / DIVISOR);
            wait_in_step : assert (wait_q == DIVISOR - 1 - f_age_q % DIVISOR);
        end
    end

    always @(posedge clk) if (!rst) begin
        reach_full_rate : cover (f_taken && f_busy_q);
        reach_idle : cover (!f_busy_q && $past(f_busy_q));
    end
`endif
endmodule
`default_nettype wire
