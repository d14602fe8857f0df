// SPDX-License-Identifier: Apache-2.0
// Adds reset_state, as the memory units want it, to a stream: high on the first beat of a sequence's first step.
//
// A sequence begins after rst and, with STREAMING = 0, after each beat with tlast. Everything else passes within the
// cycle.
//
//   Signal         Width   Direction   Description
//   clk            1       in          rising edge
//   rst            1       in          synchronous, active high; the next beat is the first of a sequence
//   s_axis_tdata   WIDTH   in          N beats a step
//   s_axis_tlast   1       in          last beat of the sequence
//   m_axis_tdata   WIDTH   out         s_axis_tdata
//   m_axis_tlast   1       out         s_axis_tlast
//   m_axis_tuser   1       out         reset_state
//
//   Cycles
//   latency = 0     combinational
//   ii      = N

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_step_start #(
    // Beats of a step, 1 or more. The unit has no need to count them: a tlast is on the last one.
    parameter integer N = 1,
    // 1: the state runs for ever, tlast means nothing; 0: a sequence begins after tlast
    parameter integer STREAMING = 0,
    // Bits of a beat, 1 or more
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output reg [0:0] m_axis_tuser
);

    if (N < 1 || WIDTH < 1) begin : g_check_sizes PARAM_ERROR_n_and_width_must_be_at_least_1 check ();
    end else if (STREAMING != 0 && STREAMING != 1) begin : g_check_streaming
        PARAM_ERROR_streaming_must_be_0_or_1 check ();
    end

    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata = s_axis_tdata;
    assign m_axis_tvalid = s_axis_tvalid;
    assign m_axis_tlast = s_axis_tlast;

    always @(posedge clk) begin
        if (s_axis_tvalid && s_axis_tready) m_axis_tuser <= STREAMING == 0 && s_axis_tlast;
        if (rst) m_axis_tuser <= 1'b1;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(WIDTH + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast, m_axis_tuser}
    );

    // A source puts tlast on a step's last beat
    reg [$clog2(N+1)-1:0] f_beat_q;
    reg f_any_q, f_last_q;  // a beat has come since rst; tlast of the latest one
    wire f_taken = s_axis_tvalid && s_axis_tready;
    always @* if (s_axis_tlast) assume (f_beat_q == N - 1);

    always @(posedge clk) begin
        if (f_taken) begin
            f_beat_q <= f_beat_q == N - 1 ? 0 : f_beat_q + 1;
            f_any_q <= 1'b1;
            f_last_q <= s_axis_tlast;
        end
        if (rst) {f_beat_q, f_any_q} <= 0;
    end

    always @* if (!rst) begin
        passes : assert (f_taken == (m_axis_tvalid && m_axis_tready) && m_axis_tdata == s_axis_tdata
            && m_axis_tlast == s_axis_tlast);
        start_in_place : assert (m_axis_tuser == (!f_any_q || (STREAMING == 0 && f_last_q)));
        first_beat_only : assert (!m_axis_tuser || f_beat_q == 0);
        reach_second_start : cover (f_taken && f_any_q && f_beat_q == 0 && f_last_q);
    end
`endif
endmodule
`default_nettype wire
