// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite registers of the accelerator: what it is, restart, and what has happened since.
//
//   Address   Name          Access   Contents
//   0x00      ID            R        the letters LMU and, in the low byte, the version of this map: 0x4C4D5503
//   0x04      CONTROL       R/W      bit 0: writing 1 restarts the accelerator; reads 0. bit 1: taken at a restart: beats go through DATA
//   0x08      STATUS        R/W      bit 0: a sequence had a framing error; writing 1 clears it and FRAMING. bit 1: busy
//   0x0C      COUNTERS      R        number of CLIPPED registers
//   0x10      CYCLES        R        cycles since the restart, low word; reading it keeps the high word for CYCLES_HIGH
//   0x14      CYCLES_HIGH   R        high word of the cycles at the last read of CYCLES
//   0x18      SEQUENCES     R        sequences that have come out
//   0x1C      STEP_CYCLES   R        cycles between the last two accepted steps; 0 before the second one
//   0x20      FRAMING       R        sequences with a framing error
//   0x24      CONTRACT      R        first 32 bits of the SHA-256 of the integer contract (spec.npz): which network this is
//   0x28      INPUTS        R        values of a step, of all inputs
//   0x2C      OUTPUTS       R        values of the output of a step or sequence, of all outputs
//   0x30      STEPS         R        steps of a sequence; 0: any number
//   0x34      INPUT_TYPE    R        bits 7..0: width. bits 15..8: fraction bits, signed. bit 16: the type is signed
//   0x38      OUTPUT_TYPE   R        bits 7..0: width. bits 15..8: fraction bits, signed. bit 16: the type is signed
//   0x3C      MODE          R        bit 0: streaming. bit 1: every step gives an output
//   0x40+4k   CLIPPED[k]    R        cycles with clipped[k], k = 0 .. COUNTERS-1
//   0x800+32s DATA[s]       R/W      input: a word of the next beat, the low one first; READY or SLVERR
//   0x800+32s DATA[s]       R        output: a word of a beat, the low one first, which is taken; READY or SLVERR
//   0x804+32s LAST[s]       R/W      input: as DATA, of the last beat of a sequence
//   0x808+32s STATE[s]      R        input: bit 0: a word can be written
//   0x808+32s STATE[s]      R        output: bit 0: a word can be read. bit 1: of the last beat. bit 2: with a framing error
//   0x80C+32s VALUES[s]     R        values of a step, or of a sequence where LENGTH is 1
//   0x810+32s TYPE[s]       R        bits 7..0: width. bits 15..8: fraction bits, signed. bit 16: the type is signed
//   0x814+32s LENGTH[s]     R        steps of a sequence; 0: any number
//   0x818+32s BEAT[s]       R        bits 15..0: bits of a beat. bits 31..16: values of a beat
//
// Words of 32 bits; the low two bits of an address are ignored. An address that is not in the table, a write to a
// register without W get the response SLVERR and do nothing. wstrb[0] must be set for a write to have an effect. All
// counters but CYCLES stay at their largest value; CYCLES has 64 bits. rst and a restart set all of them to 0, and
// framing error too. A beat that is taken in the cycle of the restart is lost.
//
// Stream s has 8 words; the addresses are those with 12 bits of them, the streams begin in the middle. A word of DATA
// is written or read only while STATE says READY, and is not there otherwise (SLVERR).
//
//   Signal          Width      Direction   Description
//   clk, rst        1          in          rising edge; rst is synchronous, active high
//   s_axil_*                               AXI4-Lite, 32 bits of data, ADDR_W of address
//   restart         1          out         rst of the accelerator: one cycle, after CONTROL was written
//   busy            1          in          read at STATUS
//   framing_error   1          in          high for a cycle: a sequence had a framing error
//   step            1          in          high for a cycle: a step has been accepted
//   sequence_end    1          in          high for a cycle: the last beat of a sequence has come out
//   clipped         COUNTERS   in          each bit high for a cycle: a value was clipped
//   mapped          1          out         MAPPED; changes in the cycle after restart
//   access          STREAMS    out         a word of this stream's DATA is written, or read and taken, in this cycle
//   access_last     1          out         it is written to LAST
//   access_data     32         out         what is written
//   states          3*STREAMS  in          STATE of each stream, the first one in the low bits
//   beats           32*STREAMS in          of an output: the word that DATA has
//
//   Cycles
//   latency = 1     a read: from its address to its response; 2 a write: from address and data to its response
//
// Address and data of a write may come in any order. The next address is taken when the response has been.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_registers #(
    // Contents of the registers that say what the accelerator is
    parameter [31:0] ID = 32'h4C4D5503, CONTRACT = 32'd0, INPUTS = 32'd1, OUTPUTS = 32'd1, STEPS = 32'd0,
    parameter [31:0] INPUT_TYPE = 32'd0, OUTPUT_TYPE = 32'd0, MODE = 32'd0,
    // Counters of clipped values, 1 or more
    parameter integer COUNTERS = 1,
    // Streams with registers, and how many of them come in: those first; 0: none
    parameter integer STREAMS = 0, STREAMS_IN = 0,
    // Of each stream, the first one in the low bits: {BEAT, LENGTH, TYPE, VALUES}
    parameter [128*(STREAMS > 0 ? STREAMS : 1)-1:0] FACTS = 0,
    // Bits of an address; the table must fit
    parameter integer ADDR_W = 12
) (
    input wire clk, rst,
    input wire [ADDR_W-1:0] s_axil_awaddr, input wire s_axil_awvalid, output wire s_axil_awready,
    input wire [31:0] s_axil_wdata, input wire [3:0] s_axil_wstrb, input wire s_axil_wvalid, output wire s_axil_wready,
    output reg [1:0] s_axil_bresp, output reg s_axil_bvalid, input wire s_axil_bready,
    input wire [ADDR_W-1:0] s_axil_araddr, input wire s_axil_arvalid, output wire s_axil_arready,
    output reg [31:0] s_axil_rdata, output reg [1:0] s_axil_rresp, output reg s_axil_rvalid, input wire s_axil_rready,
    output reg restart,
    input wire busy, framing_error, step, sequence_end,
    input wire [COUNTERS-1:0] clipped,
    output reg mapped,
    output wire [(STREAMS > 0 ? STREAMS : 1)-1:0] access,
    output wire access_last,
    output wire [31:0] access_data,
    input wire [3*(STREAMS > 0 ? STREAMS : 1)-1:0] states,
    input wire [32*(STREAMS > 0 ? STREAMS : 1)-1:0] beats
);

    localparam FIXED = 16;  // words before the counters of clipped values
    localparam WORDS = FIXED + COUNTERS, INDEX_W = ADDR_W > 2 ? ADDR_W - 2 : 1;
    localparam CONTROL_AT = 1, STATUS_AT = 2, CYCLES_AT = 4;
    localparam S = STREAMS > 0 ? STREAMS : 1, OF_STREAMS = 1 << (INDEX_W - 1);  // the first word of streams, 8 of each
    localparam DATA_AT = 0, LAST_AT = 1, FREE_AT = 7;
    localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;
    localparam [31:0] FULL = 32'hFFFFFFFF;

    if (COUNTERS < 1) begin : g_check_counters PARAM_ERROR_counters_must_be_at_least_1 check ();
    end else if (ADDR_W < 7 || ADDR_W > 30 || 4 * WORDS > (1 << (ADDR_W - (STREAMS > 0)))
            || 64 * STREAMS > (1 << ADDR_W)) begin : g_check_addr
        PARAM_ERROR_addr_w_must_hold_all_registers_and_be_at_most_30 check ();
    end else if (STREAMS < 0 || STREAMS_IN < 0 || STREAMS_IN > STREAMS) begin : g_check_streams
        PARAM_ERROR_streams_in_must_be_among_streams check ();
    end

    // Writes: address and data are kept until both are there
    reg aw_valid_q, w_valid_q, w_strobe_q;
    reg [31:0] w_data_q;
    reg [ADDR_W-1:0] aw_addr_q;
    wire write = aw_valid_q && w_valid_q && !s_axil_bvalid;
    wire [INDEX_W-1:0] wr_index = aw_addr_q[ADDR_W-1:2];
    wire wr_control = wr_index == CONTROL_AT[INDEX_W-1:0];
    wire wr_status = wr_index == STATUS_AT[INDEX_W-1:0];
    wire set_bit0 = write && w_strobe_q && w_data_q[0];
    wire wr_beat;
    assign s_axil_awready = !aw_valid_q;
    assign s_axil_wready = !w_valid_q;

    always @(posedge clk) begin
        if (s_axil_awvalid && s_axil_awready) begin
            aw_valid_q <= 1'b1;
            aw_addr_q <= s_axil_awaddr;
        end
        if (s_axil_wvalid && s_axil_wready) begin
            w_valid_q <= 1'b1;
            w_data_q <= s_axil_wdata;
            w_strobe_q <= s_axil_wstrb[0];
        end
        if (s_axil_bready) s_axil_bvalid <= 1'b0;
        if (write) begin
            aw_valid_q <= 1'b0;
            w_valid_q <= 1'b0;
            s_axil_bvalid <= 1'b1;
            s_axil_bresp <= wr_control || wr_status || wr_beat ? OKAY : SLVERR;
        end
        if (rst) {aw_valid_q, w_valid_q, s_axil_bvalid} <= 0;
    end

    // The mode changes with the cycle of the restart, in which the accelerator forgets all beats
    reg mapped_d_q;

    always @(posedge clk) begin
        restart <= set_bit0 && wr_control && !rst;
        if (write) mapped_d_q <= w_data_q[1] && STREAMS != 0;
        if (restart) mapped <= mapped_d_q;
        if (rst) mapped <= 1'b0;
    end

    // What has happened
    wire clear = rst || restart;
    wire wr_clear = set_bit0 && wr_status;
    reg framing_error_q;
    reg [63:0] cycles_q;
    reg [31:0] framing_q, sequences_q, step_cycles_q;
    reg [31:0] since_q;  // cycles since the last accepted step; 0: none yet
    wire [32*COUNTERS-1:0] clipped_counts;

    always @(posedge clk) begin
        cycles_q <= cycles_q + 1'b1;
        if (wr_clear) framing_error_q <= 1'b0;
        if (framing_error) framing_error_q <= 1'b1;
        if (wr_clear) framing_q <= {31'd0, framing_error};
        else if (framing_error && framing_q != FULL) framing_q <= framing_q + 1'b1;
        if (sequence_end && sequences_q != FULL) sequences_q <= sequences_q + 1'b1;
        if (since_q != 0 && since_q != FULL) since_q <= since_q + 1'b1;
        if (step) begin
            since_q <= 32'd1;
            step_cycles_q <= since_q;
        end
        if (clear) {cycles_q, framing_error_q, framing_q, sequences_q, since_q, step_cycles_q} <= 0;
    end

    genvar k;
    for (k = 0; k < COUNTERS; k = k + 1) begin : g_counter
        reg [31:0] count_q;
        assign clipped_counts[32*k+:32] = count_q;
        always @(posedge clk) begin
            if (clipped[k] && count_q != FULL) count_q <= count_q + 1'b1;
            if (clear) count_q <= 32'd0;
        end
    end

    // Reads
    reg [31:0] cycles_high_q;
    wire read = s_axil_arvalid && s_axil_arready;
    wire [INDEX_W-1:0] rd_index = s_axil_araddr[ADDR_W-1:2];
    wire rd_stream = STREAMS != 0 && rd_index[INDEX_W-1];
    wire rd_beat;
    wire known = rd_stream ? rd_beat : {1'b0, rd_index} < WORDS[INDEX_W:0];
    assign s_axil_arready = !s_axil_rvalid;

    // All registers, that of address 0 lowest
    wire [32*WORDS-1:0] words = {
        clipped_counts, MODE, OUTPUT_TYPE, INPUT_TYPE, STEPS, OUTPUTS, INPUTS, CONTRACT, framing_q, step_cycles_q,
        sequences_q, cycles_high_q, cycles_q[31:0], COUNTERS[31:0], {30'd0, busy, framing_error_q},
        {30'd0, mapped, 1'b0}, ID
    };
    wire [31:0] rd_word;
    wire [31:0] r_data = rd_stream ? rd_word : known ? words[32*rd_index+:32] : 32'd0;

    always @(posedge clk) begin
        if (s_axil_rready) s_axil_rvalid <= 1'b0;
        if (read) begin
            s_axil_rvalid <= 1'b1;
            s_axil_rdata <= r_data;
            s_axil_rresp <= known ? OKAY : SLVERR;
            if (rd_index == CYCLES_AT[INDEX_W-1:0]) cycles_high_q <= cycles_q[63:32];
        end
        if (rst) {s_axil_rvalid, cycles_high_q} <= 0;
    end

    // Streams: a word is written or read where the stream is ready for it
    assign access_last = wr_index[0];
    assign access_data = w_data_q;

    if (STREAMS > 0) begin : g_streams
        localparam NUMBER_W = INDEX_W > 4 ? INDEX_W - 4 : 1;
        wire [NUMBER_W-1:0] wr_number = wr_index[INDEX_W-2:3], rd_number = rd_index[INDEX_W-2:3];
        wire [2:0] rd_place = rd_index[2:0];
        wire [S-1:0] into, given, taken, known_each;
        wire [32*S-1:0] each, word_each;
        for (k = 0; k < S; k = k + 1) begin : g_stream
            localparam [NUMBER_W-1:0] K = k;
            wire at = rd_number == K, ready = states[3*k];
            wire [31:0] r_beat = k < STREAMS_IN ? 32'd0 : beats[32*k+:32];
            wire [255:0] r_words = {32'd0, FACTS[128*k+:128], {29'd0, states[3*k+:3]}, 32'd0, r_beat};
            assign into[k] = k < STREAMS_IN && wr_number == K && ready;
            assign given[k] = into[k] && write && w_strobe_q && wr_beat;
            assign taken[k] = k >= STREAMS_IN && at && ready && read && rd_stream && rd_place == DATA_AT;
            assign known_each[k] = at && rd_place != FREE_AT
                && (k < STREAMS_IN || (rd_place != LAST_AT && (rd_place != DATA_AT || ready)));
            assign each[32*k+:32] = known_each[k] ? r_words[32*rd_place+:32] : 32'd0;
            assign word_each[32*k+:32] = each[32*k+:32] | (k > 0 ? word_each[32*(k > 0 ? k - 1 : 0)+:32] : 32'd0);
        end
        assign wr_beat = wr_index[INDEX_W-1] && wr_index[2:1] == 2'd0 && |into;
        assign rd_beat = |known_each;
        assign rd_word = word_each[32*S-1-:32];
        assign access = given | taken;
    end else begin : g_no_streams
        assign wr_beat = 1'b0;
        assign rd_beat = 1'b0;
        assign rd_word = 32'd0;
        assign access = 1'b0;
        wire unused_streams = |{states, beats, FACTS[0], OF_STREAMS[0]};
    end

    // Whole words are addressed
    wire unused = |{s_axil_wstrb[3:1], aw_addr_q[1:0], s_axil_araddr[1:0]};

`ifdef FORMAL
    f_axis #(.WIDTH(2)) f_b_axis (clk, rst, s_axil_bvalid, s_axil_bready, s_axil_bresp);
    f_axis #(.WIDTH(34)) f_r_axis (clk, rst, s_axil_rvalid, s_axil_rready, {s_axil_rdata, s_axil_rresp});

    // Each response belongs to one address (and one word of data), and comes in time
    reg [1:0] f_aw_q, f_w_q;  // addresses, words of data that have no response yet
    reg f_ar_q;  // a read is under way
    reg [1:0] f_late_q;  // cycles in which a response was due and not offered
    wire f_aw = s_axil_awvalid && s_axil_awready;
    wire f_w = s_axil_wvalid && s_axil_wready;
    wire f_b = s_axil_bvalid && s_axil_bready;
    wire f_ar = s_axil_arvalid && s_axil_arready;
    wire f_r = s_axil_rvalid && s_axil_rready;
    always @(posedge clk) begin
        f_aw_q <= f_aw_q + f_aw - f_b;
        f_w_q <= f_w_q + f_w - f_b;
        f_ar_q <= f_ar_q + f_ar - f_r;
        f_late_q <= f_aw_q != 0 && f_w_q != 0 && !s_axil_bvalid ? f_late_q + 1 : 0;
        if (rst) {f_aw_q, f_w_q, f_ar_q, f_late_q} <= 0;
    end

    always @* if (!rst) begin
        write_response_is_due : assert (!s_axil_bvalid || (f_aw_q != 0 && f_w_q != 0));
        writes_bounded : assert (f_aw_q <= 2 && f_w_q <= 2);
        write_response_in_time : assert (f_late_q <= 1);
        address_is_taken : assert (s_axil_awready || f_aw_q == 2 || (f_aw_q == 1 && !s_axil_bvalid));
        data_are_taken : assert (s_axil_wready || f_w_q == 2 || (f_w_q == 1 && !s_axil_bvalid));
        read_response_is_due : assert (s_axil_rvalid == f_ar_q);
        read_is_taken : assert (s_axil_arready == !f_ar_q);
    end

    // Words of beats go only where they can, and are answered
    wire [S-1:0] f_ready, f_into, f_read;
    reg [32*S-1:0] f_beats_q;
    always @(posedge clk) f_beats_q <= beats;
    for (k = 0; k < S; k = k + 1) begin : f_stream
        assign f_ready[k] = states[3*k];
        assign f_into[k] = k < STREAMS_IN;
        assign f_read[k] = s_axil_rdata == f_beats_q[32*k+:32];
    end
    always @* if (!rst) begin
        beat_when_ready : assert ((access & ~f_ready) == 0);
        one_way_at_a_time : assert ((access & f_into & ((access & f_into) - 1'b1)) == 0);
    end
    always @(posedge clk) if (!rst && $past(!rst)) begin
        written_is_answered : assert ($past(access & f_into) == 0 || (s_axil_bvalid && s_axil_bresp == OKAY));
        read_is_answered : assert ($past(access & ~f_into) == 0 || (s_axil_rvalid && s_axil_rresp == OKAY
            && ($past(access) & ~f_into & ~f_read) == 0));
        mode_at_a_restart : assert (mapped == $past(mapped) || $past(restart));
    end
    if (STREAMS > 0) begin : f_some
        always @* if (!rst) begin
            reach_write : cover ((access & f_into) != 0 && access_last && access_data[31]);
            reach_read : cover ((access & ~f_into) != 0);
        end
    end

    // Counters stay at their largest value; a restart needs a write
    wire [31:0] f_count = clipped_counts[31:0];
    always @(posedge clk) if (!rst && $past(!rst)) begin
        counter_stays : assert ($past(f_count != FULL || restart) || f_count == FULL);
        sequences_stay : assert ($past(sequences_q != FULL || restart) || sequences_q == FULL);
        restarts : assert (!$past(restart) || (f_count == 0 && cycles_q == 0 && sequences_q == 0));
        errors_are_counted : assert (framing_error_q == (framing_q != 0));
        framing_stays : assert ($past(framing_q != FULL || restart || wr_clear) || framing_q == FULL);
        error_is_kept : assert (framing_error_q || !$past(framing_error && !restart));
        restart_after_write : assert (!restart || (s_axil_bvalid && $past(!s_axil_bvalid) && s_axil_bresp == OKAY));
        reach_restart : cover (restart);
        reach_two_writes : cover (f_aw_q == 2 && f_w_q == 2 && s_axil_bvalid);
        reach_slverr : cover ((f_r && s_axil_rresp == SLVERR) || (f_b && s_axil_bresp == SLVERR));
    end
`endif
endmodule
`default_nettype wire
