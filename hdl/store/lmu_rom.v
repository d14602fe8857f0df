// SPDX-License-Identifier: Apache-2.0
// A ROM with a registered output, loaded from a file.
//
//   rd_data(t+1) = rd_en(t) ? contents[rd_addr(t)] : rd_data(t)
//
// The file holds DEPTH words in hexadecimal, one a line, without comments; with ROWS > 1, each word in ROWS lines, its
// low bits first. A simulation stops with a message and a non-zero exit code when the file is missing or holds another
// number of lines.
//
//   Signal    Width           Direction   Description
//   clk       1               in          rising edge
//   rd_en     1               in          read enable
//   rd_addr   $clog2(DEPTH)   in          below DEPTH
//   rd_data   ROWS*WIDTH      out         one cycle after rd_en; with BITS, that many bits of the word from FIRST on
//
//   Cycles
//   latency = 1     from an address to its word
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_rom #(
    // Bits of a word, or of one of its rows
    parameter integer WIDTH = 18,
    // Number of words, 2 or more
    parameter integer DEPTH = 72,
    // Lines of a word; with more than one the ROM is made of LUTs, as it is with 64 words or fewer
    parameter integer ROWS = 1,
    // Part of a word that is read, for ROWS = 1; BITS = 0: all
    parameter integer FIRST = 0, BITS = 0,
    // File of the contents, read by $readmemh
    parameter FILE = "lmu_rom.hex"
) (
    input wire clk,
    input wire rd_en, input wire [$clog2(DEPTH)-1:0] rd_addr, output reg [(BITS!=0?BITS:ROWS*WIDTH)-1:0] rd_data
);

    if (BITS < 0 || FIRST < 0 || (BITS == 0 ? FIRST > 0 : ROWS > 1 || FIRST + BITS > WIDTH)) begin : g_check_part
        PARAM_ERROR_part_must_lie_within_a_word_of_one_row check ();
    end

    // Left to itself, Yosys makes even large ROMs of LUTs, which only shallow ones should be: a block RAM is filled to an
    // eighth by 64 words. Verilator does not count the use in an attribute.
    // verilator lint_off UNUSEDPARAM
    localparam [39:0] STYLE = ROWS > 1 || DEPTH <= 64 ? "logic" : WIDTH * DEPTH >= 8192 ? "block" : {8'd0, "auto"};
    // verilator lint_on UNUSEDPARAM

    (* rom_style = STYLE *)
    reg [WIDTH-1:0] contents[0:ROWS*DEPTH-1];

`ifndef FORMAL
    initial $readmemh(FILE, contents);

    if (BITS != 0) begin : g_part
        always @(posedge clk) if (rd_en) rd_data <= contents[rd_addr][FIRST+:BITS];
    end else if (ROWS == 1) begin : g_word
        always @(posedge clk) if (rd_en) rd_data <= contents[rd_addr];
    end else begin : g_rows
        // Where the word begins, by sums: a product with ROWS would take a multiplier
        localparam PLACE_W = $clog2(ROWS * DEPTH);
        reg [PLACE_W-1:0] first;
        integer b;
        genvar r;

        always @* begin
            first = 0;
            for (b = 0; b < $clog2(DEPTH); b = b + 1) if (rd_addr[b]) first = first + (ROWS[PLACE_W-1:0] << b);
        end

        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            always @(posedge clk) if (rd_en) rd_data[r*WIDTH+:WIDTH] <= contents[first+r];
        end
    end

    // synthesis translate_off
`ifndef SYNTHESIS
    // $readmemh only warns about a missing or short file and leaves x, or zeros in a two-state simulator.
    initial begin : check_file
        integer file, words;
        reg [WIDTH-1:0] word;
        words = 0;
        file = $fopen(FILE, "r");
        if (file != 0) begin
            while ($fscanf(file, "%h", word) == 1) if (^word !== 1'bx) words = words + 1;
            $fclose(file);
        end
        if (words != ROWS * DEPTH) begin
            $display("ERROR: lmu_rom: file %0s holds %0d words, expected %0d (0: missing or unreadable)", FILE, words,
                     ROWS * DEPTH);
            // $fatal would need SystemVerilog. $stop is an error in Verilator; Icarus would wait for commands.
`ifdef __ICARUS__
            $finish_and_return(1);
`else
            $stop;
`endif
        end
    end
`endif
    // synthesis translate_on
`endif

`ifdef FORMAL
    // What is proven holds for any contents: no file is read
    localparam F_W = BITS != 0 ? BITS : ROWS * WIDTH;
    wire [F_W*DEPTH-1:0] f_contents = $anyconst;
    always @(posedge clk) if (rd_en) rd_data <= f_contents[rd_addr*F_W+:F_W];
`endif
endmodule
`default_nettype wire
