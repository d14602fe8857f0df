// SPDX-License-Identifier: Apache-2.0
// Restarts a core between two streams without breaking either: a beat that is offered stays until it is taken, a packet
// that has begun ends with tlast, and the rest of the source's sequence is swallowed.
//
// On restart, a cycle of core_rst:
//
//   m_axis   a beat that is offered is kept; a packet of which a beat has come out, and no tlast, ends with one more
//            beat: data 0, tlast and tuser. A packet of which nothing has come out does not come.
//   s_axis   a sequence of which a beat has been taken, and no tlast, is swallowed up to its tlast. With STREAMING,
//            where a tlast may never come, up to the end of its step of N beats, or to a tlast before.
//
// What comes then is for the core as after rst. Without restart all beats pass within the cycle.
//
//   Signal          Width   Direction   Description
//   clk, rst        1       in          rising edge; rst is synchronous, active high; the streams start anew as well
//   restart         1       in          high for a cycle
//   core_rst        1       out         rst of the core: rst or restart
//   busy            1       out         swallowing, or a beat of the time before the restart is offered
//   s_axis_*        1       both        from the source; the data go to the core by themselves
//   c_axis_*        1       both        to the core, tlast and data as on s_axis
//   y_axis_tdata    WIDTH   in          from the core
//   m_axis_tdata    WIDTH   out
//   *_tuser         1       both        with tlast: error
//
//   Cycles
//   latency = 0     combinational
//   ii      = 1     a beat
//
// A beat that the core takes in the cycle of the restart is lost.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_restart #(
    // Beats of a step, 1 or more
    parameter integer N = 4,
    // 1: swallow up to the end of the step
    parameter integer STREAMING = 0,
    // Bits of a beat of the output
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire restart,
    output wire core_rst, busy,
    input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire c_axis_tvalid, input wire c_axis_tready,
    input wire [WIDTH-1:0] y_axis_tdata, input wire y_axis_tvalid, output wire y_axis_tready, input wire y_axis_tlast,
    input wire y_axis_tuser,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire m_axis_tuser
);

    localparam BEAT_CW = N > 1 ? $clog2(N) : 1;

    if (N < 1 || WIDTH < 1) begin : g_check_sizes PARAM_ERROR_n_and_width_must_be_at_least_1 check (); end

    assign core_rst = rst || restart;

    // The source: whether it is within what is swallowed after a restart
    reg swallow_q;
    wire taken = s_axis_tvalid && s_axis_tready;
    wire within_d;
    assign s_axis_tready = swallow_q || c_axis_tready;
    assign c_axis_tvalid = s_axis_tvalid && !swallow_q;

    always @(posedge clk) swallow_q <= (swallow_q || restart) && within_d && !rst;

    if (STREAMING != 0) begin : g_step
        reg [BEAT_CW-1:0] beat_q;
        wire last_beat = {1'b0, beat_q} == N[BEAT_CW:0] - 1'b1;
        wire [BEAT_CW-1:0] beat_d = !taken ? beat_q : last_beat || s_axis_tlast ? {BEAT_CW{1'b0}} : beat_q + 1'b1;
        assign within_d = beat_d != 0;

        always @(posedge clk) beat_q <= rst ? {BEAT_CW{1'b0}} : beat_d;
    end else begin : g_sequence
        reg within_q;
        assign within_d = taken ? !s_axis_tlast : within_q;

        always @(posedge clk) within_q <= within_d && !rst;
    end

    // The sink: the beat that was offered, then the one that ends the packet
    reg kept_q, close_q, last_q, user_q;
    reg packet_q;  // beats of a packet have been taken, its tlast has not
    reg [WIDTH-1:0] data_q;
    wire packet_d = m_axis_tvalid && m_axis_tready ? !m_axis_tlast : packet_q;
    wire keep = restart && y_axis_tvalid && !close_q && !m_axis_tready;  // close_q is low with it
    wire kept_d = kept_q ? !m_axis_tready : keep;
    assign m_axis_tvalid = kept_q || close_q || y_axis_tvalid;
    assign m_axis_tdata = kept_q ? data_q : close_q ? {WIDTH{1'b0}} : y_axis_tdata;
    assign m_axis_tlast = kept_q ? last_q : close_q || y_axis_tlast;
    assign m_axis_tuser = kept_q ? user_q : close_q || y_axis_tuser;
    assign y_axis_tready = !kept_q && !close_q && m_axis_tready;
    assign busy = swallow_q || kept_q || close_q;

    always @(posedge clk) begin
        packet_q <= packet_d;
        kept_q <= kept_d;
        if (!kept_q) begin
            data_q <= y_axis_tdata;
            last_q <= y_axis_tlast;
            user_q <= y_axis_tuser;
        end
        if (restart) close_q <= kept_d ? !m_axis_tlast : packet_d;
        else if (!kept_q && m_axis_tready) close_q <= 1'b0;
        if (rst) {packet_q, kept_q, close_q} <= 0;
    end

`ifdef FORMAL
    // Source and core keep to the rules of AXI4-Stream, but that the core forgets in a reset
    f_axis #(.IN(1), .WIDTH(1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast);
    f_axis #(.IN(1), .WIDTH(WIDTH + 2)) f_y_axis (
        clk, core_rst, y_axis_tvalid, y_axis_tready, {y_axis_tdata, y_axis_tlast, y_axis_tuser}
    );
    f_axis #(.WIDTH(WIDTH + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast, m_axis_tuser}
    );

    always @(posedge clk) if (!rst && $past(core_rst)) assume (!y_axis_tvalid);

    // The core's packets, the sink's packets and the source's sequences (or steps), each counted on its own
    reg f_core_q, f_sink_q, f_source_q;
    reg [$clog2(N+1)-1:0] f_beat_q;
    reg f_owed_q;  // a restart has cut a packet, and its end has not come out
    reg f_ended_q;  // the end that is owed is that of the core
    wire f_taken = s_axis_tvalid && s_axis_tready;
    wire f_given = c_axis_tvalid && c_axis_tready;
    wire f_from = y_axis_tvalid && y_axis_tready;
    wire f_out = m_axis_tvalid && m_axis_tready;
    wire f_ends = s_axis_tlast || (STREAMING != 0 && f_beat_q == N - 1);
    wire f_sink = f_out ? !m_axis_tlast : f_sink_q;
    reg f_fresh_q;  // the core has had no beat since its reset
    always @(posedge clk) begin
        if (f_from) f_core_q <= !y_axis_tlast;
        f_sink_q <= f_sink;
        if (f_taken) begin
            f_source_q <= !f_ends;
            f_beat_q <= f_ends ? 0 : f_beat_q + 1;
        end
        if (f_given) f_fresh_q <= 1'b0;
        f_owed_q <= f_owed_q && !(f_out && m_axis_tlast);
        if (restart && !f_owed_q) f_ended_q <= m_axis_tvalid && !m_axis_tready && m_axis_tlast;
        if (restart) f_owed_q <= f_sink || (m_axis_tvalid && !m_axis_tready);
        if (core_rst) {f_core_q, f_fresh_q} <= 1;
        if (rst) {f_sink_q, f_source_q, f_beat_q, f_owed_q} <= 0;
    end

    always @* if (!rst) begin
        starts_clean : assert (!f_given || !f_fresh_q || !f_source_q);
        within_the_core_is_within_the_source : assert (!f_fresh_q || !f_source_q || s_axis_tready);
        none_lost : assert (!f_taken || f_given || (f_fresh_q && f_source_q));
        old_packet_ends_first : assert (!f_owed_q || !f_from);
        end_is_offered : assert (!f_owed_q || m_axis_tvalid);
        packets_are_the_core_s : assert (f_owed_q || f_sink_q == f_core_q);
        beats_are_the_core_s : assert (f_owed_q || !m_axis_tvalid || (y_axis_tvalid
            && {m_axis_tdata, m_axis_tlast, m_axis_tuser} == {y_axis_tdata, y_axis_tlast, y_axis_tuser}));
        passes_at_once : assert (f_owed_q || y_axis_tready == m_axis_tready);
        busy_until_all_is_past : assert (busy == (f_owed_q || (f_fresh_q && f_source_q)));
        // The packet that a restart cuts ends with its own last beat or with an error
        cut_packet_has_the_flag : assert (!(f_owed_q && f_out && m_axis_tlast && !f_ended_q)
            || (m_axis_tuser && m_axis_tdata == 0));
        reach_cut_packet : cover (f_owed_q && f_out && m_axis_tlast && m_axis_tuser && f_sink_q);
        reach_kept_beat : cover (f_owed_q && f_out && !m_axis_tlast);
        reach_swallowed : cover (f_taken && !f_given && s_axis_tlast && (N == 1 || f_beat_q != 0));
        reach_second_restart : cover (restart && f_owed_q && m_axis_tvalid && !m_axis_tready);
    end
`endif
endmodule
`default_nettype wire
