// SPDX-License-Identifier: Apache-2.0
// An activation function on a stream of exact sums:
//
//   out = assign_out(function(assign_pre(in)))     linear, relu
//   out = table[assign_index(assign_pre(in))]      table; its words are of the output's type
//   out = assign_out(sum)                          of entry, slope and relu, as in lmu_function
//
//   Signal           Width    Direction   Description
//   clk, rst         1        in          rising edge; rst is synchronous, active high, clears control
//   s_axis_tdata     IN_W     in          signed, IN_F fraction bits
//   s_axis_tlast     1        in          passed on
//   m_axis_tdata     OUT_W    out         signed, OUT_F fraction bits
//   m_axis_tlast     1        out
//   m_axis_tuser     1        out         the value was clipped when assigned to pre or to the output's type; the
//                                         index of a table saturates without a flag
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 2      from an input beat to its output beat; 4 with a sum
//   ii      = 1      a beat
//
// All stages stop while an output beat is not taken.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_activation #(
    // Bits and fraction bits of the input
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of the pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // As in lmu_function
    parameter integer FUNCTION = 2,
    // Type of a table's index
    parameter integer INDEX_TYPE = 32'h16_0006_0a,
    // Type of the output
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // Words of the table, as in lmu_function
    parameter TABLE_FILE = "lmu_activation.hex"
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [OUT_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam LATENCY = FUNCTION % 256 < 4 ? 2 : 4;
    wire [PRE_W-1:0] pre;
    wire pre_clipped, out_clipped;
    reg [PRE_W-1:0] pre_q;
    // Bit k: of what came k moves ago
    reg [LATENCY-1:1] valid_q, last_q, pre_clipped_q;
    reg m_pre_clipped_q;
    wire run = m_axis_tready || !m_axis_tvalid;
    assign s_axis_tready = run;
    assign m_axis_tuser = m_pre_clipped_q || out_clipped;

    lmu_round_sat #(.IN_W(IN_W), .IN_F(IN_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(s_axis_tdata), .out_data(pre), .clipped(pre_clipped)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(FUNCTION), .INDEX_TYPE(INDEX_TYPE), .OUT_TYPE(OUT_TYPE), .TABLE_FILE(TABLE_FILE)
    ) apply (
        .clk(clk), .en(run), .in_data(pre_q), .out_data(m_axis_tdata), .clipped(out_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            pre_q <= pre;
            {m_pre_clipped_q, pre_clipped_q} <= {pre_clipped_q, pre_clipped};
            {m_axis_tlast, last_q} <= {last_q, s_axis_tlast};
            {m_axis_tvalid, valid_q} <= {valid_q, s_axis_tvalid};
        end
        if (rst) {valid_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    localparam integer PRE_F = (PRE_TYPE <<< 8) >>> 16, PRE_OVERFLOW = PRE_TYPE >> 28;
    localparam integer OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16, OUT_OVERFLOW = OUT_TYPE >> 28;
    localparam F_SAME = FUNCTION == 0 && IN_W == PRE_W && IN_F == PRE_F && IN_W == OUT_W && IN_F == OUT_F
        && PRE_OVERFLOW != 3 && OUT_OVERFLOW != 3;
    reg [LATENCY*IN_W-1:0] f_values_q;
    wire [LATENCY:1] f_inside;
    f_pipe #(.S_W(IN_W), .M_W(OUT_W + 1), .LATENCY(LATENCY)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .inside(f_inside)
    );

    always @(posedge clk) begin
        if (s_axis_tready) f_values_q <= {f_values_q[(LATENCY-1)*IN_W-1:0], s_axis_tdata};
        if (!rst) begin
            reach_flow : cover (&f_inside && m_axis_tready && s_axis_tvalid && m_axis_tlast);
            reach_stall : cover (&f_inside && !s_axis_tready);
        end
    end

    always @* if (!rst && m_axis_tvalid && F_SAME) begin
        value_in_place : assert (m_axis_tdata == f_values_q[2*IN_W-1:IN_W] && !m_axis_tuser);
    end
`endif
endmodule
`default_nettype wire
