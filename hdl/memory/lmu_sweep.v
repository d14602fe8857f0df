// SPDX-License-Identifier: Apache-2.0
// One sweep of a tridiagonal system: a recurrence over the degrees of SLOTS channels that take turns.
//
//   sweep = round(coef * sweep' + x)          sweep' = that of SLOTS cycles before; exact sum, in SWEEP_*
//
// The first degree of a channel has coef = 0.
//
// With PIPELINE = 1 and 2 the loop holds a product and a sum: the exact sum goes round, and its rounding is decided
// beside the product. A rounded value is 2 upper + low, where low is 0 or 1, or it is a bound: the product is that of the
// upper bits, and x, x + coef and x with coef times either bound have been summed before. That is for TRN, RND and
// RND_CONV with WRAP and SAT; in other modes the rounded value goes round, with its rounding in the loop.
//
//   Signal     Width     Direction   Description
//   clk, rst   1         in          rising edge; rst is synchronous, active high: the next sweep' is 0
//   en         1         in          0 freezes all stages
//   valid      1         in          with x, which belongs to a degree; what follows it is kept
//   coef       COEF_W    in          signed; floor(PIPELINE/2) cycles before x
//   x          X_W       in          signed, X_F fraction bits; with ADDED = 1 half an LSB of the sweep is in it
//   sweep      SWEEP_W   out         two cycles after x; for PIPELINE = 1 and 2 behind its rounding
//
//   Cycles (those with en = 1)
//   latency = 2     from x to sweep
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_sweep #(
    // Cycles from a degree to the next one of the same channel, PIPELINE or more
    parameter integer SLOTS = 1,
    // Cycles of the recurrence: 1 product and sum, 2 product | sum, 3 product | sum | rounding, 4 the product of 3 in two
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat, of the coefficient and of the sweep; bits of x, and fraction bits
    parameter integer COEF_TYPE = 32'h00_000f_10, SWEEP_TYPE = 32'h16_0011_13, X_W = 34, X_F = 32,
    // As in lmu_round_sat, of x
    parameter integer ADDED = 0,
    // Bits of a signed factor of one multiplier, 2 or more
    parameter integer PIECE = 18
) (
    input wire clk, rst, en,
    input wire valid,
    input wire signed [COEF_TYPE%256-1:0] coef,
    input wire signed [X_W-1:0] x,
    output wire signed [SWEEP_TYPE%256-1:0] sweep
);

    localparam integer COEF_W = COEF_TYPE % 256, COEF_F = (COEF_TYPE <<< 8) >>> 16;
    localparam integer SWEEP_W = SWEEP_TYPE % 256, SWEEP_F = (SWEEP_TYPE <<< 8) >>> 16;
    localparam integer ROUNDING = (SWEEP_TYPE >> 24) % 16, OVERFLOW = SWEEP_TYPE >> 28;
    localparam LOOP_W = COEF_W + SWEEP_W, LOOP_F = COEF_F + SWEEP_F, SUM_F = X_F > LOOP_F ? X_F : LOOP_F;
    localparam SUM_W = 1 + (X_W + SUM_F - X_F > LOOP_W + SUM_F - LOOP_F ? X_W + SUM_F - X_F : LOOP_W + SUM_F - LOOP_F);
    localparam AHEAD = PIPELINE < 3 && COEF_F > 0 && SWEEP_W > 2 && OVERFLOW < 2 && (ADDED != 0 || ROUNDING == 0) ? 1 : 0;

    if (PIPELINE < 1 || PIPELINE > 4) begin : g_check_pipeline PARAM_ERROR_pipeline_must_be_1_to_4 check ();
    end else if (PIPELINE > SLOTS) begin : g_check_slots PARAM_ERROR_pipeline_must_not_exceed_slots check ();
    end else if (PIECE < 2) begin : g_check_piece PARAM_ERROR_piece_must_be_2_or_more check ();
    end

    // rst and valid keep unknown values out: a sweep starts with what is here times 0
    localparam CUT = SUM_F - LOOP_F, CUT_W = SUM_W - CUT, ROUND_W = AHEAD != 0 ? CUT_W + 1 : SUM_W;
    wire kept, unused_clipped;
    wire [SUM_W-1:0] x_part;
    wire [ROUND_W-1:0] sum;  // what is rounded to the sweep
    wire [SWEEP_W-1:0] rounded;
    lmu_align #(.IN_W(X_W), .SHIFT(SUM_F - X_F), .OUT_W(SUM_W)) align_x (.in_data(x), .out_data(x_part));
    lmu_round_sat #(
        .IN_W(ROUND_W), .IN_F(AHEAD != 0 ? LOOP_F + 1 : SUM_F), .OUT_TYPE(SWEEP_TYPE), .ADDED(ADDED)
    ) round_sweep (
        .in_data(sum), .out_data(rounded), .clipped(unused_clipped)
    );
    lmu_delay #(.WIDTH(1), .DEPTH(1)) delay_valid (.clk(clk), .rst(rst), .en(en), .in_data(valid), .out_data(kept));

    if (AHEAD != 0) begin : g_ahead
        // What goes round: the exact sum with the fraction bits of the product, and whether x has others. Without
        // fractions it is 2**LOW_W upper + 2 middle + its lowest bit.
        localparam LOW_W = SWEEP_W > PIECE ? SWEEP_W - PIECE : 1, UPPER_W = SWEEP_W - LOW_W;
        localparam REST_W = COEF_W > PIECE ? COEF_W - PIECE : 0, FACTOR_W = COEF_W - REST_W;
        wire [CUT_W-1:0] coef_part, product_part;
        wire [CUT_W-1:0] x_cut = x_part[SUM_W-1:CUT];
        wire [CUT_W-1:0] bound_part = coef_part << (SWEEP_W - 1);
        reg [CUT_W-1:0] even_q, odd_q, highest_q, lowest_q;
        wire signed [COEF_W-1:0] factor;
        reg more_q;  // fractions of x below those of the product
        wire [CUT_W:0] previous;
        wire [CUT_W-1:0] known = previous[CUT_W:1];

        // With a reset, so that it stays beside the multiplier: a product with a register at one of its factors is timed
        // from before that register
        lmu_delay #(.WIDTH(COEF_W), .DEPTH(1)) delay_factor (
            .clk(clk), .rst(rst), .en(en), .in_data(coef), .out_data(factor)
        );

        // The product of the upper bits, and those of all others: of the upper bits with what the factor has below, and of
        // the bits in the middle
        wire signed [UPPER_W-1:0] upper = known[COEF_F+LOW_W+:UPPER_W];
        wire signed [FACTOR_W-1:0] factor_upper = factor[COEF_W-1:REST_W];
        wire signed [UPPER_W+FACTOR_W-1:0] product_d = upper * factor_upper;
        wire [UPPER_W+FACTOR_W-1:0] product;
        wire [CUT_W-1:0] above_part, middle_part;
        if (REST_W < 2) begin : g_bit_below
            wire [CUT_W-1:0] upper_part;
            lmu_align #(.IN_W(UPPER_W), .SHIFT(LOW_W), .OUT_W(CUT_W)) align_upper (
                .in_data(upper), .out_data(upper_part)
            );
            assign above_part = upper_part & {CUT_W{REST_W != 0 && factor[0]}};
        end else begin : g_below
            wire signed [REST_W:0] below = {1'b0, factor[REST_W-1:0]};
            wire signed [UPPER_W+REST_W:0] above = upper * below;
            lmu_align #(.IN_W(UPPER_W + REST_W + 1), .SHIFT(LOW_W), .OUT_W(CUT_W)) align_above (
                .in_data(above), .out_data(above_part)
            );
        end
        if (LOW_W < 3) begin : g_one_bit
            wire [CUT_W-1:0] twice;
            lmu_align #(.IN_W(COEF_W), .SHIFT(1), .OUT_W(CUT_W)) align_factor (.in_data(factor), .out_data(twice));
            assign middle_part = twice & {CUT_W{LOW_W != 1 && known[COEF_F+1]}};
        end else if (LOW_W == 3) begin : g_two_bits
            wire [1:0] middle = known[COEF_F+1+:2];
            wire [CUT_W-1:0] wide, coef_once, thrice;
            lmu_align #(.IN_W(COEF_W), .SHIFT(0), .OUT_W(CUT_W)) align_factor (.in_data(factor), .out_data(wide));
            lmu_align #(.IN_W(COEF_W), .SHIFT(0), .OUT_W(CUT_W)) align_once (.in_data(coef), .out_data(coef_once));
            lmu_delay #(.WIDTH(CUT_W), .DEPTH(1)) delay_thrice (
                .clk(clk), .rst(1'b0), .en(en), .in_data(coef_once + (coef_once << 1)), .out_data(thrice)
            );
            assign middle_part = (&middle ? thrice : middle[1] ? wide << 1 : middle[0] ? wide : {CUT_W{1'b0}}) << 1;
        end else begin : g_bits
            wire signed [LOW_W-1:0] middle = {1'b0, known[COEF_F+1+:LOW_W-1]};
            wire signed [COEF_W+LOW_W-1:0] between = factor * middle;
            lmu_align #(.IN_W(COEF_W + LOW_W), .SHIFT(1), .OUT_W(CUT_W)) align_between (
                .in_data(between), .out_data(middle_part)
            );
        end

        // What may be beside the product: the others are added before these registers, or behind
        lmu_align #(.IN_W(COEF_W), .SHIFT(0), .OUT_W(CUT_W)) align_coef (
            .in_data(PIPELINE == 1 ? coef : factor), .out_data(coef_part)
        );
        wire [CUT_W-1:0] rest = middle_part + above_part;
        wire [CUT_W-1:0] sooner = PIPELINE == 1 ? {CUT_W{1'b0}} : rest, later = PIPELINE == 1 ? rest : {CUT_W{1'b0}};
        always @(posedge clk) if (en) begin
            more_q <= |(x_part & ~({SUM_W{1'b1}} << CUT));
            even_q <= x_cut + sooner;
            odd_q <= x_cut + coef_part + sooner;
            highest_q <= x_cut + bound_part - coef_part;
            lowest_q <= x_cut - bound_part;
        end

        // Which of them: the lowest bit after the rounding, or a bound in the place of all
        wire is_odd = known[COEF_F] && !(ROUNDING == 6 && ~|previous[COEF_F:0]);
        wire clips = OVERFLOW == 1 && !(&known[CUT_W-1:COEF_F+SWEEP_W-1] || ~|known[CUT_W-1:COEF_F+SWEEP_W-1]);
        wire [1:0] choice;
        lmu_delay #(.WIDTH(UPPER_W + FACTOR_W + 2), .DEPTH(PIPELINE - 1)) delay_product (
            .clk(clk), .rst(1'b0), .en(en),
            .in_data({product_d, clips, clips ? known[CUT_W-1] : is_odd}), .out_data({product, choice})
        );
        wire [CUT_W-1:0] even = even_q + later, odd = odd_q + later;
        wire [CUT_W-1:0] beside = choice[1] ? (choice[0] ? lowest_q : highest_q) : choice[0] ? odd : even;

        lmu_align #(.IN_W(UPPER_W + FACTOR_W), .SHIFT(LOW_W + REST_W), .OUT_W(CUT_W)) align_product (
            .in_data(product), .out_data(product_part)
        );
        wire [CUT_W-1:0] sum_d = (product_part & {CUT_W{!choice[1]}}) + beside;
        lmu_delay #(.WIDTH(CUT_W + 1), .DEPTH(1)) delay_sum (
            .clk(clk), .rst(rst), .en(en && kept), .in_data({sum_d, more_q}), .out_data(sum)
        );
        lmu_delay #(.WIDTH(CUT_W + 1), .DEPTH(SLOTS - PIPELINE)) delay_previous (
            .clk(clk), .rst(rst), .en(en), .in_data(sum), .out_data(previous)
        );
        assign sweep = rounded;
    end else begin : g_rounded
        // Cycles of the product, and of what is before it
        localparam STAGES = PIPELINE > 2 ? PIPELINE - 2 : PIPELINE - 1, FRONT = PIPELINE < 3 ? 1 : 0;
        wire signed [COEF_W-1:0] factor;
        wire signed [SWEEP_W-1:0] previous, value;
        wire [SUM_W-1:0] product_part, beside;

        lmu_delay #(.WIDTH(COEF_W), .DEPTH(FRONT)) delay_factor (
            .clk(clk), .rst(1'b0), .en(en), .in_data(coef), .out_data(factor)
        );
        lmu_delay #(.WIDTH(SUM_W), .DEPTH(FRONT)) delay_x (
            .clk(clk), .rst(1'b0), .en(en), .in_data(x_part), .out_data(beside)
        );
        if (PIPELINE == 3 && SWEEP_W > PIECE) begin : g_parts
            // The products of two parts of the value, each for one multiplier, which are added with x
            localparam LOW_W = SWEEP_W - PIECE;
            wire signed [PIECE-1:0] value_upper = previous[SWEEP_W-1:LOW_W];
            wire signed [LOW_W:0] value_lower = {1'b0, previous[LOW_W-1:0]};
            reg signed [COEF_W+PIECE-1:0] upper_q;
            reg signed [COEF_W+LOW_W:0] lower_q;
            wire [SUM_W-1:0] upper_part, lower_part;
            always @(posedge clk) if (en) begin
                upper_q <= factor * value_upper;
                lower_q <= factor * value_lower;
            end
            lmu_align #(.IN_W(COEF_W + PIECE), .SHIFT(SUM_F - LOOP_F + LOW_W), .OUT_W(SUM_W)) align_upper (
                .in_data(upper_q), .out_data(upper_part)
            );
            lmu_align #(.IN_W(COEF_W + LOW_W + 1), .SHIFT(SUM_F - LOOP_F), .OUT_W(SUM_W)) align_lower (
                .in_data(lower_q), .out_data(lower_part)
            );
            assign product_part = upper_part + lower_part;
        end else begin : g_product
            wire [LOOP_W-1:0] product;
            lmu_product #(.A_W(COEF_W), .B_W(SWEEP_W), .STAGES(STAGES)) coef_previous (
                .clk(clk), .en(en), .a(factor), .b(previous), .product(product)
            );
            lmu_align #(.IN_W(LOOP_W), .SHIFT(SUM_F - LOOP_F), .OUT_W(SUM_W)) align_product (
                .in_data(product), .out_data(product_part)
            );
        end
        lmu_delay #(.WIDTH(SUM_W), .DEPTH(1 - FRONT)) delay_sum (
            .clk(clk), .rst(1'b0), .en(en), .in_data(product_part + beside), .out_data(sum)
        );
        lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(1)) delay_value (
            .clk(clk), .rst(rst), .en(en && kept), .in_data(rounded), .out_data(value)
        );
        lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(SLOTS - PIPELINE)) delay_previous (
            .clk(clk), .rst(rst), .en(en), .in_data(value), .out_data(previous)
        );
        assign sweep = value;
    end

`ifdef FORMAL
    // The equation of the header on what came in, as one expression
    localparam F_W = 2 * SUM_W + 2, F_LATENCY = 2, F_LATE = PIPELINE / 2;
    localparam F_HALF = ADDED != 0 ? SUM_F - SWEEP_F - 1 : 0;
    reg f_past_q = 1'b0;
    wire f_valid, f_clipped;
    wire signed [COEF_W-1:0] f_coef;
    wire signed [X_W-1:0] f_x;
    wire signed [SWEEP_W-1:0] f_before, f_sweep;
    wire signed [F_W-1:0] f_x_part = f_x;
    wire signed [F_W-1:0] f_product = f_coef * f_before;
    wire signed [F_W-1:0] f_half = {{(F_W - 1) {1'b0}}, ADDED != 0} << F_HALF;
    always @(posedge clk) f_past_q <= 1'b1;
    // A coefficient that comes before its x comes after rst, too
    wire f_open;
    always @* if (!f_past_q) assume (rst);
    always @* if (f_past_q && !f_open) assume (!valid);

    lmu_delay #(.WIDTH(1), .DEPTH(F_LATE)) f_delay_open (
        .clk(clk), .rst(rst), .en(en), .in_data(1'b1), .out_data(f_open)
    );
    lmu_delay #(.WIDTH(1), .DEPTH(F_LATENCY)) f_delay_valid (
        .clk(clk), .rst(rst), .en(en), .in_data(valid), .out_data(f_valid)
    );
    lmu_delay #(.WIDTH(X_W), .DEPTH(F_LATENCY)) f_delay_x (.clk(clk), .rst(1'b0), .en(en), .in_data(x), .out_data(f_x));
    lmu_delay #(.WIDTH(COEF_W), .DEPTH(F_LATENCY + F_LATE)) f_delay_coef (
        .clk(clk), .rst(1'b0), .en(en), .in_data(coef), .out_data(f_coef)
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(SLOTS)) f_delay_before (
        .clk(clk), .rst(rst), .en(en), .in_data(sweep), .out_data(f_before)
    );
    lmu_round_sat #(.IN_W(F_W), .IN_F(SUM_F), .OUT_TYPE(SWEEP_TYPE)) f_round_sweep (
        .in_data((f_product <<< (SUM_F - LOOP_F)) + (f_x_part <<< (SUM_F - X_F)) - f_half), .out_data(f_sweep),
        .clipped(f_clipped)
    );

    always @* if (f_past_q && !rst && f_valid) begin
        sweep_exact : assert (sweep == f_sweep);
        reach_product : cover (sweep != 0 && f_before != 0 && f_coef != 0 && f_x == 0);
        reach_clipped : cover (OVERFLOW != 1 || f_clipped);
    end
`endif
endmodule
`default_nettype wire
