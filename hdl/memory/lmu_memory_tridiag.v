// SPDX-License-Identifier: Apache-2.0
// The LMU's memory with a bilinear step in O(order): two sweeps with constant coefficients, MEMORY_D channels of
// ORDER states each:
//
//   forward    f_i    = round(-(mem_i + bet_i u/2) - lam_i f_{i-1})     i = 0 .. ORDER-1, f_{-1} = 0, in SWEEP_*
//   backward   z_i    = round(gam_i f_i + kap_i z_{i+1})                i = ORDER-1 .. 0, kap_{ORDER-1} = 0, in SWEEP_*
//   update     mem_i <= round(mem_i + bet_i u + 2 z_i)                  with the backward sweep, in MEM_*
//
// Each sum is exact and has one rounding and one overflow step: lmu_tridiag_datapath. One degree of one channel a
// cycle, the channels in turn at each degree. A PIPELINE that is deeper than there are channels makes a faster clock of
// more cycles. The states of all channels are kept between steps.
//
// All values are signed. LAM_F and KAP_F should be equal: their difference widens a multiplier.
//
//   Signal        Width   Direction   Description
//   clk, rst      1       in          rising edge; rst is synchronous, active high; the next step starts from mem = 0
//   s_axis_tdata  U_W     in          u, one channel a beat, MEMORY_D beats a step
//   s_axis_tuser  1       in          reset_state, read on a step's first beat: this step starts from mem = 0
//   s_axis_tlast  1       in          last beat of the sequence
//   m_axis_tdata  MEM_W   out         one state a beat, MEMORY_D*ORDER beats a step: degrees descending, at each degree
//                                     the channels ascending
//   m_axis_tuser  1       out         this state was clipped to fit; f and z are not reported
//   m_axis_tlast  1       out         beat of degree 0 of the channel whose u came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 2*ORDER*SLOTS - GAP + TURN + DEPTH + 1   from a step's last input beat to its last output beat
//   ii      = 2*ORDER*SLOTS - GAP + TURN + WAIT + 1    from one step's first input beat to that of the next
//   SLOTS   = max(MEMORY_D, PIPELINE)                  from a degree to the next one of the same channel
//   GAP     = SLOTS - MEMORY_D                         cycles between two degrees in which nothing is read
//   DEPTH   = 7, 7, 9, 10 for PIPELINE = 1, 2, 3, 4    from reading a state to writing it
//   TURN    = 3 if SLOTS = 1, else 0                   f reaches its memory before the backward sweep reads it
//   WAIT    = max(0, DEPTH - MEMORY_D)                 mem reaches its memory before the next step reads it
//
// The whole pipeline stops when a beat is due and the previous one is not taken. m_axis_tready acts on clock enables
// within the cycle, and on no output.
//
// ROM_FILE has max(ORDER, 2) words {kap, gam, bet, -lam}, -lam in the low bits; word i belongs to degree i. The last
// degree has gam in the place of kap, in kap's format, and 0 in that of gam: z_{ORDER-1} = gam f is then made from the
// f that has just come round, which is not in its memory yet.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_tridiag #(
    // Legendre degrees of a channel, 1 or more
    parameter integer ORDER = 8,
    // Channels
    parameter integer MEMORY_D = 1,
    // Cycles of the recurrence, as in lmu_sweep: 1 product and sum, 2 product | sum, 3 product | sum | rounding, 4 the
    // product of 3 in two
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat: of u; of mem; of f and z; of -lam, gam, kap (and the last gam) and bet
    parameter integer U_TYPE = 32'h00_000e_10, MEM_TYPE = 32'h16_000e_10, SWEEP_TYPE = 32'h16_0011_13,
    parameter integer LAM_TYPE = 32'h00_000f_10, GAM_TYPE = 32'h00_000f_10, KAP_TYPE = 32'h00_000f_10,
    parameter integer BET_TYPE = 32'h00_000f_10,
    // Coefficients, read by $readmemh
    parameter ROM_FILE = "lmu_memory_tridiag.hex"
) (
    input wire clk, rst,
    input wire [U_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [0:0] s_axis_tuser,
    output reg [MEM_TYPE%256-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready,
    output reg m_axis_tlast, output reg [0:0] m_axis_tuser
);

    localparam integer U_W = U_TYPE % 256, MEM_W = MEM_TYPE % 256, SWEEP_W = SWEEP_TYPE % 256;
    localparam integer LAM_W = LAM_TYPE % 256, GAM_W = GAM_TYPE % 256;
    localparam integer KAP_W = KAP_TYPE % 256, BET_W = BET_TYPE % 256;

    // Cycles after the read of a state and its coefficients: f or z is there; the new state is written
    localparam SWEEP_STAGE = PIPELINE > 2 ? PIPELINE + 4 : 6;
    localparam MEM_STAGE = SWEEP_STAGE + (PIPELINE > 2 ? 2 : 1);
    localparam SLOTS = MEMORY_D > PIPELINE ? MEMORY_D : PIPELINE, GAP = SLOTS - MEMORY_D, TURN = SLOTS == 1 ? 3 : 0;
    localparam LATE = PIPELINE < 3 ? 1 : 0;  // f is read so many cycles after the state: it is there just in time
    // wait_q from which on the next u is taken: WAIT less than at its start
    localparam FREE = MEM_STAGE > MEMORY_D ? MEMORY_D : MEM_STAGE;

    // A memory has at least two words
    localparam ROM_DEPTH = ORDER > 1 ? ORDER : 2;
    localparam RAM_DEPTH = ORDER * MEMORY_D > 1 ? ORDER * MEMORY_D : 2;
    localparam ROM_W = LAM_W + BET_W + GAM_W + KAP_W, ROW_CW = $clog2(ROM_DEPTH);
    localparam RAM_AW = $clog2(RAM_DEPTH), CHANNEL_CW = MEMORY_D > 1 ? $clog2(MEMORY_D) : 1;

    if (ORDER < 1 || MEMORY_D < 1) begin : g_check_sizes PARAM_ERROR_order_and_memory_d_must_be_at_least_1 check ();
    end else if (PIPELINE < 1 || PIPELINE > 4) begin : g_check_pipeline PARAM_ERROR_pipeline_must_be_1_to_4 check ();
    end else if (U_W < 1 || MEM_W < 1 || SWEEP_W < 1 || LAM_W < 1 || GAM_W < 1 || KAP_W < 1 || BET_W < 1)
    begin : g_check_widths
        PARAM_ERROR_widths_must_be_at_least_1 check ();
    end

    // Sequencer: one degree (row) of one channel a cycle, rows up in the forward and down in the backward sweep
    reg busy_q;
    reg back_q;  // backward sweep
    reg [1:0] pause_q;  // before the next degree
    reg [ROW_CW-1:0] row_q;
    reg [CHANNEL_CW-1:0] channel_q;
    reg [CHANNEL_CW-1:0] load_q;  // channel of the next u
    reg [3:0] wait_q;  // until the first state of the step is in its memory
    reg fresh_q;  // no step has begun since rst
    reg next_clear_q, clear_q;  // the next step, this step starts from mem = 0
    wire run;
    wire issue = busy_q && pause_q == 0 && (back_q || wait_q == 0);
    wire last_channel = {1'b0, channel_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire last_load = {1'b0, load_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire top = {1'b0, row_q} == ORDER[ROW_CW:0] - 1'b1;
    wire bottom = row_q == 0;
    wire accept = s_axis_tready && s_axis_tvalid;
    wire clear_d = load_q == 0 ? s_axis_tuser[0] || fresh_q : next_clear_q;

    // In a step's last row the channels that are through can take their next u. That the first of them waits keeps the
    // interval the same after an idle time.
    assign s_axis_tready = wait_q <= FREE[3:0] && (!busy_q || (back_q && bottom && load_q != channel_q));

    always @(posedge clk) begin
        if (run) begin
            if (wait_q != 0) wait_q <= wait_q - 1'b1;
            if (pause_q != 0) pause_q <= pause_q - 1'b1;
            if (issue) begin
                channel_q <= last_channel ? {CHANNEL_CW{1'b0}} : channel_q + 1'b1;
                if (last_channel && !back_q) begin
                    if (top) back_q <= 1'b1;
                    else row_q <= row_q + 1'b1;
                end
                if (last_channel) pause_q <= back_q ? (bottom ? 2'd0 : GAP[1:0]) : top ? GAP[1:0] + TURN[1:0] : GAP[1:0];
                if (back_q && bottom && channel_q == 0) wait_q <= MEM_STAGE[3:0];
                if (last_channel && back_q) begin
                    if (bottom) {busy_q, back_q} <= 2'b00;
                    else row_q <= row_q - 1'b1;
                end
            end
        end
        if (accept) begin
            load_q <= last_load ? {CHANNEL_CW{1'b0}} : load_q + 1'b1;
            next_clear_q <= clear_d;
            fresh_q <= 1'b0;
            if (last_load) begin
                busy_q <= 1'b1;
                clear_q <= clear_d;
            end
        end
        if (rst) {busy_q, back_q, pause_q, row_q, channel_q, load_q, wait_q, fresh_q} <= 1;
    end

    // Address row*MEMORY_D + channel, and u with its tlast, which arrives with the memories' outputs
    wire [RAM_AW-1:0] addr;
    wire [U_W-1:0] u1;
    wire last1;

    if (MEMORY_D == 1) begin : g_one
        reg [U_W:0] u_q;
        assign addr = row_q;
        assign {last1, u1} = u_q;

        always @(posedge clk) if (accept) u_q <= {s_axis_tlast, s_axis_tdata};
    end else begin : g_channels
        // From a row's last channel to the same row's first one, and to that of the row below
        localparam integer AGAIN = 1 - MEMORY_D, BELOW = 1 - 2 * MEMORY_D;
        reg [RAM_AW-1:0] addr_q;
        wire turns = back_q ? bottom : top;
        wire [RAM_AW-1:0] jump = turns ? AGAIN[RAM_AW-1:0] : BELOW[RAM_AW-1:0];
        wire jumps = last_channel && (back_q || top);
        assign addr = addr_q;

        always @(posedge clk) begin
            if (run && issue) addr_q <= addr_q + (jumps ? jump : {{(RAM_AW - 1) {1'b0}}, 1'b1});
            if (rst) addr_q <= {RAM_AW{1'b0}};
        end

        lmu_ram #(.WIDTH(U_W + 1), .DEPTH(MEMORY_D)) u_ram (
            .clk(clk),
            .wr_en(accept), .wr_addr(load_q), .wr_data({s_axis_tlast, s_axis_tdata}),
            .rd_en(run), .rd_addr(channel_q), .rd_data({last1, u1})
        );
    end

    // Addresses and marks of what is under way; bit k belongs to cycle k after the read
    reg [MEM_STAGE:1] bottom_q;
    reg clear1_q;
    wire [RAM_AW-1:0] f_read_addr, sweep_addr, new_addr;

    always @(posedge clk) if (run) begin
        bottom_q <= {bottom_q[MEM_STAGE-1:1], bottom};
        clear1_q <= clear_q;
    end

    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(LATE)) delay_f_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(addr), .out_data(f_read_addr)
    );
    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(SWEEP_STAGE - LATE)) delay_sweep_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(f_read_addr), .out_data(sweep_addr)
    );
    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(MEM_STAGE - SWEEP_STAGE)) delay_new_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(sweep_addr), .out_data(new_addr)
    );

    // Memories
    wire [LAM_W-1:0] lam1;
    wire [BET_W-1:0] bet1;
    wire [GAM_W-1:0] gam1;
    wire [KAP_W-1:0] kap1;
    wire [MEM_W-1:0] state1, new_state;
    wire clipped, f_valid, new_valid;
    wire [SWEEP_W-1:0] f1, sweep;
    wire new_en = run && new_valid;

    lmu_rom #(.WIDTH(ROM_W), .DEPTH(ROM_DEPTH), .FILE(ROM_FILE)) rom (
        .clk(clk), .rd_en(run), .rd_addr(row_q), .rd_data({kap1, gam1, bet1, lam1})
    );
    lmu_ram #(.WIDTH(MEM_W), .DEPTH(RAM_DEPTH)) mem_ram (
        .clk(clk),
        .wr_en(new_en), .wr_addr(new_addr), .wr_data(new_state),
        .rd_en(run), .rd_addr(addr), .rd_data(state1)
    );
    lmu_ram #(.WIDTH(SWEEP_W), .DEPTH(RAM_DEPTH)) f_ram (
        .clk(clk),
        .wr_en(run && f_valid), .wr_addr(sweep_addr), .wr_data(sweep),
        .rd_en(run), .rd_addr(f_read_addr), .rd_data(f1)
    );
    lmu_tridiag_datapath #(
        .SLOTS(SLOTS), .PIPELINE(PIPELINE), .U_TYPE(U_TYPE), .MEM_TYPE(MEM_TYPE), .SWEEP_TYPE(SWEEP_TYPE),
        .LAM_TYPE(LAM_TYPE), .GAM_TYPE(GAM_TYPE), .KAP_TYPE(KAP_TYPE), .BET_TYPE(BET_TYPE)
    ) datapath (
        .clk(clk), .rst(rst), .en(run),
        .valid(issue), .back(back_q), .top(top), .clear(clear1_q), .u(u1), .state(state1), .f(f1), .lam(lam1),
        .bet(bet1), .gam(gam1), .kap(kap1), .sweep(sweep), .f_valid(f_valid), .new_state(new_state),
        .new_valid(new_valid), .clipped(clipped)
    );

    // Output
    wire last;

    lmu_delay #(.WIDTH(1), .DEPTH(MEM_STAGE - 1)) delay_last (
        .clk(clk), .rst(1'b0), .en(run), .in_data(last1), .out_data(last)
    );

    assign run = m_axis_tready || !m_axis_tvalid || !new_valid;

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (new_en) begin
            m_axis_tvalid <= 1'b1;
            m_axis_tdata <= new_state;
            m_axis_tlast <= last && bottom_q[MEM_STAGE];
            m_axis_tuser <= clipped;
        end
        if (rst) m_axis_tvalid <= 1'b0;
    end

`ifdef FORMAL
    // Counters in range, and no gap within a sweep: the recurrence counts on the channels taking turns
    always @* if (!rst) begin
        row_in_range : assert (row_q < ORDER);
        channel_in_range : assert (channel_q < MEMORY_D);
        load_in_range : assert (load_q < MEMORY_D);
        wait_in_range : assert (wait_q <= MEM_STAGE);
        address : assert (addr == row_q * MEMORY_D + channel_q);
        pause_in_range : assert (pause_q <= GAP + TURN);
        sweep_without_gaps : assert (issue || channel_q == 0);
    end

    // A step of u gives ORDER * MEMORY_D beats in the order of the header; an arbitrary channel gives ORDER of them for
    // its u, whose tlast comes with degree 0
    wire [CHANNEL_CW-1:0] f_channel = $anyconst;
    wire [$clog2(ORDER*MEMORY_D+1)-1:0] f_out;  // number of the next beat of its step
    wire f_begun, f_done, f_load;
    wire [3:0] f_inside;
    f_steps #(.N_IN(MEMORY_D), .N_OUT(ORDER * MEMORY_D), .FLIGHT(3), .S_W(U_W + 1), .M_W(MEM_W + 2)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready),
        .m_last(m_axis_tlast && f_out == ORDER * MEMORY_D - 1), .m_data({m_axis_tlast, m_axis_tuser, m_axis_tdata}),
        .m_place(f_out), .begun(f_begun), .done(f_done), .steps(f_inside)
    );
    f_steps #(.N_IN(1), .N_OUT(ORDER), .FLIGHT(4), .RULES(0)) f_of_channel (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid && load_q == f_channel), .s_ready(s_axis_tready),
        .s_last(s_axis_tlast), .m_valid(m_axis_tvalid && f_out % MEMORY_D == f_channel), .m_ready(m_axis_tready),
        .m_last(m_axis_tlast), .s_data(1'b0), .m_data(1'b0), .begun(f_load)
    );

    // The formulas of the header
    localparam F_SWEEPS = 2 * ORDER * SLOTS - GAP + TURN, F_WAIT = MEM_STAGE - FREE;
    f_live #(.BEAT(F_SWEEPS + F_WAIT + MEM_STAGE + 1), .STEP(F_SWEEPS + MEM_STAGE)) f_alive (
        .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
    );
    f_pace #(
        .LATENCY(F_SWEEPS + MEM_STAGE + 1), .II(F_SWEEPS + F_WAIT + 1), .EVERY(1)
    ) f_timing (
        .clk(clk), .rst(rst), .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid),
        .begun(f_begun), .done(f_done), .tick(accept && load_q == 0)
    );

    // Whatever the gaps and stalls: each read of mem, f and u finds what it is meant to find, for an arbitrary degree
    // of f_channel. Counts of steps are kept modulo 4.
    wire [ROW_CW-1:0] f_row = $anyconst;
    wire [RAM_AW-1:0] f_addr = f_row * MEMORY_D + f_channel;
    reg [1:0] f_up_q;  // forward reads of this degree
    reg [1:0] f_begins_q;  // forward reads of degree 0
    reg [1:0] f_mem_q, f_f_q;  // writes of mem and of f
    reg [1:0] f_u_q;  // u taken
    wire f_read = run && issue && row_q == f_row && channel_q == f_channel;
    // u is read with the state, or kept in a register until it is used in the next cycle
    reg f_issued_q, f_back_q;
    wire f_use = MEMORY_D == 1 ? run && f_issued_q : f_read;
    always @(posedge clk) begin
        if (run) f_issued_q <= issue;
        if (run) f_back_q <= f_read && back_q && !top;
        if (f_read && !back_q) f_up_q <= f_up_q + 1'b1;
        if (run && issue && !back_q && row_q == 0 && channel_q == f_channel) f_begins_q <= f_begins_q + 1'b1;
        if (new_en && new_addr == f_addr) f_mem_q <= f_mem_q + 1'b1;
        if (run && f_valid && sweep_addr == f_addr) f_f_q <= f_f_q + 1'b1;
        if (f_load) f_u_q <= f_u_q + 1'b1;
        if (rst) {f_issued_q, f_back_q, f_up_q, f_begins_q, f_mem_q, f_f_q, f_u_q} <= 0;
    end

    always @* if (!rst) begin
        if (f_read) mem_of_step_before : assert (f_mem_q == f_up_q - {1'b0, back_q});
        if (LATE != 0 ? run && f_back_q : f_read && back_q && !top) f_of_this_step : assert (f_f_q == f_up_q);
        if (f_use) u_of_this_step : assert (f_u_q == f_begins_q + {1'b0, MEMORY_D > 1 && !back_q && row_q == 0});
        reach_last : cover (f_done && m_axis_tlast);
        reach_stall : cover (!run && f_up_q == 2);
        reach_kept_state : cover (f_read && !back_q && !clear_q && f_up_q == 1 && f_row == ORDER - 1);
    end
`endif
endmodule
`default_nettype wire
