// SPDX-License-Identifier: Apache-2.0
// The frame of an LMU's hidden cell: all that reaches the cell becomes its exact sums, and its h goes out and back.
//
//   sum_j = W_x[j] x_t + W_h[j] h_{t-1} + W_mem[j] mem_t + bias_j,   j = 0 .. GATES*UNITS - 1
//
//   Signal           Width   Direction   Description
//   clk, rst         1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   x_axis_tdata     X_W     in          signed, N_X beats a step. N_X = 0: absent, tie the port off
//   mem_axis_tdata   MEM_W   in          signed, N_MEM beats a step
//   mem_axis_tlast   1       in          last beat of the sequence (ignored in x)
//   sum_axis_tdata   ACC_W   out         to the cell: sums, signed, GATES*UNITS beats a step
//   sum_axis_tlast   1       out         last beat of the sequence
//   h_axis_tdata     H_W     in          from the cell: h, signed, UNITS beats a step
//   h_axis_tlast     1       in          last beat of the sequence
//   h_axis_tuser     1       in          a value that leads to this h was clipped to fit
//   m_axis           H_W     out         h_axis, for the next layer
//
// The cell beside it takes sum_axis and gives h_axis: lmu_activation (Dense, SimpleRNN; GATES = 1), lmu_lstm or lmu_gru
// (GATES = 4), or lmu_gru_before (GATES = 2), which has a matrix of its own on LANES2 multipliers, lmu_concat and
// lmu_affine: its columns are x, mem and inner, one row a unit. Two lmu_fork give x and mem to both matrices.
// N_H = UNITS: the cell reads its own h of the step before, 0 in the first step of a sequence. N_H = 0: it does not.
//
//   Cycles (exact, without gaps and back-pressure); N_IN = N_X + N_H + N_MEM; ROWS = GATES*UNITS;
//   CELL = the latency of lmu_activation, lmu_lstm or lmu_gru: from the last sum of a unit to its h;
//   CELL = 4 + GATE + latency2 with lmu_gru_before: from the last sum of all to the last h; GATE and CAND as there
//   latency  = (ROWS/LANES - 1) * max(N_IN, LANES) + LANES + 7 + MORE + CELL    from a step's last mem to its last h
//   latency2 = (UNITS/LANES2 - 1) * max(N_IN, LANES2) + LANES2 + 12 + MORE + CAND    of the second: from the last inner
//   ii       = ROWS/LANES * max(N_IN, LANES), and with its own h at least N_MEM + latency + 2
//   ii2      = N_MEM + latency + max(2, N_X + N_H - latency2)    ii with lmu_gru_before
// latency: of a step that finds nothing inside, when x has gone into the sums. With BLOCKS, BLOCKS is in the place of
// (ROWS/LANES - 1) * max(N_IN, LANES) in it, and of ROWS/LANES * max(N_IN, LANES) in ii, which is N_IN at least.
//
// Where BLOCKS are those of LANES units gate by gate, an lmu_vector_buffer of GATES*LANES sums stands before the cell, and
// CELL is GATES*LANES + 2 more, to the last h.
//
// Multipliers: LANES, and two in lmu_lstm, lmu_gru and lmu_gru_before. Files and MORE as in lmu_affine, columns in the order x,
// h, mem; the rows of unit 0, then of unit 1, ..., each in the order in which the cell takes its sums.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_recurrent #(
    // Beats a step of x (0 or more), h (0 or UNITS) and mem (1 or more)
    parameter integer N_X = 4, N_H = 8, N_MEM = 8,
    // Values of h in a step, 1 or more
    parameter integer UNITS = 8,
    // Sums of each
    parameter integer GATES = 1,
    // Rows of the matrix worked on at once, one multiplier each; divides GATES*UNITS
    parameter integer LANES = 2,
    // Words of a ROM with a part of the blocks, as in lmu_blocks; 0: it has all
    parameter integer BLOCKS = 0,
    // Bits of the inputs and of h, and their additional fraction bits, 0 or more
    parameter integer X_W = 16, H_W = 16, MEM_W = 16, X_SHIFT = 0, H_SHIFT = 0, MEM_SHIFT = 0,
    // Bits that hold each shifted input
    parameter integer OP_W = 16,
    // Bits of a coefficient and of the sum, as in lmu_affine
    parameter integer COEF_W = 16, ACC_W = 40,
    // 1: there is a bias; its bits and its additional fraction bits
    parameter integer HAS_BIAS = 1, BIAS_W = 16, BIAS_SHIFT = 14,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_recurrent.hex", BIAS_FILE = "lmu_recurrent_bias.hex"
) (
    input wire clk, rst,
    input wire [X_W-1:0] x_axis_tdata, input wire x_axis_tvalid, output wire x_axis_tready, input wire x_axis_tlast,
    input wire [MEM_W-1:0] mem_axis_tdata, input wire mem_axis_tvalid, output wire mem_axis_tready,
    input wire mem_axis_tlast,
    output wire [ACC_W-1:0] sum_axis_tdata, output wire sum_axis_tvalid, input wire sum_axis_tready,
    output wire sum_axis_tlast,
    input wire [H_W-1:0] h_axis_tdata, input wire h_axis_tvalid, output wire h_axis_tready, input wire h_axis_tlast,
    input wire [0:0] h_axis_tuser,
    output wire [H_W-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire [0:0] m_axis_tuser
);

    if (N_H != 0 && N_H != UNITS) begin : g_check_n_h PARAM_ERROR_n_h_must_be_0_or_units check (); end

    // An absent h does not widen the operands
    localparam OLD_H_W = N_H != 0 ? H_W : 1;
    wire [OP_W-1:0] operand_tdata;
    wire operand_tvalid, operand_tready, operand_tlast, old_h_tvalid, old_h_tready;
    wire [OLD_H_W-1:0] old_h_tdata;

    lmu_concat #(
        .N_A(N_X), .N_B(N_H), .N_C(N_MEM), .A_W(X_W), .B_W(OLD_H_W), .C_W(MEM_W), .A_SHIFT(X_SHIFT), .B_SHIFT(H_SHIFT),
        .C_SHIFT(MEM_SHIFT), .A_FEEDBACK(0), .B_FEEDBACK(1), .C_FEEDBACK(0), .OUT_W(OP_W), .STREAMING(STREAMING)
    ) concat (
        .clk(clk), .rst(rst),
        .a_axis_tdata(x_axis_tdata), .a_axis_tvalid(x_axis_tvalid), .a_axis_tready(x_axis_tready),
        .a_axis_tlast(x_axis_tlast),
        .b_axis_tdata(old_h_tdata), .b_axis_tvalid(old_h_tvalid), .b_axis_tready(old_h_tready), .b_axis_tlast(1'b0),
        .c_axis_tdata(mem_axis_tdata), .c_axis_tvalid(mem_axis_tvalid), .c_axis_tready(mem_axis_tready),
        .c_axis_tlast(mem_axis_tlast),
        .m_axis_tdata(operand_tdata), .m_axis_tvalid(operand_tvalid), .m_axis_tready(operand_tready),
        .m_axis_tlast(operand_tlast)
    );
    lmu_affine #(
        .N_IN(N_X + N_H + N_MEM), .N_OUT(GATES * UNITS), .LANES(LANES), .BLOCKS(BLOCKS), .OP_W(OP_W), .COEF_W(COEF_W),
        .ACC_W(ACC_W), .HAS_BIAS(HAS_BIAS), .BIAS_W(BIAS_W), .BIAS_SHIFT(BIAS_SHIFT), .ROM_FILE(ROM_FILE),
        .BIAS_FILE(BIAS_FILE)
    ) affine (
        .clk(clk), .rst(rst),
        .s_axis_tdata(operand_tdata), .s_axis_tvalid(operand_tvalid), .s_axis_tready(operand_tready),
        .s_axis_tlast(operand_tlast),
        .m_axis_tdata(sum_axis_tdata), .m_axis_tvalid(sum_axis_tvalid), .m_axis_tready(sum_axis_tready),
        .m_axis_tlast(sum_axis_tlast)
    );

    if (N_H != 0) begin : g_feedback
        wire [H_W-1:0] copy_tdata;
        wire copy_tvalid, copy_tready;

        lmu_fork #(.WIDTH(H_W + 2), .OUTPUTS(2)) fork_h (
            .clk(clk), .rst(rst),
            .s_axis_tdata({h_axis_tuser, h_axis_tlast, h_axis_tdata}), .s_axis_tvalid(h_axis_tvalid),
            .s_axis_tready(h_axis_tready),
            .m_axis_tdata({m_axis_tuser, m_axis_tlast, copy_tdata}), .m_axis_tvalid({m_axis_tvalid, copy_tvalid}),
            .m_axis_tready({m_axis_tready, copy_tready})
        );

        assign m_axis_tdata = copy_tdata;

        // All h of a step have gone into the sums before the first h of the next one comes
        lmu_fifo #(.WIDTH(H_W), .DEPTH(UNITS)) old_h (
            .clk(clk), .rst(rst),
            .s_axis_tdata(copy_tdata), .s_axis_tvalid(copy_tvalid), .s_axis_tready(copy_tready),
            .m_axis_tdata(old_h_tdata), .m_axis_tvalid(old_h_tvalid), .m_axis_tready(old_h_tready)
        );
    end else begin : g_no_feedback
        wire unused_ready = old_h_tready;
        assign old_h_tdata = {OLD_H_W{1'b0}};
        assign old_h_tvalid = 1'b0;
        assign m_axis_tdata = h_axis_tdata;
        assign m_axis_tvalid = h_axis_tvalid;
        assign m_axis_tlast = h_axis_tlast;
        assign m_axis_tuser = h_axis_tuser;
        assign h_axis_tready = m_axis_tready;
    end

`ifdef FORMAL
    // Proven of the frame and a cell together: tests/formal/hidden_cell.v. Here the cell may do what it likes.
    f_axis #(.IN(1), .WIDTH(X_W + 1)) f_x_axis (clk, rst, x_axis_tvalid, x_axis_tready, {x_axis_tdata, x_axis_tlast});
    f_axis #(.IN(1), .WIDTH(MEM_W + 1)) f_mem_axis (
        clk, rst, mem_axis_tvalid, mem_axis_tready, {mem_axis_tdata, mem_axis_tlast}
    );
    f_axis #(.IN(1), .WIDTH(H_W + 2)) f_h_axis (
        clk, rst, h_axis_tvalid, h_axis_tready, {h_axis_tdata, h_axis_tlast, h_axis_tuser}
    );
    f_axis #(.WIDTH(ACC_W + 1)) f_sum_axis (
        clk, rst, sum_axis_tvalid, sum_axis_tready, {sum_axis_tdata, sum_axis_tlast}
    );
    f_axis #(.WIDTH(H_W + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast, m_axis_tuser}
    );

    // Each h goes out once: when it is taken here, or before
    wire [H_W+1:0] f_h = {h_axis_tdata, h_axis_tlast, h_axis_tuser};
    wire f_in = h_axis_tvalid && h_axis_tready;
    wire f_out = m_axis_tvalid && m_axis_tready;
    reg f_gone_q;
    always @(posedge clk) f_gone_q <= !rst && !f_in && (f_gone_q || f_out);

    always @* if (!rst) begin
        none_invented : assert (!m_axis_tvalid || (h_axis_tvalid && !f_gone_q));
        none_lost : assert (!f_in || f_gone_q || f_out);
        unchanged : assert ({m_axis_tdata, m_axis_tlast, m_axis_tuser} == f_h);
        reach_last : cover (sum_axis_tvalid && sum_axis_tlast);
        reach_late : cover (f_in && (N_H == 0 || f_gone_q));
    end
`endif
endmodule
`default_nettype wire
