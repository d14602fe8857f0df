// SPDX-License-Identifier: Apache-2.0
// Gives the steps of windows over sequences of 1 to STEPS steps side by side: stores a sequence up to its tlast, then gives.
//
//   W = max(floor((L + PAD - REACH) / |STRIDE|), 0) + 1    windows of a sequence of L steps; REACH = (SIZE-1) * DILATION + 1
//   window t, place s = step clip(BEGIN + t * STRIDE + s * DILATION)     t = 0..W-1, s = 0..SIZE-1
//   BEGIN = FIRST; with STRIDE < 0 it is L - 1; with CENTRED -floor(max((W-1) * STRIDE + REACH - L, 0) / 2)
//   REPEAT = 0   zeros for a step before the first one or after the last one
//   REPEAT = 1   the first one or the last one
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat begins a sequence
//   s_axis_tdata   WIDTH   in          N beats a step
//   s_axis_tlast   1       in          read on a step's last beat: the sequence ends, after STEPS steps at most
//   m_axis_tdata   WIDTH   out         SIZE*N beats a window, W windows a sequence
//   m_axis_tlast   1       out         last beat of the last window
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = W*SIZE*N + 2               from a sequence's last input beat to its last output beat
//   ii      = max(L*N, W*SIZE*N + 1)     from one sequence to the next
//
// The next sequence is stored in another bank while the windows of this one are given. How many windows a sequence has is
// counted while it comes. One that has too few steps for a window gets one, in which the others are as those outside.
// s_axis_tready is a register.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_window_any #(
    // Values of a step, and the most steps of a sequence, 1 or more
    parameter integer N = 4, STEPS = 8,
    // The step that the first window begins with; below 0 so many before the sequence
    parameter integer FIRST = 0,
    // Steps from one window to the next, not 0; below 0 they come from the last step on
    parameter integer STRIDE = 1,
    // Steps of a window, 1 or more, and from one of them to the next
    parameter integer SIZE = 3, DILATION = 1,
    // Steps that a sequence counts more than it has when windows are fitted into it
    parameter integer PAD = 0,
    // 1: half of what the windows need more than there is lies before the first step
    parameter integer CENTRED = 0,
    // 1: what lies outside is the nearest step
    parameter integer REPEAT = 0,
    // Bits of a value
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output reg s_axis_tready, input wire s_axis_tlast,
    output wire [WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam integer REACH = (SIZE - 1) * DILATION + 1, APART = STRIDE < 0 ? -STRIDE : STRIDE > 0 ? STRIDE : 1;
    localparam integer ABOVE = PAD < 0 ? -PAD : PAD, AWAY = FIRST < 0 ? -FIRST : FIRST;
    // Steps that a sequence of one step has more than a window, below 0 those that it lacks
    localparam integer SPARE = 1 + PAD - REACH, MOST = STEPS - 1 + SPARE > 0 ? (STEPS - 1 + SPARE) / APART : 0;
    localparam integer REST_1 = SPARE < 0 ? SPARE : SPARE % APART, MORE_1 = SPARE < 0 ? 0 : SPARE / APART;
    localparam BEAT_W = N > 1 ? $clog2(N) : 1, STEP_W = STEPS > 1 ? $clog2(STEPS) : 1;
    localparam PLACE_W = SIZE > 1 ? $clog2(SIZE) : 1, MORE_W = MOST > 0 ? $clog2(MOST + 1) : 1;
    localparam POS_W = $clog2(STEPS + ABOVE + AWAY + REACH + APART + DILATION + 1) + 2;  // steps, signed
    localparam signed [POS_W-1:0] FROM = FIRST[POS_W-1:0], NEXT_WINDOW = STRIDE[POS_W-1:0], ZERO = 0, ONE = 1;
    localparam signed [POS_W-1:0] NEXT_PLACE = DILATION[POS_W-1:0], PADDED = PAD[POS_W-1:0];
    localparam signed [POS_W-1:0] REST = REST_1[POS_W-1:0], REST_END = APART[POS_W-1:0] - ONE;

    if (N < 1 || STEPS < 1 || SIZE < 1 || DILATION < 1 || WIDTH < 1) begin : g_check_sizes
        PARAM_ERROR_n_steps_size_dilation_and_width_must_be_at_least_1 check ();
    end else if (STRIDE == 0 || (STRIDE < 0 && (SIZE != 1 || PAD != 0 || CENTRED != 0))) begin : g_check_stride
        PARAM_ERROR_stride_must_not_be_0_and_below_it_size_1_without_pad check ();
    end else if ((CENTRED != 0 && CENTRED != 1) || (REPEAT != 0 && REPEAT != 1)) begin : g_check_flags
        PARAM_ERROR_centred_and_repeat_must_be_0_or_1 check ();
    end

    // What comes. A sequence of so many steps has more_q windows beside the first one, and rest_q steps more than they
    // need; below 0 so many are missing for the first one
    reg in_bank_q;
    reg [BEAT_W-1:0] in_beat_q;
    reg [STEP_W-1:0] in_step_q;
    reg [MORE_W-1:0] more_q;
    reg signed [POS_W-1:0] rest_q;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire whole = accept && {1'b0, in_beat_q} == N[BEAT_W:0] - 1'b1;
    wire ends = whole && s_axis_tlast;
    wire another = rest_q == REST_END;
    wire signed [POS_W-1:0] excess = rest_q + ONE - PADDED;
    wire signed [POS_W-1:0] half = excess < ZERO ? excess >>> 1 : ZERO;
    wire signed [POS_W-1:0] in_last = {{(POS_W - STEP_W) {1'b0}}, in_step_q};
    wire signed [POS_W-1:0] begins = STRIDE < 0 ? in_last : CENTRED != 0 ? half : FROM;

    // Whole sequences that are stored. Where the windows begin, the last step, and windows beside the first: of one that ends
    // while another one is given they wait
    localparam KEPT_W = 2 * POS_W + MORE_W;
    reg [1:0] stored_q;
    reg busy_q, waits_q;
    reg [KEPT_W-1:0] kept_q;
    wire finish;
    wire [1:0] stored = stored_q + {1'b0, ends} - {1'b0, finish};
    wire [KEPT_W-1:0] came = {begins, in_last, more_q};

    always @(posedge clk) begin
        s_axis_tready <= !stored[1] && !rst;
        stored_q <= stored;
        if (accept) in_beat_q <= whole ? {BEAT_W{1'b0}} : in_beat_q + 1'b1;
        if (whole) begin
            in_step_q <= ends ? {STEP_W{1'b0}} : in_step_q + 1'b1;
            more_q <= ends ? MORE_1[MORE_W-1:0] : more_q + {{(MORE_W - 1) {1'b0}}, another};
            rest_q <= ends ? REST : another ? ZERO : rest_q + ONE;
        end
        if (ends) in_bank_q <= !in_bank_q;
        if (!busy_q) waits_q <= 1'b0;
        if (ends && (busy_q || waits_q)) {waits_q, kept_q} <= {1'b1, came};
        if (rst) begin
            {in_bank_q, in_beat_q, in_step_q, stored_q} <= 0;
            {waits_q, more_q, rest_q} <= {1'b0, MORE_1[MORE_W-1:0], REST};
        end
    end

    // What is given, a beat ahead: the window begins with base_q, left_q are behind it, the beat is of step_q
    reg bank_q;
    reg [BEAT_W-1:0] beat_q;
    reg [PLACE_W-1:0] place_q;
    reg [MORE_W-1:0] left_q;
    reg signed [POS_W-1:0] base_q, step_q, last_q;
    wire beat_end = {1'b0, beat_q} == N[BEAT_W:0] - 1'b1;
    wire place_end = {1'b0, place_q} == SIZE[PLACE_W:0] - 1'b1;
    wire early = step_q < ZERO;
    wire late = step_q > last_q;
    wire zero = REPEAT == 0 && (early || late);
    wire last = beat_end && place_end && left_q == 0;
    wire move;
    wire next_place = move && beat_end;
    wire next_window = next_place && place_end;
    wire signed [POS_W-1:0] base_d = base_q + NEXT_WINDOW;

    always @(posedge clk) begin
        if (move) beat_q <= beat_end ? {BEAT_W{1'b0}} : beat_q + 1'b1;
        if (next_place) begin
            place_q <= place_end ? {PLACE_W{1'b0}} : place_q + 1'b1;
            step_q <= place_end ? base_d : step_q + NEXT_PLACE;
        end
        if (next_window) begin
            base_q <= base_d;
            left_q <= left_q - 1'b1;
        end
        if (move && last) {busy_q, bank_q} <= {1'b0, !bank_q};
        if (!busy_q) begin
            busy_q <= waits_q || ends;
            {base_q, last_q, left_q} <= waits_q ? kept_q : came;
            step_q <= waits_q ? kept_q[KEPT_W-1-:POS_W] : begins;
        end
        if (rst) {busy_q, bank_q, beat_q, place_q} <= 0;
    end

    // The beat that is read next. Of zeros, any one
    reg near_q, near_early_q, near_late_q, near_zero_q, near_bank_q, near_last_q, zero_q;
    reg [BEAT_W-1:0] near_beat_q;
    reg [STEP_W-1:0] near_step_q, near_end_q;
    wire give = near_q && (!m_axis_tvalid || m_axis_tready);
    wire [STEP_W-1:0] step = REPEAT == 0 ? near_step_q : near_early_q ? {STEP_W{1'b0}} : near_late_q ? near_end_q
        : near_step_q;
    wire [WIDTH-1:0] value;
    assign move = busy_q && (!near_q || give);
    assign finish = give && near_last_q;
    assign m_axis_tdata = zero_q ? {WIDTH{1'b0}} : value;

    always @(posedge clk) begin
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (give) {near_q, m_axis_tvalid, m_axis_tlast, zero_q} <= {2'b01, near_last_q, near_zero_q};
        if (move) begin
            {near_q, near_early_q, near_late_q, near_zero_q} <= {1'b1, early, late, zero};
            {near_bank_q, near_beat_q, near_last_q} <= {bank_q, beat_q, last};
            {near_step_q, near_end_q} <= {step_q[STEP_W-1:0], last_q[STEP_W-1:0]};
        end
        if (rst) {near_q, m_axis_tvalid} <= 0;
    end

    lmu_ram #(.WIDTH(WIDTH), .DEPTH(2 << (STEP_W + BEAT_W))) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({in_bank_q, in_step_q, in_beat_q}), .wr_data(s_axis_tdata),
        .rd_en(give), .rd_addr({near_bank_q, step, near_beat_q}), .rd_data(value)
    );

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // Any one beat of any one step, and its value in each sequence that has come and not been given, the oldest one first;
    // that of the sequence that comes stands apart
    wire [STEP_W-1:0] f_step = $anyconst;
    wire [BEAT_W-1:0] f_beat = $anyconst;
    always @* assume (f_step < STEPS && f_beat < N);
    reg [POS_W-1:0] f_in_q;  // steps that have come of the sequence
    reg [BEAT_W-1:0] f_in_beat_q;
    reg [WIDTH-1:0] f_value_q, f_value_0_q, f_value_1_q, f_value_2_q;
    reg signed [POS_W-1:0] f_long_0_q, f_long_1_q, f_long_2_q;  // steps of the sequences
    reg [1:0] f_held_q;
    wire f_in_end = accept && f_in_beat_q == N - 1;
    wire f_ends = f_in_end && s_axis_tlast;
    wire [WIDTH-1:0] f_value = accept && f_in_q == f_step && f_in_beat_q == f_beat ? s_axis_tdata : f_value_q;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire f_done = f_given && m_axis_tlast;
    wire [1:0] f_left = f_held_q - f_done;
    always @* if (f_in_end && f_in_q == STEPS - 1) assume (s_axis_tlast);

    // The window and the place of the beat that is given, by the definition
    reg [MORE_W:0] f_window_q;
    reg [PLACE_W-1:0] f_place_q;
    reg [BEAT_W-1:0] f_beat_q;
    wire signed [31:0] f_long = f_long_0_q;
    wire signed [31:0] f_more = f_long + PAD < REACH ? 0 : (f_long + PAD - REACH) / APART;
    wire signed [31:0] f_lacks = f_more * APART + REACH - f_long;
    wire signed [31:0] f_begin = STRIDE < 0 ? f_long - 1 : CENTRED == 0 ? FIRST : f_lacks > 0 ? -(f_lacks / 2) : 0;
    wire signed [31:0] f_at = f_begin + $signed({1'b0, f_window_q}) * STRIDE + $signed({1'b0, f_place_q}) * DILATION;
    wire f_outside = f_at < 0 || f_at >= f_long;
    wire signed [31:0] f_nearest = f_at < 0 ? 0 : f_at >= f_long ? f_long - 1 : f_at;
    wire f_step_end = f_given && f_beat_q == N - 1;
    wire f_window_end = f_step_end && f_place_q == SIZE - 1;

    always @(posedge clk) begin
        f_value_q <= f_value;
        if (accept) f_in_beat_q <= f_in_end ? 0 : f_in_beat_q + 1;
        if (f_in_end) f_in_q <= s_axis_tlast ? 0 : f_in_q + 1;
        if (f_done) begin
            {f_long_0_q, f_long_1_q} <= {f_long_1_q, f_long_2_q};
            {f_value_0_q, f_value_1_q} <= {f_value_1_q, f_value_2_q};
        end
        if (f_ends && f_left == 0) {f_long_0_q, f_value_0_q} <= {f_in_q + ONE, f_value};
        if (f_ends && f_left == 1) {f_long_1_q, f_value_1_q} <= {f_in_q + ONE, f_value};
        if (f_ends && f_left == 2) {f_long_2_q, f_value_2_q} <= {f_in_q + ONE, f_value};
        f_held_q <= f_left + f_ends;
        if (f_given) f_beat_q <= f_beat_q == N - 1 ? 0 : f_beat_q + 1;
        if (f_step_end) f_place_q <= f_place_q == SIZE - 1 ? 0 : f_place_q + 1;
        if (f_window_end) f_window_q <= f_window_q == f_more ? 0 : f_window_q + 1;
        if (rst) {f_in_q, f_in_beat_q, f_held_q, f_window_q, f_place_q, f_beat_q} <= 0;
    end

    // The header's cycles: with a ready sink a sequence is out W*SIZE*N + 2 cycles after it has come into an empty unit,
    // and after the one before it has gone out W*SIZE*N + 1 cycles later
    reg [$clog2((MOST+1)*SIZE*N+4)-1:0] f_wait_q;
    always @(posedge clk) f_wait_q <= f_done || f_held_q == 0 || !m_axis_tready || rst ? 0 : f_wait_q + 1;

    always @* if (!rst) begin
        beats_in_range : assert (in_beat_q == f_in_beat_q && in_step_q == f_in_q && f_in_q < STEPS && f_in_beat_q < N);
        windows_counted : assert (more_q == (f_in_q + ONE + PAD < REACH ? 0 : (f_in_q + ONE + PAD - REACH) / APART));
        two_at_most : assert (stored_q != 3 && (stored_q != 2 || !s_axis_tready));
        none_lost : assert (f_held_q == stored_q + (m_axis_tvalid && m_axis_tlast));
        if (m_axis_tvalid) begin
            after_its_sequence : assert (f_held_q != 0);
            last_in_place : assert (m_axis_tlast == (f_window_q == f_more && f_place_q == SIZE - 1 && f_beat_q == N - 1));
            if (f_outside && REPEAT == 0) zero_in_place : assert (m_axis_tdata == 0);
            else if (f_nearest == f_step && f_beat_q == f_beat) value_in_place : assert (m_axis_tdata == f_value_0_q);
        end
        never_late : assert (f_wait_q <= (f_more + 1) * SIZE * N + 1);
        reach_closed : cover (f_done && f_held_q == 3);
        reach_last : cover (f_done && f_long_0_q == STEPS);
    end
`endif
endmodule
`default_nettype wire
