// SPDX-License-Identifier: Apache-2.0
// A matrix times a whole vector plus a constant: all rows at once and COLUMNS columns a cycle.
//
//   out_j = sum over k of W[j][k] * x_k  +  bias_j * 2**BIAS_SHIFT            exact; j = 0..N_OUT-1, k = 0..N_IN-1
//
// The unit for few cycles a step, down to one: a beat is a vector. N_OUT*COLUMNS multipliers and, for each row, a tree
// of adders with a register after every second level. Where a vector takes several turns, the vector is shifted by
// COLUMNS values a cycle and the sums of the turns are added up. Both factors of a product have a register that goes into
// the multiplier; a product with a factor of more than FACTOR bits is the sum of several, as in lmu_product.
//
//   Signal         Width        Direction   Description
//   clk, rst       1            in          rising edge; rst is synchronous, active high, clears control
//   s_axis_tdata   N_IN*OP_W    in          x, signed, x_0 in the low bits; one beat a step
//   s_axis_tlast   1            in          passed on
//   m_axis_tdata   N_OUT*ACC_W  out         out, signed, out_0 in the low bits; one beat a step
//   m_axis_tlast   1            out
//
//   Cycles (exact, without gaps and back-pressure); TURNS = ceil(N_IN/COLUMNS), TREE = floor($clog2(COLUMNS)/2),
//   MORE = 1 if OP_W or COEF_W is more than FACTOR, else 0
//   latency = TURNS + TREE + 3 + MORE    from a vector to its sums
//   ii      = TURNS
//
// All stages stop while the sums of a vector are not taken.
//
// ROM_FILE has max(TURNS, 2) words of N_OUT rows, a row a line: COLUMNS coefficients of COEF_W bits, the lowest column in
// the low bits; word t has the columns t*COLUMNS.. of all rows, zeros beyond the last one. BIAS_FILE has 2 words of N_OUT
// rows of BIAS_W bits; the second word is not used.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_matvec #(
    // Columns and rows of the matrix, 1 or more
    parameter integer N_IN = 16, N_OUT = 8,
    // Columns worked on at once, 1 to N_IN
    parameter integer COLUMNS = 4,
    // Bits of x, and of a coefficient
    parameter integer OP_W = 16, COEF_W = 16,
    // Bits of a factor that one multiplier takes
    parameter integer FACTOR = 18,
    // Bits of the sum, COEF_W + OP_W or more, and enough for every sum and the shifted bias
    parameter integer ACC_W = 40,
    // 1: there is a bias; its bits and its additional fraction bits, 0 or more
    parameter integer HAS_BIAS = 1, BIAS_W = 16, BIAS_SHIFT = 0,
    // Coefficients and biases, read by $readmemh
    parameter ROM_FILE = "lmu_matvec.hex", BIAS_FILE = "lmu_matvec_bias.hex"
) (
    input wire clk, rst,
    input wire [N_IN*OP_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [N_OUT*ACC_W-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast
);

    localparam TURNS = (N_IN + COLUMNS - 1) / COLUMNS, TURN_CW = TURNS > 1 ? $clog2(TURNS) : 1;
    localparam TREE = $clog2(COLUMNS) / 2, WIDE_W = TURNS * COLUMNS * OP_W, PRODUCT_W = COEF_W + OP_W;
    localparam ROM_DEPTH = TURNS > 1 ? TURNS : 2, MORE = OP_W > FACTOR || COEF_W > FACTOR ? 1 : 0;
    localparam DELAY = TREE + 2 + MORE;  // from a turn's operands to its sum

    if (N_IN < 1 || N_OUT < 1) begin : g_check_sizes PARAM_ERROR_n_in_and_n_out_must_be_at_least_1 check ();
    end else if (COLUMNS < 1 || COLUMNS > N_IN) begin : g_check_columns
        PARAM_ERROR_columns_must_be_1_to_n_in check ();
    end else if (OP_W < 1 || COEF_W < 1 || ACC_W < PRODUCT_W) begin : g_check_widths
        PARAM_ERROR_the_sum_must_hold_a_product check ();
    end

    // Turns: a vector is taken with the last turn of the one before
    reg [WIDE_W-1:0] x_q;  // the columns of this turn are in the low bits
    reg busy_q, last_q;
    reg [TURN_CW-1:0] turn_q;
    wire run = !m_axis_tvalid || m_axis_tready;
    wire last_turn = {1'b0, turn_q} == TURNS[TURN_CW:0] - 1'b1;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire [TURN_CW-1:0] turn_d = !busy_q || last_turn ? {TURN_CW{1'b0}} : turn_q + 1'b1;
    wire [WIDE_W-1:0] x;
    assign s_axis_tready = run && (!busy_q || last_turn);

    if (WIDE_W > N_IN * OP_W) begin : g_beyond
        assign x = {{(WIDE_W - N_IN * OP_W) {1'b0}}, s_axis_tdata};
    end else begin : g_whole
        assign x = s_axis_tdata;
    end

    always @(posedge clk) begin
        if (run) begin
            turn_q <= turn_d;
            busy_q <= s_axis_tvalid || (busy_q && !last_turn);
            x_q <= accept ? x : x_q >> (COLUMNS * OP_W);
            if (accept) last_q <= s_axis_tlast;
        end
        if (rst) {busy_q, turn_q} <= 0;
    end

    // Control that travels with a turn: the factors, the products, the tree, and the sums, which are the output
    reg [DELAY:1] first_q, done_q, lasts_q;

    always @(posedge clk) begin
        if (run) begin
            first_q <= first_q << 1 | {{(DELAY - 1) {1'b0}}, turn_q == 0};
            done_q <= done_q << 1 | {{(DELAY - 1) {1'b0}}, busy_q && last_turn};
            lasts_q <= lasts_q << 1 | {{(DELAY - 1) {1'b0}}, last_q};
            m_axis_tvalid <= done_q[DELAY];
            m_axis_tlast <= lasts_q[DELAY];
        end
        if (rst) {done_q, m_axis_tvalid} <= 0;
    end

    // Coefficients and biases
    wire [N_OUT*COLUMNS*COEF_W-1:0] coefs;
    wire [N_OUT*ACC_W-1:0] biases;
    genvar i, k;

    lmu_rom #(.WIDTH(COLUMNS * COEF_W), .DEPTH(ROM_DEPTH), .ROWS(N_OUT), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(run), .rd_addr(turn_d), .rd_data(coefs)
    );

    if (HAS_BIAS != 0) begin : g_bias
        wire [N_OUT*BIAS_W-1:0] stored;

        lmu_rom #(.WIDTH(BIAS_W), .DEPTH(2), .ROWS(N_OUT), .FILE(BIAS_FILE)) bias_rom (
            .clk(clk), .rd_en(1'b1), .rd_addr(1'b0), .rd_data(stored)
        );

        for (i = 0; i < N_OUT; i = i + 1) begin : g_align
            lmu_align #(.IN_W(BIAS_W), .SHIFT(BIAS_SHIFT), .OUT_W(ACC_W)) align (
                .in_data(stored[i*BIAS_W+:BIAS_W]), .out_data(biases[i*ACC_W+:ACC_W])
            );
        end
    end else begin : g_no_bias
        assign biases = {(N_OUT * ACC_W) {1'b0}};
    end

    for (k = 0; k < COLUMNS; k = k + 1) begin : g_operand
        reg signed [OP_W-1:0] operand_q;
        always @(posedge clk) if (run) operand_q <= x_q[k*OP_W+:OP_W];
    end

    for (i = 0; i < N_OUT; i = i + 1) begin : g_row
        wire [COLUMNS*PRODUCT_W-1:0] products;
        wire signed [ACC_W-1:0] sum;
        reg signed [ACC_W-1:0] acc_q;
        assign m_axis_tdata[i*ACC_W+:ACC_W] = acc_q;

        for (k = 0; k < COLUMNS; k = k + 1) begin : g_column
            reg signed [COEF_W-1:0] coef_q;
            always @(posedge clk) if (run) coef_q <= coefs[(i*COLUMNS+k)*COEF_W+:COEF_W];

            if (MORE != 0) begin : g_pieces
                lmu_product #(.A_W(COEF_W), .B_W(OP_W), .STAGES(2), .PIECE(FACTOR)) pieces (
                    .clk(clk), .en(run),
                    .a(coef_q), .b(g_operand[k].operand_q), .product(products[k*PRODUCT_W+:PRODUCT_W])
                );
            end else begin : g_whole
                reg signed [PRODUCT_W-1:0] product_q;
                assign products[k*PRODUCT_W+:PRODUCT_W] = product_q;
                always @(posedge clk) if (run) product_q <= coef_q * g_operand[k].operand_q;
            end
        end

        lmu_adders #(.N(COLUMNS), .LEVELS(2), .IN_W(PRODUCT_W), .OUT_W(ACC_W)) adders (
            .clk(clk), .en(run), .in_data(products), .out_data(sum)
        );

        always @(posedge clk) if (run) acc_q <= (first_q[DELAY] ? $signed(biases[i*ACC_W+:ACC_W]) : acc_q) + sum;
    end

`ifdef FORMAL
    wire f_done, f_due;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(N_IN*OP_W), .M_W(N_OUT*ACC_W), .FLIGHT(DELAY + 2), .BEAT(TURNS + DELAY + 1), .STEP(TURNS),
        .LATENCY(TURNS + DELAY + 1), .II(TURNS)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data(m_axis_tdata), .starved(1'b0), .open(s_axis_tready), .calm(m_axis_tready),
        .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside), .due(f_due)
    );

    // The sum of an arbitrary row, made at once when a vector comes, travels along
    localparam F_STAGES = TURNS + DELAY + 1;
    reg [F_STAGES*ACC_W-1:0] f_sums_q;
    reg [F_STAGES-1:0] f_there_q;
    reg signed [ACC_W-1:0] f_sum;
    reg signed [COEF_W-1:0] f_coef;
    reg signed [OP_W-1:0] f_x;
    // The coefficients are any, read as the ROM is
    localparam F_WORD_W = N_OUT * COLUMNS * COEF_W;
    wire [F_WORD_W*ROM_DEPTH-1:0] f_contents = $anyconst;
    reg [F_WORD_W-1:0] f_word_q;
    integer f_k;
    always @(posedge clk) if (run) f_word_q <= f_contents[turn_d*F_WORD_W+:F_WORD_W];
    always @* assume (coefs == f_word_q);

    always @* begin
        f_sum = biases[ACC_W-1:0];
        for (f_k = 0; f_k < TURNS * COLUMNS; f_k = f_k + 1) begin
            f_coef = f_contents[((f_k/COLUMNS*N_OUT)*COLUMNS+f_k%COLUMNS)*COEF_W+:COEF_W];
            f_x = x[f_k*OP_W+:OP_W];
            f_sum = f_sum + f_coef * f_x;
        end
    end

    always @(posedge clk) begin
        if (run) begin
            f_sums_q <= {f_sums_q, f_sum};
            f_there_q <= {f_there_q, accept};
        end
        if (rst) f_there_q <= 0;
    end

    always @* if (!rst) begin
        turn_in_range : assert (turn_q < TURNS && (busy_q || turn_q == 0));
        there : assert (m_axis_tvalid == f_there_q[F_STAGES-1]);
        if (m_axis_tvalid) value : assert (m_axis_tdata[ACC_W-1:0] == f_sums_q[F_STAGES*ACC_W-1-:ACC_W]);
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && m_axis_tdata[ACC_W-1:0] != 0);
        reach_stall : cover (!run && f_inside > 1);
        reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
