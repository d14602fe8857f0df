// What is proven of an LMU's hidden cell: lmu_recurrent with each of the cells that can stand beside it, as the netlist
// writer joins them. Small types and no tables: what is proven is control.

`default_nettype none

module hidden_cell #(
    // 0 lmu_activation, 1 lmu_lstm, 2 lmu_gru, 3 lmu_gru_before with its second matrix
    parameter integer CELL = 0,
    parameter integer N_X = 1,
    parameter integer N_H = 1,
    parameter integer N_MEM = 1,
    parameter integer UNITS = 1,
    parameter integer LANES = 1,
    parameter integer LANES2 = 1,
    parameter integer STREAMING = 0
) (
    input wire clk,
    input wire rst,

    input  wire x_axis_tdata,
    input  wire x_axis_tvalid,
    output wire x_axis_tready,
    input  wire x_axis_tlast,

    input  wire mem_axis_tdata,
    input  wire mem_axis_tvalid,
    output wire mem_axis_tready,
    input  wire mem_axis_tlast,

    output wire m_axis_tdata,
    output wire m_axis_tvalid,
    input  wire m_axis_tready,
    output wire m_axis_tlast,
    output wire m_axis_tuser
);

    localparam integer ONE_BIT = 32'h16_0000_01;  // a type, see lmu_round_sat
    localparam GATES = CELL == 0 ? 1 : CELL == 3 ? 2 : 4;

    wire [1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast, h_tdata, h_tvalid, h_tready, h_tlast, h_tuser;
    // x and mem as they reach lmu_recurrent
    wire frame_x_tvalid, frame_x_tready, frame_mem_tvalid, frame_mem_tready;
    // To the second matrix and from it
    wire inner_tvalid, inner_tready, sum2_tvalid, sum2_tready;

    lmu_recurrent #(
        .N_X(N_X), .N_H(N_H), .N_MEM(N_MEM), .UNITS(UNITS), .GATES(GATES), .LANES(LANES), .X_W(1), .H_W(1), .MEM_W(1),
        .X_SHIFT(0), .H_SHIFT(0), .MEM_SHIFT(0), .OP_W(1), .COEF_W(1), .ACC_W(2), .HAS_BIAS(0), .BIAS_W(1),
        .BIAS_SHIFT(0), .STREAMING(STREAMING)
    ) frame (
        .clk(clk), .rst(rst),
        .x_axis_tdata(x_axis_tdata), .x_axis_tvalid(frame_x_tvalid), .x_axis_tready(frame_x_tready),
        .x_axis_tlast(x_axis_tlast),
        .mem_axis_tdata(mem_axis_tdata), .mem_axis_tvalid(frame_mem_tvalid), .mem_axis_tready(frame_mem_tready),
        .mem_axis_tlast(mem_axis_tlast),
        .sum_axis_tdata(sum_tdata), .sum_axis_tvalid(sum_tvalid), .sum_axis_tready(sum_tready),
        .sum_axis_tlast(sum_tlast),
        .h_axis_tdata(h_tdata), .h_axis_tvalid(h_tvalid), .h_axis_tready(h_tready), .h_axis_tlast(h_tlast),
        .h_axis_tuser(h_tuser),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

    generate
        if (CELL != 3) begin : g_one_matrix
            assign frame_x_tvalid = x_axis_tvalid;
            assign x_axis_tready = frame_x_tready;
            assign frame_mem_tvalid = mem_axis_tvalid;
            assign mem_axis_tready = frame_mem_tready;
            assign {inner_tvalid, inner_tready, sum2_tvalid, sum2_tready} = 4'd0;
        end
        if (CELL == 0) begin : g_activation
            lmu_activation #(.IN_W(2), .IN_F(0), .FUNCTION(0), .PRE_TYPE(ONE_BIT), .OUT_TYPE(ONE_BIT)) units (
                .clk(clk), .rst(rst),
                .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata), .m_axis_tvalid(h_tvalid), .m_axis_tready(h_tready), .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end else if (CELL == 1) begin : g_lstm
            lmu_lstm #(
                .UNITS(UNITS), .IN_W(2), .IN_F(0), .GATE_FUNCTION(0), .CAND_FUNCTION(0), .SQUASH_FUNCTION(0),
                .PRE_TYPE(ONE_BIT), .GATE_TYPE(ONE_BIT), .CAND_TYPE(ONE_BIT), .CELL_TYPE(ONE_BIT),
                .SQUASH_TYPE(ONE_BIT), .H_TYPE(ONE_BIT), .STREAMING(STREAMING)
            ) units (
                .clk(clk), .rst(rst),
                .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata), .m_axis_tvalid(h_tvalid), .m_axis_tready(h_tready), .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end else if (CELL == 2) begin : g_gru
            lmu_gru #(
                .UNITS(UNITS), .IN_W(2), .IN_F(0), .GATE_FUNCTION(0), .CAND_FUNCTION(0), .PRE_TYPE(ONE_BIT),
                .GATE_TYPE(ONE_BIT), .CAND_TYPE(ONE_BIT), .INNER_TYPE(ONE_BIT), .H_TYPE(ONE_BIT),
                .STREAMING(STREAMING)
            ) units (
                .clk(clk), .rst(rst),
                .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata), .m_axis_tvalid(h_tvalid), .m_axis_tready(h_tready), .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end else begin : g_gru_before
            wire both_x_tdata, both_x_tlast, x2_tvalid, x2_tready;
            wire both_mem_tdata, both_mem_tlast, mem2_tvalid, mem2_tready;
            wire inner_tdata, inner_tlast;
            wire operand_tdata, operand_tvalid, operand_tready, operand_tlast;
            wire [1:0] sum2_tdata;
            wire sum2_tlast;

            lmu_fork #(.WIDTH(2), .OUTPUTS(2)) fork_x (
                .clk(clk), .rst(rst),
                .s_axis_tdata({x_axis_tlast, x_axis_tdata}), .s_axis_tvalid(x_axis_tvalid),
                .s_axis_tready(x_axis_tready),
                .m_axis_tdata({both_x_tlast, both_x_tdata}), .m_axis_tvalid({x2_tvalid, frame_x_tvalid}),
                .m_axis_tready({x2_tready, frame_x_tready})
            );
            lmu_fork #(.WIDTH(2), .OUTPUTS(2)) fork_mem (
                .clk(clk), .rst(rst),
                .s_axis_tdata({mem_axis_tlast, mem_axis_tdata}), .s_axis_tvalid(mem_axis_tvalid),
                .s_axis_tready(mem_axis_tready),
                .m_axis_tdata({both_mem_tlast, both_mem_tdata}), .m_axis_tvalid({mem2_tvalid, frame_mem_tvalid}),
                .m_axis_tready({mem2_tready, frame_mem_tready})
            );
            lmu_concat #(
                .N_A(N_X), .N_B(N_MEM), .N_C(UNITS), .A_W(1), .B_W(1), .C_W(1), .A_SHIFT(0), .B_SHIFT(0), .C_SHIFT(0),
                .A_FEEDBACK(0), .B_FEEDBACK(0), .C_FEEDBACK(0), .OUT_W(1), .STREAMING(STREAMING)
            ) concat (
                .clk(clk), .rst(rst),
                .a_axis_tdata(both_x_tdata), .a_axis_tvalid(x2_tvalid), .a_axis_tready(x2_tready),
                .a_axis_tlast(both_x_tlast),
                .b_axis_tdata(both_mem_tdata), .b_axis_tvalid(mem2_tvalid), .b_axis_tready(mem2_tready),
                .b_axis_tlast(both_mem_tlast),
                .c_axis_tdata(inner_tdata), .c_axis_tvalid(inner_tvalid), .c_axis_tready(inner_tready),
                .c_axis_tlast(inner_tlast),
                .m_axis_tdata(operand_tdata), .m_axis_tvalid(operand_tvalid), .m_axis_tready(operand_tready),
                .m_axis_tlast(operand_tlast)
            );
            lmu_affine #(
                .N_IN(N_X + N_MEM + UNITS), .N_OUT(UNITS), .LANES(LANES2), .OP_W(1), .COEF_W(1), .ACC_W(2),
                .HAS_BIAS(0), .BIAS_W(1), .BIAS_SHIFT(0)
            ) affine (
                .clk(clk), .rst(rst),
                .s_axis_tdata(operand_tdata), .s_axis_tvalid(operand_tvalid), .s_axis_tready(operand_tready),
                .s_axis_tlast(operand_tlast),
                .m_axis_tdata(sum2_tdata), .m_axis_tvalid(sum2_tvalid), .m_axis_tready(sum2_tready),
                .m_axis_tlast(sum2_tlast)
            );
            lmu_gru_before #(
                .UNITS(UNITS), .IN_W(2), .IN_F(0), .IN_W2(2), .IN_F2(0), .GATE_FUNCTION(0), .CAND_FUNCTION(0),
                .PRE_TYPE(ONE_BIT), .GATE_TYPE(ONE_BIT), .CAND_TYPE(ONE_BIT), .INNER_TYPE(ONE_BIT), .H_TYPE(ONE_BIT),
                .STREAMING(STREAMING)
            ) units (
                .clk(clk), .rst(rst),
                .s_axis_tdata(sum_tdata), .s_axis_tvalid(sum_tvalid), .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .inner_axis_tdata(inner_tdata), .inner_axis_tvalid(inner_tvalid), .inner_axis_tready(inner_tready),
                .inner_axis_tlast(inner_tlast),
                .sum_axis_tdata(sum2_tdata), .sum_axis_tvalid(sum2_tvalid), .sum_axis_tready(sum2_tready),
                .sum_axis_tlast(sum2_tlast),
                .m_axis_tdata(h_tdata), .m_axis_tvalid(h_tvalid), .m_axis_tready(h_tready), .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end
    endgenerate

    f_axis #(.IN(1), .WIDTH(2)) f_x_axis (clk, rst, x_axis_tvalid, x_axis_tready, {x_axis_tdata, x_axis_tlast});

    // The formulas of lmu_recurrent
    wire f_begun;
    localparam F_N = N_X + N_H + N_MEM;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_ROWS = GATES * UNITS;
    localparam F_TURN2 = F_N > LANES2 ? F_N : LANES2;
    localparam F_LATENCY2 = (UNITS / LANES2 - 1) * F_TURN2 + LANES2 + 13;  // of the second matrix
    // From a unit's last sum to its h; with a second matrix, from the last sum of all to the last h
    localparam F_CELL = CELL == 0 ? 2 : CELL == 1 ? 9 : CELL == 2 ? 10 : 5 + F_LATENCY2;
    localparam F_LATENCY = (F_ROWS / LANES - 1) * F_TURN + LANES + 7 + F_CELL;
    localparam F_BUSY = F_ROWS / LANES * F_TURN;
    localparam F_WAIT = CELL == 3 && N_X + N_H > F_LATENCY2 + 2 ? N_X + N_H - F_LATENCY2 : 2;
    localparam F_LOOP = N_H != 0 ? N_MEM + F_LATENCY + F_WAIT : 0;
    localparam F_II = F_BUSY > F_LOOP ? F_BUSY : F_LOOP;
    localparam F_BEAT = CELL == 0 ? F_BUSY + LANES + 14 : F_LATENCY + 1;
    localparam F_STEP = CELL == 0 ? F_BUSY + 2 * LANES + F_N + 14 : F_LATENCY + F_N + 2;

    // With one unit a single step goes round, through one stage after the other: which it is in, and how long the inputs
    // may have been closed there. Without these steps the prover finds no induction for the second matrix.
    localparam F_SUMS = F_LATENCY - F_CELL, F_SUM2 = F_LATENCY - 6;
    localparam [2:0] F_IDLE = 0, F_IN_SUMS = 1, F_IN_INNER = 2, F_IN_SUM2 = 3, F_IN_H = 4;
    if (UNITS == 1 && N_H != 0) begin : g_round
        reg [2:0] f_at_q;
        reg [1:0] f_sum_q;  // number of the next sum of its step
        reg f_offered_q;  // this h has been offered before
        reg [$clog2(F_STEP+2)-1:0] f_closed_q;  // as in f_live
        wire f_mem = frame_mem_tvalid && frame_mem_tready, f_sum = sum_tvalid && sum_tready;
        wire f_h = h_tvalid && !f_offered_q;
        always @(posedge clk) begin
            if (f_mem) f_at_q <= F_IN_SUMS;
            if (f_sum) f_sum_q <= f_sum_q == GATES - 1 ? 0 : f_sum_q + 1;
            if (f_sum && f_sum_q == GATES - 1) f_at_q <= CELL == 3 ? F_IN_INNER : F_IN_H;
            if (inner_tvalid && inner_tready) f_at_q <= F_IN_SUM2;
            if (sum2_tvalid && sum2_tready) f_at_q <= F_IN_H;
            if (f_h) f_at_q <= F_IDLE;
            f_offered_q <= h_tvalid && !h_tready;
            if (!m_axis_tvalid || m_axis_tready) f_closed_q <= f_closed_q + 1;
            if (x_axis_tready || mem_axis_tready) f_closed_q <= 0;
            if (rst) {f_at_q, f_sum_q, f_offered_q, f_closed_q} <= 0;
        end

        always @* if (!rst) begin
            mem_in_turn : assert (!f_mem || f_at_q == F_IDLE);
            sum_in_turn : assert (!sum_tvalid || f_at_q == F_IN_SUMS);
            inner_in_turn : assert (!inner_tvalid || f_at_q == F_IN_INNER);
            sum2_in_turn : assert (!sum2_tvalid || f_at_q == F_IN_SUM2);
            h_in_turn : assert (!f_h || f_at_q == F_IN_H);
            sums_in_time : assert (f_at_q != F_IN_SUMS || f_closed_q < F_SUMS);
            inner_in_time : assert (f_at_q != F_IN_INNER || f_closed_q < F_SUMS + 5);
            sum2_in_time : assert (f_at_q != F_IN_SUM2 || f_closed_q < F_SUM2);
            h_in_time : assert (f_at_q != F_IN_H || f_closed_q < F_LATENCY);
        end
    end

    f_unit #(
        .S_W(1), .M_W(2), .N_IN(N_MEM), .N_OUT(UNITS), .FLIGHT(N_H != 0 ? 2 : 14),
        .BEAT(F_BEAT), .STEP(F_STEP), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(mem_axis_tvalid), .s_ready(mem_axis_tready), .s_last(mem_axis_tlast),
        .s_data(mem_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(x_axis_tready || mem_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && (N_X == 0 || x_axis_tvalid) && mem_axis_tvalid),
        .s_place(), .begun(f_begun), .done(), .steps(), .due()
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_begun);
        reach_closed : cover (!(x_axis_tready || mem_axis_tready) && m_axis_tvalid && !m_axis_tready);
    end

endmodule

`default_nettype wire
