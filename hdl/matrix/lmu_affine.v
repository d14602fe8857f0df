// SPDX-License-Identifier: Apache-2.0
// A matrix times a vector plus a constant: the affine map of an encoder, a hidden cell or a dense layer.
//
//   out_j = sum over k of W[j][k] * x_k  +  bias_j * 2**BIAS_SHIFT            exact; j = 0..N_OUT-1, k = 0..N_IN-1
//
// LANES rows at a time and one column per cycle. A column of the first group of rows is worked on as soon as its x has
// come; the other groups read x again. Two vectors fit in, so that one comes in while the other is worked on. With BLOCKS,
// only blocks that are not zero are worked on, a block a cycle, when a whole vector has come.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat is x_0
//   s_axis_tdata   OP_W    in          x, signed, N_IN beats a step
//   s_axis_tlast   1       in          last beat of the sequence; read on a step's last beat
//   m_axis_tdata   ACC_W   out         out, signed, N_OUT beats a step, j ascending
//   m_axis_tlast   1       out         last beat of the step whose last x came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = (N_OUT/LANES - 1) * max(N_IN, LANES) + LANES + 7 + MORE    from a step's last x to its last out, idle before
//   ii      = N_OUT/LANES * max(N_IN, LANES)                             from one step to the next
//   With BLOCKS: latency = BLOCKS + LANES + 7 + MORE, ii = max(BLOCKS, N_IN)
//   MORE    stages of a product that lmu_mac cuts: 0 where no factor is wider than 18 bits
//
// The sums wait in the accumulators, and the multipliers with them, while the LANES sums before them have not been
// taken; input is accepted until two vectors are in. No path leads from m_axis_tready to an output within a cycle, nor
// to more than some registers: what decides whether the multipliers move is known a cycle ahead.
//
// ROM_FILE has N_OUT/LANES*N_IN words (2 at least) of LANES coefficients of COEF_W bits, lowest row in the low bits;
// word g*N_IN + k belongs to rows g*LANES.. and column k. BIAS_FILE has N_OUT words (2 at least) of BIAS_W bits. With
// BLOCKS, ROM_FILE is as in lmu_blocks.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_affine #(
    // Columns and rows of the matrix, 1 or more
    parameter integer N_IN = 16, N_OUT = 8,
    // Rows worked on at once, one multiplier each; divides N_OUT
    parameter integer LANES = 2,
    // Words of a ROM with a part of the blocks, as in lmu_blocks; 0: it has all
    parameter integer BLOCKS = 0,
    // Bits of x, and of a coefficient
    parameter integer OP_W = 16, COEF_W = 16,
    // Bits of the sum, COEF_W + OP_W or more, and enough for every sum and the shifted bias
    parameter integer ACC_W = 40,
    // 1: there is a bias; its bits and its additional fraction bits, 0 or more
    parameter integer HAS_BIAS = 1, BIAS_W = 16, BIAS_SHIFT = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_affine.hex", BIAS_FILE = "lmu_affine_bias.hex"
) (
    input wire clk, rst,
    input wire [OP_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [ACC_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam GROUPS = LANES > 0 ? N_OUT / LANES : 1, COLUMN_CW = N_IN > 1 ? $clog2(N_IN) : 1;
    localparam LANE_CW = LANES > 1 ? $clog2(LANES) : 1;
    localparam MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (OP_W - 2) / 17));  // as in lmu_mac
    localparam RAM_DEPTH = BLOCKS != 0 ? 2 << COLUMN_CW : 2 * N_IN, RAM_AW = $clog2(RAM_DEPTH);

    if (N_IN < 1 || N_OUT < 1 || LANES < 1) begin : g_check_sizes
        PARAM_ERROR_n_in_n_out_and_lanes_must_be_at_least_1 check ();
    end else if (GROUPS * LANES != N_OUT) begin : g_check_lanes PARAM_ERROR_lanes_must_divide_n_out check ();
    end else if (OP_W < 1 || COEF_W < 1 || ACC_W < COEF_W + OP_W) begin : g_check_widths
        PARAM_ERROR_the_sum_must_hold_a_product check ();
    end

    // Input: a ring of two vectors
    reg [COLUMN_CW-1:0] wr_column_q;
    reg wr_bank_q, wr_last_column_q;  // the next one is the last column: known a cycle ahead
    reg [1:0] last_q;  // tlast of each of the two vectors
    reg run_q;  // the pipeline moves
    wire full;
    wire accept = s_axis_tvalid && s_axis_tready;
    assign s_axis_tready = !full;

    always @(posedge clk) begin
        if (accept) begin
            wr_column_q <= wr_last_column_q ? {COLUMN_CW{1'b0}} : wr_column_q + 1'b1;
            wr_last_column_q <= wr_last_column_q ? N_IN == 1 : {1'b0, wr_column_q} + 1'b1 == N_IN[COLUMN_CW:0] - 1'b1;
            if (wr_last_column_q) begin
                wr_bank_q <= !wr_bank_q;
                last_q[wr_bank_q] <= s_axis_tlast;
            end
        end
        if (rst) begin
            {wr_column_q, wr_bank_q} <= 0;
            wr_last_column_q <= N_IN == 1;
        end
    end

    // Sequencer: one column of one group per cycle, the first one of its group, the last one; of the last group
    wire issue, first_column, last_column, last_group, rd_bank;
    wire [RAM_AW-1:0] wr_addr, rd_addr;
    wire [LANES*COEF_W-1:0] word;

    if (BLOCKS != 0) begin : g_blocks
        wire [COLUMN_CW-1:0] column;
        assign wr_addr = {wr_bank_q, wr_column_q};
        assign rd_addr = {rd_bank, column};

        lmu_blocks #(
            .N_IN(N_IN), .GROUPS(GROUPS), .LANES(LANES), .BLOCKS(BLOCKS), .WIDTH(LANES * COEF_W), .ROM_FILE(ROM_FILE)
        ) blocks (
            .clk(clk), .rst(rst),
            .run(run_q), .filled(accept && wr_last_column_q), .full(full), .issue(issue), .bank(rd_bank),
            .column(column), .first(first_column), .last(last_column), .last_group(last_group), .word(word)
        );
    end else begin : g_all
        lmu_columns #(.N_IN(N_IN), .GROUPS(GROUPS), .WIDTH(LANES * COEF_W), .ROM_FILE(ROM_FILE)) columns (
            .clk(clk), .rst(rst),
            .run(run_q), .accept(accept), .full(full),
            .wr_addr(wr_addr),
            .issue(issue), .bank(rd_bank),
            .rd_addr(rd_addr),
            .first(first_column), .last(last_column), .last_group(last_group), .word(word)
        );
    end

    // Control that travels with the data: after the memories (1), their output (2), the input (3), product (4) and sum
    // registers (5); between the last two where the product is cut
    reg first1_q, first2_q, sums_due_q;  // sums_due_q: the sums of a group are complete
    reg [4+MORE:1] valid_q, done_q;
    reg [5+MORE:1] lasts_q;
    wire sums_due_d = run_q ? done_q[4+MORE] : sums_due_q;

    always @(posedge clk) begin
        if (run_q) begin
            valid_q <= {valid_q[3+MORE:1], issue};
            first1_q <= issue && first_column;
            first2_q <= first1_q;
            done_q <= {done_q[3+MORE:1], issue && last_column};
            lasts_q <= {lasts_q[4+MORE:1], last_group && last_q[rd_bank]};
        end
        sums_due_q <= sums_due_d;
        if (rst) {valid_q, done_q, sums_due_q} <= 0;
    end

    // Coefficients, operand and sums
    wire [OP_W-1:0] x;
    wire [LANES*ACC_W-1:0] sums;
    reg [LANES*COEF_W-1:0] coefs_q;
    reg [OP_W-1:0] operand_q;

    // The registers of the memories. A cycle without a column leaves in them what is not added.
    always @(posedge clk) if (run_q) begin
        coefs_q <= word;
        operand_q <= x;
    end

    lmu_ram #(.WIDTH(OP_W), .DEPTH(RAM_DEPTH)) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr(wr_addr), .wr_data(s_axis_tdata),
        .rd_en(issue), .rd_addr(rd_addr), .rd_data(x)
    );

    genvar i;
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        lmu_mac #(.COEF_W(COEF_W), .OP_W(OP_W), .ACC_W(ACC_W)) mac (
            .clk(clk), .en(run_q),
            .add(run_q && valid_q[4+MORE]), .first(first2_q), .coef(coefs_q[i*COEF_W+:COEF_W]), .operand(operand_q),
            .base({ACC_W{1'b0}}), .acc(sums[i*ACC_W+:ACC_W])
        );
    end

    // Sums one after another: the first one from its accumulator, the others from where they wait meanwhile
    reg [LANE_CW-1:0] lane_q;  // next one to go out; 0: all sums taken from the accumulators are out
    reg lane_zero_q, waiting_last_q;
    wire lane_zero = LANES == 1 || lane_zero_q;
    reg [ACC_W-1:0] sum_q;
    reg sum_valid_q, sum_last_q;
    reg kept_valid_q;  // a sum that has its bias waits behind the output, and the one behind it with it
    wire sum_moves = !sum_valid_q || !kept_valid_q;
    wire take = sum_moves && sums_due_q && lane_zero;
    wire load = sum_moves && (sums_due_q || !lane_zero);
    wire [ACC_W-1:0] sum;
    wire last_lane = LANES == 1 || {1'b0, lane_q} == LANES[LANE_CW:0] - 1'b1;
    wire group_last = lane_zero ? lasts_q[5+MORE] : waiting_last_q;

    if (LANES > 1) begin : g_waiting
        // FRONT of them can be chosen; the place of one that goes out is taken by the one FRONT lanes behind it
        localparam FRONT = LANES > 9 ? (LANES + 2) / 4 : LANES - 1, SLOT_CW = $clog2(FRONT + 1);
        reg [FRONT*ACC_W-1:0] front_q;
        wire free = sums_due_q && lane_zero_q;  // what has waited is out: it is overwritten until the sums are taken
        wire [(FRONT+1)*ACC_W-1:0] slots = {front_q, sums[ACC_W-1:0]};
        wire [SLOT_CW-1:0] slot;  // of the next one to go out
        assign sum = slots[slot*ACC_W+:ACC_W];

        if (FRONT == LANES - 1) begin : g_front
            assign slot = lane_q;
            always @(posedge clk) if (free) front_q <= sums[LANES*ACC_W-1:ACC_W];
        end else begin : g_behind
            reg [(LANES-1-FRONT)*ACC_W-1:0] behind_q;
            reg [SLOT_CW-1:0] slot_q;
            reg [1:0] turn_q;  // what comes to the front: 0 from the accumulators, then FRONT more each time
            wire last_slot = slot_q == FRONT[SLOT_CW-1:0];
            assign slot = slot_q;

            always @(posedge clk) begin
                if (free) behind_q <= sums[LANES*ACC_W-1:(1+FRONT)*ACC_W];
                if (load) begin
                    slot_q <= last_lane ? {SLOT_CW{1'b0}} : last_slot ? {{(SLOT_CW - 1) {1'b0}}, 1'b1} : slot_q + 1'b1;
                    turn_q <= last_lane ? 2'd0 : turn_q + {1'b0, lane_zero_q || last_slot};
                end
                if (rst) {slot_q, turn_q} <= 0;
            end

            for (i = 0; i < FRONT; i = i + 1) begin : g_slot
                // Behind the last lane there is nothing, and anything will do
                localparam SLOT = i + 1, SECOND = i, THIRD = i + FRONT < LANES - 1 - FRONT ? i + FRONT : i;
                localparam FOURTH = i + 2 * FRONT < LANES - 1 - FRONT ? i + 2 * FRONT : i;
                wire [4*ACC_W-1:0] next = {
                    behind_q[FOURTH*ACC_W+:ACC_W], behind_q[THIRD*ACC_W+:ACC_W], behind_q[SECOND*ACC_W+:ACC_W],
                    sums[(1+i)*ACC_W+:ACC_W]
                };

                always @(posedge clk) begin
                    if (free || (sum_moves && slot_q == SLOT[SLOT_CW-1:0])) front_q[i*ACC_W+:ACC_W] <= next[turn_q*ACC_W+:ACC_W];
                end
            end
        end
    end else begin : g_direct
        assign sum = sums;
    end

    // Bias of the sum
    wire [ACC_W-1:0] bias;

    if (HAS_BIAS != 0) begin : g_bias
        localparam BIAS_DEPTH = N_OUT > 1 ? N_OUT : 2, BIAS_AW = $clog2(BIAS_DEPTH);
        reg [BIAS_AW-1:0] bias_addr_q;
        wire last_bias = {1'b0, bias_addr_q} == N_OUT[BIAS_AW:0] - 1'b1;
        wire [BIAS_W-1:0] stored;

        always @(posedge clk) begin
            if (load) bias_addr_q <= last_bias ? {BIAS_AW{1'b0}} : bias_addr_q + 1'b1;
            if (rst) bias_addr_q <= {BIAS_AW{1'b0}};
        end

        lmu_rom #(.WIDTH(BIAS_W), .DEPTH(BIAS_DEPTH), .FILE(BIAS_FILE)) bias_rom (
            .clk(clk), .rd_en(load), .rd_addr(bias_addr_q), .rd_data(stored)
        );
        lmu_align #(.IN_W(BIAS_W), .SHIFT(BIAS_SHIFT), .OUT_W(ACC_W)) align (.in_data(stored), .out_data(bias));
    end else begin : g_no_bias
        assign bias = {ACC_W{1'b0}};
    end

    // Output: the register, and one for the sum that comes when the sink has just stopped
    reg [ACC_W-1:0] kept_q;
    reg kept_last_q;
    wire move = !m_axis_tvalid || m_axis_tready;
    wire [ACC_W-1:0] total = sum_q + bias;
    wire kept_valid_d = !move && (kept_valid_q || sum_valid_q);
    wire sum_valid_d = sum_moves ? load : sum_valid_q;
    wire lane_zero_d = load ? last_lane : lane_zero;
    // The pipeline moves also if the sink does not; what the sink says comes last
    wire runs_d = !sums_due_d || (lane_zero_d && (!sum_valid_d || !(kept_valid_q || sum_valid_q)));

    always @(posedge clk) begin
        if (sum_moves) begin
            sum_q <= sum;
            sum_last_q <= last_lane && group_last;
        end
        if (take) waiting_last_q <= lasts_q[5+MORE];
        if (load) lane_q <= last_lane ? {LANE_CW{1'b0}} : lane_q + 1'b1;
        if (!kept_valid_q) {kept_last_q, kept_q} <= {sum_last_q, total};
        if (move) begin
            m_axis_tvalid <= kept_valid_q || sum_valid_q;
            {m_axis_tlast, m_axis_tdata} <= kept_valid_q ? {kept_last_q, kept_q} : {sum_last_q, total};
        end
        sum_valid_q <= sum_valid_d;
        kept_valid_q <= kept_valid_d;
        lane_zero_q <= lane_zero_d;
        run_q <= runs_d || (lane_zero_d && move);
        if (rst) begin
            {m_axis_tvalid, sum_valid_q, kept_valid_q, lane_q} <= 0;
            {lane_zero_q, run_q} <= 2'b11;
        end
    end

`ifdef FORMAL
    always @* if (!rst) begin
        flag_of_lane : assert (lane_zero_q == (lane_q == 0));
        runs_unless_sums_wait : assert (run_q == (!sums_due_q || take));
        wr_column_in_range : assert (wr_column_q < N_IN && wr_last_column_q == (wr_column_q == N_IN - 1));
        lane_in_range : assert (lane_q < LANES);
        wr_address : assert (wr_addr == wr_bank_q * (RAM_DEPTH / 2) + wr_column_q);
    end

    // Each step gives N_OUT beats; those that go to the output come from the lane whose turn it is
    localparam F_TURN = N_IN > LANES ? N_IN : LANES;
    localparam F_LATENCY = (BLOCKS != 0 ? BLOCKS : (GROUPS - 1) * F_TURN) + LANES + 7 + MORE;
    localparam F_II = BLOCKS == 0 ? GROUPS * F_TURN : BLOCKS > N_IN ? BLOCKS : N_IN;
    wire f_done, f_due;
    wire [3:0] f_inside;
    reg [$clog2(N_OUT+1)-1:0] f_loaded_q;  // number of the next one to be loaded for output
    always @(posedge clk) f_loaded_q <= rst ? 0 : !load ? f_loaded_q : f_loaded_q == N_OUT - 1 ? 0 : f_loaded_q + 1;

    f_unit #(
        .S_W(OP_W), .M_W(ACC_W), .N_IN(N_IN), .N_OUT(N_OUT), .FLIGHT(12), .BEAT((BLOCKS != 0 ? BLOCKS : N_IN) + 7 + MORE),
        .STEP(F_II + LANES + 7 + MORE), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data(m_axis_tdata), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside), .due(f_due)
    );

    always @* if (!rst) begin
        lane_of_output : assert (f_loaded_q % LANES == lane_q);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast);
        reach_stall : cover (!run_q && f_inside > 1);
        reach_full : cover (!s_axis_tready);
        reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
