// What is proven of an LMU's hidden cell: lmu_recurrent with each of the cells that can stand beside it, as the netlist
// writer joins them. Small types and no tables: what is proven is control.

`default_nettype none

module hidden_cell #(
    // 0 lmu_activation, 1 lmu_lstm, 2 lmu_gru
    parameter integer CELL = 0,
    parameter integer N_X = 1,
    parameter integer N_H = 1,
    parameter integer N_MEM = 1,
    parameter integer UNITS = 1,
    parameter integer LANES = 1,
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

    localparam GATES = CELL == 0 ? 1 : 4;
    localparam CYCLES = CELL == 0 ? 2 : CELL == 1 ? 9 : 10;  // from a unit's last sum to its h

    wire [1:0] sum_tdata;
    wire sum_tvalid, sum_tready, sum_tlast, h_tdata, h_tvalid, h_tready, h_tlast, h_tuser;

    lmu_recurrent #(
        .N_X(N_X),
        .N_H(N_H),
        .N_MEM(N_MEM),
        .UNITS(UNITS),
        .GATES(GATES),
        .LANES(LANES),
        .X_W(1),
        .H_W(1),
        .MEM_W(1),
        .X_SHIFT(0),
        .H_SHIFT(0),
        .MEM_SHIFT(0),
        .OP_W(1),
        .COEF_W(1),
        .ACC_W(2),
        .HAS_BIAS(0),
        .BIAS_W(1),
        .BIAS_SHIFT(0),
        .STREAMING(STREAMING)
    ) frame (
        .clk(clk),
        .rst(rst),
        .x_axis_tdata(x_axis_tdata),
        .x_axis_tvalid(x_axis_tvalid),
        .x_axis_tready(x_axis_tready),
        .x_axis_tlast(x_axis_tlast),
        .mem_axis_tdata(mem_axis_tdata),
        .mem_axis_tvalid(mem_axis_tvalid),
        .mem_axis_tready(mem_axis_tready),
        .mem_axis_tlast(mem_axis_tlast),
        .sum_axis_tdata(sum_tdata),
        .sum_axis_tvalid(sum_tvalid),
        .sum_axis_tready(sum_tready),
        .sum_axis_tlast(sum_tlast),
        .h_axis_tdata(h_tdata),
        .h_axis_tvalid(h_tvalid),
        .h_axis_tready(h_tready),
        .h_axis_tlast(h_tlast),
        .h_axis_tuser(h_tuser),
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast),
        .m_axis_tuser(m_axis_tuser)
    );

    generate
        if (CELL == 0) begin : g_activation
            lmu_activation #(
                .IN_W(2), .IN_F(0),
                .FUNCTION(0),
                .PRE_W(1), .PRE_F(0),
                .OUT_W(1), .OUT_F(0)
            ) units (
                .clk(clk),
                .rst(rst),
                .s_axis_tdata(sum_tdata),
                .s_axis_tvalid(sum_tvalid),
                .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata),
                .m_axis_tvalid(h_tvalid),
                .m_axis_tready(h_tready),
                .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end else if (CELL == 1) begin : g_lstm
            lmu_lstm #(
                .UNITS(UNITS),
                .IN_W(2), .IN_F(0),
                .GATE_FUNCTION(0),
                .CAND_FUNCTION(0),
                .SQUASH_FUNCTION(0),
                .PRE_W(1), .PRE_F(0),
                .GATE_W(1), .GATE_F(0),
                .CAND_W(1), .CAND_F(0),
                .CELL_W(1), .CELL_F(0),
                .SQUASH_W(1), .SQUASH_F(0),
                .H_W(1), .H_F(0),
                .STREAMING(STREAMING)
            ) units (
                .clk(clk),
                .rst(rst),
                .s_axis_tdata(sum_tdata),
                .s_axis_tvalid(sum_tvalid),
                .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata),
                .m_axis_tvalid(h_tvalid),
                .m_axis_tready(h_tready),
                .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end else begin : g_gru
            lmu_gru #(
                .UNITS(UNITS),
                .IN_W(2), .IN_F(0),
                .GATE_FUNCTION(0),
                .CAND_FUNCTION(0),
                .PRE_W(1), .PRE_F(0),
                .GATE_W(1), .GATE_F(0),
                .CAND_W(1), .CAND_F(0),
                .INNER_W(1), .INNER_F(0),
                .H_W(1), .H_F(0),
                .STREAMING(STREAMING)
            ) units (
                .clk(clk),
                .rst(rst),
                .s_axis_tdata(sum_tdata),
                .s_axis_tvalid(sum_tvalid),
                .s_axis_tready(sum_tready),
                .s_axis_tlast(sum_tlast),
                .m_axis_tdata(h_tdata),
                .m_axis_tvalid(h_tvalid),
                .m_axis_tready(h_tready),
                .m_axis_tlast(h_tlast),
                .m_axis_tuser(h_tuser)
            );
        end
    endgenerate

    // The first cycle is a reset; whatever comes then, a source keeps to the rules of AXI4-Stream
    reg f_past_q = 1'b0;

    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);

    always @(posedge clk) begin
        if (f_past_q && $past(!rst && x_axis_tvalid && !x_axis_tready)) begin
            assume (x_axis_tvalid);
            assume ($stable({x_axis_tdata, x_axis_tlast}));
        end
        if (f_past_q && $past(!rst && mem_axis_tvalid && !mem_axis_tready)) begin
            assume (mem_axis_tvalid);
            assume ($stable({mem_axis_tdata, mem_axis_tlast}));
        end
        if (f_past_q && $past(!rst && m_axis_tvalid && !m_axis_tready)) begin
            valid_holds : assert (m_axis_tvalid);
            payload_holds : assert ($stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}));
        end
    end

    // Nothing lost and nothing invented: each step gives UNITS beats, with the tlast of its last input on the last one
    localparam F_FLIGHT = N_H != 0 ? 2 : 12;  // complete steps inside at once, at most
    reg [F_FLIGHT-1:0] f_lasts_q;  // tlast of each, the oldest one lowest
    reg [3:0] f_steps_q;  // how many
    reg [$clog2(N_MEM+1)-1:0] f_in_q;  // number of the next mem of its step
    reg [$clog2(UNITS+1)-1:0] f_out_q;  // number of the next output of its step
    wire f_accept = mem_axis_tvalid && mem_axis_tready;
    wire f_begun = f_accept && f_in_q == N_MEM - 1;
    wire f_taken = m_axis_tvalid && m_axis_tready;
    wire f_end = f_out_q == UNITS - 1;
    wire f_done = f_taken && f_end;
    wire [3:0] f_left = f_steps_q - f_done;

    always @(posedge clk) begin
        f_steps_q <= f_left + f_begun;
        f_lasts_q <= (f_lasts_q >> f_done & ~({{(F_FLIGHT - 1) {1'b0}}, 1'b1} << f_left))
            | {{(F_FLIGHT - 1) {1'b0}}, f_begun && mem_axis_tlast} << f_left;
        if (f_accept) f_in_q <= f_in_q == N_MEM - 1 ? 0 : f_in_q + 1;
        if (f_taken) f_out_q <= f_end ? 0 : f_out_q + 1;
        if (rst) begin
            f_steps_q <= 0;
            f_lasts_q <= 0;
            f_in_q <= 0;
            f_out_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            flight_bounded : assert (f_steps_q <= F_FLIGHT);
            none_invented : assert (!m_axis_tvalid || f_steps_q != 0);
            last_in_place : assert (!m_axis_tvalid || m_axis_tlast == (f_end && f_lasts_q[0]));
        end
    end

    // Never stuck: cycles in which nobody outside holds it up, without a beat that is owed, or without taking one
    localparam F_N = N_X + N_H + N_MEM;
    localparam F_TURN = F_N > LANES ? F_N : LANES;
    localparam F_ROWS = GATES * UNITS;
    localparam F_LATENCY = (F_ROWS / LANES - 1) * F_TURN + LANES + 5 + CYCLES;
    localparam F_BUSY = F_ROWS / LANES * F_TURN;
    localparam F_LOOP = N_H != 0 ? N_MEM + F_LATENCY + 2 : 0;
    localparam F_II = F_BUSY > F_LOOP ? F_BUSY : F_LOOP;
    localparam F_BEAT = CELL == 0 ? F_BUSY + LANES + 12 : F_LATENCY + 1;
    localparam F_STEP = CELL == 0 ? F_BUSY + 2 * LANES + F_N + 12 : F_LATENCY + F_N + 2;
    reg [$clog2(F_BEAT+2)-1:0] f_dry_q;
    reg [$clog2(F_STEP+2)-1:0] f_closed_q;

    always @(posedge clk) begin
        f_dry_q <= m_axis_tvalid || f_steps_q == 0 ? 0 : f_dry_q + 1;
        if (!m_axis_tvalid || m_axis_tready) f_closed_q <= f_closed_q + 1;
        if (x_axis_tready || mem_axis_tready) f_closed_q <= 0;
        if (rst) begin
            f_dry_q <= 0;
            f_closed_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            never_dry : assert (f_dry_q <= F_BEAT);
            never_closed : assert (f_closed_q <= F_STEP);
        end
    end

    // The formulas of lmu_recurrent: latency of a step that finds nothing inside while the sink has always been ready,
    // ii while the sources have, too
    reg f_ready_q, f_flow_q, f_given_q;
    reg [F_LATENCY-1:0] f_history_q;  // the last beat of a step was taken, newest in bit 0
    reg [$clog2(F_II+2)-1:0] f_interval_q;
    wire f_flow = m_axis_tready && (N_X == 0 || x_axis_tvalid) && mem_axis_tvalid;

    always @(posedge clk) begin
        f_ready_q <= f_ready_q && m_axis_tready;
        f_flow_q <= f_flow_q && f_flow;
        f_history_q <= {f_history_q[F_LATENCY-2:0], f_begun && f_steps_q == 0};
        f_given_q <= f_given_q || f_done;
        f_interval_q <= f_done ? 1 : f_interval_q + f_given_q;
        if (rst) begin
            f_ready_q <= 1'b1;
            f_flow_q <= 1'b1;
            f_history_q <= 0;
            f_given_q <= 1'b0;
            f_interval_q <= 0;
        end
    end

    always @* begin
        if (f_past_q && !rst) begin
            if (f_ready_q && m_axis_tready && f_history_q[F_LATENCY-1]) latency_exact : assert (f_done);
            if (f_flow_q && f_flow && f_given_q) ii_exact : assert (f_done == (f_interval_q == F_II));
        end
    end

    always @(posedge clk) begin
        if (f_past_q && !rst) begin
            reach_last : cover (f_taken && m_axis_tlast && f_begun);
            reach_closed : cover (!(x_axis_tready || mem_axis_tready) && m_axis_tvalid && !m_axis_tready);
        end
    end

endmodule

`default_nettype wire
