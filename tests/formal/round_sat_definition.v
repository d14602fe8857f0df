// lmu_round_sat with every pair of modes for one pair of formats, against the definition by sign and magnitude.

`default_nettype none

module round_sat_definition #(
    parameter integer IN_W = 8,
    parameter integer OUT_W = 4,
    // Fraction bits of the input less those of the output
    parameter integer SHIFT = 3
) (
    input wire signed [IN_W-1:0] in_data
);

    localparam DROP = SHIFT > 0 ? SHIFT : 0;
    localparam PAD = SHIFT < 0 ? -SHIFT : 0;
    // Nothing leaves this width: the input in LSBs of the finer one of the two formats, and either end of the output
    localparam WIDE_W = (IN_W + PAD > OUT_W + DROP ? IN_W + PAD : OUT_W + DROP) + 2;
    localparam signed [WIDE_W-1:0] ONE = 1;
    localparam signed [WIDE_W-1:0] LSB = ONE <<< DROP;
    localparam signed [WIDE_W-1:0] MAX = (ONE <<< (OUT_W - 1)) - ONE;
    localparam signed [WIDE_W-1:0] MIN = -(ONE <<< (OUT_W - 1));

    wire signed [WIDE_W-1:0] exact = in_data <<< PAD;
    wire minus = exact < 0;
    wire signed [WIDE_W-1:0] size = minus ? -exact : exact;
    wire signed [WIDE_W-1:0] whole = size >>> DROP;
    wire signed [WIDE_W-1:0] twice = (size - (whole <<< DROP)) <<< 1;  // twice what whole leaves over
    wire tie = twice == LSB;
    wire more = twice > LSB;
    // Whether the size is rounded up, for TRN, TRN_ZERO, RND, RND_ZERO, RND_INF, RND_MIN_INF, RND_CONV
    wire [6:0] away = {
        more || (tie && whole[0]),
        more || (tie && minus),
        more || tie,
        more,
        more || (tie && !minus),
        1'b0,
        minus && twice != 0
    };

    wire [27:0] equal;

    always @* equals_definition : assert (&equal);

    genvar r, v;
    generate
        for (r = 0; r < 7; r = r + 1) begin : g_rounding
            wire signed [WIDE_W-1:0] size_r = away[r] ? whole + ONE : whole;
            wire signed [WIDE_W-1:0] rounded = minus ? -size_r : size_r;
            wire above = rounded > MAX;
            wire below = rounded < MIN;
            wire signed [WIDE_W-1:0] sat = above ? MAX : below ? MIN : rounded;
            wire [WIDE_W-1:0] zero = above || below ? {WIDE_W{1'b0}} : rounded;
            wire [WIDE_W-1:0] sym = sat < -MAX ? -MAX : sat;
            // WRAP, SAT, SAT_ZERO, SAT_SYM
            wire [4*OUT_W-1:0] results = {sym[OUT_W-1:0], zero[OUT_W-1:0], sat[OUT_W-1:0], rounded[OUT_W-1:0]};

            for (v = 0; v < 4; v = v + 1) begin : g_overflow
                wire [OUT_W-1:0] out_data;
                wire clipped;

                lmu_round_sat #(
                    .IN_W(IN_W), .IN_F(SHIFT), .OUT_TYPE((v << 28) + (r << 24) + OUT_W)
                ) unit (
                    .in_data(in_data),
                    .out_data(out_data),
                    .clipped(clipped)
                );

                assign equal[4*r+v] = out_data == results[v*OUT_W+:OUT_W] && clipped == (above || below);
            end
        end
    endgenerate

endmodule

`default_nettype wire
