// SPDX-License-Identifier: Apache-2.0
// Makes one stream of two, value by value, exactly.
//
//   OP = 0   m = a * 2**A_SHIFT + b * 2**B_SHIFT
//   OP = 1   m = a * 2**A_SHIFT - b * 2**B_SHIFT
//   OP = 2   m = a * b                                   the shifts are 0
//   OP = 3   m = max(a * 2**A_SHIFT, b * 2**B_SHIFT)
//   OP = 4   m = min(a * 2**A_SHIFT, b * 2**B_SHIFT)
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high, clears control
//   a_axis_tdata   A_W     in          signed
//   a_axis_tlast   1       in
//   b_axis_tdata   B_W     in          signed
//   b_axis_tlast   1       in
//   m_axis_tdata   OUT_W   out         signed
//   m_axis_tlast   1       out         both inputs' tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 1      from the later beat of a pair to its output beat
//   ii      = 1      a pair
//
// Both beats of a pair are taken in the same cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_merge #(
    // What is made of a pair, as above
    parameter integer OP = 0,
    // Bits of each source
    parameter integer A_W = 16, B_W = 16,
    // Additional fraction bits of each source, 0 or more
    parameter integer A_SHIFT = 0, B_SHIFT = 0,
    // Bits of the output; it must hold every result
    parameter integer OUT_W = 17
) (
    input wire clk, rst,
    input wire [A_W-1:0] a_axis_tdata, input wire a_axis_tvalid, output wire a_axis_tready, input wire a_axis_tlast,
    input wire [B_W-1:0] b_axis_tdata, input wire b_axis_tvalid, output wire b_axis_tready, input wire b_axis_tlast,
    output reg [OUT_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam WIDE_W = A_W + A_SHIFT > B_W + B_SHIFT ? A_W + A_SHIFT : B_W + B_SHIFT;

    if (OP < 0 || OP > 4) begin : g_check_op PARAM_ERROR_op_must_be_0_to_4 check ();
    end else if (OP == 2 ? OUT_W < A_W + B_W : OUT_W < WIDE_W + (OP < 2 ? 1 : 0)) begin : g_check_out_w
        PARAM_ERROR_out_w_must_hold_every_result check ();
    end

    wire signed [OUT_W-1:0] a, b;
    reg signed [OUT_W-1:0] result;
    wire free = !m_axis_tvalid || m_axis_tready;
    wire accept = free && a_axis_tvalid && b_axis_tvalid;
    assign a_axis_tready = free && b_axis_tvalid;
    assign b_axis_tready = free && a_axis_tvalid;

    lmu_align #(.IN_W(A_W), .SHIFT(A_SHIFT), .OUT_W(OUT_W)) align_a (.in_data(a_axis_tdata), .out_data(a));
    lmu_align #(.IN_W(B_W), .SHIFT(B_SHIFT), .OUT_W(OUT_W)) align_b (.in_data(b_axis_tdata), .out_data(b));

    always @* begin
        if (OP == 0) result = a + b;
        else if (OP == 1) result = a - b;
        else if (OP == 2) result = a * b;
        else if (OP == 3) result = a > b ? a : b;
        else result = a < b ? a : b;
    end

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (accept) begin
            m_axis_tvalid <= 1'b1;
            m_axis_tdata <= result;
            m_axis_tlast <= a_axis_tlast && b_axis_tlast;
        end
        if (rst) m_axis_tvalid <= 1'b0;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(A_W + 1)) f_a_axis (clk, rst, a_axis_tvalid, a_axis_tready, {a_axis_tdata, a_axis_tlast});
    f_axis #(.IN(1), .WIDTH(B_W + 1)) f_b_axis (clk, rst, b_axis_tvalid, b_axis_tready, {b_axis_tdata, b_axis_tlast});
    f_axis #(.WIDTH(OUT_W + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // The pair that is due, as it came, and the definition of what is made of it with room for every result
    localparam F_W = A_W + B_W + A_SHIFT + B_SHIFT + 2;
    reg signed [A_W-1:0] f_a_q;
    reg signed [B_W-1:0] f_b_q;
    reg f_last_q, f_due_q;
    wire f_both = a_axis_tvalid && b_axis_tvalid;
    wire f_given = m_axis_tvalid && m_axis_tready;
    always @(posedge clk) begin
        if (a_axis_tvalid && a_axis_tready) {f_a_q, f_last_q} <= {a_axis_tdata, a_axis_tlast && b_axis_tlast};
        if (b_axis_tvalid && b_axis_tready) f_b_q <= b_axis_tdata;
        f_due_q <= (a_axis_tvalid && a_axis_tready) || (f_due_q && !f_given);
        if (rst) f_due_q <= 1'b0;
    end
    wire signed [F_W-1:0] f_a = $signed(f_a_q) <<< A_SHIFT;
    wire signed [F_W-1:0] f_b = $signed(f_b_q) <<< B_SHIFT;
    wire signed [F_W-1:0] f_result = OP == 0 ? f_a + f_b : OP == 1 ? f_a - f_b : OP == 2 ? f_a * f_b :
        OP == 3 ? (f_a < f_b ? f_b : f_a) : f_a < f_b ? f_a : f_b;

    always @* if (!rst) begin
        in_pairs : assert ((a_axis_tvalid && a_axis_tready) == (b_axis_tvalid && b_axis_tready));
        never_closed : assert (!f_both || !free || a_axis_tready);
        nothing_lost : assert (!(a_axis_tvalid && a_axis_tready) || !f_due_q || f_given);
        none_invented : assert (m_axis_tvalid == f_due_q);
        value : assert (!m_axis_tvalid || ($signed(m_axis_tdata) == f_result && m_axis_tlast == f_last_q));
        reach_flow : cover (f_given && accept && m_axis_tlast);
        reach_stall : cover (f_both && !a_axis_tready);
    end
`endif
endmodule
`default_nettype wire
