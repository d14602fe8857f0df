// SPDX-License-Identifier: Apache-2.0
// An activation function of one value, assigned to another type; without a handshake, for use inside other units.
//
//   out(t+1) = assign_out(in(t))                FUNCTION 0, linear
//              assign_out(max(in(t), 0))        FUNCTION 1, relu
//              table[assign_index(in(t))]       FUNCTION 2, table; its words are of the output's type
//              assign_out(limit(in(t)))         FUNCTION 32'h00_HH_LL_03, no less than LL, no more than HH: signed
//
// t counts cycles with en = 1. Types and modes as in lmu_round_sat.
//
//   Signal      Width   Direction   Description
//   clk         1       in          rising edge
//   en          1       in          0 freezes the output
//   in_data     IN_W    in          signed, IN_F fraction bits
//   out_data    OUT_W   out         signed, OUT_F fraction bits
//   clipped     1       out         out_data was clipped to fit; the index of a table saturates without a flag
//
//   Cycles
//   latency = 1     from a value to its result, in cycles with en = 1
//   ii      = 1

// verilator lint_off TIMESCALEMOD
`default_nettype none

module lmu_function #(
    // Type, as in lmu_round_sat, of the input
    parameter integer IN_TYPE = 32'h00_000c_10,
    // 0 linear, 1 relu, 2 table, 32'h00_HH_LL_03 limits
    parameter integer FUNCTION = 2,
    // Type of a table's index
    parameter integer INDEX_TYPE = 32'h16_0006_0a,
    // Type of the output
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // 2**INDEX_W words, read by $readmemh; word k is the result for the index -2**(INDEX_W-1) + k
    parameter TABLE_FILE = "lmu_function.hex"
) (
    input  wire                           clk,
    input  wire                           en,
    input  wire signed [ IN_TYPE%256-1:0] in_data,
    output wire signed [OUT_TYPE%256-1:0] out_data,
    output wire                           clipped
);

    localparam integer IN_W = IN_TYPE % 256, IN_F = (IN_TYPE <<< 8) >>> 16;
    localparam integer INDEX_W = INDEX_TYPE % 256, OUT_W = OUT_TYPE % 256;
    localparam RELU = 1, TABLE = 2, CLIP = 3, KIND = FUNCTION % 256;

    if (KIND < 0 || KIND > CLIP) begin : g_check_function
        PARAM_ERROR_function_must_be_0_to_3 check ();
    end else if (KIND == TABLE) begin : g_table
        wire [INDEX_W-1:0] index;
        wire unused_clipped;

        lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(INDEX_TYPE)) to_index (
            .in_data(in_data), .out_data(index), .clipped(unused_clipped)
        );

        // The words begin with the most negative index: its sign bit counts the other way round
        lmu_rom #(.WIDTH(OUT_W), .DEPTH(1 << INDEX_W), .FILE(TABLE_FILE)) rom (
            .clk(clk),
            .rd_en(en), .rd_addr(index ^ ({{(INDEX_W - 1) {1'b0}}, 1'b1} << (INDEX_W - 1))), .rd_data(out_data)
        );

        assign clipped = 1'b0;
    end else begin : g_assign
        // Limits and value on one grid, on which a limit is an integer
        localparam PAD = IN_F < 0 ? -IN_F : 0, F = IN_F < 0 ? 0 : IN_F;
        localparam WIDE_W = KIND != CLIP ? IN_W : (IN_W + PAD > 8 + F ? IN_W + PAD : 8 + F);
        localparam integer WIDE_F = KIND != CLIP ? IN_F : F;
        wire signed [WIDE_W-1:0] limited;
        wire signed [OUT_W-1:0] rounded;
        wire rounded_clipped;
        reg signed [OUT_W-1:0] out_q;
        reg clipped_q;
        assign out_data = out_q;
        assign clipped = clipped_q;

        if (KIND == CLIP) begin : g_limit
            localparam signed [7:0] LOW = FUNCTION[15:8], HIGH = FUNCTION[23:16];
            wire signed [WIDE_W-1:0] value, low, high;
            lmu_align #(.IN_W(IN_W), .SHIFT(PAD), .OUT_W(WIDE_W)) align_in (.in_data(in_data), .out_data(value));
            lmu_align #(.IN_W(8), .SHIFT(F), .OUT_W(WIDE_W)) align_low (.in_data(LOW), .out_data(low));
            lmu_align #(.IN_W(8), .SHIFT(F), .OUT_W(WIDE_W)) align_high (.in_data(HIGH), .out_data(high));
            assign limited = value < low ? low : value > high ? high : value;
        end else begin : g_sign
            assign limited = KIND == RELU && in_data[IN_W-1] ? {IN_W{1'b0}} : in_data;
        end

        lmu_round_sat #(.IN_W(WIDE_W), .IN_F(WIDE_F), .OUT_TYPE(OUT_TYPE)) to_out (
            .in_data(limited), .out_data(rounded), .clipped(rounded_clipped)
        );

        always @(posedge clk) if (en) begin
            out_q <= rounded;
            clipped_q <= rounded_clipped;
        end
    end

endmodule
`default_nettype wire
