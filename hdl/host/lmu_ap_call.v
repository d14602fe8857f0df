// SPDX-License-Identifier: Apache-2.0
// One step of a unit as one call of an RTL blackbox of Vitis HLS: ap_ctrl_chain, ap_ce, a FIFO in and a FIFO out.
//
// A call reads N_IN words, gives them to the unit, and writes the N_OUT words that it answers with. While ap_ce is
// low nothing is read, written or said to be done; the unit itself goes on with what it has, which nobody sees. The
// streams keep their rules whatever ap_ce does. ap_start stays high until ap_ready, which comes with the first cycle
// of ap_done; ap_done stays until it meets ap_continue. The next call begins in the cycle after that.
//
//   Signal             Width   Direction   Description
//   ap_clk, ap_rst     1       in          rising edge; ap_rst is synchronous, active high
//   ap_ce              1       in          clock enable
//   ap_start           1       in          there is a call; stays until ap_ready
//   ap_ready           1       out         the call has taken its arguments, the next one may follow
//   ap_done            1       out         the call has written all its words
//   ap_continue        1       in          ap_done has been seen
//   ap_idle            1       out         there is no call
//   in_dout            IN_W    in          word of the FIFO that is read, while in_empty_n
//   in_empty_n         1       in          the FIFO has a word
//   in_read            1       out         the word is taken
//   out_din            OUT_W   out         word for the FIFO that is written
//   out_full_n         1       in          the FIFO has room
//   out_write          1       out         the word is given
//   m_axis_tdata       IN_W    out         to the unit: N_IN beats a call
//   s_axis_tdata       OUT_W   in          from the unit: N_OUT beats a step
//
//   Cycles (exact, without waiting for ap_ce, a FIFO or ap_continue; unit: from the last beat in to the last beat out)
//   latency = unit + N_IN + 2     from ap_start to ap_done, where the unit takes a beat a cycle
//   ii      = latency + 1         from ap_start to the next one

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_ap_call #(
    // Words of a call, 1 or more each
    parameter integer N_IN = 1, N_OUT = 1,
    // Bits of a word, 1 or more each
    parameter integer IN_W = 16, OUT_W = 16
) (
    input wire ap_clk, ap_rst, ap_ce,
    input wire ap_start,
    output wire ap_ready, ap_done,
    input wire ap_continue,
    output wire ap_idle,
    input wire [IN_W-1:0] in_dout,
    input wire in_empty_n,
    output wire in_read,
    output wire [OUT_W-1:0] out_din,
    input wire out_full_n,
    output wire out_write,
    output reg [IN_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    input wire [OUT_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready
);

    localparam IN_CW = $clog2(N_IN + 1), OUT_CW = $clog2(N_OUT + 1);

    if (N_IN < 1 || N_OUT < 1 || IN_W < 1 || OUT_W < 1) begin : g_check_sizes
        PARAM_ERROR_words_and_widths_must_be_at_least_1 check ();
    end

    reg [IN_CW-1:0] read_q;  // words read in this call
    reg [OUT_CW-1:0] written_q;  // words written in this call
    reg done_q;  // all are written
    reg told_q;  // and ap_ready has been given
    reg full_q;  // there is a word to write
    reg [OUT_W-1:0] word_q;

    assign ap_done = done_q && ap_ce;
    assign ap_ready = done_q && !told_q && ap_ce;
    assign ap_idle = !ap_start && !done_q;
    assign in_read = ap_start && ap_ce && !done_q && in_empty_n && read_q != N_IN[IN_CW-1:0]
        && (!m_axis_tvalid || m_axis_tready);
    assign out_din = word_q;
    assign out_write = full_q && out_full_n && ap_ce;
    assign s_axis_tready = !full_q || out_write;

    always @(posedge ap_clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (in_read) begin
            m_axis_tvalid <= 1'b1;
            m_axis_tdata <= in_dout;
            read_q <= read_q + 1'b1;
        end
        if (out_write) begin
            full_q <= 1'b0;
            written_q <= written_q + 1'b1;
            done_q <= written_q == N_OUT[OUT_CW-1:0] - 1'b1;
        end
        if (s_axis_tvalid && s_axis_tready) begin
            full_q <= 1'b1;
            word_q <= s_axis_tdata;
        end
        if (ap_done) begin
            told_q <= !ap_continue;
            done_q <= !ap_continue;
            {read_q, written_q} <= 0;
        end
        if (ap_rst) {m_axis_tvalid, full_q, done_q, told_q, read_q, written_q} <= 0;
    end

`ifdef FORMAL
    // The unit: of a step's N_IN beats it makes N_OUT, after the last of them
    f_axis #(.IN(1), .WIDTH(OUT_W)) f_s_axis (ap_clk, ap_rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);
    f_axis #(.WIDTH(IN_W)) f_m_axis (ap_clk, ap_rst, m_axis_tvalid, m_axis_tready, m_axis_tdata);
    reg [IN_CW-1:0] f_in_q;  // beats that the unit has taken of its step
    reg [OUT_CW-1:0] f_out_q;  // and given
    wire f_gives = s_axis_tvalid && s_axis_tready, f_takes = m_axis_tvalid && m_axis_tready;
    wire f_unit_done = f_gives && f_out_q == N_OUT - 1;
    always @(posedge ap_clk) begin
        if (f_takes) f_in_q <= f_in_q + 1'b1;
        if (f_gives) f_out_q <= f_out_q + 1'b1;
        if (f_unit_done) {f_in_q, f_out_q} <= 0;
        if (ap_rst) {f_in_q, f_out_q} <= 0;
    end
    always @* if (s_axis_tvalid) assume (f_in_q == N_IN);

    // The caller: ap_start stays until ap_ready
    reg f_waits_q;
    always @(posedge ap_clk) f_waits_q <= !ap_rst && ap_start && !ap_ready;
    always @* if (f_waits_q) assume (ap_start);

    // Words of this call, counted at the FIFOs
    reg [IN_CW-1:0] f_read_q;
    reg [OUT_CW-1:0] f_written_q;
    reg f_owed_q, f_ready_q;  // a done without its continue yet; ap_ready has come in this call
    reg f_ended_q;  // a call has just ended
    always @(posedge ap_clk) begin
        if (in_read) f_read_q <= f_read_q + 1'b1;
        if (out_write) f_written_q <= f_written_q + 1'b1;
        if (ap_done && !f_owed_q) {f_read_q, f_written_q} <= 0;
        if (ap_ce && ap_done) f_owed_q <= !ap_continue;
        f_ready_q <= f_owed_q || ap_done ? (f_ready_q || ap_ready) && !(ap_done && ap_continue) : 1'b0;
        f_ended_q <= ap_done && ap_continue;
        if (ap_rst) {f_read_q, f_written_q, f_owed_q, f_ready_q, f_ended_q} <= 0;
    end

    // An arbitrary word of a call each way: what comes out is what went in
    wire [IN_CW-1:0] f_in_place = $anyconst;
    wire [OUT_CW-1:0] f_out_place = $anyconst;
    reg [IN_W-1:0] f_in_word_q;
    reg [OUT_W-1:0] f_out_word_q;
    always @(posedge ap_clk) begin
        if (in_read && f_read_q == f_in_place) f_in_word_q <= in_dout;
        if (f_gives && f_out_q == f_out_place) f_out_word_q <= s_axis_tdata;
    end

    // With all that it waits for, something happens within N cycles: here the unit answers at once
    reg [1:0] f_still_q;
    wire f_calm = ap_ce && ap_start && ap_continue && in_empty_n && out_full_n && m_axis_tready
        && (s_axis_tvalid || f_in_q != N_IN);
    always @(posedge ap_clk) begin
        f_still_q <= ap_rst || !f_calm || in_read || out_write || f_takes || f_gives || ap_done ? 0 : f_still_q + 1'b1;
    end

    always @* if (!ap_rst) begin
        only_with_ce : assert (ap_ce || !(in_read || out_write || ap_done || ap_ready));
        reads_what_is_there : assert (!in_read || (in_empty_n && ap_start && f_read_q != N_IN));
        writes_where_is_room : assert (!out_write || (out_full_n && f_written_q != N_OUT));
        done_with_all : assert (!(ap_done && !f_owed_q) || (f_read_q == N_IN && f_written_q == N_OUT));
        done_until_continue : assert (!(f_owed_q && ap_ce) || ap_done);
        ready_once : assert (ap_ready == (ap_done && !f_ready_q) && (!ap_ready || ap_start));
        quiet_between_calls : assert (!f_owed_q || !(in_read || out_write));
        idle_without_call : assert (!ap_idle || (!ap_start && f_read_q == 0 && !m_axis_tvalid && !full_q));
        never_stuck : assert (f_still_q < 2);
        if (f_takes && f_in_q == f_in_place) word_as_read : assert (m_axis_tdata == f_in_word_q);
        if (out_write && f_written_q == f_out_place) word_as_given : assert (out_din == f_out_word_q);
        reach_second_call : cover (ap_done && f_owed_q && !ap_start);
        reach_next : cover (in_read && f_ended_q);
    end
`endif
endmodule
`default_nettype wire
