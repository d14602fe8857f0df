// SPDX-License-Identifier: Apache-2.0
// The units of a GRU cell that resets after the product, from four exact sums of each unit to h:
//
//   z, r = assign_gate(gate_function(assign_pre(sum)))           inner = assign_inner(sum)
//   g = assign_cand(cand_function(assign_pre(s + r inner)))      s is the fourth sum; nothing else is rounded
//   h_t = assign_h(z h_{t-1} + (1 - z) g)                        exact; h is 0 before a first step
//
// One multiplier makes r inner, another one, in lmu_gru_mix, the mixture. The functions are those of lmu_function.
//
//   Signal           Width   Direction   Description
//   clk, rst         1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     IN_W    in          signed, IN_F fraction bits: sums of r, z, inner, s of unit 0, then of
//                                        unit 1, ...; 4*UNITS beats a step
//   s_axis_tlast     1       in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   m_axis_tdata     H_W     out         h, UNITS beats a step
//   m_axis_tlast     1       out         h of the last unit, whose last sum had s_axis_tlast
//   m_axis_tuser     1       out         one of the values that lead from the four sums to this h was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 7 + GATE + CAND + MORE    from a step's last input beat to its last output beat
//   ii      = 4*UNITS    from one step's first input beat to that of the next
// GATE, CAND: 1; 2 where that function is a table; 3 where it is a sum, as in lmu_function.
//
// All stages stop while an output beat is not taken. With UNITS = 1 a step may begin only when h of the step before
// has been given; in the recurrence it can not begin earlier.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gru #(
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
    // 1: the product with z takes two cycles, in pieces, for a factor that is wider than those of one multiplier
    parameter integer MORE = 0,
    // Bits of a factor of one multiplier
    parameter integer FACTOR = 18
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [H_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer INNER_W = INNER_TYPE % 256, INNER_F = (INNER_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256;
    localparam [1:0] R = 2'd0, Z = 2'd1, INNER = 2'd2, S = 2'd3;
    localparam UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1;

    // s and r inner are brought to the finer of their fraction bits
    localparam PRODUCT_W = GATE_W + INNER_W, PRODUCT_F = GATE_F + INNER_F;
    localparam S_SHIFT = PRODUCT_F > IN_F ? PRODUCT_F - IN_F : 0;
    localparam PRODUCT_SHIFT = IN_F > PRODUCT_F ? IN_F - PRODUCT_F : 0;
    localparam TOTAL_W = (IN_W + S_SHIFT > PRODUCT_W + PRODUCT_SHIFT ? IN_W + S_SHIFT : PRODUCT_W + PRODUCT_SHIFT) + 1;
    localparam TOTAL_F = IN_F + S_SHIFT;

    wire run = m_axis_tready || !m_axis_tvalid;
    assign s_axis_tready = run;

    // Cycles from a sum to its value. Numbers at the end of names count the cycles since the value came.
    localparam VALUE = GATE_FUNCTION % 256 > 3 ? 4 : GATE_FUNCTION % 256 == 2 ? 3 : 2;
    wire [1:0] part;
    wire [UNIT_CW-1:0] unused_unit;
    wire [PRE_W-1:0] unused_pre;
    wire fresh, valid, last, pre_clipped, inner_clipped, gate_clipped;
    wire [IN_W-1:0] sum;
    wire [INNER_W-1:0] inner;
    wire [GATE_W-1:0] gate;
    reg inner_clipped_q;
    wire gate_or_pre_clipped = pre_clipped || gate_clipped;
    wire clipped = part == INNER ? inner_clipped_q : part != S && gate_or_pre_clipped;

    lmu_gates #(
        .UNITS(UNITS), .PARTS(4), .IN_W(IN_W), .IN_F(IN_F), .PRE_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION),
        .INDEX_TYPE(GATE_INDEX_TYPE), .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE), .LATENCY(VALUE),
        .STREAMING(STREAMING)
    ) gates (
        .clk(clk), .rst(rst), .en(run),
        .sum(s_axis_tdata), .sum_valid(s_axis_tvalid), .sum_last(s_axis_tlast), .pre1(unused_pre), .valid(valid),
        .part(part), .unit(unused_unit), .fresh(fresh), .last(last), .pre_clipped(pre_clipped), .value(gate),
        .value_clipped(gate_clipped)
    );
    lmu_delay #(.WIDTH(IN_W), .DEPTH(VALUE)) wait_sum (
        .clk(clk), .rst(1'b0), .en(run), .in_data(s_axis_tdata), .out_data(sum)
    );
    lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(INNER_TYPE)) to_inner (
        .in_data(s_axis_tdata), .out_data(inner), .clipped(inner_clipped)
    );

    // r inner, from values that stay until the next unit's come. r is three beats before s at the latest, so that the
    // product is there with the value of s; inner is taken as it comes.
    reg [1:0] sum_part_q;
    reg signed [GATE_W-1:0] z_q, r_q;
    reg signed [INNER_W-1:0] inner_q;
    wire signed [PRODUCT_W-1:0] product;
    wire signed [TOTAL_W-1:0] s0, product0;
    reg signed [TOTAL_W-1:0] total1_q;

    lmu_align #(.IN_W(IN_W), .SHIFT(S_SHIFT), .OUT_W(TOTAL_W)) align_s (.in_data(sum), .out_data(s0));
    lmu_align #(.IN_W(PRODUCT_W), .SHIFT(PRODUCT_SHIFT), .OUT_W(TOTAL_W)) align_product (
        .in_data(product), .out_data(product0)
    );
    lmu_product #(.A_W(GATE_W), .B_W(INNER_W), .STAGES(2), .PIECE(FACTOR)) multiply (
        .clk(clk), .en(run), .a(r_q), .b(inner_q), .product(product)
    );

    always @(posedge clk) begin
        if (run) begin
            if (s_axis_tvalid) sum_part_q <= sum_part_q + 1'b1;
            if (s_axis_tvalid && sum_part_q == INNER) begin
                inner_q <= inner;
                inner_clipped_q <= inner_clipped;
            end
            if (valid && part == R) r_q <= gate;
            if (valid && part == Z) z_q <= gate;
            total1_q <= s0 + product0;
        end
        if (rst) sum_part_q <= 2'd0;
    end

    // From s on. Bit k of the following vectors: the value of s came k cycles ago. z stays, for the next unit's may come
    // meanwhile; MIX: when lmu_gru_mix wants it.
    localparam MIX = CAND_FUNCTION % 256 > 3 ? 5 : CAND_FUNCTION % 256 == 2 ? 4 : 3;
    localparam OUT = MIX + MORE + 3;
    reg [OUT:1] out_last_q, out_valid_q;
    reg [MIX:1] out_fresh_q;
    reg [OUT:2] out_clipped_q;
    reg unit_clipped_q;  // one of the sums of this unit so far
    reg signed [GATE_W-1:0] mix_z_q;
    reg [UNIT_CW-1:0] rd_unit_q, wr_unit_q;
    wire [H_W-1:0] stored_h;
    wire mix_clipped;
    reg m_clipped_q;
    assign m_axis_tuser = m_clipped_q || mix_clipped;

    lmu_ram #(.WIDTH(H_W), .DEPTH(UNITS > 1 ? UNITS : 2)) states (
        .clk(clk),
        .wr_en(m_axis_tvalid && m_axis_tready), .wr_addr(wr_unit_q), .wr_data(m_axis_tdata),
        .rd_en(run), .rd_addr(rd_unit_q), .rd_data(stored_h)
    );
    lmu_gru_mix #(
        .IN_W(TOTAL_W), .IN_F(TOTAL_F), .PRE_TYPE(PRE_TYPE), .CAND_FUNCTION(CAND_FUNCTION),
        .CAND_INDEX_TYPE(CAND_INDEX_TYPE), .CAND_TYPE(CAND_TYPE), .CAND_FILE(CAND_FILE), .GATE_TYPE(GATE_TYPE),
        .H_TYPE(H_TYPE), .MORE(MORE), .FACTOR(FACTOR)
    ) mix (
        .clk(clk), .en(run),
        .sum(total1_q), .z(mix_z_q), .old_h(out_fresh_q[MIX] ? {H_W{1'b0}} : stored_h), .h(m_axis_tdata),
        .clipped(mix_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            if (valid) unit_clipped_q <= clipped || (unit_clipped_q && part != R);
            if (out_valid_q[2]) mix_z_q <= z_q;
            if (out_valid_q[MIX-1]) begin
                rd_unit_q <= {1'b0, rd_unit_q} == UNITS[UNIT_CW:0] - 1'b1 ? {UNIT_CW{1'b0}} : rd_unit_q + 1'b1;
            end
            out_valid_q <= {out_valid_q[OUT-1:1], valid && part == S};
            out_fresh_q <= {out_fresh_q[MIX-1:1], fresh};
            out_last_q <= {out_last_q[OUT-1:1], last};
            out_clipped_q <= {out_clipped_q[OUT-1:2], unit_clipped_q};
            m_axis_tvalid <= out_valid_q[OUT];
            m_axis_tlast <= out_last_q[OUT];
            m_clipped_q <= out_clipped_q[OUT];
        end
        if (m_axis_tvalid && m_axis_tready) begin
            wr_unit_q <= {1'b0, wr_unit_q} == UNITS[UNIT_CW:0] - 1'b1 ? {UNIT_CW{1'b0}} : wr_unit_q + 1'b1;
        end
        if (rst) {out_valid_q, rd_unit_q, wr_unit_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    localparam LATENCY = VALUE + OUT + 1;
    wire [LATENCY:1] f_inside;
    f_pipe #(.S_W(IN_W), .M_W(H_W + 1), .N_IN(4), .LATENCY(LATENCY)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .inside(f_inside)
    );

    always @* if (!rst) begin
        h_read_in_turn : assert (rd_unit_q < UNITS && wr_unit_q < UNITS);
        reach_flow : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_inside[LATENCY-4]);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
