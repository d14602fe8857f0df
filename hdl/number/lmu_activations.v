// SPDX-License-Identifier: Apache-2.0
// An activation function on a stream of whole vectors: lmu_activation for each value.
//
//   out_k = function(in_k),   k = 0 .. N-1      as in lmu_activation
//
//   Signal           Width      Direction   Description
//   clk, rst         1          in          rising edge; rst is synchronous, active high, clears control
//   s_axis_tdata     N*IN_W     in          signed, IN_F fraction bits, the first value in the low bits
//   s_axis_tlast     1          in          passed on
//   m_axis_tdata     N*OUT_W    out         signed, OUT_F fraction bits
//   m_axis_tlast     1          out
//   m_axis_tuser     1          out         one of the values was clipped, as in lmu_activation
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 2      from an input beat to its output beat; 4 with a sum
//   ii      = 1      a beat
//
// All stages stop while an output beat is not taken.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_activations #(
    // Values of a beat, 1 or more
    parameter integer N = 4,
    // As in lmu_activation
    parameter integer IN_W = 40, IN_F = 30, PRE_TYPE = 32'h16_000c_10, FUNCTION = 2, INDEX_TYPE = 32'h16_0006_0a,
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // Words of the table, as in lmu_function
    parameter TABLE_FILE = "lmu_activations.hex"
) (
    input wire clk, rst,
    input wire [N*IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [N*(OUT_TYPE%256)-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer OUT_W = OUT_TYPE % 256;

    if (N < 1) begin : g_check_n PARAM_ERROR_n_must_be_at_least_1 check (); end

    // They all move together
    wire [N-1:0] ready, valid, last, clipped;
    wire unused = &{1'b0, ready, valid, last};
    genvar i;
    assign s_axis_tready = ready[0];
    assign m_axis_tvalid = valid[0];
    assign m_axis_tlast = last[0];
    assign m_axis_tuser = |clipped;

    for (i = 0; i < N; i = i + 1) begin : g_value
        lmu_activation #(
            .IN_W(IN_W), .IN_F(IN_F), .PRE_TYPE(PRE_TYPE), .FUNCTION(FUNCTION), .INDEX_TYPE(INDEX_TYPE),
            .OUT_TYPE(OUT_TYPE), .TABLE_FILE(TABLE_FILE)
        ) activation (
            .clk(clk), .rst(rst),
            .s_axis_tdata(s_axis_tdata[i*IN_W+:IN_W]), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(ready[i]),
            .s_axis_tlast(s_axis_tlast),
            .m_axis_tdata(m_axis_tdata[i*OUT_W+:OUT_W]), .m_axis_tvalid(valid[i]), .m_axis_tready(m_axis_tready),
            .m_axis_tlast(last[i]), .m_axis_tuser(clipped[i])
        );
    end

`ifdef FORMAL
    localparam LATENCY = FUNCTION % 256 < 4 ? 2 : 4;
    f_pipe #(.S_W(N*IN_W), .M_W(N*OUT_W + 1), .LATENCY(LATENCY)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata})
    );

    always @* if (!rst) begin
        together : assert (ready == {N{ready[0]}} && valid == {N{valid[0]}});
        if (m_axis_tvalid) same_last : assert (last == {N{last[0]}});
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && !m_axis_tuser);
        reach_clipped : cover (m_axis_tvalid && m_axis_tuser);
    end
`endif
endmodule
`default_nettype wire
