// SPDX-License-Identifier: Apache-2.0
// The columns of all groups of rows of a matrix, one after another, and the ring of two vectors that they read.
//
// A column of the first group is worked on as soon as its x is in the ring; the other groups read x again, and the last
// one frees it.
//
//   Signal       Width                 Direction   Description
//   clk, rst     1                     in          rising edge; rst is synchronous, active high; the next x is x_0
//   run          1                     in          columns move
//   accept       1                     in          x is written to wr_addr; not when full
//   full         1                     out         two vectors are in the ring
//   wr_addr      $clog2(2*N_IN)        out         where the next x goes
//   issue        1                     out         a column is worked on
//   bank         1                     out         of which vector in the ring
//   rd_addr      $clog2(2*N_IN)        out         where its x is
//   first, last  1                     out         it is the first, the last one of its group
//   last_group   1                     out         its group is the last one
//   word         WIDTH                 out         its coefficients, one cycle after issue
//
//   Cycles
//   latency = 1 from accept to the issue of a column of the first group, if none is waiting
//   ii      = GROUPS*N_IN from vector to vector
//
// ROM_FILE has GROUPS*N_IN words (2 at least); word g*N_IN + k is column k of group g.

// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_columns #(
    // Columns of the matrix, and groups of rows
    parameter integer N_IN = 4, GROUPS = 2,
    // Bits of the coefficients of a column
    parameter integer WIDTH = 32,
    // Coefficients, read by $readmemh
    parameter ROM_FILE = "lmu_columns.hex"
) (
    input wire clk, rst,
    input wire run, accept,
    output wire full,
    output wire [$clog2(2*N_IN)-1:0] wr_addr,
    output wire issue, bank,
    output wire [$clog2(2*N_IN)-1:0] rd_addr,
    output wire first, last, last_group,
    output wire [WIDTH-1:0] word
);

    localparam RAM_DEPTH = 2 * N_IN, WORDS = GROUPS * N_IN, ROM_DEPTH = WORDS > 1 ? WORDS : 2;
    localparam COLUMN_CW = N_IN > 1 ? $clog2(N_IN) : 1, GROUP_CW = GROUPS > 1 ? $clog2(GROUPS) : 1;
    localparam ROM_AW = $clog2(ROM_DEPTH), RAM_AW = $clog2(RAM_DEPTH);

    reg [RAM_AW-1:0] wr_addr_q;
    reg [RAM_AW:0] used_q;  // words that are in the ring and still needed
    reg [RAM_AW:0] unread_q;  // words that the first group has not read
    reg full_q;

    // One column of one group per cycle
    reg [COLUMN_CW-1:0] column_q;
    reg [GROUP_CW-1:0] group_q;
    reg rd_bank_q;
    reg [RAM_AW-1:0] rd_addr_q;
    reg first_group_q, last_group_q, last_column_q, unread_any_q;
    wire [RAM_AW:0] unread = GROUPS == 1 ? used_q : unread_q;
    wire read_anew = issue && first_group_q;
    wire release_word = issue && last_group_q;
    assign issue = run && (!first_group_q || unread_any_q);
    assign {full, wr_addr, rd_addr, bank} = {full_q, wr_addr_q, rd_addr_q, rd_bank_q};
    assign {first, last, last_group} = {column_q == 0, last_column_q, last_group_q};

    always @(posedge clk) begin
        if (accept) wr_addr_q <= {1'b0, wr_addr_q} == RAM_DEPTH[RAM_AW:0] - 1'b1 ? {RAM_AW{1'b0}} : wr_addr_q + 1'b1;
        if (issue) begin
            rd_addr_q <= rd_addr_q + 1'b1;
            column_q <= last_column_q ? {COLUMN_CW{1'b0}} : column_q + 1'b1;
            last_column_q <= last_column_q ? N_IN == 1 : {1'b0, column_q} + 1'b1 == N_IN[COLUMN_CW:0] - 1'b1;
            if (last_column_q) begin
                group_q <= last_group_q ? {GROUP_CW{1'b0}} : group_q + 1'b1;
                first_group_q <= last_group_q;
                last_group_q <= last_group_q ? GROUPS == 1 : {1'b0, group_q} + 1'b1 == GROUPS[GROUP_CW:0] - 1'b1;
                rd_addr_q <= rd_bank_q == last_group_q ? {RAM_AW{1'b0}} : N_IN[RAM_AW-1:0];
                if (last_group_q) rd_bank_q <= !rd_bank_q;
            end
        end
        if (accept && !release_word) used_q <= used_q + 1'b1;
        if (!accept && release_word) used_q <= used_q - 1'b1;
        if (accept != release_word) full_q <= accept && used_q == RAM_DEPTH[RAM_AW:0] - 1'b1;
        if (accept && !read_anew) unread_q <= unread_q + 1'b1;
        if (!accept && read_anew) unread_q <= unread_q - 1'b1;
        if (accept != read_anew) unread_any_q <= accept || unread != 1;
        if (rst) begin
            {wr_addr_q, used_q, unread_q, full_q, unread_any_q, rd_addr_q, column_q, group_q, rd_bank_q} <= 0;
            first_group_q <= 1'b1;
            last_group_q <= GROUPS == 1;
            last_column_q <= N_IN == 1;
        end
    end

    wire [ROM_AW-1:0] rom_addr;
    wire unused_addr = &{1'b0, rom_addr};

    lmu_rom_sequence #(.WIDTH(WIDTH), .DEPTH(ROM_DEPTH), .FILE(ROM_FILE)) rom (
        .clk(clk), .rst(rst), .next(issue), .restart(last_column_q && last_group_q), .addr(rom_addr), .word(word)
    );

`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    // Counters in range, addresses where the counters say; what is known a cycle ahead is right
    always @* if (!rst) begin
        accepts_when_free : assume (!(accept && full));
        flags_of_counters : assert (first_group_q == (group_q == 0) && last_group_q == (group_q == GROUPS - 1)
            && last_column_q == (column_q == N_IN - 1));
        flags_of_ring : assert (full_q == (used_q == RAM_DEPTH) && unread_any_q == (unread != 0));
        column_in_range : assert (column_q < N_IN);
        group_in_range : assert (group_q < GROUPS);
        ring_in_range : assert (used_q <= RAM_DEPTH && unread <= used_q);
        rom_address : assert (rom_addr == group_q * N_IN + column_q);
        rd_address : assert (rd_addr_q == rd_bank_q * N_IN + column_q);
        wr_address : assert (wr_addr_q < RAM_DEPTH);
    end

    // Each word of the ring is written where nothing is needed, read once by each group, and given free by the last one
    wire [RAM_AW-1:0] f_any = $anyconst;
    reg f_full_q;
    reg [GROUP_CW:0] f_reads_q;
    always @(posedge clk) begin
        if (issue && rd_addr_q == f_any) begin
            f_reads_q <= last_group_q ? 0 : f_reads_q + 1'b1;
            if (last_group_q) f_full_q <= 1'b0;
        end
        if (accept && wr_addr_q == f_any) f_full_q <= 1'b1;
        if (rst) {f_full_q, f_reads_q} <= 0;
    end

    always @* if (!rst) begin
        nothing_overwritten : assert (!(accept && wr_addr_q == f_any) || !f_full_q);
        read_what_was_written : assert (!(issue && rd_addr_q == f_any) || (f_full_q && f_reads_q == group_q));
        reach_full : cover (full && first_group_q && group_q == 0);
        reach_end : cover (issue && last_group_q && last_column_q && used_q == RAM_DEPTH);
    end
`endif
endmodule
`default_nettype wire
