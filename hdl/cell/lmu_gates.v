// SPDX-License-Identifier: Apache-2.0
// The first part of a gated cell: which sum of which unit comes, and the gate that it becomes.
//
//   value2 = assign_value(function(assign_pre(sum)))      two cycles later, as in lmu_function
//
//   Signal           Width           Direction   Description
//   clk              1               in          rising edge
//   rst              1               in          synchronous, active high, clears control; the next step is a first one
//   en               1               in          0 freezes all stages
//   sum              IN_W            in          signed, IN_F fraction bits: PARTS sums of unit 0, then of unit 1, ...
//   valid            1               in          there is a sum
//   last             1               in          with the last sum of a sequence
//   unit             $clog2(UNITS)   out         unit of the sum that comes
//   fresh            1               out         it belongs to the first step of a sequence
//   valid2, part2    $clog2(PARTS)   out         two cycles ago a sum came: the part2-th of its unit
//   pre1             PRE_W           out         the pre-activation, one cycle after its sum
//   pre_clipped2     1               out         it was clipped to fit, two cycles after its sum
//   value2           OUT_W           out         signed, of OUT_TYPE
//   value_clipped2   1               out         with value2: it was clipped to fit
//
//   Cycles (of en = 1)
//   latency = 2    from a sum to its value2
//   ii      = 1    a sum
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
    // 1: the state runs on after the end of a sequence
    parameter integer STREAMING = 0
) (
    input wire clk, rst, en,
    input wire [IN_W-1:0] sum,
    input wire valid, last,
    output reg [(UNITS>1?$clog2(UNITS):1)-1:0] unit,
    output reg fresh,
    output reg [PRE_TYPE%256-1:0] pre1,
    output reg valid2,
    output reg [$clog2(PARTS)-1:0] part2,
    output wire [OUT_TYPE%256-1:0] value2,
    output reg pre_clipped2,
    output wire value_clipped2
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam PART_CW = $clog2(PARTS), UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1;

    if (UNITS < 1) begin : g_check_units PARAM_ERROR_units_must_be_at_least_1 check ();
    end else if (PARTS != 2 && PARTS != 4) begin : g_check_parts PARAM_ERROR_parts_must_be_2_or_4 check ();
    end

    reg [PART_CW-1:0] part_q, part1_q;
    reg valid1_q, pre_clipped1_q;
    wire last_unit = {1'b0, unit} == UNITS[UNIT_CW:0] - 1'b1;
    wire [PRE_W-1:0] pre;
    wire pre_clipped;

    always @(posedge clk) begin
        if (en) begin
            if (valid) begin
                part_q <= part_q + 1'b1;
                if (&part_q) begin
                    unit <= last_unit ? {UNIT_CW{1'b0}} : unit + 1'b1;
                    if (last_unit) fresh <= STREAMING == 0 && last;
                end
            end
            {valid2, valid1_q} <= {valid1_q, valid};
            {part2, part1_q} <= {part1_q, part_q};
            pre1 <= pre;
            {pre_clipped2, pre_clipped1_q} <= {pre_clipped1_q, pre_clipped};
        end
        if (rst) {part_q, unit, valid1_q, valid2, fresh} <= 1;
    end

    lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(sum), .out_data(pre), .clipped(pre_clipped)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(FUNCTION), .INDEX_TYPE(INDEX_TYPE), .OUT_TYPE(OUT_TYPE), .TABLE_FILE(TABLE_FILE)
    ) apply (
        .clk(clk), .en(en), .in_data(pre1), .out_data(value2), .clipped(value_clipped2)
    );

`ifdef FORMAL
    // Sums of a step are counted anew: part and unit follow from the number, and two cycles later valid2 and part2
    reg f_past_q = 1'b0;
    reg [$clog2(UNITS*PARTS+1)-1:0] f_sums_q;
    reg f_fresh_q;
    reg [1:0] f_valid_q;
    reg [2*PART_CW-1:0] f_parts_q;
    wire f_end = f_sums_q == UNITS * PARTS - 1;
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (en) begin
            if (valid) f_sums_q <= f_end ? 0 : f_sums_q + 1;
            if (valid && f_end) f_fresh_q <= last && STREAMING == 0;
            f_valid_q <= {f_valid_q[0], valid};
            f_parts_q <= {f_parts_q[PART_CW-1:0], part_q};
        end
        if (rst) {f_sums_q, f_valid_q, f_fresh_q} <= 1;
    end

    always @* if (!f_past_q) assume (rst);
    always @* if (f_past_q && !rst) begin
        unit_in_range : assert (unit < UNITS);
        in_turn : assert (f_sums_q == unit * PARTS + part_q);
        first_step : assert (fresh == f_fresh_q);
        two_later : assert (valid2 == f_valid_q[1] && (!valid2 || part2 == f_parts_q[2*PART_CW-1:PART_CW]));
        reach_second_step : cover (valid2 && part2 == PARTS - 1 && f_sums_q == 1 && (STREAMING != 0 || !fresh));
    end
`endif
endmodule
`default_nettype wire
