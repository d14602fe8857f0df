// SPDX-License-Identifier: Apache-2.0
// A RAM with one write port and one read port with a registered output; the contents start undefined.
//
//   contents[wr_addr(t)] = wr_data(t) after cycle t where wr_en(t)
//   rd_data(t+1) = rd_en(t) ? contents[rd_addr(t)] : rd_data(t)     (undefined when cycle t writes that address)
//
//   Signal             Width           Direction   Description
//   clk                1               in          rising edge
//   wr_en, rd_en       1               in          write enable, read enable
//   wr_addr, rd_addr   $clog2(DEPTH)   in          below DEPTH
//   wr_data            WIDTH           in
//   rd_data            WIDTH           out         one cycle after rd_en
//
//   Cycles
//   latency = 1     from an address to its word
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_ram #(
    // Bits of a word
    parameter integer WIDTH = 16,
    // Number of words, 2 or more
    parameter integer DEPTH = 16
) (
    input wire clk,
    input wire wr_en, input wire [$clog2(DEPTH)-1:0] wr_addr, input wire [WIDTH-1:0] wr_data,
    input wire rd_en, input wire [$clog2(DEPTH)-1:0] rd_addr, output reg [WIDTH-1:0] rd_data
);

    // Nobody reads a word in the cycle in which it is written: Yosys need not add what would give the old one
    (* no_rw_check *)
    reg [WIDTH-1:0] contents[0:DEPTH-1];

    always @(posedge clk) begin
        if (wr_en) contents[wr_addr] <= wr_data;
        if (rd_en) rd_data <= contents[rd_addr];
    end

endmodule
`default_nettype wire
