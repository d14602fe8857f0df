// SPDX-License-Identifier: Apache-2.0
// A GRU cell that resets before the product, as hidden cell of an LMU.
//
//   z and r from W_x x_t + W_h h_{t-1} + W_mem mem_t + bias; inner = r h_{t-1};
//   h_t from z and W'_x x_t + W'_mem mem_t + W'_h inner + bias', exact sums, as in lmu_gru_before
//
//   Signal           Width   Direction   Description
//   clk              1       in          rising edge
//   rst              1       in          synchronous, active high, clears control; the next step is a first one
//   x_axis_tdata     X_W     in          signed, N_X beats a step. N_X = 0: absent, tie the port off
//   mem_axis_tdata   MEM_W   in          signed, N_MEM beats a step
//   mem_axis_tlast   1       in          last beat of the sequence (ignored in x)
//   m_axis_tdata     H_W     out         h, signed, H_F fraction bits, UNITS beats a step
//   m_axis_tlast     1       out         last beat of the sequence
//   m_axis_tuser     1       out         a value that leads from this unit's sums to h was clipped to fit
//
// h is kept inside; it is 0 before the first step of a sequence.
//
//   Cycles (exact, without gaps and back-pressure); N_IN = N_X + N_H + N_MEM, which both matrices have as columns
//   latency2 = (UNITS/LANES2 - 1) * max(N_IN, LANES2) + LANES2 + 11              from a step's last inner to its last h
//   latency  = (2*UNITS/LANES - 1) * max(N_IN, LANES) + LANES + 10 + latency2    from its last mem, when x is in
//   ii       = N_MEM + latency + max(2, N_X + N_H - latency2)                    from one step's last h to the next
//
// Multipliers: LANES and LANES2 for the matrices, two in lmu_gru_before. Files as in lmu_affine. First matrix: columns
// in the order x, h, mem; rows z, r of unit 0, then of unit 1, ... Second one: columns in the order x, mem, inner; one
// row a unit. Tables as in lmu_function.

// There are no delays: any timescale will do, and none.
// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_hidden_gru_before #(
    // Beats a step of x (0 or more), h (UNITS) and mem (1 or more)
    parameter integer N_X = 4,
    parameter integer N_H = 8,
    parameter integer N_MEM = 8,
    // Values of h in a step, 1 or more
    parameter integer UNITS = 8,
    // Rows of the first matrix worked on at once, one multiplier each; divides 2*UNITS
    parameter integer LANES = 4,
    // Bits of x and mem; additional fraction bits, 0 or more, of x, h and mem
    parameter integer X_W = 16,
    parameter integer MEM_W = 16,
    parameter integer X_SHIFT = 0,
    parameter integer H_SHIFT = 0,
    parameter integer MEM_SHIFT = 0,
    // Bits that hold each shifted input
    parameter integer OP_W = 16,
    // Bits of a coefficient; bits and fraction bits of the sum, as in lmu_affine
    parameter integer COEF_W = 16,
    parameter integer ACC_W = 40,
    parameter integer ACC_F = 28,
    // 1: there is a bias; its bits and its additional fraction bits
    parameter integer HAS_BIAS = 1,
    parameter integer BIAS_W = 16,
    parameter integer BIAS_SHIFT = 14,
    // The same for the second matrix; LANES2 divides UNITS
    parameter integer LANES2 = 4,
    parameter integer X_SHIFT2 = 0,
    parameter integer MEM_SHIFT2 = 0,
    parameter integer INNER_SHIFT2 = 0,
    parameter integer OP_W2 = 16,
    parameter integer COEF_W2 = 16,
    parameter integer ACC_W2 = 40,
    parameter integer ACC_F2 = 28,
    parameter integer BIAS_W2 = 16,
    parameter integer BIAS_SHIFT2 = 14,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of z and r, its index and its result, as in lmu_function
    parameter integer GATE_FUNCTION = 2,
    parameter integer GATE_INDEX_TYPE = 32'h16_0006_0a,
    parameter integer GATE_TYPE = 32'h16_000e_10,
    parameter GATE_FILE = "lmu_hidden_gru_before_gate.hex",
    // Type of inner
    parameter integer INNER_TYPE = 32'h16_000c_10,
    // Function of the candidate g, its index and its result
    parameter integer CAND_FUNCTION = 2,
    parameter integer CAND_INDEX_TYPE = 32'h16_0006_0a,
    parameter integer CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_hidden_gru_before_cand.hex",
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_hidden_gru_before.hex",
    parameter BIAS_FILE = "lmu_hidden_gru_before_bias.hex",
    parameter ROM_FILE2 = "lmu_hidden_gru_before_2.hex",
    parameter BIAS_FILE2 = "lmu_hidden_gru_before_2_bias.hex"
) (
    input wire clk,
    input wire rst,

    input  wire [X_W-1:0] x_axis_tdata,
    input  wire           x_axis_tvalid,
    output wire           x_axis_tready,
    input  wire           x_axis_tlast,

    input  wire [MEM_W-1:0] mem_axis_tdata,
    input  wire             mem_axis_tvalid,
    output wire             mem_axis_tready,
    input  wire             mem_axis_tlast,

    output wire [H_TYPE%256-1:0] m_axis_tdata,
    output wire                  m_axis_tvalid,
    input  wire                  m_axis_tready,
    output wire                  m_axis_tlast,
    output wire [           0:0] m_axis_tuser
);

    localparam integer INNER_W = INNER_TYPE % 256;
    localparam integer H_W = H_TYPE % 256;

    generate
        if (N_H != UNITS) begin : g_check_n_h
            PARAM_ERROR_n_h_must_be_units check ();
        end
    endgenerate

    // x and mem go to both matrices

    wire [X_W-1:0] both_x_tdata;
    wire both_x_tlast, x1_tvalid, x1_tready, x2_tvalid, x2_tready;
    wire [MEM_W-1:0] both_mem_tdata;
    wire both_mem_tlast, mem1_tvalid, mem1_tready, mem2_tvalid, mem2_tready;

    lmu_fork #(.WIDTH(X_W + 1), .OUTPUTS(2)) fork_x (
        .clk(clk), .rst(rst),
        .s_axis_tdata({x_axis_tlast, x_axis_tdata}), .s_axis_tvalid(x_axis_tvalid), .s_axis_tready(x_axis_tready),
        .m_axis_tdata({both_x_tlast, both_x_tdata}), .m_axis_tvalid({x2_tvalid, x1_tvalid}),
        .m_axis_tready({x2_tready, x1_tready})
    );

    lmu_fork #(.WIDTH(MEM_W + 1), .OUTPUTS(2)) fork_mem (
        .clk(clk), .rst(rst),
        .s_axis_tdata({mem_axis_tlast, mem_axis_tdata}), .s_axis_tvalid(mem_axis_tvalid),
        .s_axis_tready(mem_axis_tready),
        .m_axis_tdata({both_mem_tlast, both_mem_tdata}), .m_axis_tvalid({mem2_tvalid, mem1_tvalid}),
        .m_axis_tready({mem2_tready, mem1_tready})
    );

    // Sums of z and r; h goes out and back

    wire [ACC_W-1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast;
    wire [H_W-1:0] h_tdata;
    wire h_tvalid, h_tready, h_tlast, h_clipped;

    lmu_recurrent #(
        .N_X(N_X), .N_H(N_H), .N_MEM(N_MEM), .UNITS(UNITS), .GATES(2), .LANES(LANES), .X_W(X_W), .H_W(H_W),
        .MEM_W(MEM_W), .X_SHIFT(X_SHIFT), .H_SHIFT(H_SHIFT), .MEM_SHIFT(MEM_SHIFT), .OP_W(OP_W), .COEF_W(COEF_W),
        .ACC_W(ACC_W), .HAS_BIAS(HAS_BIAS), .BIAS_W(BIAS_W), .BIAS_SHIFT(BIAS_SHIFT), .STREAMING(STREAMING),
        .ROM_FILE(ROM_FILE), .BIAS_FILE(BIAS_FILE)
    ) frame (
        .clk(clk), .rst(rst),
        .x_axis_tdata(both_x_tdata), .x_axis_tvalid(x1_tvalid), .x_axis_tready(x1_tready), .x_axis_tlast(both_x_tlast),
        .mem_axis_tdata(both_mem_tdata), .mem_axis_tvalid(mem1_tvalid), .mem_axis_tready(mem1_tready),
        .mem_axis_tlast(both_mem_tlast),
        .sum_axis_tdata(sum_tdata), .sum_axis_tvalid(sum_tvalid), .sum_axis_tready(sum_tready),
        .sum_axis_tlast(sum_tlast),
        .h_axis_tdata(h_tdata), .h_axis_tvalid(h_tvalid), .h_axis_tready(h_tready), .h_axis_tlast(h_tlast),
        .h_axis_tuser(h_clipped),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

    // Sum of the candidate

    wire [INNER_W-1:0] inner_tdata;
    wire inner_tvalid, inner_tready, inner_tlast;
    wire [OP_W2-1:0] operand2_tdata;
    wire operand2_tvalid, operand2_tready, operand2_tlast;
    wire [ACC_W2-1:0] sum2_tdata;
    wire sum2_tvalid, sum2_tready, sum2_tlast;

    lmu_concat #(
        .N_A(N_X), .N_B(N_MEM), .N_C(UNITS), .A_W(X_W), .B_W(MEM_W), .C_W(INNER_W), .A_SHIFT(X_SHIFT2),
        .B_SHIFT(MEM_SHIFT2), .C_SHIFT(INNER_SHIFT2), .A_FEEDBACK(0), .B_FEEDBACK(0), .C_FEEDBACK(0), .OUT_W(OP_W2),
        .STREAMING(STREAMING)
    ) concat2 (
        .clk(clk), .rst(rst),
        .a_axis_tdata(both_x_tdata), .a_axis_tvalid(x2_tvalid), .a_axis_tready(x2_tready), .a_axis_tlast(both_x_tlast),
        .b_axis_tdata(both_mem_tdata), .b_axis_tvalid(mem2_tvalid), .b_axis_tready(mem2_tready),
        .b_axis_tlast(both_mem_tlast),
        .c_axis_tdata(inner_tdata), .c_axis_tvalid(inner_tvalid), .c_axis_tready(inner_tready),
        .c_axis_tlast(inner_tlast),
        .m_axis_tdata(operand2_tdata), .m_axis_tvalid(operand2_tvalid), .m_axis_tready(operand2_tready),
        .m_axis_tlast(operand2_tlast)
    );

    lmu_affine #(
        .N_IN(N_X + N_MEM + UNITS), .N_OUT(UNITS), .LANES(LANES2), .OP_W(OP_W2), .COEF_W(COEF_W2), .ACC_W(ACC_W2),
        .HAS_BIAS(HAS_BIAS), .BIAS_W(BIAS_W2), .BIAS_SHIFT(BIAS_SHIFT2), .ROM_FILE(ROM_FILE2), .BIAS_FILE(BIAS_FILE2)
    ) affine2 (
        .clk(clk), .rst(rst),
        .s_axis_tdata(operand2_tdata), .s_axis_tvalid(operand2_tvalid), .s_axis_tready(operand2_tready),
        .s_axis_tlast(operand2_tlast),
        .m_axis_tdata(sum2_tdata), .m_axis_tvalid(sum2_tvalid), .m_axis_tready(sum2_tready), .m_axis_tlast(sum2_tlast)
    );

    // Units

    lmu_gru_before #(
        .UNITS(UNITS), .IN_W(ACC_W), .IN_F(ACC_F), .IN_W2(ACC_W2), .IN_F2(ACC_F2), .PRE_TYPE(PRE_TYPE),
        .GATE_FUNCTION(GATE_FUNCTION), .GATE_INDEX_TYPE(GATE_INDEX_TYPE), .GATE_TYPE(GATE_TYPE), .GATE_FILE(GATE_FILE),
        .INNER_TYPE(INNER_TYPE), .CAND_FUNCTION(CAND_FUNCTION), .CAND_INDEX_TYPE(CAND_INDEX_TYPE),
        .CAND_TYPE(CAND_TYPE), .CAND_FILE(CAND_FILE), .H_TYPE(H_TYPE), .STREAMING(STREAMING)
    ) units (
        .clk(clk), .rst(rst),
        .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready), .s_axis_tlast(sum_tlast),
        .inner_axis_tdata(inner_tdata), .inner_axis_tvalid(inner_tvalid), .inner_axis_tready(inner_tready),
        .inner_axis_tlast(inner_tlast),
        .sum_axis_tdata(sum2_tdata), .sum_axis_tvalid(sum2_tvalid), .sum_axis_tready(sum2_tready),
        .sum_axis_tlast(sum2_tlast),
        .m_axis_tdata(h_tdata), .m_axis_tvalid(h_tvalid), .m_axis_tready(h_tready), .m_axis_tlast(h_tlast),
        .m_axis_tuser(h_clipped)
    );

`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    f_axis #(.SOURCE(1), .WIDTH(X_W + 1)) f_x_axis (
        .clk(clk), .rst(rst), .valid(x_axis_tvalid), .ready(x_axis_tready), .payload({x_axis_tdata, x_axis_tlast})
    );

    localparam F_N = N_X + N_H + N_MEM;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_TURN2 = F_N > LANES2 ? F_N : LANES2;
    localparam F_LATENCY2 = (UNITS / LANES2 - 1) * F_TURN2 + LANES2 + 11;
    localparam F_LATENCY = (2 * UNITS / LANES - 1) * F_TURN + LANES + 10 + F_LATENCY2;
    localparam F_II = N_MEM + F_LATENCY + (N_X + N_H > F_LATENCY2 + 2 ? N_X + N_H - F_LATENCY2 : 2);
    wire f_begun;

    f_unit #(
        .S_W(MEM_W), .M_W(H_W + 1), .N_IN(N_MEM), .N_OUT(UNITS), .FLIGHT(2),
        .BEAT(F_LATENCY + 1), .STEP(F_LATENCY + F_N + 2), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(mem_axis_tvalid), .s_ready(mem_axis_tready), .s_last(mem_axis_tlast),
        .s_data(mem_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(x_axis_tready || mem_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && (N_X == 0 || x_axis_tvalid) && mem_axis_tvalid),
        .s_place(), .begun(f_begun), .done(), .steps(), .due()
    );

    always @(posedge clk) if (f_past_q && !rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_begun);
        reach_closed : cover (!(x_axis_tready || mem_axis_tready) && m_axis_tvalid && !m_axis_tready);
    end
`endif

endmodule

`default_nettype wire
// verilator lint_on TIMESCALEMOD
