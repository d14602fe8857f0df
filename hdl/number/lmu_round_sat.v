// SPDX-License-Identifier: Apache-2.0
// Assigns a signed fixed-point value to another fixed-point type: one rounding, then one overflow step.
//
//   out = overflow(round(in * 2**(OUT_F - IN_F)))            combinational, no clock
//
// The modes mean what ap_fixed means by them. This is the only module that drops bits of a value.
//
//   A type is one number in all modules, X_TYPE = 32'hOR_FFFF_WW: overflow mode O, rounding mode R, fraction bits F
//   (16 bits, signed: they may be negative or exceed W), bits W (1 or more). So 32'h16_000e_10 is fixed<16,2> with
//   RND_CONV and SAT, ap_fixed's W = 16, I = W - F = 2. Headers say X_W and X_F for its W and F. The modes count only
//   where a value is assigned to X; 32'h00 is there where they do not. TYPE + 1 has a bit more on the left.
//
//   R  0 TRN          toward minus infinity            4 RND_INF      nearest, ties away from zero
//      1 TRN_ZERO     toward zero                      5 RND_MIN_INF  nearest, ties toward minus infinity
//      2 RND          nearest, ties toward plus inf.   6 RND_CONV     nearest, ties to even
//      3 RND_ZERO     nearest, ties toward zero
//   O  0 WRAP         keep the low bits                2 SAT_ZERO     zero
//      1 SAT          the nearest value that fits      3 SAT_SYM      as SAT, lowest value -(2**(W-1) - 1)
//
//   Signal      Width   Direction   Format
//   in_data     IN_W    in          signed, IN_F fraction bits
//   out_data    OUT_W   out         signed, OUT_F fraction bits
//   clipped     1       out         the rounded value is outside the range of OUT_W bits
//
//   Cycles
//   latency = 0     combinational

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_round_sat #(
    // Bits of the input, 1 or more
    parameter integer IN_W = 40,
    // Fraction bits of the input; may be negative or exceed IN_W
    parameter integer IN_F = 30,
    // Type of the output, packed as above
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // 1: half an LSB of the output has been added to in_data; only for RND and RND_CONV, 2 bits or more, of which some
    // are dropped
    parameter integer ADDED = 0
) (
    input wire signed [IN_W-1:0] in_data,
    output wire signed [OUT_TYPE%256-1:0] out_data,
    output wire clipped
);

    localparam integer OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16;
    localparam integer ROUNDING = (OUT_TYPE >> 24) % 16, OVERFLOW = OUT_TYPE >> 28;
    localparam TRN = 0, TRN_ZERO = 1, RND = 2, RND_ZERO = 3, RND_INF = 4, RND_MIN_INF = 5, RND_CONV = 6;
    localparam WRAP = 0, SAT = 1, SAT_ZERO = 2, SAT_SYM = 3;
    // Bits dropped at the right, and zeros added there when the output is the finer one
    localparam SHIFT = IN_F - OUT_F, DROP = SHIFT > 0 ? SHIFT : 0, PAD = SHIFT < 0 ? -SHIFT : 0;
    // Bits left of the dropped ones, and those of a value that has some above the output's
    localparam FLOOR_W = IN_W > DROP ? IN_W - DROP + PAD : 1, WIDE_W = (FLOOR_W > OUT_W ? FLOOR_W : OUT_W) + 1;

    if (IN_W < 1 || OUT_W < 1) begin : g_check_width PARAM_ERROR_widths_must_be_at_least_1 check ();
    end else if (ROUNDING < TRN || ROUNDING > RND_CONV) begin : g_check_rounding
        PARAM_ERROR_rounding_must_be_0_to_6 check ();
    end else if (OVERFLOW < WRAP || OVERFLOW > SAT_SYM) begin : g_check_overflow
        PARAM_ERROR_overflow_must_be_0_to_3 check ();
    end else if (ADDED != 0 && (DROP == 0 || OUT_W < 2 || (ROUNDING != RND && ROUNDING != RND_CONV))) begin : g_check_added
        PARAM_ERROR_half_is_added_for_rnd_and_rnd_conv_only check ();
    end

    wire signed [WIDE_W-1:0] floor;  // with the output's fraction bits, toward minus infinity
    wire negative = in_data[IN_W-1];
    wire half, below;  // of the dropped bits: the highest, and whether there is another one
    reg up;  // one more

    if (DROP == 0) begin : g_exact
        assign floor = {{(WIDE_W - IN_W) {negative}}, in_data} <<< PAD;
        assign {half, below} = 2'b00;
    end else begin : g_round
        localparam EXTENSION = FLOOR_W + DROP - IN_W;  // not 0 where all bits are dropped
        wire [FLOOR_W+DROP-1:0] full = {{EXTENSION{negative}}, in_data};
        wire [DROP:0] rest = {full[DROP-1:0], 1'b0};
        assign floor = {{(WIDE_W - FLOOR_W) {negative}}, full[FLOOR_W+DROP-1:DROP]};
        assign half = rest[DROP];
        assign below = |rest[DROP-1:0];
    end

    always @* begin
        case (ADDED != 0 ? TRN : ROUNDING)
            TRN_ZERO:    up = negative && (half || below);
            RND:         up = half;
            RND_ZERO:    up = half && (below || negative);
            RND_INF:     up = half && (below || !negative);
            RND_MIN_INF: up = half && below;
            RND_CONV:    up = half && (OUT_W > 1 || below || floor[0]);  // the sum does not wait for the lower bits
            default:     up = 1'b0;
        endcase
    end

    // Whether the sum floor + up fits is known beside it: its upper bits are those of floor, and a carry into them
    // where all below are ones
    localparam [OUT_W-1:0] ONE = 1, LOWEST = ONE << (OUT_W - 1), HIGHEST = ~LOWEST;
    wire [WIDE_W-OUT_W:0] top = floor[WIDE_W-1:OUT_W-1];
    wire carry = up && (floor[OUT_W-1:0] | LOWEST) == {OUT_W{1'b1}};
    wire fits = &top[WIDE_W-OUT_W:1] ? top[0] || carry : ~|top && !carry;
    wire [OUT_W-1:0] sum = floor[OUT_W-1:0] + {{(OUT_W - 1) {1'b0}}, up};
    wire even = ROUNDING == RND_CONV && (ADDED != 0 ? !half : half) && !below;  // a tie, rounded up: its lowest bit becomes zero
    wire [OUT_W-1:0] low = sum & ~{{(OUT_W - 1) {1'b0}}, even};
    wire [OUT_W-1:0] bound = negative ? (OVERFLOW == SAT ? LOWEST : LOWEST + ONE) : HIGHEST;
    reg [OUT_W-1:0] result;
    assign out_data = result;
    assign clipped = !fits;

    always @* begin
        result = low;
        case (OVERFLOW)
            SAT:      if (!fits) result = bound;
            SAT_ZERO: if (!fits) result = {OUT_W{1'b0}};
            SAT_SYM:  if (!fits || low == LOWEST) result = bound;
            default:  result = low;
        endcase
    end

endmodule
`default_nettype wire
