// SPDX-License-Identifier: Apache-2.0
// Softmax of N values:
//
//   d_k = max_j x_j - x_k         exact, not negative
//   e_k = table[assign_index(d_k + up)]   up = LSB of the index - LSB of x, or 0: an index that truncates so rounds up
//   s   = sum_k e_k               exact
//   out_k = assign_out(e_k / s)   the exact quotient: OUT_F + 1 fraction bits, and one that says whether a rest is left
//
// While a step is worked on, the next one is stored. Two passes over a stored step: first the sum, then one division
// after another, a bit of the quotient a cycle.
//
//   Signal           Width    Direction   Description
//   clk, rst         1        in          rising edge; rst is synchronous, active high; the next beat begins a step
//   s_axis_tdata     X_W      in          signed, X_F fraction bits, N beats a step
//   s_axis_tlast     1        in          read on a step's last beat
//   m_axis_tdata     OUT_W    out         signed, OUT_F fraction bits, N beats a step
//   m_axis_tlast     1        out         last beat of a step whose last input beat had s_axis_tlast
//   m_axis_tuser     1        out         the value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   D       = max(OUT_F + 2, 6)              a division
//   latency = N*D + N + 10                   from a step's last input beat to its last output beat
//   ii      = (N-1)*D + max(D, N + 6)        from one step's last output beat to that of the next
//
// Under back-pressure the divisions wait.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_softmax #(
    // Values of a step, 1 or more
    parameter integer N = 10,
    // Type of x
    parameter integer X_TYPE = 32'h00_000a_10,
    // Type, as in lmu_round_sat, of the table's index, which is unsigned
    parameter integer INDEX_TYPE = 32'h16_0007_0a,
    // Type of the table's words, which are unsigned; the fraction cancels out in the quotient
    parameter integer EXP_TYPE = 32'h00_0011_12,
    // Type of the output; its fraction bits are 0 or more
    parameter integer OUT_TYPE = 32'h16_000e_10,
    // 2**INDEX_W words, read by $readmemh; word k is exp(-d) for the index k. Word 0 is not 0.
    parameter TABLE_FILE = "lmu_softmax.hex"
) (
    input wire clk, rst,
    input wire [X_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [OUT_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer X_W = X_TYPE % 256, X_F = (X_TYPE <<< 8) >>> 16;
    localparam integer INDEX_W = INDEX_TYPE % 256, INDEX_F = (INDEX_TYPE <<< 8) >>> 16;
    localparam integer EXP_W = EXP_TYPE % 256, EXP_F = (EXP_TYPE <<< 8) >>> 16;
    localparam integer OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16;

    // Bits that the index drops; all of them ones are added to a distance
    localparam DROPPED = X_F > INDEX_F ? X_F - INDEX_F : 0, DISTANCE_W = (X_W > DROPPED ? X_W : DROPPED) + 2;
    localparam PLACE_W = N > 1 ? $clog2(N) : 1, SUM_W = EXP_W + $clog2(N);
    // Bits of a quotient, which is at most one; the next e is there six cycles after the one before
    localparam DIVISION = OUT_F + 2 > 6 ? OUT_F + 2 : 6;

    if (N < 1 || X_W < 1 || INDEX_W < 1 || EXP_W < 1 || OUT_W < 1) begin : g_check_sizes
        PARAM_ERROR_n_and_widths_must_be_at_least_1 check ();
    end else if (OUT_F < 0) begin : g_check_out_f PARAM_ERROR_out_f_must_not_be_negative check ();
    end else if (EXP_F < 0) begin : g_check_exp_f PARAM_ERROR_exp_f_must_not_be_negative check ();
    end

    // Input: two banks, and the largest value of the step that is written or waits: the reader takes it before that of
    // the next step can be there. Its upper half is known a cycle before the lower one, so that half a comparison is
    // made in a cycle.
    localparam HALF = (X_W + 1) / 2, ODD = 2 * HALF - X_W;
    reg wr_bank_q;
    reg [PLACE_W-1:0] wr_place_q;
    reg [1:0] full_q, last_q, there_q;  // there_q: full_q, when the largest value is there
    reg [X_W-1:0] new_q;
    reg new_valid_q, new_first_q;
    reg signed [HALF-1:0] upper_q, max_upper_q;
    reg [HALF-1:0] new_lower_q, max_lower_q;
    reg larger_q, equal_q;  // the upper half of the value of new_lower_q, compared with that of the largest before it
    wire [2*HALF-1:0] new_value;
    wire signed [HALF-1:0] new_upper = new_value[2*HALF-1:HALF];
    wire larger = new_first_q || new_upper > upper_q;
    wire lower_larger = larger_q || (equal_q && new_lower_q > max_lower_q);
    wire [2*HALF-1:0] max_halves = {max_upper_q, max_lower_q};
    wire signed [X_W-1:0] max = max_halves[2*HALF-1:ODD];
    wire unused_lowest = max_halves[0];  // is not a bit of it where X_W is odd
    wire accept = s_axis_tvalid && s_axis_tready;
    wire wr_end = {1'b0, wr_place_q} == N[PLACE_W:0] - 1'b1;
    assign s_axis_tready = !full_q[wr_bank_q];

    lmu_align #(.IN_W(X_W), .SHIFT(ODD), .OUT_W(2 * HALF)) align_new (.in_data(new_q), .out_data(new_value));

    // Reader: places 0..N-1 for the sum, then again, one for each division
    reg rd_bank_q;
    reg [PLACE_W-1:0] rd_place_q;
    reg summing_q;  // this pass is the one for the sum
    reg [4:0] term_q;  // reach the sum with their e
    reg first_q;  // the first of them was read
    reg [3:0] moved_q;
    reg settled_q;  // the e of this place is there, and that of the one before in the sum
    wire rd_end = {1'b0, rd_place_q} == N[PLACE_W:0] - 1'b1;
    wire summing = summing_q && there_q[rd_bank_q];
    wire divider_free;
    wire due = settled_q && !summing_q;
    wire load = divider_free && due;
    wire free = load && rd_end;  // the bank has been read for the last time

    always @(posedge clk) begin
        new_q <= s_axis_tdata;
        {new_valid_q, new_first_q} <= {accept, wr_place_q == 0};
        if (new_valid_q && larger) upper_q <= new_upper;
        {larger_q, equal_q} <= {new_valid_q && larger, new_valid_q && new_upper == upper_q};
        new_lower_q <= new_value[HALF-1:0];
        max_upper_q <= upper_q;
        if (lower_larger) max_lower_q <= new_lower_q;
        there_q <= full_q;
        if (accept) begin
            wr_place_q <= wr_end ? {PLACE_W{1'b0}} : wr_place_q + 1'b1;
            if (wr_end) begin
                full_q[wr_bank_q] <= 1'b1;
                last_q[wr_bank_q] <= s_axis_tlast;
                wr_bank_q <= !wr_bank_q;
            end
        end
        if (free) full_q[rd_bank_q] <= 1'b0;
        if (rst) {wr_bank_q, wr_place_q, new_valid_q, there_q} <= 0;
        if (rst) full_q <= 0;
    end

    always @(posedge clk) begin
        if (summing || load) rd_place_q <= rd_end ? {PLACE_W{1'b0}} : rd_place_q + 1'b1;
        if (summing && rd_end) summing_q <= 1'b0;
        if (free) begin
            summing_q <= 1'b1;
            rd_bank_q <= !rd_bank_q;
        end
        term_q <= {term_q[3:0], summing};
        first_q <= summing && rd_place_q == 0;
        moved_q <= {moved_q[2:0], summing || load};
        settled_q <= !(summing || load) && moved_q == 0;
        if (rst) {rd_bank_q, rd_place_q, term_q, moved_q, settled_q, summing_q} <= 1;
    end

    // From a value to its e; words of memories go through a second register
    wire signed [X_W-1:0] x;
    reg signed [X_W-1:0] x_q;
    reg [DISTANCE_W-1:0] above_q, distance_q;  // a distance is never negative
    wire [DISTANCE_W-1:0] up = ~({DISTANCE_W{1'b1}} << DROPPED);
    wire [INDEX_W:0] index;
    wire [EXP_W-1:0] e;
    reg [EXP_W-1:0] e_q;
    reg [SUM_W-1:0] sum_q;
    wire unused_clipped;

    lmu_ram #(.WIDTH(X_W), .DEPTH(2 << PLACE_W)) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({wr_bank_q, wr_place_q}), .wr_data(s_axis_tdata),
        .rd_en(1'b1), .rd_addr({rd_bank_q, rd_place_q}), .rd_data(x)
    );

    always @(posedge clk) begin
        x_q <= x;
        if (first_q) above_q <= {{(DISTANCE_W - X_W) {max[X_W-1]}}, max} + up;
        distance_q <= above_q - {{(DISTANCE_W - X_W) {x_q[X_W-1]}}, x_q};
        e_q <= e;
        if (free) sum_q <= {SUM_W{1'b0}};
        else if (term_q[4]) sum_q <= sum_q + {{(SUM_W - EXP_W) {1'b0}}, e_q};
        if (rst) sum_q <= {SUM_W{1'b0}};
    end

    // The distance is not negative, so that an unsigned index is a signed one with a bit more
    lmu_round_sat #(.IN_W(DISTANCE_W), .IN_F(X_F), .OUT_TYPE(INDEX_TYPE + 1)) to_index (
        .in_data(distance_q), .out_data(index), .clipped(unused_clipped)
    );
    lmu_rom #(.WIDTH(EXP_W), .DEPTH(1 << INDEX_W), .FILE(TABLE_FILE)) rom (
        .clk(clk), .rd_en(1'b1), .rd_addr(index[INDEX_W-1:0]), .rd_data(e)
    );

    wire unused_index = index[INDEX_W];

    // The division of e by the sum
    wire [SUM_W+DIVISION-1:0] dividend = {{(SUM_W + DIVISION - EXP_W) {1'b0}}, e_q} << (OUT_F + 1);

    lmu_divider #(.W(SUM_W), .BITS(DIVISION), .OUT_TYPE(OUT_TYPE)) divide (
        .clk(clk), .rst(rst),
        .s_axis_tdata(dividend), .s_axis_tvalid(due), .s_axis_tready(divider_free),
        .s_axis_tlast(rd_end && last_q[rd_bank_q]), .s_axis_tuser({1'b0, sum_q}),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

`ifdef FORMAL
    // Counters in range; a bank is not written before it has been read for the last time
    always @* if (!rst) begin
        places_in_range : assert (wr_place_q < N && rd_place_q < N);
        read_what_is_there : assert (!(summing || load) || full_q[rd_bank_q]);
        bank_kept : assert (!accept || !full_q[wr_bank_q]);
    end

    // The halves of the largest value are those of the largest of whole values
    reg f_new_q = 1'b0, f_first_q, f_known_q = 1'b0;
    reg signed [X_W-1:0] f_value_q, f_max_q;
    wire signed [X_W-1:0] f_next = f_new_q && (f_first_q || f_value_q > f_max_q) ? f_value_q : f_max_q;
    wire signed [2*HALF-1:0] f_halves;
    lmu_align #(.IN_W(X_W), .SHIFT(ODD), .OUT_W(2 * HALF)) f_align (.in_data(f_next), .out_data(f_halves));
    always @(posedge clk) begin
        {f_new_q, f_first_q, f_value_q} <= {new_valid_q, new_first_q, new_q};
        f_max_q <= f_next;
        if (f_new_q && f_first_q) f_known_q <= 1'b1;
        if (f_known_q || (f_new_q && f_first_q)) upper_exact : assert (upper_q == f_halves[2*HALF-1:HALF]);
        if (f_known_q) max_exact : assert (max == f_max_q);
    end

    // Each sum has the N terms of its step, and nothing else; each division has the e that belongs to it: the one of
    // the place that has been there for five cycles
    reg [$clog2(N+1)-1:0] f_terms_q;
    reg [2:0] f_still_q;  // cycles since rd_place_q or rd_bank_q changed, at most 6
    always @(posedge clk) begin
        if (free) f_terms_q <= 0;
        else if (term_q[4]) f_terms_q <= f_terms_q + 1'b1;
        f_still_q <= summing || load ? 0 : f_still_q == 6 ? 6 : f_still_q + 1;
        if (rst) {f_terms_q, f_still_q} <= 0;
    end

    always @* if (!rst && due) begin
        sum_is_whole : assert (f_terms_q == N && term_q == 0);
        e_belongs_to_place : assert (f_still_q >= 5);
        e_within_sum : assert (e_q <= sum_q);
        dividend_exact : assert (dividend == e_q << (OUT_F + 1));
    end

    wire f_done;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(X_W), .M_W(OUT_W + 1), .N_IN(N), .N_OUT(N), .FLIGHT(5),
        .BEAT(N + DIVISION + 9), .STEP(N * DIVISION + N + 10),
        .LATENCY(N * DIVISION + N + 10), .II((N - 1) * DIVISION + (DIVISION > N + 6 ? DIVISION : N + 6))
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (f_done && m_axis_tlast);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && f_inside > 2);
        reach_one : cover (load && e_q == sum_q && e_q != 0);
    end
`endif
endmodule
`default_nettype wire
