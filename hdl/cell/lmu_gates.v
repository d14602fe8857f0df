// SPDX-License-Identifier: Apache-2.0
// The first part of a gated cell: each sum becomes a gate, and it is told which one of which unit.
//
//   value = assign_value(function(assign_pre(sum)))
//
//   Signal           Width           Direction   Description
//   clk              1               in          rising edge
//   rst              1               in          synchronous, active high, clears control; the next step is a first one
//   en               1               in          0 freezes all stages
//   sum              IN_W            in          signed, IN_F fraction bits: PARTS sums of unit 0, then of unit 1, ...
//   sum_valid        1               in          there is a sum
//   sum_last         1               in          with the last sum of a sequence
//   pre1             PRE_W           out         the pre-activation, one cycle after its sum
//   valid            1               out         a sum came LATENCY cycles ago
//   part             $clog2(PARTS)   out         its number among those of its unit
//   unit             $clog2(UNITS)   out         its unit; between two sums, that of the next one
//   fresh            1               out         as unit: it belongs to the first step of a sequence
//   last             1               out         it had sum_last
//   pre_clipped      1               out         its pre-activation was clipped to fit
//   value            OUT_W           out         its value, signed, of OUT_TYPE
//   value_clipped    1               out         the value was clipped to fit
//
//   Cycles (of en = 1)
//   latency = LATENCY   from a sum to its value
//   ii      = 1         a sum
//
// With STREAMING = 1 only rst makes a first step.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gates #(
    // Units, 1 or more, and sums of each, 2 or 4
    parameter integer UNITS = 8, PARTS = 4,
    // Bits and fraction bits of a sum
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function, its index and its result, as in lmu_function
    parameter integer FUNCTION = 2, INDEX_TYPE = 32'h16_0006_0a, OUT_TYPE = 32'h16_000e_10,
    parameter TABLE_FILE = "lmu_gates.hex",
    // Cycles from a sum to its value: one more than lmu_function has with TWO_REGISTERS, or more than that
    parameter integer LATENCY = 3,
    // 1: the state runs on after the end of a sequence
    parameter integer STREAMING = 0
) (
    input wire clk, rst, en,
    input wire [IN_W-1:0] sum,
    input wire sum_valid, sum_last,
    output reg [PRE_TYPE%256-1:0] pre1,
    output wire valid,
    output reg [$clog2(PARTS)-1:0] part,
    output reg [(UNITS>1?$clog2(UNITS):1)-1:0] unit,
    output reg fresh,
    output wire last, pre_clipped,
    output wire [OUT_TYPE%256-1:0] value,
    output wire value_clipped
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1, KIND = FUNCTION % 256;
    localparam FUNCTION_LATENCY = KIND > 3 ? 3 : KIND == 2 ? 2 : 1;

    if (UNITS < 1) begin : g_check_units PARAM_ERROR_units_must_be_at_least_1 check ();
    end else if (PARTS != 2 && PARTS != 4) begin : g_check_parts PARAM_ERROR_parts_must_be_2_or_4 check ();
    end

    // Bit k: of the sum that came k cycles ago
    reg [LATENCY:1] valid_q, last_q, clipped_q;
    wire last_unit = {1'b0, unit} == UNITS[UNIT_CW:0] - 1'b1;
    wire [PRE_W-1:0] pre, late_pre;
    wire clipped;
    assign {valid, last, pre_clipped} = {valid_q[LATENCY], last_q[LATENCY], clipped_q[LATENCY]};

    always @(posedge clk) begin
        if (en) begin
            if (valid) begin
                part <= part + 1'b1;
                if (&part) begin
                    unit <= last_unit ? {UNIT_CW{1'b0}} : unit + 1'b1;
                    if (last_unit) fresh <= STREAMING == 0 && last;
                end
            end
            valid_q <= {valid_q[LATENCY-1:1], sum_valid};
            last_q <= {last_q[LATENCY-1:1], sum_last};
            clipped_q <= {clipped_q[LATENCY-1:1], clipped};
            pre1 <= pre;
        end
        if (rst) {part, unit, valid_q, fresh} <= 1;
    end

    lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(sum), .out_data(pre), .clipped(clipped)
    );
    lmu_delay #(.WIDTH(PRE_W), .DEPTH(LATENCY - 1 - FUNCTION_LATENCY)) wait_pre (
        .clk(clk), .rst(1'b0), .en(en), .in_data(pre1), .out_data(late_pre)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(INDEX_TYPE), .OUT_TYPE(OUT_TYPE),
        .TABLE_FILE(TABLE_FILE)
    ) apply (
        .clk(clk), .en(en), .in_data(late_pre), .out_data(value), .clipped(value_clipped)
    );

`ifdef FORMAL
    // Values of a step are counted anew: part and unit follow from the number
    reg f_past_q = 1'b0;
    reg [$clog2(UNITS*PARTS+1)-1:0] f_values_q;
    reg f_fresh_q;
    reg [LATENCY-1:0] f_valid_q, f_last_q;
    wire f_valid = f_valid_q[LATENCY-1], f_last = f_last_q[LATENCY-1];
    wire f_end = f_values_q == UNITS * PARTS - 1;
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (en) begin
            if (f_valid) f_values_q <= f_end ? 0 : f_values_q + 1;
            if (f_valid && f_end) f_fresh_q <= f_last && STREAMING == 0;
            f_valid_q <= {f_valid_q[LATENCY-2:0], sum_valid};
            f_last_q <= {f_last_q[LATENCY-2:0], sum_last};
        end
        if (rst) {f_values_q, f_valid_q, f_fresh_q} <= 1;
    end

    always @* if (!f_past_q) assume (rst);
    always @* if (f_past_q && !rst) begin
        unit_in_range : assert (unit < UNITS);
        in_turn : assert (f_values_q == unit * PARTS + part);
        first_step : assert (fresh == f_fresh_q);
        in_time : assert (valid == f_valid && (!valid || last == f_last));
        reach_second_step : cover (valid && part == 1 && unit == 0 && (STREAMING != 0 || !fresh) && f_last);
    end
`endif
endmodule
`default_nettype wire
