// SPDX-License-Identifier: Apache-2.0
// A signed product in as many cycles as its clock needs.
//
//   product(t+STAGES) = a(t) * b(t)      t counts cycles with en = 1
//
//   STAGES  0  combinational
//           1  the product in registers
//           2  factors | product; where a factor has more than PIECE bits, products of its upper PIECE bits and of the
//              rest | their sum
//
//   Signal    Width     Direction   Description
//   clk       1         in          rising edge
//   en        1         in          0 freezes all stages
//   a, b      A_W, B_W  in          signed
//   product   A_W+B_W   out         signed
//
//   Cycles
//   latency = STAGES     in cycles with en = 1
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_product #(
    // Bits of the factors
    parameter integer A_W = 19, B_W = 16,
    // Cycles, 0 to 2
    parameter integer STAGES = 1,
    // Bits of a signed factor of one multiplier
    parameter integer PIECE = 18
) (
    input wire clk, en,
    input wire signed [A_W-1:0] a,
    input wire signed [B_W-1:0] b,
    output wire signed [A_W+B_W-1:0] product
);

    localparam A_LOW = A_W > PIECE ? A_W - PIECE : 0, B_LOW = B_W > PIECE ? B_W - PIECE : 0, OUT_W = A_W + B_W;

    if (A_W < 1 || B_W < 1 || PIECE < 1) begin : g_check_widths PARAM_ERROR_widths_must_be_at_least_1 check ();
    end else if (STAGES < 0 || STAGES > 2) begin : g_check_stages PARAM_ERROR_stages_must_be_0_to_2 check ();
    end

    if (STAGES == 0) begin : g_wire
        wire unused = &{1'b0, clk, en};
        assign product = a * b;
    end else if (STAGES == 1) begin : g_product
        reg signed [OUT_W-1:0] product_q;
        assign product = product_q;

        always @(posedge clk) if (en) product_q <= a * b;
    end else if (A_LOW == 0 && B_LOW == 0) begin : g_factors
        reg signed [A_W-1:0] a_q;
        reg signed [B_W-1:0] b_q;
        reg signed [OUT_W-1:0] product_q;
        assign product = product_q;

        always @(posedge clk) if (en) begin
            {a_q, b_q} <= {a, b};
            product_q <= a_q * b_q;
        end
    end else begin : g_pieces
        // The lower parts are not negative; one that has no bits is 0
        wire signed [A_W-A_LOW-1:0] a_high = a[A_W-1:A_LOW];
        wire signed [B_W-B_LOW-1:0] b_high = b[B_W-1:B_LOW];
        wire [A_W-1:0] a_rest = a & ~({A_W{1'b1}} << A_LOW);
        wire [B_W-1:0] b_rest = b & ~({B_W{1'b1}} << B_LOW);
        wire signed [A_LOW:0] a_low = a_rest[A_LOW:0];
        wire signed [B_LOW:0] b_low = b_rest[B_LOW:0];
        wire unused_rest = &{1'b0, a_rest, b_rest};
        reg signed [OUT_W-A_LOW-B_LOW-1:0] high_q;
        reg signed [B_W-B_LOW+A_LOW:0] a_low_q;  // the lower part of a with the upper one of b
        reg signed [A_W-A_LOW+B_LOW:0] b_low_q;
        reg signed [A_LOW+B_LOW+1:0] low_q;
        reg signed [OUT_W-1:0] product_q;
        // Products of both lower and both upper parts lie side by side
        wire signed [OUT_W-1:0] outer;
        wire signed [OUT_W-1:0] inner_a, inner_b;
        assign product = product_q;

        lmu_align #(.IN_W(B_W - B_LOW + A_LOW + 1), .SHIFT(B_LOW), .OUT_W(OUT_W)) align_a (
            .in_data(a_low_q), .out_data(inner_a)
        );
        lmu_align #(.IN_W(A_W - A_LOW + B_LOW + 1), .SHIFT(A_LOW), .OUT_W(OUT_W)) align_b (
            .in_data(b_low_q), .out_data(inner_b)
        );

        if (A_LOW > 0 && B_LOW > 0) begin : g_both
            wire [1:0] unused = low_q[A_LOW+B_LOW+1:A_LOW+B_LOW];
            assign outer = {high_q, low_q[A_LOW+B_LOW-1:0]};
        end else begin : g_one
            wire unused = &{1'b0, low_q};
            assign outer = {high_q, {(A_LOW + B_LOW) {1'b0}}};
        end

        always @(posedge clk) if (en) begin
            high_q <= a_high * b_high;
            a_low_q <= a_low * b_high;
            b_low_q <= b_low * a_high;
            low_q <= a_low * b_low;
            product_q <= outer + inner_a + inner_b;
        end
    end

`ifdef FORMAL
    wire signed [A_W-1:0] f_a;
    wire signed [B_W-1:0] f_b;
    wire signed [OUT_W-1:0] f_product = f_a * f_b;
    wire f_full;
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;

    lmu_delay #(.WIDTH(A_W + B_W), .DEPTH(STAGES)) f_delay_factors (
        .clk(clk), .rst(1'b0), .en(en), .in_data({a, b}), .out_data({f_a, f_b})
    );
    lmu_delay #(.WIDTH(1), .DEPTH(STAGES)) f_delay_full (
        .clk(clk), .rst(!f_past_q), .en(en), .in_data(f_past_q), .out_data(f_full)
    );

    always @* if (f_past_q && f_full) begin
        product_exact : assert (product == f_product);
        reach_product : cover (f_a < -1 && f_b < -1);
    end
`endif
endmodule
`default_nettype wire
