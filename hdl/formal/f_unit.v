// SPDX-License-Identifier: Apache-2.0
// What a unit promises that makes N_OUT beats of the N_IN beats of a step: both streams keep the rules and nothing is
// lost or invented (f_steps), it is never stuck (f_live), latency and interval are those of its header (f_pace), the
// latency for a step that finds nothing inside. For the `ifdef FORMAL of a module.
//
//   Signal     Width   Direction   Description
//   clk, rst   1       in          rising edge; rst is synchronous, active high
//   s_*        1       in          the input whose last beat completes a step; s_data: {tuser, tdata}, S_W bits
//   m_*        1       in          the output; m_data: {tuser, tdata}, M_W bits
//   starved    1       in          an input that this step needs besides has not come
//   open       1       in          the unit takes a beat
//   calm       1       in          the sink is ready
//   flow       1       in          the sink is ready and the sources have a beat
//   s_place    *       out         as in f_steps: begun, done and steps too
//   lasts      *       out         as in f_steps; dry, closed as in f_live, pace as state in f_pace
//   due        1       out         as in f_pace

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_unit #(
    // Bits of data
    parameter integer S_W = 1, M_W = 1,
    // As in f_steps
    parameter integer N_IN = 1, N_OUT = 1, FLIGHT = 2,
    // Cycles, as in f_live and f_pace
    parameter integer BEAT = 1, STEP = 1, LATENCY = 2, II = 1
) (
    input wire clk, rst,
    input wire s_valid, s_ready, s_last, input wire [S_W-1:0] s_data,
    input wire m_valid, m_ready, m_last, input wire [M_W-1:0] m_data,
    input wire starved, open, calm, flow,
    output wire [$clog2(N_IN+1)-1:0] s_place,
    output wire begun, done,
    output wire [3:0] steps,
    output wire [FLIGHT-1:0] lasts,
    output wire [15:0] dry, closed,
    output wire [LATENCY+18:0] pace,
    output wire due
);

    f_steps #(.N_IN(N_IN), .N_OUT(N_OUT), .FLIGHT(FLIGHT), .S_W(S_W), .M_W(M_W)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_last(s_last), .s_data(s_data),
        .m_valid(m_valid), .m_ready(m_ready), .m_last(m_last), .m_data(m_data),
        .s_place(s_place), .begun(begun), .done(done), .steps(steps),
        .lasts(lasts)
    );
    f_live #(.BEAT(BEAT), .STEP(STEP)) f_alive (
        .clk(clk), .rst(rst), .owed(steps != 0), .starved(starved), .open(open), .m_valid(m_valid), .m_ready(m_ready),
        .dry(dry), .closed(closed)
    );
    f_pace #(.LATENCY(LATENCY), .II(II)) f_timing (
        .clk(clk), .rst(rst), .calm(calm), .flow(flow), .begun(begun && steps == 0), .done(done), .tick(done),
        .state(pace), .due(due)
    );

endmodule
`default_nettype wire
