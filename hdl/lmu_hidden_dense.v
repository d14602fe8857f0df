// A hidden cell of an LMU with one activation function: Dense, or SimpleRNN, which reads its own h of the step before.
//
//   h_t = function(assign(W_x x_t + W_h h_{t-1} + W_mem mem_t + bias))        as in lmu_activation
//
//   Signal           Width   Direction   Description
//   clk              1       in          rising edge
//   rst              1       in          synchronous, active high, clears control; the next step is a first one
//   x_axis_tdata     X_W     in          signed, N_X beats a step. N_X = 0: absent, tie the port off
//   mem_axis_tdata   MEM_W   in          signed, N_MEM beats a step
//   mem_axis_tlast   1       in          last beat of the sequence (ignored in x)
//   m_axis_tdata     H_W     out         h, signed, H_F fraction bits, UNITS beats a step
//   m_axis_tlast     1       out         last beat of the sequence
//   m_axis_tuser     1       out         this value was clipped to fit, or its pre-activation was
//
// N_H = UNITS: SimpleRNN. h is kept inside; it is 0 in the first step of a sequence. N_H = 0: Dense.
//
//   Cycles (exact, without gaps and back-pressure); N_IN = N_X + N_H + N_MEM
//   latency = (UNITS/LANES - 1) * max(N_IN, LANES) + LANES + 7    from a step's last mem to its last h, in an idle unit
//   ii      = UNITS/LANES * max(N_IN, LANES)                                                            (Dense)
//           = (UNITS/LANES - 1) * N_IN + max(N_X + N_H, LANES + 9) + N_MEM                              (SimpleRNN)
//
// Files as in lmu_affine, columns in the order x, h, mem; TABLE_FILE as in lmu_activation.

// There are no delays: any timescale will do, and none.
// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_hidden_dense #(
    // Beats a step of x (0 or more), h (0 or UNITS) and mem (1 or more)
    parameter integer N_X = 4,
    parameter integer N_H = 8,
    parameter integer N_MEM = 8,
    // Values of h in a step, 1 or more
    parameter integer UNITS = 8,
    // Values of h worked on at once, one multiplier each; divides UNITS
    parameter integer LANES = 2,
    // Bits of the inputs and of h, and their additional fraction bits, 0 or more
    parameter integer X_W = 16,
    parameter integer H_W = 16,
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
    // Bits, fraction bits and modes, as listed in lmu_round_sat, of the pre-activation
    parameter integer PRE_W = 16,
    parameter integer PRE_F = 12,
    parameter integer PRE_ROUNDING = 6,
    parameter integer PRE_OVERFLOW = 1,
    // 0 linear, 1 relu, 2 table
    parameter integer FUNCTION = 2,
    // Bits, fraction bits and modes of a table's index
    parameter integer INDEX_W = 10,
    parameter integer INDEX_F = 6,
    parameter integer INDEX_ROUNDING = 6,
    parameter integer INDEX_OVERFLOW = 1,
    // Fraction bits and modes of h
    parameter integer H_F = 14,
    parameter integer H_ROUNDING = 6,
    parameter integer H_OVERFLOW = 1,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients, biases and table, read by $readmemh
    parameter ROM_FILE = "lmu_hidden_dense.hex",
    parameter BIAS_FILE = "lmu_hidden_dense_bias.hex",
    parameter TABLE_FILE = "lmu_hidden_dense_table.hex"
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

    output wire [H_W-1:0] m_axis_tdata,
    output wire           m_axis_tvalid,
    input  wire           m_axis_tready,
    output wire           m_axis_tlast,
    output wire [    0:0] m_axis_tuser
);

    generate
        if (N_H != 0 && N_H != UNITS) begin : g_check_n_h
            PARAM_ERROR_n_h_must_be_0_or_units check ();
        end
    endgenerate

    // An absent h does not widen the operands
    localparam OLD_H_W = N_H != 0 ? H_W : 1;

    wire [OP_W-1:0] operand_tdata;
    wire operand_tvalid, operand_tready, operand_tlast;
    wire [ACC_W-1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast;
    wire [H_W-1:0] h_tdata;
    wire [OLD_H_W-1:0] old_h_tdata;
    wire h_tvalid, h_tready, h_tlast, h_clipped;
    wire old_h_tvalid, old_h_tready;

    lmu_concat #(
        .N_A(N_X),
        .N_B(N_H),
        .N_C(N_MEM),
        .A_W(X_W),
        .B_W(OLD_H_W),
        .C_W(MEM_W),
        .A_SHIFT(X_SHIFT),
        .B_SHIFT(H_SHIFT),
        .C_SHIFT(MEM_SHIFT),
        .A_FEEDBACK(0),
        .B_FEEDBACK(1),
        .C_FEEDBACK(0),
        .OUT_W(OP_W),
        .STREAMING(STREAMING)
    ) concat (
        .clk(clk),
        .rst(rst),
        .a_axis_tdata(x_axis_tdata),
        .a_axis_tvalid(x_axis_tvalid),
        .a_axis_tready(x_axis_tready),
        .a_axis_tlast(x_axis_tlast),
        .b_axis_tdata(old_h_tdata),
        .b_axis_tvalid(old_h_tvalid),
        .b_axis_tready(old_h_tready),
        .b_axis_tlast(1'b0),
        .c_axis_tdata(mem_axis_tdata),
        .c_axis_tvalid(mem_axis_tvalid),
        .c_axis_tready(mem_axis_tready),
        .c_axis_tlast(mem_axis_tlast),
        .m_axis_tdata(operand_tdata),
        .m_axis_tvalid(operand_tvalid),
        .m_axis_tready(operand_tready),
        .m_axis_tlast(operand_tlast)
    );

    lmu_affine #(
        .N_IN(N_X + N_H + N_MEM),
        .N_OUT(UNITS),
        .LANES(LANES),
        .OP_W(OP_W),
        .COEF_W(COEF_W),
        .ACC_W(ACC_W),
        .HAS_BIAS(HAS_BIAS),
        .BIAS_W(BIAS_W),
        .BIAS_SHIFT(BIAS_SHIFT),
        .ROM_FILE(ROM_FILE),
        .BIAS_FILE(BIAS_FILE)
    ) affine (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(operand_tdata),
        .s_axis_tvalid(operand_tvalid),
        .s_axis_tready(operand_tready),
        .s_axis_tlast(operand_tlast),
        .m_axis_tdata(sum_tdata),
        .m_axis_tvalid(sum_tvalid),
        .m_axis_tready(sum_tready),
        .m_axis_tlast(sum_tlast)
    );

    lmu_activation #(
        .IN_W(ACC_W),
        .IN_F(ACC_F),
        .PRE_W(PRE_W),
        .PRE_F(PRE_F),
        .PRE_ROUNDING(PRE_ROUNDING),
        .PRE_OVERFLOW(PRE_OVERFLOW),
        .FUNCTION(FUNCTION),
        .INDEX_W(INDEX_W),
        .INDEX_F(INDEX_F),
        .INDEX_ROUNDING(INDEX_ROUNDING),
        .INDEX_OVERFLOW(INDEX_OVERFLOW),
        .OUT_W(H_W),
        .OUT_F(H_F),
        .OUT_ROUNDING(H_ROUNDING),
        .OUT_OVERFLOW(H_OVERFLOW),
        .TABLE_FILE(TABLE_FILE)
    ) activation (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(sum_tdata),
        .s_axis_tvalid(sum_tvalid),
        .s_axis_tready(sum_tready),
        .s_axis_tlast(sum_tlast),
        .m_axis_tdata(h_tdata),
        .m_axis_tvalid(h_tvalid),
        .m_axis_tready(h_tready),
        .m_axis_tlast(h_tlast),
        .m_axis_tuser(h_clipped)
    );

    generate
        if (N_H != 0) begin : g_feedback
            wire [H_W-1:0] copy_tdata;
            wire copy_tvalid, copy_tready;

            lmu_fork #(
                .WIDTH(H_W + 2),
                .OUTPUTS(2)
            ) fork_h (
                .clk(clk),
                .rst(rst),
                .s_axis_tdata({h_clipped, h_tlast, h_tdata}),
                .s_axis_tvalid(h_tvalid),
                .s_axis_tready(h_tready),
                .m_axis_tdata({m_axis_tuser, m_axis_tlast, copy_tdata}),
                .m_axis_tvalid({m_axis_tvalid, copy_tvalid}),
                .m_axis_tready({m_axis_tready, copy_tready})
            );

            assign m_axis_tdata = copy_tdata;

            // All h of a step have gone into the sums before the first h of the next one comes
            lmu_fifo #(
                .WIDTH(H_W),
                .DEPTH(UNITS)
            ) old_h (
                .clk(clk),
                .rst(rst),
                .s_axis_tdata(copy_tdata),
                .s_axis_tvalid(copy_tvalid),
                .s_axis_tready(copy_tready),
                .m_axis_tdata(old_h_tdata),
                .m_axis_tvalid(old_h_tvalid),
                .m_axis_tready(old_h_tready)
            );
        end else begin : g_no_feedback
            wire unused_ready = old_h_tready;

            assign old_h_tdata = {OLD_H_W{1'b0}};
            assign old_h_tvalid = 1'b0;
            assign m_axis_tdata = h_tdata;
            assign m_axis_tvalid = h_tvalid;
            assign m_axis_tlast = h_tlast;
            assign m_axis_tuser = h_clipped;
            assign h_tready = m_axis_tready;
        end
    endgenerate

`ifdef FORMAL
    // The first cycle is a reset; whatever comes then, a source keeps to the rules of AXI4-Stream
    reg f_past_q = 1'b0;

    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    always @(posedge clk) begin
        if (f_past_q && $past(!rst && x_axis_tvalid && !x_axis_tready)) begin
            assume (x_axis_tvalid);
            assume ($stable({x_axis_tdata, x_axis_tlast}));
        end
        if (f_past_q && $past(!rst && mem_axis_tvalid && !mem_axis_tready)) begin
            assume (mem_axis_tvalid);
            assume ($stable({mem_axis_tdata, mem_axis_tlast}));
        end
        if (f_past_q && $past(!rst && m_axis_tvalid && !m_axis_tready)) begin
            valid_holds : assert (m_axis_tvalid);
            payload_holds : assert ($stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}));
        end
    end

    // Nothing lost and nothing invented: each step gives UNITS beats, with the tlast of its last input on the last one
    localparam F_FLIGHT = N_H != 0 ? 2 : 12;  // complete steps inside at once, at most
    reg [F_FLIGHT-1:0] f_lasts_q;  // tlast of each, the oldest one lowest
    reg [3:0] f_steps_q;  // how many
    reg [$clog2(N_MEM+1)-1:0] f_in_q;  // number of the next mem of its step
    reg [$clog2(UNITS+1)-1:0] f_out_q;  // number of the next output of its step
    wire f_accept = mem_axis_tvalid && mem_axis_tready;
    wire f_begun = f_accept && f_in_q == N_MEM - 1;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    wire f_end = f_out_q == UNITS - 1;
    wire f_done = f_taken && f_end;
    wire [3:0] f_left = f_steps_q - f_done;

    always @(posedge clk) begin
        f_steps_q <= f_left + f_begun;
        f_lasts_q <= (f_lasts_q >> f_done & ~({{(F_FLIGHT - 1) {1'b0}}, 1'b1} << f_left))
            | {{(F_FLIGHT - 1) {1'b0}}, f_begun && mem_axis_tlast} << f_left;
        if (f_accept) f_in_q <= f_in_q == N_MEM - 1 ? 0 : f_in_q + 1;
        if (f_taken) f_out_q <= f_end ? 0 : f_out_q + 1;
        if (rst) begin
            f_steps_q <= 0;
            f_lasts_q <= 0;
            f_in_q <= 0;
            f_out_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            flight_bounded : assert (f_steps_q <= F_FLIGHT);
            none_invented : assert (!m_axis_tvalid || f_steps_q != 0);
            last_in_place : assert (!m_axis_tvalid || m_axis_tlast == (f_end && f_lasts_q[0]));
        end
    end

    // Never stuck: cycles in which nobody outside holds it up, without a beat that is owed, or without taking one
    localparam F_N = N_X + N_H + N_MEM;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_BEAT = (UNITS / LANES) * F_TURN + LANES + 12;
    localparam F_STEP = (UNITS / LANES) * F_TURN + 2 * LANES + F_N + 12;
    reg [$clog2(F_BEAT+2)-1:0] f_dry_q;
    reg [$clog2(F_STEP+2)-1:0] f_closed_q;

    always @(posedge clk) begin
        f_dry_q <= m_axis_tvalid || f_steps_q == 0 ? 0 : f_dry_q + 1;
        if (!m_axis_tvalid || m_axis_tready) f_closed_q <= f_closed_q + 1;
        if (x_axis_tready || mem_axis_tready) f_closed_q <= 0;
        if (rst) begin
            f_dry_q <= 0;
            f_closed_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            never_dry : assert (f_dry_q <= F_BEAT);
            never_closed : assert (f_closed_q <= F_STEP);
        end
    end

    // The formulas of the header: latency of a step that finds nothing inside while the sink has always been ready, ii
    // while the sources have, too
    localparam F_LATENCY = ((UNITS / LANES) - 1) * F_TURN + LANES + 7;
    localparam F_II = N_H == 0 ? (UNITS / LANES) * F_TURN
        : ((UNITS / LANES) - 1) * F_N + (N_X + N_H > LANES + 9 ? N_X + N_H : LANES + 9) + N_MEM;
    reg f_ready_q, f_flow_q, f_given_q;
    reg [F_LATENCY-1:0] f_history_q;  // the last beat of a step was taken, newest in bit 0
    reg [$clog2(F_II+2)-1:0] f_interval_q;
    wire f_flow = m_axis_tready && (N_X == 0 || x_axis_tvalid) && mem_axis_tvalid;

    always @(posedge clk) begin
        f_ready_q <= f_ready_q && m_axis_tready;
        f_flow_q <= f_flow_q && f_flow;
        f_history_q <= {f_history_q[F_LATENCY-2:0], f_begun && f_steps_q == 0};
        f_given_q <= f_given_q || f_done;
        f_interval_q <= f_done ? 1 : f_interval_q + f_given_q;
        if (rst) begin
            f_ready_q <= 1'b1;
            f_flow_q <= 1'b1;
            f_history_q <= 0;
            f_given_q <= 1'b0;
            f_interval_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            if (f_ready_q && m_axis_tready && f_history_q[F_LATENCY-1]) latency_exact : assert (f_done);
            if (f_flow_q && f_flow && f_given_q) ii_exact : assert (f_done == (f_interval_q == F_II));
        end
    end

    always @(posedge clk) begin
        if (f_past_q && !rst) begin
            reach_last : cover (f_taken && m_axis_tlast && f_begun);
            reach_closed : cover (!(x_axis_tready || mem_axis_tready) && m_axis_tvalid && !m_axis_tready);
        end
    end
`endif

endmodule

`default_nettype wire
// verilator lint_on TIMESCALEMOD
