// SPDX-License-Identifier: Apache-2.0
// The units of a GRU cell that resets before the product, on both sides of the matrix between inner and the candidate:
//
//   z, r = assign_gate(gate_function(assign_pre(sum)))
//   inner = assign_inner(r h_{t-1})                              exact product; goes out to the matrix
//   g = assign_cand(cand_function(assign_pre(sum2)))             sum2 comes back from the matrix
//   h_t = assign_h(z h_{t-1} + (1 - z) g)                        exact; h is 0 before a first step
//
// One multiplier makes r h, another one, in lmu_gru_mix, the mixture. The functions are those of lmu_function.
//
//   Signal           Width     Direction   Description
//   clk, rst         1         in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     IN_W      in          signed, IN_F fraction bits: sums of z, r of unit 0, then of unit 1, ...;
//                                          2*UNITS beats a step
//   s_axis_tlast     1         in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   inner_axis_tdata INNER_W   out         inner, signed, UNITS beats a step
//   inner_axis_tlast 1         out         inner of the last unit, whose last sum had s_axis_tlast
//   sum_axis_tdata   IN_W2     in          sum2, signed, IN_F2 fraction bits, UNITS beats a step
//   sum_axis_tlast   1         in          last beat of the sequence
//   m_axis_tdata     H_W       out         h, UNITS beats a step
//   m_axis_tlast     1         out         sum_axis_tlast of the same unit
//   m_axis_tuser     1         out         one of this unit's z, r, inner, g and h, or of their pre-activations, was
//                                          clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency  = 4 + GATE    from a step's last beat of s to its last inner
//   latency2 = 5 + CAND + MORE    from a step's last sum2 to its last h
//   ii       = 2*UNITS     from one step's first beat of s to that of the next
// GATE, CAND: 1; 2 where that function is a table; 3 where it is a sum, as in lmu_function.
//
// The two halves stop by themselves while a beat of their output is not taken. A step may begin only when the last h of
// the step before has been given; in the recurrence it can not begin earlier.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_gru_before #(
    // Units, 1 or more
    parameter integer UNITS = 8,
    // Bits and fraction bits of the sums of z and r
    parameter integer IN_W = 40, IN_F = 30,
    // Bits and fraction bits of the sum of the candidate
    parameter integer IN_W2 = 40, IN_F2 = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of z and r, its index and its result, as in lmu_function
    parameter integer GATE_FUNCTION = 2, GATE_INDEX_TYPE = 32'h16_0006_0a, GATE_TYPE = 32'h16_000e_10,
    parameter GATE_FILE = "lmu_gru_before_gate.hex",
    // Type of inner
    parameter integer INNER_TYPE = 32'h16_000c_10,
    // Function of the candidate g, its index and its result
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_gru_before_cand.hex",
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: h runs on after the end of a sequence
    parameter integer STREAMING = 0,
    // 1: the product with z takes two cycles, in pieces, for a factor that is wider than those of one multiplier
    parameter integer MORE = 0,
    // Bits of a factor of one multiplier
    parameter integer FACTOR = 18
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [INNER_TYPE%256-1:0] inner_axis_tdata, output reg inner_axis_tvalid, input wire inner_axis_tready,
    output reg inner_axis_tlast,
    input wire [IN_W2-1:0] sum_axis_tdata, input wire sum_axis_tvalid, output wire sum_axis_tready,
    input wire sum_axis_tlast,
    output wire [H_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer INNER_W = INNER_TYPE % 256;
    localparam integer H_W = H_TYPE % 256, H_F = (H_TYPE <<< 8) >>> 16;
    localparam UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1, RAM_DEPTH = UNITS > 1 ? UNITS : 2;

    // First half, from the sums of z and r to inner. VALUE: cycles from a sum to its value; numbers at the end of names
    // count the cycles since the value of r came.
    localparam VALUE = GATE_FUNCTION % 256 > 3 ? 4 : GATE_FUNCTION % 256 == 2 ? 3 : 2;
    wire run = inner_axis_tready || !inner_axis_tvalid;
    assign s_axis_tready = run;

    wire part;  // 1: r
    wire [UNIT_CW-1:0] unit;
    wire fresh, valid, last, pre_clipped, gate_clipped;
    wire [PRE_W-1:0] unused_pre;
    reg [2:1] fresh_q, r_valid_q, last_q;
    wire [GATE_W-1:0] gate;
    wire clipped = pre_clipped || gate_clipped;

    lmu_gates #(
        .UNITS(UNITS), .PARTS(2), .IN_W(IN_W), .IN_F(IN_F), .PRE_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION),
        .INDEX_TYPE(GATE_INDEX_TYPE), .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE), .LATENCY(VALUE),
        .STREAMING(STREAMING)
    ) gates (
        .clk(clk), .rst(rst), .en(run),
        .sum(s_axis_tdata), .sum_valid(s_axis_tvalid), .sum_last(s_axis_tlast), .pre1(unused_pre), .valid(valid),
        .part(part), .unit(unit), .fresh(fresh), .last(last), .pre_clipped(pre_clipped), .value(gate),
        .value_clipped(gate_clipped)
    );

    wire [H_W-1:0] stored_h;
    reg [UNIT_CW-1:0] wr_unit_q;
    reg m_new_q;  // h, which may go round before it is taken outside, has just been made

    lmu_ram #(.WIDTH(H_W), .DEPTH(RAM_DEPTH)) states (
        .clk(clk),
        .wr_en(m_new_q), .wr_addr(wr_unit_q), .wr_data(m_axis_tdata),
        .rd_en(run), .rd_addr(unit), .rd_data(stored_h)
    );

    // In a first step inner and the old h are 0 behind the product, whose factors have no reset
    reg signed [GATE_W-1:0] z_q, z2_q, r1_q;
    reg signed [H_W-1:0] old_h1_q, old_h2_q;
    reg z_clipped_q, clipped1_q, clipped2_q;
    reg signed [GATE_W+H_W-1:0] product2_q;
    wire [INNER_W-1:0] inner2;
    wire inner_clipped2;

    lmu_round_sat #(.IN_W(GATE_W + H_W), .IN_F(GATE_F + H_F), .OUT_TYPE(INNER_TYPE)) to_inner (
        .in_data(product2_q), .out_data(inner2), .clipped(inner_clipped2)
    );

    always @(posedge clk) begin
        if (run) begin
            fresh_q <= {fresh_q[1], fresh};
            r_valid_q <= {r_valid_q[1], valid && part};
            last_q <= {last_q[1], last};
            if (valid && !part) begin
                z_q <= gate;
                z_clipped_q <= clipped;
            end
            z2_q <= z_q;
            r1_q <= gate;
            old_h1_q <= stored_h;
            old_h2_q <= fresh_q[1] ? {H_W{1'b0}} : old_h1_q;
            product2_q <= r1_q * old_h1_q;
            clipped1_q <= z_clipped_q || clipped;
            clipped2_q <= clipped1_q;
            inner_axis_tvalid <= r_valid_q[2];
            inner_axis_tdata <= fresh_q[2] ? {INNER_W{1'b0}} : inner2;
            inner_axis_tlast <= last_q[2];
        end
        if (rst) {r_valid_q, inner_axis_tvalid} <= 0;
    end

    // z and the old h wait for the candidate
    reg [UNIT_CW-1:0] keep_unit_q, mix_unit_q;
    wire [GATE_W-1:0] mix_z;
    wire [H_W-1:0] mix_old_h;
    wire mix_kept_clipped, mix_run;

    lmu_ram #(.WIDTH(1 + GATE_W + H_W), .DEPTH(RAM_DEPTH)) kept (
        .clk(clk),
        .wr_en(run && r_valid_q[2]), .wr_addr(keep_unit_q),
        .wr_data({clipped2_q || (inner_clipped2 && !fresh_q[2]), z2_q, old_h2_q}),
        .rd_en(mix_run), .rd_addr(mix_unit_q), .rd_data({mix_kept_clipped, mix_z, mix_old_h})
    );

    // Second half, from the sum of the candidate to h. Bit k of the vectors: the sum came k cycles ago; MIX: when
    // lmu_gru_mix wants z.
    localparam MIX = CAND_FUNCTION % 256 > 3 ? 4 : CAND_FUNCTION % 256 == 2 ? 3 : 2;
    localparam OUT = MIX + MORE + 3;
    reg [OUT:1] mix_valid_q, mix_last_q;
    reg [OUT:MIX+1] mix_clipped_q;
    reg m_clipped_q;
    wire mix_clipped;
    assign mix_run = m_axis_tready || !m_axis_tvalid;
    assign sum_axis_tready = mix_run;
    assign m_axis_tuser = m_clipped_q || mix_clipped;

    lmu_gru_mix #(
        .IN_W(IN_W2), .IN_F(IN_F2), .PRE_TYPE(PRE_TYPE), .CAND_FUNCTION(CAND_FUNCTION),
        .CAND_INDEX_TYPE(CAND_INDEX_TYPE), .CAND_TYPE(CAND_TYPE), .CAND_FILE(CAND_FILE), .GATE_TYPE(GATE_TYPE),
        .H_TYPE(H_TYPE), .MORE(MORE), .FACTOR(FACTOR)
    ) mix (
        .clk(clk), .en(mix_run),
        .sum(sum_axis_tdata), .z(mix_z), .old_h(mix_old_h), .h(m_axis_tdata), .clipped(mix_clipped)
    );

    function [UNIT_CW-1:0] next_unit;
        input [UNIT_CW-1:0] number;
        next_unit = {1'b0, number} == UNITS[UNIT_CW:0] - 1'b1 ? {UNIT_CW{1'b0}} : number + 1'b1;
    endfunction

    always @(posedge clk) begin
        if (run && r_valid_q[2]) keep_unit_q <= next_unit(keep_unit_q);
        if (mix_run) begin
            if (mix_valid_q[MIX-1]) mix_unit_q <= next_unit(mix_unit_q);
            mix_valid_q <= {mix_valid_q[OUT-1:1], sum_axis_tvalid};
            mix_last_q <= {mix_last_q[OUT-1:1], sum_axis_tlast};
            mix_clipped_q <= {mix_clipped_q[OUT-1:MIX+1], mix_kept_clipped};
            m_axis_tvalid <= mix_valid_q[OUT];
            m_axis_tlast <= mix_last_q[OUT];
            m_clipped_q <= mix_clipped_q[OUT];
        end
        m_new_q <= mix_run && mix_valid_q[OUT];
        if (m_new_q) wr_unit_q <= next_unit(wr_unit_q);
        if (rst) {keep_unit_q, mix_unit_q, wr_unit_q, mix_valid_q, m_axis_tvalid, m_new_q} <= 0;
    end

`ifdef FORMAL
    f_pipe #(.S_W(IN_W), .M_W(INNER_W), .N_IN(2), .LATENCY(VALUE + 3)) f_first (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(inner_axis_tvalid), .m_ready(inner_axis_tready), .m_last(inner_axis_tlast),
        .m_data(inner_axis_tdata)
    );
    f_pipe #(.S_W(IN_W2), .M_W(H_W + 1), .N_IN(1), .LATENCY(OUT + 1)) f_second (
        .clk(clk), .rst(rst), .s_valid(sum_axis_tvalid), .s_ready(sum_axis_tready), .s_last(sum_axis_tlast),
        .s_data(sum_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata})
    );

    reg f_kept_q;  // this h has waited
    always @(posedge clk) f_kept_q <= m_axis_tvalid && !m_axis_tready;

    always @* if (!rst) begin
        units_in_range : assert (unit < UNITS && keep_unit_q < UNITS && mix_unit_q < UNITS && wr_unit_q < UNITS);
        h_kept_at_once : assert (m_new_q == (m_axis_tvalid && !f_kept_q));
        reach_flow : cover (inner_axis_tvalid && inner_axis_tready && inner_axis_tlast && m_axis_tvalid);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && sum_axis_tvalid && inner_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
