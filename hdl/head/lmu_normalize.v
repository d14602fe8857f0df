// SPDX-License-Identifier: Apache-2.0
// N values over their deviation, root mean square or Euclidean norm; all in units of the last bit of x:
//
//   d_k = N x_k - sum_j x_j if CENTERED, else x_k                  exact
//   v   = sum_j d_j^2 + epsilon                                    exact
//   r   = max(1, floor(sqrt(floor(4^GUARD v / DIVISOR))))
//   out_k = assign_out(2^GUARD d_k / r)   the exact quotient: OUT_F + 1 fraction bits, and one that says whether a rest
//                                         is left
//
// While a step is worked on, the next one is stored. Two passes over a stored step: first the squares, by one
// multiplier, whose sum is divided and has its root taken, a bit a cycle each; then one division after another, a bit of
// the quotient a cycle.
//
//   Signal           Width    Direction   Description
//   clk, rst         1        in          rising edge; rst is synchronous, active high; the next beat begins a step
//   s_axis_tdata     X_W      in          signed, N beats a step
//   s_axis_tlast     1        in          read on a step's last beat
//   m_axis_tdata     OUT_W    out         signed, OUT_F fraction bits, N beats a step
//   m_axis_tlast     1        out         last beat of a step whose last input beat had s_axis_tlast
//   m_axis_tuser     1        out         the value was clipped to fit
//
//   Cycles (exact, without gaps and back-pressure)
//   R       = (TOTAL_W + 1) / 2 + GUARD      bits of a root
//   D       = max(WHOLE_W + OUT_F + 1, 5)    a division
//   MORE    stages of a product that lmu_mac cuts: 0 where |d| has no more than 17 bits
//   latency = N*D + N + 3*R + 10 + MORE      from a step's last input beat to its last output beat
//   ii      = (N-1)*D + max(D, N + 3*R + 7 + MORE)  from one step's last output beat to that of the next
//
// Under back-pressure the divisions wait.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_normalize #(
    // Values of a step, 1 or more
    parameter integer N = 8,
    // Types of x and of the output, whose fraction bits are 0 or more
    parameter integer X_TYPE = 32'h00_000a_10, OUT_TYPE = 32'h16_000a_10,
    // Whether the mean is subtracted
    parameter integer CENTERED = 1,
    // By what the sum of squares is divided, 1 or more
    parameter integer DIVISOR = 8,
    // By how many bits the root is finer than d
    parameter integer GUARD = 2,
    // epsilon = EPSILON + 2^31 EPSILON_HIGH
    parameter integer EPSILON = 0, EPSILON_HIGH = 0,
    // Bits of |d|, of v, and of |out| before it is rounded, left of the binary point
    parameter integer DIFF_W = 19, TOTAL_W = 40, WHOLE_W = 3
) (
    input wire clk, rst,
    input wire [X_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [OUT_TYPE%256-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [0:0] m_axis_tuser
);

    localparam integer X_W = X_TYPE % 256, OUT_W = OUT_TYPE % 256, OUT_F = (OUT_TYPE <<< 8) >>> 16;
    localparam PLACE_W = N > 1 ? $clog2(N) : 1, SUM_W = X_W + $clog2(N) + 1, D_W = DIFF_W + 1;
    localparam ROOT_W = (TOTAL_W + 1) / 2 + GUARD, VALUE_W = 2 * ROOT_W, PART_W = $clog2(DIVISOR + 1);
    // Cycles of a division; the next difference is there five cycles after the one before
    localparam DIVISION = WHOLE_W + OUT_F + 1 > 5 ? WHOLE_W + OUT_F + 1 : 5, LIFT = GUARD + OUT_F + 1;
    localparam MORE = $clog2((1 + (D_W - 2) / 17) * (1 + (D_W - 2) / 17));  // as in lmu_mac
    localparam COUNT_W = $clog2(VALUE_W);

    if (N < 1 || X_W < 1 || OUT_W < 1 || DIFF_W < 1 || TOTAL_W < 1) begin : g_check_sizes
        PARAM_ERROR_n_and_widths_must_be_at_least_1 check ();
    end else if (OUT_F < 0) begin : g_check_out_f PARAM_ERROR_out_f_must_not_be_negative check ();
    end else if (DIVISOR < 1 || GUARD < 0 || WHOLE_W < 2) begin : g_check_divisor
        PARAM_ERROR_divisor_guard_or_whole_w_too_small check ();
    end

    // Input: two banks, each with the sum of its values
    reg wr_bank_q;
    reg [PLACE_W-1:0] wr_place_q;
    reg [1:0] full_q, last_q;
    reg signed [SUM_W-1:0] sum_q[0:1];
    wire accept = s_axis_tvalid && s_axis_tready;
    wire wr_end = {1'b0, wr_place_q} == N[PLACE_W:0] - 1'b1;
    wire signed [SUM_W-1:0] arriving = {{(SUM_W - X_W) {s_axis_tdata[X_W-1]}}, s_axis_tdata};
    assign s_axis_tready = !full_q[wr_bank_q];

    // Reader: places 0..N-1 for the squares, then again, one for each division
    reg rd_bank_q, root_valid_q;
    reg [PLACE_W-1:0] rd_place_q;
    reg squaring_q;  // this pass is the one for the squares
    reg [4+MORE:0] term_q;  // reach the sum with their square
    reg [5+MORE:0] terms_end_q;
    reg [2:0] first_q;  // reach the multiplier with the first difference
    wire rd_end = {1'b0, rd_place_q} == N[PLACE_W:0] - 1'b1;
    wire squaring = squaring_q && full_q[rd_bank_q];
    reg [3:0] still_q;  // the difference of this place is there
    wire divider_free;
    wire due = root_valid_q && still_q[3];
    wire load = divider_free && due;
    wire free = load && rd_end;  // the bank has been read for the last time

    always @(posedge clk) begin
        if (accept) begin
            sum_q[wr_bank_q] <= wr_place_q == 0 ? arriving : sum_q[wr_bank_q] + arriving;
            wr_place_q <= wr_end ? {PLACE_W{1'b0}} : wr_place_q + 1'b1;
            if (wr_end) begin
                full_q[wr_bank_q] <= 1'b1;
                last_q[wr_bank_q] <= s_axis_tlast;
                wr_bank_q <= !wr_bank_q;
            end
        end
        if (free) full_q[rd_bank_q] <= 1'b0;
        if (rst) {wr_bank_q, wr_place_q} <= 0;
        if (rst) full_q <= 0;
    end

    reg dividing_sum_q, rooting_q;  // what is done with the sum of squares
    reg [COUNT_W-1:0] count_q;
    wire divided = {1'b0, count_q} == VALUE_W[COUNT_W:0] - 1'b1, rooted = {1'b0, count_q} == ROOT_W[COUNT_W:0] - 1'b1;

    always @(posedge clk) begin
        if (squaring || load) rd_place_q <= rd_end ? {PLACE_W{1'b0}} : rd_place_q + 1'b1;
        still_q <= squaring || load ? 4'b0000 : {still_q[2:0], 1'b1};
        if (squaring && rd_end) squaring_q <= 1'b0;
        if (free) begin
            squaring_q <= 1'b1;
            rd_bank_q <= !rd_bank_q;
        end
        term_q <= {term_q[3+MORE:0], squaring};
        terms_end_q <= {terms_end_q[4+MORE:0], squaring && rd_end};
        first_q <= {first_q[1:0], rd_place_q == 0};
        count_q <= (dividing_sum_q && !divided) || rooting_q ? count_q + 1'b1 : {COUNT_W{1'b0}};
        if (terms_end_q[5+MORE]) dividing_sum_q <= 1'b1;
        else if (divided) dividing_sum_q <= 1'b0;
        if (dividing_sum_q && divided) rooting_q <= 1'b1;
        else if (rooted) rooting_q <= 1'b0;
        if (rooting_q && rooted) root_valid_q <= 1'b1;
        else if (free) root_valid_q <= 1'b0;
        if (rst) {rd_bank_q, rd_place_q, root_valid_q, term_q, terms_end_q, dividing_sum_q, rooting_q, squaring_q} <= 1;
    end

    // From a value to its difference and the sum of squares
    wire signed [X_W-1:0] x;
    wire signed [SUM_W-1:0] sum = sum_q[rd_bank_q];
    reg signed [D_W-1:0] difference_q;
    localparam ACC_W = TOTAL_W + 1 > 2 * D_W ? TOTAL_W + 1 : 2 * D_W;
    wire [ACC_W+61:0] epsilon = {{ACC_W{1'b0}}, EPSILON_HIGH[30:0], EPSILON[30:0]};
    wire [ACC_W-1:0] total;
    wire [VALUE_W:0] lifted = {{(VALUE_W + 1 - TOTAL_W) {1'b0}}, total[TOTAL_W-1:0]} << (2 * GUARD);

    lmu_ram #(.WIDTH(X_W), .DEPTH(2 << PLACE_W)) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({wr_bank_q, wr_place_q}), .wr_data(s_axis_tdata),
        .rd_en(1'b1), .rd_addr({rd_bank_q, rd_place_q}), .rd_data(x)
    );

    localparam WIDE_W = (D_W > SUM_W ? D_W : SUM_W) + 2 + PLACE_W;  // of N x, of which a difference needs D_W bits
    reg signed [X_W-1:0] x_q;
    wire signed [WIDE_W-1:0] wide = {{(WIDE_W - X_W) {x_q[X_W-1]}}, x_q};
    wire signed [WIDE_W-1:0] whole = {{(WIDE_W - SUM_W) {sum[SUM_W-1]}}, sum};
    localparam [WIDE_W+31:0] N_LONG = {{WIDE_W{1'b0}}, N};  // N alone has no bits above 31
    localparam signed [WIDE_W-1:0] N_WIDE = N_LONG[WIDE_W-1:0];
    reg signed [WIDE_W-1:0] scaled_q;
    wire signed [WIDE_W-1:0] centered = CENTERED != 0 ? scaled_q - whole : scaled_q;
    wire signed [D_W-1:0] difference = centered[D_W-1:0];

    always @(posedge clk) begin
        x_q <= x;
        scaled_q <= CENTERED != 0 ? wide * N_WIDE : wide;
        difference_q <= difference;
    end

    lmu_mac #(.COEF_W(D_W), .OP_W(D_W), .ACC_W(ACC_W), .HAS_BASE(1)) squares (
        .clk(clk), .en(1'b1),
        .add(term_q[4+MORE]), .first(first_q[2]), .coef(difference), .operand(difference), .base(epsilon[ACC_W-1:0]),
        .acc(total)
    );

    // The sum over DIVISOR, a bit a cycle; then its root, the highest bit first
    reg [VALUE_W-1:0] value_q;
    reg [PART_W-1:0] part_q;  // below DIVISOR
    wire [PART_W:0] part = {part_q, value_q[VALUE_W-1]};
    wire part_fits = part >= DIVISOR[PART_W:0];
    reg [ROOT_W-1:0] root_q;
    reg [ROOT_W:0] left_q;  // at most twice the root
    wire [ROOT_W+2:0] left = {left_q, value_q[VALUE_W-1:VALUE_W-2]}, tried = {1'b0, root_q, 2'b01};
    wire root_fits = left >= tried;
    wire [ROOT_W+2:0] left_next = root_fits ? left - tried : left;
    wire [PART_W:0] part_next = part_fits ? part - DIVISOR[PART_W:0] : part;
    wire [ROOT_W:0] root_next = {root_q, root_fits};

    always @(posedge clk) begin
        if (terms_end_q[5+MORE]) begin
            value_q <= lifted[VALUE_W-1:0];
            part_q <= {PART_W{1'b0}};
            root_q <= {ROOT_W{1'b0}};
            left_q <= {(ROOT_W + 1) {1'b0}};
        end else if (dividing_sum_q) begin
            value_q <= {value_q[VALUE_W-2:0], part_fits};
            part_q <= part_next[PART_W-1:0];
        end else if (rooting_q) begin
            value_q <= value_q << 2;
            root_q <= root_next[ROOT_W-1:0];
            left_q <= left_next[ROOT_W:0];
        end
    end

    // A difference over the root
    wire negative = difference_q[D_W-1];
    wire [DIFF_W-1:0] magnitude = negative ? -difference_q[DIFF_W-1:0] : difference_q[DIFF_W-1:0];
    wire [ROOT_W+DIVISION+DIFF_W+LIFT-1:0] dividend = {{(ROOT_W + DIVISION + LIFT) {1'b0}}, magnitude} << LIFT;
    wire [ROOT_W:0] divisor = {negative, root_q} | {{ROOT_W{1'b0}}, root_q == 0};

    lmu_divider #(.W(ROOT_W), .BITS(DIVISION), .OUT_TYPE(OUT_TYPE), .FAST(1)) divide (
        .clk(clk), .rst(rst),
        .s_axis_tdata(dividend[ROOT_W+DIVISION-1:0]), .s_axis_tvalid(due), .s_axis_tready(divider_free),
        .s_axis_tlast(rd_end && last_q[rd_bank_q]), .s_axis_tuser(divisor),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser)
    );

    // Bits that a number cannot have, which its width makes room for
    wire unused_above = &{epsilon, total, lifted, centered, left_next, part_next, root_next, dividend};

`ifdef FORMAL
    // Counters in range; a bank is not written before it has been read for the last time
    always @* if (!rst) begin
        places_in_range : assert (wr_place_q < N && rd_place_q < N);
        read_what_is_there : assert (!(squaring || load) || full_q[rd_bank_q]);
        bank_kept : assert (!accept || !full_q[wr_bank_q]);
        one_at_a_time : assert (dividing_sum_q + rooting_q + root_valid_q <= 1);
    end

    // Each sum has the N terms of its step, and nothing else; each division has the difference that belongs to it: the
    // one of the place that has been there for four cycles
    reg [$clog2(N+1)-1:0] f_terms_q;
    reg [2:0] f_still_q;  // cycles since rd_place_q or rd_bank_q changed, at most 7
    always @(posedge clk) begin
        if (terms_end_q[4+MORE]) f_terms_q <= 0;
        else if (term_q[4+MORE]) f_terms_q <= f_terms_q + 1'b1;
        f_still_q <= squaring || load ? 0 : f_still_q == 7 ? 7 : f_still_q + 1;
        if (rst) {f_terms_q, f_still_q} <= 0;
    end

    always @* if (!rst) begin
        sum_is_whole : assert (!terms_end_q[4+MORE] || (term_q[4+MORE] && f_terms_q == N - 1));
        difference_belongs_to_place : assert (!load || f_still_q >= 4);
    end

    // The root is exact: its square is the largest that is no larger
    reg [VALUE_W-1:0] f_value_q;
    wire [VALUE_W+PART_W:0] f_square = root_q * root_q, f_next = f_square + 2 * root_q + 1;
    always @(posedge clk) if (dividing_sum_q && divided) f_value_q <= {value_q[VALUE_W-2:0], part_fits};
    always @* if (!rst && root_valid_q) root_exact : assert (f_square <= f_value_q && f_value_q < f_next);

    wire f_done;
    wire [3:0] f_inside;
    f_unit #(
        .S_W(X_W), .M_W(OUT_W + 1), .N_IN(N), .N_OUT(N), .FLIGHT(4),
        .BEAT(N + 3 * ROOT_W + DIVISION + 9 + MORE), .STEP(N * DIVISION + N + 3 * ROOT_W + 10 + MORE),
        .LATENCY(N * DIVISION + N + 3 * ROOT_W + 10 + MORE),
        .II((N - 1) * DIVISION + (DIVISION > N + 3 * ROOT_W + 7 + MORE ? DIVISION : N + 3 * ROOT_W + 7 + MORE))
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data(s_axis_tdata), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid), .done(f_done), .steps(f_inside)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (f_done && m_axis_tlast);
        reach_stall : cover (m_axis_tvalid && !m_axis_tready && f_inside > 2);
        reach_negative : cover (load && negative);
    end
`endif
endmodule
`default_nettype wire
