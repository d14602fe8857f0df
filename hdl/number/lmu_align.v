// SPDX-License-Identifier: Apache-2.0
// Brings a signed value to more fraction bits and more bits: wires only, nothing is dropped.
//
//   out_data = in_data * 2**SHIFT
//
//   Signal      Width   Direction   Description
//   in_data     IN_W    in          signed
//   out_data    OUT_W   out         signed
//
//   Cycles
//   latency = 0     combinational

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_align #(
    // Bits of the input
    parameter integer IN_W = 16,
    // Additional fraction bits, 0 or more
    parameter integer SHIFT = 0,
    // Bits of the output, IN_W + SHIFT or more
    parameter integer OUT_W = 16
) (
    input wire signed [IN_W-1:0] in_data,
    output wire signed [OUT_W-1:0] out_data
);

    localparam EXTENSION = OUT_W - IN_W - SHIFT;

    if (SHIFT < 0 || EXTENSION < 0) begin : g_check_widths PARAM_ERROR_the_output_must_hold_the_shifted_input check ();
    end

    assign out_data = {{EXTENSION{in_data[IN_W-1]}}, in_data, {SHIFT{1'b0}}};

endmodule
`default_nettype wire
