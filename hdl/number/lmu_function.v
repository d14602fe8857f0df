// SPDX-License-Identifier: Apache-2.0
// An activation function of one value, assigned to another type; without a handshake, for use inside other units.
//
//   out(t+1) = assign_out(in(t))                FUNCTION 0, linear
//              assign_out(max(in(t), 0))        FUNCTION 1, relu
//              table[assign_index(in(t))]       FUNCTION 2, table; its words are of the output's type
//
// t counts cycles with en = 1. Modes as listed in lmu_round_sat.
//
//   Signal      Width   Direction   Description
//   clk         1       in          rising edge
//   en          1       in          0 freezes the output
//   in_data     IN_W    in          signed, IN_F fraction bits
//   out_data    OUT_W   out         signed, OUT_F fraction bits
//   clipped     1       out         out_data was clipped to fit; the index of a table saturates without a flag

// There are no delays: any timescale will do, and none.
// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_function #(
    // Bits and fraction bits of the input
    parameter integer IN_W = 16,
    parameter integer IN_F = 12,
    // 0 linear, 1 relu, 2 table
    parameter integer FUNCTION = 2,
    // Type and modes of a table's index
    parameter integer INDEX_W = 10,
    parameter integer INDEX_F = 6,
    parameter integer INDEX_ROUNDING = 6,
    parameter integer INDEX_OVERFLOW = 1,
    // Bits, fraction bits and modes of the output
    parameter integer OUT_W = 16,
    parameter integer OUT_F = 14,
    parameter integer OUT_ROUNDING = 6,
    parameter integer OUT_OVERFLOW = 1,
    // 2**INDEX_W words, read by $readmemh; word k is the result for the index -2**(INDEX_W-1) + k
    parameter TABLE_FILE = "lmu_function.hex"
) (
    input  wire                    clk,
    input  wire                    en,
    input  wire signed [ IN_W-1:0] in_data,
    output wire signed [OUT_W-1:0] out_data,
    output wire                    clipped
);

    localparam RELU = 1, TABLE = 2;

    generate
        if (FUNCTION < 0 || FUNCTION > TABLE) begin : g_check_function
            PARAM_ERROR_function_must_be_0_to_2 check ();
        end

        if (FUNCTION == TABLE) begin : g_table
            wire [INDEX_W-1:0] index;
            wire unused_clipped;

            lmu_round_sat #(
                .IN_W(IN_W), .IN_F(IN_F), .OUT_W(INDEX_W), .OUT_F(INDEX_F), .ROUNDING(INDEX_ROUNDING),
                .OVERFLOW(INDEX_OVERFLOW)
            ) to_index (
                .in_data(in_data), .out_data(index), .clipped(unused_clipped)
            );

            // The words begin with the most negative index: its sign bit counts the other way round
            lmu_rom #(.WIDTH(OUT_W), .DEPTH(1 << INDEX_W), .FILE(TABLE_FILE)) rom (
                .clk(clk),
                .rd_en(en), .rd_addr(index ^ ({{(INDEX_W - 1) {1'b0}}, 1'b1} << (INDEX_W - 1))), .rd_data(out_data)
            );

            assign clipped = 1'b0;
        end else begin : g_assign
            wire signed [OUT_W-1:0] rounded;
            wire rounded_clipped;
            reg signed [OUT_W-1:0] out_q;
            reg clipped_q;

            assign out_data = out_q;
            assign clipped = clipped_q;

            lmu_round_sat #(
                .IN_W(IN_W), .IN_F(IN_F), .OUT_W(OUT_W), .OUT_F(OUT_F), .ROUNDING(OUT_ROUNDING),
                .OVERFLOW(OUT_OVERFLOW)
            ) to_out (
                .in_data(FUNCTION == RELU && in_data[IN_W-1] ? {IN_W{1'b0}} : in_data), .out_data(rounded),
                .clipped(rounded_clipped)
            );

            always @(posedge clk) begin
                if (en) begin
                    out_q <= rounded;
                    clipped_q <= rounded_clipped;
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
// verilator lint_on TIMESCALEMOD
