// The encoder of an LMU: what is written to the memory, from the input and the states of the step before.
//
//   u_t = assign(E_x x_t + E_mem mem_{t-1} + E_h h_{t-1} + bias)   exact sum, one rounding and one overflow step
//
// mem and h are feedbacks: the first step of a sequence counts them as zeros. The first step after rst takes no beats
// of them; any other first one takes those that the sequence before has left, and drops them.
//
//   Signal           Width   Direction   Description
//   clk              1       in          rising edge
//   rst              1       in          synchronous, active high, clears control; the next step is a first one
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
//   latency = N_MEM + N_H + (MEMORY_D/LANES - 1) * max(N_IN, LANES) + LANES + 7
//   ii      = MEMORY_D/LANES * max(N_IN, LANES)
//
// latency is from a step's last x to its last u, in an idle unit to which mem and h have come before.
//
// Files as in lmu_affine; columns in the order x, mem, h.

// There are no delays: any timescale will do, and none.
// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_encoder #(
    // Beats a step of x (1 or more), mem and h
    parameter integer N_X = 4,
    parameter integer N_MEM = 8,
    parameter integer N_H = 4,
    // Values of u in a step, 1 or more
    parameter integer MEMORY_D = 1,
    // Values of u worked on at once, one multiplier each; divides MEMORY_D
    parameter integer LANES = 1,
    // Bits of the inputs, and their additional fraction bits, 0 or more
    parameter integer X_W = 16,
    parameter integer MEM_W = 16,
    parameter integer H_W = 16,
    parameter integer X_SHIFT = 0,
    parameter integer MEM_SHIFT = 0,
    parameter integer H_SHIFT = 0,
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
    // Bits, fraction bits and modes, as listed in lmu_round_sat, of u
    parameter integer U_W = 16,
    parameter integer U_F = 14,
    parameter integer ROUNDING = 6,
    parameter integer OVERFLOW = 1,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_encoder.hex",
    parameter BIAS_FILE = "lmu_encoder_bias.hex"
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

    input  wire [H_W-1:0] h_axis_tdata,
    input  wire           h_axis_tvalid,
    output wire           h_axis_tready,
    input  wire           h_axis_tlast,

    output wire [U_W-1:0] m_axis_tdata,
    output wire           m_axis_tvalid,
    input  wire           m_axis_tready,
    output wire           m_axis_tlast,
    output wire [    0:0] m_axis_tuser
);

    wire [OP_W-1:0] operand_tdata;
    wire operand_tvalid, operand_tready, operand_tlast;

    lmu_concat #(
        .N_A(N_X),
        .N_B(N_MEM),
        .N_C(N_H),
        .A_W(X_W),
        .B_W(MEM_W),
        .C_W(H_W),
        .A_SHIFT(X_SHIFT),
        .B_SHIFT(MEM_SHIFT),
        .C_SHIFT(H_SHIFT),
        .A_FEEDBACK(0),
        .B_FEEDBACK(1),
        .C_FEEDBACK(1),
        .OUT_W(OP_W),
        .STREAMING(STREAMING)
    ) concat (
        .clk(clk),
        .rst(rst),
        .a_axis_tdata(x_axis_tdata),
        .a_axis_tvalid(x_axis_tvalid),
        .a_axis_tready(x_axis_tready),
        .a_axis_tlast(x_axis_tlast),
        .b_axis_tdata(mem_axis_tdata),
        .b_axis_tvalid(mem_axis_tvalid),
        .b_axis_tready(mem_axis_tready),
        .b_axis_tlast(mem_axis_tlast),
        .c_axis_tdata(h_axis_tdata),
        .c_axis_tvalid(h_axis_tvalid),
        .c_axis_tready(h_axis_tready),
        .c_axis_tlast(h_axis_tlast),
        .m_axis_tdata(operand_tdata),
        .m_axis_tvalid(operand_tvalid),
        .m_axis_tready(operand_tready),
        .m_axis_tlast(operand_tlast)
    );

    lmu_dense #(
        .N_IN(N_X + N_MEM + N_H),
        .N_OUT(MEMORY_D),
        .LANES(LANES),
        .IN_W(OP_W),
        .COEF_W(COEF_W),
        .ACC_W(ACC_W),
        .ACC_F(ACC_F),
        .HAS_BIAS(HAS_BIAS),
        .BIAS_W(BIAS_W),
        .BIAS_SHIFT(BIAS_SHIFT),
        .OUT_W(U_W),
        .OUT_F(U_F),
        .ROUNDING(ROUNDING),
        .OVERFLOW(OVERFLOW),
        .ROM_FILE(ROM_FILE),
        .BIAS_FILE(BIAS_FILE)
    ) dense (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(operand_tdata),
        .s_axis_tvalid(operand_tvalid),
        .s_axis_tready(operand_tready),
        .s_axis_tlast(operand_tlast),
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
        if (f_past_q && $past(!rst && x_axis_tvalid && !x_axis_tready)) begin
            assume (x_axis_tvalid);
            assume ($stable({x_axis_tdata, x_axis_tlast}));
        end
        if (f_past_q && $past(!rst && mem_axis_tvalid && !mem_axis_tready)) begin
            assume (mem_axis_tvalid);
            assume ($stable({mem_axis_tdata, mem_axis_tlast}));
        end
        if (f_past_q && $past(!rst && h_axis_tvalid && !h_axis_tready)) begin
            assume (h_axis_tvalid);
            assume ($stable({h_axis_tdata, h_axis_tlast}));
        end
        if (f_past_q && $past(!rst && m_axis_tvalid && !m_axis_tready)) begin
            valid_holds : assert (m_axis_tvalid);
            payload_holds : assert ($stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}));
        end
    end

    // Nothing lost and nothing invented: each step gives MEMORY_D beats, with the tlast of its last x on the last one
    localparam F_FLIGHT = 12;  // complete steps inside at once, at most
    reg [F_FLIGHT-1:0] f_lasts_q;  // tlast of each, the oldest one lowest
    reg [3:0] f_steps_q;  // how many
    reg [$clog2(N_X+1)-1:0] f_in_q;  // number of the next x of its step
    reg [$clog2(MEMORY_D+1)-1:0] f_out_q;  // number of the next output of its step
    wire f_accept = x_axis_tvalid && x_axis_tready;
    wire f_begun = f_accept && f_in_q == N_X - 1;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    wire f_end = f_out_q == MEMORY_D - 1;
    wire f_done = f_taken && f_end;
    wire [3:0] f_left = f_steps_q - f_done;

    always @(posedge clk) begin
        f_steps_q <= f_left + f_begun;
        f_lasts_q <= (f_lasts_q >> f_done & ~({{(F_FLIGHT - 1) {1'b0}}, 1'b1} << f_left))
            | {{(F_FLIGHT - 1) {1'b0}}, f_begun && x_axis_tlast} << f_left;
        if (f_accept) f_in_q <= f_in_q == N_X - 1 ? 0 : f_in_q + 1;
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
    localparam F_N = N_X + N_MEM + N_H;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_LATENCY = N_MEM + N_H + (MEMORY_D / LANES - 1) * F_TURN + LANES + 7;
    localparam F_II = MEMORY_D / LANES * F_TURN;
    localparam F_BEAT = F_LATENCY + 1;
    localparam F_STEP = F_LATENCY + F_N + 2;
    reg [$clog2(F_BEAT+2)-1:0] f_dry_q;
    reg [$clog2(F_STEP+2)-1:0] f_closed_q;

    always @(posedge clk) begin
        f_dry_q <= m_axis_tvalid || f_steps_q == 0 ? 0 : f_dry_q
            + !((mem_axis_tready && !mem_axis_tvalid) || (h_axis_tready && !h_axis_tvalid));
        if (!m_axis_tvalid || m_axis_tready) f_closed_q <= f_closed_q + 1;
        if (x_axis_tready || mem_axis_tready || h_axis_tready) f_closed_q <= 0;
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

    // The formulas of the header: latency of a step that finds nothing inside while nobody outside has held it up, ii
    // likewise
    reg f_ready_q, f_flow_q, f_given_q;
    reg [F_LATENCY-1:0] f_history_q;  // the last beat of a step was taken, newest in bit 0
    reg [$clog2(F_II+2)-1:0] f_interval_q;
    wire f_flow = m_axis_tready && x_axis_tvalid && (N_MEM == 0 || mem_axis_tvalid)
        && (N_H == 0 || h_axis_tvalid);

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
            if (f_flow_q && f_flow && f_history_q[F_LATENCY-1]) latency_exact : assert (f_done);
            if (f_flow_q && f_flow && f_given_q) ii_exact : assert (f_done == (f_interval_q == F_II));
        end
    end

    always @(posedge clk) begin
        if (f_past_q && !rst) begin
            reach_last : cover (f_taken && m_axis_tlast && f_begun);
            reach_closed : cover (!x_axis_tready && !mem_axis_tready && !h_axis_tready && m_axis_tvalid);
        end
    end
`endif

endmodule

`default_nettype wire
// verilator lint_on TIMESCALEMOD
