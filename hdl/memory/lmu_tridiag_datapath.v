// SPDX-License-Identifier: Apache-2.0
// The arithmetic of lmu_memory_tridiag: one degree of one channel a cycle, without a handshake. What is read goes in,
// f, z and the new state come out:
//
//   forward    f   = round(-(state + bet u/2) + lam f')    f' = f of the degree before, of the same channel
//   backward   z   = round(gam f + kap z')                 z' = f or z of the cycle SLOTS before; top: round(kap z')
//              new = round(state + bet u + 2 z)
//
// lam is the negative one. With clear, state counts as 0. The sums are exact, with one rounding and one overflow step.
//
//   Signal       Width     Direction   Description
//   clk, rst     1         in          rising edge; rst is synchronous, active high: the next f' is 0
//   en           1         in          0 freezes all stages
//   valid        1         in          a degree is read now
//   back, top    1         in          it belongs to the backward sweep; it is the last one of its channel
//   u, state     U_W, ...  in          these and the following signed, one cycle after valid
//   f            SWEEP_W   in          what was given for this degree in the forward sweep; for PIPELINE = 1 and 2 two
//                                      cycles after valid
//   clear        1         in
//   lam, bet     LAM_W, .. in          gam and kap likewise
//   sweep        SWEEP_W   out         f or z, SWEEP_STAGE cycles after valid
//   f_valid      1         out         with sweep: it is an f
//   new_state    MEM_W     out         MEM_STAGE cycles after valid
//   new_valid    1         out         with new_state, in the backward sweep
//   clipped      1         out         with new_state: it was clipped to fit
//
//   Cycles (those with en = 1); for PIPELINE = 1 to 4: SWEEP_STAGE = 6, 6, 7, 8 and MEM_STAGE = 7, 7, 9, 10
//   latency = MEM_STAGE     from valid to the new state; SWEEP_STAGE to f or z
//   ii      = 1
//
// The channels take turns, each every SLOTS cycles within a sweep, in which f' or z' comes round. In cycles in between
// nothing may be valid. Three multipliers serve both sweeps: bet u; lam f' or kap z'; gam f.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_tridiag_datapath #(
    // Cycles from a degree to the next one of the same channel, PIPELINE or more
    parameter integer SLOTS = 1,
    // Cycles of the recurrence, as in lmu_sweep: 1 product and sum, 2 product | sum, 3 product | sum | rounding, 4 the
    // product of 3 in two
    parameter integer PIPELINE = 1,
    // Types, as in lmu_round_sat: of u; of mem; of f and z; of -lam, gam, kap (and the last gam) and bet
    parameter integer U_TYPE = 32'h00_000e_10, MEM_TYPE = 32'h16_000e_10, SWEEP_TYPE = 32'h16_0011_13,
    parameter integer LAM_TYPE = 32'h00_000f_10, GAM_TYPE = 32'h00_000f_10, KAP_TYPE = 32'h00_000f_10,
    parameter integer BET_TYPE = 32'h00_000f_10
) (
    input wire clk, rst, en,
    input wire valid, back, top, clear,
    input wire [U_TYPE%256-1:0] u,
    input wire [MEM_TYPE%256-1:0] state,
    input wire [SWEEP_TYPE%256-1:0] f,
    input wire [LAM_TYPE%256-1:0] lam,
    input wire [BET_TYPE%256-1:0] bet,
    input wire [GAM_TYPE%256-1:0] gam,
    input wire [KAP_TYPE%256-1:0] kap,
    output wire signed [SWEEP_TYPE%256-1:0] sweep,
    output wire f_valid,
    output wire [MEM_TYPE%256-1:0] new_state,
    output wire new_valid, clipped
);

    localparam integer U_W = U_TYPE % 256, U_F = (U_TYPE <<< 8) >>> 16;
    localparam integer MEM_W = MEM_TYPE % 256, MEM_F = (MEM_TYPE <<< 8) >>> 16;
    localparam integer SWEEP_W = SWEEP_TYPE % 256, SWEEP_F = (SWEEP_TYPE <<< 8) >>> 16;
    localparam integer LAM_W = LAM_TYPE % 256, LAM_F = (LAM_TYPE <<< 8) >>> 16;
    localparam integer GAM_W = GAM_TYPE % 256, GAM_F = (GAM_TYPE <<< 8) >>> 16;
    localparam integer KAP_W = KAP_TYPE % 256, KAP_F = (KAP_TYPE <<< 8) >>> 16;
    localparam integer BET_W = BET_TYPE % 256, BET_F = (BET_TYPE <<< 8) >>> 16;

    // Cycles after the read of a state and its coefficients. In BASE_STAGE bet u meets mem, in X_STAGE x is computed,
    // which meets the product of the recurrence in the next one. f or z is there in SWEEP_STAGE, the new state in MEM_STAGE.
    localparam LATE = PIPELINE < 3 ? 1 : 0;  // f, because it is not in its memory before
    localparam STAGES = PIPELINE > 3 ? 2 : 1;  // of products
    localparam BASE_STAGE = 2 + STAGES, X_STAGE = BASE_STAGE + 1;
    localparam SWEEP_STAGE = X_STAGE + 2 + (PIPELINE > 2 ? 1 : 0);
    localparam MEM_STAGE = SWEEP_STAGE + (PIPELINE > 2 ? 2 : 1);

    // bet u and mem, brought to the same fraction bits BASE_F
    localparam PRODUCT_W = BET_W + U_W, PRODUCT_F = BET_F + U_F;
    localparam BASE_F = PRODUCT_F > MEM_F ? PRODUCT_F : MEM_F, PRODUCT_SHIFT = BASE_F - PRODUCT_F;
    localparam MEM_SHIFT = BASE_F - MEM_F;
    localparam BASE_W = 1 + (PRODUCT_W + PRODUCT_SHIFT > MEM_W + 1 + MEM_SHIFT ? PRODUCT_W + PRODUCT_SHIFT
                                                                                : MEM_W + 1 + MEM_SHIFT);

    // The sum that becomes f or z, with SUM_F fraction bits
    localparam COEF_F = LAM_F > KAP_F ? LAM_F : KAP_F;
    localparam COEF_W = LAM_W + COEF_F - LAM_F > KAP_W + COEF_F - KAP_F ? LAM_W + COEF_F - LAM_F
                                                                         : KAP_W + COEF_F - KAP_F;
    localparam HALF_F = BASE_F + 1, GAIN_F = GAM_F + SWEEP_F, LOOP_F = COEF_F + SWEEP_F;
    localparam SUM_F = HALF_F > GAIN_F ? (HALF_F > LOOP_F ? HALF_F : LOOP_F) : (GAIN_F > LOOP_F ? GAIN_F : LOOP_F);
    localparam GAIN_W = GAM_W + SWEEP_W;
    localparam KNOWN_W = BASE_W + SUM_F - HALF_F > GAIN_W + SUM_F - GAIN_F ? BASE_W + SUM_F - HALF_F
                                                                           : GAIN_W + SUM_F - GAIN_F;
    // Half an LSB of f and z is in x where the rounding then needs no sum
    localparam integer ROUNDING = (SWEEP_TYPE >> 24) % 16;
    localparam ADDED = SUM_F > SWEEP_F && SWEEP_W > 1 && (ROUNDING == 2 || ROUNDING == 6) ? 1 : 0;
    localparam HALF_AT = ADDED != 0 ? SUM_F - SWEEP_F - 1 : 0;
    localparam X_W = 1 + (KNOWN_W > HALF_AT + 2 ? KNOWN_W : HALF_AT + 2);

    // The sum that becomes mem, with NEW_F fraction bits; z counts twice
    localparam TWICE_F = SWEEP_F - 1, NEW_F = BASE_F > TWICE_F ? BASE_F : TWICE_F;
    localparam NEW_W = 1 + (BASE_W + NEW_F - BASE_F > SWEEP_W + NEW_F - TWICE_F ? BASE_W + NEW_F - BASE_F
                                                                                : SWEEP_W + NEW_F - TWICE_F);

    // Control that travels with the data; bit k belongs to cycle k after valid
    reg [MEM_STAGE:1] valid_q, back_q;
    wire x_top;
    assign f_valid = valid_q[SWEEP_STAGE] && !back_q[SWEEP_STAGE];
    assign new_valid = valid_q[MEM_STAGE] && back_q[MEM_STAGE];

    always @(posedge clk) begin
        if (en) begin
            valid_q <= {valid_q[MEM_STAGE-1:1], valid};
            back_q <= {back_q[MEM_STAGE-1:1], back};
        end
        if (rst) valid_q <= {MEM_STAGE{1'b0}};
    end

    lmu_delay #(.WIDTH(1), .DEPTH(X_STAGE)) delay_top (.clk(clk), .rst(1'b0), .en(en), .in_data(top), .out_data(x_top));

    // base = mem + bet u, or 2 mem + bet u in the forward sweep, which is twice what is wanted: it has HALF_F there
    wire clear2;
    wire signed [U_W-1:0] u2;
    wire signed [BET_W-1:0] bet2;
    wire signed [GAM_W-1:0] gam2;
    wire signed [SWEEP_W-1:0] f2;
    wire [MEM_W-1:0] state2;
    wire [MEM_W:0] states2 = back_q[2] ? {state2[MEM_W-1], state2} : {state2, 1'b0};
    wire [MEM_W:0] old;
    wire [PRODUCT_W-1:0] product;
    wire [GAIN_W-1:0] gain;
    wire [BASE_W-1:0] mem_part, u_part, x_base;
    wire [BASE_W-1:0] base = mem_part + u_part;

    lmu_delay #(.WIDTH(U_W + BET_W + MEM_W + 1), .DEPTH(1)) operands (
        .clk(clk), .rst(1'b0), .en(en), .in_data({u, bet, state, clear}), .out_data({u2, bet2, state2, clear2})
    );
    lmu_delay #(.WIDTH(GAM_W), .DEPTH(2)) delay_gam (.clk(clk), .rst(1'b0), .en(en), .in_data(gam), .out_data(gam2));
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(2 - LATE)) delay_f (.clk(clk), .rst(1'b0), .en(en), .in_data(f), .out_data(f2));
    lmu_align #(.IN_W(MEM_W + 1), .SHIFT(MEM_SHIFT), .OUT_W(BASE_W)) align_mem (.in_data(old), .out_data(mem_part));
    lmu_align #(.IN_W(PRODUCT_W), .SHIFT(PRODUCT_SHIFT), .OUT_W(BASE_W)) align_product (
        .in_data(product), .out_data(u_part)
    );
    lmu_delay #(.WIDTH(BASE_W), .DEPTH(1)) delay_x_base (
        .clk(clk), .rst(1'b0), .en(en), .in_data(base), .out_data(x_base)
    );

    lmu_delay #(.WIDTH(MEM_W + 1), .DEPTH(STAGES)) delay_old (
        .clk(clk), .rst(1'b0), .en(en), .in_data(clear2 ? {(MEM_W + 1) {1'b0}} : states2), .out_data(old)
    );
    lmu_product #(.A_W(BET_W), .B_W(U_W), .STAGES(STAGES)) bet_u (
        .clk(clk), .en(en), .a(bet2), .b(u2), .product(product)
    );
    lmu_product #(.A_W(GAM_W), .B_W(SWEEP_W), .STAGES(STAGES)) gam_f (
        .clk(clk), .en(en), .a(gam2), .b(f2), .product(gain)
    );

    // x is what the recurrence does not touch, and half an LSB: -base/2 in the forward sweep, gam f in the backward sweep, but
    // 0 in its first row, where f has not been read
    wire [X_W-1:0] half_part, gain_part;
    wire [X_W-1:0] half = {{(X_W - 1) {1'b0}}, ADDED != 0} << HALF_AT;
    wire [X_W-1:0] known = !back_q[X_STAGE] ? ~half_part : x_top ? {X_W{1'b0}} : gain_part;
    wire [X_W-1:0] x;

    lmu_align #(.IN_W(BASE_W), .SHIFT(SUM_F - HALF_F), .OUT_W(X_W)) align_half (.in_data(x_base), .out_data(half_part));
    lmu_align #(.IN_W(GAIN_W), .SHIFT(SUM_F - GAIN_F), .OUT_W(X_W)) align_gain (.in_data(gain), .out_data(gain_part));

    lmu_delay #(.WIDTH(X_W), .DEPTH(PIPELINE > 2 ? 1 : 0)) delay_x (
        .clk(clk), .rst(1'b0), .en(en), .in_data(known + half + {{(X_W - 1) {1'b0}}, !back_q[X_STAGE]}), .out_data(x)
    );

    // The recurrence
    wire [LAM_W-1:0] lam2;
    wire [KAP_W-1:0] kap2;
    wire signed [COEF_W-1:0] lam_coef, kap_coef, coef;

    lmu_delay #(.WIDTH(LAM_W + KAP_W), .DEPTH(1)) coefficients (
        .clk(clk), .rst(1'b0), .en(en), .in_data({lam, kap}), .out_data({lam2, kap2})
    );
    lmu_align #(.IN_W(LAM_W), .SHIFT(COEF_F - LAM_F), .OUT_W(COEF_W)) align_lam (.in_data(lam2), .out_data(lam_coef));
    lmu_align #(.IN_W(KAP_W), .SHIFT(COEF_F - KAP_F), .OUT_W(COEF_W)) align_kap (.in_data(kap2), .out_data(kap_coef));
    lmu_delay #(.WIDTH(COEF_W), .DEPTH(SWEEP_STAGE - 4 - PIPELINE / 2)) delay_coef (
        .clk(clk), .rst(1'b0), .en(en), .in_data(back_q[2] ? kap_coef : lam_coef), .out_data(coef)
    );
    lmu_sweep #(
        .SLOTS(SLOTS), .PIPELINE(PIPELINE), .COEF_TYPE(((COEF_F & 65535) << 8) + COEF_W), .SWEEP_TYPE(SWEEP_TYPE),
        .X_W(X_W), .X_F(SUM_F), .ADDED(ADDED)
    ) recurrence (
        .clk(clk), .rst(rst), .en(en), .valid(valid_q[SWEEP_STAGE-2]), .coef(coef), .x(x), .sweep(sweep)
    );

    // The new state
    wire [BASE_W-1:0] old_base;
    wire signed [NEW_W-1:0] base_part, twice_part;
    wire [NEW_W-1:0] new_sum;
    wire [MEM_W-1:0] new_state_d;
    wire clipped_d;

    lmu_delay #(.WIDTH(BASE_W), .DEPTH(SWEEP_STAGE - X_STAGE)) delay_base (
        .clk(clk), .rst(1'b0), .en(en), .in_data(x_base), .out_data(old_base)
    );
    lmu_align #(.IN_W(BASE_W), .SHIFT(NEW_F - BASE_F), .OUT_W(NEW_W)) align_base (
        .in_data(old_base), .out_data(base_part)
    );
    lmu_align #(.IN_W(SWEEP_W), .SHIFT(NEW_F - TWICE_F), .OUT_W(NEW_W)) align_twice (
        .in_data(sweep), .out_data(twice_part)
    );
    lmu_delay #(.WIDTH(NEW_W), .DEPTH(1)) delay_new_sum (
        .clk(clk), .rst(1'b0), .en(en), .in_data(base_part + twice_part), .out_data(new_sum)
    );
    lmu_round_sat #(.IN_W(NEW_W), .IN_F(NEW_F), .OUT_TYPE(MEM_TYPE)) round_mem (
        .in_data(new_sum), .out_data(new_state_d), .clipped(clipped_d)
    );
    lmu_delay #(.WIDTH(MEM_W + 1), .DEPTH(PIPELINE > 2 ? 1 : 0)) delay_new (
        .clk(clk), .rst(1'b0), .en(en), .in_data({clipped_d, new_state_d}), .out_data({clipped, new_state})
    );

`ifdef FORMAL
    // The equations of the header on what was read, when f, z and the new state are there: exact sums with F bits to
    // the right of the point, as one expression each
    localparam F_SUM_W = X_W > COEF_W + SWEEP_W + SUM_F - LOOP_F ? X_W : COEF_W + SWEEP_W + SUM_F - LOOP_F;
    localparam F_W = 2 * (NEW_W > F_SUM_W ? NEW_W : F_SUM_W) + 4;
    localparam F_READ = 3 + U_W + MEM_W + LAM_W + BET_W + GAM_W + KAP_W;
    reg f_past_q = 1'b0;
    wire f_back, f_top, f_clear, f_sweep_clipped, f_new_clipped;
    wire signed [U_W-1:0] f_u;
    wire signed [MEM_W-1:0] f_read_state, f_new;
    wire signed [SWEEP_W-1:0] f_f, f_before, f_sweep, f_z;
    wire signed [LAM_W-1:0] f_lam;
    wire signed [BET_W-1:0] f_bet;
    wire signed [GAM_W-1:0] f_gam;
    wire signed [KAP_W-1:0] f_kap;
    wire signed [MEM_W-1:0] f_state = f_clear ? {MEM_W{1'b0}} : f_read_state;
    // state + bet u, with BASE_F bits to the right of the point; half of it has one more
    wire signed [F_W-1:0] f_state_part = f_state;
    wire signed [F_W-1:0] f_u_part = f_bet * f_u;
    wire signed [F_W-1:0] f_gain = f_gam * f_f;
    wire signed [F_W-1:0] f_lam_part = f_lam * f_before;
    wire signed [F_W-1:0] f_kap_part = f_kap * f_before;
    wire signed [F_W-1:0] f_forward = (f_lam_part <<< (SUM_F - LAM_F - SWEEP_F))
        - (((f_state_part <<< (MEM_SHIFT + 1)) + (f_u_part <<< PRODUCT_SHIFT)) <<< (SUM_F - HALF_F));
    wire signed [F_W-1:0] f_backward = (f_kap_part <<< (SUM_F - KAP_F - SWEEP_F))
        + (f_top ? {F_W{1'b0}} : f_gain <<< (SUM_F - GAIN_F));
    wire signed [F_W-1:0] f_base = (f_state_part <<< MEM_SHIFT) + (f_u_part <<< PRODUCT_SHIFT);
    wire signed [F_W-1:0] f_base_new, f_z_part = f_z;
    reg [MEM_STAGE:1] f_valid_q, f_back_q;
    reg f_top_q;
    always @(posedge clk) begin
        f_past_q <= 1'b1;
        if (en) begin
            f_valid_q <= {f_valid_q[MEM_STAGE-1:1], valid};
            f_back_q <= {f_back_q[MEM_STAGE-1:1], back};
            f_top_q <= top;
        end
        if (rst) f_valid_q <= 0;
    end

    always @* if (!f_past_q) assume (rst);
    lmu_delay #(.WIDTH(F_READ), .DEPTH(SWEEP_STAGE - 1)) f_delay_read (
        .clk(clk), .rst(1'b0), .en(en),
        .in_data({f_back_q[1], f_top_q, clear, u, state, lam, bet, gam, kap}),
        .out_data({f_back, f_top, f_clear, f_u, f_read_state, f_lam, f_bet, f_gam, f_kap})
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(SWEEP_STAGE - 1 - LATE)) f_delay_f (
        .clk(clk), .rst(1'b0), .en(en), .in_data(f), .out_data(f_f)
    );
    lmu_delay #(.WIDTH(SWEEP_W), .DEPTH(SLOTS)) f_delay_before (
        .clk(clk), .rst(rst), .en(en), .in_data(sweep), .out_data(f_before)
    );
    lmu_delay #(.WIDTH(F_W + SWEEP_W), .DEPTH(MEM_STAGE - SWEEP_STAGE)) f_delay_base (
        .clk(clk), .rst(1'b0), .en(en), .in_data({f_base, sweep}), .out_data({f_base_new, f_z})
    );
    lmu_round_sat #(.IN_W(F_W), .IN_F(SUM_F), .OUT_TYPE(SWEEP_TYPE)) f_round_sweep (
        .in_data(f_back ? f_backward : f_forward), .out_data(f_sweep), .clipped(f_sweep_clipped)
    );
    lmu_round_sat #(.IN_W(F_W), .IN_F(NEW_F), .OUT_TYPE(MEM_TYPE)) f_round_new (
        .in_data((f_base_new <<< (NEW_F - BASE_F)) + (f_z_part <<< (NEW_F - TWICE_F))), .out_data(f_new),
        .clipped(f_new_clipped)
    );

    always @* if (f_past_q && !rst) begin
        f_in_time : assert (f_valid == (f_valid_q[SWEEP_STAGE] && !f_back_q[SWEEP_STAGE]));
        new_in_time : assert (new_valid == (f_valid_q[MEM_STAGE] && f_back_q[MEM_STAGE]));
        if (f_valid_q[SWEEP_STAGE]) sweep_exact : assert (sweep == f_sweep);
        if (new_valid) new_exact : assert (new_state == f_new && clipped == f_new_clipped);
        reach_f : cover (f_valid && sweep != 0 && f_before != 0);
        reach_new : cover (new_valid && !clipped && new_state != 0 && f_z != 0);
        reach_clipped : cover (new_valid && clipped);
    end
`endif
endmodule
`default_nettype wire
