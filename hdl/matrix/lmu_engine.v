// SPDX-License-Identifier: Apache-2.0
// A whole LMU layer on LANES multipliers: encoder, dense memory and a Dense or SimpleRNN cell, one after another, and
// the Dense layer behind it where there is one.
//
//   u_t   = assign(E_x x_t + E_mem mem_{t-1} + E_h h_{t-1} + bias)            exact sums, one rounding and one overflow step
//   mem_t = assign(A_bar mem_{t-1} + B_bar u_t)                               per channel
//   h_t   = assign(function(assign(W_x x_t + W_h h_{t-1} + W_mem mem_t + bias)))
//   out_t = assign(W_out h_t + bias)                                          with N_OUT > 0
//
// LANES rows at a time and one column per cycle. The values of this step and of the one before stand in one RAM, x in
// one of its own; a table says which of them meets each column, the constant 2**ONE_SHIFT of a bias included. The first
// step of a sequence counts the values of the step before as zeros. The next x comes in while a step is worked on, and
// never waits for a result that is written: a layer with feedback in front would be late by each such cycle.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next step is a first one
//   s_axis_tdata   X_W     in          x, signed, N_X beats a step
//   s_axis_tlast   1       in          last beat of the sequence
//   m_axis_tdata   M_W     out         h, signed, UNITS beats a step; with N_OUT > 0 out, N_OUT beats
//   m_axis_tlast   1       out         last beat of the sequence
//   m_axis_tuser   1       out         this value, or what it is made of, was clipped to fit
//   u_axis_*       U_W     out         u, as it is written to the RAM, for whom it concerns; tready is high
//   mem_axis_*     MEM_W   out         mem likewise, one channel after another
//   h_axis_*       H_W     out         h likewise
//
//   Cycles (exact, without gaps and back-pressure); DELAY = 11 + MORE, 12 + MORE with a FUNCTION that is a table, 13 + MORE
//   with one that is a sum; MORE: stages of a product that lmu_mac cuts, 0 where no factor is wider than 18 bits
//   U_GROUPS = MEMORY_D/LANES, MEM_GROUPS = ORDER/LANES, H_GROUPS = UNITS/LANES, OUT_GROUPS = N_OUT/LANES, rounded up
//   rows    = U_GROUPS*U_COLUMNS + MEMORY_D*MEM_GROUPS*(ORDER + 1) + H_GROUPS*H_COLUMNS + WAIT_U + WAIT_MEM + WAIT_H
//   behind  = OUT_GROUPS*OUT_COLUMNS + WAIT_OUT, 0 with N_OUT = 0
//   ii      = rows + behind; with LAST_ONLY = 1 rows, and behind more in the last step of a sequence
//   latency = rows + behind - WAIT_U + (R-1)%LANES + DELAY    from a step's last x to its last output, in an idle unit;
//             R = N_OUT, or UNITS with N_OUT = 0
//
// With LAST_ONLY = 1 only the last step of a sequence has an output. A sum is in the RAM DELAY - 2 cycles after its last
// column, the lanes one after another: WAIT_U, WAIT_MEM, WAIT_H and WAIT_OUT cycles pass before the first row of each, so
// that no value is read before it is there. U_COLUMNS, ORDER + 1, H_COLUMNS and OUT_COLUMNS are LANES or more. A step has
// N_X + 1 cycles or more. No path leads from m_axis_tready to another output within a cycle.
//
// The places of a step are those of x, u, mem (one channel after another) and, with KEEP_H = 1, h, in this order.
// TABLE_FILE has U_COLUMNS + MEMORY_D*(ORDER+1) + H_COLUMNS words, for the columns of u, of each channel, and of h, and
// OUT_COLUMNS with N_OUT > 0: the place of the operand, above it 1 where it is of the step before, and on top 1 where it
// is 2**ONE_SHIFT. ROM_FILE has U_GROUPS*U_COLUMNS + MEM_GROUPS*(ORDER+1) + H_GROUPS*H_COLUMNS + OUT_GROUPS*OUT_COLUMNS
// words of LANES coefficients of COEF_W bits, lowest row in the low bits, a group of rows after another; rows beyond the
// last one do not count.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_engine #(
    // Values of x in a step, channels, Legendre degrees of each, and units, 1 or more
    parameter integer N_X = 4, MEMORY_D = 2, ORDER = 4, UNITS = 4,
    // Columns of u and of h, with those of their biases
    parameter integer U_COLUMNS = 5, H_COLUMNS = 13,
    // Values of the Dense layer behind it, 0 without one, and its columns likewise
    parameter integer N_OUT = 0, OUT_COLUMNS = 5,
    // 1: these are for the last step of a sequence alone
    parameter integer LAST_ONLY = 0,
    // Rows worked on at once, one multiplier each
    parameter integer LANES = 1,
    // Cycles before the first row of each, 0 or more
    parameter integer WAIT_U = 0, WAIT_MEM = 0, WAIT_H = 0, WAIT_OUT = 0,
    // 1: h is read, that of the step before or by the layer behind it
    parameter integer KEEP_H = 0,
    // What a bias is multiplied with: 2**ONE_SHIFT, OP_W - 2 at most
    parameter integer ONE_SHIFT = 0,
    // Bits of x, an operand (the widest of x, u, mem and, with KEEP_H, h), a coefficient and a sum
    parameter integer X_W = 16, OP_W = 16, COEF_W = 18, ACC_W = 40,
    // Fraction bits of the sums
    parameter integer U_ACC_F = 28, MEM_ACC_F = 28, H_ACC_F = 28, OUT_ACC_F = 28,
    // Types, as in lmu_round_sat, of u, mem, the pre-activation, h and out
    parameter integer U_TYPE = 32'h16_000e_10, MEM_TYPE = 32'h16_000e_10, PRE_TYPE = 32'h16_000c_10,
    parameter integer H_TYPE = 32'h16_000e_10, OUT_TYPE = 32'h16_000e_10,
    // As in lmu_function, and the type of a table's index
    parameter integer FUNCTION = 1, INDEX_TYPE = 32'h16_0006_0a,
    // 1: sequences follow one another without a new start
    parameter integer STREAMING = 0,
    // Coefficients, places of the operands, and words of the function's table, read by $readmemh
    parameter ROM_FILE = "lmu_engine.hex", TABLE_FILE = "lmu_engine_table.hex", FUNCTION_FILE = "lmu_engine_h.hex"
) (
    input wire clk, rst,
    input wire [X_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [(N_OUT > 0 ? OUT_TYPE : H_TYPE)%256-1:0] m_axis_tdata, output reg m_axis_tvalid,
    input wire m_axis_tready, output reg m_axis_tlast, output reg [0:0] m_axis_tuser,
    output wire [U_TYPE%256-1:0] u_axis_tdata, output wire u_axis_tvalid, u_axis_tready, u_axis_tlast,
    output wire [0:0] u_axis_tuser,
    output wire [MEM_TYPE%256-1:0] mem_axis_tdata, output wire mem_axis_tvalid, mem_axis_tready, mem_axis_tlast,
    output wire [0:0] mem_axis_tuser,
    output wire [H_TYPE%256-1:0] h_axis_tdata, output wire h_axis_tvalid, h_axis_tready, h_axis_tlast,
    output wire [0:0] h_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, MEM_W = MEM_TYPE % 256, PRE_W = PRE_TYPE % 256, H_W = H_TYPE % 256;
    localparam HEAD = N_OUT > 0 ? 1 : 0;
    localparam integer OUT_W = HEAD != 0 ? OUT_TYPE % 256 : 1, M_W = HEAD != 0 ? OUT_W : H_W;
    localparam U_GROUPS = (MEMORY_D + LANES - 1) / LANES, MEM_GROUPS = (ORDER + LANES - 1) / LANES;
    localparam H_GROUPS = (UNITS + LANES - 1) / LANES, OUT_GROUPS = (N_OUT + LANES - 1) / LANES;
    localparam MEM_COLUMNS = ORDER + 1;
    localparam U_WORDS = U_GROUPS * U_COLUMNS, MEM_WORDS = MEM_GROUPS * MEM_COLUMNS;
    localparam H_WORDS = H_GROUPS * H_COLUMNS, OUT_WORDS = OUT_GROUPS * OUT_COLUMNS;
    localparam WORDS = U_WORDS + MEM_WORDS + H_WORDS + OUT_WORDS;
    localparam PLACES = U_COLUMNS + MEMORY_D * MEM_COLUMNS + H_COLUMNS + HEAD * OUT_COLUMNS;
    localparam ROWS_II = U_WORDS + MEMORY_D * MEM_WORDS + H_WORDS + WAIT_U + WAIT_MEM + WAIT_H;
    localparam BEHIND = OUT_WORDS + HEAD * WAIT_OUT;
    localparam II = ROWS_II + (LAST_ONLY != 0 ? 0 : BEHIND);
    localparam VALUES = N_X + MEMORY_D * MEM_COLUMNS + (KEEP_H != 0 ? UNITS : 0);
    localparam X_AW = N_X > 1 ? $clog2(N_X) : 1;
    localparam PLACE_W = $clog2(VALUES), ROM_AW = $clog2(WORDS), TABLE_AW = $clog2(PLACES);
    localparam UM_COLUMNS = U_COLUMNS > MEM_COLUMNS ? U_COLUMNS : MEM_COLUMNS;
    localparam HO_COLUMNS = HEAD != 0 && OUT_COLUMNS > H_COLUMNS ? OUT_COLUMNS : H_COLUMNS;
    localparam COLUMN_CW = $clog2((UM_COLUMNS > HO_COLUMNS ? UM_COLUMNS : HO_COLUMNS) + 1);
    localparam UM_GROUPS = U_GROUPS > MEM_GROUPS ? U_GROUPS : MEM_GROUPS;
    localparam HO_GROUPS = OUT_GROUPS > H_GROUPS ? OUT_GROUPS : H_GROUPS;
    localparam GROUP_CW = $clog2((UM_GROUPS > HO_GROUPS ? UM_GROUPS : HO_GROUPS) + 1);
    localparam CHANNEL_CW = MEMORY_D > 1 ? $clog2(MEMORY_D) : 1, LANE_CW = $clog2(LANES + 1);
    localparam UM_WAIT = WAIT_U > WAIT_MEM ? WAIT_U : WAIT_MEM, HO_WAIT = WAIT_H > WAIT_OUT ? WAIT_H : WAIT_OUT;
    localparam WAIT_CW = $clog2((UM_WAIT > HO_WAIT ? UM_WAIT : HO_WAIT) + 2);
    localparam KEPT_W = KEEP_H != 0 ? H_W : 1;  // an h that nobody reads does not widen the operands
    localparam FUNCTION_DELAY = FUNCTION % 256 == 2 ? 2 : FUNCTION % 256 < 4 ? 1 : 3;  // a register behind a table
    localparam MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (OP_W - 2) / 17));  // as in lmu_mac
    localparam [1:0] U = 2'd0, MEM = 2'd1, H = 2'd2, OUT = 2'd3, GIVEN_KIND = HEAD != 0 ? OUT : H;

    if (N_X < 1 || MEMORY_D < 1 || ORDER < 1 || UNITS < 1 || LANES < 1) begin : g_check_sizes
        PARAM_ERROR_sizes_and_lanes_must_be_at_least_1 check ();
    end else if (U_COLUMNS < LANES || MEM_COLUMNS < LANES || H_COLUMNS < LANES || HEAD * LANES > OUT_COLUMNS)
    begin : g_check_lanes
        PARAM_ERROR_no_more_lanes_than_columns check ();
    end else if (N_OUT < 0 || (HEAD != 0 && KEEP_H == 0)) begin : g_check_head
        PARAM_ERROR_a_layer_behind_it_reads_a_kept_h check ();
    end else if (II < N_X + 1) begin : g_check_cycles
        PARAM_ERROR_a_step_must_have_a_cycle_for_each_x_and_one_more check ();
    end else if (ONE_SHIFT > OP_W - 2 || ACC_W < COEF_W + OP_W) begin : g_check_widths
        PARAM_ERROR_the_operand_must_hold_its_constant_and_the_sum_a_product check ();
    end

    reg run_q;  // no h is due while two before it wait: known a cycle ahead
    reg result_valid_q;
    wire write = run_q && result_valid_q;

    // Input: the next vector, into the half that is not worked on
    reg [X_AW-1:0] x_count_q;
    reg x_full_q, x_half_q, x_last_q;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire x_end = {1'b0, x_count_q} == N_X[X_AW:0] - 1'b1;
    wire start;
    assign s_axis_tready = !x_full_q;

    always @(posedge clk) begin
        if (start) begin
            x_full_q <= 1'b0;
            x_half_q <= !x_half_q;
        end
        if (accept) begin
            x_count_q <= x_end ? {X_AW{1'b0}} : x_count_q + 1'b1;
            x_full_q <= x_end;
            x_last_q <= s_axis_tlast;
        end
        if (rst) {x_count_q, x_full_q, x_half_q} <= 0;
    end

    // Sequencer: one column of one group of rows per cycle
    reg busy_q, half_q, last_q, fresh_q;
    reg [1:0] kind_q;
    reg [WAIT_CW-1:0] wait_q;
    reg [COLUMN_CW-1:0] columns_q;  // left behind this one
    reg [GROUP_CW-1:0] groups_q;
    reg [CHANNEL_CW-1:0] channels_q;
    reg [TABLE_AW-1:0] place_q, row_q;  // row_q: the first one of each row
    reg [ROM_AW-1:0] rom_addr_q;
    reg first_q;
    reg waits_q, row_end_q, last_group_q;  // wait_q is not 0, columns_q and groups_q are: known a cycle ahead
    wire issue = run_q && busy_q && !waits_q;
    wire row_end = issue && row_end_q;
    wire last_group = last_group_q;
    wire pass_end = row_end && last_group;
    wire behind = HEAD != 0 && kind_q == H && (LAST_ONLY == 0 || last_q);  // h is not the end of this step
    wire step_end = pass_end && (kind_q == OUT || (kind_q == H && !behind));
    wire [1:0] next_kind = kind_q == U ? MEM : kind_q == MEM ? (channels_q == 0 ? H : MEM) : behind ? OUT : U;
    wire [1:0] kind_d = pass_end ? next_kind : kind_q;
    wire [WAIT_CW-1:0] wait_d = next_kind == MEM ? WAIT_MEM[WAIT_CW-1:0] : next_kind == H
        ? WAIT_H[WAIT_CW-1:0] : next_kind == U ? WAIT_U[WAIT_CW-1:0] : WAIT_OUT[WAIT_CW-1:0];
    assign start = run_q && x_full_q && (!busy_q || step_end);

    always @(posedge clk) begin
        if (issue) begin
            place_q <= step_end ? {TABLE_AW{1'b0}} : row_end && !last_group ? row_q : place_q + 1'b1;
            rom_addr_q <= step_end ? {ROM_AW{1'b0}} : pass_end && kind_q == MEM && channels_q != 0
                ? U_WORDS[ROM_AW-1:0] : rom_addr_q + 1'b1;
            first_q <= row_end;
            columns_q <= columns_q - 1'b1;
            row_end_q <= columns_q == 1;
        end
        if (run_q && waits_q) begin
            wait_q <= wait_q - 1'b1;
            waits_q <= wait_q != 1;
        end
        if (row_end) begin
            row_end_q <= (kind_d == U ? U_COLUMNS : kind_d == MEM ? MEM_COLUMNS : kind_d == H ? H_COLUMNS
                : OUT_COLUMNS) == 1;
            last_group_q <= groups_q == 1;
            columns_q <= kind_d == U ? U_COLUMNS[COLUMN_CW-1:0] - 1'b1
                : kind_d == MEM ? MEM_COLUMNS[COLUMN_CW-1:0] - 1'b1
                : kind_d == H ? H_COLUMNS[COLUMN_CW-1:0] - 1'b1 : OUT_COLUMNS[COLUMN_CW-1:0] - 1'b1;
            groups_q <= groups_q - 1'b1;
        end
        if (pass_end) begin
            kind_q <= next_kind;
            row_q <= step_end ? {TABLE_AW{1'b0}} : place_q + 1'b1;
            groups_q <= next_kind == U ? U_GROUPS[GROUP_CW-1:0] - 1'b1
                : next_kind == MEM ? MEM_GROUPS[GROUP_CW-1:0] - 1'b1
                : next_kind == H ? H_GROUPS[GROUP_CW-1:0] - 1'b1 : OUT_GROUPS[GROUP_CW-1:0] - 1'b1;
            last_group_q <= (next_kind == U ? U_GROUPS : next_kind == MEM ? MEM_GROUPS : next_kind == H ? H_GROUPS
                : OUT_GROUPS) == 1;
            channels_q <= kind_q == MEM ? channels_q - 1'b1 : MEMORY_D[CHANNEL_CW-1:0] - 1'b1;
            if (next_kind != kind_q) begin
                wait_q <= wait_d;
                waits_q <= wait_d != 0;
            end
        end
        if (step_end) begin
            busy_q <= 1'b0;
            fresh_q <= STREAMING == 0 && last_q;
        end
        if (start) begin
            busy_q <= 1'b1;
            half_q <= x_half_q;
            last_q <= x_last_q;
        end
        if (rst) begin
            {busy_q, kind_q, place_q, row_q, rom_addr_q, wait_q, waits_q} <= 0;
            row_end_q <= U_COLUMNS == 1;
            last_group_q <= U_GROUPS == 1;
            columns_q <= U_COLUMNS[COLUMN_CW-1:0] - 1'b1;
            groups_q <= U_GROUPS[GROUP_CW-1:0] - 1'b1;
            {fresh_q, first_q} <= 2'b11;
        end
    end

    // Operand and coefficients: place (1), word of the RAM and the ROM (2), a register behind these (3)
    reg [ROM_AW-1:0] rom_addr1_q;
    reg half1_q, fresh1_q, zero2_q, one2_q, x2_q;
    reg [3:1] firsts_q;
    wire one1, old1;
    wire [PLACE_W-1:0] place1;
    wire [OP_W-1:0] stored;
    wire [X_W-1:0] stored_x;
    wire [LANES*COEF_W-1:0] coefs;
    reg [LANES*COEF_W-1:0] coefs_q;
    reg [OP_W-1:0] operand_q;
    wire [OP_W-1:0] value = x2_q ? {{(OP_W - X_W) {stored_x[X_W-1]}}, stored_x} : stored;
    wire [OP_W-1:0] operand = one2_q ? {{(OP_W - 1) {1'b0}}, 1'b1} << ONE_SHIFT : zero2_q ? {OP_W{1'b0}} : value;
    wire [OP_W-1:0] result;
    wire [LANES*ACC_W-1:0] sums;
    wire [PLACE_W:0] wr_addr;

    always @(posedge clk) if (run_q) begin
        rom_addr1_q <= rom_addr_q;
        {half1_q, fresh1_q} <= {half_q, fresh_q};
        firsts_q <= {firsts_q[2:1], first_q};
        {one2_q, zero2_q, x2_q} <= {one1, old1 && fresh1_q, {1'b0, place1} < N_X[PLACE_W:0]};
        coefs_q <= coefs;
        operand_q <= operand;
    end

    lmu_rom #(.WIDTH(PLACE_W + 2), .DEPTH(PLACES), .FILE(TABLE_FILE)) places (
        .clk(clk), .rd_en(run_q), .rd_addr(place_q), .rd_data({one1, old1, place1})
    );
    lmu_rom #(.WIDTH(LANES * COEF_W), .DEPTH(WORDS), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(run_q), .rd_addr(rom_addr1_q), .rd_data(coefs)
    );
    lmu_ram #(.WIDTH(OP_W), .DEPTH(2 << PLACE_W)) ram (
        .clk(clk),
        .wr_en(write && result_kind_q != OUT && (KEEP_H != 0 || result_kind_q != H)), .wr_addr(wr_addr),
        .wr_data(result),
        .rd_en(run_q), .rd_addr({half1_q ^ old1, place1}), .rd_data(stored)
    );
    lmu_ram #(.WIDTH(X_W), .DEPTH(2 << X_AW)) x_ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({x_half_q, x_count_q}), .wr_data(s_axis_tdata),
        .rd_en(run_q), .rd_addr({half1_q, place1[X_AW-1:0]}), .rd_data(stored_x)
    );

    genvar i;
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        lmu_mac #(.COEF_W(COEF_W), .OP_W(OP_W), .ACC_W(ACC_W)) mac (
            .clk(clk), .en(run_q),
            .add(run_q), .first(firsts_q[3]), .coef(coefs_q[i*COEF_W+:COEF_W]), .operand(operand_q),
            .base({ACC_W{1'b0}}), .acc(sums[i*ACC_W+:ACC_W])
        );
    end

    // Sums, when the last column is in: kind, whether some lanes have no row, and the ends of step and sequence
    wire take, rest, due_end, due_last;
    wire [1:0] due_kind;
    reg [ACC_W-1:0] sum_q;
    reg sum_valid_q, sum_end_q, sum_last_q;
    reg [1:0] sum_kind_q;

`ifdef FORMAL
    wire [6*(6+MORE)-1:0] f_due_stages;
`endif

    lmu_delay #(.WIDTH(6), .DEPTH(6 + MORE)) due (
        .clk(clk), .rst(rst), .en(run_q),
        .in_data({row_end, last_group, step_end, step_end && last_q, kind_q}),
        .out_data({take, rest, due_end, due_last, due_kind})
`ifdef FORMAL
        , .f_stages(f_due_stages)
`endif
    );

    if (LANES > 1) begin : g_waiting
        localparam ALL = LANES - 1, U_REST = (MEMORY_D - 1) % LANES, MEM_REST = (ORDER - 1) % LANES;
        localparam H_REST = (UNITS - 1) % LANES, OUT_REST = (N_OUT + LANES - 1) % LANES;
        reg [(LANES-1)*ACC_W-1:0] waiting_q;
        reg [LANE_CW-1:0] left_q;
        reg end_q, last_lane_q;  // of the step, of the sequence: with the last lane
        wire [LANE_CW-1:0] u_left = U_REST[LANE_CW-1:0], mem_left = MEM_REST[LANE_CW-1:0], h_left = H_REST[LANE_CW-1:0];
        wire [LANE_CW-1:0] ho_left = due_kind == H ? h_left : OUT_REST[LANE_CW-1:0];
        wire [LANE_CW-1:0] rest_left = due_kind == U ? u_left : due_kind == MEM ? mem_left : ho_left;
        wire [LANE_CW-1:0] left = rest ? rest_left : ALL[LANE_CW-1:0];
        wire [LANE_CW-1:0] left_d = take ? left : left_q - {{(LANE_CW - 1) {1'b0}}, left_q != 0};

        always @(posedge clk) begin
            if (run_q) begin
                waiting_q <= take ? sums[LANES*ACC_W-1:ACC_W] : waiting_q >> ACC_W;
                sum_q <= take ? sums[ACC_W-1:0] : waiting_q[ACC_W-1:0];
                sum_valid_q <= take || left_q != 0;
                left_q <= left_d;
                if (take) {end_q, last_lane_q, sum_kind_q} <= {due_end, due_last, due_kind};
                {sum_end_q, sum_last_q} <= {2{left_d == 0}} & (take ? {due_end, due_last} : {end_q, last_lane_q});
            end
            if (rst) {sum_valid_q, left_q} <= 0;
        end
    end else begin : g_direct
        wire unused_rest = rest;

        always @(posedge clk) begin
            if (run_q) begin
                sum_q <= sums;
                sum_valid_q <= take;
                {sum_end_q, sum_last_q, sum_kind_q} <= {due_end, due_last, due_kind};
            end
            if (rst) sum_valid_q <= 1'b0;
        end
    end

    // Values: assigned to u, to mem, to out or to the pre-activation, and from that to h
    localparam UM_W = U_W > MEM_W ? U_W : MEM_W, PO_W = PRE_W > OUT_W ? PRE_W : OUT_W;
    localparam VALUE_W = UM_W > PO_W ? UM_W : PO_W;
    wire [U_W-1:0] u;
    wire [MEM_W-1:0] mem;
    wire [PRE_W-1:0] pre;
    wire [H_W-1:0] h;
    wire [OUT_W-1:0] out;
    wire u_clipped, mem_clipped, pre_clipped, h_clipped, out_clipped;
    wire [VALUE_W-1:0] from_u = {{(VALUE_W - U_W) {u[U_W-1]}}, u}, from_mem = {{(VALUE_W - MEM_W) {mem[MEM_W-1]}}, mem};
    wire [VALUE_W-1:0] from_pre = {{(VALUE_W - PRE_W) {pre[PRE_W-1]}}, pre};
    wire [VALUE_W-1:0] from_ho = sum_kind_q == H ? from_pre : {{(VALUE_W - OUT_W) {out[OUT_W-1]}}, out};
    wire ho_clipped = sum_kind_q == H ? pre_clipped : out_clipped;
    reg [VALUE_W-1:0] value_q;
    reg value_valid_q, value_end_q, value_last_q, value_clipped_q;
    reg [1:0] value_kind_q;

    lmu_round_sat #(.IN_W(ACC_W), .IN_F(U_ACC_F), .OUT_TYPE(U_TYPE)) to_u (
        .in_data(sum_q), .out_data(u), .clipped(u_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(MEM_ACC_F), .OUT_TYPE(MEM_TYPE)) to_mem (
        .in_data(sum_q), .out_data(mem), .clipped(mem_clipped)
    );
    lmu_round_sat #(.IN_W(ACC_W), .IN_F(H_ACC_F), .OUT_TYPE(PRE_TYPE)) to_pre (
        .in_data(sum_q), .out_data(pre), .clipped(pre_clipped)
    );
    lmu_function #(
        .IN_TYPE(PRE_TYPE), .FUNCTION(FUNCTION), .TWO_REGISTERS(1), .INDEX_TYPE(INDEX_TYPE), .OUT_TYPE(H_TYPE),
        .TABLE_FILE(FUNCTION_FILE)
    ) apply (
        .clk(clk), .en(run_q), .in_data(value_q[PRE_W-1:0]), .out_data(h), .clipped(h_clipped)
    );

    if (HEAD != 0) begin : g_out
        lmu_round_sat #(.IN_W(ACC_W), .IN_F(OUT_ACC_F), .OUT_TYPE(OUT_TYPE)) to_out (
            .in_data(sum_q), .out_data(out), .clipped(out_clipped)
        );
    end else begin : g_no_out
        assign {out, out_clipped} = 2'b00;
    end

    always @(posedge clk) begin
        if (run_q) begin
            value_q <= sum_kind_q == U ? from_u : sum_kind_q == MEM ? from_mem : from_ho;
            value_clipped_q <= sum_kind_q == U ? u_clipped : sum_kind_q == MEM ? mem_clipped : ho_clipped;
            {value_valid_q, value_end_q, value_last_q} <= {sum_valid_q, sum_end_q, sum_last_q};
            value_kind_q <= sum_kind_q;
        end
        if (rst) value_valid_q <= 1'b0;
    end

    // Results, all as late as h
    reg [VALUE_W-1:0] result_value_q;
    wire unused_value = &{1'b0, result_value_q};  // the widest may be what functions are applied to
    reg result_end_q, result_last_q, result_clipped_q;
    reg [1:0] result_kind_q;
    wire due_valid, last_valid, end_valid, clipped_due;
    wire [1:0] kind_due;
    wire [VALUE_W-1:0] value_due;
    wire out_due_q = result_valid_q && result_kind_q == GIVEN_KIND;
    wire out_due_d = run_q ? due_valid && kind_due == GIVEN_KIND : out_due_q;
    wire take_out = run_q && out_due_q;
    reg kept_valid_q;
    wire move = !m_axis_tvalid || m_axis_tready;
    wire kept_valid_d = !move && (kept_valid_q || take_out);
    assign result = result_kind_q == H ? {{(OP_W - KEPT_W) {h[KEPT_W-1]}}, h[KEPT_W-1:0]}
        : {{(OP_W - UM_W) {result_value_q[UM_W-1]}}, result_value_q[UM_W-1:0]};

    lmu_delay #(.WIDTH(VALUE_W + 5), .DEPTH(FUNCTION_DELAY - 1)) with_h (
        .clk(clk), .rst(1'b0), .en(run_q),
        .in_data({value_q, value_clipped_q, value_kind_q, value_end_q, value_last_q}),
        .out_data({value_due, clipped_due, kind_due, end_valid, last_valid})
    );
    lmu_delay #(.WIDTH(1), .DEPTH(FUNCTION_DELAY - 1)) valid_with_h (
        .clk(clk), .rst(rst), .en(run_q), .in_data(value_valid_q), .out_data(due_valid)
    );

    // Places of the results; the output, and the one that comes when the sink has just stopped
    reg [M_W+1:0] kept_q;  // what is put out: whether it was clipped, whether it is the last one, the value
    wire [M_W+1:0] given;
    reg wr_half_q;
    reg [PLACE_W-1:0] wr_place_q;
    assign wr_addr = {wr_half_q, wr_place_q};

    if (HEAD != 0) begin : g_give_out
        assign given = {result_clipped_q, result_last_q, result_value_q[M_W-1:0]};
    end else begin : g_give_h
        assign given = {result_clipped_q || h_clipped, result_last_q, h};
    end

    always @(posedge clk) begin
        if (run_q) begin
            {result_value_q, result_clipped_q, result_kind_q} <= {value_due, clipped_due, kind_due};
            {result_valid_q, result_end_q, result_last_q} <= {due_valid, end_valid, last_valid};
        end
        if (write) begin
            wr_place_q <= result_end_q ? N_X[PLACE_W-1:0] : wr_place_q + 1'b1;
            if (result_end_q) wr_half_q <= !wr_half_q;
        end
        if (take_out) kept_q <= given;
        if (move) begin
            m_axis_tvalid <= kept_valid_q || take_out;
            {m_axis_tuser, m_axis_tlast, m_axis_tdata} <= kept_valid_q ? kept_q : given;
        end
        kept_valid_q <= kept_valid_d;
        run_q <= !(kept_valid_d && out_due_d);
        if (rst) begin
            {result_valid_q, m_axis_tvalid, kept_valid_q, wr_half_q} <= 0;
            wr_place_q <= N_X[PLACE_W-1:0];
            run_q <= 1'b1;
        end
    end

    assign {u_axis_tready, mem_axis_tready, h_axis_tready} = 3'b111;
    assign {u_axis_tlast, mem_axis_tlast, h_axis_tlast} = 3'b000;
    assign {u_axis_tuser, mem_axis_tuser} = {2{result_clipped_q}};
    assign u_axis_tvalid = write && result_kind_q == U;
    assign mem_axis_tvalid = write && result_kind_q == MEM;
    assign h_axis_tvalid = write && result_kind_q == H;
    assign h_axis_tuser = result_clipped_q || h_clipped;
    assign h_axis_tdata = h;
    assign u_axis_tdata = result_value_q[U_W-1:0];
    assign mem_axis_tdata = result_value_q[MEM_W-1:0];

`ifdef FORMAL
    localparam F_LATENCY = ROWS_II + BEHIND - WAIT_U + ((HEAD != 0 ? N_OUT : UNITS) - 1) % LANES + 10 + MORE
        + FUNCTION_DELAY;
    localparam F_N_OUT = HEAD != 0 ? N_OUT : UNITS;
    wire f_done, f_due;
    wire [3:0] f_inside;
    wire [5:0] f_lasts;
    wire [15:0] f_dry, f_closed;
    wire [F_LATENCY+18:0] f_pace_state;
    if (LAST_ONLY == 0) begin : g_each
        wire f_begun;
        f_unit #(
            .S_W(X_W), .M_W(M_W + 1), .N_IN(N_X), .N_OUT(F_N_OUT), .FLIGHT(6), .BEAT(II + F_LATENCY),
            .STEP(II + F_LATENCY), .LATENCY(F_LATENCY), .II(II)
        ) f_rules (
            .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
            .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
            .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready), .calm(m_axis_tready),
            .flow(m_axis_tready && s_axis_tvalid), .begun(f_begun), .done(f_done),
            .steps(f_inside), .lasts(f_lasts), .dry(f_dry), .closed(f_closed), .pace(f_pace_state), .due(f_due)
        );
    end else begin : g_last
        // With one x a step: only steps with tlast come out, each with all its values
        wire f_begun, f_last = s_axis_tvalid && s_axis_tlast;
        assign {f_due, f_pace_state} = 0;
        f_axis #(.IN(1), .WIDTH(X_W + 1)) f_s_axis (
            clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast}
        );
        f_axis #(.WIDTH(M_W + 2)) f_m_axis (
            clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tuser, m_axis_tdata, m_axis_tlast}
        );
        f_steps #(.N_IN(1), .N_OUT(F_N_OUT), .FLIGHT(6), .S_W(X_W), .M_W(M_W + 1), .RULES(0)) f_count (
            .clk(clk), .rst(rst), .s_valid(f_last), .s_ready(s_axis_tready), .s_last(1'b1), .s_data(s_axis_tdata),
            .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
            .m_data({m_axis_tuser, m_axis_tdata}), .begun(f_begun), .done(f_done), .steps(f_inside), .lasts(f_lasts)
        );
        f_live #(.BEAT(F_BEAT), .STEP(II + F_LATENCY)) f_alive (
            .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready), .m_valid(m_axis_tvalid),
            .m_ready(m_axis_tready), .dry(f_dry), .closed(f_closed)
        );
    end

    // Values are read after they have been written: rows of this step that have been worked on, and those of which
    // the values are on their way
    localparam ROWS = MEMORY_D * MEM_COLUMNS + UNITS, F_ROW_W = $clog2(2 * (ROWS + N_OUT) + 1) + 1;
    wire [GROUP_CW-1:0] f_groups = kind_q == U ? U_GROUPS : kind_q == MEM ? MEM_GROUPS : kind_q == H ? H_GROUPS
        : OUT_GROUPS;
    wire [F_ROW_W-1:0] f_kind_rows = kind_q == U ? MEMORY_D : kind_q == MEM ? ORDER : kind_q == H ? UNITS : N_OUT;
    wire [F_ROW_W-1:0] f_rest = (f_kind_rows - 1) % LANES + 1;
    wire [F_ROW_W-1:0] f_now = !row_end ? 0 : last_group ? f_rest : LANES;
    wire [F_ROW_W-1:0] f_channel = MEMORY_D - 1 - channels_q;
    reg signed [F_ROW_W-1:0] f_rows_q, f_flight_q;
    wire signed [F_ROW_W-1:0] f_there = f_rows_q - f_flight_q + write;

    always @(posedge clk) begin
        f_rows_q <= step_end ? 0 : f_rows_q + f_now;
        f_flight_q <= f_flight_q + f_now - write;
        if (rst) {f_rows_q, f_flight_q} <= 0;
    end

    // The moves of this step, by its counters, for invariants from which the rest follows: without them ABC finds none
    localparam F_DELAY = 8 + MORE + FUNCTION_DELAY, F_TO_MEM = WAIT_U + U_WORDS;
    localparam F_TO_H = F_TO_MEM + WAIT_MEM + MEMORY_D * MEM_WORDS;
    localparam F_BEAT = (LAST_ONLY != 0 ? 2 * II : II) + F_LATENCY;
    wire [15:0] f_group = groups_q, f_column = columns_q, f_channels = channels_q, f_wait = wait_q;
    wire [15:0] f_at_u = WAIT_U - f_wait + (U_GROUPS - 1 - f_group) * U_COLUMNS + U_COLUMNS - 1 - f_column;
    wire [15:0] f_at_mem = F_TO_MEM + WAIT_MEM - f_wait + (MEMORY_D - 1 - f_channels) * MEM_WORDS
        + (MEM_GROUPS - 1 - f_group) * MEM_COLUMNS + MEM_COLUMNS - 1 - f_column;
    wire [15:0] f_at_h = F_TO_H + WAIT_H - f_wait + (H_GROUPS - 1 - f_group) * H_COLUMNS + H_COLUMNS - 1 - f_column;
    wire [15:0] f_at_out = ROWS_II + WAIT_OUT - f_wait + (OUT_GROUPS - 1 - f_group) * OUT_COLUMNS + OUT_COLUMNS - 1
        - f_column;
    wire [15:0] f_at = kind_q == U ? f_at_u : kind_q == MEM ? f_at_mem : kind_q == H ? f_at_h : f_at_out;
    wire [1:0] f_outs = {x_last_q, last_q} | {2{LAST_ONLY == 0}};
    wire [15:0] f_waits = kind_q == U ? WAIT_U : kind_q == MEM ? WAIT_MEM : kind_q == H ? WAIT_H : WAIT_OUT;
    wire [15:0] f_columns = kind_q == U ? U_COLUMNS : kind_q == MEM ? MEM_COLUMNS : kind_q == H ? H_COLUMNS
        : OUT_COLUMNS;
    wire [15:0] f_begun_rows = kind_q == U ? MEMORY_D - 1 - f_group
        : kind_q == MEM ? MEMORY_D + (MEMORY_D - 1 - f_channels) * ORDER + ORDER - 1 - f_group
        : kind_q == H ? ROWS - 1 - f_group : ROWS + N_OUT - 1 - f_group;
    wire f_first = f_groups == groups_q + 1'b1 && (kind_q != MEM || f_channels == MEMORY_D - 1);
    wire [15:0] f_since = f_columns - 1 - f_column + (f_first ? f_waits - f_wait : 0);
    wire f_given = step_end && f_outs[0];
    wire [5+MORE:0] f_rows5, f_ends5, f_lasts5, f_outs5;
    genvar f;
    for (f = 0; f < 6 + MORE; f = f + 1) begin : g_due
        assign {f_rows5[f], f_ends5[f], f_lasts5[f]} = {f_due_stages[6*f+5], f_due_stages[6*f+3:6*f+2]};
        assign f_outs5[f] = f_rows5[f] && f_due_stages[6*f+:2] == GIVEN_KIND;
    end
    if (LANES == 1 && F_N_OUT == 1 && FUNCTION_DELAY == 1 && WAIT_U == 0) begin : g_whole
        f_engine #(
            .ROWS(ROWS), .MORE(HEAD), .SHORT(ROWS_II), .LONG(ROWS_II + BEHIND), .PIPE(F_DELAY), .PLACE_W(PLACE_W),
            .BEAT(F_BEAT), .STEP(II + F_LATENCY), .LATENCY(F_LATENCY)
        ) f_state (
            .clk(clk), .rst(rst), .run(run_q), .start(start), .step_end(step_end), .given(f_given), .busy(busy_q),
            .x_full(x_full_q), .x_out(f_outs[1]), .out(f_outs[0]), .x_last(x_last_q), .last(last_q),
            .kept(kept_valid_q), .kept_last(kept_q[M_W]), .m_valid(m_axis_tvalid), .at(f_at),
            .stages({out_due_q, value_valid_q && value_kind_q == GIVEN_KIND,
                sum_valid_q && sum_kind_q == GIVEN_KIND, f_outs5}),
            .stage_lasts({result_last_q, value_last_q, sum_last_q, f_lasts5}), .steps(f_inside), .lasts(f_lasts),
            .dry(f_dry), .closed(f_closed), .pace(f_pace_state), .row_end(row_end), .rows(f_begun_rows), .since(f_since),
            .written(wr_place_q - N_X[PLACE_W-1:0]), .f_rows({{(16 - F_ROW_W) {f_rows_q[F_ROW_W-1]}}, f_rows_q}),
            .f_flight({{(16 - F_ROW_W) {f_flight_q[F_ROW_W-1]}}, f_flight_q}),
            .row_stages({result_valid_q, value_valid_q, sum_valid_q, f_rows5}),
            .end_stages({result_valid_q && result_end_q, value_valid_q && value_end_q, sum_valid_q && sum_end_q, f_ends5})
        );
        always @* if (!rst) begin
            counts_in_range : assert (f_wait <= f_waits && f_column < f_columns
                && (kind_q != MEM || f_channels < MEMORY_D));
            wait_comes_first : assert (wait_q == 0 || (f_column == f_columns - 1 && groups_q == f_groups - 1
                && (kind_q != MEM || f_channels == MEMORY_D - 1)));
            out_of_last : assert (kind_q != OUT || (HEAD != 0 && busy_q && f_outs[0]));
            idle_at_first : assert ((busy_q || f_at == 0) && {1'b0, x_count_q} < N_X[X_AW:0]);
        end
    end

    always @* if (!rst) begin
        groups_in_range : assert (groups_q < f_groups);
        flags_of_counts : assert (waits_q == (wait_q != 0) && row_end_q == (columns_q == 0)
            && last_group_q == (groups_q == 0));
        u_in_time : assert (!(issue && kind_q == MEM && columns_q == 0) || f_there > $signed(f_channel));
        mem_in_time : assert (!(issue && kind_q == H && columns_q < MEMORY_D * ORDER)
            || f_there >= $signed(ROWS[F_ROW_W-1:0] - UNITS[F_ROW_W-1:0] - {1'b0, columns_q}));
        h_in_time : assert (!(issue && kind_q == OUT && columns_q < UNITS)
            || f_there >= $signed(ROWS[F_ROW_W-1:0] - {1'b0, columns_q}));
        other_half : assert (!busy_q || x_half_q != half_q);
        place_of_result : assert (!write || result_kind_q == OUT || (KEEP_H == 0 && result_kind_q == H)
            || (wr_place_q >= N_X && wr_place_q < N_X + ROWS));
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast);
        reach_stall : cover (kept_valid_q && f_inside > 1);
        if (LAST_ONLY == 0) reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
