// SPDX-License-Identifier: Apache-2.0
// Nothing is lost and nothing invented by a unit that makes N_OUT beats of the N_IN beats of a step; tlast of a step's
// last input comes with its last output, and only there. Both streams keep the rules (f_axis), unless RULES = 0: then
// they are chosen beats of streams that another instance has. For the `ifdef FORMAL of a module.
//
//   Signal    Width   Direction   Description
//   clk, rst  1       in          rising edge; rst is synchronous, active high, forgets all steps
//   s_*       1       in          the input whose last beat completes a step; s_data: {tuser, tdata}, S_W bits
//   m_*       1       in          the output; m_data: {tuser, tdata}, M_W bits
//   s_place   *       out         number of the next input of its step; $clog2(N_IN + 1) bits
//   m_place   *       out         number of the next output of its step; $clog2(N_OUT + 1) bits
//   begun     1       out         a step is complete with the beat taken now
//   done      1       out         a step is out with the beat given now
//   steps     4       out         complete steps inside
//   lasts     FLIGHT  out         tlast of each, the oldest one lowest

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_steps #(
    // Beats of a step
    parameter integer N_IN = 1, N_OUT = 1,
    // Complete steps inside at once, 2 to 14 at most
    parameter integer FLIGHT = 2,
    // Bits of data
    parameter integer S_W = 1, M_W = 1, RULES = 1
) (
    input wire clk, rst,
    input wire s_valid, s_ready, s_last, input wire [S_W-1:0] s_data,
    input wire m_valid, m_ready, m_last, input wire [M_W-1:0] m_data,
    output reg [$clog2(N_IN+1)-1:0] s_place,
    output reg [$clog2(N_OUT+1)-1:0] m_place,
    output wire begun, done,
    output wire [3:0] steps,
    output wire [FLIGHT-1:0] lasts
);

    localparam [FLIGHT-1:0] ONE = 1;
    localparam STEPS_CW = $clog2(FLIGHT + 2);  // one more than allowed can be counted
    reg [FLIGHT-1:0] lasts_q;  // tlast of each step inside, the oldest one lowest
    reg [STEPS_CW-1:0] steps_q;
    wire m_end = m_place == N_OUT - 1;
    wire [STEPS_CW-1:0] left = steps_q - done;
    wire [FLIGHT-1:0] rest = lasts_q >> done;
    wire [FLIGHT-1:0] added = {FLIGHT{begun && s_last}} & ONE;
    assign begun = s_valid && s_ready && s_place == N_IN - 1;
    assign done = m_valid && m_ready && m_end;
    assign {steps, lasts} = {{(4 - STEPS_CW) {1'b0}}, steps_q, lasts_q};

    always @(posedge clk) begin
        steps_q <= left + begun;
        lasts_q <= (rest & ~(ONE << left)) | (added << left);
        if (s_valid && s_ready) s_place <= begun ? 0 : s_place + 1;
        if (m_valid && m_ready) m_place <= done ? 0 : m_place + 1;
        if (rst) {steps_q, lasts_q, s_place, m_place} <= 0;
    end

    if (RULES != 0) begin : g_rules
        f_axis #(.IN(1), .WIDTH(S_W + 1)) f_s_axis (clk, rst, s_valid, s_ready, {s_data, s_last});
        f_axis #(.WIDTH(M_W + 1)) f_m_axis (clk, rst, m_valid, m_ready, {m_data, m_last});
    end

    always @* if (!rst) begin
        places_in_range : assert (s_place < N_IN && m_place < N_OUT);
        flight_bounded : assert (steps_q <= FLIGHT);
        none_invented : assert (!m_valid || steps_q != 0);
        last_in_place : assert (!m_valid || m_last == (m_end && lasts_q[0]));
    end

endmodule
`default_nettype wire
