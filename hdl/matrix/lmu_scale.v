// SPDX-License-Identifier: Apache-2.0
// A factor and an offset for each value of a step: an affine map whose matrix is diagonal.
//
//   out_k = assign(a_k * x_k + c_k * 2**BIAS_SHIFT)           exact sum, one rounding and one overflow step; k = 0..N-1
//
// With RECTIFY = 1 the sum is x_k * 2**ONE_SHIFT where x_k > THRESHOLD, and with HAS_MOST = 1 no more than
// MOST * 2**MOST_SHIFT.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat is x_0
//   s_axis_tdata   IN_W    in          x, signed, N beats a step
//   s_axis_tlast   1       in          passed on
//   m_axis_tdata   OUT_W   out         out, signed, OUT_F fraction bits, N beats a step
//   m_axis_tlast   1       out
//   m_axis_tuser   1       out         this value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 6 + MORE + HAS_MOST    from an input beat to its output beat
//   MORE    = stages of a product that lmu_mac cuts: 0 where no factor is wider than 18 bits
//   ii      = N                      from one step to the next, one value a cycle
//
// One multiplier. All stages stop while an output beat is not taken.
//
// ROM_FILE has N words (2 at least) of BIAS_W + COEF_W bits: c_k above a_k.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_scale #(
    // Values of a step, 1 or more
    parameter integer N = 8,
    // Bits of x, and of a factor
    parameter integer IN_W = 16, COEF_W = 16,
    // Bits of the sum, COEF_W + IN_W or more, and enough for every sum and the shifted offset; its fraction bits
    parameter integer ACC_W = 33, ACC_F = 24,
    // Bits of an offset, and its additional fraction bits, 0 or more
    parameter integer BIAS_W = 16, BIAS_SHIFT = 12,
    // 1: x is handed on above THRESHOLD, with so many additional fraction bits; COEF_W is then ONE_SHIFT + 2 or more
    parameter integer RECTIFY = 0, THRESHOLD = 0, ONE_SHIFT = 0,
    // 1: no more than MOST, 0 or more, with so many additional fraction bits; ACC_W holds it
    parameter integer HAS_MOST = 0, MOST = 0, MOST_SHIFT = 0,
    // Type, as in lmu_round_sat, of the output
    parameter integer OUT_TYPE = 32'h16_000c_10,
    // Factors and offsets, read by $readmemh
    parameter ROM_FILE = "lmu_scale.hex"
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [OUT_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer OUT_W = OUT_TYPE % 256;
    localparam DEPTH = N > 1 ? N : 2, PLACE_W = $clog2(DEPTH), PRODUCT_W = COEF_W + IN_W;
    localparam MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (IN_W - 2) / 17));  // as in lmu_mac
    localparam SUM = 5 + MORE, STAGES = SUM + (HAS_MOST != 0 ? 2 : 1);  // a beat is in the sum, and at the output

    if (N < 1) begin : g_check_n PARAM_ERROR_n_must_be_at_least_1 check ();
    end else if (IN_W < 1 || COEF_W < 1 || BIAS_W < 1 || BIAS_SHIFT < 0) begin : g_check_sizes
        PARAM_ERROR_widths_must_be_at_least_1_and_bias_shift_0 check ();
    end else if (RECTIFY != 0 && COEF_W < ONE_SHIFT + 2) begin : g_check_one
        PARAM_ERROR_a_factor_must_hold_one check ();
    end else if (ACC_W < PRODUCT_W || ACC_W < BIAS_W + BIAS_SHIFT) begin : g_check_sum
        PARAM_ERROR_the_sum_must_hold_a_product_and_an_offset check ();
    end

    // Control: a beat moves through the stages
    reg [STAGES:1] valid_q, last_q;  // the oldest beat in the highest bit
    reg [PLACE_W-1:0] place_q;  // of the next x
    wire run = m_axis_tready || !valid_q[STAGES];
    wire accept = s_axis_tvalid && run;
    wire last_place = {1'b0, place_q} == N[PLACE_W:0] - 1'b1;
    assign s_axis_tready = run;
    assign m_axis_tvalid = valid_q[STAGES];
    assign m_axis_tlast = last_q[STAGES];

    always @(posedge clk) begin
        if (run) begin
            valid_q <= {valid_q[STAGES-1:1], s_axis_tvalid};
            last_q <= {last_q[STAGES-1:1], s_axis_tlast};
        end
        if (accept) place_q <= last_place ? {PLACE_W{1'b0}} : place_q + 1'b1;
        if (rst) {valid_q, place_q} <= 0;
    end

    // Data: what is read (1), its registers (2), operands (3), product (4), between these where the product is cut, sum,
    // limited sum, rounded value
    wire [BIAS_W+COEF_W-1:0] word;
    reg [BIAS_W+COEF_W-1:0] word_q;
    reg signed [IN_W-1:0] x1_q, x_q;
    wire above, above1;
    wire signed [COEF_W-1:0] coef = above ? {{(COEF_W - 1) {1'b0}}, 1'b1} << ONE_SHIFT : word_q[COEF_W-1:0];
    wire [BIAS_W-1:0] own = above ? {BIAS_W{1'b0}} : word_q[COEF_W+:BIAS_W];
    wire [BIAS_W-1:0] offset;
    wire signed [ACC_W-1:0] base = {{(ACC_W - BIAS_W) {offset[BIAS_W-1]}}, offset} <<< BIAS_SHIFT;
    wire signed [ACC_W-1:0] sum, limited;
    wire [OUT_W-1:0] out;
    wire clipped;

    if (RECTIFY != 0) begin : g_rectify
        localparam signed [31:0] LEVEL = THRESHOLD;
        localparam LEVEL_W = IN_W > 32 ? IN_W : 32;
        wire signed [LEVEL_W-1:0] wide;
        lmu_align #(.IN_W(IN_W), .SHIFT(0), .OUT_W(LEVEL_W)) widen (.in_data(x1_q), .out_data(wide));
        assign above1 = wide > LEVEL;
    end else begin : g_linear
        assign above1 = 1'b0;
    end

    // A register where there is something to choose
    if (RECTIFY != 0) begin : g_above
        reg above_q;
        assign above = above_q;
        always @(posedge clk) if (run) above_q <= above1;
    end else begin : g_never
        assign above = above1;
    end

    if (HAS_MOST != 0) begin : g_most
        localparam signed [31:0] HIGHEST = MOST;
        localparam MOST_W = ACC_W > 32 + MOST_SHIFT ? ACC_W : 32 + MOST_SHIFT;
        wire signed [MOST_W-1:0] most, wide;
        lmu_align #(.IN_W(32), .SHIFT(MOST_SHIFT), .OUT_W(MOST_W)) align_most (.in_data(HIGHEST), .out_data(most));
        lmu_align #(.IN_W(ACC_W), .SHIFT(0), .OUT_W(MOST_W)) widen (.in_data(sum), .out_data(wide));
        reg signed [ACC_W-1:0] limited_q;
        assign limited = limited_q;
        always @(posedge clk) if (run) limited_q <= wide > most ? most[ACC_W-1:0] : sum;
    end else begin : g_no_most
        assign limited = sum;
    end

    lmu_rom #(.WIDTH(BIAS_W + COEF_W), .DEPTH(DEPTH), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(run), .rd_addr(place_q), .rd_data(word)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(ACC_F), .OUT_TYPE(OUT_TYPE)) to_out (
        .in_data(limited), .out_data(out), .clipped(clipped)
    );

    lmu_delay #(.WIDTH(BIAS_W), .DEPTH(MORE + 2)) with_product (
        .clk(clk), .rst(1'b0), .en(run), .in_data(own), .out_data(offset)
    );
    lmu_mac #(.COEF_W(COEF_W), .OP_W(IN_W), .ACC_W(ACC_W), .HAS_BASE(1)) mac (
        .clk(clk), .en(run), .add(run), .first(1'b1), .coef(coef), .operand(x_q), .base(base), .acc(sum)
    );

    always @(posedge clk) if (run) begin
        x1_q <= s_axis_tdata;
        x_q <= x1_q;
        word_q <= word;
        m_axis_tdata <= out;
        m_axis_tuser <= clipped;
    end

`ifdef FORMAL
    wire [STAGES:1] f_inside;
    f_pipe #(.S_W(IN_W), .M_W(OUT_W + 1), .LATENCY(STAGES)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .inside(f_inside)
    );

    // Each value meets the factor and the offset of its place in the step, which are always the same
    localparam integer OUT_F = (OUT_TYPE <<< 8) >>> 16, OVERFLOW = OUT_TYPE >> 28;
    localparam F_SAME = ACC_W == OUT_W && ACC_F == OUT_F && OVERFLOW != 3;
    wire [PLACE_W-1:0] f_any = $anyconst;  // a place
    reg [PLACE_W-1:0] f_place_q, f_place1_q;  // of the next x, and of the x whose word is read
    reg f_seen_q;
    reg [BIAS_W+COEF_W-1:0] f_word_q;  // what was there when that place was seen
    reg signed [IN_W-1:0] f_x1_q;
    reg signed [ACC_W-1:0] f_exact_q[2:STAGES], f_given_q;
    wire f_here = valid_q[1] && f_place1_q == f_any;
    wire signed [BIAS_W-1:0] f_offset = word[COEF_W+:BIAS_W];
    wire signed [COEF_W-1:0] f_coef = word[COEF_W-1:0];
    wire signed [ACC_W-1:0] f_one = f_x1_q, f_most = MOST * (1 << MOST_SHIFT);
    wire signed [ACC_W-1:0] f_last = f_exact_q[STAGES-1], f_limited = HAS_MOST != 0 && f_last > f_most ? f_most : f_last;
    wire f_above = RECTIFY != 0 && f_x1_q > THRESHOLD;
    integer f;
    always @(posedge clk) begin
        if (run) begin
            f_place1_q <= f_place_q;
            f_x1_q <= s_axis_tdata;
            f_exact_q[2] <= f_above ? f_one <<< ONE_SHIFT : f_coef * f_x1_q + (f_offset <<< BIAS_SHIFT);
            for (f = 2; f < STAGES; f = f + 1) f_exact_q[f+1] <= f_exact_q[f];
            f_given_q <= f_limited;
        end
        if (f_here) f_word_q <= word;
        f_seen_q <= !rst && (f_seen_q || f_here);
        if (s_axis_tvalid && s_axis_tready) f_place_q <= f_place_q == N - 1 ? 0 : f_place_q + 1;
        if (rst) f_place_q <= 0;
    end

    always @* if (!rst) begin
        stages_in_place : assert (valid_q == f_inside);
        place_in_step : assert (f_place_q < N);
        if (f_here && f_seen_q) word_of_place : assert (word == f_word_q);
        if (valid_q[SUM]) sum_exact : assert (sum == f_exact_q[SUM]);
        if (valid_q[STAGES-1]) limited_exact : assert (limited == f_limited);
        if (valid_q[STAGES] && F_SAME) value_exact : assert (m_axis_tdata == f_given_q && !m_axis_tuser);
        reach_flow : cover (&f_inside && m_axis_tready && s_axis_tvalid && m_axis_tlast && f_place_q == N - 1);
        reach_stall : cover (&f_inside && !s_axis_tready);
    end
`endif
endmodule
`default_nettype wire
