// SPDX-License-Identifier: Apache-2.0
// Gives with each step of a sequence of any length the ones before it, side by side, the oldest one first.
//
//   window t, place s = step t - (SIZE - 1 - s) * DILATION     s = 0..SIZE-1; zeros for a step before the first one
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; the next beat begins a sequence
//   s_axis_tdata   WIDTH   in          N beats a step
//   s_axis_tlast   1       in          read on a step's last beat: the next beat begins a sequence
//   m_axis_tdata   WIDTH   out         SIZE*N beats a window, a window a step
//   m_axis_tlast   1       out         last beat of the window of a step whose last input beat had s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = SIZE*N + 1   from a step's last input beat to its window's last output beat
//   ii      = SIZE*N       from one window to the next
//
// A ring holds the last DEPTH steps. A step is taken while fewer are held: those that the window reads that is given, and
// those behind it. s_axis_tready is a register.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_history #(
    // Values of a step, 1 or more
    parameter integer N = 4,
    // Steps of a window, 2 or more, and from one of them to the next
    parameter integer SIZE = 3, DILATION = 1,
    // Steps that the ring holds: a power of two, one more than a window reaches over or more
    parameter integer DEPTH = 4,
    // Bits of a value
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output reg s_axis_tready, input wire s_axis_tlast,
    output wire [WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam integer REACH = (SIZE - 1) * DILATION;
    localparam BEAT_W = N > 1 ? $clog2(N) : 1, SLOT_W = $clog2(DEPTH), HELD_W = SLOT_W + 1;

    if (N < 1 || SIZE < 2 || DILATION < 1 || WIDTH < 1) begin : g_check_sizes
        PARAM_ERROR_n_dilation_and_width_must_be_at_least_1_and_size_2 check ();
    end else if (DEPTH < REACH + 2 || DEPTH != 1 << SLOT_W) begin : g_check_depth
        PARAM_ERROR_depth_must_be_a_power_of_2_that_holds_a_window_and_a_step check ();
    end

    // What comes
    reg [BEAT_W-1:0] in_beat_q;
    reg [SLOT_W-1:0] in_slot_q;
    reg [DEPTH-1:0] ends_q;  // which steps end a sequence, by their slots
    wire accept = s_axis_tvalid && s_axis_tready;
    wire whole = accept && {1'b0, in_beat_q} == N[BEAT_W:0] - 1'b1;

    // What is given: beat_q of the step back_q before the one in slot_q, of whose sequence past_q are there, REACH at
    // most; ahead_q whole steps from that one on have not been given
    reg [BEAT_W-1:0] beat_q;
    reg [SLOT_W-1:0] slot_q, back_q, past_q;
    reg [HELD_W-1:0] ahead_q;
    wire give = ahead_q != 0 && (!m_axis_tvalid || m_axis_tready);
    wire beat_end = {1'b0, beat_q} == N[BEAT_W:0] - 1'b1;
    wire window_end = beat_end && back_q == 0;
    wire finish = give && window_end;
    wire ends = ends_q[slot_q];
    wire [HELD_W-1:0] held = {1'b0, past_q} + ahead_q;

    always @(posedge clk) begin
        s_axis_tready <= held < (whole ? DEPTH[HELD_W-1:0] - 1'b1 : DEPTH[HELD_W-1:0]) && !rst;
        if (accept) in_beat_q <= whole ? {BEAT_W{1'b0}} : in_beat_q + 1'b1;
        if (whole) begin
            ends_q[in_slot_q] <= s_axis_tlast;
            in_slot_q <= in_slot_q + 1'b1;
        end
        ahead_q <= ahead_q + {{SLOT_W{1'b0}}, whole} - {{SLOT_W{1'b0}}, finish};
        if (m_axis_tready) m_axis_tvalid <= 1'b0;
        if (give) begin
            m_axis_tvalid <= 1'b1;
            m_axis_tlast <= window_end && ends;
            beat_q <= beat_end ? {BEAT_W{1'b0}} : beat_q + 1'b1;
            if (beat_end) back_q <= back_q == 0 ? REACH[SLOT_W-1:0] : back_q - DILATION[SLOT_W-1:0];
        end
        if (finish) begin
            slot_q <= slot_q + 1'b1;
            past_q <= ends ? {SLOT_W{1'b0}} : past_q == REACH[SLOT_W-1:0] ? past_q : past_q + 1'b1;
        end
        if (rst) begin
            {in_beat_q, in_slot_q, beat_q, slot_q, past_q, ahead_q, m_axis_tvalid} <= 0;
            back_q <= REACH[SLOT_W-1:0];
        end
    end

    reg zero_q;
    wire [WIDTH-1:0] value;
    assign m_axis_tdata = zero_q ? {WIDTH{1'b0}} : value;
    always @(posedge clk) if (give) zero_q <= back_q > past_q;

    lmu_ram #(.WIDTH(WIDTH), .DEPTH(1 << (SLOT_W + BEAT_W))) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({in_slot_q, in_beat_q}), .wr_data(s_axis_tdata),
        .rd_en(give), .rd_addr({slot_q - back_q, beat_q}), .rd_data(value)
    );

`ifdef FORMAL
    localparam F_FLIGHT = DEPTH + 1;

    // Any one beat of any one place: what its window has there by the definition, from the step's end until it is given
    wire [BEAT_W-1:0] f_beat = $anyconst;
    wire [SLOT_W-1:0] f_place = $anyconst;
    always @* assume (f_beat < N && f_place < SIZE);
    wire [SLOT_W-1:0] f_back = (SIZE - 1 - f_place) * DILATION;
    wire [$clog2(N+1)-1:0] f_in;
    wire f_begun, f_done, f_due;
    wire [3:0] f_inside;
    reg [WIDTH-1:0] f_value_q;  // of the beat in the step that comes
    reg [REACH*WIDTH-1:0] f_before_q;  // in the steps before it, the latest one lowest
    reg [SLOT_W-1:0] f_count_q;  // of them, REACH at most
    reg [F_FLIGHT*WIDTH-1:0] f_expected_q;  // the oldest one lowest
    reg [BEAT_W-1:0] f_out_beat_q;
    reg [SLOT_W-1:0] f_out_place_q;
    wire [WIDTH-1:0] f_value = f_in == f_beat ? s_axis_tdata : f_value_q;
    wire [WIDTH-1:0] f_older = f_before_q >> (f_back - 1) * WIDTH;
    wire [WIDTH-1:0] f_window = f_back == 0 ? f_value : f_back > f_count_q ? 0 : f_older;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire [3:0] f_left = f_inside - f_done;
    wire [F_FLIGHT*WIDTH-1:0] f_rest = f_expected_q >> (f_done ? WIDTH : 0);
    wire [F_FLIGHT*WIDTH-1:0] f_mask = {WIDTH{1'b1}};

    always @(posedge clk) begin
        if (s_axis_tvalid && s_axis_tready) f_value_q <= f_value;
        if (f_begun) begin
            f_before_q <= {f_before_q, f_value};
            f_count_q <= s_axis_tlast ? 0 : f_count_q == REACH ? REACH : f_count_q + 1;
        end
        f_expected_q <= f_begun ? (f_rest & ~(f_mask << f_left * WIDTH)) | (f_window & f_mask) << f_left * WIDTH : f_rest;
        if (f_given) f_out_beat_q <= f_out_beat_q == N - 1 ? 0 : f_out_beat_q + 1;
        if (f_given && f_out_beat_q == N - 1) f_out_place_q <= f_out_place_q == SIZE - 1 ? 0 : f_out_place_q + 1;
        if (rst) {f_count_q, f_out_beat_q, f_out_place_q} <= 0;
    end

    always @* if (!rst) begin
        places_in_range : assert (in_beat_q < N && beat_q < N && back_q <= REACH && past_q <= REACH);
        ring_holds : assert (held <= DEPTH && (held < DEPTH || !s_axis_tready));
        slots_in_step : assert (in_slot_q == slot_q + ahead_q[SLOT_W-1:0]);
        if (m_axis_tvalid && f_out_beat_q == f_beat && f_out_place_q == f_place)
            value_in_place : assert (m_axis_tdata == f_expected_q[WIDTH-1:0]);
    end

    f_unit #(
        .S_W(WIDTH), .M_W(WIDTH), .N_IN(N), .N_OUT(SIZE * N), .FLIGHT(F_FLIGHT), .BEAT(1), .STEP((REACH + 1) * SIZE * N + 3),
        .LATENCY(SIZE * N + 1), .II(SIZE * N)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data(m_axis_tdata), .starved(1'b0), .open(s_axis_tready), .calm(m_axis_tready),
        .flow(m_axis_tready && s_axis_tvalid), .s_place(f_in), .begun(f_begun), .done(f_done), .steps(f_inside),
        .due(f_due)
    );

    always @(posedge clk) if (!rst) begin
        reach_end : cover (finish && ends && past_q == REACH);
        reach_stall : cover (!s_axis_tready && held == DEPTH);
    end
`endif
endmodule
`default_nettype wire
