// SPDX-License-Identifier: Apache-2.0
// Makes a whole vector of N values of beats with P values: lmu_serializer the other way round.
//
//   out = {in of the last beat, .., in of the first one}      N values, the first one in the low bits
//
//   Signal         Width     Direction   Description
//   clk, rst       1         in          rising edge; rst is synchronous, active high; the next beat begins a step
//   s_axis_tdata   P*WIDTH   in          P values, the first one in the low bits; ceil(N/P) beats a step. The values of the
//                                        last beat that are beyond N are ignored
//   s_axis_tlast   1         in          last beat of the sequence, which is the last one of a step
//   m_axis_tdata   N*WIDTH   out         one beat a step
//   m_axis_tlast   1         out
//
//   Cycles
//   latency = 0                           combinational, from the last beat of a step
//   ii      = ceil(N/P)
//
// The last beat of a step waits while the vector is not taken; the others are kept here.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gather #(
    // Bits of a value, 1 or more
    parameter integer WIDTH = 16,
    // Values of a step, and of a beat, 1 or more
    parameter integer N = 8, P = 2
) (
    input wire clk, rst,
    input wire [P*WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [N*WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast
);

    localparam BEATS = (N + P - 1) / P, BEAT_CW = BEATS > 1 ? $clog2(BEATS) : 1;

    if (WIDTH < 1 || N < 1 || P < 1) begin : g_check_sizes PARAM_ERROR_width_n_and_p_must_be_at_least_1 check (); end

    wire [BEATS*P*WIDTH-1:0] whole;
    wire unused = &{1'b0, clk, rst, whole};
    assign m_axis_tdata = whole[N*WIDTH-1:0];
    assign m_axis_tlast = s_axis_tlast;

    if (BEATS > 1) begin : g_beats
        reg [(BEATS-1)*P*WIDTH-1:0] kept_q;  // the latest beat in the high bits
        reg [BEAT_CW-1:0] beat_q;
        wire last_beat = {1'b0, beat_q} == BEATS[BEAT_CW:0] - 1'b1;
        wire [BEATS*P*WIDTH-1:0] all = {s_axis_tdata, kept_q};
        assign whole = all;
        assign m_axis_tvalid = s_axis_tvalid && last_beat;
        assign s_axis_tready = !last_beat || m_axis_tready;

        always @(posedge clk) begin
            if (s_axis_tvalid && s_axis_tready) begin
                kept_q <= all[BEATS*P*WIDTH-1:P*WIDTH];
                beat_q <= last_beat ? {BEAT_CW{1'b0}} : beat_q + 1'b1;
            end
            if (rst) beat_q <= {BEAT_CW{1'b0}};
        end
    end else begin : g_beat
        assign whole = s_axis_tdata;
        assign m_axis_tvalid = s_axis_tvalid;
        assign s_axis_tready = m_axis_tready;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(P*WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(N*WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // Each value of a step stands in its place
    reg [BEAT_CW-1:0] f_beat_q;
    reg [BEATS*P*WIDTH-1:0] f_values_q, f_values;
    wire f_taken = s_axis_tvalid && s_axis_tready;
    wire f_end = f_beat_q == BEATS - 1;
    always @* begin
        f_values = f_values_q;
        f_values[f_beat_q*P*WIDTH+:P*WIDTH] = s_axis_tdata;
        if (s_axis_tlast) assume (f_end);
    end

    always @(posedge clk) begin
        if (f_taken) begin
            f_values_q <= f_values;
            f_beat_q <= f_end ? 0 : f_beat_q + 1;
        end
        if (rst) f_beat_q <= 0;
    end

    always @* if (!rst) begin
        beat_in_range : assert (f_beat_q < BEATS);
        one_a_step : assert (m_axis_tvalid == (s_axis_tvalid && f_end));
        nothing_lost : assert (!(f_taken && f_end) || m_axis_tready);
        never_closed : assert (s_axis_tready || (f_end && !m_axis_tready));
        if (m_axis_tvalid) value_in_place : assert (m_axis_tdata == f_values[N*WIDTH-1:0]);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast);
        reach_stall : cover (m_axis_tvalid && !s_axis_tready);
    end
`endif
endmodule
`default_nettype wire
