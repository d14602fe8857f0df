// SPDX-License-Identifier: Apache-2.0
// Nothing is lost and nothing invented by a unit that makes N_OUT beats of the N_IN beats of a step; tlast of a step's
// last input comes with its last output, and only there. For the `ifdef FORMAL of a module.
//
//   Signal    Width   Direction   Description
//   clk       1       in          rising edge
//   rst       1       in          synchronous, active high, forgets all steps
//   s_*       1       in          the input whose last beat completes a step
//   m_*       1       in          the output
//   s_place   *       out         number of the next input of its step; $clog2(N_IN + 1) bits
//   m_place   *       out         number of the next output of its step; $clog2(N_OUT + 1) bits
//   begun     1       out         a step is complete with the beat taken now
//   done      1       out         a step is out with the beat given now
//   steps     4       out         complete steps inside

// verilator lint_off TIMESCALEMOD
`default_nettype none

module f_steps #(
    // Beats of a step
    parameter integer N_IN = 1,
    parameter integer N_OUT = 1,
    // Complete steps inside at once, 2 to 14 at most
    parameter integer FLIGHT = 2
) (
    input wire clk,
    input wire rst,

    input wire s_valid,
    input wire s_ready,
    input wire s_last,

    input wire m_valid,
    input wire m_ready,
    input wire m_last,

    output wire [ $clog2(N_IN+1)-1:0] s_place,
    output wire [$clog2(N_OUT+1)-1:0] m_place,
    output wire                       begun,
    output wire                       done,
    output wire [                3:0] steps
);

    localparam [FLIGHT-1:0] ONE = 1;
    localparam STEPS_CW = $clog2(FLIGHT + 2);  // one more than allowed can be counted

    reg [FLIGHT-1:0] lasts_q;  // tlast of each step inside, the oldest one lowest
    reg [STEPS_CW-1:0] steps_q;
    reg [$clog2(N_IN+1)-1:0] s_place_q;
    reg [$clog2(N_OUT+1)-1:0] m_place_q;

    wire m_end = m_place_q == N_OUT - 1;
    wire [STEPS_CW-1:0] left = steps_q - done;
    wire [FLIGHT-1:0] rest = lasts_q >> done;
    wire [FLIGHT-1:0] added = {FLIGHT{begun && s_last}} & ONE;

    assign s_place = s_place_q;
    assign m_place = m_place_q;
    assign begun = s_valid && s_ready && s_place_q == N_IN - 1;
    assign done = m_valid && m_ready && m_end;
    assign steps = steps_q;

    always @(posedge clk) begin
        steps_q <= left + begun;
        lasts_q <= (rest & ~(ONE << left)) | (added << left);
        if (s_valid && s_ready) s_place_q <= begun ? 0 : s_place_q + 1;
        if (m_valid && m_ready) m_place_q <= done ? 0 : m_place_q + 1;
        if (rst) {steps_q, lasts_q, s_place_q, m_place_q} <= 0;
    end

    always @* if (!rst) begin
        flight_bounded : assert (steps_q <= FLIGHT);
        none_invented : assert (!m_valid || steps_q != 0);
        last_in_place : assert (!m_valid || m_last == (m_end && lasts_q[0]));
    end

endmodule

`default_nettype wire
