// SPDX-License-Identifier: Apache-2.0
// Holds two vectors of N values: one is taken in while the other is given out, in another order if wanted.
//
//   REORDER = 0     out[k] = in[k]
//   REORDER = 1     out[ORDER_FILE[k]] = in[k]
//   KEEP_LAST = 1   only the vector that ends with tlast comes out
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high; both vectors are dropped
//   s_axis_tdata   WIDTH   in          one value a beat, N beats a vector
//   s_axis_tlast   1       in          last beat of the sequence, which is the last one of a vector
//   m_axis_tdata   WIDTH   out         one value a beat, N beats a vector
//   m_axis_tlast   1       out         last beat of a vector that came with s_axis_tlast
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = N + 2    from a vector's last input beat to its last output beat
//   ii      = N        from one vector's first input beat to that of the next
//
// m_axis_tready acts on clock enables within the cycle, and on no output. The output is the register behind the RAM,
// which block RAMs have: without it their words come late in the cycle.
//
// ORDER_FILE has max(N, 2) words: word k is the place of the k-th arriving value. They are a permutation of 0..N-1
// (a second word with N = 1 is not used).

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_vector_buffer #(
    // Bits of a value, 1 or more
    parameter integer WIDTH = 16,
    // Values of a vector, 1 or more
    parameter integer N = 8,
    // 1: drop the vectors that do not end with tlast
    parameter integer KEEP_LAST = 0,
    // 1: the places are read from ORDER_FILE
    parameter integer REORDER = 0,
    // Places, read by $readmemh
    parameter ORDER_FILE = "lmu_vector_buffer.hex"
) (
    input wire clk, rst,
    input wire [WIDTH-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output reg [WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast
);

    localparam COUNT_W = N > 1 ? $clog2(N) : 1;
    localparam [COUNT_W-1:0] ZERO = 0;

    if (WIDTH < 1 || N < 1) begin : g_check_sizes PARAM_ERROR_width_and_n_must_be_at_least_1 check ();
    end else if ((KEEP_LAST != 0 && KEEP_LAST != 1) || (REORDER != 0 && REORDER != 1)) begin : g_check_options
        PARAM_ERROR_keep_last_and_reorder_must_be_0_or_1 check ();
    end

    reg [1:0] full_q;  // of each half: holds a vector that is to come out
    reg [1:0] last_q;  // of each half: the vector came with tlast
    reg wr_half_q, rd_half_q;
    reg [COUNT_W-1:0] wr_count_q, rd_count_q;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire wr_end = {1'b0, wr_count_q} == N[COUNT_W:0] - 1'b1;
    wire rd_end = {1'b0, rd_count_q} == N[COUNT_W:0] - 1'b1;
    reg word_valid_q, word_last_q;  // of the word that has been read
    wire [WIDTH-1:0] word;
    wire move = !m_axis_tvalid || m_axis_tready;
    wire rd_en = full_q[rd_half_q] && (!word_valid_q || move);
    wire [COUNT_W-1:0] wr_count_d = wr_end ? ZERO : wr_count_q + 1'b1;
    wire [COUNT_W-1:0] place;
    assign s_axis_tready = !full_q[wr_half_q];

    always @(posedge clk) begin
        if (accept) begin
            wr_count_q <= wr_count_d;
            if (wr_end && (KEEP_LAST == 0 || s_axis_tlast)) begin
                full_q[wr_half_q] <= 1'b1;
                last_q[wr_half_q] <= s_axis_tlast;
                wr_half_q <= !wr_half_q;
            end
        end
        if (move) begin
            m_axis_tvalid <= word_valid_q;
            {m_axis_tlast, m_axis_tdata} <= {word_last_q, word};
            word_valid_q <= 1'b0;
        end
        if (rd_en) begin
            word_valid_q <= 1'b1;
            word_last_q <= rd_end && last_q[rd_half_q];
            rd_count_q <= rd_end ? ZERO : rd_count_q + 1'b1;
            if (rd_end) begin
                full_q[rd_half_q] <= 1'b0;
                rd_half_q <= !rd_half_q;
            end
        end
        if (rst) {wr_half_q, rd_half_q, wr_count_q, rd_count_q, word_valid_q, m_axis_tvalid} <= 0;
        if (rst) full_q <= 0;
    end

    lmu_ram #(.WIDTH(WIDTH), .DEPTH(2 << COUNT_W)) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({wr_half_q, place}), .wr_data(s_axis_tdata),
        .rd_en(rd_en), .rd_addr({rd_half_q, rd_count_q}), .rd_data(word)
    );

    if (REORDER != 0) begin : g_reorder
        // Read one beat ahead: the place of the first value during rst
        lmu_rom #(.WIDTH(COUNT_W), .DEPTH(N > 1 ? N : 2), .FILE(ORDER_FILE)) rom (
            .clk(clk), .rd_en(accept || rst), .rd_addr(rst ? ZERO : wr_count_d), .rd_data(place)
        );
    end else begin : g_in_order
        assign place = wr_count_q;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(WIDTH + 1)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast});
    f_axis #(.WIDTH(WIDTH + 1)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdata, m_axis_tlast});

    // A source puts tlast on a vector's last beat
    reg [COUNT_W-1:0] f_in_q;
    wire f_in_end = f_in_q == N - 1;
    always @* if (s_axis_tlast) assume (f_in_end);

    // Nothing lost, invented or moved, for the value at an arbitrary place (in the order of arrival, REORDER = 0)
    localparam F_FLIGHT = N == 1 ? 4 : 3;  // vectors in the unit that are to come out, at most
    wire [COUNT_W-1:0] f_place = $anyconst;
    reg [F_FLIGHT*(WIDTH+1)-1:0] f_words_q;  // tlast and value of each, the oldest one lowest
    reg [2:0] f_vectors_q;
    reg [WIDTH-1:0] f_value_q;
    reg [COUNT_W-1:0] f_out_q;
    wire f_given = m_axis_tvalid && m_axis_tready;
    wire f_keep = accept && f_in_end && (KEEP_LAST == 0 || s_axis_tlast);
    wire f_done = f_given && f_out_q == N - 1;
    wire [2:0] f_left = f_vectors_q - f_done;
    wire [WIDTH-1:0] f_value = accept && f_in_q == f_place ? s_axis_tdata : f_value_q;
    wire [F_FLIGHT*(WIDTH+1)-1:0] f_rest = f_done ? f_words_q >> (WIDTH + 1) : f_words_q;
    integer f_k;
    always @* assume (f_place < N);

    always @(posedge clk) begin
        f_value_q <= f_value;
        f_vectors_q <= f_left + f_keep;
        f_words_q <= f_rest;
        for (f_k = 0; f_k < F_FLIGHT; f_k = f_k + 1) begin
            if (f_keep && f_left == f_k) f_words_q[f_k*(WIDTH+1)+:WIDTH+1] <= {s_axis_tlast, f_value};
        end
        if (accept) f_in_q <= f_in_end ? 0 : f_in_q + 1;
        if (f_given) f_out_q <= f_out_q == N - 1 ? 0 : f_out_q + 1;
        if (rst) {f_vectors_q, f_in_q, f_out_q} <= 0;
    end

    always @* if (!rst) begin
        counts_in_range : assert (wr_count_q < N && rd_count_q < N);
        flight_bounded : assert (f_vectors_q <= F_FLIGHT);
        if (m_axis_tvalid) begin
            none_invented : assert (f_vectors_q != 0);
            last_in_place : assert (m_axis_tlast == (f_out_q == N - 1 && f_words_q[WIDTH]));
            if (REORDER == 0 && f_out_q == f_place) value_in_place : assert (m_axis_tdata == f_words_q[WIDTH-1:0]);
        end
    end

    // Never stuck, no bubbles: what is there is offered after two cycles; a sink that is always ready never closes us
    reg [1:0] f_dry_q;
    reg f_ready_q;
    reg [$clog2(N+2)-1:0] f_closed_q;
    always @(posedge clk) begin
        f_dry_q <= rst ? 0 : {f_dry_q[0], !m_axis_tvalid && f_vectors_q != 0};
        f_ready_q <= rst || (f_ready_q && m_axis_tready);
        f_closed_q <= rst || s_axis_tready ? 0 : f_closed_q + m_axis_tready;
    end

    always @* if (!rst) begin
        never_dry : assert (f_dry_q != 3 || m_axis_tvalid || f_vectors_q == 0);
        full_rate : assert (!f_ready_q || !m_axis_tready || s_axis_tready);
        never_closed : assert (f_closed_q <= N);
        reach_both_full : cover (!s_axis_tready && f_vectors_q == F_FLIGHT);
        reach_last : cover (f_given && m_axis_tlast && f_vectors_q == 2);
    end
`endif
endmodule
`default_nettype wire
