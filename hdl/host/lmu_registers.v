// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite registers of the accelerator: what it is, restart, and what has happened since.
//
//   Address   Name          Access   Contents
//   0x00      ID            R        the letters LMU and, in the low byte, the version of this map: 0x4C4D5502
//   0x04      CONTROL       R/W      bit 0: writing 1 restarts the accelerator; reads 0
//   0x08      STATUS        R/W      bit 0: a sequence had a framing error; writing 1 clears it and FRAMING. bit 1: busy
//   0x0C      COUNTERS      R        number of CLIPPED registers
//   0x10      CYCLES        R        cycles since the restart, low word; reading it keeps the high word for CYCLES_HIGH
//   0x14      CYCLES_HIGH   R        high word of the cycles at the last read of CYCLES
//   0x18      SEQUENCES     R        sequences that have come out
//   0x1C      STEP_CYCLES   R        cycles between the last two accepted steps; 0 before the second one
//   0x20      FRAMING       R        sequences with a framing error
//   0x24      CONTRACT      R        first 32 bits of the SHA-256 of the integer contract (spec.npz): which network this is
//   0x28      INPUTS        R        values of a step
//   0x2C      OUTPUTS       R        values of the output of a step or sequence
//   0x30      STEPS         R        steps of a sequence; 0: any number
//   0x34      INPUT_TYPE    R        bits 7..0: width. bits 15..8: fraction bits, signed. bit 16: the type is signed
//   0x38      OUTPUT_TYPE   R        bits 7..0: width. bits 15..8: fraction bits, signed. bit 16: the type is signed
//   0x3C      MODE          R        bit 0: streaming. bit 1: every step gives an output
//   0x40+4k   CLIPPED[k]    R        cycles with clipped[k], k = 0 .. COUNTERS-1
//
// Words of 32 bits; the low two bits of an address are ignored. An address that is not in the table, a write to a
// register without W get the response SLVERR and do nothing. wstrb[0] must be set for a write to have an effect. All
// counters but CYCLES stay at their largest value; CYCLES has 64 bits. rst and a restart set all of them to 0, and
// framing error too. A beat that is taken in the cycle of the restart is lost.
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
//
//   Cycles
//   latency = 1     a read: from its address to its response; 2 a write: from address and data to its response
//
// Address and data of a write may come in any order. The next address is taken when the response has been.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_registers #(
    // Contents of the registers that say what the accelerator is
    parameter [31:0] ID = 32'h4C4D5502, CONTRACT = 32'd0, INPUTS = 32'd1, OUTPUTS = 32'd1, STEPS = 32'd0,
    parameter [31:0] INPUT_TYPE = 32'd0, OUTPUT_TYPE = 32'd0, MODE = 32'd0,
    // Counters of clipped values, 1 or more
    parameter integer COUNTERS = 1,
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
    input wire [COUNTERS-1:0] clipped
);

    localparam FIXED = 16;  // words before the counters of clipped values
    localparam WORDS = FIXED + COUNTERS, INDEX_W = ADDR_W > 2 ? ADDR_W - 2 : 1;
    localparam CONTROL_AT = 1, STATUS_AT = 2, CYCLES_AT = 4;
    localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;
    localparam [31:0] FULL = 32'hFFFFFFFF;

    if (COUNTERS < 1) begin : g_check_counters PARAM_ERROR_counters_must_be_at_least_1 check ();
    end else if (ADDR_W < 7 || ADDR_W > 30 || 4 * WORDS > (1 << ADDR_W)) begin : g_check_addr
        PARAM_ERROR_addr_w_must_hold_all_registers_and_be_at_most_30 check ();
    end

    // Writes: address and data are kept until both are there
    reg aw_valid_q, w_valid_q, w_bit0_q, w_strobe_q;
    reg [ADDR_W-1:0] aw_addr_q;
    wire write = aw_valid_q && w_valid_q && !s_axil_bvalid;
    wire [INDEX_W-1:0] wr_index = aw_addr_q[ADDR_W-1:2];
    wire wr_control = wr_index == CONTROL_AT[INDEX_W-1:0];
    wire wr_status = wr_index == STATUS_AT[INDEX_W-1:0];
    wire set_bit0 = write && w_strobe_q && w_bit0_q;
    assign s_axil_awready = !aw_valid_q;
    assign s_axil_wready = !w_valid_q;

    always @(posedge clk) begin
        if (s_axil_awvalid && s_axil_awready) begin
            aw_valid_q <= 1'b1;
            aw_addr_q <= s_axil_awaddr;
        end
        if (s_axil_wvalid && s_axil_wready) begin
            w_valid_q <= 1'b1;
            w_bit0_q <= s_axil_wdata[0];
            w_strobe_q <= s_axil_wstrb[0];
        end
        if (s_axil_bready) s_axil_bvalid <= 1'b0;
        if (write) begin
            aw_valid_q <= 1'b0;
            w_valid_q <= 1'b0;
            s_axil_bvalid <= 1'b1;
            s_axil_bresp <= wr_control || wr_status ? OKAY : SLVERR;
        end
        if (rst) {aw_valid_q, w_valid_q, s_axil_bvalid} <= 0;
    end

    always @(posedge clk) restart <= set_bit0 && wr_control && !rst;

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
    wire known = {1'b0, rd_index} < WORDS[INDEX_W:0];
    assign s_axil_arready = !s_axil_rvalid;

    // All registers, that of address 0 lowest
    wire [32*WORDS-1:0] words = {
        clipped_counts, MODE, OUTPUT_TYPE, INPUT_TYPE, STEPS, OUTPUTS, INPUTS, CONTRACT, framing_q, step_cycles_q,
        sequences_q, cycles_high_q, cycles_q[31:0], COUNTERS[31:0], {30'd0, busy, framing_error_q}, 32'd0, ID
    };
    wire [31:0] r_data = known ? words[32*rd_index+:32] : 32'd0;

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

    // Only bit 0 of a word can be written, and whole words are addressed.
    wire unused = |{s_axil_wdata[31:1], s_axil_wstrb[3:1], aw_addr_q[1:0], s_axil_araddr[1:0]};

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
