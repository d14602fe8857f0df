// SPDX-License-Identifier: Apache-2.0
// The last part of a GRU unit: from the exact sum of its candidate to h; without a handshake, for use inside
// other units.
//
//   g = assign_cand(cand_function(assign_pre(sum)))
//   h = assign_h(z old_h + (1 - z) g)             exact products and sum; 1 is 2**GATE_F
//
// The mixture is made as g + z (old_h - g), which is the same number, with one multiplier.
//
//   Signal      Width    Direction   Description
//   clk         1        in          rising edge
//   en          1        in          0 freezes all stages
//   sum         IN_W     in          signed, IN_F fraction bits
//   z, old_h    GATE_W,  in          signed, GATE_F and H_F fraction bits, latency - 4 - MORE cycles after their sum
//               H_W
//   h           H_W      out         signed, H_F fraction bits, latency cycles after its sum
//   clipped     1        out         with h: the pre-activation, g or h was clipped to fit
//
//   Cycles (those with en = 1)
//   latency = 6 + MORE     from a sum to its h; 7 where the function is a table, 8 where it is a sum
//   ii      = 1
//
// Functions as in lmu_function.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gru_mix #(
    // Bits and fraction bits of the sum
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of the candidate g, its index and its result, as in lmu_function
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_gru_cand.hex",
    // Type of z; its fraction bits are 0 or more
    parameter integer GATE_TYPE = 32'h00_000e_10,
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: the product with z takes two cycles, in pieces, for a factor that is wider than those of one multiplier
    parameter integer MORE = 0,
    // Bits of a factor of one multiplier
    parameter integer FACTOR = 18
) (
    input wire clk, en,
    input wire signed [IN_W-1:0] sum,
    input wire signed [GATE_TYPE%256-1:0] z,
    input wire signed [H_TYPE%256-1:0] old_h,
    output reg signed [H_TYPE%256-1:0] h,
    output reg clipped
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer CAND_W = CAND_TYPE % 256, CAND_F = (CAND_TYPE <<< 8) >>> 16;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256, H_F = (H_TYPE <<< 8) >>> 16;

    // g and old_h are brought to the finer of their fraction bits
    localparam OLD_SHIFT = CAND_F > H_F ? CAND_F - H_F : 0, CAND_SHIFT = H_F > CAND_F ? H_F - CAND_F : 0;
    localparam VALUE_W = H_W + OLD_SHIFT > CAND_W + CAND_SHIFT ? H_W + OLD_SHIFT : CAND_W + CAND_SHIFT;
    localparam PRODUCT_W = GATE_W + VALUE_W + 1;
    localparam MIX_W = (PRODUCT_W > VALUE_W + GATE_F ? PRODUCT_W : VALUE_W + GATE_F) + 1;
    localparam MIX_F = GATE_F + H_F + OLD_SHIFT;

    if (GATE_F < 0) begin : g_check_gate_f PARAM_ERROR_gate_f_must_not_be_negative check (); end

    // Numbers at the end of names count the cycles since the candidate came, CAND cycles after the sum
    localparam CAND = CAND_FUNCTION % 256 > 3 ? 4 : CAND_FUNCTION % 256 == 2 ? 3 : 2;
    wire [PRE_W-1:0] pre;
    wire pre_clipped, cand_clipped0, h_clipped;
    reg [PRE_W-1:0] pre_q;
    wire [CAND_W-1:0] cand0;
    wire signed [VALUE_W-1:0] old0, value0;
    reg signed [VALUE_W:0] difference1_q;
    reg signed [GATE_W-1:0] z1_q;
    // Behind these MORE cycles are not counted
    wire signed [VALUE_W-1:0] value2;
    wire signed [PRODUCT_W-1:0] exact2;
    wire signed [MIX_W-1:0] product2, one2;
    reg signed [MIX_W-1:0] mix3_q;
    wire [H_W-1:0] new_h;
    reg [CAND+MORE+3:1] clipped_q;  // so far; bit k: of the sum that came k cycles ago

    lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(sum), .out_data(pre), .clipped(pre_clipped)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(CAND_INDEX_TYPE),
        .OUT_TYPE(CAND_TYPE), .TABLE_FILE(CAND_FILE)
    ) cand_function (
        .clk(clk), .en(en), .in_data(pre_q), .out_data(cand0), .clipped(cand_clipped0)
    );
    lmu_align #(.IN_W(H_W), .SHIFT(OLD_SHIFT), .OUT_W(VALUE_W)) align_old (.in_data(old_h), .out_data(old0));
    lmu_align #(.IN_W(CAND_W), .SHIFT(CAND_SHIFT), .OUT_W(VALUE_W)) align_cand (.in_data(cand0), .out_data(value0));
    lmu_product #(.A_W(VALUE_W + 1), .B_W(GATE_W), .STAGES(1 + MORE), .PIECE(FACTOR)) multiply (
        .clk(clk), .en(en), .a(difference1_q), .b(z1_q), .product(exact2)
    );
    lmu_delay #(.WIDTH(VALUE_W), .DEPTH(2 + MORE)) wait_value (
        .clk(clk), .rst(1'b0), .en(en), .in_data(value0), .out_data(value2)
    );
    lmu_align #(.IN_W(PRODUCT_W), .SHIFT(0), .OUT_W(MIX_W)) align_product (.in_data(exact2), .out_data(product2));
    lmu_align #(.IN_W(VALUE_W), .SHIFT(GATE_F), .OUT_W(MIX_W)) times_one (.in_data(value2), .out_data(one2));
    lmu_round_sat #(.IN_W(MIX_W), .IN_F(MIX_F), .OUT_TYPE(H_TYPE)) to_h (
        .in_data(mix3_q), .out_data(new_h), .clipped(h_clipped)
    );

    always @(posedge clk) if (en) begin
        pre_q <= pre;
        difference1_q <= {old0[VALUE_W-1], old0} - {value0[VALUE_W-1], value0};
        z1_q <= z;
        mix3_q <= product2 + one2;
        h <= new_h;
        clipped_q <= {clipped_q[CAND+MORE+2:1], pre_clipped};
        if (cand_clipped0) clipped_q[CAND+1] <= 1'b1;
        clipped <= clipped_q[CAND+MORE+3] || h_clipped;
    end

endmodule
`default_nettype wire
