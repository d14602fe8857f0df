// SPDX-License-Identifier: Apache-2.0
// A unit is never stuck: at most BEAT cycles without a beat that it owes, and at most STEP cycles with its inputs
// closed while the sink does not hold it up. For the `ifdef FORMAL of a module.
//
//   Signal    Width   Direction   Description
//   clk, rst  1       in          rising edge; rst is synchronous, active high, starts both counts anew
//   owed      1       in          a complete step is inside
//   starved   1       in          an input that this step needs besides has not come: such a cycle does not count
//   open      1       in          the unit takes a beat
//   m_*       1       in          the output
//   dry       16      out         cycles without a beat that is owed; closed: cycles with its inputs closed

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_live #(
    // Cycles
    parameter integer BEAT = 1, STEP = 1
) (
    input wire clk, rst,
    input wire owed, starved, open,
    input wire m_valid, m_ready,
    output wire [15:0] dry, closed
);

    reg [$clog2(BEAT+2)-1:0] dry_q;
    reg [$clog2(STEP+2)-1:0] closed_q;
    assign {dry, closed} = {{(16 - $clog2(BEAT + 2)) {1'b0}}, dry_q, {(16 - $clog2(STEP + 2)) {1'b0}}, closed_q};
    always @(posedge clk) begin
        dry_q <= m_valid || !owed ? 0 : dry_q + !starved;
        if (!m_valid || m_ready) closed_q <= closed_q + 1;
        if (open) closed_q <= 0;
        if (rst) {dry_q, closed_q} <= 0;
    end

    always @* if (!rst) begin
        never_dry : assert (dry_q <= BEAT);
        never_closed : assert (closed_q <= STEP);
    end

endmodule
`default_nettype wire
