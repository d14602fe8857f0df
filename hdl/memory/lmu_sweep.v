// SPDX-License-Identifier: Apache-2.0
// One sweep of a tridiagonal system: a recurrence over the degrees of CHANNELS channels that take turns.
//
//   sweep = round(coef * sweep' + x)          sweep' = that of CHANNELS cycles before; exact sum, in SWEEP_*
//
// The first degree of a channel has coef = 0.
//
//   Signal     Width     Direction   Description
//   clk, rst   1         in          rising edge; rst is synchronous, active high: the next sweep' is 0
//   en         1         in          0 freezes all stages
//   valid      1         in          coef and x belong to a degree; what follows them is kept
//   coef       COEF_W    in          signed
//   x          X_W       in          signed, X_F fraction bits
//   sweep      SWEEP_W   out         PIPELINE cycles after coef and x
//
//   Cycles (those with en = 1)
//   latency = PIPELINE     from x to sweep
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_sweep #(
    // Channels, PIPELINE or more
    parameter integer CHANNELS = 1,
    // Cycles of the recurrence: 1 all in one, 2 product | sum and rounding, 3 product | sum | rounding
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat, of the coefficient and of the sweep; bits of x, and fraction bits
    parameter integer COEF_TYPE = 32'h00_000f_10, SWEEP_TYPE = 32'h16_0011_13, X_W = 34, X_F = 32
) (
    input wire clk, rst, en,
    input wire valid,
    input wire signed [COEF_TYPE%256-1:0] coef,
    input wire [X_W-1:0] x,
    output wire signed [SWEEP_TYPE%256-1:0] sweep
);

    localparam integer COEF_W = COEF_TYPE % 256, COEF_F = (COEF_TYPE <<< 8) >>> 16;
    localparam integer SWEEP_W = SWEEP_TYPE % 256, SWEEP_F = (SWEEP_TYPE <<< 8) >>> 16;
    localparam LOOP_W = COEF_W + SWEEP_W, LOOP_F = COEF_F + SWEEP_F, SUM_F = X_F > LOOP_F ? X_F : LOOP_F;
    localparam SUM_W = 1 + (X_W + SUM_F - X_F > LOOP_W + SUM_F - LOOP_F ? X_W + SUM_F - X_F : LOOP_W + SUM_F - LOOP_F);

    if (PIPELINE < 1 || PIPELINE > 3) begin : g_check_pipeline PARAM_ERROR_pipeline_must_be_1_to_3 check ();
    end else if (PIPELINE > CHANNELS) begin : g_check_channels PARAM_ERROR_pipeline_must_not_exceed_channels check ();
    end

    wire signed [SWEEP_W-1:0] previous;
    wire signed [LOOP_W-1:0] loop_d = coef * previous;
    wire [LOOP_W-1:0] loop;
    wire [X_W-1:0] beside;
    wire [SUM_W-1:0] loop_part, x_part, sum;
    wire [SWEEP_W-1:0] sweep_d;
    wire unused_clipped, kept;

    lmu_delay #(.WIDTH(LOOP_W + X_W), .DEPTH(PIPELINE > 1 ? 1 : 0)) delay_loop (
        .clk(clk), .rst(1'b0), .en(en), .in_data({loop_d, x}), .out_data({loop, beside})
    );
    lmu_align #(.IN_W(LOOP_W), .SHIFT(SUM_F - LOOP_F), .OUT_W(SUM_W)) align_loop (.in_data(loop), .out_data(loop_part));
    lmu_align #(.IN_W(X_W), .SHIFT(SUM_F - X_F), .OUT_W(SUM_W)) align_x (.in_data(beside), .out_data(x_part));
    lmu_delay #(.WIDTH(SUM_W), .DEPTH(PIPELINE > 2 ? 1 : 0)) delay_sum (
        .clk(clk), .rst(1'b0), .en(en), .in_data(loop_part + x_part), .out_data(sum)
    );
    lmu_round_sat #(.IN_W(SUM_W), .IN_F(SUM_F), .OUT_TYPE(SWEEP_TYPE)) round_sweep (
        .in_data(sum), .out_data(sweep_d), .clipped(unused_clipped)
    );

    // rst and valid keep unknown values out: a sweep starts with what is here times 0
    lmu_delay #(.WIDTH(1), .DEPTH(PIPELINE - 1)) delay_valid (
        .clk(clk), .rst(rst), .en(en), .in_data(valid), .out_data(kept)
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(1)) delay_sweep (
        .clk(clk), .rst(rst), .en(en && kept), .in_data(sweep_d), .out_data(sweep)
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(CHANNELS - PIPELINE)) delay_previous (
        .clk(clk), .rst(rst), .en(en), .in_data(sweep), .out_data(previous)
    );

`ifdef FORMAL
    // The equation of the header on what came in PIPELINE cycles ago, as one expression
    localparam F_W = 2 * SUM_W + 2;
    reg f_past_q = 1'b0;
    wire f_valid, f_clipped;
    wire signed [COEF_W-1:0] f_coef;
    wire signed [X_W-1:0] f_x;
    wire signed [SWEEP_W-1:0] f_before, f_sweep;
    wire signed [F_W-1:0] f_x_part = f_x;
    wire signed [F_W-1:0] f_product = f_coef * f_before;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    lmu_delay #(.WIDTH(1), .DEPTH(PIPELINE)) f_delay_valid (
        .clk(clk), .rst(rst), .en(en), .in_data(valid), .out_data(f_valid)
    );
    lmu_delay #(.WIDTH(COEF_W + X_W), .DEPTH(PIPELINE)) f_delay_read (
        .clk(clk), .rst(1'b0), .en(en), .in_data({coef, x}), .out_data({f_coef, f_x})
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(CHANNELS)) f_delay_before (
        .clk(clk), .rst(rst), .en(en), .in_data(sweep), .out_data(f_before)
    );
    lmu_round_sat #(.IN_W(F_W), .IN_F(SUM_F), .OUT_TYPE(SWEEP_TYPE)) f_round_sweep (
        .in_data((f_product <<< (SUM_F - LOOP_F)) + (f_x_part <<< (SUM_F - X_F))), .out_data(f_sweep),
        .clipped(f_clipped)
    );

    always @* if (f_past_q && !rst && f_valid) begin
        sweep_exact : assert (sweep == f_sweep);
        reach_product : cover (sweep != 0 && f_before != 0 && f_coef != 0 && f_x == 0);
    end
`endif
endmodule
`default_nettype wire
