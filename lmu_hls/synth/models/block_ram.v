// SPDX-License-Identifier: Apache-2.0
// A block RAM of 2048 bytes of 8 or 9 bits with two ports, as Lattice's and Gowin's are inside. Port 0 has the low half
// of each vector.
//
//   width < 8    address[13:3] is the byte, the bits below say which bits of it
//   one byte     address[13:3] is the byte
//   2, 4 bytes   address[13:4], address[13:5] are the word; address[j] lets byte j be written
//
//   read(t+1) = reset(t) ? 0 : en(t) ? contents : read(t); where the port writes, by its MODE:
//   0 read(t), 1 what it writes, 2 what was there
//
// A bit that one port reads or writes in the cycle in which the other writes it is unknown. That is seen where both ports
// have one clock.

// verilator lint_off TIMESCALEMOD
`default_nettype none

module BLOCK_RAM #(
    parameter integer BYTE = 9,
    // Bits of a word of each port
    parameter integer WIDTH_0 = 18,
    parameter integer WIDTH_1 = 18,
    parameter integer MODE_0 = 0,
    parameter integer MODE_1 = 0,
    parameter [BYTE*2048-1:0] CONTENTS = 0
) (
    input wire [1:0] clk,
    input wire [1:0] en,
    input wire [1:0] write,
    input wire [1:0] reset,
    input wire [27:0] address,
    input wire [71:0] data,
    output reg [71:0] read
);

    generate
        if (!known(WIDTH_0) || !known(WIDTH_1)) UNMODELLED_width_of_a_block_ram check_width ();
        if (MODE_0 < 0 || MODE_0 > 2 || MODE_1 < 0 || MODE_1 > 2) UNMODELLED_write_mode_of_a_block_ram check_mode ();
    endgenerate

    function known(input integer width);
        known = width == 1 || width == 2 || width == 4 || width == BYTE || width == 2 * BYTE || width == 4 * BYTE;
    endfunction

    reg [BYTE-1:0] contents[0:2047];
    integer j, width, mode, bytes, shift;
    reg [10:0] place;
    reg [BYTE-1:0] old, mine, other, put;

    initial begin
        for (j = 0; j < 2048; j = j + 1) contents[j] = CONTENTS[BYTE*j+:BYTE];
        read = 72'd0;
    end

    function integer width_of(input port);
        width_of = port ? WIDTH_1 : WIDTH_0;
    endfunction

    function integer bytes_of(input port);
        bytes_of = width_of(port) < 8 ? 1 : width_of(port) / BYTE;
    endfunction

    // The place of a word's first bit in its byte
    function integer shift_of(input port);
        shift_of = width_of(port) < 8 ? address[14*port+:3] & ~(width_of(port) - 1) : 0;
    endfunction

    // The bits of a byte that a word has, moved to its low end
    function [BYTE-1:0] ones(input integer width);
        ones = width < 8 ? (1 << width) - 1 : {BYTE{1'b1}};
    endfunction

    // The bits of the byte at a place that a port writes now
    function [BYTE-1:0] written(input port, input [10:0] at);
        if (!(en[port] & write[port]) || ((at ^ address[14*port+3+:11]) & ~(bytes_of(port) - 1)) != 0) written = 0;
        else if (width_of(port) < 8) written = ones(width_of(port)) << shift_of(port);
        else written = {BYTE{bytes_of(port) == 1 || address[14*port+(at&(bytes_of(port)-1))]}};
    endfunction

    task access(input integer p);
        begin
            width = width_of(p[0]);
            bytes = bytes_of(p[0]);
            shift = shift_of(p[0]);
            mode = p == 0 ? MODE_0 : MODE_1;
            for (j = 0; j < bytes; j = j + 1) begin
                place = (address[14*p+3+:11] & ~(bytes - 1)) + j;
                old = contents[place];
                mine = written(p[0], place);
                other = written(!p[0], place) & {BYTE{1'bx}};
                put = ((old & ~mine) | ((data[36*p+BYTE*j+:BYTE] << shift) & mine)) ^ (other & mine);
                if (mine !== 0) contents[place] <= put;
                if (en[p] && (!write[p] || mode != 0))
                    read[36*p+BYTE*j+:BYTE] <= (((mode == 1 ? put : old) ^ other) >> shift) & ones(width);
            end
            if (reset[p]) read[36*p+:36] <= 36'd0;
            if (^{en[p], reset[p]} === 1'bx) read[36*p+:36] <= {36{1'bx}};
        end
    endtask

    always @(posedge clk[0]) access(0);
    always @(posedge clk[1]) access(1);

endmodule

`default_nettype wire
