// SPDX-License-Identifier: Apache-2.0
// A constant matrix without multipliers: a graph of additions of shifted values, in a pipeline that never stops.
//
//   out_j = sum over k of matrix[j][k] in_k          exact
//
// A node of the graph is an input, or is made of one or two nodes before it: their sum or difference, each of them
// shifted to the left, at once; or one of them, a cycle later. There are as many registers on every way from an input
// to an output as the graph puts there.
//
//   Signal     Width          Direction   Description
//   clk        1              in          rising edge
//   in_data    INPUTS_W       in          the inputs side by side, each signed
//   out_data   OUTPUTS*OUT_W  out         the outputs side by side, each signed
//
//   A word of GRAPH, one node, from the low bits:   16   number of the first operand; of an input its lowest bit
//                                                   16   number of the second operand
//                                                   8    bits of the node
//                                                   8    left shift of the first operand
//                                                   8    left shift of the second operand
//                                                   8    0: input, 1: sum, 2: difference, 3: first a cycle later
//   A word of RESULTS, one output:                  16   number of the node; 8: its left shift; 8: 1, or 0 for zero
//
//   Cycles
//   latency = REGISTERS     on the way, which the graph says
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_shift_add #(
    // Bits of all inputs together
    parameter integer INPUTS_W = 4,
    // Words of GRAPH and of RESULTS, 1 or more
    parameter integer NODES = 4, OUTPUTS = 1,
    // Bits of each output
    parameter integer OUT_W = 5,
    // The first word in the low bits: by default the sum of two inputs of 2 bits, x + 4 y, and a register
    parameter [64*NODES-1:0] GRAPH = 256'h03000005_00000002_01020005_00010000_00000002_00000002_00000002_00000000,
    parameter [32*OUTPUTS-1:0] RESULTS = 32'h01_00_0003
) (
    input wire clk,
    input wire [INPUTS_W-1:0] in_data,
    output wire [OUTPUTS*OUT_W-1:0] out_data
);

    localparam INPUT = 0, DIFFERENCE = 2, REGISTER = 3;

    genvar i;
    for (i = 0; i < NODES; i = i + 1) begin : g_node
        localparam [63:0] NODE = GRAPH[64*i+:64];
        localparam integer FIRST = {16'd0, NODE[15:0]}, SECOND = {16'd0, NODE[31:16]}, WIDTH = {24'd0, NODE[39:32]};
        localparam integer FIRST_SHIFT = {24'd0, NODE[47:40]}, SECOND_SHIFT = {24'd0, NODE[55:48]};
        localparam integer KIND = {24'd0, NODE[63:56]};
        wire [WIDTH-1:0] value;

        if (KIND == INPUT) begin : g_input
            assign value = in_data[FIRST+:WIDTH];
        end else begin : g_operand
            localparam integer FIRST_W = {24'd0, GRAPH[64*FIRST+32+:8]};
            wire [WIDTH-1:0] first;
            lmu_align #(.IN_W(FIRST_W), .SHIFT(FIRST_SHIFT), .OUT_W(WIDTH)) align (
                .in_data(g_node[FIRST].value), .out_data(first)
            );

            if (KIND == REGISTER) begin : g_register
                reg [WIDTH-1:0] value_q;
                assign value = value_q;
                always @(posedge clk) value_q <= first;
            end else begin : g_sum
                localparam integer SECOND_W = {24'd0, GRAPH[64*SECOND+32+:8]};
                wire [WIDTH-1:0] second;
                lmu_align #(.IN_W(SECOND_W), .SHIFT(SECOND_SHIFT), .OUT_W(WIDTH)) align (
                    .in_data(g_node[SECOND].value), .out_data(second)
                );
                assign value = KIND == DIFFERENCE ? first - second : first + second;
            end
        end
    end

    for (i = 0; i < OUTPUTS; i = i + 1) begin : g_output
        localparam [31:0] RESULT = RESULTS[32*i+:32];
        localparam integer AT = {16'd0, RESULT[15:0]}, SHIFT = {24'd0, RESULT[23:16]};
        localparam integer WIDTH = {24'd0, GRAPH[64*AT+32+:8]};

        if (RESULT[31:24] == 0) begin : g_zero
            assign out_data[i*OUT_W+:OUT_W] = {OUT_W{1'b0}};
        end else begin : g_value
            lmu_align #(.IN_W(WIDTH), .SHIFT(SHIFT), .OUT_W(OUT_W)) align (
                .in_data(g_node[AT].value), .out_data(out_data[i*OUT_W+:OUT_W])
            );
        end
    end

endmodule
`default_nettype wire
