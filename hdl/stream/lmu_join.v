// SPDX-License-Identifier: Apache-2.0
// Puts the vectors of up to three streams side by side, a whole vector a beat, each value brought to the same number of
// fraction bits: lmu_concat for streams of whole vectors.
//
//   m = {c_k * 2**C_SHIFT, b_j * 2**B_SHIFT, a_i * 2**A_SHIFT}         every step, the first value of a in the low bits
//
// A source is live or a feedback (A_FEEDBACK, ...): a value of the step before, which the first step of a sequence does
// not have. That step has zeros in its place: the first one after rst without taking a beat; any other first one takes
// the beat that the last step of the sequence before has left, and drops it.
//
//   Signal         Width       Direction   Description
//   clk, rst       1           in          rising edge; rst is synchronous, active high; the next step is a first one
//   a_axis_tdata   N_A*A_W     in          signed values, one beat a step. N_A = 0: absent, tie the port off
//   a_axis_tlast   1           in          last beat of the sequence; heeded only in the last live source
//   b_axis_*       N_B*B_W     in          as a
//   c_axis_*       N_C*C_W     in          as a
//   m_axis_tdata   N*OUT_W     out         signed; N = N_A + N_B + N_C values
//   m_axis_tlast   1           out         a_axis_tlast, or that of the last live source
//
//   Cycles
//   latency = 0     combinational
//   ii      = 1
//
// The beats of a step are taken all at once. The step after one with tlast is a first one, unless STREAMING = 1: then only
// rst makes one.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_join #(
    // Values of each source in a step, 0 or more
    parameter integer N_A = 4, N_B = 4, N_C = 8,
    // Bits of a value of each source
    parameter integer A_W = 16, B_W = 16, C_W = 16,
    // Additional fraction bits of each source, 0 or more
    parameter integer A_SHIFT = 0, B_SHIFT = 0, C_SHIFT = 0,
    // 1: the source is a feedback
    parameter integer A_FEEDBACK = 0, B_FEEDBACK = 1, C_FEEDBACK = 1,
    // Bits of a value of the output; it must hold each shifted source
    parameter integer OUT_W = 16,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0
) (
    input wire clk, rst,
    input wire [(N_A>0?N_A:1)*A_W-1:0] a_axis_tdata, input wire a_axis_tvalid, output wire a_axis_tready,
    input wire a_axis_tlast,
    input wire [(N_B>0?N_B:1)*B_W-1:0] b_axis_tdata, input wire b_axis_tvalid, output wire b_axis_tready,
    input wire b_axis_tlast,
    input wire [(N_C>0?N_C:1)*C_W-1:0] c_axis_tdata, input wire c_axis_tvalid, output wire c_axis_tready,
    input wire c_axis_tlast,
    output wire [(N_A+N_B+N_C)*OUT_W-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast
);

    localparam A_LIVE = N_A > 0 && A_FEEDBACK == 0, B_LIVE = N_B > 0 && B_FEEDBACK == 0;
    localparam C_LIVE = N_C > 0 && C_FEEDBACK == 0;

    if (N_A < 0 || N_B < 0 || N_C < 0) begin : g_check_sizes PARAM_ERROR_sizes_must_not_be_negative check ();
    end else if (!A_LIVE && !B_LIVE && !C_LIVE) begin : g_check_live PARAM_ERROR_one_source_must_be_live check ();
    end

    reg started_q;  // a step has gone since rst
    reg fresh_q;  // this is the first step of a sequence
    // In the first step after rst nobody has sent the feedback
    wire a_absent = N_A == 0 || (A_FEEDBACK != 0 && !started_q);
    wire b_absent = N_B == 0 || (B_FEEDBACK != 0 && !started_q);
    wire c_absent = N_C == 0 || (C_FEEDBACK != 0 && !started_q);
    wire take = m_axis_tvalid && m_axis_tready;
    wire unused = &{1'b0, a_axis_tlast, b_axis_tlast, c_axis_tlast, a_axis_tdata, b_axis_tdata, c_axis_tdata};
    assign m_axis_tvalid = (a_absent || a_axis_tvalid) && (b_absent || b_axis_tvalid) && (c_absent || c_axis_tvalid);
    assign m_axis_tlast = C_LIVE ? c_axis_tlast : B_LIVE ? b_axis_tlast : a_axis_tlast;
    assign a_axis_tready = take && !a_absent;
    assign b_axis_tready = take && !b_absent;
    assign c_axis_tready = take && !c_absent;

    always @(posedge clk) begin
        if (take) begin
            started_q <= 1'b1;
            fresh_q <= STREAMING == 0 && m_axis_tlast;
        end
        if (rst) {started_q, fresh_q} <= 2'b01;
    end

    genvar i;
    for (i = 0; i < N_A; i = i + 1) begin : g_a
        wire [OUT_W-1:0] value;
        lmu_align #(.IN_W(A_W), .SHIFT(A_SHIFT), .OUT_W(OUT_W)) align (
            .in_data(a_axis_tdata[i*A_W+:A_W]), .out_data(value)
        );
        assign m_axis_tdata[i*OUT_W+:OUT_W] = A_FEEDBACK != 0 && fresh_q ? {OUT_W{1'b0}} : value;
    end
    for (i = 0; i < N_B; i = i + 1) begin : g_b
        wire [OUT_W-1:0] value;
        lmu_align #(.IN_W(B_W), .SHIFT(B_SHIFT), .OUT_W(OUT_W)) align (
            .in_data(b_axis_tdata[i*B_W+:B_W]), .out_data(value)
        );
        assign m_axis_tdata[(N_A+i)*OUT_W+:OUT_W] = B_FEEDBACK != 0 && fresh_q ? {OUT_W{1'b0}} : value;
    end
    for (i = 0; i < N_C; i = i + 1) begin : g_c
        wire [OUT_W-1:0] value;
        lmu_align #(.IN_W(C_W), .SHIFT(C_SHIFT), .OUT_W(OUT_W)) align (
            .in_data(c_axis_tdata[i*C_W+:C_W]), .out_data(value)
        );
        assign m_axis_tdata[(N_A+N_B+i)*OUT_W+:OUT_W] = C_FEEDBACK != 0 && fresh_q ? {OUT_W{1'b0}} : value;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH((N_A > 0 ? N_A : 1)*A_W + 1)) f_a_axis (
        clk, rst, a_axis_tvalid, a_axis_tready, {a_axis_tdata, a_axis_tlast}
    );
    f_axis #(.IN(1), .WIDTH((N_B > 0 ? N_B : 1)*B_W + 1)) f_b_axis (
        clk, rst, b_axis_tvalid, b_axis_tready, {b_axis_tdata, b_axis_tlast}
    );
    f_axis #(.IN(1), .WIDTH((N_C > 0 ? N_C : 1)*C_W + 1)) f_c_axis (
        clk, rst, c_axis_tvalid, c_axis_tready, {c_axis_tdata, c_axis_tlast}
    );
    f_axis #(.WIDTH((N_A + N_B + N_C)*OUT_W + 1)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast}
    );

    // Steps since rst are counted anew; what each source gives to one
    reg f_first_q, f_after_last_q;
    wire f_zero = f_first_q || (STREAMING == 0 && f_after_last_q);
    wire signed [OUT_W-1:0] f_a = N_A > 0 ? $signed(a_axis_tdata[A_W-1:0]) <<< A_SHIFT : 0;
    wire signed [OUT_W-1:0] f_b = N_B > 0 ? $signed(b_axis_tdata[B_W-1:0]) <<< B_SHIFT : 0;
    wire signed [OUT_W-1:0] f_c = N_C > 0 ? $signed(c_axis_tdata[C_W-1:0]) <<< C_SHIFT : 0;
    always @(posedge clk) begin
        if (take) {f_first_q, f_after_last_q} <= {1'b0, m_axis_tlast};
        if (rst) {f_first_q, f_after_last_q} <= 2'b10;
    end

    always @* if (!rst) begin
        steps_follow : assert (started_q == !f_first_q && fresh_q == f_zero);
        a_in_step : assert (N_A == 0 || (a_axis_tvalid && a_axis_tready) == (take && !(A_FEEDBACK != 0 && f_first_q)));
        b_in_step : assert (N_B == 0 || (b_axis_tvalid && b_axis_tready) == (take && !(B_FEEDBACK != 0 && f_first_q)));
        c_in_step : assert (N_C == 0 || (c_axis_tvalid && c_axis_tready) == (take && !(C_FEEDBACK != 0 && f_first_q)));
        never_dry : assert (m_axis_tvalid || (N_A > 0 && !a_axis_tvalid) || (N_B > 0 && !b_axis_tvalid)
            || (N_C > 0 && !c_axis_tvalid));
        if (N_A > 0) a_value : assert (m_axis_tdata[OUT_W-1:0] == (A_FEEDBACK != 0 && f_zero ? 0 : f_a));
        if (N_B > 0) b_value : assert (m_axis_tdata[N_A*OUT_W+:OUT_W] == (B_FEEDBACK != 0 && f_zero ? 0 : f_b));
        if (N_C > 0) c_value : assert (m_axis_tdata[(N_A+N_B)*OUT_W+:OUT_W] == (C_FEEDBACK != 0 && f_zero ? 0 : f_c));
        reach_last : cover (take && m_axis_tlast && started_q);
        reach_second : cover (take && started_q && (STREAMING != 0 || fresh_q));
    end
`endif
endmodule
`default_nettype wire
