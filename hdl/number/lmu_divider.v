// SPDX-License-Identifier: Apache-2.0
// Quotients of integers, a bit a cycle, the highest one first:
//
//   out = assign_out(dividend / (divisor 2^(OUT_F + 1)))      the exact quotient, below 2^(BITS - OUT_F - 1)
//
// OUT_F + 1 bits are right of the binary point, and one bit more says whether a rest is left: every rounding mode gives
// what it gives for the exact quotient.
//
//   Signal          Width       Direction   Description
//   clk, rst        1           in          rising edge; rst is synchronous, active high
//   s_axis_tdata    W + BITS    in          dividend, not negative, below divisor 2^BITS
//   s_axis_tuser    W + 1       in          {whether the quotient is to be negative, divisor}; divisor is not 0
//   s_axis_tlast    1           in          handed on
//   m_axis_tdata    OUT_W       out         signed, OUT_F fraction bits
//   m_axis_tlast    1           out         s_axis_tlast
//   m_axis_tuser    1           out         the value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = BITS + 3     from an input beat to its output beat
//   ii      = BITS         from one output beat to the next
//
// Under back-pressure everything stops when a quotient is due and the previous one has not been taken.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_divider #(
    // Bits of a divisor, and of a quotient, which has 3 or more
    parameter integer W = 16, BITS = 16,
    // Type of the output; its fraction bits are 0 or more
    parameter integer OUT_TYPE = 32'h16_000a_10,
    // 1: -exact has no carry from the rest, which is known late; 0: it is smaller
    parameter integer FAST = 0
) (
    input wire clk, rst,
    input wire [W+BITS-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    input wire [W:0] s_axis_tuser,
    output reg [OUT_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16;
    localparam BIT_CW = $clog2(BITS), BEFORE_LAST = BITS - 2;

    if (W < 1 || BITS < 3 || OUT_W < 1) begin : g_check_sizes
        PARAM_ERROR_w_or_bits_too_small check ();
    end else if (OUT_F < 0) begin : g_check_out_f PARAM_ERROR_out_f_must_not_be_negative check ();
    end

    reg [W-1:0] divisor_q;
    reg [W:0] rest_q;  // below twice the divisor
    reg [BITS-1:0] low_q, quotient_q;
    reg [BIT_CW-1:0] bit_q;
    reg last_bit_q;  // bit_q is the last one
    reg dividing_q, negative_q, last_q;
    reg whole_q, whole_negative_q, whole_last_q;  // of a quotient with all its bits
    reg [W-1:0] left_q;  // its rest
    reg exact_q, exact_last_q;  // of a quotient that can be rounded
    reg signed [BITS+1:0] value_q;
    wire run = !(m_axis_tvalid && exact_q);
    wire [W+1:0] difference = {1'b0, rest_q} - {2'b00, divisor_q};
    wire fits = !difference[W+1];
    wire [W-1:0] rest = fits ? difference[W-1:0] : rest_q[W-1:0];
    wire some_left = |left_q;
    wire signed [BITS+1:0] exact = {1'b0, quotient_q, some_left};
    wire signed [BITS+1:0] negated;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire unused_difference = difference[W];  // a rest is below the divisor
    assign s_axis_tready = run && (!dividing_q || last_bit_q);

    if (FAST != 0) begin : g_fast
        wire [BITS:0] quotient = {1'b0, quotient_q};
        assign negated = {some_left ? ~quotient : -quotient, some_left};
    end else begin : g_small
        assign negated = -exact;
    end

    always @(posedge clk) begin
        if (run) begin
            quotient_q <= {quotient_q[BITS-2:0], fits};
            {rest_q, low_q} <= {rest, low_q, 1'b0};
            bit_q <= accept ? {BIT_CW{1'b0}} : bit_q + 1'b1;
            last_bit_q <= !accept && bit_q == BEFORE_LAST[BIT_CW-1:0];
            if (last_bit_q) dividing_q <= 1'b0;
            whole_q <= dividing_q && last_bit_q;
            {whole_last_q, whole_negative_q, left_q} <= {last_q, negative_q, rest};
            {exact_q, exact_last_q} <= {whole_q, whole_last_q};
            value_q <= whole_negative_q ? negated : exact;
        end
        if (accept) begin
            {rest_q, low_q} <= {s_axis_tdata, 1'b0};
            {negative_q, divisor_q, last_q} <= {s_axis_tuser, s_axis_tlast};
            dividing_q <= 1'b1;
        end
        if (rst) {dividing_q, whole_q, exact_q} <= 0;
    end

    wire [OUT_W-1:0] out;
    wire out_clipped;

    lmu_round_sat #(.IN_W(BITS + 2), .IN_F(OUT_F + 2), .OUT_TYPE(OUT_TYPE)) to_out (
        .in_data(value_q), .out_data(out), .clipped(out_clipped)
    );

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (run && exact_q) begin
            {m_axis_tdata, m_axis_tuser, m_axis_tlast} <= {out, out_clipped, exact_last_q};
            m_axis_tvalid <= 1'b1;
        end
        if (rst) m_axis_tvalid <= 1'b0;
    end

`ifdef FORMAL
    always @* if (!rst && dividing_q) bit_in_range : assert (bit_q < BITS && last_bit_q == (bit_q == BITS - 1));

    // quotient * divisor + rest = dividend
    reg [W+BITS-1:0] f_dividend_q, f_whole_q;
    reg [W-1:0] f_divisor_q;
    reg [BITS:0] f_value_q;  // of the quotient that can be rounded: itself, and whether a rest is left
    reg f_negative_q;
    wire [BITS+1:0] f_value = f_value_q;
    wire [W+BITS-1:0] f_product = quotient_q * f_divisor_q;
    always @(posedge clk) begin
        if (run) {f_whole_q, f_divisor_q} <= {f_dividend_q, divisor_q};
        if (run) {f_value_q, f_negative_q} <= {quotient_q, left_q != 0, whole_negative_q};
        if (accept) f_dividend_q <= s_axis_tdata;
    end
    always @* if (!rst && whole_q && f_whole_q >> BITS < f_divisor_q) begin
        division_exact : assert (f_product + left_q == f_whole_q && left_q < f_divisor_q);
    end
    always @* if (!rst && exact_q) value_exact : assert (value_q == (f_negative_q ? -f_value : f_value));

    wire f_done;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(2 * W + BITS + 1), .M_W(OUT_W + 1), .FLIGHT(4), .BEAT(BITS + 3), .STEP(BITS + 3), .LATENCY(BITS + 3),
        .II(BITS)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (f_done && m_axis_tlast);
        reach_stall : cover (!run && f_inside > 2);
        reach_rest : cover (exact_q && value_q[0] && f_negative_q);
    end
`endif
endmodule
`default_nettype wire
