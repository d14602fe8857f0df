// SPDX-License-Identifier: Apache-2.0
// What is true of lmu_engine in every cycle, one lane and one value of output a step: where its step is, what is on its
// way, and that the counts of f_steps and f_live are those. What it promises follows from this by induction.
//
//   Signal       Width   Direction   Description
//   clk, rst     1       in          rising edge; rst is synchronous, active high
//   run          1       in          as in lmu_engine, and so are start, step_end and row_end
//   given        1       in          step_end of a step with an output
//   busy         1       in          a step is worked on; with an output if out; its tlast is last
//   x_full       1       in          a step waits; with an output if x_out; its tlast is x_last
//   kept         1       in          an output waits behind the one of the port, m_valid; its tlast is kept_last
//   at           16      in          moves that the step has had, by the counters
//   rows         16      in          rows of it that have been worked on, by the counters
//   since        16      in          moves of this row and of the wait in front of it
//   stages       PIPE    in          bit i: an output ended i+1 moves ago; stage_lasts: its tlast
//   row_stages   PIPE    in          the same of each row; end_stages: of each step
//   written      *       in          rows of its step before the one that is written next
//   f_rows       16      in          as in lmu_engine, and so is f_flight
//   steps        4       in          as in f_steps, and so are lasts; dry and closed as in f_live
//   pace         *       in          state of f_pace

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_engine #(
    // Moves of a step without an output and of one with it, and from its end to the port
    parameter integer SHORT = 1, LONG = 1, PIPE = 9,
    // Rows of a step without an output; one with it has one more if MORE = 1
    parameter integer ROWS = 1, MORE = 0,
    // Bits of the places, which begin anew
    parameter integer PLACE_W = 2,
    // As in f_steps and f_live
    parameter integer FLIGHT = 6, BEAT = 1, STEP = 1, LATENCY = 2
) (
    input wire clk, rst,
    input wire run, start, step_end, given, busy, x_full, x_out, out, x_last, last, kept, kept_last,
    input wire m_valid,
    input wire row_end,
    input wire [15:0] at, rows, since, f_rows, f_flight,
    input wire [PIPE-1:0] stages, stage_lasts, row_stages, end_stages,
    input wire [PLACE_W-1:0] written,
    input wire [3:0] steps,
    input wire [FLIGHT-1:0] lasts,
    input wire [15:0] dry, closed,
    input wire [LATENCY+18:0] pace
);

    reg [15:0] at_q;
    reg [PIPE-1:0] ends_q;  // outputs on their way to the port
    reg end_last_q;
    reg [PIPE-1:0] rows_q, step_ends_q;  // all rows, and the last ones of all steps
    wire [PIPE-1:0] of_older = rows_q & ~(step_ends_q - 1'b1);  // those up to the end of the step before
    wire on_way = |ends_q;
    wire [2:0] before_way = m_valid + kept, before_step = before_way + on_way;
    wire [2:0] before_x = before_step + (busy && out);
    wire [15:0] whole = out ? LONG : SHORT, after_step = whole - at_q;
    // Moves until the next output is at the port
    wire [15:0] way[0:PIPE];
    wire [15:0] left = on_way ? way[PIPE] : busy && out ? after_step + PIPE : busy ? after_step + LONG + PIPE
        : LONG + PIPE + 1;
    wire [PIPE-1:0] overtaken, too_young;
    wire [15:0] all_written = step_ends_q == 0 ? f_rows - f_flight : ROWS + (MORE != 0 && on_way) - older[PIPE];
    wire [15:0] in_pipe[0:PIPE], older[0:PIPE];
    // Of steps that came into an idle unit, and of all of them
    wire calm_q = pace[LATENCY+18], flow_q = pace[LATENCY+17], ticked_q = pace[LATENCY+16];
    wire [15:0] interval = pace[LATENCY+15:LATENCY];
    wire [LONG+PIPE+1:0] on_time = {m_valid, ends_q, moves, x_full && !busy};
    wire [LONG-1:0] moves = {LONG{busy}} & ({{(LONG - 1) {1'b0}}, 1'b1} << at_q);
    wire [PIPE:0] in_turn = {m_valid, ends_q}, turn = {PIPE + 1{busy}} & ({{PIPE{1'b0}}, 1'b1} << at_q);
    genvar i;
    assign way[0] = 0;
    assign in_pipe[0] = 0;
    assign older[0] = 0;
    for (i = 0; i < PIPE; i = i + 1) begin : g_way
        assign way[i+1] = ends_q[i] ? PIPE - i : way[i];
        assign overtaken[i] = step_ends_q[i] && busy && at_q > i;
        assign too_young[i] = rows_q[i] && busy && i < since;
        assign in_pipe[i+1] = in_pipe[i] + rows_q[i];
        assign older[i+1] = older[i] + of_older[i];
    end

    always @(posedge clk) begin
        if (run) begin
            at_q <= start || step_end ? 0 : at_q + busy;
            ends_q <= {ends_q[PIPE-2:0], given};
            rows_q <= {rows_q[PIPE-2:0], row_end};
            step_ends_q <= {step_ends_q[PIPE-2:0], step_end};
            if (given) end_last_q <= last;
        end
        if (rst) {at_q, ends_q, rows_q, step_ends_q} <= 0;
    end

    always @* if (!rst) begin
        step_in_place : assert (at_q == (busy ? at : 0) && (!busy || at < whole)
            && step_end == (run && busy && at == whole - 1));
        one_on_way : assert ((step_ends_q & (step_ends_q - 1'b1)) == 0 && (ends_q & ~step_ends_q) == 0
            && (step_ends_q & ~rows_q) == 0);
        none_overtaken : assert (overtaken == 0);
        stages_seen : assert (stages == ends_q);
        rows_seen : assert (row_stages == rows_q && end_stages == step_ends_q);
        rows_counted : assert (f_flight == in_pipe[PIPE] && f_rows == (busy ? rows : 0));
        rows_apart : assert (too_young == 0);
        rows_of_step : assert (older[PIPE] <= ROWS + (MORE != 0 && on_way)
            && (step_ends_q == 0 ? in_pipe[PIPE] <= f_rows : in_pipe[PIPE] - older[PIPE] == f_rows));
        rows_written : assert (written == all_written[PLACE_W-1:0]);
        lasts_seen : assert (((stage_lasts ^ {PIPE {end_last_q}}) & stages) == 0);
        kept_behind_port : assert (!kept || m_valid);
        stopped_by_kept : assert (run == !(kept && ends_q[PIPE-1]));
        all_counted : assert (steps == before_x + (x_full && x_out));
        lasts_in_order : assert ((!kept || kept_last == lasts[m_valid]) && (!on_way || end_last_q == lasts[before_way])
            && (!(busy && out) || last == lasts[before_step]) && (!(x_full && x_out) || x_last == lasts[before_x]));
        output_nears : assert (m_valid || steps == 0 || dry + left <= BEAT);
        calm_runs : assert (!calm_q || (run && !kept));
        begun_on_time : assert (!calm_q || (pace[LATENCY-1:0] & ~on_time) == 0);
        flow_fills : assert (!flow_q || (calm_q && (busy || !ticked_q) && (!busy || at_q == 0 || x_full)));
        outputs_in_turn : assert (!flow_q || ((in_turn & ~turn) == 0 && (!ticked_q || in_turn == turn)));
        interval_in_place : assert (!flow_q || !ticked_q
            || interval == (at_q > PIPE ? at_q - PIPE : at_q + LONG - PIPE));
        input_nears : assert (!x_full || closed + kept + on_way <= at_q + 1 + FLIGHT);
    end

endmodule
`default_nettype wire
