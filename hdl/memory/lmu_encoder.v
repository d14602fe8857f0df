// SPDX-License-Identifier: Apache-2.0
// The encoder of an LMU: what is written to the memory, from the input and the states of the step before.
//
//   u_t = assign(E_x x_t + E_mem mem_{t-1} + E_h h_{t-1} + bias)   exact sum, one rounding and one overflow step
//
// mem and h are feedbacks: the first step of a sequence counts them as zeros. The first step after rst takes no beats
// of them; any other first one takes those that the sequence before has left, and drops them.
//
//   Signal           Width   Direction   Description
//   clk, rst         1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   x_axis_tdata     X_W     in          signed, N_X beats a step
//   x_axis_tlast     1       in          last beat of the sequence
//   mem_axis_tdata   MEM_W   in          signed, N_MEM beats a step. N_MEM = 0: absent, tie the port off (h likewise)
//   h_axis_tdata     H_W     in          signed, N_H beats a step
//   *_axis_tlast     1       in          ignored in mem and h
//   m_axis_tdata     U_W     out         u, signed, U_F fraction bits, MEMORY_D beats a step
//   m_axis_tlast     1       out         last beat of the sequence
//   m_axis_tuser     1       out         this value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure); N_IN = N_X + N_MEM + N_H
//   latency = N_MEM + N_H + (MEMORY_D/LANES - 1) * max(N_IN, LANES) + LANES + 9 + MORE
//   ii      = MEMORY_D/LANES * max(N_IN, LANES)
//   With BLOCKS: latency = N_MEM + N_H + BLOCKS + LANES + 9 + MORE, ii = max(BLOCKS, N_IN)
//
// latency is from a step's last x to its last u, in an idle unit to which mem and h have come before.
//
// Files and MORE as in lmu_affine; columns in the order x, mem, h.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_encoder #(
    // Beats a step of x (1 or more), mem and h
    parameter integer N_X = 4, N_MEM = 8, N_H = 4,
    // Values of u in a step, 1 or more
    parameter integer MEMORY_D = 1,
    // Values of u worked on at once, one multiplier each; divides MEMORY_D
    parameter integer LANES = 1,
    // Words of a ROM with a part of the blocks, as in lmu_blocks; 0: it has all
    parameter integer BLOCKS = 0,
    // Bits of the inputs, and their additional fraction bits, 0 or more
    parameter integer X_W = 16, MEM_W = 16, H_W = 16, X_SHIFT = 0, MEM_SHIFT = 0, H_SHIFT = 0,
    // Bits that hold each shifted input
    parameter integer OP_W = 16,
    // Bits of a coefficient; bits and fraction bits of the sum, as in lmu_affine
    parameter integer COEF_W = 16, ACC_W = 40, ACC_F = 28,
    // 1: there is a bias; its bits and its additional fraction bits
    parameter integer HAS_BIAS = 1, BIAS_W = 16, BIAS_SHIFT = 14,
    // Type, as in lmu_round_sat, of u
    parameter integer U_TYPE = 32'h16_000e_10,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_encoder.hex", BIAS_FILE = "lmu_encoder_bias.hex"
) (
    input wire clk, rst,
    input wire [X_W-1:0] x_axis_tdata, input wire x_axis_tvalid, output wire x_axis_tready, input wire x_axis_tlast,
    input wire [MEM_W-1:0] mem_axis_tdata, input wire mem_axis_tvalid, output wire mem_axis_tready,
    input wire mem_axis_tlast,
    input wire [H_W-1:0] h_axis_tdata, input wire h_axis_tvalid, output wire h_axis_tready, input wire h_axis_tlast,
    output wire [U_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    wire [OP_W-1:0] operand_tdata;
    wire operand_tvalid, operand_tready, operand_tlast;

    lmu_concat #(
        .N_A(N_X), .N_B(N_MEM), .N_C(N_H), .A_W(X_W), .B_W(MEM_W), .C_W(H_W), .A_SHIFT(X_SHIFT), .B_SHIFT(MEM_SHIFT),
        .C_SHIFT(H_SHIFT), .A_FEEDBACK(0), .B_FEEDBACK(1), .C_FEEDBACK(1), .OUT_W(OP_W), .STREAMING(STREAMING)
    ) concat (
        .clk(clk), .rst(rst),
        .a_axis_tdata(x_axis_tdata), .a_axis_tvalid(x_axis_tvalid), .a_axis_tready(x_axis_tready),
        .a_axis_tlast(x_axis_tlast),
        .b_axis_tdata(mem_axis_tdata), .b_axis_tvalid(mem_axis_tvalid), .b_axis_tready(mem_axis_tready),
        .b_axis_tlast(mem_axis_tlast),
        .c_axis_tdata(h_axis_tdata), .c_axis_tvalid(h_axis_tvalid), .c_axis_tready(h_axis_tready),
        .c_axis_tlast(h_axis_tlast),
        .m_axis_tdata(operand_tdata), .m_axis_tvalid(operand_tvalid), .m_axis_tready(operand_tready),
        .m_axis_tlast(operand_tlast)
    );
    lmu_dense #(
        .N_IN(N_X + N_MEM + N_H), .N_OUT(MEMORY_D), .LANES(LANES), .BLOCKS(BLOCKS), .IN_W(OP_W), .COEF_W(COEF_W),
        .ACC_W(ACC_W), .ACC_F(ACC_F), .HAS_BIAS(HAS_BIAS), .BIAS_W(BIAS_W), .BIAS_SHIFT(BIAS_SHIFT), .OUT_TYPE(U_TYPE),
        .ROM_FILE(ROM_FILE), .BIAS_FILE(BIAS_FILE)
    ) dense (
        .clk(clk), .rst(rst),
        .s_axis_tdata(operand_tdata), .s_axis_tvalid(operand_tvalid), .s_axis_tready(operand_tready),
        .s_axis_tlast(operand_tlast),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

`ifdef FORMAL
    localparam integer U_W = U_TYPE % 256;
    f_axis #(.IN(1), .WIDTH(MEM_W + 1)) f_mem_axis (
        clk, rst, mem_axis_tvalid, mem_axis_tready, {mem_axis_tdata, mem_axis_tlast}
    );
    f_axis #(.IN(1), .WIDTH(H_W + 1)) f_h_axis (clk, rst, h_axis_tvalid, h_axis_tready, {h_axis_tdata, h_axis_tlast});

    localparam F_N = N_X + N_MEM + N_H, F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_LATENCY = N_MEM + N_H + (BLOCKS != 0 ? BLOCKS : (MEMORY_D / LANES - 1) * F_TURN) + LANES + 9
        + $clog2((1 + (COEF_W - 2) / 17) * (1 + (OP_W - 2) / 17));
    localparam F_II = BLOCKS == 0 ? MEMORY_D / LANES * F_TURN : BLOCKS > F_N ? BLOCKS : F_N;
    wire f_flow = m_axis_tready && x_axis_tvalid && (N_MEM == 0 || mem_axis_tvalid) && (N_H == 0 || h_axis_tvalid);
    wire f_begun;
    f_unit #(
        .S_W(X_W), .M_W(U_W + 1), .N_IN(N_X), .N_OUT(MEMORY_D), .FLIGHT(14),
        .BEAT(F_LATENCY + 1), .STEP(F_LATENCY + F_N + 2), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(x_axis_tvalid), .s_ready(x_axis_tready), .s_last(x_axis_tlast),
        .s_data(x_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}),
        .starved((mem_axis_tready && !mem_axis_tvalid) || (h_axis_tready && !h_axis_tvalid)),
        .open(x_axis_tready || mem_axis_tready || h_axis_tready), .calm(f_flow), .flow(f_flow), .begun(f_begun)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_begun);
        reach_closed : cover (!x_axis_tready && !mem_axis_tready && !h_axis_tready && m_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
