// SPDX-License-Identifier: Apache-2.0
// Lets only whole sequences pass: steps of N beats, exactly STEPS of them (any number with STEPS = 0, no more with FEWER),
// and tlast on the last beat of the last step.
//
// A sequence with its tlast in another place is mended, and reported as a framing error:
//
//   tlast within a step                  the rest of the step is filled with zeros, and tlast is on its last beat
//   tlast at the end of an early step    it stays there: the sequence is shorter, which is right with FEWER
//   no tlast at the end of step STEPS    that beat gets tlast; what follows is dropped, up to and with the next tlast
//
// So the beat after a tlast is always the first one of a sequence, whatever came before.
//
//   Signal          Width   Direction   Description
//   clk             1       in          rising edge
//   rst             1       in          synchronous, active high; the next beat is the first of a sequence
//   s_axis_tdata    WIDTH   in
//   s_axis_tlast    1       in          last beat of the sequence, right or wrong
//   m_axis_tdata    WIDTH   out         a beat of the sequence, or zero
//   m_axis_tlast    1       out         last beat of the last step
//   e_axis_tdata    1       out         one beat a sequence: it had a framing error
//   framing_error   1       out         high in the cycle after the last beat of a sequence with a framing error
//
//   Cycles
//   latency = 0     combinational
//   ii      = N
//
// s_axis_tready is a register. A mended step takes as long as a whole one, a dropped beat one cycle.
//
// The beat on e_axis follows the one with m_axis_tlast by one cycle. Two of them are kept; when neither has been taken,
// no beat is offered until one is.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_frame #(
    // Beats of a step, 1 or more
    parameter integer N = 4,
    // Steps of a sequence; 0: any number
    parameter integer STEPS = 0,
    // 1: STEPS are the most that a sequence may have
    parameter integer FEWER = 0,
    // Bits of a beat, 1 or more
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire [0:0] e_axis_tdata, output wire e_axis_tvalid, input wire e_axis_tready,
    output reg framing_error
);

    localparam BEAT_CW = N > 1 ? $clog2(N) : 1, STEP_CW = STEPS > 1 ? $clog2(STEPS) : 1;

    if (N < 1 || WIDTH < 1) begin : g_check_sizes PARAM_ERROR_n_and_width_must_be_at_least_1 check ();
    end else if (STEPS < 0) begin : g_check_steps PARAM_ERROR_steps_must_not_be_negative check ();
    end

    // A beat that is taken while it can not pass waits here, so that s_axis_tready comes from a register. One with tlast
    // within a step stays here while the step is filled.
    reg full_q;
    reg [WIDTH:0] waiting_q;
    wire i_ready;
    wire i_valid = full_q || s_axis_tvalid;
    wire [WIDTH-1:0] i_data = full_q ? waiting_q[WIDTH-1:0] : s_axis_tdata;
    wire i_last = full_q ? waiting_q[WIDTH] : s_axis_tlast;
    assign s_axis_tready = !full_q;

    // Places in a step and in a sequence
    reg fill_q;  // tlast has come within this step
    reg drop_q;  // the sequence is complete, its tlast has not come
    reg [BEAT_CW-1:0] beat_q;
    reg [1:0] errors_q;  // the older one in bit 0
    reg [1:0] kept_q;  // how many of them wait
    reg last_beat_q;  // known a cycle ahead, as the last step is
    wire last_step;
    wire ends = last_beat_q && (i_last || last_step);
    wire error = fill_q || (STEPS != 0 && i_last != last_step && (FEWER == 0 || last_step));
    wire hold = kept_q[1];
    wire pass = m_axis_tvalid && m_axis_tready;
    wire keep = pass && ends;
    wire take = e_axis_tvalid && e_axis_tready;
    wire fill_d = pass ? !last_beat_q && i_last : fill_q;
    assign i_ready = drop_q || (!hold && m_axis_tready);
    assign m_axis_tdata = fill_q ? {WIDTH{1'b0}} : i_data;
    assign m_axis_tvalid = !drop_q && !hold && i_valid;
    assign m_axis_tlast = ends;
    assign e_axis_tdata = errors_q[0];
    assign e_axis_tvalid = kept_q != 0;

    always @(posedge clk) begin
        full_q <= (fill_d || (i_valid && !i_ready)) && !rst;
        fill_q <= fill_d && !rst;
        if (!full_q) waiting_q <= {s_axis_tlast, s_axis_tdata};
        drop_q <= drop_q ? !(i_valid && i_last) : pass && ends && !i_last;
        if (pass) begin
            beat_q <= last_beat_q ? {BEAT_CW{1'b0}} : beat_q + 1'b1;
            last_beat_q <= last_beat_q ? N == 1 : {1'b0, beat_q} + 1'b1 == N[BEAT_CW:0] - 1'b1;
        end
        if (rst) {beat_q, drop_q} <= 0;
        if (rst) last_beat_q <= N == 1;
    end

    if (STEPS > 0) begin : g_steps
        reg [STEP_CW-1:0] step_q;
        reg last_step_q;
        assign last_step = last_step_q;

        always @(posedge clk) begin
            if (pass && last_beat_q) begin
                step_q <= ends ? {STEP_CW{1'b0}} : step_q + 1'b1;
                last_step_q <= ends ? STEPS == 1 : {1'b0, step_q} + 1'b1 == STEPS[STEP_CW:0] - 1'b1;
            end
            if (rst) begin
                step_q <= {STEP_CW{1'b0}};
                last_step_q <= STEPS == 1;
            end
        end
    end else begin : g_any_steps
        assign last_step = 1'b0;
    end

    // Errors that wait for e_axis
    always @(posedge clk) begin
        if (take) errors_q[0] <= errors_q[1];
        if (keep) errors_q[kept_q[0] && !take] <= error;
        kept_q <= kept_q + {1'b0, keep} - {1'b0, take};
        framing_error <= keep && error;
        if (rst) {kept_q, framing_error} <= 0;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});
    f_axis #(.WIDTH(1)) f_e_axis (clk, rst, e_axis_tvalid, e_axis_tready, e_axis_tdata);

    // The register in front: a beat that is taken passes at once or waits, and none comes twice
    always @(posedge clk) begin
        if (!rst && $past(!rst && i_valid && !i_ready)) waiting_holds : assert (i_valid && $stable({i_data, i_last}));
        filled_from_waiting : assert (rst || !fill_q || (full_q && i_last));
        if (!rst && $past(!rst && i_ready) && !fill_q) none_twice : assert (s_axis_tready);
        if (!rst && $past(!rst && s_axis_tvalid && s_axis_tready && !i_ready)) begin
            none_dropped : assert (full_q && {i_last, i_data} == $past({s_axis_tlast, s_axis_tdata}));
        end
    end

    // Places in the source's sequence and in ours, counted apart. The source's stops behind the longest sequence, or is
    // taken modulo N.
    localparam F_SIZE = STEPS > 0 ? N * STEPS : N;
    reg [$clog2(F_SIZE+1)-1:0] f_in_q;
    reg [$clog2(N+1)-1:0] f_beat_q;
    reg [$clog2(STEPS+2)-1:0] f_step_q;
    reg f_short_q;  // the source's sequence has ended within the step
    wire f_taken = i_valid && i_ready && !fill_q;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire f_end = f_given && m_axis_tlast;
    wire f_beyond = STEPS > 0 && f_in_q == F_SIZE;
    wire f_early = FEWER != 0 && (f_in_q + 1) % N == 0;  // an early end that is right
    wire f_right = f_taken && i_last && !f_beyond && (STEPS == 0 || f_in_q == F_SIZE - 1 || f_early);
    always @(posedge clk) begin
        if (f_taken) begin
            f_in_q <= f_in_q + !f_beyond;
            if (STEPS == 0 && f_in_q == N - 1) f_in_q <= 0;
            if (i_last) f_in_q <= 0;
        end
        if (f_given) begin
            f_beat_q <= f_beat_q == N - 1 ? 0 : f_beat_q + 1;
            if (STEPS > 0 && f_beat_q == N - 1) f_step_q <= f_step_q + 1;
            if (m_axis_tlast) f_step_q <= 0;
            f_short_q <= f_beat_q != N - 1 && (f_short_q || (f_taken && i_last));
        end
        if (rst) {f_in_q, f_beat_q, f_step_q, f_short_q} <= 0;
    end

    always @* if (!rst) begin
        flag_of_beat : assert (last_beat_q == (f_beat_q == N - 1) && f_beat_q == beat_q);
        flag_of_step : assert (last_step == (STEPS > 0 && f_step_q == STEPS - 1));
        whole_steps : assert (!m_axis_tvalid || !m_axis_tlast || f_beat_q == N - 1);
        never_too_long : assert (STEPS == 0 || f_step_q < STEPS);
        last_at_the_end : assert (STEPS == 0 || !m_axis_tvalid || f_beat_q != N - 1 || f_step_q != STEPS - 1
            || m_axis_tlast);
        if (f_taken) begin
            none_lost : assert (f_beyond || (f_given && m_axis_tdata == i_data));
            rest_dropped : assert (!f_beyond || !f_given);
            clean_start : assert (f_in_q != 0 || STEPS == 0 || (f_beat_q == 0 && f_step_q == 0));
            steps_aligned : assert (f_beyond || f_in_q == (STEPS > 0 ? f_step_q * N : 0) + f_beat_q);
        end
        if (f_given && !f_taken) zeros_only_after_a_short_step : assert (f_short_q && m_axis_tdata == 0);
        if (f_short_q) step_is_filled : assert (!f_taken && (m_axis_tvalid || hold));
        if (f_taken && i_last && !f_beyond) ends_with_the_source : assert (m_axis_tlast == (f_beat_q == N - 1));
    end

    // One error word a sequence, in order: an end with its error, as tlast, gives a beat
    wire [3:0] f_kept;
    reg f_wrong_q;  // a sequence with an error ended in the cycle before
    f_steps #(.FLIGHT(2), .RULES(0)) f_errors (
        .clk(clk), .rst(rst), .s_valid(f_end), .s_ready(1'b1), .s_last(!f_right), .s_data(1'b0),
        .m_valid(e_axis_tvalid), .m_ready(e_axis_tready), .m_last(e_axis_tdata[0]), .m_data(1'b0), .steps(f_kept)
    );

    always @(posedge clk) f_wrong_q <= f_end && !f_right && !rst;

    always @* if (!rst) begin
        error_offered : assert (e_axis_tvalid == (f_kept != 0));
        error_pulse : assert (framing_error == f_wrong_q);
    end

    // Never stuck: while both sinks are ready, a beat waits for the rest of a step and two error words at most
    reg [$clog2(N+4)-1:0] f_wait_q;
    always @(posedge clk) f_wait_q <= i_ready || rst ? 0 : f_wait_q + (m_axis_tready && e_axis_tready);

    always @* if (!rst) begin
        never_stuck : assert (f_wait_q <= N + 1);
        reach_mended : cover (f_given && m_axis_tlast && (N == 1 || f_short_q));
        reach_dropped : cover (f_taken && i_last && (STEPS == 0 || f_beyond));
        reach_right : cover (f_end && f_right && f_kept == 1);
        reach_hold : cover (hold && i_valid && errors_q == 2'b10);
    end
`endif
endmodule
`default_nettype wire
