// Puts the vectors of up to three streams one after another, each value brought to the same number of fraction bits.
//
//   m = a * 2**A_SHIFT (N_A values), b * 2**B_SHIFT (N_B values), c * 2**C_SHIFT (N_C values)         every step
//
// A source is live or a feedback (A_FEEDBACK, ...): a value of the step before, which the first step of a sequence does
// not have. That step sends zeros in its place: the first one after rst without taking a beat; any other first one
// takes the N beats that the last step of the sequence before has left, and drops them.
//
//   Signal         Width      Direction   Description
//   clk            1          in          rising edge
//   rst            1          in          synchronous, active high, clears control; the next step is a first one
//   a_axis_tdata   A_W        in          signed; N_A beats a step. N_A = 0: absent, tie the port off (b and c likewise)
//   a_axis_tlast   1          in          last beat of the sequence; ignored in a feedback, and before the last live source
//   b_axis_*       B_W        in          as a
//   c_axis_*       C_W        in          as a
//   m_axis_tdata   OUT_W      out         signed
//   m_axis_tlast   1          out         last beat of the step in which the last live source ended with tlast
//
//   Cycles
//   latency = N of the sources after the last live one     combinational
//   ii      = N_A + N_B + N_C
//
// The step after one that ended with tlast is a first one, unless STREAMING = 1: then only rst makes one.

`default_nettype none

module lmu_concat #(
    // Values of each source in a step, 0 or more
    parameter integer N_A = 4,
    parameter integer N_B = 4,
    parameter integer N_C = 8,
    // Bits of each source
    parameter integer A_W = 16,
    parameter integer B_W = 16,
    parameter integer C_W = 16,
    // Additional fraction bits of each source, 0 or more
    parameter integer A_SHIFT = 0,
    parameter integer B_SHIFT = 0,
    parameter integer C_SHIFT = 0,
    // 1: the source is a feedback
    parameter integer A_FEEDBACK = 0,
    parameter integer B_FEEDBACK = 1,
    parameter integer C_FEEDBACK = 1,
    // Bits of the output; it must hold each shifted source
    parameter integer OUT_W = 16,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0
) (
    input wire clk,
    input wire rst,

    input  wire [A_W-1:0] a_axis_tdata,
    input  wire           a_axis_tvalid,
    output wire           a_axis_tready,
    input  wire           a_axis_tlast,

    input  wire [B_W-1:0] b_axis_tdata,
    input  wire           b_axis_tvalid,
    output wire           b_axis_tready,
    input  wire           b_axis_tlast,

    input  wire [C_W-1:0] c_axis_tdata,
    input  wire           c_axis_tvalid,
    output wire           c_axis_tready,
    input  wire           c_axis_tlast,

    output reg  [OUT_W-1:0] m_axis_tdata,
    output wire             m_axis_tvalid,
    input  wire             m_axis_tready,
    output wire             m_axis_tlast
);

    localparam [1:0] A = 2'd0, B = 2'd1, C = 2'd2;
    localparam A_LIVE = N_A > 0 && A_FEEDBACK == 0;
    localparam B_LIVE = N_B > 0 && B_FEEDBACK == 0;
    localparam C_LIVE = N_C > 0 && C_FEEDBACK == 0;

    localparam [1:0] FIRST = N_A > 0 ? A : N_B > 0 ? B : C;
    localparam [1:0] LAST = N_C > 0 ? C : N_B > 0 ? B : A;
    localparam [1:0] LAST_LIVE = C_LIVE ? C : B_LIVE ? B : A;
    localparam [1:0] AFTER_A = N_B > 0 ? B : C;

    // Counts the values of a source
    localparam N_AB = N_A > N_B ? N_A : N_B;
    localparam N_MAX = N_AB > N_C ? N_AB : N_C;
    localparam COUNT_W = N_MAX > 1 ? $clog2(N_MAX) : 1;

    generate
        if (N_A < 0 || N_B < 0 || N_C < 0) begin : g_check_sizes
            PARAM_ERROR_sizes_must_not_be_negative check ();
        end else if (!A_LIVE && !B_LIVE && !C_LIVE) begin : g_check_live
            PARAM_ERROR_one_source_must_be_live check ();
        end
    endgenerate

    reg [1:0] source_q;
    reg [COUNT_W-1:0] count_q;
    reg started_q;  // a step has ended since rst
    reg fresh_q;  // this is the first step of a sequence
    reg last_q;  // the last live source of this step ended with tlast

    reg [COUNT_W-1:0] last_count;  // number of the source's last value
    reg feedback, valid, last;

    wire signed [OUT_W-1:0] a, b, c;

    lmu_align #(
        .IN_W(A_W),
        .SHIFT(A_SHIFT),
        .OUT_W(OUT_W)
    ) align_a (
        .in_data(a_axis_tdata),
        .out_data(a)
    );

    lmu_align #(
        .IN_W(B_W),
        .SHIFT(B_SHIFT),
        .OUT_W(OUT_W)
    ) align_b (
        .in_data(b_axis_tdata),
        .out_data(b)
    );

    lmu_align #(
        .IN_W(C_W),
        .SHIFT(C_SHIFT),
        .OUT_W(OUT_W)
    ) align_c (
        .in_data(c_axis_tdata),
        .out_data(c)
    );

    always @* begin
        m_axis_tdata = a;
        valid = a_axis_tvalid;
        last = a_axis_tlast;
        feedback = A_FEEDBACK != 0;
        last_count = N_A[COUNT_W-1:0] - 1'b1;
        if (source_q == B) begin
            m_axis_tdata = b;
            valid = b_axis_tvalid;
            last = b_axis_tlast;
            feedback = B_FEEDBACK != 0;
            last_count = N_B[COUNT_W-1:0] - 1'b1;
        end
        if (source_q == C) begin
            m_axis_tdata = c;
            valid = c_axis_tvalid;
            last = c_axis_tlast;
            feedback = C_FEEDBACK != 0;
            last_count = N_C[COUNT_W-1:0] - 1'b1;
        end
        if (feedback && fresh_q) m_axis_tdata = {OUT_W{1'b0}};
    end

    // In the first step after rst nobody has sent the feedback
    wire absent = feedback && !started_q;
    wire take = m_axis_tready && !absent;
    wire transfer = m_axis_tready && m_axis_tvalid;
    wire source_end = count_q == last_count;
    wire step_end = source_end && source_q == LAST;
    wire step_last = source_q == LAST_LIVE ? last : last_q;

    assign m_axis_tvalid = valid || absent;
    assign m_axis_tlast = step_end && step_last;
    assign a_axis_tready = source_q == A && take;
    assign b_axis_tready = source_q == B && take;
    assign c_axis_tready = source_q == C && take;

    always @(posedge clk) begin
        if (transfer) begin
            count_q <= source_end ? {COUNT_W{1'b0}} : count_q + 1'b1;
            if (source_end) begin
                source_q <= source_q == LAST ? FIRST : source_q == A ? AFTER_A : C;
                last_q <= step_last;
            end
            if (step_end) begin
                started_q <= 1'b1;
                fresh_q <= STREAMING == 0 && step_last;
            end
        end
        if (rst) begin
            source_q <= FIRST;
            count_q <= {COUNT_W{1'b0}};
            started_q <= 1'b0;
            fresh_q <= 1'b1;
        end
    end

endmodule

`default_nettype wire
