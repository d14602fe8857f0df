// SPDX-License-Identifier: Apache-2.0
// The blocks of a matrix that are not zero, one after another: which column each is in, and its coefficients.
//
// A block is one column of a group of LANES rows. The groups follow one another, the blocks of a group too; a group
// whose blocks are all zero has some of them all the same, so that its sums are made.
//
//   Signal       Width            Direction   Description
//   clk, rst     1                in          rising edge; rst is synchronous, active high; the next block is the first
//   run          1                in          blocks move
//   filled       1                in          a vector is in the ring with what is written now
//   full         1                out         two vectors are in the ring
//   issue        1                out         a block is worked on
//   bank         1                out         of which vector in the ring
//   column       $clog2(N_IN)     out         its column; 1 bit if N_IN = 1
//   first, last  1                out         it is the first, the last one of its group
//   last_group   1                out         it is the last one of the vector
//   word         WIDTH            out         its coefficients, one cycle after issue
//
//   Cycles
//   latency = 2 from filled to the issue of the first block, if none is waiting
//   ii      = BLOCKS from vector to vector; the ring adds one when BLOCKS = N_IN, which is refused
//
// ROM_FILE has BLOCKS words (2 at least): the coefficients in the low WIDTH bits, as in lmu_affine, then the column, then
// one bit that marks the last block of its group. Each of the GROUPS groups has LANES blocks or more, so that its sums can
// leave one a cycle.

// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_blocks #(
    // Columns of the matrix, groups of rows, and rows of a group
    parameter integer N_IN = 4, GROUPS = 2, LANES = 2,
    // Blocks, GROUPS*LANES or more; not N_IN
    parameter integer BLOCKS = 5,
    // Bits of the coefficients of a block
    parameter integer WIDTH = 32,
    // Blocks, read by $readmemh
    parameter ROM_FILE = "lmu_blocks.hex"
) (
    input wire clk, rst,
    input wire run, filled,
    output reg full,
    output wire issue,
    output reg bank,
    output wire [(N_IN > 1 ? $clog2(N_IN) : 1)-1:0] column,
    output reg first,
    output wire last,
    output reg last_group,
    output reg [WIDTH-1:0] word
);

    localparam COLUMN_CW = N_IN > 1 ? $clog2(N_IN) : 1, ROM_DEPTH = BLOCKS > 1 ? BLOCKS : 2, ROM_AW = $clog2(ROM_DEPTH);

    if (BLOCKS < GROUPS * LANES || BLOCKS == N_IN) begin : g_check_blocks
        PARAM_ERROR_blocks_must_be_lanes_a_group_or_more_and_not_n_in check ();
    end

    reg [ROM_AW-1:0] addr_q;
    reg last_word_q;
    reg [1:0] stored_q;  // vectors in the ring
    reg [1:0] unread_q;  // those whose last block has not been read
    reg unread_any_q, valid_q;
    wire [WIDTH-1:0] coefs;
    wire read = run && unread_any_q;
    wire read_end = read && last_word_q;
    wire free = issue && last_group;
    wire [1:0] stored_d = stored_q + {1'b0, filled} - {1'b0, free};
    wire [1:0] unread_d = unread_q + {1'b0, filled} - {1'b0, read_end};
    assign issue = run && valid_q;

    always @(posedge clk) begin
        if (read) begin
            addr_q <= last_word_q ? {ROM_AW{1'b0}} : addr_q + 1'b1;
            last_word_q <= last_word_q ? BLOCKS == 1 : {1'b0, addr_q} + 1'b1 == BLOCKS[ROM_AW:0] - 1'b1;
        end
        if (run) begin
            valid_q <= unread_any_q;
            last_group <= unread_any_q && last_word_q;
        end
        if (issue) begin
            first <= last;
            bank <= bank ^ last_group;
            word <= coefs;
        end
        stored_q <= stored_d;
        full <= stored_d[1];
        unread_q <= unread_d;
        unread_any_q <= unread_d != 0;
        if (rst) begin
            {addr_q, stored_q, unread_q, unread_any_q, valid_q, full, bank, last_group} <= 0;
            first <= 1'b1;
            last_word_q <= BLOCKS == 1;
        end
    end

    wire [COLUMN_CW-1:0] stored_column;
    wire stored_last;
    lmu_rom #(.WIDTH(1 + COLUMN_CW + WIDTH), .DEPTH(ROM_DEPTH), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(read), .rd_addr(addr_q), .rd_data({stored_last, stored_column, coefs})
    );

`ifndef FORMAL
    assign {last, column} = {stored_last, stored_column};
`endif

`ifdef FORMAL
    // What is proven holds for any ROM that keeps to the header: groups end where they may and, at the latest, where
    // the others need the rest
    wire [BLOCKS-1:0] f_wanted = $anyconst;
    reg [BLOCKS-1:0] f_ends;
    reg [$clog2(BLOCKS+1)-1:0] f_left, f_size;  // groups that have not ended, blocks of the one at hand
    integer k;
    always @* begin
        f_left = GROUPS;
        f_size = 0;
        for (k = 0; k < BLOCKS; k = k + 1) begin
            f_size = f_size + 1;
            f_ends[k] = k == BLOCKS - 1 || (f_left > 1 && f_size >= LANES
                && (f_wanted[k] || BLOCKS - 1 - k == (f_left - 1) * LANES));
            if (f_ends[k]) begin
                f_left = f_left - 1;
                f_size = 0;
            end
        end
    end

    reg [ROM_AW-1:0] f_word_q;  // number of the block in the output of the ROM
    reg f_read_q;  // there is one
    reg f_wr_bank_q;  // which vector is written
    always @(posedge clk) begin
        if (read) f_word_q <= addr_q;
        f_read_q <= !rst && (f_read_q || read);
        f_wr_bank_q <= !rst && (f_wr_bank_q ^ filled);
        if (rst) f_word_q <= 0;
    end
    assign last = f_ends[f_word_q];
    assign column = stored_column < N_IN ? stored_column : 0;

    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    always @* if (!rst) begin
        fills_when_free : assume (!(filled && full));
        flags_of_counters : assert (last_word_q == (addr_q == BLOCKS - 1) && full == (stored_q == 2)
            && unread_any_q == (unread_q != 0));
        word_in_range : assert (addr_q < BLOCKS && f_word_q < BLOCKS);
        ring_in_range : assert (stored_q <= 2 && stored_q == unread_q + (valid_q && last_group));
        read_when_whole : assert (!issue || stored_q != 0);
        banks_in_turn : assert (f_wr_bank_q == (bank ^ stored_q[0]));
        word_in_turn : assert (addr_q == (f_word_q == BLOCKS - 1 || !f_read_q ? 0 : f_word_q + 1));
        end_of_vector : assert (!valid_q || last_group == (f_word_q == BLOCKS - 1));
        first_of_group : assert (!valid_q || first == (f_word_q == 0 || f_ends[f_word_q-1]));
        reach_full : cover (full);
        reach_next : cover (issue && first && bank && stored_q == 2);
    end
`endif
endmodule
`default_nettype wire
