// SPDX-License-Identifier: Apache-2.0
// An activation function of one value, assigned to another type; without a handshake, for use inside other units.
//
//   out(t+1) = assign_out(in(t))                FUNCTION 0, linear
//              assign_out(max(in(t), 0))        FUNCTION 1, relu
//              table[assign_index(in(t))]       FUNCTION 2, table; its words are of the output's type
//              assign_out(limit(in(t)))         FUNCTION 32'h00_HH_LL_03, no less than LL, no more than HH: signed
//
//              assign_out(sum)                  FUNCTION 32'hRR_SS_EE_04, and 32'hRR_SS_EE_05 with
//
//   sum = entry(k) + slope(k) r / 2**RR [+ max(in(t), 0)]     k, r = assign_index(in(t)) without its RR lowest bits, these
//
// t counts cycles with en = 1; a sum comes two cycles later, a table's word with a second register one. Types and modes as in lmu_round_sat. A word is
// an entry of EE bits, two fraction bits more than the output's, and above it a slope of SS bits; without slopes SS = RR = 0.
//
//   Signal      Width   Direction   Description
//   clk         1       in          rising edge
//   en          1       in          0 freezes the output
//   in_data     IN_W    in          signed, IN_F fraction bits
//   out_data    OUT_W   out         signed, OUT_F fraction bits
//   clipped     1       out         out_data was clipped to fit; the index of a table saturates without a flag
//
//   Cycles
//   latency = 1     from a value to its result, in cycles with en = 1; 2 of a table with TWO_REGISTERS, 3 of a sum
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_function #(
    // Type, as in lmu_round_sat, of the input
    parameter integer IN_TYPE = 32'h00_000c_10,
    // 0 linear, 1 relu, 2 table, 3 limits, 4 sum, 5 sum with relu, and what is above
    parameter integer FUNCTION = 2,
    // 1: a table's word goes through a second register, which a block RAM has
    parameter integer TWO_REGISTERS = 0,
    // Type of a table's index
    parameter integer INDEX_TYPE = 32'h16_0006_0a,
    // Type of the output
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // 2**(INDEX_W - RR) words, read by $readmemh; word k is that of the k-th index from the most negative one up
    parameter TABLE_FILE = "lmu_function.hex"
) (
    input wire clk, en,
    input wire signed [IN_TYPE%256-1:0] in_data,
    output wire signed [OUT_TYPE%256-1:0] out_data,
    output wire clipped
);

    localparam integer IN_W = IN_TYPE % 256, IN_F = (IN_TYPE <<< 8) >>> 16;
    localparam integer INDEX_W = INDEX_TYPE % 256, OUT_W = OUT_TYPE % 256;
    localparam RELU = 1, TABLE = 2, CLIP = 3, SUM = 4, RELU_SUM = 5, KIND = FUNCTION % 256;

    if (KIND < 0 || KIND > RELU_SUM) begin : g_check_function PARAM_ERROR_function_must_be_0_to_5 check ();
    end else if (KIND == TABLE) begin : g_table
        wire [INDEX_W-1:0] index;
        wire unused_clipped;
        wire [OUT_W-1:0] word;

        lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(INDEX_TYPE)) to_index (
            .in_data(in_data), .out_data(index), .clipped(unused_clipped)
        );

        // The words begin with the most negative index: its sign bit counts the other way round
        lmu_rom #(.WIDTH(OUT_W), .DEPTH(1 << INDEX_W), .FILE(TABLE_FILE)) rom (
            .clk(clk), .rd_en(en), .rd_addr(index ^ ({{(INDEX_W - 1) {1'b0}}, 1'b1} << (INDEX_W - 1))), .rd_data(word)
        );
        lmu_delay #(.WIDTH(OUT_W), .DEPTH(TWO_REGISTERS)) behind (
            .clk(clk), .rst(1'b0), .en(en), .in_data(word), .out_data(out_data)
        );

        assign clipped = 1'b0;
    end else if (KIND == SUM || KIND == RELU_SUM) begin : g_sum
        localparam integer REST = FUNCTION >> 24, SLOPE_W = (FUNCTION >> 16) % 256, ENTRY_W = (FUNCTION >> 8) % 256;
        localparam integer OUT_F = (OUT_TYPE <<< 8) >>> 16, ENTRY_F = OUT_F + 2, EXACT_F = ENTRY_F + REST;
        localparam integer SUM_F = KIND == RELU_SUM && IN_F > EXACT_F ? IN_F : EXACT_F;
        localparam ADDRESS_W = INDEX_W - REST, WORD_W = ENTRY_W + SLOPE_W;
        localparam REST_W = REST > 0 ? REST : 1, FACTOR_W = SLOPE_W > 0 ? SLOPE_W : 1, PRODUCT_W = FACTOR_W + REST_W;
        // The bits of each summand on the grid of the sum
        localparam IN_LIFT = KIND == RELU_SUM ? SUM_F - IN_F : 0, IN_SUM_W = KIND == RELU_SUM ? IN_W + IN_LIFT : 1;
        localparam ENTRY_SUM_W = ENTRY_W + SUM_F - ENTRY_F, PRODUCT_SUM_W = PRODUCT_W + SUM_F - EXACT_F;
        localparam TWO_W = ENTRY_SUM_W > PRODUCT_SUM_W ? ENTRY_SUM_W : PRODUCT_SUM_W;
        localparam SUM_W = (TWO_W > IN_SUM_W ? TWO_W : IN_SUM_W) + 2;

        wire [INDEX_W-1:0] index;
        wire unused_clipped;
        wire [WORD_W-1:0] word;
        reg signed [IN_W-1:0] positive1_q;  // max(in, 0)
        wire signed [PRODUCT_W-1:0] product1;
        wire signed [SUM_W-1:0] entry1, in1, product2;
        wire signed [SUM_W-1:0] base1 = entry1 + in1;
        reg signed [PRODUCT_W-1:0] product2_q;
        reg signed [SUM_W-1:0] base2_q;
        reg signed [OUT_W-1:0] out_q;
        reg clipped_q;
        wire signed [OUT_W-1:0] rounded;
        wire rounded_clipped;

        lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(INDEX_TYPE)) to_index (
            .in_data(in_data), .out_data(index), .clipped(unused_clipped)
        );
        lmu_rom #(.WIDTH(WORD_W), .DEPTH(1 << ADDRESS_W), .FILE(TABLE_FILE)) rom (
            .clk(clk),
            .rd_en(en), .rd_addr(index[INDEX_W-1:REST] ^ ({{(ADDRESS_W - 1) {1'b0}}, 1'b1} << (ADDRESS_W - 1))),
            .rd_data(word)
        );
        lmu_align #(.IN_W(ENTRY_W), .SHIFT(SUM_F - ENTRY_F), .OUT_W(SUM_W)) align_entry (
            .in_data(word[ENTRY_W-1:0]), .out_data(entry1)
        );
        lmu_align #(.IN_W(PRODUCT_W), .SHIFT(SUM_F - EXACT_F), .OUT_W(SUM_W)) align_product (
            .in_data(product2_q), .out_data(product2)
        );

        assign {out_data, clipped} = {out_q, clipped_q};
        always @(posedge clk) if (en) begin
            positive1_q <= in_data[IN_W-1] ? {IN_W{1'b0}} : in_data;
            product2_q <= product1;
            base2_q <= base1;
            out_q <= rounded;
            clipped_q <= rounded_clipped;
        end

        if (KIND == RELU_SUM) begin : g_relu
            lmu_align #(.IN_W(IN_W), .SHIFT(IN_LIFT), .OUT_W(SUM_W)) align_in (.in_data(positive1_q), .out_data(in1));
        end else begin : g_no_relu
            wire unused = &positive1_q;
            assign in1 = {SUM_W{1'b0}};
        end

        if (SLOPE_W > 0) begin : g_slope
            reg [REST_W-1:0] rest1_q;
            wire signed [REST_W:0] rest1 = {1'b0, rest1_q};
            wire signed [FACTOR_W-1:0] slope1 = word[WORD_W-1:ENTRY_W];
            wire signed [PRODUCT_W:0] whole = slope1 * rest1;
            wire unused = whole[PRODUCT_W];
            assign product1 = whole[PRODUCT_W-1:0];
            always @(posedge clk) if (en) rest1_q <= index[REST_W-1:0];
        end else begin : g_no_slope
            assign product1 = {PRODUCT_W{1'b0}};
        end

        lmu_round_sat #(.IN_W(SUM_W), .IN_F(SUM_F), .OUT_TYPE(OUT_TYPE)) to_out (
            .in_data(base2_q + product2), .out_data(rounded), .clipped(rounded_clipped)
        );

`ifdef FORMAL
        // The sum is that of what was read for one and the same value
        reg [1:0] f_moves_q = 2'd0;
        reg signed [IN_W-1:0] f_in1_q;
        reg [INDEX_W-1:0] f_index1_q;
        reg signed [SUM_W-1:0] f_exact2_q;
        wire signed [REST_W:0] f_rest1 = SLOPE_W > 0 ? {1'b0, f_index1_q[REST_W-1:0]} : 0;
        wire signed [FACTOR_W-1:0] f_slope1 = word >> ENTRY_W;
        wire signed [ENTRY_W-1:0] f_entry1 = word;
        wire signed [SUM_W-1:0] f_in = KIND == RELU_SUM && f_in1_q > 0 ? f_in1_q : 0;
        wire signed [SUM_W-1:0] f_product = f_slope1 * f_rest1, f_entry = f_entry1;
        always @(posedge clk) if (en) begin
            f_in1_q <= in_data;
            f_index1_q <= index;
            f_exact2_q <= (f_entry <<< (SUM_F - ENTRY_F)) + (f_product <<< (SUM_F - EXACT_F)) + (f_in <<< IN_LIFT);
            if (f_moves_q < 2) f_moves_q <= f_moves_q + 1'b1;
        end
        always @* if (f_moves_q > 0) begin
            positive_exact : assert (positive1_q == (f_in1_q > 0 ? f_in1_q : 0));
            if (SLOPE_W > 0) product_exact : assert (product1 == f_slope1 * f_rest1);
            if (f_moves_q > 1) sum_exact : assert (base2_q + product2 == f_exact2_q);
            reach_sum : cover (f_moves_q > 1 && en && out_data != 0);
        end
`endif
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
