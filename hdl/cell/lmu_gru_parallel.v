// SPDX-License-Identifier: Apache-2.0
// The units of a GRU cell that resets after the product, side by side, from the exact sums of all of them to h, a whole
// vector a beat:
//
//   z, r = assign_gate(gate_function(assign_pre(sum)))           inner = assign_inner(sum)
//   g = assign_cand(cand_function(assign_pre(s + r inner)))      s is the fourth sum; nothing else is rounded
//   h_t = assign_h(z h_{t-1} + (1 - z) g)                        exact; h is 0 before a first step
//
// lmu_gru for few cycles a step: each unit has two multipliers, for r inner and, in lmu_gru_mix, for the mixture, and
// functions of its own. The functions are those of lmu_function.
//
//   Signal           Width          Direction   Description
//   clk, rst         1              in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     4*UNITS*IN_W   in          signed, IN_F fraction bits: sums of r, z, inner, s of unit 0, then of unit 1,
//                                               ..., the first one in the low bits; one beat a step
//   s_axis_tlast     1              in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   m_axis_tdata     UNITS*H_W      out         h, unit 0 in the low bits; one beat a step
//   m_axis_tlast     1              out         passed on
//   m_axis_tuser     1              out         one of the values that lead to this step's h was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 9 + GATE + CAND + MORE     from a step's sums to its h
//   ii      = 10 + GATE + CAND + MORE
// GATE, CAND: 1; 2 where that function is a table; 3 where it is a sum, as in lmu_function.
//
// A step is taken when h of the step before has been given; in the recurrence it can not begin earlier. The unit waits
// with h until it is taken; no path leads from m_axis_tready to another output within a cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gru_parallel #(
    // Units, 1 or more
    parameter integer UNITS = 8,
    // Bits and fraction bits of a sum
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of z and r, its index and its result, as in lmu_function
    parameter integer GATE_FUNCTION = 2, GATE_INDEX_TYPE = 32'h16_0006_0a, GATE_TYPE = 32'h16_000e_10,
    parameter GATE_FILE = "lmu_gru_gate.hex",
    // Type of inner
    parameter integer INNER_TYPE = 32'h16_000c_10,
    // Function of the candidate g, its index and its result
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_gru_cand.hex",
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: h runs on after the end of a sequence
    parameter integer STREAMING = 0,
    // As in lmu_gru_mix
    parameter integer MORE = 0, FACTOR = 18
) (
    input wire clk, rst,
    input wire [4*UNITS*IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [UNITS*(H_TYPE%256)-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer INNER_W = INNER_TYPE % 256, INNER_F = (INNER_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256;
    localparam R = 0, Z = 1, INNER = 2, S = 3;  // places of the sums of a unit

    // s and r inner are brought to the finer of their fraction bits
    localparam PRODUCT_W = GATE_W + INNER_W, PRODUCT_F = GATE_F + INNER_F;
    localparam S_SHIFT = PRODUCT_F > IN_F ? PRODUCT_F - IN_F : 0;
    localparam PRODUCT_SHIFT = IN_F > PRODUCT_F ? IN_F - PRODUCT_F : 0;
    localparam TOTAL_W = (IN_W + S_SHIFT > PRODUCT_W + PRODUCT_SHIFT ? IN_W + S_SHIFT : PRODUCT_W + PRODUCT_SHIFT) + 1;
    localparam TOTAL_F = IN_F + S_SHIFT;

    if (UNITS < 1) begin : g_check_units PARAM_ERROR_units_must_be_at_least_1 check (); end

    // Cycles of the functions, and those after the sums in which the gates and the candidate's sum are there
    localparam GATE = GATE_FUNCTION % 256 > 3 ? 3 : GATE_FUNCTION % 256 == 2 ? 2 : 1;
    localparam CAND = CAND_FUNCTION % 256 > 3 ? 3 : CAND_FUNCTION % 256 == 2 ? 2 : 1;
    localparam VALUE = 1 + GATE, TOTAL = VALUE + 3, LATENCY = TOTAL + 5 + CAND + MORE;
    wire [LATENCY-1:0] came;
    wire fresh;
    wire unused = &{1'b0, came};

    lmu_one_step #(.LATENCY(LATENCY), .STREAMING(STREAMING)) control (
        .clk(clk), .rst(rst),
        .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast), .came(came), .fresh(fresh),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast)
    );

    // What was clipped so far in this step
    wire [UNITS-1:0] pre_clipped, gate_clipped, mix_clipped;
    reg clipped_q;
    assign m_axis_tuser = clipped_q || |mix_clipped;

    always @(posedge clk) begin
        if (came[1]) clipped_q <= |pre_clipped;
        if (came[VALUE] && |gate_clipped) clipped_q <= 1'b1;
    end

    genvar k, n;
    for (k = 0; k < UNITS; k = k + 1) begin : g_unit
        wire [2*PRE_W-1:0] pre;
        reg [2*PRE_W-1:0] pre_q;
        wire [2*GATE_W-1:0] gates;
        wire [1:0] clipped, function_clipped;
        wire [INNER_W-1:0] inner;
        wire inner_clipped;
        reg pre_clipped_q;
        assign pre_clipped[k] = pre_clipped_q;
        assign gate_clipped[k] = |function_clipped;

        for (n = R; n <= Z; n = n + 1) begin : g_gate
            lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
                .in_data(s_axis_tdata[(4*k+n)*IN_W+:IN_W]), .out_data(pre[n*PRE_W+:PRE_W]), .clipped(clipped[n])
            );
            lmu_function #(
                .IN_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(GATE_INDEX_TYPE),
                .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE)
            ) apply (
                .clk(clk), .en(1'b1),
                .in_data(pre_q[n*PRE_W+:PRE_W]), .out_data(gates[n*GATE_W+:GATE_W]), .clipped(function_clipped[n])
            );
        end

        lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(INNER_TYPE)) to_inner (
            .in_data(s_axis_tdata[(4*k+INNER)*IN_W+:IN_W]), .out_data(inner), .clipped(inner_clipped)
        );

        // r inner. The registers at factors and product have no enable, so that they can be those of a multiplier.
        reg [IN_W-1:0] s_q;
        reg signed [INNER_W-1:0] inner_q, factor_q;
        reg signed [GATE_W-1:0] weight_q, z_q;
        reg signed [PRODUCT_W-1:0] product_q;
        wire signed [TOTAL_W-1:0] s, product;
        reg signed [TOTAL_W-1:0] total_q;

        lmu_align #(.IN_W(IN_W), .SHIFT(S_SHIFT), .OUT_W(TOTAL_W)) align_s (.in_data(s_q), .out_data(s));
        lmu_align #(.IN_W(PRODUCT_W), .SHIFT(PRODUCT_SHIFT), .OUT_W(TOTAL_W)) align_product (
            .in_data(product_q), .out_data(product)
        );

        // The sum, z and h of the step before stay until h has been given, and so does what is made of them
        reg [H_W-1:0] old_h_q;
        wire [H_W-1:0] h;
        assign m_axis_tdata[k*H_W+:H_W] = h;

        lmu_gru_mix #(
            .IN_W(TOTAL_W), .IN_F(TOTAL_F), .PRE_TYPE(PRE_TYPE), .CAND_FUNCTION(CAND_FUNCTION),
            .CAND_INDEX_TYPE(CAND_INDEX_TYPE), .CAND_TYPE(CAND_TYPE), .CAND_FILE(CAND_FILE), .GATE_TYPE(GATE_TYPE),
            .H_TYPE(H_TYPE), .MORE(MORE), .FACTOR(FACTOR)
        ) mix (
            .clk(clk), .en(1'b1),
            .sum(total_q), .z(z_q), .old_h(fresh ? {H_W{1'b0}} : old_h_q), .h(h), .clipped(mix_clipped[k])
        );

        always @(posedge clk) begin
            pre_q <= pre;
            pre_clipped_q <= |clipped || inner_clipped;
            if (came[0]) begin
                s_q <= s_axis_tdata[(4*k+S)*IN_W+:IN_W];
                inner_q <= inner;
            end
            if (m_axis_tvalid && m_axis_tready) old_h_q <= h;
            weight_q <= gates[R*GATE_W+:GATE_W];
            factor_q <= inner_q;
            if (came[VALUE]) z_q <= gates[Z*GATE_W+:GATE_W];
            product_q <= weight_q * factor_q;
            if (came[TOTAL-1]) total_q <= s + product;
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

    // What the sum of an arbitrary unit's candidate has to be is made when its gates are there, of what came with them
    reg signed [IN_W-1:0] f_s_q;
    reg signed [INNER_W-1:0] f_inner_q;
    wire signed [TOTAL_W-1:0] f_s = f_s_q, f_product = $signed(g_unit[0].gates[R*GATE_W+:GATE_W]) * f_inner_q;
    reg signed [TOTAL_W-1:0] f_total_q;
    reg [GATE_W-1:0] f_z_q;
    reg [H_W-1:0] f_h_q;  // given last
    reg f_first_q;
    always @(posedge clk) begin
        if (came[0]) {f_s_q, f_inner_q} <= {s_axis_tdata[S*IN_W+:IN_W], g_unit[0].inner};
        if (came[VALUE]) f_total_q <= (f_s <<< S_SHIFT) + (f_product <<< PRODUCT_SHIFT);
        if (came[VALUE]) f_z_q <= g_unit[0].gates[Z*GATE_W+:GATE_W];
        if (m_axis_tvalid && m_axis_tready) f_first_q <= STREAMING == 0 && m_axis_tlast;
        if (m_axis_tvalid && m_axis_tready) f_h_q <= g_unit[0].h;
        if (rst) f_first_q <= 1'b1;
    end

    always @* if (!rst) begin
        if (came[LATENCY-1:TOTAL] != 0 || m_axis_tvalid) begin
            sum_exact : assert (g_unit[0].total_q == f_total_q);
            gate_of_this_step : assert (g_unit[0].z_q == f_z_q);
        end
        if (!s_axis_tready && !f_first_q) h_of_step_before : assert (g_unit[0].old_h_q == f_h_q);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && !f_first_q);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid);
        reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
