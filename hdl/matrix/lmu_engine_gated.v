// SPDX-License-Identifier: Apache-2.0
// A whole LMU layer with an LSTM or GRU cell on LANES multipliers, one sum after another, as a program says: encoder,
// dense memory, the gates' rows and the cell's products, and the Dense layer behind it where there is one.
//
//   sum   = factor operand + ... + factor operand    exact; factor: a coefficient, a lifted gate, or the complement of one
//   value = assign_kind(sum), or function_kind(assign_kind(sum))
//
// A section of the program is so many rows with the same columns, LANES at a time or one alone, and one column a cycle.
// A column has an operand, of this step or of the one before, whose place may count with the row, and a factor, likewise. Values
// go into one RAM, gates into another one, x has one of its own. The first step of a sequence counts the values of the
// step before as zeros. The next x comes in while a step is worked on.
//
//   Kind       Value                                          Goes to
//   0 U        assign_u(sum)                                  values, u_axis
//   1 MEM      assign_mem(sum)                                values, mem_axis
//   2 GATE     assign_gate(gate_function(assign_pre(sum)))    gates
//   3 CAND     assign_cand(cand_function(assign_pre(sum)))    values
//   4 CELL     assign_cell(sum): an LSTM's cell, or a GRU's inner                              values
//   5 SQUASH   assign_squash(squash_function(assign_cell(sum))), with HAS_SQUASH = 1           values
//   6 H        assign_h(sum)                                  values, h_axis; out with HAS_OUT = 0
//   7 OUT      assign_out(sum), with HAS_OUT = 1              out
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata   X_W     in          x, signed, N_X beats a step
//   s_axis_tlast   1       in          last beat of the sequence
//   m_axis_tdata   M_W     out         h, signed; with HAS_OUT = 1 out
//   m_axis_tlast   1       out         last beat of the sequence
//   m_axis_tuser   1       out         this value, or one of its unit that leads to it, was clipped to fit
//   u_axis_*       U_W     out         u, as it is written to the RAM, for whom it concerns; tready is high
//   mem_axis_*     MEM_W   out         mem likewise, one channel after another
//   h_axis_*       H_W     out         h likewise
//
//   Cycles (exact, without gaps and back-pressure)
//   ii      = WAIT + GROUPS*COLUMNS, summed over the sections of a step
//   latency = ii + ROWS - 1 + 13 + MORE + FUNCTION    from a step's last x to its last output, in an idle unit
// ROWS: those of the last group. MORE: stages of a product that lmu_mac cuts, 0 where no factor is wider than 18 bits.
// FUNCTION: 1; 2 where one of the functions is a table, 3 where one is a sum.
//
// A sum is in the RAM so that a column 10 + MORE + FUNCTION cycles behind its last one can read it, the lanes one
// after another; the program's waits are for that. A section takes two cycles or more, and a group ends so many cycles
// after the one before as that has rows, or more. A step has N_X + 1 cycles or more. No path leads from m_axis_tready
// to another output within a cycle.
//
// A word of PROGRAM_FILE is a section, from its low bits: kind (3); whether the step ends with it, whether it does so
// in all steps but the last (1 each); whether its rows have the same coefficients (1); rows of a group - 1, rows of
// its last one - 1 (LANE_CW each); wait, columns - 1, groups - 1; and where its columns and coefficients begin. One of
// TABLE_FILE is a column: place of the operand; 1 where that is of the step before, where it is 2**ONE_SHIFT, where
// both places count with the row, where the operand's flag goes on to the value (1 each); factor (2): 0 a coefficient,
// 1 and 2 a gate times 2**SHIFT1 and 2**SHIFT2, 3 -1 - gate times 2**SHIFT3; place of the gate; and the lane for which
// this is, zero for others. One of ROM_FILE has LANES coefficients of COEF_W bits, lowest row in the low bits.
// lmu_hls/rtl/gated.py writes them.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_engine_gated #(
    // Values of x in a step, and of all places, those of x first
    parameter integer N_X = 4, VALUES = 32,
    // Gates of a step
    parameter integer GATES = 12,
    // Words of the program, of its columns, and of the coefficients
    parameter integer SECTIONS = 8, COLUMNS = 40, WORDS = 200,
    // The most columns, groups and cycles to wait of a section
    parameter integer MOST_COLUMNS = 13, MOST_GROUPS = 12, MOST_WAIT = 8,
    // Rows worked on at once, one multiplier each
    parameter integer LANES = 1,
    // What a bias is multiplied with: 2**ONE_SHIFT, OP_W - 2 at most
    parameter integer ONE_SHIFT = 0,
    // How far gates are lifted
    parameter integer SHIFT1 = 0, SHIFT2 = 0, SHIFT3 = 0,
    // Bits of x, an operand (the widest of all values), a coefficient or lifted gate, and a sum
    parameter integer X_W = 16, OP_W = 16, COEF_W = 18, ACC_W = 40,
    // Fraction bits of the sums
    parameter integer U_ACC_F = 28, MEM_ACC_F = 28, PRE_ACC_F = 28, CELL_ACC_F = 28, H_ACC_F = 28, OUT_ACC_F = 28,
    // Types, as in lmu_round_sat
    parameter integer U_TYPE = 32'h16_000e_10, MEM_TYPE = 32'h16_000e_10, PRE_TYPE = 32'h16_000c_10,
    parameter integer CELL_TYPE = 32'h16_000c_10, H_TYPE = 32'h16_000e_10, OUT_TYPE = 32'h16_000e_10,
    // Functions, their indices and results, as in lmu_function
    parameter integer GATE_FUNCTION = 2, GATE_INDEX_TYPE = 32'h16_0006_0a, GATE_TYPE = 32'h16_000e_10,
    parameter integer CAND_FUNCTION = 2, CAND_INDEX_TYPE = 32'h16_0006_0a, CAND_TYPE = 32'h16_000e_10,
    parameter integer SQUASH_FUNCTION = 2, SQUASH_INDEX_TYPE = 32'h16_0006_0a, SQUASH_TYPE = 32'h16_000e_10,
    parameter integer HAS_SQUASH = 1, HAS_OUT = 0,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Read by $readmemh
    parameter PROGRAM_FILE = "lmu_engine_gated_program.hex", TABLE_FILE = "lmu_engine_gated_table.hex",
    parameter ROM_FILE = "lmu_engine_gated.hex", GATE_FILE = "lmu_engine_gated_gate.hex",
    parameter CAND_FILE = "lmu_engine_gated_cand.hex", SQUASH_FILE = "lmu_engine_gated_squash.hex"
) (
    input wire clk, rst,
    input wire [X_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [(HAS_OUT != 0 ? OUT_TYPE : H_TYPE)%256-1:0] m_axis_tdata, output wire m_axis_tvalid,
    input wire m_axis_tready, output wire m_axis_tlast, output wire [0:0] m_axis_tuser,
    output wire [U_TYPE%256-1:0] u_axis_tdata, output wire u_axis_tvalid, u_axis_tready, u_axis_tlast,
    output wire [0:0] u_axis_tuser,
    output wire [MEM_TYPE%256-1:0] mem_axis_tdata, output wire mem_axis_tvalid, mem_axis_tready, mem_axis_tlast,
    output wire [0:0] mem_axis_tuser,
    output wire [H_TYPE%256-1:0] h_axis_tdata, output wire h_axis_tvalid, h_axis_tready, h_axis_tlast,
    output wire [0:0] h_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, MEM_W = MEM_TYPE % 256, PRE_W = PRE_TYPE % 256, CELL_W = CELL_TYPE % 256;
    localparam integer GATE_W = GATE_TYPE % 256, CAND_W = CAND_TYPE % 256, SQUASH_W = SQUASH_TYPE % 256;
    localparam integer H_W = H_TYPE % 256, OUT_W = HAS_OUT != 0 ? OUT_TYPE % 256 : 1, M_W = HAS_OUT != 0 ? OUT_W : H_W;
    localparam PLACE_W = $clog2(VALUES), GATE_AW = GATES > 2 ? $clog2(GATES) : 1, X_AW = N_X > 1 ? $clog2(N_X) : 1;
    localparam SECTION_AW = $clog2(SECTIONS), TABLE_AW = $clog2(COLUMNS), ROM_AW = $clog2(WORDS);
    localparam COLUMN_CW = $clog2(MOST_COLUMNS + 1), GROUP_CW = $clog2(MOST_GROUPS + 1), WAIT_CW = $clog2(MOST_WAIT + 2);
    localparam LANE_CW = LANES > 1 ? $clog2(LANES) : 1;
    localparam SECTION_W = 6 + 2 * LANE_CW + WAIT_CW + COLUMN_CW + GROUP_CW + TABLE_AW + ROM_AW;
    localparam COLUMN_W = PLACE_W + 6 + GATE_AW + LANE_CW;
    localparam GATE = GATE_FUNCTION % 256 > 3 ? 3 : GATE_FUNCTION % 256 == 2 ? 2 : 1;
    localparam CAND = CAND_FUNCTION % 256 > 3 ? 3 : CAND_FUNCTION % 256 == 2 ? 2 : 1;
    localparam SQUASH = HAS_SQUASH == 0 ? 1 : SQUASH_FUNCTION % 256 > 3 ? 3 : SQUASH_FUNCTION % 256 == 2 ? 2 : 1;
    localparam GC = GATE > CAND ? GATE : CAND, FUNCTION_DELAY = GC > SQUASH ? GC : SQUASH;
    localparam MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (OP_W - 2) / 17));  // as in lmu_mac
    localparam [2:0] IS_U = 3'd0, IS_MEM = 3'd1, IS_GATE = 3'd2, IS_CAND = 3'd3, IS_CELL = 3'd4, IS_SQUASH = 3'd5;
    localparam [2:0] IS_H = 3'd6, IS_OUT = 3'd7, GIVEN_KIND = HAS_OUT != 0 ? IS_OUT : IS_H;

    if (N_X < 1 || LANES < 1 || SECTIONS < 2) begin : g_check_sizes
        PARAM_ERROR_sizes_and_lanes_must_be_at_least_1 check ();
    end else if (ONE_SHIFT > OP_W - 2 || ACC_W < COEF_W + OP_W) begin : g_check_widths
        PARAM_ERROR_the_operand_must_hold_its_constant_and_the_sum_a_product check ();
    end

    reg result_valid_q;
    wire run, start, x_full, x_half, x_last;
    wire write = run && result_valid_q;

    // Sequencer: one column of one group of rows per cycle. The next section is at the program's output
    // in the second cycle of one.
    reg busy_q, half_q, last_q, fresh_q;
    reg [2:0] kind_q;
    reg [WAIT_CW-1:0] wait_q;
    reg [COLUMN_CW-1:0] columns_q, row_columns_q;  // left behind this one; of a row
    reg [GROUP_CW-1:0] groups_q;
    reg [LANE_CW-1:0] rows_q, last_rows_q;
    reg [PLACE_W-1:0] row_q;  // the first one of the group
    reg [TABLE_AW-1:0] place_q, first_place_q;
    reg [ROM_AW-1:0] coef_q, first_coef_q;
    reg [SECTION_AW-1:0] section_q;
    reg first_q, end_q, same_q;
    reg waits_q, row_end_q, last_group_q;  // wait_q is not 0, columns_q and groups_q are: known a cycle ahead
    wire [2:0] next_kind;
    wire [WAIT_CW-1:0] next_wait;
    wire [COLUMN_CW-1:0] next_columns;
    wire [GROUP_CW-1:0] next_groups;
    wire [LANE_CW-1:0] next_rows, next_last_rows;
    wire [TABLE_AW-1:0] next_place;
    wire [ROM_AW-1:0] next_coef;
    wire next_ends, next_ends_early, next_same;
    wire next_end = next_ends || (next_ends_early && !last_q);
    wire issue = run && busy_q && !waits_q;
    wire row_end = issue && row_end_q;
    wire pass_end = row_end && last_group_q;
    wire step_end = pass_end && end_q;
    assign start = run && x_full && (!busy_q || step_end);
    wire load = start || (pass_end && !end_q);

    lmu_rom #(.WIDTH(SECTION_W), .DEPTH(SECTIONS), .FILE(PROGRAM_FILE)) sections (
        .clk(clk),
        .rd_en(1'b1), .rd_addr(section_q),
        .rd_data({ next_coef, next_place, next_groups, next_columns, next_wait, next_last_rows, next_rows, next_same, next_ends_early, next_ends, next_kind })
    );

    always @(posedge clk) begin
        if (issue) begin
            place_q <= row_end ? first_place_q : place_q + 1'b1;
            coef_q <= row_end && same_q ? first_coef_q : coef_q + 1'b1;
            first_q <= row_end;
            columns_q <= columns_q - 1'b1;
            row_end_q <= columns_q == 1;
        end
        if (run && waits_q) begin
            wait_q <= wait_q - 1'b1;
            waits_q <= wait_q != 1;
        end
        if (row_end) begin
            row_end_q <= row_columns_q == 0;
            columns_q <= row_columns_q;
            groups_q <= groups_q - 1'b1;
            last_group_q <= groups_q == 1;
            row_q <= row_q + {{(PLACE_W - LANE_CW) {1'b0}}, rows_q} + 1'b1;
        end
        if (step_end) begin
            busy_q <= 1'b0;
            fresh_q <= STREAMING == 0 && last_q;
        end
        if (load) begin
            {kind_q, end_q, same_q, rows_q, last_rows_q} <= {next_kind, next_end, next_same, next_rows, next_last_rows};
            {wait_q, waits_q} <= {next_wait, next_wait != 0};
            {columns_q, row_columns_q, row_end_q} <= {next_columns, next_columns, next_columns == 0};
            {groups_q, last_group_q} <= {next_groups, next_groups == 0};
            {place_q, first_place_q, coef_q, first_coef_q} <= {next_place, next_place, next_coef, next_coef};
            row_q <= 0;
            first_q <= 1'b1;
            section_q <= next_end ? {SECTION_AW{1'b0}} : section_q + 1'b1;
        end
        if (start) begin
            busy_q <= 1'b1;
            half_q <= x_half;
            last_q <= x_last;
        end
        if (rst) begin
            {busy_q, section_q, waits_q} <= 0;
            fresh_q <= 1'b1;
        end
    end

    // Operand and factor: column (1), places (2), words of the RAMs and the ROM (3), registers behind these (4), choice (5)
    reg [ROM_AW-1:0] coef1_q, coef2_q;
    reg [PLACE_W-1:0] row1_q, place2_q;
    reg [GATE_AW-1:0] gate2_q;
    reg half1_q, fresh1_q, half2_q;
    reg [5:1] first_stages_q;
    reg [4:2] zeros_q, ones_q, xs_q, flags_q;
    reg [1:0] factor2_q, factor3_q, factor4_q;
    reg [LANE_CW-1:0] lane2_q, lane3_q, lane4_q;
    wire one1, old1, counts1, flag1;
    wire [1:0] factor1;
    wire [LANE_CW-1:0] lane1;
    wire [GATE_AW-1:0] gate1;
    wire [PLACE_W-1:0] place1;
    wire [PLACE_W-1:0] more1 = counts1 ? row1_q : {PLACE_W{1'b0}};
    wire [OP_W:0] stored;  // above it whether what leads to it was clipped
    wire [GATE_W:0] gate;
    wire [X_W-1:0] stored_x;
    wire [LANES*COEF_W-1:0] coefs;
    reg [OP_W:0] stored4_q;
    reg [GATE_W:0] gate4_q;
    reg [X_W-1:0] stored_x4_q;
    reg [LANES*COEF_W-1:0] coefs4_q, coefs_q;
    reg [OP_W-1:0] operand_q;
    reg [LANES-1:0] hits_q, clips_q;
    wire [OP_W-1:0] value = xs_q[4] ? {{(OP_W - X_W) {stored_x4_q[X_W-1]}}, stored_x4_q} : stored4_q[OP_W-1:0];
    wire [OP_W-1:0] operand = ones_q[4] ? {{(OP_W - 1) {1'b0}}, 1'b1} << ONE_SHIFT : zeros_q[4] ? {OP_W{1'b0}} : value;
    wire signed [COEF_W-1:0] lifted1, lifted2, lifted3;
    wire [COEF_W-1:0] lifted = factor4_q == 1 ? lifted1 : factor4_q == 2 ? lifted2 : lifted3;
    wire hit = (factor4_q != 0 && gate4_q[GATE_W]) || (flags_q[4] && stored4_q[OP_W]);
    wire [OP_W:0] result;
    wire [GATE_W:0] gate_result;
    wire write_value, write_gate;
    wire [LANES*ACC_W-1:0] sums;
    wire [PLACE_W:0] wr_addr;
    reg [GATE_AW-1:0] wr_gate_q;

    always @(posedge clk) if (run) begin
        {coef1_q, coef2_q} <= {coef_q, coef1_q};
        {row1_q, half1_q, fresh1_q} <= {row_q, half_q, fresh_q};
        first_stages_q <= {first_stages_q[4:1], first_q};
        place2_q <= place1 + more1;
        gate2_q <= gate1 + more1[GATE_AW-1:0];
        half2_q <= half1_q ^ old1;
        zeros_q <= {zeros_q[3:2], old1 && fresh1_q};
        ones_q <= {ones_q[3:2], one1};
        xs_q <= {xs_q[3:2], {1'b0, place1} < N_X[PLACE_W:0]};
        flags_q <= {flags_q[3:2], flag1};
        {factor4_q, factor3_q, factor2_q} <= {factor3_q, factor2_q, factor1};
        {lane4_q, lane3_q, lane2_q} <= {lane3_q, lane2_q, lane1};
        {stored4_q, gate4_q, stored_x4_q, coefs4_q} <= {stored, gate, stored_x, coefs};
        operand_q <= operand;
    end

    lmu_rom #(.WIDTH(COLUMN_W), .DEPTH(COLUMNS), .FILE(TABLE_FILE)) places (
        .clk(clk), .rd_en(run), .rd_addr(place_q),
        .rd_data({lane1, gate1, factor1, flag1, counts1, one1, old1, place1})
    );
    lmu_rom #(.WIDTH(LANES * COEF_W), .DEPTH(WORDS), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(run), .rd_addr(coef2_q), .rd_data(coefs)
    );
    lmu_ram #(.WIDTH(OP_W + 1), .DEPTH(2 << PLACE_W)) ram (
        .clk(clk),
        .wr_en(write_value), .wr_addr(wr_addr), .wr_data(result),
        .rd_en(run), .rd_addr({half2_q, place2_q}), .rd_data(stored)
    );
    lmu_ram #(.WIDTH(GATE_W + 1), .DEPTH(1 << GATE_AW)) gate_ram (
        .clk(clk),
        .wr_en(write_gate), .wr_addr(wr_gate_q), .wr_data(gate_result),
        .rd_en(run), .rd_addr(gate2_q), .rd_data(gate)
    );
    lmu_engine_x #(.N_X(N_X), .X_W(X_W)) of_x (
        .clk(clk), .rst(rst),
        .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast),
        .start(start), .full(x_full), .half(x_half), .last(x_last),
        .rd_en(run), .rd_addr({half2_q, place2_q[X_AW-1:0]}), .rd_data(stored_x)
    );
    lmu_align #(.IN_W(GATE_W), .SHIFT(SHIFT1), .OUT_W(COEF_W)) lift1 (
        .in_data(gate4_q[GATE_W-1:0]), .out_data(lifted1)
    );
    lmu_align #(.IN_W(GATE_W), .SHIFT(SHIFT2), .OUT_W(COEF_W)) lift2 (
        .in_data(gate4_q[GATE_W-1:0]), .out_data(lifted2)
    );
    lmu_align #(.IN_W(GATE_W), .SHIFT(SHIFT3), .OUT_W(COEF_W)) lift3 (
        .in_data(~gate4_q[GATE_W-1:0]), .out_data(lifted3)
    );

    genvar i;
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        wire here = LANES == 1 || lane4_q == i[LANE_CW-1:0];

        always @(posedge clk) if (run) begin
            coefs_q[i*COEF_W+:COEF_W] <= factor4_q == 0 ? coefs4_q[i*COEF_W+:COEF_W] : here ? lifted : {COEF_W{1'b0}};
            hits_q[i] <= here && hit;
            clips_q[i] <= hits_q[i] || (clips_q[i] && !first_stages_q[5]);
        end

        lmu_mac #(.COEF_W(COEF_W), .OP_W(OP_W), .ACC_W(ACC_W)) mac (
            .clk(clk), .en(run),
            .add(run), .first(first_stages_q[5]), .coef(coefs_q[i*COEF_W+:COEF_W]), .operand(operand_q),
            .base({ACC_W{1'b0}}), .acc(sums[i*ACC_W+:ACC_W])
        );
    end

    // Sums, when the last column is in: kind, rows behind the first, and the ends of step and sequence
    wire take, due_end, due_last;
    wire [2:0] due_kind;
    wire [LANE_CW-1:0] due_left;
    wire [LANES-1:0] due_clips;
    reg [ACC_W-1:0] sum_q;
    reg sum_valid_q, sum_end_q, sum_last_q, sum_clipped_q;
    reg [2:0] sum_kind_q;

    lmu_delay #(.WIDTH(1), .DEPTH(8 + MORE)) due_valid_stages (
        .clk(clk), .rst(rst), .en(run), .in_data(row_end), .out_data(take)
    );
    lmu_delay #(.WIDTH(5 + LANE_CW), .DEPTH(8 + MORE)) due (
        .clk(clk), .rst(1'b0), .en(run),
        .in_data({step_end, step_end && last_q, kind_q, last_group_q ? last_rows_q : rows_q}),
        .out_data({due_end, due_last, due_kind, due_left})
    );
    lmu_delay #(.WIDTH(LANES), .DEPTH(2 + MORE)) clips_with_sums (
        .clk(clk), .rst(1'b0), .en(run), .in_data(clips_q), .out_data(due_clips)
    );

    if (LANES > 1) begin : g_waiting
        reg [(LANES-1)*(ACC_W+1)-1:0] waiting_q;
        reg [LANE_CW-1:0] left_q;
        reg end_q2, last_lane_q;  // of the step, of the sequence: with the last lane
        wire [LANE_CW-1:0] left_d = take ? due_left : left_q - {{(LANE_CW - 1) {1'b0}}, left_q != 0};
        wire [LANES*(ACC_W+1)-1:0] flagged;

        for (i = 0; i < LANES; i = i + 1) begin : g_flag
            assign flagged[i*(ACC_W+1)+:ACC_W+1] = {due_clips[i], sums[i*ACC_W+:ACC_W]};
        end

        always @(posedge clk) begin
            if (run) begin
                waiting_q <= take ? flagged[LANES*(ACC_W+1)-1:ACC_W+1] : waiting_q >> ACC_W + 1;
                {sum_clipped_q, sum_q} <= take ? flagged[ACC_W:0] : waiting_q[ACC_W:0];
                sum_valid_q <= take || left_q != 0;
                left_q <= left_d;
                if (take) {end_q2, last_lane_q, sum_kind_q} <= {due_end, due_last, due_kind};
                {sum_end_q, sum_last_q} <= {2{left_d == 0}} & (take ? {due_end, due_last} : {end_q2, last_lane_q});
            end
            if (rst) {sum_valid_q, left_q} <= 0;
        end
    end else begin : g_direct
        wire unused_left = due_left;

        always @(posedge clk) begin
            if (run) begin
                {sum_clipped_q, sum_q} <= {due_clips, sums};
                sum_valid_q <= take;
                {sum_end_q, sum_last_q, sum_kind_q} <= {due_end, due_last, due_kind};
            end
            if (rst) sum_valid_q <= 1'b0;
        end
    end

    // Values, and the results of the functions
    localparam UM_W = U_W > MEM_W ? U_W : MEM_W, PC_W = PRE_W > CELL_W ? PRE_W : CELL_W, HO_W = H_W > OUT_W ? H_W : OUT_W;
    localparam UMPC_W = UM_W > PC_W ? UM_W : PC_W, VALUE_W = UMPC_W > HO_W ? UMPC_W : HO_W;
    wire signed [U_W-1:0] u;
    wire signed [MEM_W-1:0] mem;
    wire signed [PRE_W-1:0] pre;
    wire signed [CELL_W-1:0] new_cell;
    wire signed [H_W-1:0] h;
    wire signed [OUT_W-1:0] out;
    wire u_clipped, mem_clipped, pre_clipped, cell_clipped, h_clipped, out_clipped;
    reg [U_W-1:0] u_q;
    reg [MEM_W-1:0] mem_q;
    reg [PRE_W-1:0] pre_q;
    reg [CELL_W-1:0] new_cell_q;
    reg [H_W-1:0] h_q;
    reg [OUT_W-1:0] out_q;
    reg u_clipped_q, mem_clipped_q, pre_clipped_q, cell_clipped_q, h_clipped_q, out_clipped_q;
    reg round_valid_q, round_end_q, round_last_q, round_clipped_q;
    reg [2:0] round_kind_q;
    reg [VALUE_W-1:0] value_d;
    reg clipped_d;
    reg [VALUE_W-1:0] value_q;
    reg value_valid_q, value_end_q, value_last_q, value_clipped_q;
    reg [2:0] value_kind_q;
    wire [GATE_W-1:0] gate_value;
    wire [CAND_W-1:0] cand;
    wire [OP_W-1:0] squashed;
    wire gate_clipped, cand_clipped, squash_clipped;
    wire [PRE_W-1:0] gate_pre, cand_pre;

    lmu_round_sat #(.IN_W(ACC_W), .IN_F(U_ACC_F), .OUT_TYPE(U_TYPE)) to_u (
        .in_data(sum_q), .out_data(u), .clipped(u_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(MEM_ACC_F), .OUT_TYPE(MEM_TYPE)) to_mem (
        .in_data(sum_q), .out_data(mem), .clipped(mem_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(PRE_ACC_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(sum_q), .out_data(pre), .clipped(pre_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(CELL_ACC_F), .OUT_TYPE(CELL_TYPE)) to_cell (
        .in_data(sum_q), .out_data(new_cell), .clipped(cell_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(H_ACC_F), .OUT_TYPE(H_TYPE)) to_h (
        .in_data(sum_q), .out_data(h), .clipped(h_clipped)
    );

    if (HAS_OUT != 0) begin : g_out
        lmu_round_sat #(.IN_W(ACC_W), .IN_F(OUT_ACC_F), .OUT_TYPE(OUT_TYPE)) to_out (
            .in_data(sum_q), .out_data(out), .clipped(out_clipped)
        );
    end else begin : g_no_out
        assign {out, out_clipped} = 2'b00;
    end

    lmu_delay #(.WIDTH(PRE_W), .DEPTH(FUNCTION_DELAY - GATE)) wait_gate (
        .clk(clk), .rst(1'b0), .en(run), .in_data(value_q[PRE_W-1:0]), .out_data(gate_pre)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(GATE_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(GATE_INDEX_TYPE),
        .OUT_TYPE(GATE_TYPE), .TABLE_FILE(GATE_FILE)
    ) gate_function (
        .clk(clk), .en(run), .in_data(gate_pre), .out_data(gate_value), .clipped(gate_clipped)
    );
    lmu_delay #(.WIDTH(PRE_W), .DEPTH(FUNCTION_DELAY - CAND)) wait_cand (
        .clk(clk), .rst(1'b0), .en(run), .in_data(value_q[PRE_W-1:0]), .out_data(cand_pre)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(CAND_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(CAND_INDEX_TYPE),
        .OUT_TYPE(CAND_TYPE), .TABLE_FILE(CAND_FILE)
    ) cand_function (
        .clk(clk), .en(run), .in_data(cand_pre), .out_data(cand), .clipped(cand_clipped)
    );

    if (HAS_SQUASH != 0) begin : g_squash
        wire [CELL_W-1:0] late_cell;
        wire [SQUASH_W-1:0] squash;
        assign squashed = {{(OP_W - SQUASH_W) {squash[SQUASH_W-1]}}, squash};

        lmu_delay #(.WIDTH(CELL_W), .DEPTH(FUNCTION_DELAY - SQUASH)) wait_cell (
            .clk(clk), .rst(1'b0), .en(run), .in_data(value_q[CELL_W-1:0]), .out_data(late_cell)
        );
        lmu_function #(
            .IN_TYPE(CELL_TYPE), .FUNCTION(SQUASH_FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(SQUASH_INDEX_TYPE),
            .OUT_TYPE(SQUASH_TYPE), .TABLE_FILE(SQUASH_FILE)
        ) squash_function (
            .clk(clk), .en(run), .in_data(late_cell), .out_data(squash), .clipped(squash_clipped)
        );
    end else begin : g_no_squash
        assign {squashed, squash_clipped} = {(OP_W + 1) {1'b0}};
    end

    always @* begin
        case (round_kind_q)
            IS_U:      value_d = {{(VALUE_W - U_W) {u_q[U_W-1]}}, u_q};
            IS_MEM:    value_d = {{(VALUE_W - MEM_W) {mem_q[MEM_W-1]}}, mem_q};
            IS_GATE:   value_d = {{(VALUE_W - PRE_W) {pre_q[PRE_W-1]}}, pre_q};
            IS_CAND:   value_d = {{(VALUE_W - PRE_W) {pre_q[PRE_W-1]}}, pre_q};
            IS_CELL:   value_d = {{(VALUE_W - CELL_W) {new_cell_q[CELL_W-1]}}, new_cell_q};
            IS_SQUASH: value_d = {{(VALUE_W - CELL_W) {new_cell_q[CELL_W-1]}}, new_cell_q};
            IS_H:      value_d = {{(VALUE_W - H_W) {h_q[H_W-1]}}, h_q};
            default:   value_d = {{(VALUE_W - OUT_W) {out_q[OUT_W-1]}}, out_q};
        endcase
        case (round_kind_q)
            IS_U:      clipped_d = u_clipped_q;
            IS_MEM:    clipped_d = mem_clipped_q;
            IS_GATE:   clipped_d = pre_clipped_q;
            IS_CAND:   clipped_d = pre_clipped_q;
            IS_CELL:   clipped_d = cell_clipped_q;
            IS_SQUASH: clipped_d = cell_clipped_q;
            IS_H:      clipped_d = h_clipped_q;
            default:   clipped_d = out_clipped_q;
        endcase
    end

    always @(posedge clk) begin
        if (run) begin
            {u_q, mem_q, pre_q, new_cell_q, h_q, out_q} <= {u, mem, pre, new_cell, h, out};
            {u_clipped_q, mem_clipped_q, pre_clipped_q} <= {u_clipped, mem_clipped, pre_clipped};
            {cell_clipped_q, h_clipped_q, out_clipped_q} <= {cell_clipped, h_clipped, out_clipped};
            {round_valid_q, round_end_q, round_last_q} <= {sum_valid_q, sum_end_q, sum_last_q};
            {round_kind_q, round_clipped_q} <= {sum_kind_q, sum_clipped_q};
            value_q <= value_d;
            value_clipped_q <= clipped_d || round_clipped_q;
            {value_valid_q, value_end_q, value_last_q} <= {round_valid_q, round_end_q, round_last_q};
            value_kind_q <= round_kind_q;
        end
        if (rst) {round_valid_q, value_valid_q} <= 2'b00;
    end

    // Results, all as late as those of the slowest function
    reg [VALUE_W-1:0] result_value_q;
    wire unused_value = &{1'b0, result_value_q};  // the widest may be what functions are applied to
    reg result_end_q, result_last_q, result_clipped_q;
    reg [2:0] result_kind_q;
    wire due_valid, last_valid, end_valid, clipped_due;
    wire [2:0] kind_due;
    wire [VALUE_W-1:0] value_due;
    wire of_cand = result_kind_q == IS_CAND, of_squash = HAS_SQUASH != 0 && result_kind_q == IS_SQUASH;
    wire result_clipped = result_clipped_q || (of_cand && cand_clipped) || (of_squash && squash_clipped);
    wire [OP_W-1:0] plain;
    localparam KEPT_W = VALUE_W < OP_W ? VALUE_W : OP_W;  // what is wider is not kept
    assign plain = {{(OP_W - KEPT_W) {result_value_q[KEPT_W-1]}}, result_value_q[KEPT_W-1:0]};
    assign result = {
        result_clipped,
        of_cand ? {{(OP_W - CAND_W) {cand[CAND_W-1]}}, cand}
            : of_squash ? squashed : plain
    };
    assign gate_result = {result_clipped_q || gate_clipped, gate_value};
    assign write_gate = write && result_kind_q == IS_GATE;
    assign write_value = write && result_kind_q != IS_GATE && (HAS_OUT == 0 || result_kind_q != IS_OUT);

    lmu_delay #(.WIDTH(VALUE_W + 6), .DEPTH(FUNCTION_DELAY - 1)) with_function (
        .clk(clk), .rst(1'b0), .en(run),
        .in_data({value_q, value_clipped_q, value_kind_q, value_end_q, value_last_q}),
        .out_data({value_due, clipped_due, kind_due, end_valid, last_valid})
    );
    lmu_delay #(.WIDTH(1), .DEPTH(FUNCTION_DELAY - 1)) valid_with_function (
        .clk(clk), .rst(rst), .en(run), .in_data(value_valid_q), .out_data(due_valid)
    );

    // Places of the results, and the output
    reg wr_half_q;
    reg [PLACE_W-1:0] wr_place_q;
    assign wr_addr = {wr_half_q, wr_place_q};

    lmu_engine_out #(.WIDTH(M_W)) give (
        .clk(clk), .rst(rst),
        .run(run), .due(due_valid && kind_due == GIVEN_KIND), .valid(result_valid_q && result_kind_q == GIVEN_KIND),
        .data(result_value_q[M_W-1:0]), .last(result_last_q), .clipped(result_clipped_q),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

    always @(posedge clk) begin
        if (run) begin
            {result_value_q, result_clipped_q, result_kind_q} <= {value_due, clipped_due, kind_due};
            {result_valid_q, result_end_q, result_last_q} <= {due_valid, end_valid, last_valid};
        end
        if (write_value) wr_place_q <= wr_place_q + 1'b1;
        if (write_gate) wr_gate_q <= wr_gate_q + 1'b1;
        if (write && result_end_q) begin
            wr_place_q <= N_X[PLACE_W-1:0];
            wr_gate_q <= 0;
            wr_half_q <= !wr_half_q;
        end
        if (rst) begin
            {result_valid_q, wr_half_q, wr_gate_q} <= 0;
            wr_place_q <= N_X[PLACE_W-1:0];
        end
    end

    assign {u_axis_tready, mem_axis_tready, h_axis_tready} = 3'b111;
    assign {u_axis_tlast, mem_axis_tlast, h_axis_tlast} = 3'b000;
    assign {u_axis_tuser, mem_axis_tuser, h_axis_tuser} = {3{result_clipped_q}};
    assign u_axis_tvalid = write && result_kind_q == IS_U;
    assign mem_axis_tvalid = write && result_kind_q == IS_MEM;
    assign h_axis_tvalid = write && result_kind_q == IS_H;
    assign u_axis_tdata = result_value_q[U_W-1:0];
    assign mem_axis_tdata = result_value_q[MEM_W-1:0];
    assign h_axis_tdata = result_value_q[H_W-1:0];

`ifdef FORMAL
    // Whatever the program is; that no value is read too early is the program's part
    f_axis #(.IN(1), .WIDTH(X_W + 1)) f_s_axis (
        clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast}
    );
    f_axis #(.WIDTH(M_W + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tuser, m_axis_tdata, m_axis_tlast}
    );

    always @* if (!rst) begin
        flags_of_counts : assert (!busy_q || (waits_q == (wait_q != 0) && row_end_q == (columns_q == 0)
            && last_group_q == (groups_q == 0)));
        moves_on : assert (!(start && busy_q) || step_end);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast);
        reach_next : cover (start && busy_q);
    end
`endif
endmodule
`default_nettype wire
