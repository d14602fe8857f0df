// SPDX-License-Identifier: Apache-2.0
// Tells when each of several lines has had one more event, such as a sequence that has ended on every stream.
//
//   Signal     Width   Direction   Description
//   clk, rst   1       in          rising edge; rst is synchronous, active high
//   came       LINES   in          each bit high for a cycle: an event on this line
//   all        1       out         high for a cycle: each line has had one more
//   ahead      1       out         a line has had an event for which all is still to come
//
//   Cycles
//   latency = 1     from the last event to all; 0 for one line, whose events are all
//
// A line may be ahead of another by 2^COUNT_W - 2 events at most.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_together #(
    // Lines, 1 or more
    parameter integer LINES = 2,
    // Bits of the number of events by which a line is ahead, 2 or more
    parameter integer COUNT_W = 6
) (
    input wire clk, rst,
    input wire [LINES-1:0] came,
    output wire all, ahead
);

    if (LINES < 1 || COUNT_W < 2) begin : g_check
        PARAM_ERROR_lines_must_be_at_least_1_and_count_w_2 check ();
    end

    wire [COUNT_W*LINES-1:0] counts;

    if (LINES > 1) begin : g_lines
        wire [LINES-1:0] some;
        genvar k;
        for (k = 0; k < LINES; k = k + 1) begin : g_line
            reg [COUNT_W-1:0] count_q;
            assign counts[COUNT_W*k+:COUNT_W] = count_q;
            assign some[k] = count_q != 0;
            always @(posedge clk) begin
                count_q <= count_q + {{(COUNT_W - 1) {1'b0}}, came[k]} - {{(COUNT_W - 1) {1'b0}}, all};
                if (rst) count_q <= {COUNT_W{1'b0}};
            end
        end
        assign all = &some;
        assign ahead = |some;
    end else begin : g_one
        assign counts = {COUNT_W{1'b0}};
        assign all = came[0];
        assign ahead = 1'b0;
    end

    wire unused = |{counts, clk, rst};  // of one line

`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    // All events of each line and all pulses, modulo 2^COUNT_W; a line is never too far ahead
    reg [COUNT_W*LINES-1:0] f_came_q;
    reg [COUNT_W-1:0] f_all_q;
    wire [LINES-1:0] f_right, f_some, f_room;
    genvar f_k;
    for (f_k = 0; f_k < LINES; f_k = f_k + 1) begin : f_line
        wire [COUNT_W-1:0] f_more = f_came_q[COUNT_W*f_k+:COUNT_W] - f_all_q;
        assign f_some[f_k] = f_more != 0;
        assign f_right[f_k] = LINES == 1 || counts[COUNT_W*f_k+:COUNT_W] == f_more;
        assign f_room[f_k] = LINES == 1 || f_more < (1 << COUNT_W) - 2 || !came[f_k];
        always @(posedge clk) begin
            f_came_q[COUNT_W*f_k+:COUNT_W] <= rst ? 0 : f_came_q[COUNT_W*f_k+:COUNT_W] + came[f_k];
        end
    end
    always @(posedge clk) f_all_q <= rst ? 0 : f_all_q + all;
    always @* assume (&f_room);

    always @* if (!rst) begin
        counted : assert (&f_right);
        each_has_one_more : assert (!all || LINES == 1 || &f_some);
        in_time : assert (all == (LINES == 1 ? came[0] : &f_some));
        none_is_forgotten : assert (ahead == (LINES > 1 && |f_some));
        reach_all : cover (all && f_all_q == 2);
        reach_ahead : cover (LINES == 1 || (ahead && !all && f_all_q == 1));
    end
`endif
endmodule
`default_nettype wire
