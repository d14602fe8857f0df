// SPDX-License-Identifier: Apache-2.0
// Latency and interval of a unit are exactly those of its header. For the `ifdef FORMAL of a module.
//
//   Signal    Width   Direction   Description
//   clk, rst  1       in          rising edge; rst is synchronous, active high; calm and flow count from here on
//   calm      1       in          the sink is ready
//   flow      1       in          the sink is ready and the sources have a beat
//   begun     1       in          a step is complete whose latency is to be exact
//   done      1       in          a step is out: LATENCY cycles after begun if it has always been calm
//   tick      1       in          begins an interval: every II cycles if there has always been flow
//   state     *       out         {always calm so far, always flow so far, an interval has begun, its cycles (16 bits),
//                                 begun of the LATENCY cycles before, newest lowest}, for invariants of a module
//   due       1       out         it has always been calm, and a step must be out now

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_pace #(
    // Cycles, 1 or more
    parameter integer LATENCY = 2,
    // Cycles, 1 or more
    parameter integer II = 1,
    // 1: begun comes for every step, so nothing may be out at any other time
    parameter integer EVERY = 0
) (
    input wire clk, rst,
    input wire calm, flow, begun, done, tick,
    output wire [LATENCY+18:0] state,
    output wire due
);

    reg calm_q, flow_q, ticked_q;
    reg [LATENCY-1:0] history_q;  // begun, newest in bit 0
    reg [$clog2(II+2)-1:0] interval_q;
    wire always_calm = calm_q && calm;
    assign state = {calm_q, flow_q, ticked_q, {(16 - $clog2(II + 2)) {1'b0}}, interval_q, history_q};
    assign due = always_calm && history_q[LATENCY-1];

    always @(posedge clk) begin
        calm_q <= calm_q && calm;
        flow_q <= flow_q && flow;
        history_q <= {history_q, begun};
        ticked_q <= ticked_q || tick;
        interval_q <= tick ? 1 : interval_q + ticked_q;
        if (rst) {history_q, ticked_q, interval_q, calm_q, flow_q} <= 2'b11;
    end

    always @* if (!rst) begin
        if (due || (EVERY != 0 && always_calm)) latency_exact : assert (done == history_q[LATENCY-1]);
        if (flow_q && flow && ticked_q) ii_exact : assert (tick == (interval_q == II));
    end

endmodule
`default_nettype wire
