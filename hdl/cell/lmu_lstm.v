// SPDX-License-Identifier: Apache-2.0
// The units of an LSTM cell, from the exact sums of their four gates to h:
//
//   i, f, o = assign_gate(gate_function(assign_pre(sum)))        g = assign_cand(cand_function(assign_pre(sum)))
//   c_t = assign_cell(f c_{t-1} + i g)                           exact products and sum; c is 0 before a first step
//   h_t = assign_h(o assign_squash(squash_function(c_t)))
//
// One multiplier makes f c and i g, another one o times the squashed cell. The functions are those of lmu_function.
//
//   Signal           Width   Direction   Description
//   clk, rst         1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     IN_W    in          signed, IN_F fraction bits: sums of i, f, g, o of unit 0, then of unit 1, ...;
//                                        4*UNITS beats a step
//   s_axis_tlast     1       in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   m_axis_tdata     H_W     out         h, UNITS beats a step
//   m_axis_tlast     1       out         h of the last unit, whose last sum had s_axis_tlast
//   m_axis_tuser     1       out         one of the values that lead from the four sums to this h was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 9          from a step's last input beat to its last output beat
//   ii      = 4*UNITS    from one step's first input beat to that of the next
//
// All stages stop while an output beat is not taken. With UNITS = 1 a step may begin only when h of the step before
// has been given; in the recurrence it can not begin earlier.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_lstm #(
    // Units, 1 or more
    parameter integer UNITS = 8,
    // Bits and fraction bits of a sum
    parameter integer IN_W = 40, IN_F = 30,
    // Type, as in lmu_round_sat, of a pre-activation
    parameter integer PRE_TYPE = 32'h16_000c_10,
    // Function of i, f and o, its index and its result, as in lmu_function
    parameter integer GATE_FUNCTION = 2, GATE_INDEX_TYPE = 32'h16_0006_0a, GATE_TYPE = 32'h16_000e_10,
    parameter GATE_FILE = "lmu_lstm_gate.hex",
    // The same for the candidate g
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter CAND_FILE = "lmu_lstm_cand.hex",
    // Type of the cell c
    parameter integer CELL_TYPE = 32'h16_000c_10,
    // Function of the cell, its index and its result
    parameter integer SQUASH_FUNCTION = 2, SQUASH_INDEX_TYPE = 32'h16_0006_0a, SQUASH_TYPE = 32'h16_000e_10,
    parameter SQUASH_FILE = "lmu_lstm_squash.hex",
    // Type of h
    parameter integer H_TYPE = 32'h16_000e_10,
    // 1: c runs on after the end of a sequence
    parameter integer STREAMING = 0
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [H_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer CAND_W = CAND_TYPE % 256, CAND_F = (CAND_TYPE <<< 8) >>> 16;
    localparam integer CELL_W = CELL_TYPE % 256, CELL_F = (CELL_TYPE <<< 8) >>> 16;
    localparam integer SQUASH_W = SQUASH_TYPE % 256, SQUASH_F = (SQUASH_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256;
    localparam [1:0] I = 2'd0, F = 2'd1, G = 2'd2, O = 2'd3;
    localparam UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1;

    // Both products of the cell are brought to the finer of their fraction bits
    localparam KEEP_SHIFT = CAND_F > CELL_F ? CAND_F - CELL_F : 0;
    localparam ADD_SHIFT = CELL_F > CAND_F ? CELL_F - CAND_F : 0;
    localparam KEEP_W = GATE_W + CELL_W, ADD_W = GATE_W + CAND_W, FACTOR_W = CELL_W > CAND_W ? CELL_W : CAND_W;
    localparam SUM_W = (KEEP_W + KEEP_SHIFT > ADD_W + ADD_SHIFT ? KEEP_W + KEEP_SHIFT : ADD_W + ADD_SHIFT) + 1;
    localparam SUM_F = GATE_F + CELL_F + KEEP_SHIFT;

    wire run = m_axis_tready || !m_axis_tvalid;
    assign s_axis_tready = run;

    // Which gate of which unit; cycle 1: pre-activation; cycle 2: gates and candidate. Numbers at the end of names
    // count the cycles since the sum came.
    wire [1:0] part2;
    wire [UNIT_CW-1:0] unit;
    wire fresh, valid2, pre_clipped2, gate_clipped2, cand_clipped2;
    reg last1_q, last2_q;
    wire [PRE_W-1:0] pre1;
    wire [GATE_W-1:0] gate2;
    wire [CAND_W-1:0] cand2;
    wire clipped2 = pre_clipped2 || (part2 == G ? cand_clipped2 : gate_clipped2);

    always @(posedge clk) if (run) {last2_q, last1_q} <= {last1_q, s_axis_tlast};

    lmu_gates #(
        .UNITS(UNITS), .PARTS(4), .IN_W(IN_W), .IN_F(IN_F), .PRE_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION),
        .INDEX_TYPE(GATE_INDEX_TYPE), .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE), .STREAMING(STREAMING)
    ) gates (
        .clk(clk), .rst(rst), .en(run),
        .sum(s_axis_tdata), .valid(s_axis_tvalid), .last(s_axis_tlast), .unit(unit), .fresh(fresh), .pre1(pre1),
        .valid2(valid2), .part2(part2), .value2(gate2), .pre_clipped2(pre_clipped2), .value_clipped2(gate_clipped2)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .INDEX_TYPE(CAND_INDEX_TYPE), .OUT_TYPE(CAND_TYPE),
        .TABLE_FILE(CAND_FILE)
    ) cand_function (
        .clk(clk), .en(run), .in_data(pre1), .out_data(cand2), .clipped(cand_clipped2)
    );

    // The cell: f c when f is there, i g when g is there. The unit goes on no earlier than two cycles after f.
    wire [CELL_W-1:0] old_cell2;
    wire [CELL_W-1:0] cell2 = fresh ? {CELL_W{1'b0}} : old_cell2;
    reg [4:3] keep_q;
    reg [5:3] add_q;
    reg signed [GATE_W-1:0] i_q, weight3_q;
    reg signed [FACTOR_W-1:0] factor3_q;
    reg signed [GATE_W+FACTOR_W-1:0] product4_q;
    wire [KEEP_W-1:0] keep_product4 = product4_q[KEEP_W-1:0];
    wire [ADD_W-1:0] add_product4 = product4_q[ADD_W-1:0];
    wire signed [SUM_W-1:0] keep4, add4;
    reg signed [SUM_W-1:0] sum5_q;

    lmu_align #(.IN_W(KEEP_W), .SHIFT(KEEP_SHIFT), .OUT_W(SUM_W)) align_keep (
        .in_data(keep_product4), .out_data(keep4)
    );
    lmu_align #(.IN_W(ADD_W), .SHIFT(ADD_SHIFT), .OUT_W(SUM_W)) align_add (.in_data(add_product4), .out_data(add4));

    always @(posedge clk) begin
        if (run) begin
            if (valid2 && part2 == I) i_q <= gate2;
            weight3_q <= part2 == F ? gate2 : i_q;
            factor3_q <= part2 == F ? {{(FACTOR_W - CELL_W) {cell2[CELL_W-1]}}, cell2} :
                                        {{(FACTOR_W - CAND_W) {cand2[CAND_W-1]}}, cand2};
            product4_q <= weight3_q * factor3_q;
            if (keep_q[4]) sum5_q <= keep4;
            if (add_q[4]) sum5_q <= sum5_q + add4;
            keep_q <= {keep_q[3], valid2 && part2 == F};
            add_q <= {add_q[4:3], valid2 && part2 == G};
        end
        if (rst) {keep_q, add_q} <= 0;
    end

    // Cycle 6: the cell is assigned; cycle 7: it is squashed
    wire [CELL_W-1:0] new_cell;
    wire new_cell_clipped, squash_clipped7;
    reg cell_valid6_q, cell_clipped6_q;
    reg [CELL_W-1:0] cell6_q;
    reg [UNIT_CW-1:0] cell_unit_q;
    wire [SQUASH_W-1:0] squashed7;

    lmu_round_sat #(.IN_W(SUM_W), .IN_F(SUM_F), .OUT_TYPE(CELL_TYPE)) to_cell (
        .in_data(sum5_q), .out_data(new_cell), .clipped(new_cell_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            cell_valid6_q <= add_q[5];
            if (add_q[5]) begin
                cell6_q <= new_cell;
                cell_clipped6_q <= new_cell_clipped;
            end
            if (cell_valid6_q) begin
                cell_unit_q <= {1'b0, cell_unit_q} == UNITS[UNIT_CW:0] - 1'b1 ? {UNIT_CW{1'b0}} : cell_unit_q + 1'b1;
            end
        end
        if (rst) {cell_valid6_q, cell_unit_q} <= 0;
    end

    lmu_ram #(.WIDTH(CELL_W), .DEPTH(UNITS > 1 ? UNITS : 2)) cells (
        .clk(clk),
        .wr_en(run && cell_valid6_q), .wr_addr(cell_unit_q), .wr_data(cell6_q),
        .rd_en(run), .rd_addr(unit), .rd_data(old_cell2)
    );
    lmu_function #(
        .IN_TYPE(CELL_TYPE), .FUNCTION(SQUASH_FUNCTION), .INDEX_TYPE(SQUASH_INDEX_TYPE), .OUT_TYPE(SQUASH_TYPE),
        .TABLE_FILE(SQUASH_FILE)
    ) squash_function (
        .clk(clk), .en(run), .in_data(cell6_q), .out_data(squashed7), .clipped(squash_clipped7)
    );

    // h. o is the beat after g at the earliest, so that the squashed cell is there when o came six cycles ago, and it
    // stays until the g of the next unit has come as far. Bit k of the following vectors: o came k cycles ago.
    reg [8:3] out_valid_q, out_last_q;
    reg [8:4] out_clipped_q;
    reg unit_clipped_q;  // one of the gates of this unit so far
    reg signed [GATE_W-1:0] o_q, o7_q;
    reg signed [SQUASH_W-1:0] squashed_q;
    reg signed [GATE_W+SQUASH_W-1:0] product8_q;
    wire [H_W-1:0] h;
    wire h_clipped;

    lmu_round_sat #(.IN_W(GATE_W + SQUASH_W), .IN_F(GATE_F + SQUASH_F), .OUT_TYPE(H_TYPE)) to_h (
        .in_data(product8_q), .out_data(h), .clipped(h_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            if (valid2 && part2 == O) o_q <= gate2;
            if (valid2) unit_clipped_q <= clipped2 || (unit_clipped_q && part2 != I);
            o7_q <= o_q;
            squashed_q <= squashed7;
            product8_q <= o7_q * squashed_q;
            out_valid_q <= {out_valid_q[7:3], valid2 && part2 == O};
            out_last_q <= {out_last_q[7:3], last2_q};
            out_clipped_q <= {out_clipped_q[7:4], unit_clipped_q};
            if (cell_clipped6_q || squash_clipped7) out_clipped_q[7] <= 1'b1;
            m_axis_tvalid <= out_valid_q[8];
            m_axis_tdata <= h;
            m_axis_tlast <= out_last_q[8];
            m_axis_tuser <= out_clipped_q[8] || h_clipped;
        end
        if (rst) {out_valid_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    wire [2:0] f_place;
    wire [9:1] f_inside;
    reg f_f1_q, f_g1_q;  // a sum of f, of g came one move ago
    f_pipe #(.S_W(IN_W), .M_W(H_W + 1), .N_IN(4), .LATENCY(9)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .place(f_place), .inside(f_inside)
    );

    wire [1:0] f_f_g = {2{s_axis_tvalid}} & {f_place == F, f_place == G};
    always @(posedge clk) {f_f1_q, f_g1_q} <= rst ? 2'b00 : run ? f_f_g : {f_f1_q, f_g1_q};

    wire [1:0] f_early = f_g1_q + (valid2 && part2 == G);
    wire [2:0] f_cells = f_early + add_q[3] + add_q[4] + add_q[5] + cell_valid6_q;
    wire [UNIT_CW-1:0] f_next = cell_unit_q == UNITS - 1 ? 0 : cell_unit_q + 1;
    always @* if (!rst) begin
        unit_in_range : assert (unit < UNITS);
        // c is read after it has been written: no cell of this unit is under way when its f is there
        if (UNITS > 1) begin
            cells_under_way : assert (f_cells <= 2);
            if (f_f1_q && f_cells > 0) cell_written : assert (cell_unit_q != unit);
            if (f_f1_q && f_cells > 1) second_cell_written : assert (f_next != unit);
        end
        reach_flow : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_inside[5]);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
