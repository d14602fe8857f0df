// SPDX-License-Identifier: Apache-2.0
// The largest values, or the sums, of windows of SIZE steps that follow one another; or the largest so far of a sequence.
//
//   MAX = 1   out_k = max_s x_sk
//   MAX = 0   out_k = sum_s x_sk          exact, OUT_W bits;  s = 0..SIZE-1, k = 0..N-1
//   SIZE = 0  out_k = max_s x_sk          of each step, over those since the step after a tlast
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat begins a window
//   s_axis_tdata   WIDTH   in          signed, N beats a step, SIZE steps a window
//   s_axis_tlast   1       in          read on a window's last beat; SIZE = 0: on that of each step
//   m_axis_tdata   OUT_W   out         signed, N beats a window
//   m_axis_tlast   1       out         s_axis_tlast of the window's last beat, on the last beat
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 1      from a beat of a window's last step to its output beat
//   ii      = N      from one step to the next
//
// The accumulators stand in a ring of N registers, the one of the next beat in the low bits. Input beats are taken until
// a result is due and the previous one has not been taken.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_pool #(
    // Values of a step, 1 or more
    parameter integer N = 4,
    // Steps of a window; 0: every step gives the largest values so far
    parameter integer SIZE = 2,
    // 1: the largest value; 0: the sum
    parameter integer MAX = 0,
    // Bits of a value
    parameter integer WIDTH = 16,
    // Bits of a result: WIDTH of a largest value, enough for every sum
    parameter integer OUT_W = 17
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [OUT_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam PLACE_W = N > 1 ? $clog2(N) : 1, STEP_W = SIZE > 1 ? $clog2(SIZE) : 1;

    if (N < 1 || WIDTH < 1) begin : g_check_sizes PARAM_ERROR_n_and_width_must_be_at_least_1 check ();
    end else if (SIZE < 0 || (SIZE == 0 && MAX == 0)) begin : g_check_size
        PARAM_ERROR_size_must_be_at_least_1_or_0_with_max check ();
    end else if (MAX != 0 && MAX != 1) begin : g_check_max PARAM_ERROR_max_must_be_0_or_1 check ();
    end else if (MAX == 0 ? OUT_W < WIDTH + $clog2(SIZE) : OUT_W != WIDTH) begin : g_check_out_w
        PARAM_ERROR_out_w_must_hold_every_sum_or_be_width check ();
    end

    reg [N*OUT_W-1:0] ring_q;
    reg [PLACE_W-1:0] place_q;
    reg [STEP_W-1:0] step_q;
    wire last_place = {1'b0, place_q} == N[PLACE_W:0] - 1'b1;
    wire last_step = SIZE == 0 || {1'b0, step_q} == SIZE[STEP_W:0] - 1'b1;
    wire ends = SIZE == 0 ? s_axis_tlast : last_step;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire signed [OUT_W-1:0] old = ring_q[OUT_W-1:0];
    wire signed [OUT_W-1:0] x = {{(OUT_W - WIDTH) {s_axis_tdata[WIDTH-1]}}, s_axis_tdata};
    reg signed [OUT_W-1:0] result;
    assign s_axis_tready = !(last_step && m_axis_tvalid) || m_axis_tready;

    always @* begin
        result = old + x;
        if (MAX != 0) result = x > old ? x : old;
        if (step_q == 0) result = x;
    end

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (accept) begin
            ring_q <= ring_q >> OUT_W;
            ring_q[(N-1)*OUT_W+:OUT_W] <= result;
            place_q <= last_place ? {PLACE_W{1'b0}} : place_q + 1'b1;
            if (last_place) step_q <= ends ? {STEP_W{1'b0}} : SIZE == 0 ? {STEP_W{1'b1}} : step_q + 1'b1;
            if (last_step) begin
                m_axis_tvalid <= 1'b1;
                m_axis_tdata <= result;
                m_axis_tlast <= last_place && s_axis_tlast;
            end
        end
        if (rst) {place_q, step_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(OUT_W + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // The values of any one place: one result for SIZE of them, by the definition on all values of the window
    wire [PLACE_W-1:0] f_any = $anyconst;
    wire [STEP_W-1:0] f_which = $anyconst;  // a step
    always @* assume (f_any < N && (SIZE == 0 ? f_which == 0 : f_which < SIZE));
    reg [PLACE_W-1:0] f_in_q, f_out_q;  // places of the next beat in and out
    reg [STEP_W:0] f_step_q;  // with SIZE = 0: whether it is not the first one
    reg signed [OUT_W-1:0] f_acc_q, f_one_q, f_due_q, f_due_one_q;  // of the window that comes, and of the one that is due
    reg f_last_q, f_waits_q;  // a result of the place is due
    wire signed [OUT_W-1:0] f_x = $signed(s_axis_tdata);
    wire f_here = accept && f_in_q == f_any;
    wire f_final = SIZE == 0 || f_step_q == SIZE - 1;
    wire f_end = f_here && f_final;
    wire signed [OUT_W-1:0] f_acc = f_step_q == 0 ? f_x : MAX == 0 ? f_acc_q + f_x : f_x > f_acc_q ? f_x : f_acc_q;
    wire signed [OUT_W-1:0] f_one = f_step_q == f_which ? f_x : f_one_q;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire f_taken = f_given && f_out_q == f_any;
    wire [PLACE_W:0] f_slot = f_any >= place_q ? f_any - place_q : f_any + N - place_q;

    always @(posedge clk) begin
        if (accept) f_in_q <= f_in_q == N - 1 ? 0 : f_in_q + 1;
        if (accept && f_in_q == N - 1) f_step_q <= SIZE == 0 ? !s_axis_tlast : f_final ? 0 : f_step_q + 1;
        if (f_given) f_out_q <= f_out_q == N - 1 ? 0 : f_out_q + 1;
        if (f_here) {f_acc_q, f_one_q} <= {f_acc, f_one};
        if (f_end) {f_due_q, f_due_one_q, f_last_q} <= {f_acc, f_one, s_axis_tlast && f_any == N - 1};
        f_waits_q <= f_end || (f_waits_q && !f_taken);
        if (rst) {f_in_q, f_out_q, f_step_q, f_waits_q} <= 0;
    end

    always @* if (!rst) begin
        counts_in_place : assert (place_q == f_in_q && step_q == f_step_q && place_q < N && (SIZE == 0 || step_q < SIZE));
        out_in_range : assert (f_out_q < N);
        // Outputs come only while a last step does: the next place out is the next one in, or the one before
        if (m_axis_tvalid) one_behind : assert (f_out_q == (f_final && f_in_q != 0 ? f_in_q - 1 : N - 1));
        else in_step : assert (f_out_q == (f_final ? f_in_q : 0));
        nothing_lost : assert (!f_end || !f_waits_q || f_taken);
        none_invented : assert (!(m_axis_tvalid && f_out_q == f_any) || f_waits_q);
        none_kept : assert (!f_waits_q || (m_axis_tvalid && f_out_q == f_any));
        never_closed : assert (s_axis_tready || (f_final && !m_axis_tready));
        if (f_step_q != 0 || f_in_q > f_any)
            ring_in_place : assert ($signed(ring_q[f_slot*OUT_W+:OUT_W]) == f_acc_q);
        if (m_axis_tvalid && f_out_q == f_any) begin
            result_in_place : assert ($signed(m_axis_tdata) == f_due_q && m_axis_tlast == f_last_q);
            if (MAX != 0) largest_of_all : assert ($signed(m_axis_tdata) >= f_due_one_q);
        end
        if (MAX != 0 && f_waits_q) due_largest : assert (f_due_q >= f_due_one_q);
        if (MAX != 0 && (f_step_q > f_which || (f_step_q == f_which && f_in_q > f_any)))
            one_below : assert (f_acc_q >= f_one_q);
        reach_flow : cover (f_given && m_axis_tlast && accept);
        reach_stall : cover (!s_axis_tready);
    end
`endif
endmodule
`default_nettype wire
