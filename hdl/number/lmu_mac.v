// SPDX-License-Identifier: Apache-2.0
// One multiplier with an accumulator: the sum of products is exact, nothing is rounded here.
//
//   acc(t+3) = coef(t) * operand(t) + (first(t) ? 0 : acc(t+2))       t counts cycles with en = 1
//
// Three register stages (inputs, product, sum) with one enable, as in a DSP48, a MULT18X18 or an SB_MAC16.
//
//   Signal    Width     Direction   Description
//   clk       1         in          rising edge
//   en        1         in          0 freezes all stages
//   first     1         in          starts a new sum with this product
//   coef      COEF_W    in          signed
//   operand   OP_W      in          signed
//   acc       ACC_W     out         signed; the sum up to the product that entered three cycles earlier
//
//   Cycles
//   latency = 3     from a product to the sum that has it, in cycles with en = 1
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_mac #(
    // Bits of a coefficient, and of an operand
    parameter integer COEF_W = 18, OP_W = 16,
    // Bits of the sum: COEF_W + OP_W - 1 + $clog2(N + 1) holds any N products
    parameter integer ACC_W = 40
) (
    input wire clk, en,
    input wire first,
    input wire signed [COEF_W-1:0] coef,
    input wire signed [OP_W-1:0] operand,
    output reg signed [ACC_W-1:0] acc
);

    localparam PRODUCT_W = COEF_W + OP_W;
    reg signed [COEF_W-1:0] coef_q;
    reg signed [OP_W-1:0] operand_q;
    reg signed [PRODUCT_W-1:0] product_q;
    reg product_first_q, operand_first_q;

    wire signed [ACC_W-1:0] addend = {{(ACC_W - PRODUCT_W) {product_q[PRODUCT_W-1]}}, product_q};

    always @(posedge clk) if (en) begin
        coef_q <= coef;
        operand_q <= operand;
        operand_first_q <= first;
        product_q <= coef_q * operand_q;
        product_first_q <= operand_first_q;
        acc <= addend + (product_first_q ? {ACC_W{1'b0}} : acc);
    end

`ifdef FORMAL
    // The sums of what goes in, three cycles later; unknown until a first one has come
    reg signed [ACC_W-1:0] f_sum_q, f_sum1_q, f_sum2_q;
    reg f_known_q = 1'b0, f_known1_q = 1'b0, f_known2_q = 1'b0;
    reg [1:0] f_products_q = 2'd0;
    wire signed [ACC_W-1:0] f_product = coef * operand;
    wire signed [ACC_W-1:0] f_product1 = coef_q * operand_q;
    wire signed [ACC_W-1:0] f_sum_1 = operand_first_q ? f_product1 : f_product1 + f_sum1_q;
    wire signed [ACC_W-1:0] f_sum_2 = product_first_q ? addend : addend + f_sum2_q;
    always @(posedge clk) begin
        if (en) begin
            f_sum_q <= first ? f_product : f_sum_q + f_product;
            f_sum1_q <= f_sum_q;
            f_sum2_q <= f_sum1_q;
            f_known_q <= f_known_q || first;
            f_known1_q <= f_known_q;
            f_known2_q <= f_known1_q;
            if (f_known2_q && f_products_q != 3) f_products_q <= f_products_q + 2'd1;
        end
        // The first two are steps of the induction
        if (f_known_q) stage_1 : assert (f_sum_q == f_sum_1);
        if (f_known1_q) stage_2 : assert (f_sum1_q == f_sum_2);
        if (f_known2_q) sum_exact : assert (acc == f_sum2_q);
        reach_sum : cover (f_products_q == 3 && acc != 0);
    end
`endif
endmodule
`default_nettype wire
