// SPDX-License-Identifier: Apache-2.0
// A ROM whose words are read one after another, from word 0 on.
//
//   word(t+1) = next(t) ? contents[addr(t)] : word(t)
//   addr(t+1) = next(t) ? (restart(t) ? 0 : addr(t) + 1) : addr(t)      0 after rst
//
// A wide ROM of LUTs, which many LUTs read the address of, is cut into parts, each with an address register of
// its own: the wires of one would take longer than the LUTs.
//
//   Signal    Width           Direction   Description
//   clk, rst  1               in          rising edge; rst is synchronous, active high
//   next      1               in          a word is read
//   restart   1               in          with next: the word behind it is word 0; with the last one, and not after it
//   addr      $clog2(DEPTH)   out         number of the word that is read next
//   word      WIDTH           out         one cycle after next
//
//   Cycles
//   latency = 1     from next to its word
//   ii      = 1
//
// FILE is as in lmu_rom, with one line a word.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_rom_sequence #(
    // Bits of a word, and number of words, 2 or more
    parameter integer WIDTH = 160, DEPTH = 12,
    // Bits of all words in a part at the least, DEPTH or more
    parameter integer PART = 1280,
    // Contents, read by $readmemh
    parameter FILE = "lmu_rom_sequence.hex"
) (
    input wire clk, rst,
    input wire next, restart,
    output wire [$clog2(DEPTH)-1:0] addr,
    output wire [WIDTH-1:0] word
);

    // Those that lmu_rom makes of LUTs at any width
    localparam PARTS = DEPTH <= 64 && WIDTH * DEPTH > PART ? WIDTH * DEPTH / PART : 1, AW = $clog2(DEPTH);

    if (PART < DEPTH && DEPTH <= 64) begin : g_check_part PARAM_ERROR_part_must_be_at_least_depth check (); end

    genvar p;
    assign addr = g_part[0].addr_q;

    for (p = 0; p < PARTS; p = p + 1) begin : g_part
        localparam FIRST = p * WIDTH / PARTS, BITS = (p + 1) * WIDTH / PARTS - FIRST;
        (* keep *)  // or synthesis makes one of all
        reg [AW-1:0] addr_q;

        always @(posedge clk) begin
            if (next) addr_q <= restart ? {AW{1'b0}} : addr_q + 1'b1;
            if (rst) addr_q <= {AW{1'b0}};
        end

        lmu_rom #(.WIDTH(WIDTH), .DEPTH(DEPTH), .FIRST(FIRST), .BITS(BITS), .FILE(FILE)) rom (
            .clk(clk), .rd_en(next), .rd_addr(addr_q), .rd_data(word[FIRST+:BITS])
        );
    end

`ifdef FORMAL
    reg f_past_q = 1'b0;
    reg [AW-1:0] f_turn_q;  // number of the word whose turn it is
    wire [PARTS-1:0] f_same;
    for (p = 0; p < PARTS; p = p + 1) assign f_same[p] = g_part[p].addr_q == f_turn_q;

    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (next) f_turn_q <= restart ? 0 : f_turn_q + 1'b1;
        if (rst) f_turn_q <= 0;
    end

    always @* begin
        if (!f_past_q) assume (rst);
        if (!rst) begin
            restarts_in_time : assume (!next || restart || f_turn_q != DEPTH - 1);
            same_address : assert (&f_same);
            turn_in_range : assert (f_turn_q < DEPTH);
            reach_last : cover (next && addr == DEPTH - 1);
            reach_restart : cover (next && restart && addr == 1);
        end
    end
`endif
endmodule
`default_nettype wire
