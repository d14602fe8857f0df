// SPDX-License-Identifier: Apache-2.0
// The LMU's memory with a dense state matrix and without multipliers, for MEMORY_D channels of ORDER states each:
//
//   mem_t = round(A_bar mem_{t-1} + B_bar u_t)      per channel; exact sums, one rounding and one overflow step
//
// The channels go round in a ring: all states of one enter a pipeline of additions (lmu_shift_add), come out as exact sums,
// are rounded, and wait for its next u. All values are signed.
//
//   Signal        Width         Direction   Description
//   clk           1             in          rising edge
//   rst           1             in          synchronous, active high, clears control; the next step starts from mem = 0
//   s_axis_tdata  U_W           in          u, one channel a beat, MEMORY_D beats a step
//   s_axis_tuser  1             in          reset_state, read on a step's first beat: this step starts from mem = 0
//   s_axis_tlast  1             in          last beat of the sequence
//   m_axis_tdata  ORDER*MEM_W   out         the states of a channel, lowest degree in the low bits; a step has MEMORY_D
//                                           beats, one channel after another
//   m_axis_tuser  ORDER         out         one bit a state: it was clipped to fit
//   m_axis_tlast  1             out         beat of the channel whose u came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = STAGES + 3                          from a step's last input beat to its last output beat
//   ii      = max(MEMORY_D, STAGES + 1 + READ)    from one step's first input beat to that of the next
//   READ    = 1 if MEMORY_D > 1, else 0           the states of several channels wait in a memory
//
// The pipeline never stops: a u is taken only when there is room for its states in the queue at the output, which holds
// max(MEMORY_D, STAGES + 4) beats. No path leads from m_axis_tready to another output within a cycle.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_ring #(
    // Legendre degrees of a channel, 1 or more
    parameter integer ORDER = 1,
    // Channels, 1 or more
    parameter integer MEMORY_D = 1,
    // Registers between the inputs and the sums of GRAPH, 1 or more
    parameter integer STAGES = 1,
    // Types, as in lmu_round_sat, of u and mem
    parameter integer U_TYPE = 32'h00_0001_02, MEM_TYPE = 32'h16_0001_02,
    // Bits of a sum, and fraction bits
    parameter integer ACC_W = 5, ACC_F = 2,
    // Words of GRAPH
    parameter integer NODES = 4,
    // The additions, as in lmu_shift_add: their inputs are u and above it the states, lowest degree first
    parameter [64*NODES-1:0] GRAPH = 256'h03000005_00000002_01020005_00010000_00000002_00000002_00000002_00000000,
    parameter [32*ORDER-1:0] RESULTS = 32'h01_00_0003
) (
    input wire clk, rst,
    input wire [U_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [0:0] s_axis_tuser,
    output wire [ORDER*(MEM_TYPE%256)-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [ORDER-1:0] m_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, MEM_W = MEM_TYPE % 256;
    localparam STATES_W = ORDER * MEM_W, CHANNEL_CW = MEMORY_D > 1 ? $clog2(MEMORY_D) : 1;
    // Cycles from the u of a channel to where its next one may come; those in which no u comes after a step's last one
    localparam LOOP = STAGES + 1 + (MEMORY_D > 1 ? 1 : 0), WAIT = LOOP > MEMORY_D ? LOOP - MEMORY_D : 0;
    localparam WAIT_CW = $clog2(WAIT + 2);
    localparam ROOM = MEMORY_D > STAGES + 4 ? MEMORY_D : STAGES + 4, ROOM_CW = $clog2(ROOM + 1);

    if (ORDER < 1 || MEMORY_D < 1 || STAGES < 1) begin : g_check_sizes
        PARAM_ERROR_order_memory_d_and_stages_must_be_at_least_1 check ();
    end else if (U_W < 1 || MEM_W < 1) begin : g_check_widths PARAM_ERROR_widths_must_be_at_least_1 check (); end

    // A channel a cycle, unless its states are under way or nobody takes them
    reg [CHANNEL_CW-1:0] channel_q, wr_channel_q;
    reg [WAIT_CW-1:0] wait_q;
    reg [ROOM_CW-1:0] room_q;  // beats for which there is room at the output
    reg fresh_q;  // no step has begun since rst
    reg clear_q;  // this step starts from mem = 0
    reg [U_W-1:0] u_q;
    reg [STAGES+1:1] valid_q, lasts_q;  // bit k belongs to the u taken k cycles ago
    wire last_channel = {1'b0, channel_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire last_write = {1'b0, wr_channel_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire accept = s_axis_tready && s_axis_tvalid;
    wire taken = m_axis_tready && m_axis_tvalid;
    wire due = valid_q[STAGES+1];  // the sums of a channel are there
    assign s_axis_tready = wait_q == 0 && room_q != 0;

    always @(posedge clk) begin
        valid_q <= {valid_q[STAGES:1], accept};
        lasts_q <= {lasts_q[STAGES:1], s_axis_tlast};
        if (wait_q != 0) wait_q <= wait_q - 1'b1;
        if (accept && !taken) room_q <= room_q - 1'b1;
        if (taken && !accept) room_q <= room_q + 1'b1;
        if (due) wr_channel_q <= last_write ? {CHANNEL_CW{1'b0}} : wr_channel_q + 1'b1;
        if (accept) begin
            channel_q <= last_channel ? {CHANNEL_CW{1'b0}} : channel_q + 1'b1;
            u_q <= s_axis_tdata;
            fresh_q <= 1'b0;
            if (channel_q == 0) clear_q <= s_axis_tuser[0] || fresh_q;
            if (last_channel) wait_q <= WAIT[WAIT_CW-1:0];
        end
        if (rst) begin
            {channel_q, wr_channel_q, wait_q, fresh_q} <= 1;
            valid_q <= {(STAGES + 1) {1'b0}};
            room_q <= ROOM[ROOM_CW-1:0];
        end
    end

    // The states of all channels, but of those that are under way
    wire [STATES_W-1:0] states, new_states;

    if (MEMORY_D == 1) begin : g_one
        reg [STATES_W-1:0] states_q;
        assign states = states_q;
        always @(posedge clk) if (due) states_q <= new_states;
    end else begin : g_channels
        lmu_ram #(.WIDTH(STATES_W), .DEPTH(MEMORY_D)) ram (
            .clk(clk),
            .wr_en(due), .wr_addr(wr_channel_q), .wr_data(new_states),
            .rd_en(accept), .rd_addr(channel_q), .rd_data(states)
        );
    end

    // The new states
    wire [STATES_W-1:0] old_states = clear_q ? {STATES_W{1'b0}} : states;
    wire [ORDER*ACC_W-1:0] sums;
    wire [ORDER-1:0] clipped;

    lmu_shift_add #(
        .INPUTS_W(U_W + STATES_W), .NODES(NODES), .OUTPUTS(ORDER), .OUT_W(ACC_W), .GRAPH(GRAPH), .RESULTS(RESULTS)
    ) adders (
        .clk(clk), .in_data({old_states, u_q}), .out_data(sums)
    );

    genvar i;
    for (i = 0; i < ORDER; i = i + 1) begin : g_state
        lmu_round_sat #(.IN_W(ACC_W), .IN_F(ACC_F), .OUT_TYPE(MEM_TYPE)) round_sat (
            .in_data(sums[i*ACC_W+:ACC_W]), .out_data(new_states[i*MEM_W+:MEM_W]), .clipped(clipped[i])
        );
    end

    // Output: there is always room
    wire unused_ready;

    lmu_fifo #(.WIDTH(STATES_W + ORDER + 1), .DEPTH(ROOM)) queue (
        .clk(clk), .rst(rst),
        .s_axis_tdata({clipped, lasts_q[STAGES+1], new_states}), .s_axis_tvalid(due), .s_axis_tready(unused_ready),
        .m_axis_tdata({m_axis_tuser, m_axis_tlast, m_axis_tdata}), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready)
    );

`ifdef FORMAL
    always @* if (!rst) begin
        channel_in_range : assert (channel_q < MEMORY_D && wr_channel_q < MEMORY_D);
        wait_in_range : assert (wait_q <= WAIT);
        room_for_all : assert (!due || unused_ready);
    end

    // Each u gives a beat, and the formulas of the header
    wire f_done;
    wire [3:0] f_inside;
    f_steps #(.N_IN(1), .N_OUT(1), .FLIGHT(ROOM), .S_W(U_W + 1), .M_W(STATES_W + ORDER)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .done(f_done), .steps(f_inside)
    );
    f_live #(.BEAT(STAGES + 4), .STEP(LOOP + STAGES + 4)) f_alive (
        .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
    );
    f_pace #(.LATENCY(STAGES + 3), .II(LOOP > MEMORY_D ? LOOP : MEMORY_D), .EVERY(1)) f_timing (
        .clk(clk), .rst(rst), .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid),
        .begun(accept), .done(f_done), .tick(accept && channel_q == 0)
    );

    // Whatever the gaps and stalls: an arbitrary channel reads its states when those of the step before are written,
    // and no others have been. Counts of steps are kept modulo 4.
    wire [CHANNEL_CW-1:0] f_channel = $anyconst;
    reg [1:0] f_reads_q, f_writes_q;
    reg [STATES_W-1:0] f_states_q;  // written last
    reg f_read_q;
    wire f_read = accept && channel_q == f_channel;
    wire f_write = due && wr_channel_q == f_channel;
    always @(posedge clk) begin
        if (f_read) f_reads_q <= f_reads_q + 1'b1;
        if (f_write) f_writes_q <= f_writes_q + 1'b1;
        if (f_write) f_states_q <= new_states;
        f_read_q <= f_read;
        if (rst) {f_reads_q, f_writes_q, f_read_q} <= 0;
    end

    always @* if (!rst) begin
        // One channel reads its register in the cycle after, which may be the first one with these states
        if (f_read) read_after_write : assert (f_writes_q + {1'b0, MEMORY_D == 1 && f_write} == f_reads_q);
        if (f_read_q && !clear_q) states_of_step_before : assert (states == f_states_q);
        reach_last : cover (f_done && m_axis_tlast);
        reach_full : cover (room_q == 0 && f_done);
        reach_kept_state : cover (f_read_q && !clear_q && f_reads_q == 2 && states != 0);
    end
`endif
endmodule
`default_nettype wire
