// SPDX-License-Identifier: Apache-2.0
// One multiplier with an accumulator: the sum of products is exact, nothing is rounded here.
//
//   acc(t+3) = add(t+2) ? coef(t) * operand(t) + (first(t) ? 0 : acc(t+2)) : acc(t+2)       t: cycles with en = 1
//
// Three register stages (inputs, product, sum), as in a DSP48, a MULT18X18 or an SB_MAC16. Not before add does a product
// count: what comes in without a meaning, as from a RAM that is not read, needs no zero in its place.
//
//   Signal    Width     Direction   Description
//   clk       1         in          rising edge
//   en        1         in          0 freezes inputs and product
//   add       1         in          the sum takes the product that is there
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
    input wire add, first,
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
    end

    always @(posedge clk) if (add) acc <= addend + (product_first_q ? {ACC_W{1'b0}} : acc);

`ifdef FORMAL
    // The sum of what came in two moves before, unknown until a first one has come
    reg signed [ACC_W-1:0] f_product1_q, f_product2_q, f_sum_q;
    reg f_first1_q, f_first2_q, f_moved1_q = 1'b0, f_moved2_q = 1'b0, f_known_q = 1'b0;
    reg [1:0] f_products_q = 2'd0;
    wire signed [ACC_W-1:0] f_product = coef * operand, f_product1 = coef_q * operand_q;

    always @(posedge clk) begin
        if (en) begin
            f_product1_q <= f_product;
            f_product2_q <= f_product1_q;
            {f_first2_q, f_first1_q} <= {f_first1_q, first};
            {f_moved2_q, f_moved1_q} <= {f_moved1_q, 1'b1};
        end
        if (add) begin
            f_sum_q <= f_first2_q ? f_product2_q : f_sum_q + f_product2_q;
            f_known_q <= f_known_q || (f_moved2_q && f_first2_q);
            if (f_known_q && f_products_q != 3) f_products_q <= f_products_q + 2'd1;
        end
        // The first two are steps of the induction
        if (f_moved1_q) stage_1 : assert (f_product1_q == f_product1 && f_first1_q == operand_first_q);
        if (f_moved2_q) stage_2 : assert (f_product2_q == addend && f_first2_q == product_first_q);
        if (f_known_q) sum_exact : assert (f_moved2_q && acc == f_sum_q);
        reach_sum : cover (f_products_q == 3 && acc != 0);
        reach_pause : cover (f_known_q && en && !add);
    end
`endif
endmodule
`default_nettype wire
