// SPDX-License-Identifier: Apache-2.0
// A block RAM of 2048 or 4096 bytes of 8 or 9 bits with two ports, as Lattice's, Gowin's and AMD's are inside. Port 0
// has the low half of each vector.
//
//   width < 8      address[A-1:3] is the byte, the bits below say which bits of it
//   one byte       address[A-1:3] is the byte
//   2, 4, 8 bytes  address[A-1:4], address[A-1:5], address[A-1:6] are the word; byte_write[j] lets byte j be written
//
//   read(t+1) = reset(t) ? 0 : en(t) ? contents : read(t); where the port writes, by its MODE:
//   0 read(t), 1 what it writes, 2 what was there
//
// A bit that one port reads or writes in the cycle in which the other writes it is unknown. That is seen where both
// ports have one clock.

// verilator lint_off TIMESCALEMOD
`default_nettype none

module BLOCK_RAM #(
    parameter integer BYTE = 9,
    // Bits of an address: 14 for 2048 bytes
    parameter integer A = 14,
    // Bits of a port
    parameter integer PORT = 36,
    // Bits of a word of each port
    parameter integer WIDTH_0 = 18,
    parameter integer WIDTH_1 = 18,
    parameter integer MODE_0 = 0,
    parameter integer MODE_1 = 0,
    parameter [(BYTE<<A-3)-1:0] CONTENTS = 0
) (
    input wire [1:0] clk,
    input wire [1:0] en,
    input wire [1:0] write,
    input wire [1:0] reset,
    input wire [2*A-1:0] address,
    input wire [15:0] byte_write,
    input wire [2*PORT-1:0] data,
    output reg [2*PORT-1:0] read
);

    generate
        if (!known(WIDTH_0) || !known(WIDTH_1)) UNMODELLED_width_of_a_block_ram check_width ();
        if (MODE_0 < 0 || MODE_0 > 2 || MODE_1 < 0 || MODE_1 > 2) UNMODELLED_write_mode_of_a_block_ram check_mode ();
    endgenerate

    function known(input integer width);
        known = width == 1 || width == 2 || width == 4 || width == BYTE || width == 2 * BYTE || width == 4 * BYTE
            || width == 8 * BYTE && PORT >= 8 * BYTE;
    endfunction

    reg [BYTE-1:0] contents[0:(1<<A-3)-1];
    integer j, width, mode, bytes, shift;
    reg [A-4:0] place;
    reg [BYTE-1:0] old, mine, other, put;

    initial begin
        for (j = 0; j < 1 << A - 3; j = j + 1) contents[j] = CONTENTS[BYTE*j+:BYTE];
        read = 0;
    end

    function integer width_of(input port);
        width_of = port ? WIDTH_1 : WIDTH_0;
    endfunction

    function integer bytes_of(input port);
        bytes_of = width_of(port) < 8 ? 1 : width_of(port) / BYTE;
    endfunction

    // The place of a word's first bit in its byte
    function integer shift_of(input port);
        shift_of = width_of(port) < 8 ? address[A*port+:3] & ~(width_of(port) - 1) : 0;
    endfunction

    // The bits of a byte that a word has, moved to its low end
    function [BYTE-1:0] ones(input integer width);
        ones = width < 8 ? (1 << width) - 1 : {BYTE{1'b1}};
    endfunction

    // The bits of the byte at a place that a port writes now
    function [BYTE-1:0] written(input port, input [A-4:0] at);
        if (!(en[port] & write[port]) || ((at ^ address[A*port+3+:A-3]) & ~(bytes_of(port) - 1)) != 0) written = 0;
        else if (width_of(port) < 8) written = ones(width_of(port)) << shift_of(port);
        else written = {BYTE{bytes_of(port) == 1 || byte_write[8*port+(at&(bytes_of(port)-1))]}};
    endfunction

    task access(input integer p);
        begin
            width = width_of(p[0]);
            bytes = bytes_of(p[0]);
            shift = shift_of(p[0]);
            mode = p == 0 ? MODE_0 : MODE_1;
            for (j = 0; j < bytes; j = j + 1) begin
                place = (address[A*p+3+:A-3] & ~(bytes - 1)) + j;
                old = contents[place];
                mine = written(p[0], place);
                other = written(!p[0], place) & {BYTE{1'bx}};
                put = ((old & ~mine) | ((data[PORT*p+BYTE*j+:BYTE] << shift) & mine)) ^ (other & mine);
                if (mine !== 0) contents[place] <= put;
                if (en[p] && (!write[p] || mode != 0))
                    read[PORT*p+BYTE*j+:BYTE] <= (((mode == 1 ? put : old) ^ other) >> shift) & ones(width);
            end
            if (reset[p]) read[PORT*p+:PORT] <= 0;
            if (^{en[p], reset[p]} === 1'bx) read[PORT*p+:PORT] <= {PORT{1'bx}};
        end
    endtask

    always @(posedge clk[0]) access(0);
    always @(posedge clk[1]) access(1);

endmodule

`default_nettype wire
