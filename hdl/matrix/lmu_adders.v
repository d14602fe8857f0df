// SPDX-License-Identifier: Apache-2.0
// The sum of N signed values by a tree of adders with registers.
//
//   out_data(t+DELAY) = sum over k of in_data_k(t)      exact; t counts cycles with en = 1
//
//   Signal      Width     Direction   Description
//   clk         1         in          rising edge
//   en          1         in          0 freezes all registers
//   in_data     N*IN_W    in          signed values, the first one in the low bits
//   out_data    OUT_W     out         signed
//
//   Cycles
//   latency = floor($clog2(N)/LEVELS)    in cycles with en = 1; 0 without registers, LEVELS = 0
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_adders #(
    // Values, 1 or more
    parameter integer N = 8,
    // Levels of adders between registers; 0: no registers
    parameter integer LEVELS = 2,
    // Bits of a value, and of the sum, enough for every one
    parameter integer IN_W = 32, OUT_W = 40
) (
    input wire clk, en,
    input wire [N*IN_W-1:0] in_data,
    output wire signed [OUT_W-1:0] out_data
);

    localparam DEPTH = $clog2(N), LEAVES = 1 << DEPTH;

    if (N < 1 || IN_W < 1 || LEVELS < 0) begin : g_check_sizes PARAM_ERROR_sizes_must_not_be_negative check ();
    end else if (OUT_W < IN_W) begin : g_check_width PARAM_ERROR_the_sum_must_hold_a_value check ();
    end

    // Node k is the sum of the nodes 2k and 2k + 1; the leaves are the values, and zeros beyond the last one
    wire signed [OUT_W-1:0] node[1:2*LEAVES-1];
    wire unused = &{1'b0, clk, en};
    genvar d, k;
    assign out_data = node[1];

    for (k = 0; k < LEAVES; k = k + 1) begin : g_leaf
        if (k < N) begin : g_value
            assign node[LEAVES+k] = {{(OUT_W - IN_W) {in_data[k*IN_W+IN_W-1]}}, in_data[k*IN_W+:IN_W]};
        end else begin : g_zero
            assign node[LEAVES+k] = {OUT_W{1'b0}};
        end
    end

    for (d = 0; d < DEPTH; d = d + 1) begin : g_level
        for (k = 1 << d; k < 2 << d; k = k + 1) begin : g_node
            if (LEVELS != 0 && (DEPTH - d) % (LEVELS != 0 ? LEVELS : 1) == 0) begin : g_register
                reg signed [OUT_W-1:0] sum_q;
                assign node[k] = sum_q;
                always @(posedge clk) if (en) sum_q <= node[2*k] + node[2*k+1];
            end else begin : g_wire
                assign node[k] = node[2*k] + node[2*k+1];
            end
        end
    end

endmodule
`default_nettype wire
