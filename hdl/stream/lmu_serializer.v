// SPDX-License-Identifier: Apache-2.0
// Turns words of LANES values into beats of P values, one value a beat by default, those in the low bits first.
//
//   Signal         Width         Direction   Description
//   clk            1             in          rising edge
//   rst            1             in          synchronous, active high; the word that is being given out is dropped
//   s_axis_tdata   LANES*WIDTH   in          LANES values, the first one in the low bits
//   s_axis_tuser   LANES         in          one flag a value
//   s_axis_tlast   1             in
//   m_axis_tdata   P*WIDTH       out         P values; those of a word's last beat that are beyond LANES are zero
//   m_axis_tuser   P             out         their flags
//   m_axis_tlast   1             out         last beat of a word that came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = ceil(LANES/P)    from a word to its last beat
//   ii      = ceil(LANES/P)    from one word to the next
//
// A word is taken in the cycle in which the last beat of the previous one is: m_axis_tready acts on s_axis_tready
// within the cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_serializer #(
    // Bits of a value, 1 or more
    parameter integer WIDTH = 16,
    // Values of a word, 1 or more
    parameter integer LANES = 4,
    // Values of a beat, 1 or more
    parameter integer P = 1
) (
    input wire clk, rst,
    input wire [LANES*WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [LANES-1:0] s_axis_tuser,
    output wire [P*WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [P-1:0] m_axis_tuser
);

    localparam BEATS = (LANES + P - 1) / P, BEAT_CW = BEATS > 1 ? $clog2(BEATS) : 1, BEYOND = BEATS * P - LANES;

    if (WIDTH < 1 || LANES < 1 || P < 1) begin : g_check_sizes
        PARAM_ERROR_width_lanes_and_p_must_be_at_least_1 check ();
    end

    // The beat that is offered is in the low bits
    reg [BEATS*P*WIDTH-1:0] data_q;
    reg [BEATS*P-1:0] user_q;
    reg last_q;
    reg [BEAT_CW-1:0] beat_q;
    reg last_beat_q;  // known a cycle ahead
    wire accept = s_axis_tready && s_axis_tvalid;
    assign s_axis_tready = !m_axis_tvalid || (m_axis_tready && last_beat_q);
    assign m_axis_tdata = data_q[P*WIDTH-1:0];
    assign m_axis_tlast = last_q && last_beat_q;
    assign m_axis_tuser = user_q[P-1:0];

    always @(posedge clk) begin
        if (m_axis_tvalid && m_axis_tready) begin
            data_q <= data_q >> (P * WIDTH) | data_q << ((BEATS - 1) * P * WIDTH);  // in a ring: zeros would be resets
            user_q <= user_q >> P;
            beat_q <= last_beat_q ? {BEAT_CW{1'b0}} : beat_q + 1'b1;
            last_beat_q <= last_beat_q ? BEATS == 1 : {1'b0, beat_q} + 1'b1 == BEATS[BEAT_CW:0] - 1'b1;
            if (last_beat_q) m_axis_tvalid <= 1'b0;
        end
        if (accept) begin
            data_q <= {{(BEYOND * WIDTH) {1'b0}}, s_axis_tdata};
            user_q <= {{BEYOND{1'b0}}, s_axis_tuser};
            last_q <= s_axis_tlast;
            m_axis_tvalid <= 1'b1;
        end
        if (rst) {m_axis_tvalid, beat_q} <= 0;
        if (rst) last_beat_q <= BEATS == 1;
    end

`ifdef FORMAL
    // Each word gives its values once, in order
    reg [BEATS*P*WIDTH-1:0] f_data_q;
    reg [BEATS*P-1:0] f_user_q;
    wire [$clog2(BEATS+1)-1:0] f_beat;
    wire [3:0] f_inside;
    wire f_done;
    f_steps #(.N_IN(1), .N_OUT(BEATS), .FLIGHT(2), .S_W(LANES*WIDTH + LANES), .M_W(P*WIDTH + P)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .m_place(f_beat), .done(f_done), .steps(f_inside)
    );

    always @(posedge clk) if (accept) begin
        f_data_q <= s_axis_tdata;
        f_user_q <= s_axis_tuser;
    end

    always @* if (!rst) begin
        beat_in_range : assert (beat_q < BEATS && last_beat_q == (beat_q == BEATS - 1));
        no_bubble : assert (m_axis_tvalid == (f_inside != 0));
        taken_when_free : assert (s_axis_tready == (f_inside == 0 || f_done));
        if (m_axis_tvalid) begin
            value_in_place : assert (m_axis_tdata == f_data_q[f_beat*P*WIDTH+:P*WIDTH]);
            flag_in_place : assert (m_axis_tuser == f_user_q[f_beat*P+:P]);
        end
        reach_full_rate : cover (accept && f_done && m_axis_tlast);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid && f_beat == BEATS - 1);
    end
`endif
endmodule
`default_nettype wire
