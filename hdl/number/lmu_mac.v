// SPDX-License-Identifier: Apache-2.0
// A multiplier with an accumulator: the sum of products is exact, nothing is rounded here.
//
//   acc(t+3+MORE) = add(t+2+MORE) ? coef(t) * operand(t) + (first(t) ? base(t+2+MORE) : acc(t+2+MORE)) : acc(t+2+MORE)
//
// t counts cycles with en = 1. Three register stages (inputs, product, sum), as in a DSP48, a MULT18X18 or an SB_MAC16. A
// factor beyond FACTOR bits is cut into parts of FACTOR - 1 bits and a signed rest: the products of all pairs of parts are
// registers, too, and so is each sum of two. Not before add does a product count: what comes in without a meaning, as
// from a RAM that is not read, needs no zero in its place.
//
//   Signal    Width     Direction   Description
//   clk       1         in          rising edge
//   en        1         in          0 freezes inputs and product
//   add       1         in          the sum takes the product that is there
//   first     1         in          starts a new sum with this product
//   base      ACC_W     in          with HAS_BASE what a sum starts with, signed, constant or when its first product is there
//   coef      COEF_W    in          signed
//   operand   OP_W      in          signed
//   acc       ACC_W     out         signed; the sum up to the product that entered latency cycles earlier
//
//   Cycles
//   PARTS   = 1 + (W - 2)/(FACTOR - 1)              of a factor of W bits, whole numbers
//   MORE    = $clog2(COEF_PARTS*OP_PARTS)           stages of a product that is cut
//   latency = 3 + MORE    from a product to the sum that has it, in cycles with en = 1
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_mac #(
    // Bits of a coefficient, and of an operand
    parameter integer COEF_W = 18, OP_W = 16,
    // Bits of a factor that one multiplier takes
    parameter integer FACTOR = 18,
    // Bits of the sum: COEF_W + OP_W - 1 + $clog2(N + 1) holds any N products
    parameter integer ACC_W = 40,
    // 0: a sum starts with 0, 1: with base
    parameter integer HAS_BASE = 0
) (
    input wire clk, en,
    input wire add, first,
    input wire signed [COEF_W-1:0] coef,
    input wire signed [OP_W-1:0] operand,
    input wire signed [ACC_W-1:0] base,
    output reg signed [ACC_W-1:0] acc
);

    localparam PRODUCT_W = COEF_W + OP_W, PART = FACTOR - 1;
    localparam COEF_PARTS = 1 + (COEF_W - 2) / PART, OP_PARTS = 1 + (OP_W - 2) / PART, PIECES = COEF_PARTS * OP_PARTS;
    localparam MORE = $clog2(PIECES);
    reg signed [COEF_W-1:0] coef_q;
    reg signed [OP_W-1:0] operand_q;
    reg signed [PRODUCT_W-1:0] product_q;
    reg product_first_q, operand_first_q;
    wire signed [PRODUCT_W-1:0] product;
    wire product_first;

    if (PIECES == 1) begin : g_whole
        assign product = coef_q * operand_q;
        assign product_first = operand_first_q;
    end else begin : g_pieces
        // Node k is the sum of the nodes 2k and 2k + 1, the product that of 2 and 3; the leaves are the pieces, and zeros
        localparam LEAVES = 1 << MORE;
        wire signed [PRODUCT_W-1:0] node[2:2*LEAVES-1];
        reg [MORE:1] firsts_q;
        genvar i, j, k;
        assign product = node[2] + node[3];
        assign product_first = firsts_q[MORE];

        for (i = 0; i < COEF_PARTS; i = i + 1) begin : g_coef
            localparam A_W = i == COEF_PARTS - 1 ? COEF_W - i * PART : FACTOR;
            wire signed [A_W-1:0] a;
            if (i == COEF_PARTS - 1) begin : g_rest
                assign a = coef_q[COEF_W-1:i*PART];
            end else begin : g_part
                assign a = {1'b0, coef_q[i*PART+:PART]};
            end

            for (j = 0; j < OP_PARTS; j = j + 1) begin : g_op
                localparam B_W = j == OP_PARTS - 1 ? OP_W - j * PART : FACTOR, SHIFT = (i + j) * PART;
                wire signed [B_W-1:0] b;
                wire signed [A_W+B_W-1:0] piece;
                reg signed [A_W+B_W-1:0] piece_q;
                if (j == OP_PARTS - 1) begin : g_rest
                    assign b = operand_q[OP_W-1:j*PART];
                end else begin : g_part
                    assign b = {1'b0, operand_q[j*PART+:PART]};
                end
                // A rest of two bits is not worth a multiplier
                if (A_W == 2) begin : g_few
                    wire signed [B_W+1:0] wide = {{2{b[B_W-1]}}, b};
                    assign piece = (wide & {(B_W + 2) {a[0]}}) - ((wide <<< 1) & {(B_W + 2) {a[1]}});
                end else if (B_W == 2) begin : g_few
                    wire signed [A_W+1:0] wide = {{2{a[A_W-1]}}, a};
                    assign piece = (wide & {(A_W + 2) {b[0]}}) - ((wide <<< 1) & {(A_W + 2) {b[1]}});
                end else begin : g_many
                    assign piece = a * b;
                end

                always @(posedge clk) if (en) piece_q <= piece;

                assign node[LEAVES+i*OP_PARTS+j] = {
                    {(PRODUCT_W - A_W - B_W - SHIFT) {piece_q[A_W+B_W-1]}}, piece_q, {SHIFT{1'b0}}
                };
            end
        end

        for (k = 2; k < LEAVES; k = k + 1) begin : g_sum
            reg signed [PRODUCT_W-1:0] sum_q;
            assign node[k] = sum_q;
            always @(posedge clk) if (en) sum_q <= node[2*k] + node[2*k+1];
        end

        for (k = LEAVES + PIECES; k < 2 * LEAVES; k = k + 1) begin : g_zero
            assign node[k] = {PRODUCT_W{1'b0}};
        end

        always @(posedge clk) if (en) firsts_q <= firsts_q << 1 | {{(MORE - 1) {1'b0}}, operand_first_q};
    end

    wire signed [ACC_W-1:0] addend = {{(ACC_W - PRODUCT_W) {product_q[PRODUCT_W-1]}}, product_q};

    always @(posedge clk) if (en) begin
        coef_q <= coef;
        operand_q <= operand;
        operand_first_q <= first;
        product_q <= product;
        product_first_q <= product_first;
    end

    always @(posedge clk) if (add) acc <= addend + (product_first_q ? (HAS_BASE != 0 ? base : {ACC_W{1'b0}}) : acc);

`ifdef FORMAL
    // The sum of what came in some moves before, unknown until a first one has come
    localparam F_STAGES = MORE + 2;
    reg signed [PRODUCT_W-1:0] f_products_q[1:F_STAGES];
    wire signed [ACC_W-1:0] f_base = HAS_BASE != 0 ? base : {ACC_W{1'b0}};
    reg signed [ACC_W-1:0] f_sum_q;
    reg [F_STAGES:1] f_firsts_q, f_moved_q = 0;
    reg f_known_q = 1'b0;
    reg [1:0] f_count_q = 2'd0;
    wire signed [PRODUCT_W-1:0] f_product = coef * operand, f_inputs = coef_q * operand_q;
    integer f;

    always @(posedge clk) begin
        if (en) begin
            f_products_q[1] <= f_product;
            for (f = 1; f < F_STAGES; f = f + 1) f_products_q[f+1] <= f_products_q[f];
            f_firsts_q <= {f_firsts_q, first};
            f_moved_q <= {f_moved_q, 1'b1};
        end
        if (add) begin
            f_sum_q <= f_products_q[F_STAGES] + (f_firsts_q[F_STAGES] ? f_base : f_sum_q);
            f_known_q <= f_known_q || (f_moved_q[F_STAGES] && f_firsts_q[F_STAGES]);
            if (f_known_q && f_count_q != 3) f_count_q <= f_count_q + 2'd1;
        end
        // The first ones are steps of the induction
        if (f_moved_q[1]) stage_1 : assert (f_products_q[1] == f_inputs && f_firsts_q[1] == operand_first_q);
        if (f_moved_q[F_STAGES-1]) stages : assert (f_products_q[F_STAGES-1] == product
            && f_firsts_q[F_STAGES-1] == product_first);
        if (f_moved_q[F_STAGES]) stage_2 : assert (f_products_q[F_STAGES] == addend
            && f_firsts_q[F_STAGES] == product_first_q);
        if (f_known_q) sum_exact : assert (f_moved_q[F_STAGES] && acc == f_sum_q);
        reach_sum : cover (f_count_q == 3 && acc != 0);
        reach_pause : cover (f_known_q && en && !add);
    end
`endif
endmodule
`default_nettype wire
