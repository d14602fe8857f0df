// SPDX-License-Identifier: Apache-2.0
// The LMU's memory with a dense state matrix, all states of all channels at once:
//
//   mem_t = round(A_bar mem_{t-1} + B_bar u_t)      per channel; exact sums, one rounding and one overflow step
//
// The unit for few cycles a step, down to one: a beat is a vector. COLUMNS columns of [B_bar, A_bar] a cycle, so
// MEMORY_D*ORDER*COLUMNS multipliers. The output register is the state.
//
// All values are signed. A_F + MEM_F and B_F + U_F should be close: u or mem is shifted left by their difference, which
// widens the multipliers.
//
//   Signal        Width                 Direction   Description
//   clk           1                     in          rising edge
//   rst           1                     in          synchronous, active high, clears control; the next step starts from
//                                                   mem = 0
//   s_axis_tdata  MEMORY_D*U_W          in          u, channel 0 in the low bits; one beat a step
//   s_axis_tuser  1                     in          reset_state: this step starts from mem = 0
//   s_axis_tlast  1                     in          passed on
//   m_axis_tdata  MEMORY_D*ORDER*MEM_W  out         the states, degrees ascending, one channel after another, degree 0 of
//                                                   channel 0 in the low bits; one beat a step
//   m_axis_tuser  1                     out         one of the states was clipped to fit
//   m_axis_tlast  1                     out
//
//   Cycles (exact, without gaps and back-pressure); TURNS = ceil((ORDER + 1)/COLUMNS)
//   latency = TURNS + PIPELINE    from a step's u to its states
//   ii      = TURNS + PIPELINE
//
// The unit stops while a step's states are not taken.
//
// ROM_FILE has max(TURNS, 2) words of ORDER rows, a row a line: COLUMNS coefficients, each max(A_W, B_W) bits, the lowest
// column in the low bits; word t has the columns t*COLUMNS.. of [B_bar, A_bar], zeros beyond the last one.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_parallel #(
    // Legendre degrees of a channel, 1 or more
    parameter integer ORDER = 8,
    // Channels, 1 or more
    parameter integer MEMORY_D = 1,
    // Columns worked on at once, 1 to ORDER + 1
    parameter integer COLUMNS = 3,
    // Registers on the way from state to state: 0, 1 behind the multipliers, 2 before the rounding, too, 3 before the
    // multipliers, too
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat, of u, mem, A_bar and B_bar
    parameter integer U_TYPE = 32'h00_000e_10, MEM_TYPE = 32'h16_000e_10, A_TYPE = 32'h00_0010_12,
    parameter integer B_TYPE = 32'h00_0010_12,
    // Coefficients, read by $readmemh
    parameter ROM_FILE = "lmu_memory_parallel.hex"
) (
    input wire clk, rst,
    input wire [MEMORY_D*(U_TYPE%256)-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [0:0] s_axis_tuser,
    output reg [MEMORY_D*ORDER*(MEM_TYPE%256)-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, U_F = (U_TYPE <<< 8) >>> 16;
    localparam integer MEM_W = MEM_TYPE % 256, MEM_F = (MEM_TYPE <<< 8) >>> 16;
    localparam integer A_W = A_TYPE % 256, A_F = (A_TYPE <<< 8) >>> 16;
    localparam integer B_W = B_TYPE % 256, B_F = (B_TYPE <<< 8) >>> 16;
    localparam TURNS = (ORDER + COLUMNS) / COLUMNS, II = TURNS + PIPELINE, WIDE = TURNS * COLUMNS;

    // Left shifts that bring both kinds of products to the same fraction bits
    localparam ALIGN = (A_F + MEM_F) - (B_F + U_F), U_SHIFT = ALIGN > 0 ? ALIGN : 0;
    localparam MEM_SHIFT = ALIGN < 0 ? -ALIGN : 0, ACC_F = A_F + MEM_F + MEM_SHIFT;
    localparam COEF_W = A_W > B_W ? A_W : B_W;
    localparam OP_W = U_W + U_SHIFT > MEM_W + MEM_SHIFT ? U_W + U_SHIFT : MEM_W + MEM_SHIFT;
    localparam PRODUCT_W = COEF_W + OP_W, ACC_W = PRODUCT_W - 1 + $clog2(ORDER + 2);
    localparam COUNT_W = II > 1 ? $clog2(II) : 1, ROM_DEPTH = TURNS > 1 ? TURNS : 2, ROM_AW = $clog2(ROM_DEPTH);

    if (ORDER < 1 || MEMORY_D < 1) begin : g_check_sizes PARAM_ERROR_order_and_memory_d_must_be_at_least_1 check ();
    end else if (COLUMNS < 1 || COLUMNS > ORDER + 1) begin : g_check_columns
        PARAM_ERROR_columns_must_be_1_to_order_plus_1 check ();
    end else if (PIPELINE < 0 || PIPELINE > 3) begin : g_check_pipeline PARAM_ERROR_pipeline_must_be_0_to_3 check ();
    end else if (U_W < 1 || MEM_W < 1 || A_W < 1 || B_W < 1) begin : g_check_widths
        PARAM_ERROR_widths_must_be_at_least_1 check ();
    end

    // A step: its turns, the first one with the beat of u, and the registers behind the last one
    reg [COUNT_W-1:0] count_q;
    reg fresh_q;  // no step has begun since rst
    reg clear_q, last_q;  // this step starts from mem = 0; it is the last of its sequence
    wire run = !m_axis_tvalid || m_axis_tready;
    wire first = count_q == 0;
    wire step_end = {1'b0, count_q} == II[COUNT_W:0] - 1'b1;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire moves = run && (accept || !first);
    wire write = moves && step_end;
    wire [COUNT_W-1:0] count_d = !moves ? count_q : step_end ? {COUNT_W{1'b0}} : count_q + 1'b1;
    wire clear = first ? s_axis_tuser[0] || fresh_q : clear_q;
    assign s_axis_tready = run && first;

    always @(posedge clk) begin
        count_q <= count_d;
        if (accept) {last_q, clear_q, fresh_q} <= {s_axis_tlast, clear, 1'b0};
        if (write) {m_axis_tlast, m_axis_tvalid} <= {first ? s_axis_tlast : last_q, 1'b1};
        else if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (rst) {count_q, m_axis_tvalid, fresh_q} <= 1;
    end

    // The word of the next turn; after rst, that of the first one
    wire [ORDER*COLUMNS*COEF_W-1:0] coefs;
    wire [ROM_AW-1:0] turn_d;
    localparam [COUNT_W:0] LAST_TURN = TURNS[COUNT_W:0] - 1'b1;

    if (TURNS > 1) begin : g_turns
        wire [COUNT_W-1:0] limited = {1'b0, count_d} > LAST_TURN ? LAST_TURN[COUNT_W-1:0] : count_d;
        wire unused_limited = &{1'b0, limited};
        assign turn_d = rst ? {ROM_AW{1'b0}} : limited[ROM_AW-1:0];
    end else begin : g_turn
        assign turn_d = {ROM_AW{1'b0}};
    end

    lmu_rom #(.WIDTH(COLUMNS * COEF_W), .DEPTH(ROM_DEPTH), .ROWS(ORDER), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(1'b1), .rd_addr(turn_d), .rd_data(coefs)
    );

    // Sums: those of a turn are added to those before it
    wire [MEMORY_D*ORDER*MEM_W-1:0] new_states;
    wire [MEMORY_D*ORDER-1:0] clipped;
    genvar c, i, k;

    always @(posedge clk) if (write) begin
        m_axis_tdata <= new_states;
        m_axis_tuser <= |clipped;
    end

    // Which turn's products are at the adders
    wire sum_first;
    wire unused = &{1'b0, count_d, sum_first};
    if (PIPELINE > 0) begin : g_late
        reg first_q, chosen_first_q;
        wire unused_first = &{1'b0, chosen_first_q};
        assign sum_first = first_q;
        always @(posedge clk) if (moves) begin
            chosen_first_q <= first;
            first_q <= PIPELINE > 2 ? chosen_first_q : first;
        end
    end else begin : g_at_once
        assign sum_first = first;
    end

    for (c = 0; c < MEMORY_D; c = c + 1) begin : g_channel
        // The operands of all turns, and those of this one
        wire [WIDE*OP_W-1:0] operands;
        wire [COLUMNS*OP_W-1:0] chosen;

        for (k = 0; k < WIDE; k = k + 1) begin : g_operand
            if (k == 0) begin : g_u
                lmu_align #(.IN_W(U_W), .SHIFT(U_SHIFT), .OUT_W(OP_W)) align (
                    .in_data(s_axis_tdata[c*U_W+:U_W]), .out_data(operands[OP_W-1:0])
                );
            end else if (k <= ORDER) begin : g_mem
                wire [MEM_W-1:0] state = m_axis_tdata[(c*ORDER+k-1)*MEM_W+:MEM_W];
                lmu_align #(.IN_W(MEM_W), .SHIFT(MEM_SHIFT), .OUT_W(OP_W)) align (
                    .in_data(clear ? {MEM_W{1'b0}} : state), .out_data(operands[k*OP_W+:OP_W])
                );
            end else begin : g_none
                assign operands[k*OP_W+:OP_W] = {OP_W{1'b0}};
            end
        end

        if (TURNS > 1) begin : g_choice
            assign chosen = operands[count_q*COLUMNS*OP_W+:COLUMNS*OP_W];
        end else begin : g_all
            assign chosen = operands;
        end

        for (k = 0; k < (PIPELINE > 2 ? COLUMNS : 0); k = k + 1) begin : g_factor
            reg signed [OP_W-1:0] operand_q;
            always @(posedge clk) if (moves) operand_q <= chosen[k*OP_W+:OP_W];
        end

        for (i = 0; i < ORDER; i = i + 1) begin : g_row
            wire [COLUMNS*PRODUCT_W-1:0] products, arrived;
            wire signed [ACC_W-1:0] sum, total, exact;

            for (k = 0; k < COLUMNS; k = k + 1) begin : g_column
                wire signed [PRODUCT_W-1:0] product;
                assign products[k*PRODUCT_W+:PRODUCT_W] = product;

                if (PIPELINE > 2) begin : g_factors
                    reg signed [COEF_W-1:0] coef_q;
                    assign product = coef_q * g_factor[k].operand_q;
                    always @(posedge clk) if (moves) coef_q <= coefs[(i*COLUMNS+k)*COEF_W+:COEF_W];
                end else begin : g_no_factors
                    wire signed [COEF_W-1:0] coef = coefs[(i*COLUMNS+k)*COEF_W+:COEF_W];
                    wire signed [OP_W-1:0] operand = chosen[k*OP_W+:OP_W];
                    assign product = coef * operand;
                end
            end

            if (PIPELINE > 0) begin : g_products
                reg [COLUMNS*PRODUCT_W-1:0] products_q;
                assign arrived = products_q;
                always @(posedge clk) if (moves) products_q <= products;
            end else begin : g_no_products
                assign arrived = products;
            end

            lmu_adders #(.N(COLUMNS), .LEVELS(0), .IN_W(PRODUCT_W), .OUT_W(ACC_W)) adders (
                .clk(clk), .en(1'b0), .in_data(arrived), .out_data(sum)
            );

            if (TURNS > 1 || PIPELINE > 1) begin : g_sum
                reg signed [ACC_W-1:0] acc_q;
                assign total = sum_first ? sum : acc_q + sum;
                assign exact = PIPELINE > 1 ? acc_q : total;
                always @(posedge clk) if (moves) acc_q <= total;
            end else begin : g_no_sum
                assign total = sum;
                assign exact = total;
            end

            lmu_round_sat #(.IN_W(ACC_W), .IN_F(ACC_F), .OUT_TYPE(MEM_TYPE)) round_sat (
                .in_data(exact), .out_data(new_states[(c*ORDER+i)*MEM_W+:MEM_W]), .clipped(clipped[c*ORDER+i])
            );
        end
    end

`ifdef FORMAL
    wire f_done, f_due;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(MEMORY_D*U_W + 1), .M_W(MEMORY_D*ORDER*MEM_W + 1), .FLIGHT(2), .BEAT(II), .STEP(II), .LATENCY(II), .II(II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready), .calm(m_axis_tready),
        .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside), .due(f_due)
    );

    // The sum of the first row of channel 0, made at once when u comes
    // The coefficients are any, read as the ROM is
    localparam F_WORD_W = ORDER * COLUMNS * COEF_W;
    wire [F_WORD_W*ROM_DEPTH-1:0] f_contents = $anyconst;
    reg [F_WORD_W-1:0] f_word_q;
    always @(posedge clk) f_word_q <= f_contents[turn_d*F_WORD_W+:F_WORD_W];
    always @* assume (coefs == f_word_q);

    reg signed [ACC_W-1:0] f_sum, f_sum_q;
    reg signed [COEF_W-1:0] f_coef;
    reg signed [OP_W-1:0] f_x;
    integer f_k;
    always @* begin
        f_sum = 0;
        for (f_k = 0; f_k < WIDE; f_k = f_k + 1) begin
            f_coef = f_contents[((f_k/COLUMNS*ORDER)*COLUMNS+f_k%COLUMNS)*COEF_W+:COEF_W];
            f_x = g_channel[0].operands[f_k*OP_W+:OP_W];
            f_sum = f_sum + f_coef * f_x;
        end
    end

    always @(posedge clk) if (accept) f_sum_q <= f_sum;

    always @* if (!rst) begin
        count_in_range : assert (count_q < II);
        kept_while_at_work : assert (first || !m_axis_tvalid || !moves || m_axis_tready);
        if (write) exact : assert (g_channel[0].g_row[0].exact == (first ? f_sum : f_sum_q));
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && m_axis_tdata != 0);
        reach_stall : cover (m_axis_tvalid && !run && s_axis_tvalid);
        reach_latency : cover (f_done && f_due);
    end
`endif
endmodule
`default_nettype wire
