// SPDX-License-Identifier: Apache-2.0
// The place of the largest of N values; of equal ones the first.
//
//   Signal           Width    Direction   Description
//   clk, rst         1        in          rising edge; rst is synchronous, active high; the next beat begins a step
//   s_axis_tdata     WIDTH    in          signed, N beats a step
//   s_axis_tlast     1        in          read on a step's last beat
//   m_axis_tdata     OUT_W    out         0..N-1, one beat a step
//   m_axis_tlast     1        out         s_axis_tlast of the step's last beat
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 1      from a step's last input beat to its output beat
//   ii      = N      from one step's first input beat to that of the next
//
// Input beats are taken until the result of a step is due and the previous one has not been taken.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_argmax #(
    // Values of a step, 1 or more
    parameter integer N = 10,
    // Bits of a value
    parameter integer WIDTH = 16,
    // Bits of the place, $clog2(N) or more
    parameter integer OUT_W = 5
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [OUT_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam PLACE_W = N > 1 ? $clog2(N) : 1;

    if (N < 1 || WIDTH < 1) begin : g_check_sizes PARAM_ERROR_n_and_width_must_be_at_least_1 check ();
    end else if (OUT_W < PLACE_W) begin : g_check_out_w PARAM_ERROR_out_w_must_hold_every_place check ();
    end

    reg [PLACE_W-1:0] place_q, best_place_q, m_place_q;
    reg signed [WIDTH-1:0] best_q;
    wire last_place = {1'b0, place_q} == N[PLACE_W:0] - 1'b1;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire better = place_q == 0 || $signed(s_axis_tdata) > best_q;
    assign s_axis_tready = !(last_place && m_axis_tvalid) || m_axis_tready;
    assign m_axis_tdata = {{(OUT_W - PLACE_W) {1'b0}}, m_place_q};

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (accept) begin
            place_q <= last_place ? {PLACE_W{1'b0}} : place_q + 1'b1;
            if (better) begin
                best_q <= s_axis_tdata;
                best_place_q <= place_q;
            end
            if (last_place) begin
                m_axis_tvalid <= 1'b1;
                m_place_q <= better ? place_q : best_place_q;
                m_axis_tlast <= s_axis_tlast;
            end
        end
        if (rst) {place_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    // The definition, on the values of the step: the place of one that is larger than all before it and not smaller
    // than any after it
    reg [N*WIDTH-1:0] f_values_q, f_values;
    wire [$clog2(N+1)-1:0] f_place;  // of the next value
    wire [3:0] f_inside;  // steps whose result is due
    wire f_end;
    reg [N*WIDTH-1:0] f_step_q;  // the step whose result is due
    wire [PLACE_W-1:0] f_any = $anyconst;
    wire signed [WIDTH-1:0] f_best = f_step_q[m_axis_tdata*WIDTH+:WIDTH];
    wire signed [WIDTH-1:0] f_other = f_step_q[f_any*WIDTH+:WIDTH];
    always @* begin
        f_values = f_values_q;
        f_values[f_place*WIDTH+:WIDTH] = s_axis_tdata;
    end

    always @(posedge clk) begin
        if (accept) f_values_q <= f_values;
        if (f_end) f_step_q <= f_values;
    end

    f_steps #(.N_IN(N), .N_OUT(1), .FLIGHT(2), .S_W(WIDTH), .M_W(OUT_W)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data(m_axis_tdata), .s_place(f_place), .begun(f_end), .steps(f_inside)
    );

    always @* if (!rst) begin
        place_in_range : assert (place_q == f_place && place_q < N);
        one_a_step : assert (m_axis_tvalid == (f_inside != 0));
        nothing_overwritten : assert (!f_end || f_inside == 0 || m_axis_tready);
        never_closed : assert (s_axis_tready || (f_place == N - 1 && !m_axis_tready));
        if (m_axis_tvalid) begin
            result_in_range : assert (m_axis_tdata < N);
            if (f_any < N) first_of_the_largest : assert (f_any < m_axis_tdata ? f_best > f_other : f_best >= f_other);
        end
        reach_stall : cover (!s_axis_tready);
        reach_flow : cover (f_end && m_axis_tvalid && m_axis_tlast && m_axis_tdata == N - 1);
    end
`endif
endmodule
`default_nettype wire
