// SPDX-License-Identifier: Apache-2.0
// A pipeline that moves whenever no beat of its output waits: both streams keep the rules (f_axis); each N_IN beats
// give one, LATENCY moves after the last of them and with its tlast, and there is no other. For the `ifdef FORMAL of a
// module.
//
//   Signal    Width     Direction   Description
//   clk, rst  1         in          rising edge; rst is synchronous, active high, empties the pipeline
//   s_*       1         in          the input; s_data: S_W bits
//   m_*       1         in          the output; m_data: {tuser, tdata}, M_W bits
//   place     *         out         number of the next input; $clog2(N_IN + 1) bits
//   inside    LATENCY   out         bit k: a beat that gives one came k moves ago

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_pipe #(
    // Bits of data
    parameter integer S_W = 1, M_W = 1,
    // Beats that give one
    parameter integer N_IN = 1,
    // Moves, 2 or more
    parameter integer LATENCY = 2
) (
    input wire clk, rst,
    input wire s_valid, s_ready, s_last, input wire [S_W-1:0] s_data,
    input wire m_valid, m_ready, m_last, input wire [M_W-1:0] m_data,
    output reg [$clog2(N_IN+1)-1:0] place,
    output reg [LATENCY:1] inside
);

    reg [LATENCY:1] lasts_q;
    wire moves = !m_valid || m_ready;
    wire full = s_valid && place == N_IN - 1;
    f_axis #(.IN(1), .WIDTH(S_W + 1)) f_s_axis (clk, rst, s_valid, s_ready, {s_data, s_last});
    f_axis #(.WIDTH(M_W + 1)) f_m_axis (clk, rst, m_valid, m_ready, {m_data, m_last});

    always @(posedge clk) begin
        if (moves) begin
            inside <= {inside[LATENCY-1:1], full};
            lasts_q <= {lasts_q[LATENCY-1:1], s_last};
            if (s_valid) place <= full ? 0 : place + 1;
        end
        if (rst) {inside, place} <= 0;
    end

    always @* if (!rst) begin
        one_out : assert (m_valid == inside[LATENCY]);
        if (m_valid) last_in_place : assert (m_last == lasts_q[LATENCY]);
        never_closed : assert (s_ready == moves);
    end

endmodule
`default_nettype wire
