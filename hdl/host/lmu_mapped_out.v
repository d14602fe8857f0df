// SPDX-License-Identifier: Apache-2.0
// A stream out of the accelerator that goes to its port or, word by word, to a register.
//
//   Signal          Width   Direction   Description
//   clk, rst        1       in          rising edge; rst is synchronous, active high
//   mapped          1       in          1: the register; changes only in a cycle after one with rst
//   take            1       in          the word is read while ready; the low word of a beat comes first
//   word            32      out         the word
//   ready           1       out         there is a word
//   last, error     1       out         tlast and tuser of its beat
//   s_axis_*        WIDTH   in          from the accelerator
//   m_axis_*        WIDTH   out         the port
//
//   Cycles
//   latency = 0     to the port: combinational; 1 to the first word of a beat
//   ii      = 1     to the port

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_mapped_out #(
    // Bits of a beat, 1 or more
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire mapped, take,
    output wire [31:0] word,
    output reg ready, last, error,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    input wire [0:0] s_axis_tuser,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire [0:0] m_axis_tuser
);

    localparam WORDS = (WIDTH + 31) / 32, WORD_CW = WORDS > 1 ? $clog2(WORDS) : 1;

    if (WIDTH < 1) begin : g_check PARAM_ERROR_width_must_be_at_least_1 check (); end

    reg [WIDTH-1:0] beat_q;
    reg [WORD_CW-1:0] word_q;
    wire last_word = {1'b0, word_q} == WORDS[WORD_CW:0] - 1'b1;
    wire [WIDTH+31:0] wide = {32'd0, beat_q};
    assign word = wide[31:0];
    assign s_axis_tready = mapped ? !ready : m_axis_tready;
    assign m_axis_tdata = s_axis_tdata;
    assign m_axis_tvalid = s_axis_tvalid && !mapped;
    assign m_axis_tlast = s_axis_tlast;
    assign m_axis_tuser = s_axis_tuser;

    always @(posedge clk) begin
        if (take) begin
            beat_q <= wide[WIDTH+31:32];
            word_q <= last_word ? {WORD_CW{1'b0}} : word_q + 1'b1;
            if (last_word) ready <= 1'b0;
        end
        if (mapped && !ready && s_axis_tvalid) begin
            ready <= 1'b1;
            beat_q <= s_axis_tdata;
            last <= s_axis_tlast;
            error <= s_axis_tuser[0];
        end
        if (rst) {ready, word_q} <= 0;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 2)) f_s_axis (
        clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tuser, s_axis_tlast, s_axis_tdata}
    );
    f_axis #(.WIDTH(WIDTH + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tuser, m_axis_tlast, m_axis_tdata}
    );
    always @* assume (!take || ready);
    reg f_rst_q, f_mapped_q;
    always @(posedge clk) {f_rst_q, f_mapped_q} <= {rst, mapped};
    always @* assume (f_rst_q || mapped == f_mapped_q);

    // The beat that was taken last, and how many of its words have been read
    reg f_beat_q;
    reg [WORD_CW:0] f_words_q;
    reg [WIDTH+1:0] f_taken_q;
    wire f_taken = s_axis_tvalid && s_axis_tready;
    wire [32*WORDS-1:0] f_words = {{(32 * WORDS - WIDTH) {1'b0}}, f_taken_q[WIDTH-1:0]};
    always @(posedge clk) begin
        if (take) begin
            f_words_q <= f_words_q + 1;
            if (f_words_q == WORDS - 1) f_beat_q <= 1'b0;
        end
        if (f_taken && mapped) begin
            f_beat_q <= 1'b1;
            f_words_q <= 0;
            f_taken_q <= {s_axis_tuser, s_axis_tlast, s_axis_tdata};
        end
        if (rst) f_beat_q <= 1'b0;
    end

    always @* if (!rst) begin
        if (mapped) begin
            words_of_a_beat : assert (ready == f_beat_q);
            word_in_place : assert (!ready || WORDS > 2
                || word == (f_words_q == 0 ? f_words[31:0] : f_words[32*WORDS-1-:32]));
            flags_of_the_beat : assert (!ready || {error, last} == f_taken_q[WIDTH+1:WIDTH]);
            none_lost : assert (!f_taken || !f_beat_q);
            port_is_silent : assert (!m_axis_tvalid);
        end else begin
            passes_to_the_port : assert ({m_axis_tvalid, m_axis_tuser, m_axis_tlast, m_axis_tdata, s_axis_tready}
                == {s_axis_tvalid, s_axis_tuser, s_axis_tlast, s_axis_tdata, m_axis_tready});
            register_is_empty : assert (!ready);
        end
        // What ties the record to the registers
        counted : assert (!ready || f_words_q == word_q);
        word_known : assert (word_q < WORDS && (ready || word_q == 0));
        rest_kept : assert (!ready || WORDS > 2 || beat_q == (f_words_q == 0 ? f_taken_q[WIDTH-1:0]
            : f_taken_q[WIDTH-1:0] >> 32));
        reach_word : cover (mapped && take && last && error && (WORDS == 1 || word_q != 0));
        reach_port : cover (!mapped && f_taken && s_axis_tlast);
    end
`endif
endmodule
`default_nettype wire
