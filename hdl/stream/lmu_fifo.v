// SPDX-License-Identifier: Apache-2.0
// A queue of DEPTH words or a few more: what goes in first comes out first, one word a cycle on both sides.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high, empties the queue
//   s_axis_tdata   WIDTH   in          in; whatever belongs to the beat is packed into it
//   m_axis_tdata   WIDTH   out         out
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 2     from a beat taken to the same beat given
//   ii      = 1
//
// The words lie in a RAM, whose registered output is the output of the queue. All handshakes come from registers.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_fifo #(
    // Bits of a word
    parameter integer WIDTH = 16,
    // Words that fit in at least, 1 or more
    parameter integer DEPTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    output wire [WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready
);

    localparam RAM_DEPTH = DEPTH > 2 ? DEPTH : 2, AW = $clog2(RAM_DEPTH);

    if (WIDTH < 1 || DEPTH < 1) begin : g_check PARAM_ERROR_width_and_depth_must_be_at_least_1 check (); end

    reg [AW-1:0] wr_addr_q, rd_addr_q;
    reg [AW:0] count_q;  // words in the RAM
    reg full_q, any_q;  // it is full, it holds a word: known a cycle ahead
    wire wr_en = s_axis_tvalid && s_axis_tready;
    wire rd_en = any_q && (!m_axis_tvalid || m_axis_tready);
    assign s_axis_tready = !full_q;

    always @(posedge clk) begin
        if (wr_en) wr_addr_q <= {1'b0, wr_addr_q} == RAM_DEPTH[AW:0] - 1'b1 ? {AW{1'b0}} : wr_addr_q + 1'b1;
        if (rd_en) rd_addr_q <= {1'b0, rd_addr_q} == RAM_DEPTH[AW:0] - 1'b1 ? {AW{1'b0}} : rd_addr_q + 1'b1;
        if (wr_en && !rd_en) count_q <= count_q + 1'b1;
        if (rd_en && !wr_en) count_q <= count_q - 1'b1;
        if (wr_en != rd_en) begin
            full_q <= wr_en && count_q == RAM_DEPTH[AW:0] - 1'b1;
            any_q <= wr_en || count_q != 1;
        end
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (rd_en) m_axis_tvalid <= 1'b1;
        if (rst) {wr_addr_q, rd_addr_q, count_q, full_q, any_q, m_axis_tvalid} <= 0;
    end

    lmu_ram #(.WIDTH(WIDTH), .DEPTH(RAM_DEPTH)) ram (
        .clk(clk),
        .wr_en(wr_en), .wr_addr(wr_addr_q), .wr_data(s_axis_tdata),
        .rd_en(rd_en), .rd_addr(rd_addr_q), .rd_data(m_axis_tdata)
    );

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);
    f_axis #(.WIDTH(WIDTH)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, m_axis_tdata);

    always @(posedge clk) if (!rst && $past(!rst && count_q != 0)) never_dry : assert (m_axis_tvalid);

    // Nothing lost, nothing invented, nothing overtaken: an arbitrary word comes out after those that came in before it
    wire f_choose = $anyseq;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    reg [AW+1:0] f_words_q;  // words in the queue
    reg [AW+1:0] f_before_q;  // words before the chosen one
    reg f_chosen_q;
    reg [WIDTH-1:0] f_word_q;
    always @(posedge clk) begin
        f_words_q <= f_words_q + wr_en - f_taken;
        if (f_chosen_q && f_taken) begin
            f_before_q <= f_before_q - 1'b1;
            f_chosen_q <= f_before_q != 0;
        end
        if (!f_chosen_q && wr_en && f_choose) begin
            f_chosen_q <= 1'b1;
            f_before_q <= f_words_q - f_taken;
            f_word_q <= s_axis_tdata;
        end
        if (rst) {f_words_q, f_chosen_q} <= 0;
    end

    // Where the chosen word must be, which an induction has to know
    wire [AW+1:0] f_ahead = f_before_q - m_axis_tvalid;
    wire [AW+1:0] f_place = rd_addr_q + f_ahead >= RAM_DEPTH ? rd_addr_q + f_ahead - RAM_DEPTH : rd_addr_q + f_ahead;
    wire [AW+1:0] f_next = rd_addr_q + count_q >= RAM_DEPTH ? rd_addr_q + count_q - RAM_DEPTH : rd_addr_q + count_q;
    wire f_in_ram = f_chosen_q && (f_before_q != 0 || !m_axis_tvalid);
    reg [AW-1:0] f_addr_q;
    always @(posedge clk) if (!f_chosen_q && wr_en && f_choose) f_addr_q <= wr_addr_q;

    always @* if (!rst) begin
        in_range : assert (wr_addr_q < RAM_DEPTH && rd_addr_q < RAM_DEPTH && count_q <= RAM_DEPTH);
        flags_of_count : assert (full_q == (count_q == RAM_DEPTH) && any_q == (count_q != 0));
        words_counted : assert (f_words_q == count_q + m_axis_tvalid);
        holds_depth : assert (s_axis_tready || f_words_q >= DEPTH);
        next_place : assert (wr_addr_q == f_next);
        chosen_inside : assert (!f_chosen_q || f_before_q < f_words_q);
        chosen_in_place : assert (!f_in_ram || f_addr_q == f_place);
        in_order : assert (!f_chosen_q || f_before_q != 0 || !m_axis_tvalid || m_axis_tdata == f_word_q);
        reach_full : cover (!s_axis_tready && f_taken);
        reach_order : cover (f_chosen_q && f_before_q == DEPTH - 1 && m_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
