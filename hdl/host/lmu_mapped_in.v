// SPDX-License-Identifier: Apache-2.0
// A stream into the accelerator that comes from its port or, word by word, from a register.
//
//   Signal          Width   Direction   Description
//   clk, rst        1       in          rising edge; rst is synchronous, active high
//   mapped          1       in          1: the register; changes only in a cycle after one with rst
//   give            1       in          a word is written while ready; the low word of a beat comes first
//   give_last       1       in          with the last word of a beat: tlast
//   give_data       32      in
//   ready           1       out         a word can be written
//   s_axis_*        WIDTH   in          the port
//   m_axis_*        WIDTH   out         to the accelerator
//
//   Cycles
//   latency = 0     from the port: combinational; 1 from the last word of a beat
//   ii      = 1     from the port

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_mapped_in #(
    // Bits of a beat, 1 or more
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire mapped, give, give_last,
    input wire [31:0] give_data,
    output wire ready,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast
);

    localparam WORDS = (WIDTH + 31) / 32, WORD_CW = WORDS > 1 ? $clog2(WORDS) : 1;

    if (WIDTH < 1) begin : g_check PARAM_ERROR_width_must_be_at_least_1 check (); end

    reg full_q, last_q;
    reg [32*WORDS-1:0] beat_q;
    reg [WORD_CW-1:0] word_q;
    wire last_word = {1'b0, word_q} == WORDS[WORD_CW:0] - 1'b1;
    wire [32*WORDS+31:0] moved = {give_data, beat_q};
    assign ready = mapped && !full_q;
    assign s_axis_tready = !mapped && m_axis_tready;
    assign m_axis_tdata = mapped ? beat_q[WIDTH-1:0] : s_axis_tdata;
    assign m_axis_tvalid = mapped ? full_q : s_axis_tvalid;
    assign m_axis_tlast = mapped ? last_q : s_axis_tlast;

    always @(posedge clk) begin
        if (m_axis_tready) full_q <= 1'b0;
        if (give) begin
            beat_q <= moved[32*WORDS+31:32];
            last_q <= give_last;
            word_q <= last_word ? {WORD_CW{1'b0}} : word_q + 1'b1;
            full_q <= last_word;
        end
        if (rst) {full_q, word_q} <= 0;
    end

    // Bits above the beat, and the word that moves out
    wire unused = |{moved[31:0], beat_q};

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tlast, s_axis_tdata});
    f_axis #(.WIDTH(WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tlast, m_axis_tdata});
    always @* assume (!give || ready);
    reg f_rst_q, f_mapped_q;
    always @(posedge clk) {f_rst_q, f_mapped_q} <= {rst, mapped};
    always @* assume (f_rst_q || mapped == f_mapped_q);

    // The words since the last beat was taken
    reg [WORD_CW:0] f_words_q;
    reg [31:0] f_first_q, f_latest_q;
    reg f_last_q;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    wire [32*WORDS-1:0] f_beat = WORDS > 1 ? {f_latest_q, f_first_q} : f_latest_q;
    always @(posedge clk) begin
        if (f_taken) f_words_q <= 0;
        if (give) begin
            f_words_q <= f_words_q + 1;
            if (f_words_q == 0) f_first_q <= give_data;
            f_latest_q <= give_data;
            f_last_q <= give_last;
        end
        if (rst) f_words_q <= 0;
    end

    always @* if (!rst) begin
        if (mapped) begin
            beat_of_its_words : assert (m_axis_tvalid == (f_words_q == WORDS));
            ready_until_whole : assert (ready == (f_words_q < WORDS));
            words_in_place : assert (WORDS > 2 || !m_axis_tvalid
                || {m_axis_tlast, m_axis_tdata} == {f_last_q, f_beat[WIDTH-1:0]});
            port_waits : assert (!s_axis_tready);
        end else begin
            port_passes : assert ({m_axis_tvalid, m_axis_tlast, m_axis_tdata, s_axis_tready}
                == {s_axis_tvalid, s_axis_tlast, s_axis_tdata, m_axis_tready});
            register_waits : assert (!ready);
        end
        // What ties the record to the registers
        counted : assert (!mapped || f_words_q == (full_q ? WORDS : word_q));
        first_kept : assert (!mapped || WORDS != 2 || f_words_q != 1 || beat_q[32*WORDS-1-:32] == f_first_q);
        word_known : assert (!mapped || word_q < WORDS);
        between_beats : assert (!mapped || !full_q || word_q == 0);
        nothing_from_the_register : assert (mapped || f_words_q == 0);
        reach_beat : cover (mapped && f_taken && m_axis_tlast);
        reach_port : cover (!mapped && f_taken && m_axis_tlast);
    end
`endif
endmodule
`default_nettype wire
