// SPDX-License-Identifier: Apache-2.0
// The units of an LSTM cell side by side, from the exact sums of all their gates to h, a whole vector a beat:
//
//   i, f, o = assign_gate(gate_function(assign_pre(sum)))        g = assign_cand(cand_function(assign_pre(sum)))
//   c_t = assign_cell(f c_{t-1} + i g)                           exact products and sum; c is 0 before a first step
//   h_t = assign_h(o assign_squash(squash_function(c_t)))
//
// lmu_lstm for few cycles a step: each unit has three multipliers, for f c, i g and o times the squashed cell, functions of
// its own, and c in a register. The functions are those of lmu_function.
//
//   Signal           Width          Direction   Description
//   clk, rst         1              in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     4*UNITS*IN_W   in          signed, IN_F fraction bits: sums of g, i, f, o of unit 0, then of unit 1,
//                                               ..., the first one in the low bits; one beat a step
//   s_axis_tlast     1              in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   m_axis_tdata     UNITS*H_W      out         h, unit 0 in the low bits; one beat a step
//   m_axis_tlast     1              out         passed on
//   m_axis_tuser     1              out         one of the values that lead to this step's h was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 8 + max(GATE, CAND) + SQUASH    from a step's sums to its h
//   ii      = 9 + max(GATE, CAND) + SQUASH
// GATE, CAND, SQUASH: 1; 2 where that function is a table; 3 where it is a sum, as in lmu_function.
//
// A step is taken when h of the step before has been given; in the recurrence it can not begin earlier. The unit waits
// with h until it is taken; no path leads from m_axis_tready to another output within a cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_lstm_parallel #(
    // Units, 1 or more
    parameter integer UNITS = 8,
    // Bits and fraction bits of a sum
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of i, f and o, its index and its result, as in lmu_function
    parameter integer GATE_FUNCTION = 2, GATE_INDEX_TYPE = 32'h16_0006_0a, GATE_TYPE = 32'h16_000e_10,
    parameter GATE_FILE = "lmu_lstm_gate.hex",
    // The same for the candidate g
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_lstm_cand.hex",
    // Type of the cell c
    parameter integer CELL_TYPE = 32'h16_000c_10,
    // Function of the cell, its index and its result
    parameter integer SQUASH_FUNCTION = 2, SQUASH_INDEX_TYPE = 32'h16_0006_0a, SQUASH_TYPE = 32'h16_000e_10,
    parameter SQUASH_FILE = "lmu_lstm_squash.hex",
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: c runs on after the end of a sequence
    parameter integer STREAMING = 0
) (
    input wire clk, rst,
    input wire [4*UNITS*IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [UNITS*(H_TYPE%256)-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer CAND_W = CAND_TYPE % 256, CAND_F = (CAND_TYPE <<< 8) >>> 16;
    localparam integer CELL_W = CELL_TYPE % 256, CELL_F = (CELL_TYPE <<< 8) >>> 16;
    localparam integer SQUASH_W = SQUASH_TYPE % 256, SQUASH_F = (SQUASH_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256;
    localparam G = 0, I = 1, O = 3;  // places of the sums of a unit

    // Both products of the cell are brought to the finer of their fraction bits
    localparam KEEP_SHIFT = CAND_F > CELL_F ? CAND_F - CELL_F : 0;
    localparam ADD_SHIFT = CELL_F > CAND_F ? CELL_F - CAND_F : 0;
    localparam KEEP_W = GATE_W + CELL_W, ADD_W = GATE_W + CAND_W, OUT_W = GATE_W + SQUASH_W;
    localparam SUM_W = (KEEP_W + KEEP_SHIFT > ADD_W + ADD_SHIFT ? KEEP_W + KEEP_SHIFT : ADD_W + ADD_SHIFT) + 1;
    localparam SUM_F = GATE_F + CELL_F + KEEP_SHIFT;

    if (UNITS < 1) begin : g_check_units PARAM_ERROR_units_must_be_at_least_1 check (); end

    // Cycles of the functions, and those after the sums in which the values, the cell and the squashed cell are there
    localparam GATE = GATE_FUNCTION % 256 > 3 ? 3 : GATE_FUNCTION % 256 == 2 ? 2 : 1;
    localparam CAND = CAND_FUNCTION % 256 > 3 ? 3 : CAND_FUNCTION % 256 == 2 ? 2 : 1;
    localparam SQUASH = SQUASH_FUNCTION % 256 > 3 ? 3 : SQUASH_FUNCTION % 256 == 2 ? 2 : 1;
    localparam VALUE = 1 + (GATE > CAND ? GATE : CAND), CELL = VALUE + 4, SQUASHED = CELL + SQUASH;
    localparam LATENCY = SQUASHED + 3;
    wire [LATENCY-1:0] came;
    wire fresh;
    wire unused = &{1'b0, came};

    lmu_one_step #(.LATENCY(LATENCY), .STREAMING(STREAMING)) control (
        .clk(clk), .rst(rst),
        .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast), .came(came), .fresh(fresh),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast)
    );

    // What was clipped so far in this step
    wire [UNITS-1:0] pre_clipped, value_clipped, cell_clipped, squash_clipped, h_clipped;
    reg clipped_q;
    assign m_axis_tuser = clipped_q || |h_clipped;

    always @(posedge clk) begin
        if (came[1]) clipped_q <= |pre_clipped;
        if (came[VALUE] && |value_clipped) clipped_q <= 1'b1;
        if (came[CELL] && |cell_clipped) clipped_q <= 1'b1;
        if (came[SQUASHED] && |squash_clipped) clipped_q <= 1'b1;
    end

    genvar k, n;
    for (k = 0; k < UNITS; k = k + 1) begin : g_unit
        wire [4*PRE_W-1:0] pre;
        reg [4*PRE_W-1:0] pre_q;
        wire [3:0] clipped, gate_clipped;
        reg pre_clipped_q;
        wire signed [GATE_W-1:0] i, f, o;
        wire signed [CAND_W-1:0] g;
        assign pre_clipped[k] = pre_clipped_q;
        assign value_clipped[k] = |gate_clipped;

        for (n = 0; n < 4; n = n + 1) begin : g_pre
            lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
                .in_data(s_axis_tdata[(4*k+n)*IN_W+:IN_W]), .out_data(pre[n*PRE_W+:PRE_W]), .clipped(clipped[n])
            );
        end

        // Functions that take fewer cycles begin later
        wire [PRE_W-1:0] late_g;
        wire [3*PRE_W-1:0] late_gates;
        wire [3*GATE_W-1:0] gates;
        assign {o, f, i} = gates;

        lmu_delay #(.WIDTH(PRE_W), .DEPTH(VALUE - 1 - CAND)) wait_g (
            .clk(clk), .rst(1'b0), .en(1'b1), .in_data(pre_q[G*PRE_W+:PRE_W]), .out_data(late_g)
        );
        lmu_delay #(.WIDTH(3 * PRE_W), .DEPTH(VALUE - 1 - GATE)) wait_gates (
            .clk(clk), .rst(1'b0), .en(1'b1), .in_data(pre_q[I*PRE_W+:3*PRE_W]), .out_data(late_gates)
        );
        lmu_function #(
            .IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(CAND_INDEX_TYPE),
            .OUT_TYPE(CAND_TYPE), .TABLE_FILE(CAND_FILE)
        ) cand_function (
            .clk(clk), .en(1'b1), .in_data(late_g), .out_data(g), .clipped(gate_clipped[G])
        );

        for (n = I; n <= O; n = n + 1) begin : g_gate
            lmu_function #(
                .IN_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(GATE_INDEX_TYPE),
                .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE)
            ) apply (
                .clk(clk), .en(1'b1),
                .in_data(late_gates[(n-I)*PRE_W+:PRE_W]), .out_data(gates[(n-I)*GATE_W+:GATE_W]),
                .clipped(gate_clipped[n])
            );
        end

        // The cell. The registers at factors and products have neither enable nor reset, so that they can be those of
        // multipliers: in a first step f c is left out of the sum.
        reg signed [KEEP_W-1:0] keep_q;
        reg signed [ADD_W-1:0] add_q;
        wire signed [SUM_W-1:0] keep, add;
        reg signed [SUM_W-1:0] sum_q;
        wire [CELL_W-1:0] new_cell;
        wire new_cell_clipped;
        reg signed [CELL_W-1:0] cell_q, old_cell_q;
        reg signed [GATE_W-1:0] keep_weight_q, add_weight_q;
        reg signed [CAND_W-1:0] cand_q;
        reg cell_clipped_q;
        assign cell_clipped[k] = cell_clipped_q;

        lmu_align #(.IN_W(KEEP_W), .SHIFT(KEEP_SHIFT), .OUT_W(SUM_W)) align_keep (.in_data(keep_q), .out_data(keep));
        lmu_align #(.IN_W(ADD_W), .SHIFT(ADD_SHIFT), .OUT_W(SUM_W)) align_add (.in_data(add_q), .out_data(add));
        lmu_round_sat #(.IN_W(SUM_W), .IN_F(SUM_F), .OUT_TYPE(CELL_TYPE)) to_cell (
            .in_data(sum_q), .out_data(new_cell), .clipped(new_cell_clipped)
        );

        // Its function, and h. c and o stay until the next step's come, and so does h.
        reg signed [GATE_W-1:0] o_q, out_weight_q;
        reg signed [SQUASH_W-1:0] squashed_q;
        wire signed [SQUASH_W-1:0] squashed;
        reg signed [OUT_W-1:0] product_q;
        wire [H_W-1:0] h;
        wire new_h_clipped;
        reg [H_W-1:0] h_q;
        reg h_clipped_q;
        assign m_axis_tdata[k*H_W+:H_W] = h_q;
        assign h_clipped[k] = h_clipped_q;

        lmu_function #(
            .IN_TYPE(CELL_TYPE), .FUNCTION(SQUASH_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(SQUASH_INDEX_TYPE),
            .OUT_TYPE(SQUASH_TYPE), .TABLE_FILE(SQUASH_FILE)
        ) squash_function (
            .clk(clk), .en(1'b1), .in_data(cell_q), .out_data(squashed), .clipped(squash_clipped[k])
        );
        lmu_round_sat #(.IN_W(OUT_W), .IN_F(GATE_F + SQUASH_F), .OUT_TYPE(H_TYPE)) to_h (
            .in_data(product_q), .out_data(h), .clipped(new_h_clipped)
        );

        always @(posedge clk) begin
            pre_q <= pre;
            pre_clipped_q <= |clipped;
            {keep_weight_q, old_cell_q} <= {f, cell_q};
            {add_weight_q, cand_q} <= {i, g};
            keep_q <= keep_weight_q * old_cell_q;
            add_q <= add_weight_q * cand_q;
            sum_q <= add + (fresh ? {SUM_W{1'b0}} : keep);
            if (came[VALUE]) o_q <= o;
            if (came[CELL-1]) cell_q <= new_cell;
            cell_clipped_q <= new_cell_clipped;
            {out_weight_q, squashed_q} <= {o_q, squashed};
            product_q <= out_weight_q * squashed_q;
            {h_clipped_q, h_q} <= {new_h_clipped, h};
        end
    end

`ifdef FORMAL
    wire f_done, f_due;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(4*UNITS*IN_W), .M_W(UNITS*H_W + 1), .FLIGHT(2), .BEAT(LATENCY), .STEP(LATENCY + 1), .LATENCY(LATENCY),
        .II(LATENCY + 1)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready), .calm(m_axis_tready),
        .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside), .due(f_due)
    );

    // What the sum of an arbitrary unit has to be is made when its gates are there, of what they and c then are
    wire signed [SUM_W-1:0] f_keep = g_unit[0].f * g_unit[0].cell_q, f_add = g_unit[0].i * g_unit[0].g;
    reg signed [SUM_W-1:0] f_sum_q;
    wire signed [OUT_W-1:0] f_out = g_unit[0].o_q * g_unit[0].squashed;
    reg signed [OUT_W-1:0] f_out_q;
    reg signed [GATE_W-1:0] f_o_q;
    reg [CELL_W-1:0] f_cell_q;  // c of the step before
    reg [H_W-1:0] f_h_q;
    reg f_first_q;
    always @(posedge clk) begin
        if (came[VALUE]) f_sum_q <= (f_add <<< ADD_SHIFT) + (f_first_q ? 0 : f_keep <<< KEEP_SHIFT);
        if (came[VALUE]) f_o_q <= g_unit[0].o;
        if (m_axis_tvalid && m_axis_tready) f_first_q <= STREAMING == 0 && m_axis_tlast;
        if (came[CELL]) f_cell_q <= g_unit[0].cell_q;
        if (came[SQUASHED]) f_out_q <= f_out;
        if (came[LATENCY-1]) f_h_q <= g_unit[0].h;
        if (rst) f_first_q <= 1'b1;
    end

    always @* if (!rst) begin
        if (came[CELL-1]) sum_exact : assert (g_unit[0].sum_q == f_sum_q);
        if (came[VALUE] && !f_first_q) cell_of_step_before : assert (g_unit[0].cell_q == f_cell_q);
        if (came[SQUASHED]) gate_of_this_step : assert (g_unit[0].o_q == f_o_q);
        if (came[LATENCY-1]) product_exact : assert (g_unit[0].product_q == f_out_q);
        if (m_axis_tvalid) h_given : assert (g_unit[0].h_q == f_h_q);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && !f_first_q);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid);
        reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
