// SPDX-License-Identifier: Apache-2.0
// Averages of the values of a sequence of 1 to STEPS steps:
//
//   out_k = assign_out(sum_s x_sk / n)    the exact quotient;  s = 0..n-1, k = 0..N-1
//
// n counts the steps from the one behind a tlast to the next one with tlast.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat begins a sequence
//   s_axis_tdata   X_W     in          signed, N beats a step
//   s_axis_tlast   1       in          read on a step's last beat: the sequence ends
//   m_axis_tdata   OUT_W   out         signed, OUT_F fraction bits, N beats a sequence
//   m_axis_tlast   1       out         on the last of them
//   m_axis_tuser   1       out         the value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   D       = max(X_W + OUT_F + 1 - X_F, 3)   a division
//   latency = N*D + 4                         from a sequence's last input beat to its last output beat
//   ii      = N                               from one step to the next, and N*D at least from one sequence to the next
//
// The sums stand in a ring of N registers, those of a sequence that has ended in another one, from which one after the
// other is divided, a bit of the quotient a cycle. The end of a sequence waits until the other ring is empty.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_average #(
    // Values of a step, and the most steps of a sequence, 1 or more
    parameter integer N = 4, STEPS = 16,
    // Types of x and of the output, whose fraction bits are 0 or more
    parameter integer X_TYPE = 32'h00_000a_10, OUT_TYPE = 32'h16_000a_10
) (
    input wire clk, rst,
    input wire [X_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [OUT_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer X_W = X_TYPE % 256, X_F = (X_TYPE <<< 8) >>> 16;
    localparam integer OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16;
    localparam PLACE_W = N > 1 ? $clog2(N) : 1, COUNT_W = $clog2(STEPS + 1), SUM_W = X_W + COUNT_W;
    // The quotient in units of half the last bit of the output: the sum is shifted up, or the number of steps
    localparam integer FINER = OUT_F + 1 - X_F, LIFT = FINER > 0 ? FINER : 0, DROP = FINER < 0 ? -FINER : 0;
    localparam integer DIVISION = X_W + FINER > 3 ? X_W + FINER : 3, DIVISOR_W = COUNT_W + DROP;

    if (N < 1 || STEPS < 1) begin : g_check_sizes PARAM_ERROR_n_and_steps_must_be_at_least_1 check ();
    end else if (X_W < 1 || OUT_W < 1 || OUT_F < 0) begin : g_check_types
        PARAM_ERROR_widths_must_be_at_least_1_and_out_f_0 check ();
    end

    // Sums of the sequence that comes
    reg [N*SUM_W-1:0] sums_q;
    reg [PLACE_W-1:0] place_q;
    reg [COUNT_W-1:0] count_q;  // steps before this one
    wire last_place = {1'b0, place_q} == N[PLACE_W:0] - 1'b1;
    wire ends = last_place && s_axis_tlast;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire [SUM_W-1:0] x = {{COUNT_W{s_axis_tdata[X_W-1]}}, s_axis_tdata};
    wire [SUM_W-1:0] sum = count_q == 0 ? x : sums_q[SUM_W-1:0] + x;
    wire [N*SUM_W+SUM_W-1:0] moved = {sum, sums_q};
    wire [N*SUM_W-1:0] sums = moved[N*SUM_W+SUM_W-1:SUM_W];
    wire [COUNT_W-1:0] steps = count_q + 1'b1;

    // Sums of the one that has ended, the next to be divided in the low bits
    reg due_q;
    reg [N*SUM_W-1:0] dividends_q;
    reg [COUNT_W-1:0] steps_q;
    reg [PLACE_W-1:0] due_place_q;
    wire divider_free;
    wire load = due_q && divider_free;
    wire due_last = {1'b0, due_place_q} == N[PLACE_W:0] - 1'b1;
    assign s_axis_tready = !(ends && due_q);

    always @(posedge clk) begin
        if (load) begin
            dividends_q <= dividends_q >> SUM_W;
            due_place_q <= due_last ? {PLACE_W{1'b0}} : due_place_q + 1'b1;
            if (due_last) due_q <= 1'b0;
        end
        if (accept) begin
            sums_q <= sums;
            place_q <= last_place ? {PLACE_W{1'b0}} : place_q + 1'b1;
            if (last_place) count_q <= s_axis_tlast ? {COUNT_W{1'b0}} : steps;
            if (ends) begin
                {dividends_q, steps_q} <= {sums, steps};
                due_q <= 1'b1;
            end
        end
        if (rst) {place_q, count_q, due_q, due_place_q} <= 0;
    end

    wire negative = dividends_q[SUM_W-1];
    wire [SUM_W-1:0] magnitude = negative ? -dividends_q[SUM_W-1:0] : dividends_q[SUM_W-1:0];
    wire [SUM_W+DIVISOR_W+DIVISION+LIFT-1:0] dividend = {{(DIVISOR_W + DIVISION + LIFT) {1'b0}}, magnitude} << LIFT;
    wire [DIVISOR_W+COUNT_W-1:0] divisor = {{DIVISOR_W{1'b0}}, steps_q} << DROP;

    lmu_divider #(.W(DIVISOR_W), .BITS(DIVISION), .OUT_TYPE(OUT_TYPE)) divide (
        .clk(clk), .rst(rst),
        .s_axis_tdata(dividend[DIVISOR_W+DIVISION-1:0]), .s_axis_tvalid(due_q), .s_axis_tready(divider_free),
        .s_axis_tlast(due_last), .s_axis_tuser({negative, divisor[DIVISOR_W-1:0]}),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

    // Bits that a number cannot have, which its width makes room for
    wire unused_above = &{dividend, divisor, moved};

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(X_W + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(OUT_W + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tuser, m_axis_tlast}
    );

    // The values of any one place, summed and counted by the definition, and what of them is divided
    wire [PLACE_W-1:0] f_any = $anyconst;
    always @* assume (f_any < N);
    reg [PLACE_W-1:0] f_in_q;
    reg [COUNT_W-1:0] f_count_q, f_due_count_q;
    reg signed [SUM_W-1:0] f_acc_q, f_due_q;
    wire signed [SUM_W-1:0] f_x = $signed(s_axis_tdata);
    wire signed [SUM_W-1:0] f_acc = f_in_q != f_any ? f_acc_q : f_count_q == 0 ? f_x : f_acc_q + f_x;
    wire f_end = accept && f_in_q == N - 1 && s_axis_tlast;
    wire [PLACE_W:0] f_slot = f_any >= place_q ? f_any - place_q : f_any + N - place_q;
    wire [PLACE_W:0] f_due_slot = f_any - due_place_q;
    wire [SUM_W-1:0] f_magnitude = f_due_q < 0 ? -f_due_q : f_due_q;
    always @* if (accept && f_in_q == N - 1) assume (s_axis_tlast || f_count_q < STEPS - 1);

    always @(posedge clk) begin
        if (accept) begin
            f_in_q <= f_in_q == N - 1 ? 0 : f_in_q + 1;
            f_acc_q <= f_acc;
            if (f_in_q == N - 1) f_count_q <= s_axis_tlast ? 0 : f_count_q + 1;
        end
        if (f_end) {f_due_q, f_due_count_q} <= {f_acc, f_count_q + 1'b1};
        if (rst) {f_in_q, f_count_q} <= 0;
    end

    always @* if (!rst) begin
        counts_in_place : assert (place_q == f_in_q && count_q == f_count_q && place_q < N && count_q < STEPS);
        due_in_range : assert (due_place_q < N && (due_q || due_place_q == 0));
        none_overwritten : assert (!f_end || !due_q);
        if (f_count_q != 0 || f_in_q > f_any) sum_in_place : assert (sums_q[f_slot*SUM_W+:SUM_W] == f_acc_q);
        if (due_q && f_any >= due_place_q) begin
            due_in_place : assert (dividends_q[f_due_slot*SUM_W+:SUM_W] == f_due_q);
            steps_counted : assert (steps_q == f_due_count_q && steps_q != 0);
        end
        if (due_q && f_any == due_place_q) begin
            sign_exact : assert (negative == (f_due_q < 0));
            dividend_exact : assert (dividend == f_magnitude << LIFT);
            divisor_exact : assert (divisor == f_due_count_q << DROP);
        end
    end

    // A sequence is a step here: its end comes in, and N beats go out
    wire f_begun, f_done, f_due;
    wire [3:0] f_inside;
    f_steps #(.N_OUT(N), .FLIGHT(4), .RULES(0)) f_count (
        .clk(clk), .rst(rst), .s_valid(f_end), .s_ready(1'b1), .s_last(1'b1), .s_data(1'b0),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast), .m_data(1'b0),
        .begun(f_begun), .done(f_done), .steps(f_inside)
    );
    f_live #(.BEAT(DIVISION + 4), .STEP(N * DIVISION + 5)) f_alive (
        .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
    );
    f_pace #(.LATENCY(N * DIVISION + 4)) f_timing (
        .clk(clk), .rst(rst), .calm(m_axis_tready), .flow(1'b0), .begun(f_begun && f_inside == 0), .done(f_done),
        .tick(1'b0), .due(f_due)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (f_done && m_axis_tlast);
        reach_stall : cover (!s_axis_tready && f_inside > 2);
        reach_longest : cover (load && steps_q == STEPS && negative);
    end
`endif
endmodule
`default_nettype wire
