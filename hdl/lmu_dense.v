// A dense layer without an activation function: an affine map and one rounding.
//
//   out_j = assign(sum over k of W[j][k] * x_k + bias_j)           exact sum, one rounding and one overflow step
//
//   Signal         Width   Direction   Description
//   clk            1       in          rising edge
//   rst            1       in          synchronous, active high, clears control; the next beat is x_0
//   s_axis_tdata   IN_W    in          x, signed, N_IN beats a step
//   s_axis_tlast   1       in          last beat of the sequence
//   m_axis_tdata   OUT_W   out         out, signed, OUT_F fraction bits, N_OUT beats a step
//   m_axis_tlast   1       out         last beat of the sequence
//   m_axis_tuser   1       out         this value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = (N_OUT/LANES - 1) * max(N_IN, LANES) + LANES + 7    from a step's last x to its last out, in an idle unit
//   ii      = N_OUT/LANES * max(N_IN, LANES)
//
// Files as in lmu_affine.

// There are no delays: any timescale will do, and none.
// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_dense #(
    // Columns and rows of the matrix, 1 or more
    parameter integer N_IN = 16,
    parameter integer N_OUT = 8,
    // Rows worked on at once, one multiplier each; divides N_OUT
    parameter integer LANES = 2,
    // Bits of x
    parameter integer IN_W = 16,
    // Bits of a coefficient; bits and fraction bits of the sum, as in lmu_affine
    parameter integer COEF_W = 16,
    parameter integer ACC_W = 40,
    parameter integer ACC_F = 28,
    // 1: there is a bias; its bits and its additional fraction bits
    parameter integer HAS_BIAS = 1,
    parameter integer BIAS_W = 16,
    parameter integer BIAS_SHIFT = 14,
    // Bits, fraction bits and modes, as listed in lmu_round_sat, of the output
    parameter integer OUT_W = 16,
    parameter integer OUT_F = 12,
    parameter integer ROUNDING = 6,
    parameter integer OVERFLOW = 1,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_dense.hex",
    parameter BIAS_FILE = "lmu_dense_bias.hex"
) (
    input wire clk,
    input wire rst,

    input  wire [IN_W-1:0] s_axis_tdata,
    input  wire            s_axis_tvalid,
    output wire            s_axis_tready,
    input  wire            s_axis_tlast,

    output wire [OUT_W-1:0] m_axis_tdata,
    output wire             m_axis_tvalid,
    input  wire             m_axis_tready,
    output wire             m_axis_tlast,
    output wire [      0:0] m_axis_tuser
);

    wire [ACC_W-1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast;

    lmu_affine #(
        .N_IN(N_IN),
        .N_OUT(N_OUT),
        .LANES(LANES),
        .OP_W(IN_W),
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
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast),
        .m_axis_tdata(sum_tdata),
        .m_axis_tvalid(sum_tvalid),
        .m_axis_tready(sum_tready),
        .m_axis_tlast(sum_tlast)
    );

    lmu_activation #(
        .IN_W(ACC_W),
        .IN_F(ACC_F),
        .PRE_W(OUT_W),
        .PRE_F(OUT_F),
        .PRE_ROUNDING(ROUNDING),
        .PRE_OVERFLOW(OVERFLOW),
        .FUNCTION(0),
        .OUT_W(OUT_W),
        .OUT_F(OUT_F),
        .OUT_ROUNDING(ROUNDING),
        .OUT_OVERFLOW(OVERFLOW)
    ) assign_out (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(sum_tdata),
        .s_axis_tvalid(sum_tvalid),
        .s_axis_tready(sum_tready),
        .s_axis_tlast(sum_tlast),
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast),
        .m_axis_tuser(m_axis_tuser)
    );

`ifdef FORMAL
    // The first cycle is a reset; whatever comes then, a source keeps to the rules of AXI4-Stream
    reg f_past_q = 1'b0;

    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    always @(posedge clk) begin
        if (f_past_q && $past(!rst && s_axis_tvalid && !s_axis_tready)) begin
            assume (s_axis_tvalid);
            assume ($stable({s_axis_tdata, s_axis_tlast}));
        end
        if (f_past_q && $past(!rst && m_axis_tvalid && !m_axis_tready)) begin
            valid_holds : assert (m_axis_tvalid);
            payload_holds : assert ($stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}));
        end
    end

    // Nothing lost and nothing invented: each step gives N_OUT beats, with the tlast of its last input on the last one
    localparam F_FLIGHT = 12;  // complete steps inside at once, at most
    reg [F_FLIGHT-1:0] f_lasts_q;  // tlast of each, the oldest one lowest
    reg [3:0] f_steps_q;  // how many
    reg [$clog2(N_IN+1)-1:0] f_in_q;  // number of the next s of its step
    reg [$clog2(N_OUT+1)-1:0] f_out_q;  // number of the next output of its step
    wire f_accept = s_axis_tvalid && s_axis_tready;
    wire f_begun = f_accept && f_in_q == N_IN - 1;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    wire f_end = f_out_q == N_OUT - 1;
    wire f_done = f_taken && f_end;
    wire [3:0] f_left = f_steps_q - f_done;

    always @(posedge clk) begin
        f_steps_q <= f_left + f_begun;
        f_lasts_q <= (f_lasts_q >> f_done & ~({{(F_FLIGHT - 1) {1'b0}}, 1'b1} << f_left))
            | {{(F_FLIGHT - 1) {1'b0}}, f_begun && s_axis_tlast} << f_left;
        if (f_accept) f_in_q <= f_in_q == N_IN - 1 ? 0 : f_in_q + 1;
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
    localparam F_N = N_IN;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_BEAT = F_N + 8;
    localparam F_STEP = (N_OUT / LANES) * F_TURN + LANES + 8;
    reg [$clog2(F_BEAT+2)-1:0] f_dry_q;
    reg [$clog2(F_STEP+2)-1:0] f_closed_q;

    always @(posedge clk) begin
        f_dry_q <= m_axis_tvalid || f_steps_q == 0 ? 0 : f_dry_q + 1;
        if (!m_axis_tvalid || m_axis_tready) f_closed_q <= f_closed_q + 1;
        if (s_axis_tready) f_closed_q <= 0;
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
    localparam F_LATENCY = ((N_OUT / LANES) - 1) * F_TURN + LANES + 7;
    localparam F_II = (N_OUT / LANES) * F_TURN;
    reg f_ready_q, f_flow_q, f_given_q;
    reg [F_LATENCY-1:0] f_history_q;  // the last beat of a step was taken, newest in bit 0
    reg [$clog2(F_II+2)-1:0] f_interval_q;
    wire f_flow = m_axis_tready && s_axis_tvalid;

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
            reach_closed : cover (!(s_axis_tready) && m_axis_tvalid && !m_axis_tready);
        end
    end
`endif

endmodule

`default_nettype wire
// verilator lint_on TIMESCALEMOD
