// SPDX-License-Identifier: Apache-2.0
// Gives the steps of windows over a sequence side by side, from a ring that holds the last DEPTH steps.
//
//   window t, place s = step clip(SKIP - BEFORE + t * STRIDE + s * DILATION)     t = 0..COUNT-1, s = 0..SIZE-1
//   REPEAT = 0   zeros for a step before the first one or after the last one
//   REPEAT = 1   the first one or the last one
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat begins a sequence
//   s_axis_tdata   WIDTH   in          N beats a step, always STEPS steps a sequence
//   m_axis_tdata   WIDTH   out         SIZE*N beats a window, COUNT windows a sequence
//   m_axis_tlast   1       out         last beat of the last window
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 2        from the beat that a window waits for to the same beat given
//   ii      = SIZE*N   from one window to the next
//
// A window begins as soon as its first step comes, and no window of a sequence before the first beat of it; its last beat
// is offered once the last step is there. A step is taken while fewer than DEPTH steps are held, counted from the first one
// that this window or one behind it reads, so that the next sequence fills the ring while the last windows of this one are given.
// s_axis_tready is a register.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_window #(
    // Values of a step, 1 or more
    parameter integer N = 4,
    // Steps and windows of a sequence, 1 or more
    parameter integer STEPS = 8, COUNT = 8,
    // Steps before the sequence that the first window begins with, or steps that it leaves out
    parameter integer BEFORE = 0, SKIP = 0,
    // Steps from one window to the next; below 0 they come from behind
    parameter integer STRIDE = 1,
    // Steps of a window, 1 or more, and from one of them to the next
    parameter integer SIZE = 3, DILATION = 1,
    // 1: what lies outside is the nearest step
    parameter integer REPEAT = 0,
    // Steps that the ring holds: a power of two, no less than a window reaches over, or with STRIDE < 0 all of them
    parameter integer DEPTH = 4,
    // Bits of a value
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output reg s_axis_tready,
    output wire [WIDTH-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam BEAT_W = N > 1 ? $clog2(N) : 1, SLOT_W = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam PLACE_W = SIZE > 1 ? $clog2(SIZE) : 1, COUNT_W = COUNT > 1 ? $clog2(COUNT) : 1;
    localparam REACH = (SIZE - 1) * DILATION, WAY = (COUNT - 1) * STRIDE, SPAN = REACH + (STRIDE < 0 ? -WAY : 0);
    // Steps of a sequence, signed, and those between its first and its last one
    localparam POS_W = $clog2(BEFORE + SKIP + (STRIDE < 0 ? -WAY : WAY) + REACH + STEPS + 1) + 1;
    localparam STEP_W = $clog2(STEPS + 1);
    // Steps are numbered over all sequences, so that the low bits are the slot; the difference of two is signed
    localparam ALL_W = $clog2(3 * STEPS + DEPTH + 1) + 1, AHEAD_W = $clog2(DEPTH / STEPS + 2) + 1;
    localparam integer FIRST_STEP = SKIP - BEFORE, LOWEST_STEP = FIRST_STEP + WAY, LAST_STEP = STEPS - 1;
    localparam integer BOUND_STEP = REPEAT != 0 ? LAST_STEP : STEPS, FROM_STEP = STRIDE < 0 ? LOWEST_STEP : FIRST_STEP;
    localparam integer LOW_STEP = FROM_STEP < 0 ? 0 : FROM_STEP > BOUND_STEP ? BOUND_STEP : FROM_STEP;
    localparam signed [POS_W-1:0] FIRST = FIRST_STEP[POS_W-1:0], LAST = LAST_STEP[POS_W-1:0];
    localparam signed [POS_W-1:0] BOUND = BOUND_STEP[POS_W-1:0], LOWEST = LOWEST_STEP[POS_W-1:0], ZERO = 0;
    localparam signed [POS_W-1:0] NEXT_WINDOW = STRIDE[POS_W-1:0], NEXT_PLACE = DILATION[POS_W-1:0];
    localparam [ALL_W-1:0] HELD = DEPTH[ALL_W-1:0], LOW_1 = LOW_STEP[ALL_W-1:0];

    if (N < 1 || STEPS < 1 || COUNT < 1 || SIZE < 1 || WIDTH < 1) begin : g_check_sizes
        PARAM_ERROR_n_steps_count_size_and_width_must_be_at_least_1 check ();
    end else if (BEFORE < 0 || SKIP < 0 || DILATION < 1 || (REPEAT != 0 && REPEAT != 1)) begin : g_check_places
        PARAM_ERROR_before_and_skip_must_not_be_negative check ();
    end else if ((DEPTH <= SPAN && DEPTH < STEPS) || DEPTH != 1 << (DEPTH > 1 ? SLOT_W : 0)) begin : g_check_depth
        PARAM_ERROR_depth_must_be_a_power_of_2_that_holds_a_window check ();
    end

    // What comes: so many steps of all sequences, and of the one that comes; whole sequences that are not given yet
    reg [BEAT_W-1:0] in_beat_q;
    reg [ALL_W-1:0] count_q;
    reg [STEP_W-1:0] in_step_q;
    reg signed [AHEAD_W-1:0] ahead_q;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire whole = accept && {1'b0, in_beat_q} == N[BEAT_W:0] - 1'b1;
    wire in_end = whole && in_step_q == LAST_STEP[STEP_W-1:0];

    // What is given, beats ahead: the step in its window, the nearest one in its sequence, its number among all, and the
    // next one that is read. Zeros stand for the first beat of the sequence
    wire give, move;
    reg [BEAT_W-1:0] beat_q;
    reg [PLACE_W-1:0] place_q;
    reg [COUNT_W-1:0] window_q;
    reg signed [POS_W-1:0] base_q, step_q;
    wire beat_end = {1'b0, beat_q} == N[BEAT_W:0] - 1'b1;
    wire place_end = {1'b0, place_q} == SIZE[PLACE_W:0] - 1'b1;
    wire window_end = {1'b0, window_q} == COUNT[COUNT_W:0] - 1'b1;
    wire early = step_q < ZERO;
    wire late = step_q > LAST;
    wire zero = REPEAT == 0 && (early || late);
    wire signed [POS_W-1:0] base_d = window_end ? FIRST : base_q + NEXT_WINDOW;

    // The first step that is needed from this window on
    wire signed [POS_W-1:0] from = STRIDE < 0 ? LOWEST : base_q;
    wire unused = &{1'b0, from};

    reg [2:0] filled_q;
    reg [STEP_W-1:0] near_step_q, near_from_q;
    reg near_zero_q, near_last_q, far_zero_q, far_last_q, read_zero_q, read_last_q;
    reg near_early_q, near_late_q, from_early_q, from_late_q;
    wire [STEP_W-1:0] near = near_early_q || near_zero_q ? {STEP_W{1'b0}}
        : near_late_q ? LAST_STEP[STEP_W-1:0] : near_step_q;
    wire [STEP_W-1:0] low = from_early_q ? {STEP_W{1'b0}} : from_late_q ? BOUND_STEP[STEP_W-1:0] : near_from_q;
    reg [ALL_W-1:0] origin_q, far_step_q, far_low_q, read_step_q, read_low_q;
    reg [BEAT_W-1:0] near_beat_q, far_beat_q, read_beat_q;
    assign move = give || !filled_q[2];

    always @(posedge clk) begin
        if (move) begin
            filled_q <= {filled_q[1:0], 1'b1};
            beat_q <= beat_end ? {BEAT_W{1'b0}} : beat_q + 1'b1;
            if (beat_end) begin
                place_q <= place_end ? {PLACE_W{1'b0}} : place_q + 1'b1;
                step_q <= place_end ? base_d : step_q + NEXT_PLACE;
            end
            if (beat_end && place_end) begin
                base_q <= base_d;
                window_q <= window_end ? {COUNT_W{1'b0}} : window_q + 1'b1;
            end
            {near_step_q, near_early_q, near_late_q, near_zero_q} <= {step_q[STEP_W-1:0], early, late, zero};
            {near_from_q, from_early_q, from_late_q} <= {from[STEP_W-1:0], from < ZERO, from > BOUND};
            near_beat_q <= beat_q;
            near_last_q <= beat_end && place_end && window_end;
            if (filled_q[0] && near_last_q) origin_q <= origin_q + STEPS[ALL_W-1:0];
            far_step_q <= origin_q + {{(ALL_W - STEP_W) {1'b0}}, near};
            far_low_q <= origin_q + {{(ALL_W - STEP_W) {1'b0}}, low};
            far_beat_q <= near_zero_q ? {BEAT_W{1'b0}} : near_beat_q;
            {far_zero_q, far_last_q} <= {near_zero_q, near_last_q};
            {read_step_q, read_beat_q, read_zero_q, read_last_q} <= {far_step_q, far_beat_q, far_zero_q, far_last_q};
        end
        if (give) read_low_q <= far_low_q;
        if (rst) begin
            {beat_q, place_q, window_q, origin_q, filled_q} <= 0;
            {base_q, step_q, read_low_q} <= {FIRST, FIRST, LOW_1};
        end
    end

    // open_q: the next beat is there, which is known a cycle ahead; valid_q says that a beat was read
    reg valid_q, open_q;
    wire [ALL_W+BEAT_W-1:0] place_in = {count_q, in_beat_q}, place_far = {far_step_q, far_beat_q};
    wire [ALL_W+BEAT_W-1:0] distance = place_far - place_in;
    wire there = distance[ALL_W+BEAT_W-1] || (place_far == place_in && accept);
    wire comes = {read_step_q, read_beat_q} == place_in && accept;
    wire taken = m_axis_tvalid && m_axis_tready;
    wire finish = give && read_last_q;
    wire [ALL_W-1:0] held = count_q - read_low_q;
    assign give = open_q && (!valid_q || taken);

    always @(posedge clk) begin
        s_axis_tready <= filled_q[0] && held != HELD && !(whole && held == HELD - 1'b1) && !rst;
        if (accept) in_beat_q <= whole ? {BEAT_W{1'b0}} : in_beat_q + 1'b1;
        if (whole) count_q <= count_q + 1'b1;
        if (whole) in_step_q <= in_end ? {STEP_W{1'b0}} : in_step_q + 1'b1;
        if (in_end && !finish) ahead_q <= ahead_q + 1'b1;
        if (finish && !in_end) ahead_q <= ahead_q - 1'b1;
        open_q <= move ? filled_q[1] && there : open_q || comes;
        valid_q <= give || (valid_q && !taken);
        if (give) m_axis_tlast <= read_last_q;
        if (rst) {in_beat_q, count_q, in_step_q, ahead_q, open_q, valid_q} <= 0;
    end

    reg zero_q;
    wire [WIDTH-1:0] value;
    assign m_axis_tvalid = valid_q && !(m_axis_tlast && ahead_q[AHEAD_W-1]);
    assign m_axis_tdata = zero_q ? {WIDTH{1'b0}} : value;
    always @(posedge clk) if (give) zero_q <= read_zero_q;

    lmu_ram #(.WIDTH(WIDTH), .DEPTH(1 << (SLOT_W + BEAT_W))) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({count_q[SLOT_W-1:0], in_beat_q}), .wr_data(s_axis_tdata),
        .rd_en(give), .rd_addr({read_step_q[SLOT_W-1:0], read_beat_q}), .rd_data(value)
    );

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);
    f_axis #(.WIDTH(WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // Any one beat of any one window: its step by the definition, and the value that came there in the sequence that is
    // given and in the one behind it (a proof has DEPTH <= STEPS, so that there is no third one)
    wire [COUNT_W-1:0] f_window = $anyconst;
    wire [PLACE_W-1:0] f_place = $anyconst;
    wire [BEAT_W-1:0] f_beat = $anyconst;
    always @* assume (f_window < COUNT && f_place < SIZE && f_beat < N);
    wire signed [31:0] f_at = FIRST_STEP + $signed({1'b0, f_window}) * STRIDE + $signed({1'b0, f_place}) * DILATION;
    wire f_outside = f_at < 0 || f_at >= STEPS;
    wire [31:0] f_step = f_at < 0 ? 0 : f_at >= STEPS ? STEPS - 1 : f_at;
    reg [31:0] f_in_step_q;  // of the source's sequence
    reg signed [31:0] f_ahead_q;  // sequences that the source is ahead of the windows
    reg [WIDTH-1:0] f_value_q, f_later_q, f_due_q;
    reg [SLOT_W-1:0] f_slot_q, f_later_slot_q;  // where they were written
    wire f_here = accept && f_in_step_q == f_step && in_beat_q == f_beat;
    wire f_next = whole && f_in_step_q == STEPS - 1;
    wire [WIDTH-1:0] f_value = f_here && f_ahead_q == 0 ? s_axis_tdata : f_value_q;
    wire [WIDTH-1:0] f_later = f_here && f_ahead_q == 1 ? s_axis_tdata : f_later_q;
    wire [SLOT_W-1:0] f_later_at = f_here && f_ahead_q == 1 ? count_q[SLOT_W-1:0] : f_later_slot_q;
    reg [COUNT_W-1:0] f_out_window_q;
    reg [PLACE_W-1:0] f_out_place_q;
    reg [BEAT_W-1:0] f_out_beat_q;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire f_out_step = f_given && f_out_beat_q == N - 1;
    wire f_out_end = f_out_step && f_out_place_q == SIZE - 1;
    // Which beat of which place of which window is where
    reg [COUNT_W-1:0] f_near_window_q, f_far_window_q, f_read_window_q;
    reg [PLACE_W-1:0] f_near_place_q, f_far_place_q, f_read_place_q;
    reg [BEAT_W-1:0] f_near_beat_q, f_far_beat_q, f_read_beat_q;
    reg [ALL_W-1:0] f_origin_q, f_far_origin_q;
    always @(posedge clk) begin
        if (move) begin
            {f_near_window_q, f_near_place_q, f_near_beat_q} <= {window_q, place_q, beat_q};
            {f_far_window_q, f_far_place_q, f_far_beat_q} <= {f_near_window_q, f_near_place_q, f_near_beat_q};
            {f_read_window_q, f_read_place_q, f_read_beat_q} <= {f_far_window_q, f_far_place_q, f_far_beat_q};
            {f_origin_q, f_far_origin_q} <= {f_far_origin_q, origin_q};
        end
        if (rst) {f_near_window_q, f_near_place_q, f_near_beat_q, f_far_window_q, f_far_place_q, f_far_beat_q} <= 0;
        if (rst) {f_read_window_q, f_read_place_q, f_read_beat_q, f_origin_q, f_far_origin_q} <= 0;
    end
    wire f_chosen = f_out_window_q == f_window && f_out_place_q == f_place && f_out_beat_q == f_beat;
    wire f_read = give && f_read_window_q == f_window && f_read_place_q == f_place && f_read_beat_q == f_beat;
    always @(posedge clk) begin
        if (whole) f_in_step_q <= f_next ? 0 : f_in_step_q + 1;
        f_ahead_q <= f_ahead_q + (f_next ? 1 : 0) - (finish ? 1 : 0);
        f_value_q <= finish ? f_later : f_value;
        f_later_q <= f_later;
        f_slot_q <= f_here && f_ahead_q == 0 && !finish ? count_q[SLOT_W-1:0] : finish ? f_later_at : f_slot_q;
        f_later_slot_q <= f_later_at;
        if (f_read) f_due_q <= f_value_q;
        if (f_given) f_out_beat_q <= f_out_beat_q == N - 1 ? 0 : f_out_beat_q + 1;
        if (f_out_step) f_out_place_q <= f_out_place_q == SIZE - 1 ? 0 : f_out_place_q + 1;
        if (f_out_end) f_out_window_q <= f_out_window_q == COUNT - 1 ? 0 : f_out_window_q + 1;
        if (rst) {f_in_step_q, f_ahead_q, f_out_window_q, f_out_place_q, f_out_beat_q} <= 0;
    end

    wire f_needed = f_read_window_q < f_window || (f_read_window_q == f_window && (f_read_place_q < f_place
        || (f_read_place_q == f_place && f_read_beat_q <= f_beat)));
    wire f_came = f_ahead_q > 0 || (f_ahead_q == 0 && (f_in_step_q > f_step
        || (f_in_step_q == f_step && in_beat_q > f_beat)));
    wire f_later_came = f_ahead_q > 1 || (f_ahead_q == 1 && (f_in_step_q > f_step
        || (f_in_step_q == f_step && in_beat_q > f_beat)));
    wire [SLOT_W-1:0] f_slot = f_origin_q[SLOT_W-1:0] + f_step[SLOT_W-1:0];
    wire [SLOT_W-1:0] f_later_slot = f_slot + STEPS[SLOT_W-1:0];
    wire signed [31:0] f_lead = f_ahead_q * STEPS + $signed(f_in_step_q);
    wire signed [31:0] f_base = FIRST_STEP + $signed({1'b0, window_q}) * STRIDE;
    wire signed [31:0] f_read_base = FIRST_STEP + $signed({1'b0, f_read_window_q}) * STRIDE;
    wire signed [31:0] f_read_at = f_read_base + $signed({1'b0, f_read_place_q}) * DILATION;
    wire f_read_zero = REPEAT == 0 && (f_read_at < 0 || f_read_at >= STEPS);
    wire [31:0] f_read_step = f_read_at < 0 || f_read_zero ? 0 : f_read_at >= STEPS ? STEPS - 1 : f_read_at;
    wire signed [31:0] f_from = STRIDE < 0 ? LOWEST_STEP : f_read_base;
    wire [31:0] f_low = f_from < 0 ? 0 : f_from > BOUND_STEP ? BOUND_STEP : f_from;
    wire signed [31:0] f_held = f_lead - $signed(f_low);
    reg [1:0] f_wait_q;  // cycles in which nothing is taken and nothing can be given
    always @(posedge clk) f_wait_q <= s_axis_tready || open_q || !filled_q[2] || rst ? 0 : f_wait_q + 1;

    always @* if (!rst) begin
        beats_in_range : assert (in_beat_q < N && f_in_step_q < STEPS && beat_q < N && place_q < SIZE);
        windows_in_range : assert (window_q < COUNT && f_out_window_q < COUNT && f_out_place_q < SIZE);
        places_in_range : assert (f_read_beat_q < N && f_read_place_q < SIZE && f_read_window_q < COUNT);
        steps_count : assert (count_q == f_origin_q + f_lead[ALL_W-1:0] && in_step_q == f_in_step_q);
        sequences_count : assert (ahead_q == f_ahead_q);
        not_too_far : assert (f_ahead_q >= -1 && f_ahead_q <= 2 && (f_ahead_q != 2 || f_in_step_q == 0));
        first_low : assert (read_low_q == f_origin_q + f_low[ALL_W-1:0]);
        if (filled_q[2]) begin
            read_by_definition : assert (read_step_q == f_origin_q + f_read_step[ALL_W-1:0]
                && read_zero_q == f_read_zero && read_beat_q == (f_read_zero ? 0 : f_read_beat_q));
            last_by_definition : assert (read_last_q == (f_read_window_q == COUNT - 1 && f_read_place_q == SIZE - 1
                && f_read_beat_q == N - 1));
        end
        open_in_time : assert (open_q == (filled_q[2] && ($signed(f_read_step) < f_lead
            || ($signed(f_read_step) == f_lead && read_beat_q < in_beat_q))));
        base_by_definition : assert (base_q == f_base);
        step_by_definition : assert (step_q == f_base + $signed({1'b0, place_q}) * DILATION);
        none_overwritten : assert (f_held <= DEPTH);
        room_is_there : assert (!s_axis_tready || f_held < DEPTH);
        if (f_came && f_needed) held_in_place : assert (f_slot_q == f_slot);
        if (f_later_came) later_in_place : assert (f_later_slot_q == f_later_slot);
        if (give) none_too_early : assert (f_ahead_q > 0 || (f_ahead_q == 0 && (f_in_step_q != 0 || in_beat_q != 0)));
        if (f_read) only_what_came : assert ((f_outside && REPEAT == 0) || f_came);
        if (m_axis_tvalid && m_axis_tlast) whole_sequence : assert (f_ahead_q >= 0);
        if (valid_q) begin
            last_in_place : assert (m_axis_tlast == (f_out_window_q == COUNT - 1 && f_out_place_q == SIZE - 1
                && f_out_beat_q == N - 1));
            if (f_chosen) value_in_place : assert (m_axis_tdata == (f_outside && REPEAT == 0 ? 0 : f_due_q));
            if (f_chosen) zero_in_place : assert (zero_q == (f_outside && REPEAT == 0));
            one_behind : assert (f_out_beat_q == (f_read_beat_q == 0 ? N - 1 : f_read_beat_q - 1));
        end else in_step : assert (f_out_beat_q == f_read_beat_q && f_out_place_q == f_read_place_q
            && f_out_window_q == f_read_window_q);
        if (valid_q && f_read_beat_q != 0)
            same_place : assert (f_out_place_q == f_read_place_q && f_out_window_q == f_read_window_q);
        if (valid_q && f_read_beat_q == 0 && f_read_place_q != 0)
            place_behind : assert (f_out_place_q == f_read_place_q - 1 && f_out_window_q == f_read_window_q);
        if (valid_q && f_read_beat_q == 0 && f_read_place_q == 0)
            window_behind : assert (f_out_place_q == SIZE - 1
                && f_out_window_q == (f_read_window_q == 0 ? COUNT - 1 : f_read_window_q - 1));
        never_stuck : assert (f_wait_q < 2);
    end

    always @(posedge clk) if (!rst && $past(!rst && m_axis_tready && open_q && (!valid_q || m_axis_tvalid))) begin
        given_at_once : assert (valid_q);
    end

    always @* if (!rst) begin
        reach_last : cover (f_given && m_axis_tlast && f_ahead_q == 0);
        reach_closed : cover (!s_axis_tready && m_axis_tvalid && !rst);
    end
`endif
endmodule
`default_nettype wire
