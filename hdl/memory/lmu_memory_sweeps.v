// SPDX-License-Identifier: Apache-2.0
// The LMU's memory with a bilinear step in O(order), as lmu_memory_tridiag, with both sweeps at the same time: while one
// group of channels is swept forward, the group before it is swept backward.
//
//   forward    f_i    = round(-(mem_i + bet_i u/2) - lam_i f_{i-1})     i = 0 .. ORDER-1, f_{-1} = 0, in SWEEP_*
//   backward   z_i    = round(gam_i f_i + kap_i z_{i+1})                i = ORDER-1 .. 0, kap_{ORDER-1} = 0, in SWEEP_*
//   update     mem_i <= round(mem_i + bet_i u + 2 z_i)                  with the backward sweep, in MEM_*
//
// A sweep takes a degree of a channel a cycle, the channels of its group in turn. Each of the four products of the
// equations has a multiplier. Each sum is exact and has one rounding and one overflow step. All values are signed.
//
//   Signal        Width   Direction   Description
//   clk, rst      1       in          rising edge; rst is synchronous, active high; the next step starts from mem = 0
//   s_axis_tdata  U_W     in          u, one channel a beat, MEMORY_D beats a step
//   s_axis_tuser  1       in          reset_state, read on a step's first beat: this step starts from mem = 0
//   s_axis_tlast  1       in          last beat of the sequence
//   m_axis_tdata  MEM_W   out         one state a beat, MEMORY_D*ORDER beats a step: group after group, in it the degrees
//                                     descending, at each degree the channels ascending
//   m_axis_tuser  1       out         this state was clipped to fit; f and z are not reported
//   m_axis_tlast  1       out         beat of degree 0 of the channel whose u came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = (GROUPS+1)*SWEEP - (GROUPS-1)*TOGETHER + TO_BACK + DEPTH + 1
//                                                        from a step's last input beat to its last output beat
//   ii      = max(GROUPS*SWEEP, 2*SWEEP + TO_BACK + TO_FORWARD - 2)      from step to step, at the output
//   GROUPS     = MEMORY_D/TOGETHER
//   SWEEP      = ORDER*TOGETHER
//   TO_BACK    = max(2, 8 - TOGETHER)             from the end of a group's forward sweep to its backward sweep
//   TO_FORWARD = max(2, DEPTH + 2 - TOGETHER)     from the end of its backward sweep to its next forward sweep
//   DEPTH      = 8, 8, 7, 7 for PIPELINE = 1, 2, 3, 4     from reading f to writing the new state
//
// The whole pipeline stops when a beat is due and the previous one is not taken. m_axis_tready acts on clock enables
// within the cycle, and on no output.
//
// ROM_FILE has ORDER words {kap, gam, bet, -lam}, -lam in the low bits; word i belongs to degree i.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_sweeps #(
    // Legendre degrees of a channel, 2 or more
    parameter integer ORDER = 8,
    // Channels
    parameter integer MEMORY_D = 2,
    // Channels of a group, PIPELINE or more; divides MEMORY_D into 2 groups or more
    parameter integer TOGETHER = 1,
    // Cycles of a recurrence, as in lmu_sweep: 1 product and sum, 2 product | sum, 3 product | sum | rounding, 4 the
    // product of 3 in two
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat: of u; of mem; of f and z; of -lam, gam, kap and bet
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

    localparam integer U_W = U_TYPE % 256, U_F = (U_TYPE <<< 8) >>> 16;
    localparam integer MEM_W = MEM_TYPE % 256, MEM_F = (MEM_TYPE <<< 8) >>> 16;
    localparam integer SWEEP_W = SWEEP_TYPE % 256, SWEEP_F = (SWEEP_TYPE <<< 8) >>> 16;
    localparam integer LAM_W = LAM_TYPE % 256, KAP_W = KAP_TYPE % 256;
    localparam integer GAM_W = GAM_TYPE % 256, GAM_F = (GAM_TYPE <<< 8) >>> 16;
    localparam integer BET_W = BET_TYPE % 256, BET_F = (BET_TYPE <<< 8) >>> 16;
    localparam integer ROUNDING = (SWEEP_TYPE >> 24) % 16;

    // Cycles after the read of a degree: what is added in a sweep is there, in which its coefficient has been for EARLY
    // cycles; f is there, and written; z is there; the new state is
    localparam X_STAGE = 4, EARLY = PIPELINE / 2, F_STAGE = X_STAGE + 2, Z_STAGE = F_STAGE + (PIPELINE < 3 ? 1 : 0);
    localparam DEPTH = Z_STAGE + 1, GROUPS = MEMORY_D / TOGETHER;
    localparam TO_BACK = F_STAGE > TOGETHER ? F_STAGE + 2 - TOGETHER : 2;
    localparam TO_FORWARD = DEPTH > TOGETHER ? DEPTH + 2 - TOGETHER : 2;

    // mem + bet u, with BASE_F fraction bits; with 2 z
    localparam PRODUCT_W = BET_W + U_W, PRODUCT_F = BET_F + U_F, BASE_F = PRODUCT_F > MEM_F ? PRODUCT_F : MEM_F;
    localparam BASE_W = 1 + (PRODUCT_W + BASE_F - PRODUCT_F > MEM_W + BASE_F - MEM_F ? PRODUCT_W + BASE_F - PRODUCT_F
                                                                                     : MEM_W + BASE_F - MEM_F);
    localparam TWICE_F = SWEEP_F - 1, NEW_F = BASE_F > TWICE_F ? BASE_F : TWICE_F;
    localparam NEW_W = 1 + (BASE_W + NEW_F - BASE_F > SWEEP_W + NEW_F - TWICE_F ? BASE_W + NEW_F - BASE_F
                                                                                : SWEEP_W + NEW_F - TWICE_F);

    // What is added in a sweep, each with half an LSB of f and z for rounding to nearest: -(2 mem + bet u), and gam f
    localparam ADDED = SWEEP_W > 1 && (ROUNDING == 2 || ROUNDING == 6) ? 1 : 0;
    localparam UP_F = BASE_F > SWEEP_F ? BASE_F + 1 : SWEEP_F + 1, UP_SHIFT = UP_F - BASE_F - 1;
    localparam UP_W = 1 + (BASE_W + 1 + UP_SHIFT > UP_F - SWEEP_F + 1 ? BASE_W + 1 + UP_SHIFT : UP_F - SWEEP_F + 1);
    localparam GAIN_W = GAM_W + SWEEP_W, GAIN_F = GAM_F + SWEEP_F, DOWN_F = GAM_F > 0 ? GAIN_F : SWEEP_F + 1;
    localparam DOWN_SHIFT = DOWN_F - GAIN_F;
    localparam DOWN_W = 1 + (GAIN_W + DOWN_SHIFT > DOWN_F - SWEEP_F + 1 ? GAIN_W + DOWN_SHIFT : DOWN_F - SWEEP_F + 1);
    // gam f as the products of two parts of f, each for one multiplier
    localparam PIECE = 18, LOW_W = SWEEP_W > PIECE ? SWEEP_W - PIECE : 0;

    localparam ROM_W = LAM_W + BET_W + GAM_W + KAP_W, RAM_DEPTH = ORDER * MEMORY_D, RAM_AW = $clog2(RAM_DEPTH);
    localparam ROW_CW = $clog2(ORDER), CHANNEL_CW = $clog2(MEMORY_D), PLACE_CW = TOGETHER > 1 ? $clog2(TOGETHER) : 1;
    localparam GROUP_CW = $clog2(GROUPS + 1), FREE_CW = $clog2(MEMORY_D + 1);

    if (ORDER < 2) begin : g_check_order PARAM_ERROR_order_must_be_2_or_more check ();
    end else if (TOGETHER < 1 || GROUPS < 2 || GROUPS * TOGETHER != MEMORY_D) begin : g_check_groups
        PARAM_ERROR_together_must_divide_memory_d_into_2_groups_or_more check ();
    end else if (U_W < 1 || MEM_W < 1 || SWEEP_W < 1 || LAM_W < 1 || GAM_W < 1 || KAP_W < 1 || BET_W < 1)
    begin : g_check_widths
        PARAM_ERROR_widths_must_be_at_least_1 check ();
    end

    wire run;

    // u and its marks wait until the group has been swept forward
    reg [CHANNEL_CW-1:0] load_q;  // channel of the next u
    reg [PLACE_CW-1:0] load_place_q;  // its place in the group
    reg [FREE_CW-1:0] free_q;  // channels whose u can come
    reg [GROUP_CW-1:0] loaded_q;  // groups whose u are here
    reg fresh_q;  // no step has begun since rst
    reg next_clear_q;  // the step that is loaded starts from mem = 0
    wire accept = s_axis_tready && s_axis_tvalid;
    wire clear_d = load_q == 0 ? s_axis_tuser[0] || fresh_q : next_clear_q;
    wire last_load = {1'b0, load_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire last_load_place = {1'b0, load_place_q} == TOGETHER[PLACE_CW:0] - 1'b1;
    assign s_axis_tready = free_q != 0;

    // The forward sweep: degrees ascending, so that the address counts up through all groups
    reg up_q;
    reg [ROW_CW-1:0] up_row_q;
    reg [PLACE_CW-1:0] up_place_q;
    reg [CHANNEL_CW-1:0] up_channel_q;
    reg [RAM_AW-1:0] up_addr_q;
    reg [GROUP_CW-1:0] states_q;  // groups whose states are there
    wire up_top = {1'b0, up_row_q} == ORDER[ROW_CW:0] - 1'b1;
    wire up_last_place = {1'b0, up_place_q} == TOGETHER[PLACE_CW:0] - 1'b1;
    wire up_end = up_q && up_last_place && up_top;
    wire up_start = run && (!up_q || up_end) && loaded_q != 0 && states_q != 0;
    wire up_last_addr = {1'b0, up_addr_q} == RAM_DEPTH[RAM_AW:0] - 1'b1;

    // The backward sweep
    reg down_q;
    reg [ROW_CW-1:0] down_row_q;
    reg [PLACE_CW-1:0] down_place_q;
    reg [RAM_AW-1:0] down_addr_q;
    reg [GROUP_CW-1:0] down_group_q;
    reg [GROUP_CW-1:0] swept_q;  // groups whose f are there
    localparam integer TOP = (ORDER - 1) * TOGETHER, ROW_BELOW = 1 - 2 * TOGETHER;
    localparam integer NEXT_GROUP = 2 * ORDER * TOGETHER - 2 * TOGETHER + 1;
    wire bottom = down_row_q == 0;
    wire down_last_place = {1'b0, down_place_q} == TOGETHER[PLACE_CW:0] - 1'b1;
    wire down_end = down_q && down_last_place && bottom;
    wire down_start = run && (!down_q || down_end) && swept_q != 0;
    wire down_last_group = {1'b0, down_group_q} == GROUPS[GROUP_CW:0] - 1'b1;
    wire swept, restored;  // a group, now

    lmu_delay #(.WIDTH(1), .DEPTH(TO_BACK - 2)) delay_swept (
        .clk(clk), .rst(rst), .en(run), .in_data(up_end), .out_data(swept)
    );
    lmu_delay #(.WIDTH(1), .DEPTH(TO_FORWARD - 2)) delay_restored (
        .clk(clk), .rst(rst), .en(run), .in_data(down_end), .out_data(restored)
    );

    wire loaded = accept && last_load_place;
    wire freed = run && up_end;

    always @(posedge clk) begin
        if (accept) begin
            load_q <= last_load ? {CHANNEL_CW{1'b0}} : load_q + 1'b1;
            load_place_q <= last_load_place ? {PLACE_CW{1'b0}} : load_place_q + 1'b1;
            next_clear_q <= clear_d;
            fresh_q <= 1'b0;
        end
        free_q <= free_q - {{(FREE_CW - 1) {1'b0}}, accept} + (freed ? TOGETHER[FREE_CW-1:0] : {FREE_CW{1'b0}});
        loaded_q <= loaded_q + {{(GROUP_CW - 1) {1'b0}}, loaded} - {{(GROUP_CW - 1) {1'b0}}, up_start};
        states_q <= states_q + {{(GROUP_CW - 1) {1'b0}}, run && restored} - {{(GROUP_CW - 1) {1'b0}}, up_start};
        swept_q <= swept_q + {{(GROUP_CW - 1) {1'b0}}, run && swept} - {{(GROUP_CW - 1) {1'b0}}, down_start};
        if (run) begin
            if (!up_q || up_end) up_q <= up_start;
            if (up_q) begin
                up_addr_q <= up_last_addr ? {RAM_AW{1'b0}} : up_addr_q + 1'b1;
                up_place_q <= up_last_place ? {PLACE_CW{1'b0}} : up_place_q + 1'b1;
                if (!up_last_place) up_channel_q <= up_channel_q + 1'b1;
                else if (!up_top) up_channel_q <= up_channel_q - (TOGETHER[CHANNEL_CW-1:0] - 1'b1);
                else up_channel_q <= up_last_addr ? {CHANNEL_CW{1'b0}} : up_channel_q + 1'b1;
                if (up_last_place) up_row_q <= up_top ? {ROW_CW{1'b0}} : up_row_q + 1'b1;
            end
            if (!down_q || down_end) down_q <= down_start;
            if (down_q) begin
                down_place_q <= down_last_place ? {PLACE_CW{1'b0}} : down_place_q + 1'b1;
                if (!down_last_place) down_addr_q <= down_addr_q + 1'b1;
                else if (!bottom) down_addr_q <= down_addr_q + ROW_BELOW[RAM_AW-1:0];
                else down_addr_q <= down_last_group ? TOP[RAM_AW-1:0] : down_addr_q + NEXT_GROUP[RAM_AW-1:0];
                if (down_last_place) down_row_q <= bottom ? ORDER[ROW_CW-1:0] - 1'b1 : down_row_q - 1'b1;
                if (down_end) down_group_q <= down_last_group ? {GROUP_CW{1'b0}} : down_group_q + 1'b1;
            end
        end
        if (rst) begin
            {load_q, load_place_q, loaded_q, up_q, up_row_q, up_place_q, up_channel_q, up_addr_q} <= 0;
            {down_q, down_place_q, down_group_q, swept_q, fresh_q} <= 1;
            free_q <= MEMORY_D[FREE_CW-1:0];
            states_q <= GROUPS[GROUP_CW-1:0];
            down_row_q <= ORDER[ROW_CW-1:0] - 1'b1;
            down_addr_q <= TOP[RAM_AW-1:0];
        end
    end

    // Forward: the registers of what is read (1 and 2, which is that of a block RAM), of the product (3) and of sums (4),
    // then the recurrence
    wire [LAM_W-1:0] lam1, lam;
    wire signed [BET_W-1:0] bet1, bet;
    wire [GAM_W+KAP_W-1:0] unused_up;
    wire signed [U_W-1:0] u1, u;
    wire last1, last_base, clear1, clear;
    wire [MEM_W-1:0] state1, state, new_state;
    wire [RAM_AW-1:0] base_addr, f_addr;
    reg signed [PRODUCT_W-1:0] product_q;
    reg [MEM_W-1:0] old_q;
    reg [BASE_W-1:0] base_q;
    reg [UP_W-1:0] up_x_q;
    reg [F_STAGE:1] up_valid_q;
    wire [BASE_W-1:0] mem_part, u_part;
    wire [BASE_W:0] twice_mem = {mem_part, 1'b0};
    wire [UP_W-1:0] twice_part, drive_part;
    wire [UP_W-1:0] up_half = {{(UP_W - 1) {1'b0}}, ADDED != 0} << (UP_F - SWEEP_F - 1);
    wire signed [SWEEP_W-1:0] f;

    lmu_ram #(.WIDTH(U_W + 2), .DEPTH(MEMORY_D)) u_ram (
        .clk(clk),
        .wr_en(accept), .wr_addr(load_q), .wr_data({clear_d, s_axis_tlast, s_axis_tdata}),
        .rd_en(run && up_q), .rd_addr(up_channel_q), .rd_data({clear1, last1, u1})
    );
    lmu_rom #(.WIDTH(ROM_W), .DEPTH(ORDER), .FILE(ROM_FILE)) up_rom (
        .clk(clk), .rd_en(run), .rd_addr(up_row_q), .rd_data({unused_up, bet1, lam1})
    );
    lmu_delay #(.WIDTH(1 + U_W + BET_W + MEM_W), .DEPTH(1)) delay_read (
        .clk(clk), .rst(1'b0), .en(run), .in_data({clear1, u1, bet1, state1}), .out_data({clear, u, bet, state})
    );
    lmu_align #(.IN_W(MEM_W), .SHIFT(BASE_F - MEM_F), .OUT_W(BASE_W)) align_mem (.in_data(old_q), .out_data(mem_part));
    lmu_align #(.IN_W(PRODUCT_W), .SHIFT(BASE_F - PRODUCT_F), .OUT_W(BASE_W)) align_product (
        .in_data(product_q), .out_data(u_part)
    );
    lmu_align #(.IN_W(BASE_W + 1), .SHIFT(UP_SHIFT), .OUT_W(UP_W)) align_twice_mem (
        .in_data(twice_mem), .out_data(twice_part)
    );
    lmu_align #(.IN_W(BASE_W), .SHIFT(UP_SHIFT), .OUT_W(UP_W)) align_drive (.in_data(u_part), .out_data(drive_part));
    lmu_delay #(.WIDTH(LAM_W), .DEPTH(X_STAGE - EARLY - 1)) delay_lam (
        .clk(clk), .rst(1'b0), .en(run), .in_data(lam1), .out_data(lam)
    );
    lmu_delay #(.WIDTH(1), .DEPTH(X_STAGE - 1)) delay_last (
        .clk(clk), .rst(1'b0), .en(run), .in_data(last1), .out_data(last_base)
    );
    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(X_STAGE)) delay_base_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(up_addr_q), .out_data(base_addr)
    );
    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(F_STAGE - X_STAGE)) delay_f_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(base_addr), .out_data(f_addr)
    );

    always @(posedge clk) begin
        if (run) begin
            product_q <= bet * u;
            old_q <= clear ? {MEM_W{1'b0}} : state;
            base_q <= mem_part + u_part;
            up_x_q <= up_half - twice_part - drive_part;
            up_valid_q <= {up_valid_q[F_STAGE-1:1], up_q};
        end
        if (rst) up_valid_q <= {F_STAGE{1'b0}};
    end

    lmu_sweep #(
        .SLOTS(TOGETHER), .PIPELINE(PIPELINE), .COEF_TYPE(LAM_TYPE), .SWEEP_TYPE(SWEEP_TYPE), .X_W(UP_W), .X_F(UP_F),
        .ADDED(ADDED)
    ) forward (
        .clk(clk), .rst(rst), .en(run), .valid(up_valid_q[X_STAGE]), .coef(lam), .x(up_x_q), .sweep(f)
    );

    // Backward: the registers of what is read (1 and 2), of the products (3) and their sum (4), the recurrence, then the
    // sum
    wire [LAM_W+BET_W-1:0] unused_down;
    wire signed [GAM_W-1:0] gam1, gam;
    wire [KAP_W-1:0] kap1, kap;
    wire signed [SWEEP_W-1:0] f1, f_read, z_rounded, z;
    wire [BASE_W-1:0] base1, base;
    wire last_of1, last, clipped;
    wire signed [SWEEP_W-LOW_W-1:0] f_high = f_read[SWEEP_W-1:LOW_W];
    wire [SWEEP_W:0] f_rest = {1'b0, f_read & ~({SWEEP_W{1'b1}} << LOW_W)};
    wire signed [LOW_W:0] f_low = f_rest[LOW_W:0];
    wire unused_rest = &{1'b0, f_rest};
    reg signed [GAIN_W-LOW_W-1:0] gain_q;
    reg signed [GAM_W+LOW_W:0] gain_low_q;
    reg [DOWN_W-1:0] down_x_q;
    reg [DEPTH:1] down_valid_q, bottom_q;
    reg [NEW_W-1:0] new_sum_q;
    wire [DOWN_W-1:0] gain_part, gain_low_part;
    wire [DOWN_W-1:0] down_half = {{(DOWN_W - 1) {1'b0}}, ADDED != 0} << (DOWN_F - SWEEP_F - 1);
    wire [NEW_W-1:0] base_part, z_part;
    wire [RAM_AW-1:0] new_addr;
    wire new_valid = down_valid_q[DEPTH];
    wire new_en = run && new_valid;

    lmu_rom #(.WIDTH(ROM_W), .DEPTH(ORDER), .FILE(ROM_FILE)) down_rom (
        .clk(clk), .rd_en(run), .rd_addr(down_row_q), .rd_data({kap1, gam1, unused_down})
    );
    lmu_ram #(.WIDTH(SWEEP_W), .DEPTH(RAM_DEPTH)) f_ram (
        .clk(clk),
        .wr_en(run && up_valid_q[F_STAGE]), .wr_addr(f_addr), .wr_data(f),
        .rd_en(run), .rd_addr(down_addr_q), .rd_data(f1)
    );
    lmu_ram #(.WIDTH(BASE_W + 1), .DEPTH(RAM_DEPTH)) base_ram (
        .clk(clk),
        .wr_en(run && up_valid_q[X_STAGE]), .wr_addr(base_addr), .wr_data({last_base, base_q}),
        .rd_en(run), .rd_addr(down_addr_q), .rd_data({last_of1, base1})
    );
    lmu_ram #(.WIDTH(MEM_W), .DEPTH(RAM_DEPTH)) mem_ram (
        .clk(clk),
        .wr_en(new_en), .wr_addr(new_addr), .wr_data(new_state),
        .rd_en(run), .rd_addr(up_addr_q), .rd_data(state1)
    );
    lmu_delay #(.WIDTH(GAM_W + SWEEP_W), .DEPTH(1)) delay_read_f (
        .clk(clk), .rst(1'b0), .en(run), .in_data({gam1, f1}), .out_data({gam, f_read})
    );
    lmu_delay #(.WIDTH(KAP_W), .DEPTH(X_STAGE - EARLY - 1)) delay_kap (
        .clk(clk), .rst(1'b0), .en(run), .in_data(kap1), .out_data(kap)
    );
    lmu_align #(.IN_W(GAIN_W - LOW_W), .SHIFT(DOWN_SHIFT + LOW_W), .OUT_W(DOWN_W)) align_gain (
        .in_data(gain_q), .out_data(gain_part)
    );
    lmu_align #(.IN_W(GAM_W + LOW_W + 1), .SHIFT(DOWN_SHIFT), .OUT_W(DOWN_W)) align_gain_low (
        .in_data(gain_low_q), .out_data(gain_low_part)
    );
    lmu_sweep #(
        .SLOTS(TOGETHER), .PIPELINE(PIPELINE), .COEF_TYPE(KAP_TYPE), .SWEEP_TYPE(SWEEP_TYPE), .X_W(DOWN_W),
        .X_F(DOWN_F), .ADDED(ADDED)
    ) backward (
        .clk(clk), .rst(rst), .en(run), .valid(down_valid_q[X_STAGE]), .coef(kap), .x(down_x_q), .sweep(z_rounded)
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(Z_STAGE - F_STAGE)) delay_z (
        .clk(clk), .rst(1'b0), .en(run), .in_data(z_rounded), .out_data(z)
    );
    lmu_delay #(.WIDTH(BASE_W), .DEPTH(DEPTH - 2)) delay_base (
        .clk(clk), .rst(1'b0), .en(run), .in_data(base1), .out_data(base)
    );
    lmu_delay #(.WIDTH(1), .DEPTH(DEPTH - 1)) delay_last_of (
        .clk(clk), .rst(1'b0), .en(run), .in_data(last_of1), .out_data(last)
    );
    lmu_delay #(.WIDTH(RAM_AW), .DEPTH(DEPTH)) delay_new_addr (
        .clk(clk), .rst(1'b0), .en(run), .in_data(down_addr_q), .out_data(new_addr)
    );
    lmu_align #(.IN_W(BASE_W), .SHIFT(NEW_F - BASE_F), .OUT_W(NEW_W)) align_base (.in_data(base), .out_data(base_part));
    lmu_align #(.IN_W(SWEEP_W), .SHIFT(NEW_F - TWICE_F), .OUT_W(NEW_W)) align_twice (.in_data(z), .out_data(z_part));
    lmu_round_sat #(.IN_W(NEW_W), .IN_F(NEW_F), .OUT_TYPE(MEM_TYPE)) round_mem (
        .in_data(new_sum_q), .out_data(new_state), .clipped(clipped)
    );

    always @(posedge clk) begin
        if (run) begin
            gain_q <= gam * f_high;
            gain_low_q <= LOW_W == 1 ? {{(LOW_W + 1) {gam[GAM_W-1]}}, gam} & {(GAM_W + LOW_W + 1) {f_low[0]}} : gam * f_low;
            down_x_q <= gain_part + gain_low_part + down_half;
            new_sum_q <= base_part + z_part;
            down_valid_q <= {down_valid_q[DEPTH-1:1], down_q};
            bottom_q <= {bottom_q[DEPTH-1:1], bottom};
        end
        if (rst) down_valid_q <= {DEPTH{1'b0}};
    end

    // Output
    assign run = !(m_axis_tvalid && !m_axis_tready && new_valid);

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (new_en) begin
            m_axis_tvalid <= 1'b1;
            m_axis_tdata <= new_state;
            m_axis_tlast <= last && bottom_q[DEPTH];
            m_axis_tuser <= clipped;
        end
        if (rst) m_axis_tvalid <= 1'b0;
    end

`ifdef FORMAL
    // Counters in range, addresses that follow them, and no gap within a sweep: the recurrences count on it
    always @* if (!rst) begin
        up_in_range : assert (up_row_q < ORDER && up_place_q < TOGETHER && up_channel_q < MEMORY_D);
        down_in_range : assert (down_row_q < ORDER && down_place_q < TOGETHER && down_group_q < GROUPS);
        up_address : assert (up_addr_q == (up_channel_q - up_place_q) * ORDER + up_row_q * TOGETHER + up_place_q);
        down_address : assert (down_addr_q == (down_group_q * ORDER + down_row_q) * TOGETHER + down_place_q);
        up_without_gaps : assert (up_q || (up_row_q == 0 && up_place_q == 0));
        down_without_gaps : assert (down_q || (down_row_q == ORDER - 1 && down_place_q == 0));
        groups_in_range : assert (loaded_q <= GROUPS && states_q <= GROUPS && swept_q <= GROUPS && free_q <= MEMORY_D);
    end

    // The u of a group give ORDER * TOGETHER beats; a source puts tlast on a step's last u. The formulas of the header,
    // the latency for a step without gaps that finds nothing inside.
    localparam F_SWEEP = ORDER * TOGETHER, F_OUT = ORDER * MEMORY_D;
    localparam F_LATENCY = (GROUPS + 1) * F_SWEEP - (GROUPS - 1) * TOGETHER + TO_BACK + DEPTH + 1;
    localparam F_ONE = 2 * F_SWEEP + TO_BACK + TO_FORWARD - 2, F_II = GROUPS * F_SWEEP > F_ONE ? GROUPS * F_SWEEP : F_ONE;
    wire [3:0] f_inside;  // groups
    reg [$clog2(F_OUT+1)-1:0] f_out_q;  // number of the next beat of its step
    reg f_even_q;  // the u of this step have come without gaps
    wire f_out = m_axis_tvalid && m_axis_tready;
    wire f_begun = accept && load_q == MEMORY_D - 1;
    wire f_done = f_out && f_out_q == F_OUT - 1;
    f_steps #(.N_IN(TOGETHER), .N_OUT(F_SWEEP), .FLIGHT(GROUPS + 4), .S_W(U_W + 1), .M_W(MEM_W + 1)) f_count (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .steps(f_inside)
    );
    f_live #(.BEAT(F_LATENCY + F_II), .STEP(F_LATENCY + F_II)) f_alive (
        .clk(clk), .rst(rst), .owed(f_inside != 0), .starved(1'b0), .open(s_axis_tready),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
    );
    f_pace #(.LATENCY(F_LATENCY), .II(F_II)) f_timing (
        .clk(clk), .rst(rst), .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid),
        .begun(f_begun && f_inside == GROUPS - 1 && f_out_q == 0 && f_even_q), .done(f_done), .tick(f_done)
    );
    always @(posedge clk) begin
        f_even_q <= f_begun || (load_q == 0 && !accept) || (f_even_q && accept);
        if (f_out) f_out_q <= f_done ? 0 : f_out_q + 1;
        if (rst) {f_out_q, f_even_q} <= 1;
    end
    always @* if (s_axis_tlast) assume (load_q == MEMORY_D - 1);

    // Whatever the gaps and stalls: each read of mem, f, base and u finds what it is meant to find, for an arbitrary
    // degree of an arbitrary channel. Counts of steps are kept modulo 4.
    wire [CHANNEL_CW-1:0] f_channel = $anyconst;
    wire [ROW_CW-1:0] f_row = $anyconst;
    wire [RAM_AW-1:0] f_place = (f_channel / TOGETHER) * F_SWEEP + f_row * TOGETHER + f_channel % TOGETHER;
    reg [1:0] f_up_q, f_down_q;  // reads in the forward and in the backward sweep
    reg [1:0] f_mem_q, f_f_q, f_base_q;  // writes
    reg [1:0] f_u_q;  // u taken
    wire f_up = run && up_q && up_row_q == f_row && up_channel_q == f_channel;
    wire f_down = run && down_q && down_addr_q == f_place;
    always @(posedge clk) begin
        if (f_up) f_up_q <= f_up_q + 1'b1;
        if (f_down) f_down_q <= f_down_q + 1'b1;
        if (new_en && new_addr == f_place) f_mem_q <= f_mem_q + 1'b1;
        if (run && up_valid_q[F_STAGE] && f_addr == f_place) f_f_q <= f_f_q + 1'b1;
        if (run && up_valid_q[X_STAGE] && base_addr == f_place) f_base_q <= f_base_q + 1'b1;
        if (accept && load_q == f_channel) f_u_q <= f_u_q + 1'b1;
        if (rst) {f_up_q, f_down_q, f_mem_q, f_f_q, f_base_q, f_u_q} <= 0;
    end

    always @* if (!rst && f_row < ORDER && f_channel < MEMORY_D) begin
        if (f_up) mem_of_step_before : assert (f_mem_q == f_up_q);
        if (f_up) u_of_this_step : assert (f_u_q == f_up_q + 2'd1);
        if (f_down) f_of_this_step : assert (f_f_q == f_down_q + 2'd1 && f_base_q == f_down_q + 2'd1);
        reach_last : cover (f_done && m_axis_tlast);
        reach_both : cover (f_down && up_q && f_up_q == 2);
        reach_stall : cover (!run && f_down_q == 2);
    end
`endif
endmodule
`default_nettype wire
