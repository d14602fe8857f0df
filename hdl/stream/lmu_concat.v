// SPDX-License-Identifier: Apache-2.0
// Puts the vectors of up to three streams one after another, each value brought to the same number of fraction bits.
//
//   m = a * 2**A_SHIFT (N_A values), b * 2**B_SHIFT (N_B values), c * 2**C_SHIFT (N_C values)         every step
//
// A source is live or a feedback (A_FEEDBACK, ...): a value of the step before, which the first step of a sequence does
// not have. That step sends zeros in its place: the first one after rst without taking a beat; any other first one
// takes the N beats that the last step of the sequence before has left, and drops them.
//
//   Signal         Width      Direction   Description
//   clk, rst       1          in          rising edge; rst is synchronous, active high; the next step is a first one
//   a_axis_tdata   A_W        in          signed; N_A beats a step. N_A = 0: absent, tie the port off
//   a_axis_tlast   1          in          last beat of the sequence; heeded only in the last live source
//   b_axis_*       B_W        in          as a
//   c_axis_*       C_W        in          as a
//   m_axis_tdata   OUT_W      out         signed
//   m_axis_tlast   1          out         last beat of the step in which the last live source ended with tlast
//
//   Cycles
//   latency = N of the sources after the last live one     combinational
//   ii      = N_A + N_B + N_C
//
// The step after one that ended with tlast is a first one, unless STREAMING = 1: then only rst makes one.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_concat #(
    // Values of each source in a step, 0 or more
    parameter integer N_A = 4, N_B = 4, N_C = 8,
    // Bits of each source
    parameter integer A_W = 16, B_W = 16, C_W = 16,
    // Additional fraction bits of each source, 0 or more
    parameter integer A_SHIFT = 0, B_SHIFT = 0, C_SHIFT = 0,
    // 1: the source is a feedback
    parameter integer A_FEEDBACK = 0, B_FEEDBACK = 1, C_FEEDBACK = 1,
    // Bits of the output; it must hold each shifted source
    parameter integer OUT_W = 16,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0
) (
    input wire clk, rst,
    input wire [A_W-1:0] a_axis_tdata, input wire a_axis_tvalid, output wire a_axis_tready, input wire a_axis_tlast,
    input wire [B_W-1:0] b_axis_tdata, input wire b_axis_tvalid, output wire b_axis_tready, input wire b_axis_tlast,
    input wire [C_W-1:0] c_axis_tdata, input wire c_axis_tvalid, output wire c_axis_tready, input wire c_axis_tlast,
    output wire [OUT_W-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast
);

    localparam [1:0] A = 2'd0, B = 2'd1, C = 2'd2;
    localparam A_LIVE = N_A > 0 && A_FEEDBACK == 0, B_LIVE = N_B > 0 && B_FEEDBACK == 0;
    localparam C_LIVE = N_C > 0 && C_FEEDBACK == 0;
    localparam [1:0] FIRST = N_A > 0 ? A : N_B > 0 ? B : C, LAST = N_C > 0 ? C : N_B > 0 ? B : A;
    localparam [1:0] LAST_LIVE = C_LIVE ? C : B_LIVE ? B : A, AFTER_A = N_B > 0 ? B : C;

    // Counts the values of a source
    localparam N_AB = N_A > N_B ? N_A : N_B, N_MAX = N_AB > N_C ? N_AB : N_C;
    localparam COUNT_W = N_MAX > 1 ? $clog2(N_MAX) : 1;

    if (N_A < 0 || N_B < 0 || N_C < 0) begin : g_check_sizes PARAM_ERROR_sizes_must_not_be_negative check ();
    end else if (!A_LIVE && !B_LIVE && !C_LIVE) begin : g_check_live PARAM_ERROR_one_source_must_be_live check ();
    end

    reg [1:0] source_q;
    reg [COUNT_W-1:0] count_q;
    reg started_q;  // a step has ended since rst
    reg fresh_q;  // this is the first step of a sequence
    reg last_q;  // the last live source of this step ended with tlast
    reg source_end_q;  // the next value is the last one of its source: known a cycle ahead
    wire signed [OUT_W-1:0] a, b, c;

    lmu_align #(.IN_W(A_W), .SHIFT(A_SHIFT), .OUT_W(OUT_W)) align_a (.in_data(a_axis_tdata), .out_data(a));
    lmu_align #(.IN_W(B_W), .SHIFT(B_SHIFT), .OUT_W(OUT_W)) align_b (.in_data(b_axis_tdata), .out_data(b));
    lmu_align #(.IN_W(C_W), .SHIFT(C_SHIFT), .OUT_W(OUT_W)) align_c (.in_data(c_axis_tdata), .out_data(c));

    wire at_b = N_B > 0 && source_q == B, at_c = N_C > 0 && source_q == C, at_a = N_A > 0 && !at_b && !at_c;
    wire feedback = at_c ? C_FEEDBACK != 0 : at_b ? B_FEEDBACK != 0 : A_FEEDBACK != 0;
    wire valid = at_c ? c_axis_tvalid : at_b ? b_axis_tvalid : a_axis_tvalid;
    wire last = at_c ? c_axis_tlast : at_b ? b_axis_tlast : a_axis_tlast;
    wire [COUNT_W-1:0] last_count = (at_c ? N_C[COUNT_W-1:0] : at_b ? N_B[COUNT_W-1:0] : N_A[COUNT_W-1:0]) - 1'b1;

    // In the first step after rst nobody has sent the feedback
    wire absent = feedback && !started_q;
    wire take = m_axis_tready && !absent;
    wire transfer = m_axis_tready && m_axis_tvalid;
    wire [1:0] source_d = source_q == LAST ? FIRST : source_q == A ? AFTER_A : C;  // behind a source
    wire step_end = source_end_q && source_q == LAST;
    wire step_last = source_q == LAST_LIVE ? last : last_q;
    assign m_axis_tdata = feedback && fresh_q ? {OUT_W{1'b0}} : at_c ? c : at_b ? b : a;
    assign m_axis_tvalid = valid || absent;
    assign m_axis_tlast = step_end && step_last;
    assign a_axis_tready = at_a && take;
    assign b_axis_tready = at_b && take;
    assign c_axis_tready = at_c && take;

    always @(posedge clk) begin
        if (transfer) begin
            count_q <= source_end_q ? {COUNT_W{1'b0}} : count_q + 1'b1;
            source_end_q <= source_end_q ? source_d == A ? N_A == 1 : source_d == B ? N_B == 1 : N_C == 1
                : count_q + 1'b1 == last_count;
            if (source_end_q) begin
                source_q <= source_d;
                last_q <= step_last;
            end
            if (step_end) begin
                started_q <= 1'b1;
                fresh_q <= STREAMING == 0 && step_last;
            end
        end
        if (rst) begin
            {count_q, started_q} <= 0;
            source_q <= FIRST;
            source_end_q <= (FIRST == A ? N_A : FIRST == B ? N_B : N_C) == 1;
            fresh_q <= 1'b1;
        end
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(A_W + 1)) f_a_axis (clk, rst, a_axis_tvalid, a_axis_tready, {a_axis_tdata, a_axis_tlast});
    f_axis #(.IN(1), .WIDTH(B_W + 1)) f_b_axis (clk, rst, b_axis_tvalid, b_axis_tready, {b_axis_tdata, b_axis_tlast});
    f_axis #(.IN(1), .WIDTH(C_W + 1)) f_c_axis (clk, rst, c_axis_tvalid, c_axis_tready, {c_axis_tdata, c_axis_tlast});
    f_axis #(.WIDTH(OUT_W + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // Beats of a step are counted anew: whose turn it is follows from the place
    localparam F_N = N_A + N_B + N_C;
    localparam F_LIVE_END = (C_LIVE ? F_N : B_LIVE ? N_A + N_B : N_A) - 1;  // place of the last live beat
    reg [$clog2(F_N+1)-1:0] f_place_q;
    reg f_started_q, f_first_q, f_last_q;
    wire f_a = f_place_q < N_A;
    wire f_b = !f_a && f_place_q < N_A + N_B;
    wire f_c = !f_a && !f_b;
    wire f_feedback = f_a ? A_FEEDBACK != 0 : f_b ? B_FEEDBACK != 0 : C_FEEDBACK != 0;
    wire f_valid = f_a ? a_axis_tvalid : f_b ? b_axis_tvalid : c_axis_tvalid;
    wire f_ready = f_a ? a_axis_tready : f_b ? b_axis_tready : c_axis_tready;
    wire f_tlast = f_a ? a_axis_tlast : f_b ? b_axis_tlast : c_axis_tlast;
    wire f_step_last = f_place_q == F_LIVE_END ? f_tlast : f_last_q;
    wire f_end = f_place_q == F_N - 1;
    always @(posedge clk) begin
        if (transfer) begin
            f_place_q <= f_end ? 0 : f_place_q + 1;
            if (f_place_q == F_LIVE_END) f_last_q <= f_tlast;
            if (f_end) begin
                f_started_q <= 1'b1;
                f_first_q <= STREAMING == 0 && f_step_last;
            end
        end
        if (rst) {f_place_q, f_started_q, f_first_q} <= 1;
    end

    always @* if (!rst) begin
        place : assert (f_place_q < F_N && source_q == (f_a ? A : f_b ? B : C));
        flag_of_count : assert (source_end_q == (count_q == last_count));
        count : assert (f_place_q == count_q + (f_a ? 0 : f_b ? N_A : N_A + N_B));
        steps_follow : assert (started_q == f_started_q && fresh_q == f_first_q);
        last_kept : assert (f_place_q <= F_LIVE_END || last_q == f_last_q);
        one_source : assert (a_axis_tready + b_axis_tready + c_axis_tready <= 1);
        taken_when_given : assert (!f_ready || (m_axis_tready && !(f_feedback && !f_started_q)));
        never_closed : assert (f_ready || !m_axis_tready || (f_feedback && !f_started_q));
        never_dry : assert (m_axis_tvalid == (f_valid || (f_feedback && !f_started_q)));
        value : assert (m_axis_tdata == (f_feedback && f_first_q ? {OUT_W{1'b0}} : f_a ? a : f_b ? b : c));
        last_in_place : assert (m_axis_tlast == (f_end && f_step_last));
        reach_last : cover (transfer && m_axis_tlast && f_started_q);
        reach_second_step : cover (transfer && f_end && f_started_q && (STREAMING != 0 || f_first_q));
    end
`endif
endmodule
`default_nettype wire
