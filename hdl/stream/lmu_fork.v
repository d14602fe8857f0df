// SPDX-License-Identifier: Apache-2.0
// Gives each beat of a stream once to each of several outputs, which take it when they are ready, not all together.
//
//   Signal          Width     Direction   Description
//   clk, rst        1         in          rising edge; rst is synchronous, active high, forgets who has taken the beat
//   s_axis_tdata    WIDTH     in          in; whatever belongs to the beat is packed into it
//   m_axis_tdata    WIDTH     out         out, the same for all outputs
//   m_axis_tvalid   OUTPUTS   out         one bit an output
//   m_axis_tready   OUTPUTS   in          one bit an output
//
//   Cycles
//   latency = 0     combinational
//   ii      = 1     while all outputs are ready
//
// A beat is taken from the input in the cycle in which the last of the outputs takes it.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_fork #(
    // Bits of a beat
    parameter integer WIDTH = 16,
    // Number of outputs, 1 or more
    parameter integer OUTPUTS = 2
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    output wire [WIDTH-1:0] m_axis_tdata, output wire [OUTPUTS-1:0] m_axis_tvalid,
    input wire [OUTPUTS-1:0] m_axis_tready
);

    if (WIDTH < 1 || OUTPUTS < 1) begin : g_check PARAM_ERROR_width_and_outputs_must_be_at_least_1 check (); end

    reg [OUTPUTS-1:0] done_q;  // outputs that have taken the beat already
    assign m_axis_tdata = s_axis_tdata;
    assign m_axis_tvalid = {OUTPUTS{s_axis_tvalid}} & ~done_q;
    assign s_axis_tready = &(done_q | m_axis_tready);

    always @(posedge clk) begin
        done_q <= s_axis_tready ? {OUTPUTS{1'b0}} : done_q | (m_axis_tvalid & m_axis_tready);
        if (rst) done_q <= {OUTPUTS{1'b0}};
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);
    f_axis #(.WIDTH(WIDTH)) f_m_axis[OUTPUTS-1:0] (clk, rst, m_axis_tvalid, m_axis_tready, m_axis_tdata);

    // Each output takes each beat exactly once
    wire [OUTPUTS-1:0] f_now = m_axis_tvalid & m_axis_tready;
    wire f_gone = s_axis_tvalid && s_axis_tready;
    reg [OUTPUTS-1:0] f_got_q;  // outputs that have the beat
    always @(posedge clk) f_got_q <= f_gone || rst ? {OUTPUTS{1'b0}} : f_got_q | f_now;

    always @* if (!rst) begin
        not_twice : assert ((f_got_q & f_now) == 0);
        not_lost : assert (!f_gone || (f_got_q | f_now) == {OUTPUTS{1'b1}});
        none_invented : assert (s_axis_tvalid || m_axis_tvalid == 0);
        offered_at_once : assert (!s_axis_tvalid || (m_axis_tvalid | f_got_q) == {OUTPUTS{1'b1}});
        never_closed : assert (!(&m_axis_tready) || s_axis_tready);
    end

    always @(posedge clk) if (!rst) begin
        reach_late : cover (f_gone && (OUTPUTS == 1 || f_got_q != 0));
        reach_flow : cover (f_gone && $past(f_gone));
    end
`endif
endmodule
`default_nettype wire
