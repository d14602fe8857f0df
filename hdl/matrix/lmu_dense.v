// SPDX-License-Identifier: Apache-2.0
// A dense layer without an activation function: an affine map and one rounding.
//
//   out_j = assign(sum over k of W[j][k] * x_k + bias_j)           exact sum, one rounding and one overflow step
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat is x_0
//   s_axis_tdata   IN_W    in          x, signed, N_IN beats a step
//   s_axis_tlast   1       in          last beat of the sequence
//   m_axis_tdata   OUT_W   out         out, signed, OUT_F fraction bits, N_OUT beats a step
//   m_axis_tlast   1       out         last beat of the sequence
//   m_axis_tuser   1       out         this value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = (N_OUT/LANES - 1) * max(N_IN, LANES) + LANES + 9 + MORE    from a step's last x to its last out, idle before
//   ii      = N_OUT/LANES * max(N_IN, LANES)
//   With BLOCKS: latency = BLOCKS + LANES + 9 + MORE, ii = max(BLOCKS, N_IN)
//
// Files and MORE as in lmu_affine.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_dense #(
    // Columns and rows of the matrix, 1 or more
    parameter integer N_IN = 16, N_OUT = 8,
    // Rows worked on at once, one multiplier each; divides N_OUT
    parameter integer LANES = 2,
    // Words of a ROM with a part of the blocks, as in lmu_blocks; 0: it has all
    parameter integer BLOCKS = 0,
    // Bits of x
    parameter integer IN_W = 16,
    // Bits of a coefficient; bits and fraction bits of the sum, as in lmu_affine
    parameter integer COEF_W = 16, ACC_W = 40, ACC_F = 28,
    // 1: there is a bias; its bits and its additional fraction bits
    parameter integer HAS_BIAS = 1, BIAS_W = 16, BIAS_SHIFT = 14,
    // Type, as in lmu_round_sat, of the output
    parameter integer OUT_TYPE = 32'h16_000c_10,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_dense.hex", BIAS_FILE = "lmu_dense_bias.hex"
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [OUT_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    wire [ACC_W-1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast;

    lmu_affine #(
        .N_IN(N_IN), .N_OUT(N_OUT), .LANES(LANES), .BLOCKS(BLOCKS), .OP_W(IN_W), .COEF_W(COEF_W), .ACC_W(ACC_W),
        .HAS_BIAS(HAS_BIAS), .BIAS_W(BIAS_W), .BIAS_SHIFT(BIAS_SHIFT), .ROM_FILE(ROM_FILE), .BIAS_FILE(BIAS_FILE)
    ) affine (
        .clk(clk), .rst(rst),
        .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast),
        .m_axis_tdata(sum_tdata), .m_axis_tvalid(sum_tvalid), .m_axis_tready(sum_tready), .m_axis_tlast(sum_tlast)
    );
    lmu_activation #(.IN_W(ACC_W), .IN_F(ACC_F), .PRE_TYPE(OUT_TYPE), .FUNCTION(0), .OUT_TYPE(OUT_TYPE)) assign_out (
        .clk(clk), .rst(rst),
        .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready), .s_axis_tlast(sum_tlast),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

`ifdef FORMAL
    localparam integer OUT_W = OUT_TYPE % 256;
    localparam F_TURN = N_IN > LANES ? N_IN : LANES;
    localparam F_MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (IN_W - 2) / 17));
    localparam F_LATENCY = (BLOCKS != 0 ? BLOCKS : (N_OUT / LANES - 1) * F_TURN) + LANES + 9 + F_MORE;
    localparam F_II = BLOCKS == 0 ? N_OUT / LANES * F_TURN : BLOCKS > N_IN ? BLOCKS : N_IN;
    wire f_begun;
    f_unit #(
        .S_W(IN_W), .M_W(OUT_W + 1), .N_IN(N_IN), .N_OUT(N_OUT), .FLIGHT(12),
        .BEAT((BLOCKS != 0 ? BLOCKS : N_IN) + 10 + F_MORE), .STEP(F_II + LANES + 10 + F_MORE), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid), .begun(f_begun)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_begun);
        reach_closed : cover (!s_axis_tready && m_axis_tvalid && !m_axis_tready);
    end
`endif
endmodule
`default_nettype wire
