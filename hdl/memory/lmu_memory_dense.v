// SPDX-License-Identifier: Apache-2.0
// The LMU's memory with a dense state matrix, for MEMORY_D channels of ORDER states each:
//
//   mem_t = round(A_bar mem_{t-1} + B_bar u_t)      per channel; exact sums, one rounding and one overflow step
//
// LANES rows at a time and one column per cycle: for each channel, for each group of LANES rows, first the column
// B_bar, then the ORDER columns of A_bar. The states of all channels are kept between steps.
//
// All values are signed. A_F + MEM_F and B_F + U_F should be close: u or mem is shifted left by their difference, which
// widens the multipliers.
//
//   Signal        Width         Direction   Description
//   clk           1             in          rising edge
//   rst           1             in          synchronous, active high, clears control; the next step starts from mem = 0
//   s_axis_tdata  U_W           in          u, one channel a beat, MEMORY_D beats a step
//   s_axis_tuser  1             in          reset_state, read on a step's first beat: this step starts from mem = 0
//   s_axis_tlast  1             in          last beat of the sequence
//   m_axis_tdata  LANES*MEM_W   out         LANES states a beat, lowest degree in the low bits; a step has
//                                           MEMORY_D*ORDER/LANES beats: degrees ascending, one channel after another
//   m_axis_tuser  LANES         out         one bit a state: it was clipped to fit
//   m_axis_tlast  1             out         last beat of the channel whose u came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = ORDER*(ORDER+1)/LANES + 5 + MORE       from a step's last input beat to its last output beat
//   ii      = MEMORY_D*ORDER*(ORDER+1)/LANES + WAIT  from one step's first input beat to that of the next
//   WAIT    = max(0, 3 + MORE - (ORDER-LANES) - (MEMORY_D-1)*ORDER*(ORDER+1)/LANES)
//   MORE    stages of a product that lmu_mac cuts: 0 where no factor is wider than 18 bits
//
// WAIT keeps a step from reading the last states of the previous one before they are written. Under back-pressure the
// whole pipeline stops when a beat is due and the previous one has not been taken; no path leads from m_axis_tready
// to another output within a cycle.
//
// ROM_FILE has ORDER/LANES*(ORDER+1) words of LANES coefficients, each max(A_W, B_W) bits, lowest degree in the low
// bits; word g*(ORDER+1) + k belongs to rows g*LANES.. and column k: k = 0 is B_bar, k = j+1 is column j of A_bar.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_dense #(
    // Legendre degrees of a channel, 1 or more
    parameter integer ORDER = 8,
    // Channels, 1 or more
    parameter integer MEMORY_D = 1,
    // Rows worked on at once, one multiplier each; divides ORDER
    parameter integer LANES = 1,
    // Types, as in lmu_round_sat, of u, mem, A_bar and B_bar
    parameter integer U_TYPE = 32'h00_000e_10, MEM_TYPE = 32'h16_000e_10, A_TYPE = 32'h00_0010_12,
    parameter integer B_TYPE = 32'h00_0010_12,
    // Coefficients, read by $readmemh
    parameter ROM_FILE = "lmu_memory_dense.hex"
) (
    input wire clk, rst,
    input wire [U_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [0:0] s_axis_tuser,
    output reg [LANES*(MEM_TYPE%256)-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [LANES-1:0] m_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, U_F = (U_TYPE <<< 8) >>> 16;
    localparam integer MEM_W = MEM_TYPE % 256, MEM_F = (MEM_TYPE <<< 8) >>> 16;
    localparam integer A_W = A_TYPE % 256, A_F = (A_TYPE <<< 8) >>> 16;
    localparam integer B_W = B_TYPE % 256, B_F = (B_TYPE <<< 8) >>> 16;
    localparam GROUPS = LANES > 0 ? ORDER / LANES : 1, COLUMNS = ORDER + 1, CHANNEL_CYCLES = GROUPS * COLUMNS;

    // Left shifts that bring both kinds of products to the same fraction bits
    localparam ALIGN = (A_F + MEM_F) - (B_F + U_F), U_SHIFT = ALIGN > 0 ? ALIGN : 0;
    localparam MEM_SHIFT = ALIGN < 0 ? -ALIGN : 0, ACC_F = A_F + MEM_F + MEM_SHIFT;
    localparam COEF_W = A_W > B_W ? A_W : B_W;
    localparam OP_W = U_W + U_SHIFT > MEM_W + MEM_SHIFT ? U_W + U_SHIFT : MEM_W + MEM_SHIFT;
    localparam ACC_W = COEF_W + OP_W - 1 + $clog2(COLUMNS + 1);
    localparam MORE = $clog2((1 + (COEF_W - 2) / 17) * (1 + (OP_W - 2) / 17));  // as in lmu_mac

    // Cycles from the last column of a word to the first cycle that can read that word, less those that pass anyway
    localparam SLACK = (ORDER - LANES) + (MEMORY_D - 1) * CHANNEL_CYCLES;
    localparam WAIT = SLACK < 3 + MORE ? 3 + MORE - SLACK : 0, WAIT_CW = MORE > 1 ? 3 : 2;
    // Where there is another cycle, a word is written from the register of the output
    localparam LATE = SLACK > 3 + MORE;

    // States live in MEMORY_D + 1 slots of GROUPS words. A channel reads its slot and writes the slot before it, which
    // the previous channel has just read.
    localparam RAM_DEPTH = (MEMORY_D + 1) * GROUPS, LAST_SLOT = MEMORY_D * GROUPS;
    localparam COLUMN_CW = $clog2(COLUMNS), GROUP_CW = GROUPS > 1 ? $clog2(GROUPS) : 1;
    localparam CHANNEL_CW = MEMORY_D > 1 ? $clog2(MEMORY_D) : 1, LANE_CW = LANES > 1 ? $clog2(LANES) : 1;
    localparam ROM_AW = $clog2(CHANNEL_CYCLES), RAM_AW = $clog2(RAM_DEPTH);

    if (ORDER < 1 || MEMORY_D < 1 || LANES < 1) begin : g_check_sizes
        PARAM_ERROR_order_memory_d_and_lanes_must_be_at_least_1 check ();
    end else if (GROUPS * LANES != ORDER) begin : g_check_lanes PARAM_ERROR_lanes_must_divide_order check ();
    end else if (U_W < 1 || MEM_W < 1 || A_W < 1 || B_W < 1) begin : g_check_widths
        PARAM_ERROR_widths_must_be_at_least_1 check ();
    end

    // Sequencer: one column of one group of one channel per cycle
    reg busy_q, last_q;
    reg [COLUMN_CW-1:0] column_q;
    reg [GROUP_CW-1:0] group_q;
    reg [CHANNEL_CW-1:0] channel_q;
    reg [WAIT_CW-1:0] wait_q;
    reg fresh_q;  // no step has begun since rst
    reg clear_q;  // this step starts from mem = 0
    reg [U_W-1:0] u_q;
    reg beat_due_q;  // the sums of a group are complete
    reg run_q;  // no beat is due while the one before waits: known a cycle ahead
    // Of the counters, known a cycle ahead; channel_end_q: last column of the last group, where it is always busy
    reg last_column_q, last_group_q, first_channel_q, last_channel_q, channel_end_q;
    wire first_column = column_q == 0;
    wire to_last_column = {1'b0, column_q} + 1'b1 == COLUMNS[COLUMN_CW:0] - 1'b1;
    wire step_end = channel_end_q && last_channel_q;
    wire first_channel_d = channel_end_q ? last_channel_q : first_channel_q;
    wire [CHANNEL_CW-1:0] next_channel = last_channel_q ? {CHANNEL_CW{1'b0}} : channel_q + 1'b1;
    wire accept = s_axis_tready && s_axis_tvalid;
    assign s_axis_tready = busy_q ? run_q && channel_end_q && (WAIT == 0 || !last_channel_q) : WAIT == 0 || wait_q == 0;

    always @(posedge clk) begin
        if (run_q) begin
            first_channel_q <= first_channel_d;
            if (channel_end_q) begin
                channel_q <= next_channel;
                last_channel_q <= last_channel_q ? MEMORY_D == 1 : {1'b0, channel_q} + 1'b1 == MEMORY_D[CHANNEL_CW:0] - 1'b1;
            end
            if (busy_q) begin
                column_q <= last_column_q ? {COLUMN_CW{1'b0}} : column_q + 1'b1;
                last_column_q <= to_last_column;
                channel_end_q <= to_last_column && last_group_q;
            end
            if (busy_q && last_column_q) begin
                group_q <= last_group_q ? {GROUP_CW{1'b0}} : group_q + 1'b1;
                last_group_q <= last_group_q ? GROUPS == 1 : {1'b0, group_q} + 1'b1 == GROUPS[GROUP_CW:0] - 1'b1;
            end
            if (step_end && WAIT != 0) wait_q <= WAIT[WAIT_CW-1:0] - 1'b1;
            else if (wait_q != 0) wait_q <= wait_q - 1'b1;
            if (channel_end_q) busy_q <= 1'b0;
        end
        if (accept) begin
            busy_q <= 1'b1;
            u_q <= s_axis_tdata;
            last_q <= s_axis_tlast;
            if (first_channel_d) begin
                clear_q <= s_axis_tuser[0] || fresh_q;
                fresh_q <= 1'b0;
            end
        end
        if (rst) begin
            {busy_q, column_q, group_q, channel_q, wait_q, last_column_q, channel_end_q} <= 0;
            {fresh_q, first_channel_q} <= 2'b11;
            last_group_q <= GROUPS == 1;
            last_channel_q <= MEMORY_D == 1;
        end
    end

    // Addresses
    reg [RAM_AW-1:0] slot_q;  // first word of the slot that is read
    reg [RAM_AW-1:0] rd_addr_q, wr_addr_q;
    reg [LANE_CW-1:0] lane_q;
    wire [RAM_AW-1:0] next_slot = slot_q == LAST_SLOT[RAM_AW-1:0] ? {RAM_AW{1'b0}} : slot_q + GROUPS[RAM_AW-1:0];
    wire last_lane = {1'b0, lane_q} == LANES[LANE_CW:0] - 1'b1;
    reg given_q;  // a beat went to the output a cycle ago
    wire give = run_q && beat_due_q;
    wire wr_en = LATE ? given_q : give;

    always @(posedge clk) begin
        if (run_q && busy_q) begin
            if (channel_end_q) slot_q <= next_slot;
            if (last_column_q) begin
                rd_addr_q <= last_group_q ? next_slot : slot_q;
                lane_q <= {LANE_CW{1'b0}};
            end else if (!first_column) begin
                lane_q <= last_lane ? {LANE_CW{1'b0}} : lane_q + 1'b1;
                if (last_lane) rd_addr_q <= rd_addr_q + 1'b1;
            end
        end
        if (wr_en) wr_addr_q <= {1'b0, wr_addr_q} == RAM_DEPTH[RAM_AW:0] - 1'b1 ? {RAM_AW{1'b0}} : wr_addr_q + 1'b1;
        if (rst) begin
            {lane_q, wr_addr_q} <= 0;
            slot_q <= GROUPS[RAM_AW-1:0];
            rd_addr_q <= GROUPS[RAM_AW-1:0];
        end
    end

    wire beat_due_d = run_q ? done_q[3+MORE] : beat_due_q;
    wire valid_d = give || (m_axis_tvalid && !m_axis_tready);

    // Control that travels with the data: after the memories (1), the input (2), product (3) and sum registers; between
    // the last two where the product is cut
    reg [3+MORE:1] done_q;
    reg [4+MORE:1] lasts_q;
    reg first1_q, clear1_q;
    reg [LANE_CW-1:0] lane1_q;

    always @(posedge clk) begin
        if (run_q) begin
            done_q <= {done_q[2+MORE:1], busy_q && last_column_q};
            lasts_q <= {lasts_q[3+MORE:1], last_group_q && last_q};
            first1_q <= first_column;
            clear1_q <= clear_q;
            lane1_q <= lane_q;
        end
        beat_due_q <= beat_due_d;
        run_q <= !(valid_d && beat_due_d);
        if (rst) {done_q, beat_due_q, run_q} <= 1;
    end

    // Coefficients and operand
    wire [LANES*COEF_W-1:0] coefs;
    wire [ROM_AW-1:0] rom_addr;
    wire unused_addr = &{1'b0, rom_addr};
    wire [LANES*MEM_W-1:0] states, new_states;
    wire [LANES-1:0] clipped;
    wire [MEM_W-1:0] state = states[lane1_q*MEM_W+:MEM_W];
    wire signed [OP_W-1:0] u_operand, mem_operand;
    // Gates, no multiplexer: of one with zeros synthesis makes resets, with which a register stays outside a multiplier
    wire signed [OP_W-1:0] operand = u_operand & {OP_W{first1_q}} | mem_operand & {OP_W{!first1_q && !clear1_q}};

    lmu_align #(.IN_W(U_W), .SHIFT(U_SHIFT), .OUT_W(OP_W)) align_u (.in_data(u_q), .out_data(u_operand));
    lmu_align #(.IN_W(MEM_W), .SHIFT(MEM_SHIFT), .OUT_W(OP_W)) align_mem (.in_data(state), .out_data(mem_operand));

    lmu_rom_sequence #(.WIDTH(LANES * COEF_W), .DEPTH(CHANNEL_CYCLES), .FILE(ROM_FILE)) rom (
        .clk(clk), .rst(rst), .next(run_q && busy_q), .restart(channel_end_q), .addr(rom_addr), .word(coefs)
    );
    lmu_ram #(.WIDTH(LANES * MEM_W), .DEPTH(RAM_DEPTH)) ram (
        .clk(clk),
        .wr_en(wr_en), .wr_addr(wr_addr_q), .wr_data(LATE ? m_axis_tdata : new_states),
        .rd_en(run_q), .rd_addr(rd_addr_q), .rd_data(states)
    );

    genvar i;
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
        wire signed [ACC_W-1:0] acc;

        lmu_mac #(.COEF_W(COEF_W), .OP_W(OP_W), .ACC_W(ACC_W)) mac (
            .clk(clk), .en(run_q),
            .add(run_q), .first(first1_q), .coef(coefs[i*COEF_W+:COEF_W]), .operand(operand), .base({ACC_W{1'b0}}),
            .acc(acc)
        );
        lmu_round_sat #(.IN_W(ACC_W), .IN_F(ACC_F), .OUT_TYPE(MEM_TYPE)) round_sat (
            .in_data(acc), .out_data(new_states[i*MEM_W+:MEM_W]), .clipped(clipped[i])
        );
    end

    // Output
    always @(posedge clk) begin
        m_axis_tvalid <= valid_d;
        given_q <= give;
        if (give) begin
            m_axis_tdata <= new_states;
            m_axis_tlast <= lasts_q[4+MORE];
            m_axis_tuser <= clipped;
        end
        if (rst) {m_axis_tvalid, given_q} <= 0;
    end

`ifdef FORMAL
    // Counters in range
    wire [CHANNEL_CW-1:0] f_channel_d = channel_end_q ? next_channel : channel_q;
    always @* if (!rst) begin
        flags_of_counters : assert (last_column_q == (column_q == COLUMNS - 1) && last_group_q == (group_q == GROUPS - 1)
            && last_channel_q == (channel_q == MEMORY_D - 1) && first_channel_q == (channel_q == 0));
        flag_of_end : assert (channel_end_q == (last_column_q && last_group_q) && (busy_q || !last_column_q));
        column_in_range : assert (column_q < COLUMNS);
        group_in_range : assert (group_q < GROUPS);
        channel_in_range : assert (channel_q < MEMORY_D);
        lane_in_range : assert (lane_q < LANES);
        wait_in_range : assert (wait_q <= 2 + MORE && (wait_q == 0 || !busy_q));
        rom_address : assert (rom_addr == group_q * COLUMNS + column_q);
        slot_in_range : assert (slot_q <= LAST_SLOT);
        runs_unless_a_beat_waits : assert (run_q == !(m_axis_tvalid && beat_due_q));
    end

    // Each beat of u gives GROUPS beats
    reg [CHANNEL_CW-1:0] f_channel_q;  // channel of the next one
    wire f_done;
    wire [3:0] f_inside;
    f_steps #(.N_IN(1), .N_OUT(GROUPS), .FLIGHT(6 + MORE), .S_W(U_W + 1), .M_W(LANES*MEM_W + LANES)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .done(f_done), .steps(f_inside)
    );
    f_live #(.BEAT(COLUMNS + 4 + MORE), .STEP(CHANNEL_CYCLES + WAIT + 1)) f_alive (
        .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
    );

    wire [CHANNEL_CW-1:0] f_next_channel = f_channel_q == MEMORY_D - 1 ? 0 : f_channel_q + 1;
    always @(posedge clk) f_channel_q <= rst ? 0 : f_done ? f_next_channel : f_channel_q;

    // The formulas of the header
    f_pace #(.LATENCY(CHANNEL_CYCLES + 5 + MORE), .II(MEMORY_D * CHANNEL_CYCLES + WAIT), .EVERY(1)) f_timing (
        .clk(clk), .rst(rst), .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid),
        .begun(accept && f_channel_d == MEMORY_D - 1), .done(f_done && f_channel_q == MEMORY_D - 1),
        .tick(accept && f_channel_d == 0)
    );

    // Whatever the gaps and stalls: each read of a word of states finds what the step before wrote, for an arbitrary
    // group of an arbitrary channel
    wire [GROUP_CW-1:0] f_any_group = $anyconst;
    wire [CHANNEL_CW-1:0] f_any_channel = $anyconst;
    // Of its even and its odd writes: it has been written, and nothing else to its place. With three groups or more
    // this step writes its word while the one of the step before is still read.
    reg [1:0] f_stored_q;
    reg [RAM_AW-1:0] f_even_q, f_odd_q;
    reg [1:0] f_steps_q, f_writes_q;  // steps of the channel that have begun; writes of its group
    reg [GROUP_CW-1:0] f_wr_group_q;
    reg [CHANNEL_CW-1:0] f_wr_channel_q;
    // Word and lane that hold the state of a column, LANES columns after another
    reg [GROUP_CW-1:0] f_rd_group_q;
    reg [LANE_CW-1:0] f_rd_lane_q;
    wire f_read = busy_q && run_q && !first_column && !clear_q && channel_q == f_any_channel
        && f_rd_group_q == f_any_group;
    wire f_write = f_wr_group_q == f_any_group && f_wr_channel_q == f_any_channel;
    always @(posedge clk) begin
        if (busy_q && run_q && !first_column) begin
            f_rd_lane_q <= f_rd_lane_q == LANES - 1 ? 0 : f_rd_lane_q + 1;
            if (f_rd_lane_q == LANES - 1) f_rd_group_q <= f_rd_group_q == GROUPS - 1 ? 0 : f_rd_group_q + 1;
        end
        if (accept && f_channel_d == f_any_channel) f_steps_q <= f_steps_q + 1'b1;
        if (wr_en) begin
            f_wr_group_q <= f_wr_group_q == GROUPS - 1 ? 0 : f_wr_group_q + 1;
            if (f_wr_group_q == GROUPS - 1) f_wr_channel_q <= f_wr_channel_q == MEMORY_D - 1 ? 0 : f_wr_channel_q + 1;
            if (wr_addr_q == f_even_q) f_stored_q[0] <= 1'b0;
            if (wr_addr_q == f_odd_q) f_stored_q[1] <= 1'b0;
            if (f_write) begin
                f_stored_q[f_writes_q[0]] <= 1'b1;
                if (f_writes_q[0]) f_odd_q <= wr_addr_q;
                else f_even_q <= wr_addr_q;
                f_writes_q <= f_writes_q + 1'b1;
            end
        end
        if (rst) {f_steps_q, f_writes_q, f_wr_group_q, f_wr_channel_q, f_rd_group_q, f_rd_lane_q} <= 0;
        if (rst) f_stored_q <= 0;
    end

    always @* if (!rst && f_read) begin
        read_what_was_written : assert (f_stored_q[f_steps_q[0]] && lane_q == f_rd_lane_q
            && rd_addr_q == (f_steps_q[0] ? f_odd_q : f_even_q));
        read_in_time : assert (f_writes_q + 2'd1 == f_steps_q || f_writes_q == f_steps_q);
    end

    always @(posedge clk) if (!rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_channel_q == MEMORY_D - 1);
        reach_stall : cover (!run_q && f_steps_q == 2);
        reach_kept_state : cover (f_read && m_axis_tvalid && m_axis_tready);
    end
`endif
endmodule
`default_nettype wire
