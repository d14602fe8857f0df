// SPDX-License-Identifier: Apache-2.0
// The control of a unit that works on one step at a time, a beat in and a beat out, so that nothing in it has to stop.
//
//   Signal     Width     Direction   Description
//   clk, rst   1         in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_valid    1         in          there is a beat
//   s_ready    1         out         the unit takes it: no step is inside
//   s_last     1         in          with the last beat of a sequence
//   came       LATENCY   out         bit k: a beat was taken k cycles ago
//   fresh      1         out         while a step is inside: it is the first one of a sequence
//   m_valid    1         out         the beat that the step gives is there: LATENCY cycles after that taken, until m_ready
//   m_ready    1         in          it is taken
//   m_last     1         out         s_last of the step
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = LATENCY      from a beat taken to the beat given
//   ii      = LATENCY + 1
//
// With STREAMING = 1 only rst makes a first step. No path leads from m_ready to another output within a cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_one_step #(
    // Cycles of the unit, 2 or more
    parameter integer LATENCY = 10,
    // 1: the state runs on after the end of a sequence
    parameter integer STREAMING = 0
) (
    input wire clk, rst,
    input wire s_valid, output wire s_ready, input wire s_last,
    output wire [LATENCY-1:0] came,
    output reg fresh,
    output reg m_valid, input wire m_ready, output reg m_last
);

    reg busy_q;
    reg [LATENCY-1:1] came_q;
    assign s_ready = !busy_q;
    assign came = {came_q, s_valid && !busy_q};

    always @(posedge clk) begin
        came_q <= came[LATENCY-2:0];
        if (came[0]) {busy_q, m_last} <= {1'b1, s_last};
        if (came_q[LATENCY-1]) m_valid <= 1'b1;
        if (m_valid && m_ready) {busy_q, m_valid, fresh} <= {2'b00, STREAMING == 0 && m_last};
        if (rst) {came_q, busy_q, m_valid, fresh} <= 1;
    end

`ifdef FORMAL
    // The steps of a sequence are counted anew
    reg f_past_q = 1'b0;
    reg f_first_q;
    reg [$clog2(LATENCY+1)-1:0] f_age_q;  // of the step inside
    wire f_given = m_valid && m_ready;
    wire [LATENCY-1:0] f_one = {{(LATENCY - 1) {1'b0}}, 1'b1};
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (busy_q && f_age_q < LATENCY) f_age_q <= f_age_q + 1;
        if (came[0]) f_age_q <= 1;
        if (f_given) f_first_q <= STREAMING == 0 && m_last;
        if (rst) {f_age_q, f_first_q} <= 1;
    end

    always @* if (!f_past_q) assume (rst);
    always @* if (f_past_q && !rst) begin
        taken : assert ((s_valid && s_ready) == came[0]);
        in_its_place : assert (busy_q && !m_valid ? came == f_one << f_age_q : came[LATENCY-1:1] == 0);
        out_in_time : assert (m_valid == (busy_q && f_age_q == LATENCY));
        first_step : assert (fresh == f_first_q);
        reach_second : cover (m_valid && (STREAMING != 0 || !fresh) && m_last);
    end
`endif
endmodule
`default_nettype wire
