// SPDX-License-Identifier: Apache-2.0
// The units of an LSTM cell, from the exact sums of their four gates to h:
//
//   i, f, o = assign_gate(gate_function(assign_pre(sum)))        g = assign_cand(cand_function(assign_pre(sum)))
//   c_t = assign_cell(f c_{t-1} + i g)                           exact products and sum; c is 0 before a first step
//   h_t = assign_h(o assign_squash(squash_function(c_t)))
//
// One multiplier makes f c and i g, another one o times the squashed cell. The functions are those of lmu_function.
// With ONE_TABLE = 1 that of g makes both g and the squashed cell, each of which asks for one value a unit.
//
//   Signal           Width   Direction   Description
//   clk, rst         1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata     IN_W    in          signed, IN_F fraction bits: sums of g, i, f, o of unit 0, then of unit 1, ...;
//                                        4*UNITS beats a step
//   s_axis_tlast     1       in          last beat of the sequence: with STREAMING = 0 the next step is a first one
//   m_axis_tdata     H_W     out         h, UNITS beats a step
//   m_axis_tlast     1       out         h of the last unit, whose last sum had s_axis_tlast
//   m_axis_tuser     1       out         one of the values that lead from the four sums to this h was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 7 + max(GATE, CAND) + SQUASH + ONE_TABLE
//                        from a step's last input beat to its last output beat
//   ii      = 4*UNITS    from one step's first input beat to that of the next
// GATE, CAND, SQUASH: 1; 2 where that function is a table; 3 where it is a sum, as in lmu_function.
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
    parameter integer STREAMING = 0,
    // 1: SQUASH_FUNCTION, its index, its result and its file are those of the candidate
    parameter integer ONE_TABLE = 0
) (
    input wire clk, rst,
    input wire [IN_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [H_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer PRE_W = PRE_TYPE % 256, PRE_F = (PRE_TYPE <<< 8) >>> 16;
    localparam integer GATE_W = GATE_TYPE % 256, GATE_F = (GATE_TYPE <<< 8) >>> 16;
    localparam integer CAND_W = CAND_TYPE % 256, CAND_F = (CAND_TYPE <<< 8) >>> 16;
    localparam integer CELL_W = CELL_TYPE % 256, CELL_F = (CELL_TYPE <<< 8) >>> 16;
    localparam integer SQUASH_W = SQUASH_TYPE % 256, SQUASH_F = (SQUASH_TYPE <<< 8) >>> 16;
    localparam integer H_W = H_TYPE % 256;
    localparam [1:0] G = 2'd0, I = 2'd1, F = 2'd2, O = 2'd3;
    localparam UNIT_CW = UNITS > 1 ? $clog2(UNITS) : 1;

    // Both products of the cell are brought to the finer of their fraction bits
    localparam KEEP_SHIFT = CAND_F > CELL_F ? CAND_F - CELL_F : 0;
    localparam ADD_SHIFT = CELL_F > CAND_F ? CELL_F - CAND_F : 0;
    localparam KEEP_W = GATE_W + CELL_W, ADD_W = GATE_W + CAND_W, FACTOR_W = CELL_W > CAND_W ? CELL_W : CAND_W;
    localparam SUM_W = (KEEP_W + KEEP_SHIFT > ADD_W + ADD_SHIFT ? KEEP_W + KEEP_SHIFT : ADD_W + ADD_SHIFT) + 1;
    localparam SUM_F = GATE_F + CELL_F + KEEP_SHIFT;

    // A value of a pre-activation or of the cell
    localparam integer EITHER_F = PRE_F > CELL_F ? PRE_F : CELL_F;
    localparam integer PRE_SHIFT = EITHER_F - PRE_F, CELL_SHIFT = EITHER_F - CELL_F;
    localparam integer EITHER_W = PRE_W + PRE_SHIFT > CELL_W + CELL_SHIFT ? PRE_W + PRE_SHIFT : CELL_W + CELL_SHIFT;

    if (ONE_TABLE != 0 && (CAND_FUNCTION != SQUASH_FUNCTION || CAND_INDEX_TYPE != SQUASH_INDEX_TYPE
        || CAND_TYPE != SQUASH_TYPE)) begin : g_check_one PARAM_ERROR_one_table_is_of_one_function check (); end

    wire run = m_axis_tready || !m_axis_tvalid;
    assign s_axis_tready = run;

    // Cycles of the functions, and from a sum to its value. Numbers at the end of names count the cycles
    // since the value came.
    localparam GATE = GATE_FUNCTION % 256 > 3 ? 3 : GATE_FUNCTION % 256 == 2 ? 2 : 1;
    localparam CAND = CAND_FUNCTION % 256 > 3 ? 3 : CAND_FUNCTION % 256 == 2 ? 2 : 1;
    localparam SQUASH = SQUASH_FUNCTION % 256 > 3 ? 3 : SQUASH_FUNCTION % 256 == 2 ? 2 : 1;
    localparam VALUE = 1 + (GATE > CAND ? GATE : CAND);
    wire [1:0] part;
    wire [UNIT_CW-1:0] unit;
    wire fresh, valid, last, pre_clipped, gate_clipped, cand_clipped;
    wire [PRE_W-1:0] pre, late_pre;
    wire [GATE_W-1:0] gate;
    wire [CAND_W-1:0] cand;
    wire clipped = pre_clipped || (part == G ? cand_clipped : gate_clipped);

    lmu_gates #(
        .UNITS(UNITS), .PARTS(4), .IN_W(IN_W), .IN_F(IN_F), .PRE_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION),
        .INDEX_TYPE(GATE_INDEX_TYPE), .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE), .LATENCY(VALUE),
        .STREAMING(STREAMING)
    ) gates (
        .clk(clk), .rst(rst), .en(run),
        .sum(s_axis_tdata), .sum_valid(s_axis_tvalid), .sum_last(s_axis_tlast), .pre1(pre), .valid(valid), .part(part),
        .unit(unit), .fresh(fresh), .last(last), .pre_clipped(pre_clipped), .value(gate), .value_clipped(gate_clipped)
    );
    lmu_delay #(.WIDTH(PRE_W), .DEPTH(VALUE - 1 - CAND)) wait_pre (
        .clk(clk), .rst(1'b0), .en(run), .in_data(pre), .out_data(late_pre)
    );

    // The cell: i g when i is there, and f c one beat later at the earliest. A gate goes to the multiplier at once, so
    // that nothing stands between a block RAM with its table and the register at the factor; and no register of a factor
    // has a reset, with which it could not be that of the multiplier: in a first step f c is left out of the sum.
    wire [CELL_W-1:0] old_cell;
    reg [3:1] keep_q;
    reg [2:1] add_q, fresh_q;
    reg [CAND_W-1:0] cand_q;
    reg signed [GATE_W-1:0] weight1_q;
    reg signed [FACTOR_W-1:0] factor1_q;
    reg signed [GATE_W+FACTOR_W-1:0] product2_q;
    wire [KEEP_W-1:0] keep_product2 = product2_q[KEEP_W-1:0];
    wire [ADD_W-1:0] add_product2 = product2_q[ADD_W-1:0];
    wire signed [SUM_W-1:0] keep2, add2;
    reg signed [SUM_W-1:0] sum3_q;

    lmu_align #(.IN_W(KEEP_W), .SHIFT(KEEP_SHIFT), .OUT_W(SUM_W)) align_keep (
        .in_data(keep_product2), .out_data(keep2)
    );
    lmu_align #(.IN_W(ADD_W), .SHIFT(ADD_SHIFT), .OUT_W(SUM_W)) align_add (.in_data(add_product2), .out_data(add2));

    always @(posedge clk) begin
        if (run) begin
            if (valid && part == G) cand_q <= cand;
            weight1_q <= gate;
            factor1_q <= part == F ? {{(FACTOR_W - CELL_W) {old_cell[CELL_W-1]}}, old_cell} :
                                       {{(FACTOR_W - CAND_W) {cand_q[CAND_W-1]}}, cand_q};
            product2_q <= weight1_q * factor1_q;
            fresh_q <= {fresh_q[1], fresh};
            if (add_q[2]) sum3_q <= add2;
            if (keep_q[2] && !fresh_q[2]) sum3_q <= sum3_q + keep2;
            add_q <= {add_q[1], valid && part == I};
            keep_q <= {keep_q[2:1], valid && part == F};
        end
        if (rst) {add_q, keep_q} <= 0;
    end

    // Cycle 4 of f: the cell is assigned; then it is squashed
    wire [CELL_W-1:0] new_cell;
    wire new_cell_clipped, squash_clipped;
    reg cell_valid4_q, cell_clipped4_q;
    reg [CELL_W-1:0] cell4_q;
    reg [UNIT_CW-1:0] cell_unit_q;
    wire [SQUASH_W-1:0] squashed;

    lmu_round_sat #(.IN_W(SUM_W), .IN_F(SUM_F), .OUT_TYPE(CELL_TYPE)) to_cell (
        .in_data(sum3_q), .out_data(new_cell), .clipped(new_cell_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            cell_valid4_q <= keep_q[3];
            if (keep_q[3]) begin
                cell4_q <= new_cell;
                cell_clipped4_q <= new_cell_clipped;
            end
            if (cell_valid4_q) begin
                cell_unit_q <= {1'b0, cell_unit_q} == UNITS[UNIT_CW:0] - 1'b1 ? {UNIT_CW{1'b0}} : cell_unit_q + 1'b1;
            end
        end
        if (rst) {cell_valid4_q, cell_unit_q} <= 0;
    end

    lmu_ram #(.WIDTH(CELL_W), .DEPTH(UNITS > 1 ? UNITS : 2)) cells (
        .clk(clk),
        .wr_en(run && cell_valid4_q), .wr_addr(cell_unit_q), .wr_data(cell4_q),
        .rd_en(run), .rd_addr(unit), .rd_data(old_cell)
    );

    // Cycle 4 of f, or with one function cycle 4 or 5: a pre-activation of g goes first, and cell4_q has its value for
    // four cycles, in which no second one comes
    wire squash_due = ONE_TABLE == 0 || !(valid && part == G);
    if (ONE_TABLE != 0) begin : g_one
        reg [1:0] sum_part_q;
        reg [VALUE-CAND:1] sum_of_g_q;
        wire [EITHER_W-1:0] wide_pre, wide_cell;
        wire [EITHER_W-1:0] either = sum_of_g_q[VALUE-CAND] ? wide_pre : wide_cell;
        assign {squashed, squash_clipped} = {cand, cand_clipped};

        always @(posedge clk) begin
            if (run) begin
                if (s_axis_tvalid) sum_part_q <= sum_part_q + 1'b1;
                sum_of_g_q <= sum_of_g_q << 1 | {{(VALUE - CAND - 1) {1'b0}}, s_axis_tvalid && sum_part_q == G};
            end
            if (rst) {sum_part_q, sum_of_g_q} <= 0;
        end

        lmu_align #(.IN_W(PRE_W), .SHIFT(PRE_SHIFT), .OUT_W(EITHER_W)) align_pre (
            .in_data(late_pre), .out_data(wide_pre)
        );
        lmu_align #(.IN_W(CELL_W), .SHIFT(CELL_SHIFT), .OUT_W(EITHER_W)) align_cell (
            .in_data(cell4_q), .out_data(wide_cell)
        );
        lmu_function #(
            .IN_TYPE((EITHER_F & 65535) << 8 | EITHER_W), .FUNCTION(CAND_FUNCTION), .TWO_REGISTERS(1),
            .INDEX_TYPE(CAND_INDEX_TYPE), .OUT_TYPE(CAND_TYPE), .TABLE_FILE(CAND_FILE)
        ) both_functions (
            .clk(clk), .en(run), .in_data(either), .out_data(cand), .clipped(cand_clipped)
        );
    end else begin : g_two
        lmu_function #(
            .IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(CAND_INDEX_TYPE),
            .OUT_TYPE(CAND_TYPE), .TABLE_FILE(CAND_FILE)
        ) cand_function (
            .clk(clk), .en(run), .in_data(late_pre), .out_data(cand), .clipped(cand_clipped)
        );
        lmu_function #(
            .IN_TYPE(CELL_TYPE), .FUNCTION(SQUASH_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(SQUASH_INDEX_TYPE),
            .OUT_TYPE(SQUASH_TYPE), .TABLE_FILE(SQUASH_FILE)
        ) squash_function (
            .clk(clk), .en(run), .in_data(cell4_q), .out_data(squashed), .clipped(squash_clipped)
        );
    end

    // h. o is the beat after f at the earliest, so that the squashed cell is there in cycle 3 + SQUASH + ONE_TABLE of o,
    // and it stays until the f of the next unit has come as far. Bit k of the following vectors: o came k cycles ago.
    localparam PRODUCT = 5 + SQUASH + (ONE_TABLE != 0 ? 1 : 0);
    reg [PRODUCT:1] out_valid_q, out_last_q;
    reg [PRODUCT:2] out_clipped_q;
    reg unit_clipped_q;  // one of the gates of this unit so far
    reg [GATE_W-1:0] o_q;
    wire [GATE_W-1:0] late_o;
    reg signed [GATE_W-1:0] out_weight_q;
    reg signed [SQUASH_W-1:0] squashed_q;
    reg squash_clipped_q;
    reg signed [GATE_W+SQUASH_W-1:0] out_product_q;
    wire [H_W-1:0] h;
    wire h_clipped;

    // o_q has it for four cycles
    lmu_delay #(.WIDTH(GATE_W), .DEPTH(PRODUCT - 6)) wait_o (
        .clk(clk), .rst(1'b0), .en(run), .in_data(o_q), .out_data(late_o)
    );
    lmu_round_sat #(.IN_W(GATE_W + SQUASH_W), .IN_F(GATE_F + SQUASH_F), .OUT_TYPE(H_TYPE)) to_h (
        .in_data(out_product_q), .out_data(h), .clipped(h_clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            if (valid && part == O) o_q <= gate;
            if (valid) unit_clipped_q <= clipped || (unit_clipped_q && part != G);
            out_weight_q <= late_o;
            if (squash_due) {squashed_q, squash_clipped_q} <= {squashed, squash_clipped};
            out_product_q <= out_weight_q * squashed_q;
            out_valid_q <= {out_valid_q[PRODUCT-1:1], valid && part == O};
            out_last_q <= {out_last_q[PRODUCT-1:1], last};
            out_clipped_q <= {out_clipped_q[PRODUCT-1:2], unit_clipped_q};
            if (cell_clipped4_q) out_clipped_q[4+SQUASH] <= 1'b1;
            if (squash_clipped_q) out_clipped_q[PRODUCT] <= 1'b1;
            m_axis_tvalid <= out_valid_q[PRODUCT];
            m_axis_tdata <= h;
            m_axis_tlast <= out_last_q[PRODUCT];
            m_axis_tuser <= out_clipped_q[PRODUCT] || h_clipped;
        end
        if (rst) {out_valid_q, m_axis_tvalid} <= 0;
    end

`ifdef FORMAL
    localparam LATENCY = VALUE + PRODUCT + 1;
    wire [LATENCY:1] f_inside;
    f_pipe #(.S_W(IN_W), .M_W(H_W + 1), .N_IN(4), .LATENCY(LATENCY)) f_flow (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .inside(f_inside)
    );

    // What the functions have made is that of the pre-activation of this g, and of the cell of this o
    wire [CAND_W-1:0] f_cand;
    wire [SQUASH_W-1:0] f_squashed, f_late;
    wire f_cand_clipped, f_squash_clipped;
    lmu_function #(.IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .OUT_TYPE(CAND_TYPE)) f_cand_function (
        .clk(clk), .en(run), .in_data(late_pre), .out_data(f_cand), .clipped(f_cand_clipped)
    );
    lmu_function #(.IN_TYPE(CELL_TYPE), .FUNCTION(SQUASH_FUNCTION), .OUT_TYPE(SQUASH_TYPE)) f_squash_function (
        .clk(clk), .en(run), .in_data(cell4_q), .out_data(f_squashed), .clipped(f_squash_clipped)
    );
    lmu_delay #(.WIDTH(SQUASH_W), .DEPTH(PRODUCT - 4 - SQUASH)) f_delay (
        .clk(clk), .rst(1'b0), .en(run), .in_data(f_squashed), .out_data(f_late)
    );
    always @* if (!rst && GATE_FUNCTION == 0 && CAND_FUNCTION == 0 && SQUASH_FUNCTION == 0) begin
        if (valid && part == G) cand_in_turn : assert ({cand, cand_clipped} == {f_cand, f_cand_clipped});
        if (out_valid_q[PRODUCT-1]) squashed_in_turn : assert (squashed_q == f_late);
    end

    wire [2:0] f_cells = keep_q[1] + keep_q[2] + keep_q[3] + cell_valid4_q;
    always @* if (!rst) begin
        unit_in_range : assert (unit < UNITS);
        // c is read, in the cycle before its f, after it has been written: no cell of this unit is under way
        if (UNITS > 1) begin
            cells_under_way : assert (f_cells <= 1);
            if (valid && part == I && f_cells > 0) cell_written : assert (cell_unit_q != unit);
        end
        reach_flow : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_inside[LATENCY-4]);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && s_axis_tvalid);
    end
`endif
endmodule
`default_nettype wire
